"""Keras layer that maps strings to ids of words or characters, and back."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.counts import TokenCounts, count_tokens, vocabulary_of
from toolkit.text.split import LINE_BREAK, Pieces, TokenLevel, join, split
from toolkit.text.strings import strings
from toolkit.text.unicode import NormalForm, normalise
from toolkit.text.vocabulary import FILE_NAME, Vocabulary, read_vocabulary, write_vocabulary

Truncation = Literal["head", "tail", "head_and_tail"]


@keras.saving.register_keras_serializable("toolkit")
class Tokenizer(keras.layers.Layer):
    """Map a batch of strings to ids and back, in TensorFlow core ops.

    The same object works in ``Dataset.map`` and inside an exported graph. Text is split into tokens
    (``toolkit.text.split``); each is normalised (``toolkit.text.unicode``) and looked up.

    ::

        tokenizer = Tokenizer(min_count=1)
        tokenizer.adapt(["A film, a good film."])   # a film . , good
        tokenizer(["A good film!", ""])             # [[2, 6, 3, 1], [0, 0, 0, 0]]
        tokenizer.detokenize([[2, 6, 3, 1]])        # ["a good film [UNK]"]

    Args:
        token_level: What a token is: "words" (each punctuation mark or emoji is a word, white
            space is dropped), "treebank_words" (likewise, but most strings without white space
            stay whole), "spaced_words" (what stands between white space) or "characters"
            (user-perceived ones; white space is kept, and any line break becomes ``"\\n"``).
        lowercase: Whether to lower-case tokens.
        normalization: The Unicode normal form of tokens: "NFC", "NFKC" or "none".
        html_breaks: Whether ``<br />`` and its variants are line breaks.
        max_tokens: The largest number of vocabulary entries, padding and unknown included.
        min_count: How often a token must occur to enter the vocabulary.
        max_length: The largest number of tokens kept of a text; None keeps all. The attribute may
            be set later, once the lengths of the data are known, but before a graph is traced.
        truncation: Which part of a longer text is kept: its "head", its "tail", or
            "head_and_tail", half of each (an odd number gives the head one more).
        vocabulary: Tokens in the order of their ids, from id 2 on (or from id 0, if the list
            begins with padding ``""`` and unknown ``"[UNK]"``). None until ``adapt``.

    Raises:
        OptionError: An argument is invalid.
    """

    def __init__(
        self,
        token_level: TokenLevel = "words",
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
        _check("token_level", token_level, TokenLevel)
        _check("normalization", normalization, NormalForm)
        _check("truncation", truncation, Truncation)
        _check_at_least("max_tokens", max_tokens, 3)
        _check_at_least("min_count", min_count, 1)
        if max_length is not None:
            _check_at_least("max_length", max_length, 1)
        self.token_level = token_level
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
        """The tokens in the order of their ids: padding, unknown, then all others."""
        return list(self._vocabulary.all_tokens)

    @property
    def vocabulary_size(self) -> int:
        """The number of ids."""
        return len(self._vocabulary)

    def adapt(self, texts: Iterable[str], extend: bool = False) -> TokenCounts:
        """Learn the vocabulary in one pass: the most frequent tokens, ties in code point order.

        Args:
            texts: Any iterable of strings. Lone surrogates count as U+FFFD.
            extend: Whether all tokens keep their ids, and others get the ids after these.

        Raises:
            DataError: An element is not a string.
        """
        signature = [tf.TensorSpec([None], tf.string)]
        unique_tokens = tf.function(self._unique_tokens, input_signature=signature, autograph=False)
        counter, lengths = count_tokens(texts, unique_tokens)
        known = self.vocabulary[2:] if extend else []
        self._vocabulary = Vocabulary(
            vocabulary_of(known, counter, self.max_tokens, self.min_count)
        )
        frequencies = np.sort(np.fromiter(counter.values(), np.int64))[::-1]
        return TokenCounts(lengths, frequencies, self.vocabulary_size)

    def split(self, text: Any) -> Pieces:
        """Split texts into tokens.

        Args:
            text: Strings [B], or one string [].

        Returns:
            Normalised tokens with their offsets in the original: ragged [B, None], or [None].
        """
        text = strings(text)
        if text.shape.rank == 0:
            pieces = self.split(text[None])
            return Pieces(*(ragged.values for ragged in pieces))
        pieces = split(text, self.token_level, self.html_breaks)
        normal, index = self._normalised(pieces.tokens.values)
        return pieces._replace(tokens=pieces.tokens.with_values(tf.gather(normal, index)))

    def call(self, text: Any) -> Any:
        """Map texts to ids.

        Args:
            text: Strings [B], or one string [].

        Returns:
            int32 [B, T], or [T]: T is the number of tokens of the longest text, at least 1; shorter
            texts are padded with 0 on the right.
        """
        text = strings(text)
        if text.shape.rank == 0:
            return self.call(text[None])[0]
        return self.read(text, self.max_length)[0]

    def read(self, text: Any, max_length: int | None) -> tuple[Any, Any]:
        """Map texts to ids, with another largest number of tokens.

        Args:
            text: Strings [B].
            max_length: The largest number of tokens kept of a text; None keeps all.

        Returns:
            Ids as those of ``call``, and whether a text has more tokens, bool [B].
        """
        whole = split(text, self.token_level, self.html_breaks).tokens
        tokens = self._truncated(whole, max_length)
        normal, index = self._normalised(tokens.values)
        ids = tokens.with_values(tf.gather(self._vocabulary.ids(normal), index)).to_tensor()
        ids = tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])
        return ids, whole.row_lengths() > tokens.row_lengths()

    def kept(self, text: Any, max_length: int | None) -> Pieces:
        """Return the tokens that ``read`` keeps, as they stand in the text, with their offsets.

        Args:
            text: Strings [B].
            max_length: As for ``read``.

        Returns:
            Ragged [B, None] each.
        """
        pieces = split(strings(text), self.token_level, self.html_breaks)
        return Pieces(*(self._truncated(each, max_length) for each in pieces))

    def detokenize(self, ids: Any) -> Any:
        """Map ids to text: characters side by side, words with the usual spaces between them.

        Args:
            ids: Integers [B, T], or [T]; padding is skipped.

        Returns:
            Strings [B], or one string [].
        """
        return join(self._vocabulary.tokens(tf.convert_to_tensor(ids)), self.token_level)

    def tokens_of(self, ids: Any) -> Any:
        """Return the token of each id: strings of the same shape, '' at padding."""
        return self._vocabulary.tokens(tf.convert_to_tensor(ids))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the current vocabulary."""
        config: dict[str, Any] = super().get_config()
        return config | {
            "token_level": self.token_level,
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
        """Write the vocabulary to a ``.keras`` file."""
        write_vocabulary(Path(dir_path, FILE_NAME), self._vocabulary.all_tokens)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a ``.keras`` file."""
        self._vocabulary = Vocabulary(read_vocabulary(Path(dir_path, FILE_NAME)))

    def _unique_tokens(self, text: Any) -> tuple[Any, Any, Any]:
        """Return the tokens [U] of strings [B], their counts [U] and the lengths of texts [B]."""
        tokens = split(text, self.token_level, self.html_breaks).tokens
        normal, index = self._normalised(tokens.values)
        counts = tf.math.bincount(index, minlength=tf.size(normal))
        return normal, counts, tokens.row_lengths()

    def _normalised(self, tokens: Any) -> tuple[Any, Any]:
        """Return normalised tokens [U], which may repeat, and the index of each token [N]."""
        distinct, index = tf.unique(tokens)
        if self.token_level == "characters":
            distinct = tf.strings.regex_replace(distinct, rf"^(?:{LINE_BREAK})$", "\n")
        return normalise(distinct, self.normalization, self.lowercase), index

    def _truncated(self, tokens: Any, max_length: int | None) -> Any:
        """Truncate each row of ragged tokens [B, None] to a largest number."""
        if max_length is None:
            return tokens
        head = {"head": max_length, "tail": 0}.get(self.truncation, (max_length + 1) // 2)
        rows = tokens.value_rowids()
        index = tf.range(tf.size(rows, tf.int64))
        position = index - tf.gather(tokens.row_starts(), rows)
        from_end = tf.gather(tokens.row_limits(), rows) - index
        kept = tf.where((position < head) | (from_end <= max_length - head))[:, 0]
        return tf.RaggedTensor.from_row_lengths(
            tf.gather(tokens.values, kept),
            tf.minimum(tokens.row_lengths(), max_length),
            validate=False,
        )


def _check(name: str, value: object, options: Any) -> None:
    """Raise ``OptionError`` unless a value is one of the options."""
    if value not in options.__args__:
        raise OptionError(f"{name} is {value!r}; it must be one of {', '.join(options.__args__)}")


def _check_at_least(name: str, value: object, least: int) -> None:
    """Raise ``OptionError`` unless a value is an integer of at least ``least``."""
    if not isinstance(value, int) or value < least:
        raise OptionError(f"{name} is {value!r}; it must be a whole number of at least {least}")
