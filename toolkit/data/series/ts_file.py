"""Files of the UEA and UCR archives of time series."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError
from toolkit.data.labels import class_name
from toolkit.data.series.values import to_value
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, count, quoted, shorten

_EXAMPLE = "@classLabel true run walk"


class TsSource:
    """A ``.ts`` file, plain or gzipped: a header, and a series a line after ``@data``.

    ::

        @dimensions 2
        @classLabel true run walk
        @data
        0.1,0.3,?:2,1.9,1.7:run      ->  [[0.1, 2], [0.3, 1.9], [NaN, 1.7]], run

    Colons stand between channels, and before the label if the header has ``@classLabel true`` or
    ``@targetLabel true``; commas stand between values, and ``?`` is a missing one. Blank lines and
    lines that begin with ``#`` are skipped. The file is read as a stream.

    Args:
        path: The file.

    Raises:
        DataError: The header cannot be read, or announces time stamps.
    """

    fixed_columns = True
    layout = "time_first"

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._header_lines, tags = self._header()
        if tags.get("timestamps", ["false"])[0].lower() == "true":
            raise DataError(
                f"{self.name} has a time with each value (@timeStamps true), which is not read; "
                "write the values alone"
            )
        named = [tags[tag] for tag in ("classlabel", "targetlabel") if tag in tags]
        words = next((words for words in named if words[:1] and words[0].lower() == "true"), None)
        self._classes = words and [*map(class_name, words[1:])]
        self.columns = ("series",) if words is None else ("series", "label")
        dimensions = (tags.get("dimensions") or tags.get("dimension") or [""])[0]
        self._channels = int(dimensions) if dimensions.isdecimal() else None
        if tags.get("univariate", [""])[0].lower() == "true":
            self._channels = 1

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        row = 0
        lines = enumerate(read_lines(self._path, newline="\n"), start=1)
        for number, line in islice(lines, self._header_lines, None):
            if not line.strip() or line.startswith("#"):
                continue
            row += 1
            place = f"row {row} (line {number})"
            try:
                yield Record(row, self._values(line), place)
            except BadRowError as error:
                yield Record(row, {}, place, str(error))

    def _header(self) -> tuple[int, dict[str, list[str]]]:
        """Return the number of lines up to ``@data``, and the words after each tag above it."""
        tags: dict[str, list[str]] = {}
        for number, line in enumerate(read_lines(self._path, newline="\n"), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if not words[0].startswith("@"):
                raise DataError(
                    f"{self.name}, line {number}: {quoted(line.strip())} stands before @data, and "
                    f"is no line of a header, such as {_EXAMPLE}"
                )
            tag = words[0][1:].lower()
            if tag == "data":
                return number, tags
            tags[tag] = words[1:]
        raise DataError(f"{self.name} has no line @data, after which the series begin")

    def _values(self, line: str) -> dict[str, object]:
        """Return the series of a line, and its label if there are labels.

        Raises:
            BadRowError: It has another number of channels than the header says, channels of
                different lengths, a value that is no number, or an unknown class.
        """
        if (problem := line_problem(line)) is not None:
            raise BadRowError(problem)
        parts = line.strip().split(":")
        values: dict[str, object] = {}
        if self._classes is not None:
            values["label"] = self._label(parts.pop().strip())
        if self._channels is not None and len(parts) != self._channels:
            raise BadRowError(
                f"{count(len(parts), 'channel')} where the header says {self._channels}; colons "
                f"stand between channels{'' if self._classes is None else ' and before the label'}"
            )
        channels = [_channel(part, number) for number, part in enumerate(parts, 1)]
        for number, channel in enumerate(channels, 1):
            if len(channel) != len(channels[0]):
                problem = f"channel {number} has {count(len(channel), 'time step')}"
                raise BadRowError(f"{problem} where channel 1 has {len(channels[0])}")
        values["series"] = np.stack(channels, axis=1) if channels else np.zeros((0, 0))
        return values

    def _label(self, label: str) -> str | None:
        """Return a label; None if it is missing."""
        if label in ("", "?"):
            return None
        if self._classes and class_name(label) not in self._classes:
            known = shorten(self._classes)
            raise BadRowError(f"the class {quoted(label)} is none of @classLabel: {known}")
        return label


def _channel(part: str, channel: int) -> NDArray[Any]:
    """Return the values of one channel."""
    if not part.strip():
        return np.zeros(0)
    cells = part.replace("?", "nan").split(",")
    try:
        return np.array([*map(float, cells)])
    except ValueError:
        return np.array([to_value(cell, step, channel) for step, cell in enumerate(cells, 1)])
