"""Token features in plain Python, as a PyTorch user would write them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.text import TokenFeatures
from toolkit.text.token_features import AFFIX_LENGTHS, SHAPE_LENGTH

Ids = NDArray[np.int32]


class PythonFeatures:
    """``TokenFeatures`` by string methods, regular expressions and dictionaries.

    On plain text it gives the same ids; lower-casing and character classes are Python's. The
    features of ``known`` tokens are computed once and cached; those of other tokens are computed
    in every batch that has them.

    Args:
        features: The layer whose vocabularies are used.
        known: The tokens to cache, such as those of the training data.
    """

    DIGIT = re.compile(r"\d")
    RUN = re.compile(r"([Xx0])\1+")

    def __init__(self, features: TokenFeatures, known: Iterable[str]) -> None:
        config = features.get_config()
        self.ids = {
            name: {entry: number for number, entry in enumerate(vocabulary)}
            for name, vocabulary in config["vocabularies"].items()
        }
        self.head = (config["max_characters"] + 1) // 2
        self.tail = config["max_characters"] - self.head
        self.numbers = {"": 0}
        for token in known:
            self.numbers.setdefault(token, len(self.numbers))
        self.table = self._rows(self.numbers)

    def __call__(self, sentences: Sequence[Sequence[str]]) -> dict[str, Ids]:
        """Return the ``index`` [B, T] into a batch's distinct tokens, and the features of these."""
        new: dict[str, int] = {}
        kept = len(self.numbers)
        numbers = np.zeros((len(sentences), max(1, *map(len, sentences))), np.int64)
        for row, tokens in zip(numbers, sentences, strict=True):
            row[: len(tokens)] = [
                self.numbers[token]
                if token in self.numbers
                else new.setdefault(token, kept + len(new))
                for token in tokens
            ]
        distinct, index = np.unique(np.append(0, numbers), return_inverse=True)
        rows = self.table[distinct[distinct < kept]]
        if new:
            rows = np.concatenate([rows, self._rows(new)])
        words, shapes, affixes, characters = np.split(rows, [1, 2, 2 + 2 * len(AFFIX_LENGTHS)], 1)
        width = max(1, np.count_nonzero(characters, axis=1).max())
        return {
            "index": index[1:].reshape(numbers.shape),
            "words": words[:, 0],
            "characters": characters[:, :width],
            "shapes": shapes[:, 0],
            "affixes": affixes,
        }

    def _rows(self, tokens: Iterable[str]) -> Ids:
        return np.array([self._row(token) for token in tokens], np.int32)

    def _row(self, token: str) -> list[int]:
        """Return the ids of a token's word, shape, affixes and characters, padded with 0."""
        token = unicodedata.normalize("NFC", token)
        word = self.DIGIT.sub("0", token.lower())
        shape = self._shape(token)
        affixes = [a for n in AFFIX_LENGTHS for a in (f"{word[:n]}…", f"…{word[-n:]}") if word]
        if len(token) > self.head + self.tail:
            token = token[: self.head] + token[-self.tail :]
        characters = [self.ids["characters"].get(c, 1) for c in token]
        return [
            self.ids["words"].get(word, 1),
            self.ids["shapes"].get(shape, 1),
            *([self.ids["affixes"].get(a, 1) for a in affixes] or [0] * 2 * len(AFFIX_LENGTHS)),
            *characters,
            *[0] * (self.head + self.tail - len(characters)),
        ]

    def _shape(self, token: str) -> str:
        classes = (
            "X" if c.isupper() else "x" if c.isalpha() else "0" if c.isnumeric() else c
            for c in token
        )
        return self.RUN.sub(r"\1\1", "".join(classes))[:SHAPE_LENGTH]
