"""Sources of FASTA and FASTQ files: a record of a file is a row."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from toolkit.data.columns import find_column, require_column
from toolkit.data.labelled.columns import CLASS_NAMES
from toolkit.data.options import table_format
from toolkit.data.sources.folder import PARTS, files_below
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.open import open_source
from toolkit.data.sources.source import Record, Source
from toolkit.data.strands.options import StrandColumnOptions
from toolkit.data.strands.records import FASTA, FASTQ, StrandRecord, is_strand_file, read_records
from toolkit.errors import DataError, count, quoted, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The usual names of the column of names in a table of labels.
NAME_COLUMNS = ("name", "id", "record", "seqid", "sequence_id", "accession")
#: What stands before a label in headers, in the order in which it is guessed.
SEPARATORS = ("label=", "class=", "|", " ")


def open_strands(data: object, part: str | None, options: StrandColumnOptions) -> Source:
    """Open strands of any supported kind.

    Args:
        data: The path of a FASTA or FASTQ file, plain or gzipped; several such paths with commas
            between, or a folder of them, one for each class; a folder with a sub-folder of such
            files for each class; or anything that ``toolkit.data.open_source`` opens.
        part: ``train`` or ``test``: the part to read of data in parts.
        options: The columns, and where the labels of FASTA and FASTQ records are.

    Raises:
        DataError: The data does not exist or is of an unsupported kind, or it is not clear where
            its labels are.
    """
    if isinstance(data, str | os.PathLike):
        paths = _paths(os.fspath(data), part)
        if paths:
            return StrandSource(os.fspath(data), paths, options)
    return open_source(data, part, table_format(options))


def _paths(data: str, part: str | None) -> list[tuple[Path, str | None]]:
    """Return the FASTA and FASTQ files of a path, each with its class if that is known."""
    path = Path(data)
    if os.path.isdir(data):
        return _in_folder(path, part)
    if is_strand_file(path) and ("," not in data or os.path.isfile(data)):
        if not os.path.isfile(data):
            raise DataError(f"there is no file {data}")
        return [(path, None)]
    several = [Path(each.strip()) for each in data.split(",")]
    if len(several) > 1 and all(map(is_strand_file, several)):
        if missing := [str(each) for each in several if not each.is_file()]:
            raise DataError(f"there is no file {missing[0]}")
        return [(each, _class_of(each)) for each in several]
    return []


def _in_folder(path: Path, part: str | None) -> list[tuple[Path, str | None]]:
    """Return the FASTA and FASTQ files of a folder; none if it has others only."""
    names = natural_order(name for name in os.listdir(path) if not name.startswith("."))
    if (path / (part or "")).is_dir() and {*names} & {*PARTS} and part in names:
        logger.info("%s is read", path / part)
        return _in_folder(path / part, None)
    files = [path / name for name in names if is_strand_file(path / name)]
    folders = [path / name for name in names if (path / name).is_dir()]
    of_folders = [
        (folder / name, folder.name)
        for folder in folders
        for name in files_below(folder)
        if is_strand_file(folder / name)
    ]
    if all(file.parent.parent != path for file, _ in of_folders):
        of_folders = []  # the folders of classes are further down
    if parts := [folder for _, folder in of_folders if folder in PARTS]:
        raise DataError(
            f"{path} comes in parts; give one of the folders in it: "
            f"{shorten([*dict.fromkeys(parts)])}"
        )
    if files and of_folders:
        raise DataError(
            f"{path} has files of strands ({files[0].name}) beside folders of them "
            f"({of_folders[0][1]}/); give a file, or a folder, for each class"
        )
    return [*of_folders, *((file, _class_of(file)) for file in files)]


def _class_of(path: Path) -> str:
    """Return the class that a file is named after."""
    name = path.name
    for ending in (".gz", *FASTA, *FASTQ):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


class StrandSource:
    """The records of FASTA and FASTQ files; the label is in the header, in a table, or the file's.

    ::

        >s1 label=donor     >s1|donor     >s1 donor     ->     {"text": "ACGT", "label": "donor",
        ACGT                ACGT          ACGT                  "name": "s1"}

    The labels are looked for by ``find_labels``; before, only the names of files are labels.

    Args:
        name: The name of the source.
        paths: The files, each with its class if the file names it.
        options: Where the labels are, if not.

    Attributes:
        labels_from: Where the labels are, for messages.
    """

    columns = ("text", "label", "name")
    fixed_columns = True

    def __init__(
        self,
        name: str,
        paths: Sequence[tuple[Path, str | None]],
        options: StrandColumnOptions,
    ) -> None:
        self.name = name
        self.labels_from = "the names of the files"
        self._paths = paths
        self._options = options
        self._table: Mapping[str, object] | None = None
        self._separator: str | None = None

    def find_labels(self) -> None:
        """Find where the labels are: read the table of labels, or choose what is before a label.

        Raises:
            DataError: The first file has no record, or the table of labels cannot be read.
        """
        first = next(read_records(self._paths[0][0]))
        if self._options.label_file is not None:
            self._table = _label_table(self._options.label_file, self._options)
            self.labels_from = self._options.label_file
        elif self._paths[0][1] is None:
            self._choose_separator(first)

    def _choose_separator(self, first: StrandRecord) -> None:
        """Choose what stands before the label in headers."""
        self.labels_from = "the headers"
        self._separator = self._separator or self._options.header_separator
        if self._separator is None:
            self._separator = next((s for s in SEPARATORS if _after(first.header, s)), None)
            if self._separator is not None:
                logger.info(
                    "%s: the label is what follows %r in a header, such as %s (guessed; set %s)",
                    *(self.name, self._separator, quoted(self._label(first, None))),
                    option("header_separator"),
                )

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        row = 0
        for path, label in self._paths:
            for record in read_records(path):
                row += 1
                place = record.place if len(self._paths) == 1 else f"{path}, {record.place}"
                if record.problem is not None:
                    yield Record(row, {}, place, record.problem)
                    continue
                values = {"text": record.strand, "label": self._label(record, label)}
                yield Record(row, values | {"name": record.name}, place)

    def _label(self, record: StrandRecord, label: str | None) -> object:
        """Return the label of a record; None if it has none."""
        if self._table is not None:
            return self._table.get(record.name)
        if label is not None or self._separator is None:
            return label
        return _after(record.header, self._separator)


def _after(header: str, separator: str) -> str | None:
    """Return what follows the last separator in a header.

    If that is ``key=``, the label ends at white space, or before the next key. A space separates
    the label only if the header has two words.
    """
    if separator == " " and len(header.split()) != 2:
        return None
    _, found, label = header.rpartition(separator)
    if separator.endswith("="):
        label = re.split(r"\s|[;,|](?=\w+=)", label, maxsplit=1)[0].rstrip(";,|")
    return label.strip() if found and label.strip() else None


def _label_table(path: str, options: StrandColumnOptions) -> dict[str, object]:
    """Return the labels in a table by the names of records.

    Raises:
        DataError: The table cannot be read, or has a name twice with different labels.
    """
    source = open_source(path, None, table_format(options))
    names = find_column(source.columns, NAME_COLUMNS) or source.columns[0]
    others = [column for column in source.columns if column != names]
    if options.label_column is not None:
        labels = require_column(source, options.label_column, "label_column")
    elif len(others) == 1:
        labels = others[0]
    elif (guess := find_column(others, CLASS_NAMES)) is not None:
        labels = guess
    else:
        raise DataError(
            f"{source.name}: which column holds the labels? set {option('label_column')} to one "
            f"of: {shorten(others)}"
        )
    table: dict[str, object] = {}
    for record in source.records():
        if record.problem is not None:
            raise DataError(f"{source.name}, {record.place}: {record.problem}")
        name, label = str(record.values.get(names)), record.values.get(labels)
        if table.setdefault(name, label) != label:
            raise DataError(
                f"{source.name}, {record.place}: {quoted(name)} has two labels, "
                f"{quoted(table[name])} and {quoted(label)}"
            )
    logger.info("%s: labels of %s", source.name, count(len(table), "record"))
    return table
