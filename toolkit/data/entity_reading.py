"""A reading of marked sentences that looks at them: what of each is kept, and what is counted."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import EXAMPLES, fingerprint, letters
from toolkit.data.entity_examples import EntityExample
from toolkit.data.spans import Span, spans_of
from toolkit.errors import quoted

_letters = lru_cache(1 << 16)(letters)


class Cut(NamedTuple):
    """An example, cut into sentences.

    Attributes:
        example: The example.
        sentences: The tokens of each sentence, and their tags in IOB2.
        misfits: Its entities, in code points, that are no whole tokens of one sentence.
    """

    example: EntityExample
    sentences: list[tuple[Sequence[str], list[str]]]
    misfits: list[Span]


class Entity(NamedTuple):
    """An entity wherever it occurs.

    Attributes:
        tokens: Its tokens.
        label: What kind of entity it is.
    """

    tokens: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Sentences:
    """What is kept of the sentences of a file.

    Attributes:
        examples: How many examples they are of.
        misfits: How many entities are no whole tokens of one sentence.
        misfit_examples: The first few of these, and where they are.
        places: Where the example of each is, for messages.
        rows: The row of its example in the source, from 1, int64 [N].
        lengths: How many tokens each has, int64 [N].
        entities: How many entities each has, int64 [N].
        prints: A fingerprint of the tokens of each, int64 [N].
        normal_prints: A fingerprint of each one's normal form, int64 [N].
        mark_prints: A fingerprint of its entities, their labels and their places in the normal
            form, int64 [N].
        held_out: Whether each is of the held-out part [N].
    """

    examples: int
    misfits: int
    misfit_examples: list[str]
    places: list[str]
    rows: NDArray[np.int64]
    lengths: NDArray[np.int64]
    entities: NDArray[np.int64]
    prints: NDArray[np.int64]
    normal_prints: NDArray[np.int64]
    mark_prints: NDArray[np.int64]
    held_out: NDArray[np.bool_]


class EntityReading:
    """Reads marked sentences, one file after the other, and counts their tokens and entities.

    Attributes:
        tokens: How often each token occurs in ``training`` and in ``held_out``.
        entities: How often each entity does.
    """

    def __init__(self) -> None:
        self.tokens: dict[str, Counter[str]] = {"training": Counter(), "held_out": Counter()}
        self.entities: dict[str, Counter[Entity]] = {"training": Counter(), "held_out": Counter()}

    def read(self, cuts: Iterable[Cut], training: Container[int] = ()) -> Sentences:
        """Reads examples to their end.

        Args:
            cuts: The examples; at least one sentence among them has tokens.
            training: Which of them are of the training part, by their number from 0.
        """
        count = misfits = 0
        first: list[str] = []
        places: list[str] = []
        numbers: list[tuple[int, ...]] = []
        for number, (example, sentences, unfit) in enumerate(cuts):
            count += 1
            misfits += len(unfit)
            for start, end, _ in unfit[: EXAMPLES - len(first)]:
                first.append(f"{quoted((example.text or '')[start:end])} in {example.place}")
            held_out = number not in training
            part = "held_out" if held_out else "training"
            for tokens, tags in sentences:
                if not tokens:
                    continue
                spans = spans_of(tags)
                self.tokens[part].update(tokens)
                self.entities[part].update(
                    Entity(tuple(tokens[start:end]), label) for start, end, label in spans
                )
                places.append(example.place)
                of_sentence = (example.row, len(tokens), len(spans), *_prints(tokens, spans))
                numbers.append((*of_sentence, held_out))
        rows, lengths, entities, exact, normal, marks, parts = np.array(numbers, np.int64).T
        return Sentences(
            *(count, misfits, first, places),
            *(rows, lengths, entities),
            *(exact, normal, marks, parts.astype(bool)),
        )


def _prints(tokens: Sequence[str], spans: Sequence[Span]) -> tuple[int, int, int]:
    """Fingerprints of a sentence as it stands, of its normal form, and of what is marked in it."""
    parts = [_letters(token) for token in tokens]
    places = [0, *accumulate(map(len, parts))]
    marks = [f"{places[start]} {places[end]} {label}" for start, end, label in spans]
    return (
        fingerprint("\n".join(tokens)),
        fingerprint("".join(parts) or "\n".join(tokens)),
        fingerprint("\n".join(marks)),
    )
