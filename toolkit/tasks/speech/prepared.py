"""The preparation of recordings with transcripts for training."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.audio.ctc import steps_needed
from toolkit.audio.frames import Framing
from toolkit.audio.inputs import AudioInputs
from toolkit.data import (
    AudioExamples,
    LengthBatches,
    PackedSequences,
    Unreadable,
    open_audio,
    split_indices,
)
from toolkit.data.audio.corpus import AudioCorpus, Recordings, read_recordings
from toolkit.data.audio.recording import open_recording
from toolkit.data.bad_rows import BadRowError
from toolkit.data.corpora.packed import SequenceWriter
from toolkit.data.splits import chosen_rows
from toolkit.errors import DataError, count
from toolkit.models.speech.front import measure
from toolkit.options import option
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import SOME
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.previous import with_more_tokens
from toolkit.tasks.settings import Settings
from toolkit.tasks.speech import defaults
from toolkit.text import Tokenizer

logger = logging.getLogger("toolkit")

#: The number of first recordings whose rates are looked at.
FIRST = 100
#: The number of steps, as a multiple of those needed, that the automatic number of stacked frames
#: leaves to transcripts, and the largest share of those to which it leaves fewer.
ROOM, TOO_FAST = 2, 0.02
#: The largest number of frames that are stacked automatically.
MOST_STACKED = 3
#: The median duration in seconds from which on the mean of a recording is taken off.
LONG = 2.0
#: The number of steps, padding included, of a batch that is measured.
MEASURED_STEPS = 8_192
#: The number of entries that a vocabulary may have.
MOST_SYMBOLS = 100_000


@dataclass(frozen=True, kw_only=True)
class PreparedSpeech(Prepared):
    """Recordings with transcripts, prepared for training.

    Attributes:
        held_out_texts: The transcripts of the held-out part.
        recordings: All recordings of the training data and, if given, of the validation data.
        is_held_out: Whether each of them is in the held-out part, bool [N].
        unalignable: The recordings that are too short for their transcripts, int64 [M].
    """

    held_out_texts: tuple[str, ...]
    recordings: tuple[Recordings, ...]
    is_held_out: NDArray[np.bool_]
    unalignable: NDArray[np.int64]


def prepare_speech(settings: Settings, data: Any, validation_data: Any) -> PreparedSpeech:
    """Decode data to disk, split it, and encode the transcripts.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_audio``.
        validation_data: The validation data, if any; else a share of the data is held out.

    Raises:
        DataError: A row cannot be used, or none is left to learn from.
    """
    readers = [AudioExamples(open_audio(data, "train", settings.columns), settings.columns)]
    settings = settings.reading_as(readers[0])
    rate, of_arrays = settings.sample_rate, settings.sample_rate
    if rate == "auto":
        rate, of_arrays = usual_rate(readers[0]), None  # an array must come with its own
    readers[0].rate = of_arrays
    read = [read_recordings(readers[0], rate, settings.max_seconds)]
    found = read[0]
    held = np.zeros(len(found.rows), bool)
    manner = "at random"
    if validation_data is not None:
        source = open_audio(validation_data, "test", settings.columns)
        readers.append(AudioExamples(source, settings.columns, rate=of_arrays))
        read.append(read_recordings(readers[1], rate, settings.max_seconds))
    elif settings.validation_split:
        groups = found.groups if len(set(found.names)) > 1 else None
        if groups is not None:
            manner = f"by {readers[0].group_column}"
        share, seed = settings.validation_split, settings.seed
        held[split_indices(len(held), share, seed, None, groups)[1]] = True
    every = joined(read)
    is_held_out = np.concatenate([held, np.ones(len(every.rows) - len(held), bool)])
    symbols = symbol_layer(
        settings, [t for t, out in zip(every.transcripts, is_held_out, strict=True) if not out]
    )
    ids = encode_transcripts(symbols, every.transcripts)
    stack = settings.stack
    if stack == "auto":
        stack = most_stacked(every.sequences.lengths[~is_held_out], ids, ~is_held_out, rate)
    is_long = np.median(every.sequences.lengths[~is_held_out]) >= LONG * rate
    mean = "recording" if settings.bidirectional and is_long else "training"
    settings = settings.resolve(sample_rate=rate, mean=mean, stack=stack)
    corpus = AudioCorpus(every.sequences, ids, every.rows, Framing(rate, stack=stack))
    short = np.array([steps_needed(ids[n]) for n in range(len(ids))]) > corpus.lengths
    unalignable = np.flatnonzero(short)
    warn_of_unalignable(unalignable, every, readers, len(found.rows))
    train = corpus.subset(np.flatnonzero(~is_held_out & ~short))
    if not len(train):
        raise DataError(f"{readers[0].source.name} has no recording that can be learnt from")
    chosen = np.flatnonzero(is_held_out & ~short)
    held_out = corpus.subset(chosen) if len(chosen) else None
    rows: list[int] = chosen.tolist()

    def held_out_recordings() -> list[Any]:
        return [(rate, every.sequences[row]) for row in rows[:SOME]]

    def held_out_data() -> Any:
        if validation_data is not None:
            return readers[1].source
        return chosen_rows(readers[0].source, frozenset(np.array(every.rows)[rows].tolist()))

    return PreparedSpeech(
        settings=settings,
        preprocessing=AudioInputs(rate),
        target_preprocessing=symbols,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_recordings,
        held_out_data=None if held_out is None else held_out_data,
        size=DataSize(len(train), int(train.lengths.sum())),
        facts={
            "data": readers[0].source.name,
            "rows": len(train),
            "seconds": round(train.seconds, 2),
            "validation": validation_words(held_out, validation_data, manner, settings.seed),
        },
        named_columns=readers[0].named_columns,
        readers=tuple(readers),
        held_out_texts=tuple(every.transcripts[row] for row in rows),
        recordings=tuple(read),
        is_held_out=is_held_out,
        unalignable=unalignable,
    )


def usual_rate(examples: AudioExamples) -> int:
    """Return the most frequent rate of the first recordings, at most ``MOST_SAMPLES``."""
    rates: list[int] = []
    for value in islice(examples.values(), FIRST):
        with suppress(BadRowError):  # the reading that follows says so
            if not isinstance(value, Unreadable):
                rates.append(open_recording(value).rate)
    if not rates:
        return defaults.MOST_SAMPLES
    return min(max(sorted(set(rates)), key=rates.count), defaults.MOST_SAMPLES)


def joined(read: Sequence[Recordings]) -> Recordings:
    """Return the recordings of all sources as one."""
    if len(read) == 1:
        return read[0]
    with SequenceWriter(np.int16) as writer:
        for part in read:
            for number in range(len(part.sequences)):
                samples = part.sequences[number]
                writer.write(samples, [len(samples)])
        sequences = writer.packed()
    return Recordings(
        sequences,
        [text for part in read for text in part.transcripts],
        None,
        [name for part in read for name in part.names or [""] * len(part.rows)],
        np.concatenate([part.rows for part in read]),
        [place for part in read for place in part.places],
    )


def symbol_layer(settings: Settings, transcripts: Sequence[str]) -> Tokenizer:
    """Return the layer between transcripts and ids; where a training goes on, with more of them."""
    if settings.previous is not None:
        limits = settings.override(max_tokens=MOST_SYMBOLS, min_count=1)
        layer: Tokenizer = with_more_tokens(
            settings.previous.model.target_preprocessing, limits, transcripts
        )
        return layer
    layer = Tokenizer(
        token_level="spaced_words" if settings.symbols == "words" else "characters",
        lowercase=False,  # the reader of transcripts does so
        html_breaks=False,
        max_tokens=MOST_SYMBOLS,
        min_count=1,
    )
    layer.adapt(transcripts)
    return layer


def encode_transcripts(layer: Tokenizer, transcripts: Iterable[str]) -> PackedSequences:
    """Return the ids of transcripts."""
    compiled = tf.function(
        layer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    remaining = iter(transcripts)
    with SequenceWriter() as writer:
        while some := list(islice(remaining, 512)):
            writer.write_ids(np.asarray(compiled(tf.constant(some))))
        return writer.packed()


def most_stacked(
    lengths: NDArray[np.int32], ids: PackedSequences, chosen: NDArray[np.bool_], rate: int
) -> int:
    """Return the largest number of stacked frames that leaves room to nearly all transcripts.

    Args:
        lengths: The numbers of samples of some recordings [n].
        ids: The symbols of all recordings.
        chosen: Which of all the former are, bool [N].
        rate: The samples a second.
    """
    needed = np.array([steps_needed(ids[row]) for row in np.flatnonzero(chosen).tolist()])
    for stack in range(MOST_STACKED, 1, -1):
        steps = Framing(rate, stack=stack).steps(lengths)
        if (steps < ROOM * needed).mean() <= TOO_FAST:
            return stack
    return 1


def warn_of_unalignable(
    unalignable: NDArray[np.int64],
    every: Recordings,
    readers: Sequence[AudioExamples],
    first: int,
) -> None:
    """Log the recordings that are left out, since they are too short for their transcripts.

    Args:
        unalignable: Which they are.
        every: All recordings.
        readers: The readers of one or two sources.
        first: The number of recordings of the first source.
    """
    if not len(unalignable):
        return
    places = [
        f"{readers[int(number >= first)].source.name}, {every.places[number]}"
        for number in unalignable[:3].tolist()
    ]
    logger.warning(
        "%s left out, which CTC cannot align: too short for so many symbols (%s%s); a smaller %s "
        "makes more steps of them",
        *(count(len(unalignable), "recording"), "; ".join(places)),
        *("" if len(places) == len(unalignable) else "; ...", option("stack")),
    )


def audio_arguments(settings: Settings, train: AudioCorpus) -> dict[str, Any]:
    """Return the arguments of ``SpeechFront``, with statistics of the training part.

    The statistics of an earlier training are kept.
    """
    changes = {name: getattr(settings, name) for name in ("speed", "noise", "masked_bands")}
    if settings.previous is not None:
        arguments = settings.previous.model.network.config["audio"]
        return {**arguments, "augmentation": changes}
    arguments = {
        "rate": settings.sample_rate,
        "bands": settings.mel_bands,
        "stack": settings.stack,
        "whole_mean": settings.mean == "recording",
    }
    batches = LengthBatches(train, MEASURED_STEPS, shuffle=False).dataset()
    means, deviations = measure(_inputs(batches), **arguments)
    return {**arguments, "means": means, "deviations": deviations, "augmentation": changes}


def _inputs(batches: Any) -> Iterable[Any]:
    """Yield the inputs of batches."""
    return (batch[0] for batch in batches)
