"""The door to pairs of texts."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from toolkit.data import columns
from toolkit.data.files import read_lines
from toolkit.data.open import open_source
from toolkit.data.options import PairColumnOptions
from toolkit.data.source import Record, Source
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

SOURCE, TARGET = "source", "target"
#: Files that are no lines with tabs.
_TABLES = (".csv", ".jsonl", ".ndjson", ".json")
#: What the columns are often called.
_SOURCE_NAMES = (SOURCE, "src", "from", "input", "question")
_TARGET_NAMES = (TARGET, "tgt", "trg", "to", "output", "translation", "answer")
_CONFIG = re.compile(r"/(\w+?)_to_(\w+?)(?:[/:]|$)")


def open_pairs(data: Any, part: str | None, options: PairColumnOptions) -> Source:
    """Opens pairs of texts.

    Args:
        data: A pair of paths of parallel files, plain or ``.gz``, in which lines of the same number
            belong together, or both as one string with a comma between; the path of a CSV or JSON
            Lines file, or of any other file, which is taken as tab-separated (a pair a line, no
            quoting), each also ``.gz``; the name of a TFDS data set, whose configuration such as
            ``pt_to_en`` says which side is which; a DataFrame; a pair ``(sources, targets)`` of
            lists; a ``tf.data.Dataset``; or a source, which is given back.
        part: ``train`` or ``test``: what to read of a named data set where the name does not say.
        options: Which columns mean what.

    Returns:
        A source whose records have ``source`` and ``target``, or the former alone where the data
        has a single column, or several of which none is known to be the target.

    Raises:
        DataError: the data is not there, or of no kind that can be read.
    """
    if isinstance(data, ParallelFiles | PairSource):
        return data
    if isinstance(data, tuple) and len(data) == 2 and all(map(_is_path, data)):
        return ParallelFiles(*map(Path, data))
    if isinstance(data, str) and "," in data and not os.path.exists(data):
        paths = data.split(",")
        if len(paths) > 2:
            raise DataError(f"{data!r} has several commas; one stands between two parallel files")
        return ParallelFiles(*map(Path, paths))
    if _is_path(data) and os.path.isdir(data):
        raise DataError(f"{data} is a folder; pairs are in a file, or in two parallel ones")
    if _is_path(data) and os.path.isfile(data):
        name = Path(data).name.lower().removesuffix(".gz")
        if not name.endswith(_TABLES):
            return PairSource(TabFile(Path(data), options), options)
    source = open_source(data, part)
    found = _CONFIG.search(str(data)) if isinstance(data, str) else None
    if found and set(found.groups()) <= set(source.columns):
        return PairSource(source, options, found.groups())
    return PairSource(source, options)


def _is_path(data: Any) -> bool:
    return isinstance(data, str | os.PathLike)


class ParallelFiles:
    """Two files whose lines of the same number are a pair.

    Args:
        source: The file of the texts that are read.
        target: The file of those that are made of them.

    Raises:
        DataError: One is missing or no file, or they are the same.
    """

    columns = (SOURCE, TARGET)
    fixed_columns = True

    def __init__(self, source: Path, target: Path) -> None:
        for path in (source, target):
            if not path.is_file():
                what = "is no file" if path.exists() else "is not there"
                raise DataError(f"{path} {what}; a pair of parallel files is needed")
        if os.path.samefile(source, target):
            raise DataError(f"{source} is given for both sides; give a file for each")
        self.name = f"{source} and {target}"
        self._paths = source, target

    def records(self) -> Iterator[Record]:
        """Reads the pairs from the first one; each call begins anew.

        Raises:
            DataError: One file has more lines than the other.
        """
        missing = object()
        files = [(line.rstrip("\r\n") for line in read_lines(path, "\n")) for path in self._paths]
        number = 0
        for number, pair in enumerate(zip_longest(*files, fillvalue=missing), 1):
            if missing in pair:
                longer, shorter = self._paths if pair[1] is missing else self._paths[::-1]
                rest = sum(1 for _ in (files[0] if pair[1] is missing else files[1]))
                raise DataError(
                    f"{shorter} ends after line {number - 1:,}, {longer} has {number + rest:,} "
                    "lines; lines of the same number must be a pair"
                )
            yield Record(number, dict(zip(self.columns, pair, strict=True)), f"line {number}")


class TabFile:
    """A file with a pair a line, tabs between; no quotes mean anything.

    Its first line names the columns where the options name some, or where it has usual names.

    Args:
        path: The file.
        options: Which columns mean what.

    Raises:
        DataError: It is empty.
    """

    fixed_columns = False

    def __init__(self, path: Path, options: PairColumnOptions) -> None:
        self.name = str(path)
        self._path = path
        first = next(self._lines(), None)
        if first is None:
            raise DataError(f"{path} is empty; it should have a text, or a pair of texts, a line")
        if "\0" in first:
            raise DataError(f"{path} is no plain text; pairs are in text files, a pair a line")
        fields = first.split("\t")
        names = [name.strip() for name in fields]
        asked = {options.source_column, options.target_column} - {None}
        named = any(not name.isdecimal() for name in asked if name is not None)
        usual = {name.lower() for name in names} & {*_SOURCE_NAMES, *_TARGET_NAMES}
        self._header = named or len(usual) >= 2
        if len(fields) == 1:  # texts alone; "To" may well be one
            self._header = bool({SOURCE, *asked} & {*names})
        self.columns: Sequence[str] = (
            names if self._header else [str(number) for number in range(1, len(fields) + 1)]
        )

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        row = 0
        for number, line in enumerate(self._lines(), 1):
            if self._header and number == 1:
                continue
            row += 1
            place = f"line {number}"
            fields = line.split("\t")
            if len(fields) != len(self.columns):
                problem = f"{len(fields)} fields where line 1 has {len(self.columns)}"
                yield Record(row, {}, place, problem)
            else:
                yield Record(row, dict(zip(self.columns, fields, strict=True)), place)

    def _lines(self) -> Iterator[str]:
        return (line.rstrip("\r\n") for line in read_lines(self._path, "\n"))


class PairSource:
    """Another source's rows as pairs.

    Args:
        source: The rows.
        options: Which columns mean what.
        usual: The names of the two columns where the options name none.

    Raises:
        DataError: Of several columns, one that was asked for is not there, or is taken for both
            sides; or there are more than two with names, and none was asked for or is usual for the
            source. (If so for the target, the sources alone are read.) A single column is that of
            the sources, whatever it is called.
    """

    fixed_columns = True

    def __init__(
        self, source: Source, options: PairColumnOptions, usual: Sequence[str] = ()
    ) -> None:
        self.name = source.name
        self._source = source
        self.columns: Sequence[str] = (SOURCE, TARGET)
        if len(source.columns) < 2:
            self.columns = (SOURCE,)
            self._from = next(iter(source.columns), SOURCE)
            return
        found = [
            self._column(options.source_column, "source_column", _SOURCE_NAMES, usual[:1]),
            self._column(options.target_column, "target_column", _TARGET_NAMES, usual[1:]),
        ]
        have = self._source.columns
        if len(have) == 2 or all(map(str.isdecimal, have)):
            for side in (0, 1):
                others = [column for column in have if column != found[1 - side]]
                found[side] = found[side] or others[0]
        source_column, target_column = found
        if source_column is None:
            raise DataError(
                f"{self.name}: of the columns {', '.join(map(quoted, have))} none has a usual name "
                f"of the source, such as {_SOURCE_NAMES[0]}; set {option('source_column')}"
            )
        self._say(source_column, options.source_column, "source_column", usual)
        self._from = source_column
        if target_column is None:
            self.columns = (SOURCE,)
            return
        self._say(target_column, options.target_column, "target_column", usual)
        self._to = target_column
        if self._from == self._to:
            raise DataError(
                f"{source.name}: the column {quoted(self._from)} is taken for both sides; set "
                f"{option('source_column')} and {option('target_column')}"
            )

    def records(self) -> Iterator[Record]:
        """Reads the pairs from the first one; each call begins anew."""
        for record in self._source.records():
            values = record.values
            pair = {SOURCE: values.get(self._from)}
            if TARGET in self.columns:
                pair[TARGET] = values.get(self._to)
            yield record._replace(values={} if record.problem else pair)

    def _column(
        self, asked: str | None, name: str, names: Sequence[str], usual: Sequence[str]
    ) -> str | None:
        """The column that was asked for, or one of a usual name."""
        have = self._source.columns
        if asked is None:
            return next(iter(usual), None) or columns.usual(have, names)
        if asked not in have and asked.isdecimal() and 1 <= int(asked) <= len(have):
            return have[int(asked) - 1]
        return columns.named(self._source, asked, name)

    def _say(self, found: str, asked: str | None, name: str, usual: Sequence[str]) -> None:
        if asked is None and not (self._source.fixed_columns or usual):
            logger.info(
                "%s: %s is the %s (chosen; set %s)",
                *(self.name, quoted(found), name.replace("_", " "), option(name)),
            )
