"""What a network is told of a token: its word, its characters, its shape, its beginning and end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.text.counts import most_frequent
from toolkit.text.split import Pieces, Units, split
from toolkit.text.strings import utf8
from toolkit.text.unicode import NormalForm, normalise
from toolkit.text.vocabulary import RESERVED, Vocabulary

#: How many characters a prefix or suffix has.
AFFIX_LENGTHS = (1, 2, 3, 4)
#: The longest shape, in characters.
SHAPE_LENGTH = 10
#: How often a character, shape or affix must occur to get an id of its own; the words are the
#: caller's to decide.
MIN_COUNTS = {"characters": 2, "shapes": 3, "affixes": 3}

Features = dict[str, Any]


@keras.saving.register_keras_serializable("toolkit")
class TokenFeatures(keras.layers.Layer):
    """Maps tokens to the ids of their features, in TensorFlow core ops.

    Each distinct token of a batch is looked at once: ``index`` says which one stands where, and
    the features are those of the distinct ones, of which the first is padding.

    ::

        features = TokenFeatures()
        features.adapt({"Anna": 3, "sang": 2})
        features([["Anna", "sang"], ["Anna", ""]])
        # {"index": [[1, 2], [1, 0]],
        #  "words": [0, 2, 3],             (padding, anna, sang)
        #  "characters": [[0, 0, 0, 0], [..], [..]],
        #  "shapes": [0, ..],              (Anna: Xxx; U.S.: X.X.; 1996-08-22: 00-00-00)
        #  "affixes": [[0] * 8, [..]]}     (anna: a… …a an… …na ann… …nna anna… …anna)

    A word is in lower case, and its digits are all ``0``; so are its affixes. Characters are code
    points as they stand. A shape keeps at most two of a run of capitals, of small letters or of
    digits; an affix of a shorter word is the word. All of it is of the token in its Unicode normal
    form.

    Args:
        units: How raw text is cut into tokens, by ``split``: "words", or "compounds", which keep
            together what treebanks do.
        normalization: The Unicode normal form: "NFC", "NFKC" or "none".
        html_breaks: Whether ``<br />`` and its variants are white space to ``split``.
        max_tokens: The largest number of words, and of each other feature, padding and unknown
            included.
        min_count: How often a word must occur to get an id of its own.
        max_characters: How many characters are read of a longer token: half of each end; of an odd
            number the beginning has one more.
        vocabularies: The units of "words", "characters", "shapes" and "affixes" in the order of
            their ids; none until ``adapt``.
    """

    def __init__(
        self,
        units: Units = "words",
        normalization: NormalForm = "NFC",
        html_breaks: bool = True,
        max_tokens: int = 100_000,
        min_count: int = 1,
        max_characters: int = 24,
        vocabularies: Mapping[str, Iterable[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
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
        """How many ids each feature has, padding and unknown included."""
        return {name: len(units) for name, units in self._vocabularies.by_name.items()}

    @property
    def words(self) -> list[str]:
        """The words in the order of their ids; the first is padding, the second unknown."""
        return list(self._vocabularies.by_name["words"].all_units)

    def adapt(self, counts: Mapping[str, int]) -> NDArray[np.int64]:
        """Learn the vocabularies: of each feature what is frequent, the most frequent first.

        Args:
            counts: How often each token occurs in the training data.

        Returns:
            How often the word of each id occurs [V]; of the unknown word, how often all that have
            no id of their own do.
        """
        tokens = tf.constant([utf8(token) for token in counts], tf.string)
        often = list(counts.values())
        found: dict[str, Counter[str]] = {}
        for name, strings in self._strings(tokens).items():
            rows = strings.to_list() if isinstance(strings, tf.RaggedTensor) else strings.numpy()
            counter: Counter[bytes] = Counter()
            for row, count in zip(rows, often, strict=True):
                for unit in [row] if isinstance(row, bytes) else row:
                    counter[unit] += count
            found[name] = Counter({unit.decode(): n for unit, n in counter.items() if unit})
        self._set_vocabularies(
            {
                name: most_frequent(
                    _nameable(counter), self.max_tokens - 2, MIN_COUNTS.get(name, self.min_count)
                )
                for name, counter in found.items()
            }
        )
        words = found["words"]
        known = [words[word] for word in self.words[2:]]
        return np.array([0, words.total() - sum(known), *known], np.int64)

    def split(self, text: Any) -> Pieces:
        """Cut texts [B] into tokens as they stand, with their places: ragged [B, None]."""
        return split(text, self.units, self.html_breaks)

    def call(self, tokens: Any) -> Features:
        """Map tokens to features.

        Args:
            tokens: Strings [B, T], padded with ''. Bytes that are not UTF-8 count as U+FFFD.

        Returns:
            int32: ``index`` [B, T], 0 at padding, and of the D distinct tokens, padding among
            them, what ``of`` gives. T is at least 1.
        """
        tokens = tf.convert_to_tensor(tokens, tf.string)
        tokens = tf.pad(tokens, [[0, 0], [0, tf.maximum(1 - tf.shape(tokens)[1], 0)]])
        distinct, index = tf.unique(tf.concat([[""], tf.reshape(tokens, [-1])], 0))
        return {"index": tf.reshape(index[1:], tf.shape(tokens)), **self.of(distinct)}

    def of(self, tokens: Any) -> Features:
        """The features of tokens [D].

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
            name: self._vocabularies.by_name[name].ids(units) for name, units in strings.items()
        }

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the vocabularies as they now are among them."""
        return {
            **super().get_config(),
            "units": self.units,
            "normalization": self.normalization,
            "html_breaks": self.html_breaks,
            "max_tokens": self.max_tokens,
            "min_count": self.min_count,
            "max_characters": self.max_characters,
            "vocabularies": {n: list(v.all_units) for n, v in self._vocabularies.by_name.items()},
        }

    def _set_vocabularies(self, units: Mapping[str, Iterable[str]]) -> None:
        self._vocabularies = tf.Module()  # which TensorFlow looks into when it exports
        self._vocabularies.by_name = {
            name: Vocabulary(units.get(name, ()), f"{name}.txt")
            for name in ("words", "characters", "shapes", "affixes")
        }

    def _strings(self, tokens: Any) -> Features:
        """The features of tokens [D] as strings: [D], [D, None] or [D, 8]; '' for none."""
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
        """Of each row of a ragged [D, None] at most ``max_characters``, half of each end."""
        head = (self.max_characters + 1) // 2
        tail = tf.maximum(characters.row_lengths() - head, 0)
        skipped = tf.maximum(tail - (self.max_characters - head), 0)
        rows = characters.value_rowids()
        index = tf.range(tf.size(rows, tf.int64)) - tf.gather(characters.row_starts(), rows)
        kept = (index < head) | (index >= head + tf.gather(skipped, rows))
        return tf.ragged.boolean_mask(characters, characters.with_values(kept))


def _shapes(tokens: Any) -> Any:
    """Capitals become X, other letters and marks x, numbers 0; two are left of a run of these."""
    for pattern, becomes in (
        (r"\p{Lu}|\p{Lt}", "X"),
        (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", "x"),
        (r"\p{N}", "0"),
        ("X{2,}", "XX"),
        ("x{2,}", "xx"),
        ("0{2,}", "00"),
    ):
        tokens = tf.strings.regex_replace(tokens, pattern, becomes)
    return tf.strings.substr(tokens, 0, SHAPE_LENGTH, unit="UTF8_CHAR")


def _nameable(counter: Counter[str]) -> Counter[str]:
    """What can stand on a line of a vocabulary's file; the rest is unknown."""
    return Counter(
        {
            unit: count
            for unit, count in counter.items()
            if unit not in RESERVED and "\n" not in unit and "\r" not in unit
        }
    )
