"""Series that arrive frame by frame: a frame a line in, an answer a line out."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.pipeline import Pipeline
from pipelines.streams import arriving_lines
from toolkit.data import Unreadable
from toolkit.data.labels import to_number
from toolkit.data.sources.source import is_missing
from toolkit.errors import OptionError, count, quoted
from toolkit.tasks.protocol import FrameTask

logger = logging.getLogger("toolkit.pipelines")

_EXAMPLE = "a frame is a list of numbers, such as [0.5, 1.2] or 0.5,1.2"
_LARGEST = float(np.finfo(np.float32).max)


def check_frames(pipeline: Pipeline, options: Any, trained: Mapping[str, Any]) -> None:
    """Check that a run can answer frame by frame, as options of ``predict`` ask.

    Args:
        pipeline: The pipeline.
        options: The parsed options of ``predict``.
        trained: The options of the run.

    Raises:
        OptionError: It cannot.
    """
    answers = fields(pipeline.predict_options) if pipeline.predict_options else ()
    other = {
        "the arguments TEXT": options.texts,
        "--data": options.data,
        **{
            f"--{view.option}": getattr(options, view.option.replace("-", "_"))
            for view in pipeline.views
        },
        "--format csv": options.format == "csv",
        "--keep-columns": options.keep_columns != "all",
        **{
            f"--{field.name.replace('_', '-')}": getattr(options, field.name) != field.default
            for field in answers
        },
    }
    if given := [name for name, value in other.items() if value]:
        raise OptionError(
            "--stream reads frames from standard input and writes JSON lines; leave out "
            + " and ".join(given)
        )
    if trained["front"] == "frames":
        raise OptionError(
            f"--stream reads frames of numbers, and {options.run} reads videos; give it their files"
        )
    if trained["bidirectional"]:
        raise OptionError(
            f"--stream needs a run that reads in one direction, and {options.run} reads in both, "
            "so that it answers whole series only; train one with --no-bidirectional"
        )


def answer_arriving(task: FrameTask, channels: int) -> None:
    """Read frames from standard input, and write the answer to each as it arrives.

    A line is a frame, as ``read_frame`` reads it; an empty line begins a new series, and has no
    answer. A line that cannot be read is answered with its ``error``, and the series goes on.

    Args:
        task: The task that answers.
        channels: The number of channels of a frame.
    """
    if sys.stdin.isatty():
        logger.info("type frames, one a line; an empty line begins a new series; end with Ctrl-D")
    for frames in series_of(arriving_lines(sys.stdin.fileno()), channels):
        for answer in task.answer_frames(frames):
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def series_of(
    lines: Iterable[str | Unreadable], channels: int
) -> Iterator[Iterator[NDArray[np.float32] | Unreadable]]:
    """Yield the frames of each series; those of one must be read before the next.

    Args:
        lines: The lines; empty ones stand between series.
        channels: The number of channels of a frame.
    """
    numbered = enumerate(lines, 1)
    for is_empty, group in groupby(numbered, lambda pair: _is_empty(pair[1])):
        if not is_empty:
            yield (read_frame(line, number, channels) for number, line in group)


def read_frame(
    line: str | Unreadable, number: int, channels: int
) -> NDArray[np.float32] | Unreadable:
    """Return the frame that a line stands for, or why it stands for none.

    ::

        [0.5, null, 2]  ->  [0.5, NaN, 2]
        0.5,,2          ->  [0.5, NaN, 2]

    Args:
        line: A list of numbers as JSON, or numbers separated by commas.
        number: The number of the line, from 1.
        channels: The number of channels C.

    Returns:
        float32 [C], NaN for missing values.
    """
    if isinstance(line, Unreadable):
        return line
    try:
        values = json.loads(line) if line.lstrip().startswith("[") else line.split(",")
    except (ValueError, RecursionError):
        return Unreadable(f"line {number}: the frame is {quoted(line)}; {_EXAMPLE}")
    if len(values) != channels:
        return Unreadable(
            f"line {number}: the frame has {count(len(values), 'value')} where the model takes "
            f"{count(channels, 'channel')}; {_EXAMPLE}"
        )
    frame = np.full(channels, np.nan, np.float32)
    for channel, value in enumerate(values):
        if is_missing(value):
            continue
        read = to_number(value)
        if read is None or abs(read) > _LARGEST:
            return Unreadable(
                f"line {number}: the value of channel {channel + 1} is {quoted(value)}, not a "
                "finite number"
            )
        frame[channel] = read
    return frame


def _is_empty(line: str | Unreadable) -> bool:
    return isinstance(line, str) and not line.strip()
