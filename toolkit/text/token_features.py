"""Keras layer that maps tokens to features: word, characters, shape, prefixes and suffixes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.text.counts import vocabulary_of
from toolkit.text.split import Pieces, TokenLevel, split
from toolkit.text.strings import utf8
from toolkit.text.unicode import NormalForm, normalise
from toolkit.text.vocabulary import RESERVED, Vocabulary

#: The lengths of prefixes and suffixes, in characters.
AFFIX_LENGTHS = (1, 2, 3, 4)
#: The longest shape, in characters.
SHAPE_LENGTH = 10
#: How often a character, shape or affix must occur to enter its vocabulary; for words it is an
#: argument.
MIN_COUNTS = {"characters": 2, "shapes": 3, "affixes": 3}

Features = dict[str, Any]


@keras.saving.register_keras_serializable("toolkit")
class TokenFeatures(keras.layers.Layer):
    """Map tokens to the ids of their features, in TensorFlow core ops.

    Features are computed once for each distinct token of a batch, the first of which is padding;
    ``index`` holds the distinct token at each position.

    ::

        features = TokenFeatures()
        features.adapt({"Anna": 3, "sang": 2})
        features([["Anna", "sang"], ["Anna", ""]])
        # {"index": [[1, 2], [1, 0]],
        #  "length": [2, 1],
        #  "words": [0, 2, 3],             (padding, anna, sang)
        #  "characters": [[0, 0, 0, 0], [..], [..]],
        #  "shapes": [0, ..],              (Anna: Xxx; U.S.: X.X.; 1996-08-22: 00-00-00)
        #  "affixes": [[0] * 8, [..]]}     (anna: a… …a an… …na ann… …nna anna… …anna)

    All features are computed from the token in its Unicode normal form. Words and affixes are in
    lower case, with every digit replaced by ``0``. Characters are code points in their original
    case. A shape shortens runs of capitals, of small letters and of digits to two. An affix longer
    than the word is the word.

    Args:
        token_level: How ``split`` tokenizes raw text: "words", or "treebank_words", as in
            treebanks.
        normalization: The Unicode normal form: "NFC", "NFKC" or "none".
        html_breaks: Whether ``<br />`` and its variants are white space to ``split``.
        max_tokens: The largest size of the vocabulary of each feature, padding and unknown
            included.
        min_count: How often a word must occur to enter the vocabulary.
        max_characters: The number of characters read of a longer token, half from each end (an odd
            number gives the beginning one more).
        vocabularies: The strings of "words", "characters", "shapes" and "affixes" in the order of
            their ids; empty until ``adapt``.
    """

    def __init__(
        self,
        token_level: TokenLevel = "words",
        normalization: NormalForm = "NFC",
        html_breaks: bool = True,
        max_tokens: int = 100_000,
        min_count: int = 1,
        max_characters: int = 24,
        vocabularies: Mapping[str, Iterable[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.token_level = token_level
        self.normalization = normalization
        self.html_breaks = html_breaks
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.max_characters = max_characters
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._set_vocabularies(vocabularies or {})
        self.built = True

    @property
    def sizes(self) -> dict[str, int]:
        """The vocabulary size of each feature, padding and unknown included."""
        return {name: len(vocabulary) for name, vocabulary in self._vocabularies.by_name.items()}

    @property
    def words(self) -> list[str]:
        """The words in the order of their ids: padding, unknown, then all others."""
        return list(self._vocabularies.by_name["words"].all_tokens)

    def adapt(self, counts: Mapping[str, int], extend: bool = False) -> NDArray[np.int64]:
        """Learn the vocabulary of each feature: its most frequent strings, in that order.

        Args:
            counts: How often each token occurs in the training data.
            extend: Whether all strings keep their ids, and others get the ids after these.

        Returns:
            The count of the word of each id [V]; id 1 has that of all words outside the
            vocabulary.
        """
        tokens = tf.constant([utf8(token) for token in counts], tf.string)
        token_counts = list(counts.values())
        counters: dict[str, Counter[str]] = {}
        for name, strings in self._strings(tokens).items():
            rows = strings.to_list() if isinstance(strings, tf.RaggedTensor) else strings.numpy()
            counter: Counter[bytes] = Counter()
            for row, count in zip(rows, token_counts, strict=True):
                for value in [row] if isinstance(row, bytes) else row:
                    counter[value] += count
            counters[name] = Counter({value.decode(): n for value, n in counter.items() if value})
        self._set_vocabularies(
            {
                name: vocabulary_of(
                    self._vocabularies.by_name[name].all_tokens[2:] if extend else (),
                    _without_reserved(counter),
                    self.max_tokens,
                    MIN_COUNTS.get(name, self.min_count),
                )
                for name, counter in counters.items()
            }
        )
        words = counters["words"]
        known = [words[word] for word in self.words[2:]]
        return np.array([0, words.total() - sum(known), *known], np.int64)

    def split(self, text: Any) -> Pieces:
        """Split texts [B] into tokens, not normalised, with their offsets: ragged [B, None]."""
        return split(text, self.token_level, self.html_breaks)

    def call(self, tokens: Any) -> Features:
        """Map tokens to features.

        Args:
            tokens: Strings [B, T], padded with '' on the right. Invalid UTF-8 becomes U+FFFD.

        Returns:
            int32: ``index`` [B, T], 0 at padding; ``length`` [B], the number of tokens of each row;
            and the result of ``lookup`` for the D distinct tokens, padding included. T is at least
            1.
        """
        tokens = tf.convert_to_tensor(tokens, tf.string)
        tokens = tf.pad(tokens, [[0, 0], [0, tf.maximum(1 - tf.shape(tokens)[1], 0)]])
        distinct, index = tf.unique(tf.concat([[""], tf.reshape(tokens, [-1])], 0))
        return {
            "index": tf.reshape(index[1:], tf.shape(tokens)),
            "length": tf.reduce_sum(tf.cast(tokens != "", tf.int32), axis=1),
            **self.lookup(distinct),
        }

    def lookup(self, tokens: Any) -> Features:
        """Look up the features of tokens [D].

        Returns:
            int32: ``words`` [D], ``characters`` [D, L] padded with 0, L at most
            ``max_characters`` and at least 1, ``shapes`` [D] and ``affixes`` [D, 8].
        """
        strings = self._strings(tokens)
        strings["characters"] = strings["characters"].to_tensor("")
        width = tf.shape(strings["characters"])[1]
        strings["characters"] = tf.pad(
            strings["characters"], [[0, 0], [0, tf.maximum(1 - width, 0)]]
        )
        return {
            name: self._vocabularies.by_name[name].ids(values) for name, values in strings.items()
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the current vocabularies."""
        return {
            **super().get_config(),
            "token_level": self.token_level,
            "normalization": self.normalization,
            "html_breaks": self.html_breaks,
            "max_tokens": self.max_tokens,
            "min_count": self.min_count,
            "max_characters": self.max_characters,
            "vocabularies": {n: list(v.all_tokens) for n, v in self._vocabularies.by_name.items()},
        }

    def _set_vocabularies(self, entries: Mapping[str, Iterable[str]]) -> None:
        """Replace the vocabularies; features without entries get empty ones."""
        self._vocabularies = tf.Module()  # TensorFlow tracks the attributes of a module on export
        self._vocabularies.by_name = {
            name: Vocabulary(entries.get(name, ()), f"{name}.txt")
            for name in ("words", "characters", "shapes", "affixes")
        }

    def _strings(self, tokens: Any) -> Features:
        """Return the features of tokens [D] as strings: [D], [D, None] or [D, 8]; '' for none."""
        tokens = tf.strings.unicode_transcode(tokens, "UTF-8", "UTF-8")
        tokens = normalise(tokens, self.normalization, lowercase=False)
        words = normalise(tokens, self.normalization, lowercase=True)
        words = tf.strings.regex_replace(words, r"\p{Nd}", "0")
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        affixes = []
        for length in AFFIX_LENGTHS:
            size = tf.minimum(lengths, length)
            for start, form in ((tf.zeros_like(lengths), "{}…"), (lengths - size, "…{}")):
                affix = tf.strings.substr(words, start, size, unit="UTF8_CHAR")
                before, after = form.split("{}")
                marked = tf.strings.join([before, affix, after])
                affixes.append(tf.where(words == "", "", marked))
        return {
            "words": words,
            "characters": self._both_ends(tf.strings.unicode_split(tokens, "UTF-8")),
            "shapes": _shapes(tokens),
            "affixes": tf.stack(affixes, axis=1),
        }

    def _both_ends(self, characters: Any) -> Any:
        """Keep at most ``max_characters`` of each row of ragged characters, half from each end."""
        head = (self.max_characters + 1) // 2
        tail = tf.maximum(characters.row_lengths() - head, 0)
        skipped = tf.maximum(tail - (self.max_characters - head), 0)
        rows = characters.value_rowids()
        index = tf.range(tf.size(rows, tf.int64)) - tf.gather(characters.row_starts(), rows)
        kept = (index < head) | (index >= head + tf.gather(skipped, rows))
        return tf.ragged.boolean_mask(characters, characters.with_values(kept))


def _shapes(tokens: Any) -> Any:
    """Replace capitals by X, other letters and marks by x, numbers by 0; shorten runs to two."""
    for pattern, replacement in (
        (r"\p{Lu}|\p{Lt}", "X"),
        (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", "x"),
        (r"\p{N}", "0"),
        ("X{2,}", "XX"),
        ("x{2,}", "xx"),
        ("0{2,}", "00"),
    ):
        tokens = tf.strings.regex_replace(tokens, pattern, replacement)
    return tf.strings.substr(tokens, 0, SHAPE_LENGTH, unit="UTF8_CHAR")


def _without_reserved(counter: Counter[str]) -> Counter[str]:
    """Return the strings that a line of a vocabulary file can hold; others are unknown."""
    return Counter(
        {
            value: count
            for value, count in counter.items()
            if value not in RESERVED and "\n" not in value and "\r" not in value
        }
    )
