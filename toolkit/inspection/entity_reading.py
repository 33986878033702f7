"""Statistics and fingerprints of sentences with entities, collected in one pass."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.entities.examples import EntityExample
from toolkit.data.fingerprints import fingerprint, letters
from toolkit.errors import quoted
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.tagging.spans import Span, spans_of

_letters = lru_cache(1 << 16)(letters)


class TokenizedExample(NamedTuple):
    """An example, split into sentences and tokens.

    Attributes:
        example: The example.
        sentences: The tokens of each sentence, and their tags in IOB2.
        unaligned: Its unaligned entities, in code points.
        causes: What would align each of the first ones, for messages; empty if nothing would.
    """

    example: EntityExample
    sentences: list[tuple[Sequence[str], list[str]]]
    unaligned: list[Span]
    causes: Sequence[str] = ()


class Entity(NamedTuple):
    """The tokens and the label of an entity, independent of its place.

    Attributes:
        tokens: The tokens.
        label: The kind of entity.
    """

    tokens: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Sentences:
    """Statistics of the sentences of a file.

    Attributes:
        examples: The number of examples.
        unaligned: The number of unaligned entities.
        unaligned_examples: The first few unaligned entities with their places.
        causes: How many of the first ones each way of counting offsets would align.
        places: The place of the example of each sentence, for messages.
        rows: The row of its example in the source, from 1, int64 [N].
        lengths: The number of tokens of each sentence, int64 [N].
        entities: The number of entities of each sentence, int64 [N].
        fingerprints: The fingerprint of the tokens of each sentence, int64 [N].
        normal_fingerprints: The fingerprint of the normal form of each sentence, int64 [N].
        entity_fingerprints: The fingerprint of the labels of the entities and their places in the
            normal form, int64 [N].
        held_out: Whether each sentence is in the held-out part [N].
    """

    examples: int
    unaligned: int
    unaligned_examples: list[str]
    causes: Counter[str]
    places: list[str]
    rows: NDArray[np.int64]
    lengths: NDArray[np.int64]
    entities: NDArray[np.int64]
    fingerprints: NDArray[np.int64]
    normal_fingerprints: NDArray[np.int64]
    entity_fingerprints: NDArray[np.int64]
    held_out: NDArray[np.bool_]


class EntityReading:
    """Read the sentences of one file or several, and count their tokens and entities.

    Attributes:
        tokens: The count of each token in ``training`` and in ``held_out``.
        entities: The count of each entity in both parts.
    """

    def __init__(self) -> None:
        self.tokens: dict[str, Counter[str]] = {"training": Counter(), "held_out": Counter()}
        self.entities: dict[str, Counter[Entity]] = {"training": Counter(), "held_out": Counter()}

    def read(
        self, examples: Iterable[TokenizedExample], training: Container[int] = ()
    ) -> Sentences:
        """Read all examples of a file.

        Args:
            examples: The examples; at least one sentence has tokens.
            training: The indices of those in the training part, from 0.
        """
        count = unaligned = 0
        first: list[str] = []
        causes: Counter[str] = Counter()
        places: list[str] = []
        numbers: list[tuple[int, ...]] = []
        for number, (example, sentences, unaligned_spans, some_causes) in enumerate(examples):
            count += 1
            causes.update(some_causes)
            unaligned += len(unaligned_spans)
            for start, end, _ in unaligned_spans[: EXAMPLES - len(first)]:
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
                statistics = (example.row, len(tokens), len(spans), *_fingerprints(tokens, spans))
                numbers.append((*statistics, held_out))
        rows, lengths, entities, exact, normal, marks, parts = np.array(numbers, np.int64).T
        return Sentences(
            *(count, unaligned, first, causes, places),
            *(rows, lengths, entities),
            *(exact, normal, marks, parts.astype(bool)),
        )


def _fingerprints(tokens: Sequence[str], spans: Sequence[Span]) -> tuple[int, int, int]:
    """Return fingerprints of a sentence, of its normal form, and of its entities."""
    parts = [_letters(token) for token in tokens]
    places = [0, *accumulate(map(len, parts))]
    marks = [f"{places[start]} {places[end]} {label}" for start, end, label in spans]
    return (
        fingerprint("\n".join(tokens)),
        fingerprint("".join(parts) or "\n".join(tokens)),
        fingerprint("\n".join(marks)),
    )
