"""Strings to subwords and back: any text can be written, and none is unknown."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.options import FIRST_BYTE, FIRST_PIECE, check_subwords
from toolkit.text.strings import strings, utf8
from toolkit.text.vocabulary import (
    FILE_NAME,
    RESERVED,
    Vocabulary,
    read_vocabulary,
    write_vocabulary,
)

#: Words as they are cut before subwords are: letters, one digit, or other marks, each with the
#: space before it, or a character of white space. Together they are the whole text.
WORD = r" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s"
#: Longer words are cut into words of so many characters.
LONGEST_WORD = 24
#: A byte that no UTF-8 has.
_BORDER = b"\xff"
#: What stands between words when subwords are learnt.
_BETWEEN = "\ue0ff"

BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))

_TEXTS_AT_ONCE = 1024


@keras.saving.register_keras_serializable("toolkit")
class SubwordTokenizer(keras.layers.Layer):
    """Maps a batch of strings to the ids of subwords and back, in TensorFlow core ops.

    Which subwords there are is learnt by byte-pair encoding (Sennrich et al. 2016, "Neural Machine
    Translation of Rare Words with Subword Units"), with Hugging Face's ``tokenizers``. A word is
    then cut from its beginning into the longest subwords that there are; a character that is in
    none is written as the bytes of its UTF-8. Case and spacing are kept, so that ``detokenize``
    gives back the text that was read, whatever it is.

    ::

        tokenizer = SubwordTokenizer(300)
        tokenizer.adapt(["low lower lowest", "new newer newest"])
        ids = tokenizer(["newer, lower"])
        tokenizer.detokenize(ids)  # ["newer, lower"]

    Args:
        max_tokens: The largest number of ids: padding, unknown (which no text is read as), 256
            bytes and subwords.
        max_length: The largest number of subwords that a text keeps, from its beginning; None
            keeps all.
        file_name: What the vocabulary is called in ``assets/`` of an exported model, where each
            vocabulary needs a name of its own.
        vocabulary: Units in the order of their ids, as the attribute has them. None until
            ``adapt``.

    Raises:
        OptionError: An argument cannot work.
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
        self._keep(vocabulary or ["", "[UNK]", *BYTES])
        self.built = True

    def _keep(self, units: Sequence[str]) -> None:
        self._vocabulary = Vocabulary(units, self.file_name)
        self._longest = max((len(unit) for unit in units[FIRST_PIECE:]), default=1)
        # One graph of a thousand operations, called by each graph in which texts are cut.
        self._in_graph = tf.function(
            self._ids, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
        )

    @property
    def vocabulary(self) -> list[str]:
        """The units in the order of their ids: padding, unknown, bytes, subwords."""
        return list(self._vocabulary.all_units)

    @property
    def vocabulary_size(self) -> int:
        """How many ids there are."""
        return len(self._vocabulary)

    def adapt(self, texts: Iterable[str]) -> None:
        """Learns the subwords in one pass.

        Args:
            texts: Any iterable of strings. Lone surrogates count as U+FFFD.
        """
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        learner = Tokenizer(models.BPE())
        learner.pre_tokenizer = pre_tokenizers.Split(Regex(_BETWEEN), "removed")
        count = self.max_tokens - FIRST_PIECE
        trainer = trainers.BpeTrainer(
            vocab_size=count,
            limit_alphabet=max(1, count // 2),
            min_frequency=2,
            show_progress=False,
        )
        learner.train_from_iterator(_words_apart(texts), trainer)
        ranked = sorted(learner.get_vocab().items(), key=lambda item: item[1])
        # What the file cannot hold is written as bytes, and so is what bytes are called.
        units = [
            unit
            for unit, _ in ranked
            if unit not in RESERVED and unit not in BYTES and "\r" not in unit and unit != _BETWEEN
        ]
        self._keep(["", "[UNK]", *BYTES, *units[:count]])

    def call(self, text: Any) -> Any:
        """Maps texts to ids.

        Args:
            text: Strings [B], or one string [].

        Returns:
            int32 [B, T], or [T]: T is the longest text's number of subwords and at least 1; shorter
            ones are padded with 0 on the right.
        """
        text = strings(text)
        if text.shape.rank == 0:
            return self.call(text[None])[0]
        return self._in_graph(text) if tf.inside_function() else self._ids(text)

    def _ids(self, text: Any) -> Any:
        """Texts [B] to ids [B, T]."""
        words = _words(tf.strings.unicode_transcode(text, "UTF-8", "UTF-8"))
        distinct, index = tf.unique(words.values)
        ids = tf.gather(self._subwords(distinct), index)  # ragged [words, None]
        ids = tf.RaggedTensor.from_row_splits(ids, words.row_splits, validate=False).merge_dims(
            1, 2
        )
        ids = ids[:, : self.max_length].to_tensor()
        return tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])

    def detokenize(self, ids: Any) -> Any:
        """Maps ids to text.

        Args:
            ids: Integers [B, T], or [T]; padding is left out.

        Returns:
            Strings [B], or one string []; bytes that are no UTF-8 become U+FFFD.
        """
        ids = tf.convert_to_tensor(ids)
        number = tf.cast(ids, tf.int32) - FIRST_BYTE
        is_byte = (number >= 0) & (number < 256)
        each = tf.constant([bytes([byte]) for byte in range(256)])
        units = tf.where(
            is_byte, tf.gather(each, tf.clip_by_value(number, 0, 255)), self._vocabulary.units(ids)
        )
        text = tf.strings.reduce_join(units, axis=-1)
        return tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")

    def units_of(self, ids: Any) -> Any:
        """The unit of each id, strings of the same shape; '' at padding."""
        return self._vocabulary.units(tf.convert_to_tensor(ids))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the vocabulary as it now is among them."""
        config: dict[str, Any] = super().get_config()
        return config | {
            "max_tokens": self.max_tokens,
            "max_length": self.max_length,
            "file_name": self.file_name,
            "vocabulary": self.vocabulary,
        }

    def save_assets(self, dir_path: str) -> None:
        """Writes the vocabulary into a ``.keras`` file."""
        write_vocabulary(Path(dir_path, FILE_NAME), self._vocabulary.all_units)

    def load_assets(self, dir_path: str) -> None:
        """Reads the vocabulary from a ``.keras`` file."""
        self._keep(read_vocabulary(Path(dir_path, FILE_NAME)))

    def _pieces(self, strings: Any) -> Any:
        """The ids of strings that are subwords, int32 of any shape; 0 where one is none."""
        ids = self._vocabulary.ids(strings)
        return tf.where(ids >= FIRST_PIECE, ids, 0)

    def _subwords(self, words: Any) -> Any:
        """Words [U] to the ids of their subwords, ragged [U, None]."""
        whole = self._pieces(words)

        def known(some: Any) -> Any:
            return tf.RaggedTensor.from_tensor(self._pieces(some)[:, None])

        return _parted(words, whole == 0, known, self._cut)

    def _cut(self, words: Any) -> Any:
        """Words [R] that are no subwords themselves, to the ids of theirs, ragged [R, None]."""
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
                # Past the end of a word a string stays as it was, and has been looked up.
                joined = tf.strings.join([joined, after])
            found = self._pieces(joined)
            longer = (found > 0) & (found != ids)
            ids = tf.where(longer, found, ids)
            lengths = tf.where(longer, length, lengths)
        starts = _walk(lengths, inside)
        row = tf.cast(tf.where(starts)[:, 0], tf.int64)
        piece = tf.boolean_mask(ids, starts)
        unknown = tf.where(piece > 0, "", tf.boolean_mask(characters, starts))
        as_bytes = tf.strings.bytes_split(unknown)
        numbers = tf.io.decode_raw(as_bytes.values, tf.uint8)
        of_bytes = as_bytes.with_values(tf.cast(tf.reshape(numbers, [-1]), tf.int32) + FIRST_BYTE)
        of_pieces = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(piece, piece > 0), tf.cast(piece > 0, tf.int64), validate=False
        )
        each = tf.concat([of_pieces, of_bytes], axis=1)  # one of the two is empty
        by_word = tf.RaggedTensor.from_value_rowids(
            each, row, nrows=tf.size(words, tf.int64), validate=False
        )
        return by_word.merge_dims(1, 2)


def _walk(lengths: Any, inside: Any) -> Any:
    """Where subwords begin, bool [R, C], given how long the one from each place on is."""
    width = tf.shape(lengths)[1]

    def step(place: Any, starts: Any) -> tuple[Any, Any]:
        here = tf.one_hot(place, width, on_value=True, off_value=False)
        going = tf.minimum(place, tf.maximum(width - 1, 0))
        return place + tf.gather(lengths, going, batch_dims=1), starts | here

    ends = tf.reduce_sum(tf.cast(inside, tf.int32), axis=1)
    _, starts = tf.while_loop(
        lambda place, _: tf.reduce_any(place < ends),
        step,
        (tf.zeros_like(ends), tf.zeros_like(inside)),
        shape_invariants=(tf.TensorShape([None]), tf.TensorShape([None, None])),
    )
    return starts & inside


def _words(text: Any) -> Any:
    """Texts [B] as words, ragged [B, None], that together are the texts."""
    bordered = tf.strings.regex_replace(text, WORD, _BORDER + rb"\0")
    parts = tf.strings.split(bordered, _BORDER)
    words = tf.ragged.boolean_mask(parts, parts != "")
    long = tf.strings.length(words.values, "UTF8_CHAR") > LONGEST_WORD
    cut = _parted(
        words.values, long, lambda some: tf.RaggedTensor.from_tensor(some[:, None]), _in_chunks
    )
    return words.with_values(cut).merge_dims(1, 2)


def _in_chunks(words: Any) -> Any:
    """Words [R] in stretches of ``LONGEST_WORD`` characters, ragged [R, None]."""
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


def _parted(values: Any, other: Any, first: Any, second: Any) -> Any:
    """Ragged rows [U, None] that ``first`` makes of some values [U], and ``second`` of the others.

    Args:
        values: The values.
        other: Which are the others, bool [U].
        first: Maps values to ragged rows.
        second: The same.
    """
    parts = [first(tf.boolean_mask(values, ~other)), second(tf.boolean_mask(values, other))]
    order = tf.concat([tf.where(~other), tf.where(other)], axis=0)[:, 0]
    return tf.gather(tf.concat(parts, axis=0), tf.argsort(order))


def _words_apart(texts: Iterable[str]) -> Iterator[str]:
    """Texts with a border between their words."""
    apart = tf.function(
        lambda text: tf.strings.reduce_join(_words(text), axis=-1, separator=_BETWEEN),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    stream = iter(texts)
    while chunk := list(islice(stream, _TEXTS_AT_ONCE)):
        for text in apart(tf.constant([utf8(text) for text in chunk])).numpy():
            yield text.decode("utf-8", "replace")
