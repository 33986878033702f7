"""Statistics and fingerprints of labelled texts, collected in one pass.

A few numbers are kept for each text, and a count for each token (word or character).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint, normal_form
from toolkit.data.labels import Label, LabelEncoder
from toolkit.data.texts.examples import Example
from toolkit.inspection.leaks import Features

#: The maximum number of texts, and of characters, that are tokenized at once.
TEXTS_AT_ONCE = 256
CHARACTERS_AT_ONCE = 1 << 20

TokenizeTexts = Callable[[Sequence[str]], tuple[Sequence[bytes], NDArray[Any], NDArray[Any]]]
"""Maps texts [B] to distinct tokens [U], the index among them of each token of the texts [n], and
the number of tokens of each text [B]."""


@dataclass(frozen=True)
class Texts:
    """Statistics of texts.

    Attributes:
        rows: The row of each text in its source, from 1, int64 [N].
        lengths: The number of tokens of each text, int32 [N].
        fingerprints: The fingerprint of each text, int64 [N].
        normal_fingerprints: The fingerprint of the normal form of each text, int64 [N].
        label_fingerprints: The fingerprint of the label of each text, int64 [N].
        labels: The encoded labels.
    """

    rows: NDArray[np.int64]
    lengths: NDArray[np.int32]
    fingerprints: NDArray[np.int64]
    normal_fingerprints: NDArray[np.int64]
    label_fingerprints: NDArray[np.int64]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)


class Reading:
    """Read the texts of one file or several, and count their tokens.

    Args:
        tokenize: Maps texts to tokens.
        encoder: The encoder of their labels.

    Attributes:
        training_tokens: The count of each token in the training part.
        held_out_tokens: The count of each token in the held-out part.
        features: The tokens of the texts of the sample.
    """

    def __init__(self, tokenize: TokenizeTexts, encoder: LabelEncoder) -> None:
        self.tokenize = tokenize
        self.encoder = encoder
        self.training_tokens: Counter[bytes] = Counter()
        self.held_out_tokens: Counter[bytes] = Counter()
        self.features = Features()

    def read(
        self,
        examples: Iterable[Example],
        training: NDArray[np.bool_] | None = None,
        sample: NDArray[np.bool_] | None = None,
    ) -> Texts:
        """Read all examples of a file.

        Args:
            examples: Examples with known labels, at least one.
            training: Whether each example is in the training part [N]; None means that none is.
            sample: Whether to keep the tokens of each example in ``features`` [N].
        """
        numbers: list[NDArray[np.int64]] = []
        lengths: list[NDArray[np.int32]] = []
        labels: list[NDArray[Any]] = []
        count = 0
        for chunk in _chunks(examples):
            texts = [example.text for example in chunk]
            tokens, index, sizes = self.tokenize(texts)
            rows = slice(count, count + len(chunk))
            count += len(chunk)
            text_index = np.repeat(np.arange(len(chunk)), sizes)
            in_training = np.zeros(len(chunk), bool) if training is None else training[rows]
            _count(self.training_tokens, tokens, index[in_training[text_index]])
            _count(self.held_out_tokens, tokens, index[~in_training[text_index]])
            if sample is not None and sample[rows].any():
                sampled = sample[rows]
                self.features.add(tokens, index[sampled[text_index]], sizes[sampled])
            fingerprints = [
                (
                    example.row,
                    fingerprint(example.text),
                    fingerprint(normal_form(example.text)),
                    _label_fingerprint(example.label),
                )
                for example in chunk
            ]
            numbers.append(np.array(fingerprints, np.int64))
            lengths.append(sizes.astype(np.int32))
            labels.append(self.encoder.encode([example.label for example in chunk]))
        source_rows, exact, normal, label_prints = np.concatenate(numbers).T
        return Texts(
            *(source_rows, np.concatenate(lengths)),
            *(exact, normal, label_prints, np.concatenate(labels)),
        )


def _chunks(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Yield examples in groups of limited number and size."""
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


def _count(counter: Counter[bytes], tokens: Sequence[bytes], index: NDArray[Any]) -> None:
    """Add the counts of indexed tokens to a counter."""
    counts = np.bincount(index, minlength=len(tokens))
    for token in np.flatnonzero(counts).tolist():
        counter[tokens[token]] += int(counts[token])


def _label_fingerprint(label: Label) -> int:
    """Return the fingerprint of a label, independent of the order of several."""
    names = sorted(set(label)) if isinstance(label, list) else [str(label)]
    return fingerprint("\n".join(names))
