"""Keras layer that maps strings to ids of subwords, and back, without unknown tokens."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.options import FIRST_BYTE, FIRST_SUBWORD, check_subwords
from toolkit.text.strings import strings, utf8
from toolkit.text.vocabulary import (
    FILE_NAME,
    RESERVED,
    Vocabulary,
    read_vocabulary,
    write_vocabulary,
)

#: A word, within which subwords are learnt: letters, one digit, or other marks, with the space
#: before them, or one character of white space. The words partition the text.
WORD = r" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s"
#: Longer words are split into parts of this many characters.
LONGEST_WORD = 24
#: A byte that valid UTF-8 never contains.
_BORDER = b"\xff"
#: Separates words when subwords are learnt.
_WORD_SEPARATOR = "\ue0ff"

BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))

_TEXTS_AT_ONCE = 1024


@keras.saving.register_keras_serializable("toolkit")
class SubwordTokenizer(keras.layers.Layer):
    """Map a batch of strings to ids of subwords and back, in TensorFlow core ops.

    The subwords are learnt by byte-pair encoding (Sennrich et al. 2016, "Neural Machine Translation
    of Rare Words with Subword Units"), with Hugging Face's ``tokenizers``. A word is segmented from
    left to right into the longest subwords of the vocabulary; a character outside the vocabulary is
    encoded as its UTF-8 bytes. Case and spacing are kept, so ``detokenize`` restores any text
    exactly.

    ::

        tokenizer = SubwordTokenizer(300)
        tokenizer.adapt(["low lower lowest", "new newer newest"])
        ids = tokenizer(["newer, lower"])
        tokenizer.detokenize(ids)  # ["newer, lower"]

    Args:
        max_tokens: The largest number of ids: padding, unknown (never used for text), 256 bytes
            and subwords.
        max_length: The largest number of subwords kept of a text, from its beginning; None keeps
            all.
        file_name: The vocabulary's file in ``assets/`` of an exported model; each vocabulary of a
            model needs its own name.
        vocabulary: All tokens in the order of their ids, as the attribute returns them. None
            until ``adapt``.

    Raises:
        OptionError: An argument is invalid.
    """

    def __init__(
        self,
        max_tokens: int = 8000,
        max_length: int | None = None,
        file_name: str = FILE_NAME,
        vocabulary: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_subwords(max_tokens)
        if max_length is not None and max_length < 1:
            raise OptionError(f"max_length is {max_length}; it must be at least 1")
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.file_name = file_name
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._set_vocabulary(vocabulary or ["", "[UNK]", *BYTES])
        self.built = True

    def _set_vocabulary(self, tokens: Sequence[str]) -> None:
        """Replace the vocabulary and the graph that looks tokens up in it."""
        self._vocabulary = Vocabulary(tokens, self.file_name)
        self._longest = max((len(token) for token in tokens[FIRST_SUBWORD:]), default=1)
        # One function of a thousand operations, called from every graph that encodes texts.
        self._ids_in_graph = tf.function(
            self._ids, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
        )

    @property
    def vocabulary(self) -> list[str]:
        """The tokens in the order of their ids: padding, unknown, bytes, subwords."""
        return list(self._vocabulary.all_tokens)

    @property
    def vocabulary_size(self) -> int:
        """The number of ids."""
        return len(self._vocabulary)

    def adapt(self, texts: Iterable[str]) -> None:
        """Learn the subwords in one pass.

        Args:
            texts: Any iterable of strings. Lone surrogates count as U+FFFD.
        """
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        learner = Tokenizer(models.BPE())
        learner.pre_tokenizer = pre_tokenizers.Split(Regex(_WORD_SEPARATOR), "removed")
        count = self.max_tokens - FIRST_SUBWORD
        trainer = trainers.BpeTrainer(
            vocab_size=count,
            limit_alphabet=max(1, count // 2),
            min_frequency=2,
            show_progress=False,
        )
        learner.train_from_iterator(_separated_words(texts), trainer)
        ranked = sorted(learner.get_vocab().items(), key=lambda item: item[1])
        # Subwords that the file cannot hold, or that are names of bytes, are encoded as bytes.
        excluded = {*RESERVED, *BYTES, _WORD_SEPARATOR}
        tokens = [token for token, _ in ranked if token not in excluded and "\r" not in token]
        self._set_vocabulary(["", "[UNK]", *BYTES, *tokens[:count]])

    def call(self, text: Any) -> Any:
        """Map texts to ids.

        Args:
            text: Strings [B], or one string [].

        Returns:
            int32 [B, T], or [T]: T is the number of subwords of the longest text, at least 1;
            shorter texts are padded with 0 on the right.
        """
        text = strings(text)
        if text.shape.rank == 0:
            return self.call(text[None])[0]
        return self._ids_in_graph(text) if tf.inside_function() else self._ids(text)

    def _ids(self, text: Any) -> Any:
        """Map texts [B] to ids [B, T]."""
        words = _words(tf.strings.unicode_transcode(text, "UTF-8", "UTF-8"))
        distinct, index = tf.unique(words.values)
        ids = tf.gather(self._subwords(distinct), index)  # ragged [words, None]
        ids = tf.RaggedTensor.from_row_splits(ids, words.row_splits, validate=False).merge_dims(
            1, 2
        )
        ids = ids[:, : self.max_length].to_tensor()
        return tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])

    def detokenize(self, ids: Any) -> Any:
        """Map ids to text.

        Args:
            ids: Integers [B, T], or [T]; padding is skipped.

        Returns:
            Strings [B], or one string []; invalid UTF-8 becomes U+FFFD.
        """
        ids = tf.convert_to_tensor(ids)
        number = tf.cast(ids, tf.int32) - FIRST_BYTE
        is_byte = (number >= 0) & (number < 256)
        all_bytes = tf.constant([bytes([byte]) for byte in range(256)])
        tokens = tf.where(
            is_byte,
            tf.gather(all_bytes, tf.clip_by_value(number, 0, 255)),
            self._vocabulary.tokens(ids),
        )
        text = tf.strings.reduce_join(tokens, axis=-1)
        return tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")

    def tokens_of(self, ids: Any) -> Any:
        """Return the token of each id: strings of the same shape, '' at padding."""
        return self._vocabulary.tokens(tf.convert_to_tensor(ids))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the current vocabulary."""
        config: dict[str, Any] = super().get_config()
        return config | {
            "max_tokens": self.max_tokens,
            "max_length": self.max_length,
            "file_name": self.file_name,
            "vocabulary": self.vocabulary,
        }

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary to a ``.keras`` file."""
        write_vocabulary(Path(dir_path, FILE_NAME), self._vocabulary.all_tokens)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a ``.keras`` file."""
        self._set_vocabulary(read_vocabulary(Path(dir_path, FILE_NAME)))

    def _lookup(self, strings: Any) -> Any:
        """Look up strings of any shape: int32, 0 where a string is no subword."""
        ids = self._vocabulary.ids(strings)
        return tf.where(ids >= FIRST_SUBWORD, ids, 0)

    def _subwords(self, words: Any) -> Any:
        """Map words [U] to the ids of their subwords, ragged [U, None]."""
        is_split = self._lookup(words) == 0

        def whole(values: Any) -> Any:
            return tf.RaggedTensor.from_tensor(self._lookup(values)[:, None])

        return _map_by_mask(words, is_split, whole, self._segmented)

    def _segmented(self, words: Any) -> Any:
        """Map words [R] that are no subwords to the ids of their subwords, ragged [R, None]."""
        characters = tf.strings.unicode_split(words, "UTF-8").to_tensor("")  # [R, C]
        inside = characters != ""
        ids = tf.zeros_like(characters, tf.int32)
        lengths = tf.ones_like(ids)
        joined = characters
        for length in range(1, self._longest + 1):
            if length > 1:
                after = tf.pad(characters[:, length - 1 :], [[0, 0], [0, length - 1]])[
                    :, : tf.shape(characters)[1]
                ]
                # Past the end of a word the string does not change, and its id is known already.
                joined = tf.strings.join([joined, after])
            longer_ids = self._lookup(joined)
            longer = (longer_ids > 0) & (longer_ids != ids)
            ids = tf.where(longer, longer_ids, ids)
            lengths = tf.where(longer, length, lengths)
        starts = _subword_starts(lengths, inside)
        row = tf.cast(tf.where(starts)[:, 0], tf.int64)
        subwords = tf.boolean_mask(ids, starts)
        unknown = tf.where(subwords > 0, "", tf.boolean_mask(characters, starts))
        as_bytes = tf.strings.bytes_split(unknown)
        numbers = tf.io.decode_raw(as_bytes.values, tf.uint8)
        byte_ids = as_bytes.with_values(tf.cast(tf.reshape(numbers, [-1]), tf.int32) + FIRST_BYTE)
        subword_ids = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(subwords, subwords > 0), tf.cast(subwords > 0, tf.int64), validate=False
        )
        all_ids = tf.concat([subword_ids, byte_ids], axis=1)  # one of the two is empty
        by_word = tf.RaggedTensor.from_value_rowids(
            all_ids, row, nrows=tf.size(words, tf.int64), validate=False
        )
        return by_word.merge_dims(1, 2)


def _subword_starts(lengths: Any, inside: Any) -> Any:
    """Return where subwords begin, bool [R, C].

    Args:
        lengths: The length of the longest subword from each character on, int32 [R, C].
        inside: Which characters are those of a word and not padding, bool [R, C].
    """
    width = tf.shape(lengths)[1]

    def step(place: Any, starts: Any) -> tuple[Any, Any]:
        is_start = tf.one_hot(place, width, on_value=True, off_value=False)
        index = tf.minimum(place, tf.maximum(width - 1, 0))
        return place + tf.gather(lengths, index, batch_dims=1), starts | is_start

    ends = tf.reduce_sum(tf.cast(inside, tf.int32), axis=1)
    _, starts = tf.while_loop(
        lambda place, _: tf.reduce_any(place < ends),
        step,
        (tf.zeros_like(ends), tf.zeros_like(inside)),
        shape_invariants=(tf.TensorShape([None]), tf.TensorShape([None, None])),
    )
    return starts & inside


def _words(text: Any) -> Any:
    """Split texts [B] into words, ragged [B, None], that partition the texts."""
    bordered = tf.strings.regex_replace(text, WORD, _BORDER + rb"\0")
    parts = tf.strings.split(bordered, _BORDER)
    words = tf.ragged.boolean_mask(parts, parts != "")
    long = tf.strings.length(words.values, "UTF8_CHAR") > LONGEST_WORD
    parts = _map_by_mask(
        words.values, long, lambda short: tf.RaggedTensor.from_tensor(short[:, None]), _chunks
    )
    return words.with_values(parts).merge_dims(1, 2)


def _chunks(words: Any) -> Any:
    """Split words [R] into parts of ``LONGEST_WORD`` characters, ragged [R, None]."""
    characters = tf.strings.unicode_split(words, "UTF-8")
    sizes = characters.row_lengths()
    counts = (sizes + LONGEST_WORD - 1) // LONGEST_WORD
    row = characters.value_rowids()
    place = tf.range(tf.size(row, tf.int64)) - tf.gather(characters.row_starts(), row)
    chunk = tf.gather(tf.cumsum(counts, exclusive=True), row) + place // LONGEST_WORD
    count = tf.reduce_sum(counts)
    chunks = tf.RaggedTensor.from_value_rowids(characters.values, chunk, count, validate=False)
    joined = tf.strings.reduce_join(chunks, axis=-1)
    return tf.RaggedTensor.from_row_lengths(joined, counts, validate=False)


def _map_by_mask(values: Any, mask: Any, where_false: Any, where_true: Any) -> Any:
    """Map values [U] to ragged rows [U, None], by one of two functions.

    Args:
        values: Any tensor [U, ...].
        mask: Which function maps each value, bool [U].
        where_false: Maps the values where the mask is false to ragged rows.
        where_true: Maps the values where it is true.
    """
    parts = [where_false(tf.boolean_mask(values, ~mask)), where_true(tf.boolean_mask(values, mask))]
    order = tf.concat([tf.where(~mask), tf.where(mask)], axis=0)[:, 0]
    return tf.gather(tf.concat(parts, axis=0), tf.argsort(order))


def _separated_words(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts with a separator between their words."""
    separate = tf.function(
        lambda text: tf.strings.reduce_join(_words(text), axis=-1, separator=_WORD_SEPARATOR),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    stream = iter(texts)
    while chunk := list(islice(stream, _TEXTS_AT_ONCE)):
        for text in separate(tf.constant([utf8(text) for text in chunk])).numpy():
            yield text.decode("utf-8", "replace")
