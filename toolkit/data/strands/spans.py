"""Strands with marked spans: FASTA files beside BED or GFF3 files."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.source import Record
from toolkit.data.strands.records import FASTA, StrandRecord, is_strand_file, read_records
from toolkit.errors import DataError, count, quoted, shorten

logger = logging.getLogger("toolkit")

#: The endings of files in these formats, each also with ``.gz``.
BED = (".bed",)
GFF = (".gff3", ".gff")

#: What follows the label of a span on the opposite strand.
OPPOSITE = "(-)"


class StrandSpan(NamedTuple):
    """A line of a BED or GFF3 file.

    Attributes:
        start: The place of its first base, from 0.
        end: The place after its last base.
        label: Its label; that of a span on the opposite strand ends with ``OPPOSITE``.
        line: The number of its line, from 1.
    """

    start: int
    end: int
    label: str
    line: int


def spans_beside(path: Path) -> Path | None:
    """Return the BED or GFF3 file beside a FASTA file that differs in its ending alone, if any.

    Raises:
        DataError: There are several.
    """
    stem = path.name.removesuffix(".gz")
    stem = stem[: -len(next(e for e in FASTA if stem.lower().endswith(e)))]
    names = [stem + ending + packed for ending in BED + GFF for packed in ("", ".gz")]
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    if len(found) > 1:
        names = [each.name for each in found]
        raise DataError(
            f"{path} has several files of spans beside it: {shorten(names)}; choose one by "
            f"{path},{found[0]}"
        )
    return found[0] if found else None


def marked_paths(data: str) -> tuple[Path, Path | None] | None:
    """Return the FASTA file and the file of spans that a path names, or None if it names none.

    Args:
        data: The path of a FASTA file, or that, a comma and the path of a BED or GFF3 file.

    Raises:
        DataError: A file is missing, or two files are not one of each.
    """
    paths = [Path(each.strip()) for each in data.split(",")]
    if not is_strand_file(paths[0]) or len(paths) > 2:
        return None
    for path in paths:
        if not path.is_file():
            raise DataError(f"there is no file {path}")
    if len(paths) == 1:
        beside = spans_beside(paths[0]) if _ends(paths[0], FASTA) else None
        if beside is not None:
            logger.info("%s: spans from %s", paths[0], beside)
        return paths[0], beside
    if not _ends(paths[1], BED + GFF):
        raise DataError(
            f"{paths[1]} is no file of spans; after the comma there should be one of BED or GFF3"
        )
    return paths[0], paths[1]


class MarkedStrands:
    """The records of a FASTA file with their spans, as texts with entities.

    ::

        >s1             s1  3  7  exon  0  +            {"text": "TAGCCCCAG", "name": "s1",
        TAGCCCCAG       (BED; GFF3: s1 . exon 4 7)  ->   "entities": [{"start": 3, "end": 7,
                                                          "label": "exon"}]}

    A record without a span has no entities. The spans are held in memory.

    Args:
        strands: The FASTA or FASTQ file.
        spans: The BED or GFF3 file; None for unlabelled data, whose records have no entities.
        labels: The labels that are read; none for all.

    Raises:
        DataError: A line of the file of spans cannot be read.
    """

    fixed_columns = False

    def __init__(self, strands: Path, spans: Path | None, labels: Sequence[str] = ()) -> None:
        self.name = str(strands)
        self.columns: tuple[str, ...] = ("text", "name")
        self._strands, self._file = strands, spans
        self._spans: Mapping[str, list[StrandSpan]] = {}
        if spans is not None:
            self.columns = ("text", "entities", "name")
            self._spans = read_spans(spans, labels)

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, record in enumerate(read_records(self._strands), 1):
            if record.problem is not None:
                yield Record(row, {}, record.place, record.problem)
                continue
            values: dict[str, object] = {"text": record.strand, "name": record.name}
            if self._file is not None:
                values["entities"] = [
                    {"start": span.start, "end": span.end, "label": span.label}
                    for span in self._spans.get(record.name, ())
                ]
            yield Record(row, values, record.place, doubt=self._problem(record))

    def _problem(self, record: StrandRecord) -> str | None:
        """Return which span is not within a record, or None."""
        for span in self._spans.get(record.name, ()):
            if span.end > len(record.strand):
                return (
                    f"the span {quoted(span.label)} of {self._file}, line {span.line}, ends at "
                    f"{span.end:,}, but the record has {count(len(record.strand), 'base')}"
                )
        return None

    def check_spans(self) -> None:
        """Check that there are spans, and of the records of the FASTA file.

        Raises:
            DataError: There are none, or none of these records.
        """
        if self._file is None:
            raise DataError(
                f"{self.name} has no spans; put a BED or GFF3 file beside it that differs in its "
                f"ending alone, or give one after a comma: {self.name},spans.bed"
            )
        names = dict.fromkeys(record.name for record in read_records(self._strands))
        if not (missing := [name for name in self._spans if name not in names]):
            return
        few = shorten([*names], most=3)
        if len(missing) == len(self._spans):
            raise DataError(
                f"{self._file} has spans of other records ({shorten(missing, most=3)}) than "
                f"{self.name} has ({few})"
            )
        logger.warning(
            "%s: spans of %s that %s does not have are left out: %s",
            *(self._file, count(len(missing), "record"), self.name, shorten(missing, most=3)),
        )


def read_spans(path: Path, labels: Sequence[str] = ()) -> dict[str, list[StrandSpan]]:
    """Return the spans of a BED or GFF3 file by the names of their records, in the file's order.

    BED counts places from 0 and has exclusive ends; GFF3 counts from 1 and has inclusive ends. The
    label is the name in the fourth column of BED, or ``span`` if there is none; the type in the
    third column of GFF3.

    Args:
        path: The file.
        labels: The labels that are read; none for all.

    Raises:
        DataError: A line is none of the format, or there are no spans.
    """
    parse = _bed if _ends(path, BED) else _gff
    spans: dict[str, list[StrandSpan]] = {}
    others: dict[str, int] = {}
    for number, line in enumerate(read_lines(path, newline="\n"), 1):
        text = line.rstrip("\r\n")
        if text.startswith("##FASTA"):
            break
        if not text.strip() or text.startswith(("#", "track", "browser")):
            continue
        try:
            name, start, end, label = parse(text.split("\t") if "\t" in text else text.split())
        except (ValueError, IndexError):
            raise DataError(
                f"{path}, line {number}: {_expected(path)}; it is {quoted(text)}"
            ) from None
        if not 0 <= start < end:
            raise DataError(
                f"{path}, line {number}: a span from {start:,} to {end:,} has no base; "
                f"{_expected(path)}"
            )
        if labels and label.removesuffix(OPPOSITE) not in labels:
            others[label] = others.get(label, 0) + 1
            continue
        spans.setdefault(name, []).append(StrandSpan(start, end, label, number))
    if not spans:
        raise DataError(
            f"{path} has no spans"
            + (f" with the label {shorten(labels)}; it has {shorten([*others])}" if others else "")
        )
    return spans


def _bed(fields: Sequence[str]) -> tuple[str, int, int, str]:
    """Return the name, start, end and label of a line of BED."""
    label = fields[3] if len(fields) > 3 and fields[3] not in (".", "") else "span"
    strand = fields[5] if len(fields) > 5 else "."
    return fields[0], int(fields[1]), int(fields[2]), label + OPPOSITE * (strand == "-")


def _gff(fields: Sequence[str]) -> tuple[str, int, int, str]:
    """Return the name, start, end and label of a line of GFF3."""
    name, _, label, start, end, _, strand = fields[:7]
    return name, int(start) - 1, int(end), label + OPPOSITE * (strand == "-")


def _expected(path: Path) -> str:
    """Return what a line of a file should be, for a message."""
    if _ends(path, BED):
        return "a line of BED has a name, a start from 0 and an end after it, with tabs between"
    return (
        "a line of GFF3 has nine columns with tabs between; its start is from 1, its end inclusive"
    )


def _ends(path: Path, endings: tuple[str, ...]) -> bool:
    """Return whether the name of a file ends with one of these, or these and ``.gz``."""
    return path.name.lower().removesuffix(".gz").endswith(endings)
