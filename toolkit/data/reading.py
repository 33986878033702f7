"""A reading of labelled texts that looks at them: what of each text is kept, and what is counted.

Like the readings of a training it keeps a few numbers of each text, and of the units (words or
characters) how often each occurs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import fingerprint, normal_form
from toolkit.data.examples import Example
from toolkit.data.labels import Label, LabelEncoder
from toolkit.data.leaks import Features

#: How many texts, and characters, are cut into units at once.
TEXTS_AT_ONCE = 256
CHARACTERS_AT_ONCE = 1 << 20

Cut = Callable[[Sequence[str]], tuple[Sequence[bytes], NDArray[Any], NDArray[Any]]]
"""Cuts texts [B] into units: the distinct ones [U], of each unit in turn its place among them [n],
and the number of units of each text [B]."""


@dataclass(frozen=True)
class Texts:
    """What is kept of texts.

    Attributes:
        rows: The row of each in its source, from 1, int64 [N].
        lengths: How many units each has, int32 [N].
        prints: A fingerprint of each, int64 [N].
        normal_prints: A fingerprint of each one's normal form, int64 [N].
        label_prints: A fingerprint of each one's label, int64 [N].
        labels: Their labels, as the encoder gives them.
    """

    rows: NDArray[np.int64]
    lengths: NDArray[np.int32]
    prints: NDArray[np.int64]
    normal_prints: NDArray[np.int64]
    label_prints: NDArray[np.int64]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)


class Reading:
    """Reads texts, one file after the other, and counts their units.

    Args:
        cut: Cuts texts into units.
        encoder: Encodes their labels.

    Attributes:
        training_units: How often each unit occurs in the training part.
        held_out_units: The same of the held-out part.
        features: Which units stand in the texts of the sample.
    """

    def __init__(self, cut: Cut, encoder: LabelEncoder) -> None:
        self.cut = cut
        self.encoder = encoder
        self.training_units: Counter[bytes] = Counter()
        self.held_out_units: Counter[bytes] = Counter()
        self.features = Features()

    def read(
        self,
        examples: Iterable[Example],
        training: NDArray[np.bool_] | None = None,
        sample: NDArray[np.bool_] | None = None,
    ) -> Texts:
        """Reads examples to their end.

        Args:
            examples: Examples whose labels the encoder knows, at least one.
            training: Whether each is of the training part [N]; none of them when None.
            sample: Whether the units of each are to be kept in ``features`` [N].
        """
        numbers: list[NDArray[np.int64]] = []
        lengths: list[NDArray[np.int32]] = []
        labels: list[NDArray[Any]] = []
        count = 0
        for chunk in _chunks(examples):
            texts = [example.text for example in chunk]
            units, index, sizes = self.cut(texts)
            here = slice(count, count + len(chunk))
            count += len(chunk)
            of_text = np.repeat(np.arange(len(chunk)), sizes)
            used = np.zeros(len(chunk), bool) if training is None else training[here]
            _count(self.training_units, units, index[used[of_text]])
            _count(self.held_out_units, units, index[~used[of_text]])
            if sample is not None and sample[here].any():
                self.features.add(units, index[sample[here][of_text]], sizes[sample[here]])
            prints = [
                (
                    example.row,
                    fingerprint(example.text),
                    fingerprint(normal_form(example.text)),
                    _label_print(example.label),
                )
                for example in chunk
            ]
            numbers.append(np.array(prints, np.int64))
            lengths.append(sizes.astype(np.int32))
            labels.append(self.encoder.encode([example.label for example in chunk]))
        rows, exact, normal, of_labels = np.concatenate(numbers).T
        return Texts(
            *(rows, np.concatenate(lengths)),
            *(exact, normal, of_labels, np.concatenate(labels)),
        )


def _chunks(examples: Iterable[Example]) -> Iterator[list[Example]]:
    chunk: list[Example] = []
    size = 0
    for example in examples:
        chunk.append(example)
        size += len(example.text)
        if len(chunk) == TEXTS_AT_ONCE or size >= CHARACTERS_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _count(counter: Counter[bytes], units: Sequence[bytes], index: NDArray[Any]) -> None:
    counts = np.bincount(index, minlength=len(units))
    for unit in np.flatnonzero(counts).tolist():
        counter[units[unit]] += int(counts[unit])


def _label_print(label: Label) -> int:
    names = sorted(set(label)) if isinstance(label, list) else [str(label)]
    return fingerprint("\n".join(names))
