"""Opening of pairs of texts."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from toolkit.data import columns
from toolkit.data.options import is_inherited, table_format
from toolkit.data.pairs.options import PairColumnOptions
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.open import is_table, open_source
from toolkit.data.sources.source import Record, Source, distinct_names, first_repeated
from toolkit.data.texts.columns import classes_of_texts
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

SOURCE, TARGET = "source", "target"
#: Usual names of the columns.
_SOURCE_NAMES = (SOURCE, "src", "from", "input", "question")
_TARGET_NAMES = (TARGET, "tgt", "trg", "to", "output", "translation", "answer")
_CONFIG = re.compile(r"/(\w+?)_to_(\w+?)(?:[/:]|$)")


def open_pairs(data: Any, part: str | None, options: PairColumnOptions) -> Source:
    """Open pairs of texts.

    Args:
        data: A pair of paths of parallel files, plain or ``.gz``, in which lines of the same number
            are a pair, or both paths as one string with a comma between them; the path of a
            table, as for ``open_table`` but TSV, or of any other file, plain or ``.gz``, which is
            read as tab-separated (one pair a line, no quoting); the name of a TFDS data set, whose
            configuration, such as ``pt_to_en``, names source and target; a table in memory, a pair
            ``(sources, targets)`` of lists, a list of pairs or a ``tf.data.Dataset``, as for
            ``open_source``; or a source, which is returned unchanged.
        part: ``train`` or ``test``: the part to read of a named data set without a split.
        options: The columns.

    Returns:
        A source whose records have ``source`` and ``target``, or only ``source`` if the data has a
        single column, or several of which none is known to be the target.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    form = table_format(options)
    if isinstance(data, ParallelFiles | PairSource):
        return data
    if isinstance(data, tuple) and len(data) == 2 and all(map(_is_path, data)):
        return ParallelFiles(Path(data[0]), Path(data[1]), form.encodings)
    if isinstance(data, str) and "," in data and not os.path.exists(data):
        first, *others = data.split(",")
        if len(others) > 1:
            raise DataError(f"{data!r} has several commas; one stands between two parallel files")
        return ParallelFiles(Path(first), Path(others[0]), form.encodings)
    if _is_path(data) and os.path.isdir(data):
        raise DataError(f"{data} is a folder; pairs are in a file, or in two parallel ones")
    if _is_path(data) and os.path.isfile(data) and not _has_its_reader(os.fspath(data)):
        return PairSource(TabFile(Path(data), options), options)
    source = open_source(data, part, form)
    match = _CONFIG.search(str(data)) if isinstance(data, str) else None
    if match and set(match.groups()) <= set(source.columns):
        return PairSource(source, options, match.groups())
    return PairSource(source, options)


def _has_its_reader(path: str) -> bool:
    """Return whether a file is a table other than TSV, which is read without quoting here."""
    return is_table(path) and not path.lower().removesuffix(".gz").endswith(".tsv")


def _is_path(data: Any) -> bool:
    """Return whether data is a path."""
    return isinstance(data, str | os.PathLike)


class ParallelFiles:
    """Two files whose lines of the same number are a pair.

    Args:
        source: The file of the source texts.
        target: The file of the target texts.
        encodings: The encodings of both, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: A file is missing or no file, or both are the same.
    """

    columns = (SOURCE, TARGET)
    fixed_columns = True

    def __init__(self, source: Path, target: Path, encodings: Sequence[str] = UTF_8) -> None:
        for path in (source, target):
            if not path.is_file():
                what = "is no file" if path.exists() else "is not there"
                raise DataError(f"{path} {what}; a pair of parallel files is needed")
        if os.path.samefile(source, target):
            raise DataError(f"{source} is given for both sides; give a file for each")
        self.name = f"{source} and {target}"
        self._paths = source, target
        self._encodings = encodings

    def records(self) -> Iterator[Record]:
        """Yield the pairs from the first one; each call starts again.

        Raises:
            DataError: One file has more lines than the other.
        """
        missing = object()
        read = [read_lines(path, "\n", encodings=self._encodings) for path in self._paths]
        files = [(line.rstrip("\r\n") for line in lines) for lines in read]
        number = 0
        for number, pair in enumerate(zip_longest(*files, fillvalue=missing), 1):
            if missing in pair:
                longer, shorter = self._paths if pair[1] is missing else self._paths[::-1]
                rest = sum(1 for _ in (files[0] if pair[1] is missing else files[1]))
                raise DataError(
                    f"{shorter} ends after line {number - 1:,}, {longer} has {number + rest:,} "
                    "lines; lines of the same number must be a pair"
                )
            problem = next(filter(None, map(line_problem, map(str, pair))), None)
            values = {} if problem else dict(zip(self.columns, pair, strict=True))
            yield Record(number, values, f"line {number}", problem)


class TabFile:
    """A file with one tab-separated pair a line, without quoting.

    Unless the options say that there is no header, the first line is one if the options name
    columns, or if it has usual names or those of the data of a run that the options come from.

    Args:
        path: The file.
        options: The columns.

    Raises:
        DataError: The file is empty.
    """

    fixed_columns = False

    def __init__(self, path: Path, options: PairColumnOptions) -> None:
        self.name = str(path)
        self._path = path
        self._encodings = table_format(options).encodings
        first = next(self._lines(), None)
        if first is None:
            raise DataError(f"{path} is empty; it should have a text, or a pair of texts, a line")
        if "\0" in first:
            raise DataError(f"{path} is no plain text; pairs are in text files, a pair a line")
        fields = first.split("\t")
        names = [name.strip() for name in fields]
        requested = {options.source_column, options.target_column} - {None}
        by_name = any(not name.isdecimal() for name in requested if name is not None)
        own = {c for n, c in options.named_columns.items() if is_inherited(options, n)}
        usual = [name for name in names if name.lower() in (*_SOURCE_NAMES, *_TARGET_NAMES)]
        self._header = by_name or len(usual) >= 2 or bool(own and own <= {*names})
        if len(fields) == 1:  # source texts alone, of which "To" may be one
            self._header = bool({SOURCE, *requested, *own} & {*names})
        self._header = self._header and options.header
        read = {*requested, *own, *usual} if len(names) > 2 else {*names}
        repeated = first_repeated([name for name in names if name in read])
        if self._header and repeated is not None:
            raise DataError(
                f"{path} names the column {quoted(repeated)} twice in its header; if its first "
                f"line is a pair of texts, set {option('header', False)}"
            )
        self.columns: Sequence[str] = (
            distinct_names(names, f"{path}, header:")
            if self._header
            else [str(number) for number in range(1, len(fields) + 1)]
        )

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        row = 0
        for number, line in enumerate(self._lines(), 1):
            if self._header and number == 1:
                continue
            row += 1
            place = f"line {number}"
            fields, problem = line.split("\t"), line_problem(line)
            if problem is None and len(fields) != len(self.columns):
                problem = f"{len(fields)} fields where line 1 has {len(self.columns)}"
            if problem is not None:
                yield Record(row, {}, place, problem)
            else:
                yield Record(row, dict(zip(self.columns, fields, strict=True)), place)

    def _lines(self) -> Iterator[str]:
        """Yield the lines without their ends."""
        lines = read_lines(self._path, "\n", encodings=self._encodings)
        return (line.rstrip("\r\n") for line in lines)


class PairSource:
    """The rows of another source as pairs.

    A single column is that of the source texts, whatever its name. Without a requested or usual
    name of the target among more than two columns, only the source texts are read.

    Args:
        source: The rows.
        options: The columns.
        usual: The names of the two columns if the options name none.

    Attributes:
        rows: The rows.
        source_column: The column of the source texts.
        named_columns: As for ``CheckedRows``.

    Raises:
        DataError: A requested column does not exist; one column is chosen for both sides; or none
            of more than two named columns is requested as source or has a usual name of it.
    """

    fixed_columns = True

    def __init__(
        self, source: Source, options: PairColumnOptions, usual: Sequence[str] = ()
    ) -> None:
        self.name = source.name
        self.rows = source
        self.columns: Sequence[str] = (SOURCE, TARGET)
        self.named_columns: Mapping[str, str] = {}
        if len(source.columns) < 2:
            self.columns = (SOURCE,)
            self.source_column = next(iter(source.columns), SOURCE)
            return
        chosen = [
            self._column(options, "source_column", _SOURCE_NAMES, usual[:1]),
            self._column(options, "target_column", _TARGET_NAMES, usual[1:]),
        ]
        sides = ("source_column", "target_column")
        asked = [bool(getattr(options, n)) and not is_inherited(options, n) for n in sides]
        if chosen[0] == chosen[1] and any(asked):  # what a run says of the other side yields
            chosen = [c if is_asked else None for c, is_asked in zip(chosen, asked, strict=True)]
        names = self.rows.columns
        if len(names) == 2 or all(map(str.isdecimal, names)):
            for side in (0, 1):
                remaining = [column for column in names if column != chosen[1 - side]]
                chosen[side] = chosen[side] or remaining[0]
        source_column, target_column = chosen
        if source_column is None:
            raise DataError(
                f"{self.name}: of the columns {', '.join(map(quoted, names))} none has a usual "
                f"name of the source, such as {_SOURCE_NAMES[0]}; set {option('source_column')}"
                f"{classes_of_texts(source)}"
            )
        self._log_choice(source_column, options, "source_column", usual)
        self.source_column = source_column
        by_option = {"source_column": source_column, "target_column": target_column}
        self.named_columns = columns.named_columns(source, options, by_option)
        if target_column is None:
            self.columns = (SOURCE,)
            return
        self._log_choice(target_column, options, "target_column", usual)
        self._to = target_column
        is_named = options.target_column or options.named_columns.get("target_column") or usual
        instead = "" if is_named else classes_of_texts(source)
        if instead and target_column.lower() not in _TARGET_NAMES:
            logger.warning(
                "%s: column %s is taken for the target%s", self.name, quoted(target_column), instead
            )
        if self.source_column == self._to:
            raise DataError(
                f"{source.name}: the column {quoted(self.source_column)} is taken for both sides; "
                f"set {option('source_column')} and {option('target_column')}"
            )

    def records(self) -> Iterator[Record]:
        """Yield the pairs from the first one; each call starts again."""
        for record in self.rows.records():
            values = record.values
            pair = {SOURCE: values.get(self.source_column)}
            if TARGET in self.columns:
                pair[TARGET] = values.get(self._to)
            yield record._replace(values={} if record.problem else pair)

    def _column(
        self,
        options: PairColumnOptions,
        name: str,
        usual_names: Sequence[str],
        usual: Sequence[str],
    ) -> str | None:
        """Return the requested column, by name or number, or one with a usual name."""
        names = self.rows.columns
        requested: str | None = getattr(options, name)
        if requested is None and (own := columns.learnt_column(self.rows, options, name)):
            return own
        if requested is None:
            return next(iter(usual), None) or columns.find_column(names, usual_names)
        if requested not in names:
            wanted = (*usual, *usual_names)
            named = columns.named_instead(names, options, name, wanted)
            if named is not None:
                return named
        if requested not in names and requested.isdecimal() and 1 <= int(requested) <= len(names):
            return names[int(requested) - 1]
        return columns.require_column(self.rows, requested, name)

    def _log_choice(
        self, column: str, options: PairColumnOptions, name: str, usual: Sequence[str]
    ) -> None:
        """Log a column that was not requested by its name for this source."""
        requested = getattr(options, name)
        if requested is None and options.named_columns.get(name) not in (None, column):
            columns.log_guess(self.rows, options, name.removesuffix("_column"), column)
            return
        if requested is None and (self.rows.fixed_columns or usual):
            return
        if requested is None or (is_inherited(options, name) and column != requested):
            logger.info(
                "%s: %s is the %s (chosen; set %s)",
                *(self.name, quoted(column), name.replace("_", " "), option(name)),
            )
