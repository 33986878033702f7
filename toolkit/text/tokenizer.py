"""Strings to ids and back, as a Keras layer."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.counts import TokenCounts, count_units, most_frequent
from toolkit.text.split import LINE_BREAK, Pieces, Units, join, split
from toolkit.text.strings import strings
from toolkit.text.unicode import NormalForm, normalise
from toolkit.text.vocabulary import FILE_NAME, Vocabulary, read_vocabulary, write_vocabulary

Truncation = Literal["head", "tail", "head_and_tail"]


@keras.saving.register_keras_serializable("toolkit")
class Tokenizer(keras.layers.Layer):
    """Maps a batch of strings to ids and back, in TensorFlow core ops.

    The same object serves in ``Dataset.map`` and inside the exported graph. Text is cut into
    pieces (``toolkit.text.split``), each brought to a normal form (``toolkit.text.unicode``) and
    looked up.

    ::

        tokenizer = Tokenizer(min_count=1)
        tokenizer.adapt(["A film, a good film."])   # a film . , good
        tokenizer(["A good film!", ""])             # [[2, 6, 3, 1], [0, 0, 0, 0]]
        tokenizer.detokenize([[2, 6, 3, 1]])        # ["a good film [UNK]"]

    Args:
        units: What one id stands for: "words" (punctuation marks and emoji are words of their
            own, white space is left out), "compounds" (likewise, but what stands together without
            white space mostly stays together) or "characters" (user-perceived ones; white space
            is kept, and any line break is one ``"\\n"``).
        lowercase: Whether upper and lower case are the same.
        normalization: The Unicode normal form of the units: "NFC", "NFKC" or "none".
        html_breaks: Whether ``<br />`` and its variants are line breaks.
        max_tokens: The largest number of vocabulary entries, padding and unknown included.
        min_count: How often a unit must occur to get an id of its own.
        max_length: The largest number of units that a text keeps; None keeps all. As an attribute
            it may be set once the data's lengths are known, before a graph is made.
        truncation: What is kept of a longer text: its "head", its "tail", or "head_and_tail",
            half of each (of an odd number, the head has one more).
        vocabulary: Units in the order of their ids, from id 2 on (a list that begins with padding
            ``""`` and unknown ``"[UNK]"`` is taken as whole). None until ``adapt``.

    Raises:
        OptionError: An argument cannot work.
    """

    def __init__(
        self,
        units: Units = "words",
        lowercase: bool = True,
        normalization: NormalForm = "NFC",
        html_breaks: bool = True,
        max_tokens: int = 20000,
        min_count: int = 2,
        max_length: int | None = None,
        truncation: Truncation = "head_and_tail",
        vocabulary: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check("units", units, Units)
        _check("normalization", normalization, NormalForm)
        _check("truncation", truncation, Truncation)
        _check_at_least("max_tokens", max_tokens, 3)
        _check_at_least("min_count", min_count, 1)
        if max_length is not None:
            _check_at_least("max_length", max_length, 1)
        self.units = units
        self.lowercase = lowercase
        self.normalization = normalization
        self.html_breaks = html_breaks
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.max_length = max_length
        self.truncation = truncation
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._vocabulary = Vocabulary(vocabulary or ())
        self.built = True

    @property
    def vocabulary(self) -> list[str]:
        """The units in the order of their ids; the first is padding, the second unknown."""
        return list(self._vocabulary.all_units)

    @property
    def vocabulary_size(self) -> int:
        """How many ids there are."""
        return len(self._vocabulary)

    def adapt(self, texts: Iterable[str]) -> TokenCounts:
        """Learn the vocabulary in one pass: the most frequent units, ties in code point order.

        Args:
            texts: Any iterable of strings. Lone surrogates count as U+FFFD.

        Raises:
            DataError: An element is not a string.
        """
        signature = [tf.TensorSpec([None], tf.string)]
        unique_tokens = tf.function(self._unique_tokens, input_signature=signature, autograph=False)
        counter, lengths = count_units(texts, unique_tokens)
        self._vocabulary = Vocabulary(most_frequent(counter, self.max_tokens - 2, self.min_count))
        frequencies = np.sort(np.fromiter(counter.values(), np.int64))[::-1]
        return TokenCounts(lengths, frequencies, self.vocabulary_size)

    def split(self, text: Any) -> Pieces:
        """Cut texts into units.

        Args:
            text: Strings [B], or one string [].

        Returns:
            Normalised units with their places in the original: ragged [B, None], or [None].
        """
        text = strings(text)
        if text.shape.rank == 0:
            pieces = self.split(text[None])
            return Pieces(*(ragged.values for ragged in pieces))
        pieces = split(text, self.units, self.html_breaks)
        units, index = self._normalised(pieces.tokens.values)
        return pieces._replace(tokens=pieces.tokens.with_values(tf.gather(units, index)))

    def call(self, text: Any) -> Any:
        """Map texts to ids.

        Args:
            text: Strings [B], or one string [].

        Returns:
            int32 [B, T], or [T]: T is the longest text's number of units and at least 1; shorter
            ones are padded with 0 on the right.
        """
        text = strings(text)
        if text.shape.rank == 0:
            return self.call(text[None])[0]
        tokens = self._truncated(split(text, self.units, self.html_breaks).tokens)
        units, index = self._normalised(tokens.values)
        ids = tokens.with_values(tf.gather(self._vocabulary.ids(units), index)).to_tensor()
        return tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])

    def detokenize(self, ids: Any) -> Any:
        """Map ids to text: characters as they are, words with spaces where they are usual.

        Args:
            ids: Integers [B, T], or [T]; padding is left out.

        Returns:
            Strings [B], or one string [].
        """
        return join(self._vocabulary.units(tf.convert_to_tensor(ids)), self.units)

    def units_of(self, ids: Any) -> Any:
        """The unit of each id, strings of the same shape; '' at padding."""
        return self._vocabulary.units(tf.convert_to_tensor(ids))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the vocabulary as it now is among them."""
        config: dict[str, Any] = super().get_config()
        return config | {
            "units": self.units,
            "lowercase": self.lowercase,
            "normalization": self.normalization,
            "html_breaks": self.html_breaks,
            "max_tokens": self.max_tokens,
            "min_count": self.min_count,
            "max_length": self.max_length,
            "truncation": self.truncation,
            "vocabulary": self.vocabulary,
        }

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into a ``.keras`` file."""
        write_vocabulary(Path(dir_path, FILE_NAME), self._vocabulary.all_units)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a ``.keras`` file."""
        self._vocabulary = Vocabulary(read_vocabulary(Path(dir_path, FILE_NAME)))

    def _unique_tokens(self, text: Any) -> tuple[Any, Any, Any]:
        """Strings [B] to distinct units [U], their counts [U] and the texts' lengths [B]."""
        tokens = split(text, self.units, self.html_breaks).tokens
        units, index = self._normalised(tokens.values)
        counts = tf.math.bincount(index, minlength=tf.size(units))
        return units, counts, tokens.row_lengths()

    def _normalised(self, tokens: Any) -> tuple[Any, Any]:
        """Tokens [N] as units [U] and the index [N] of each token's unit; a unit may repeat."""
        distinct, index = tf.unique(tokens)
        if self.units == "characters":
            distinct = tf.strings.regex_replace(distinct, rf"^(?:{LINE_BREAK})$", "\n")
        return normalise(distinct, self.normalization, self.lowercase), index

    def _truncated(self, tokens: Any) -> Any:
        """Keep at most ``max_length`` tokens of each row of a ragged [B, None]."""
        if self.max_length is None:
            return tokens
        head = {"head": self.max_length, "tail": 0}.get(self.truncation, (self.max_length + 1) // 2)
        rows = tokens.value_rowids()
        index = tf.range(tf.size(rows, tf.int64))
        position = index - tf.gather(tokens.row_starts(), rows)
        from_end = tf.gather(tokens.row_limits(), rows) - index
        kept = tf.where((position < head) | (from_end <= self.max_length - head))[:, 0]
        return tf.RaggedTensor.from_row_lengths(
            tf.gather(tokens.values, kept),
            tf.minimum(tokens.row_lengths(), self.max_length),
            validate=False,
        )


def _check(name: str, value: object, options: Any) -> None:
    if value not in options.__args__:
        raise OptionError(f"{name} is {value!r}; it must be one of {', '.join(options.__args__)}")


def _check_at_least(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise OptionError(f"{name} is {value!r}; it must be a whole number of at least {least}")
