"""Recognition of a recording that arrives on standard input, while it goes on."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.pipeline import Pipeline
from toolkit.data.audio.wav import read_wav
from toolkit.data.bad_rows import BadRowError
from toolkit.errors import DataError, OptionError
from toolkit.options import option

#: The bytes that are read at once, and the longest header.
CHUNK, HEADER = 8_192, 1 << 20


class Listener(Protocol):
    """A task that writes text while a recording goes on."""

    def stream(self, parts: Any) -> Iterator[str]:
        """Yield what each part of a recording adds to the text."""


def check_listening(pipeline: Pipeline, run: Mapping[str, Any], options: Any) -> None:
    """Check that a run can answer while a recording goes on, before TensorFlow is imported.

    Args:
        pipeline: The pipeline, none of whose views and options of answers can be set.
        run: The run.
        options: The options of the command.

    Raises:
        OptionError: It cannot, or other inputs or answers are asked for.
    """
    if options.texts or options.data:
        raise OptionError("--stream reads a recording from standard input; give no other")
    others = fields(pipeline.predict_options) if pipeline.predict_options else ()
    given = [each.name for each in others if getattr(options, each.name) != each.default]
    views = [view.option.replace("-", "_") for view in pipeline.views]
    given += [name for name in views if getattr(options, name)]
    given += ["format"] if options.format != "jsonl" else []
    if given:
        raise OptionError(f"--stream writes plain text; leave out {option(given[0])}")
    if run["options"].get("bidirectional", True):
        raise OptionError(
            "--stream needs a run that reads recordings in one direction; train one with "
            "--no-bidirectional"
        )


def write_arriving(task: Listener, rate: int, descriptor: int) -> None:
    """Write the text of a WAV file as it arrives, flushed after each part, on one line.

    Args:
        task: The task.
        rate: The samples a second that it reads.
        descriptor: The file descriptor of the WAV file.

    Raises:
        DataError: It is no WAV file that can be read, or has another rate.
    """
    for text in task.stream(arriving_samples(descriptor, rate)):
        sys.stdout.write(text)
        sys.stdout.flush()
    sys.stdout.write("\n")


def arriving_samples(descriptor: int, rate: int) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of a WAV file as they arrive, the mean of its channels, -1 to 1.

    From a sample beyond 1 on, all are quieter, since those before have been answered.

    Raises:
        DataError: It is no WAV file that can be read, has another rate, or a sample is no number.
    """
    content, wav = b"", None
    while wav is None:
        chunk = os.read(descriptor, CHUNK)
        content += chunk
        try:
            wav = read_wav(np.frombuffer(content, np.uint8))
        except BadRowError as error:
            if not chunk or len(content) > HEADER:
                raise DataError(f"standard input: {error}") from None
    if wav.rate != rate:
        raise DataError(
            f"standard input has {wav.rate:,} samples a second, and the model reads {rate:,}; "
            "bring it to that rate, or leave out --stream"
        )
    block = wav.values.shape[1]
    chunk, rest, peak = content[wav.start :], b"", 1.0
    left = sys.maxsize if wav.size is None else wav.size
    while chunk:
        rest += chunk[:left]
        left -= len(chunk[:left])
        whole = len(rest) - len(rest) % block
        if whole:
            values = np.frombuffer(rest[:whole], np.uint8).reshape(-1, block)
            samples = wav.read(values).mean(axis=1)
            if not np.isfinite(samples).all():
                raise DataError("standard input: the recording has samples that are no numbers")
            peak = max(peak, float(np.abs(samples).max()))
            yield samples / np.float32(peak)
            rest = rest[whole:]
        chunk = os.read(descriptor, CHUNK) if left else b""
