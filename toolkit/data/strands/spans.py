"""Strands with marked spans: FASTA files beside BED or GFF3 files."""

import logging
from collections import Counter
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


def spans_beside(path: Path) -> list[Path]:
    """Return the BED and GFF3 files beside a FASTA file that differ in their ending alone."""
    lower = path.name.lower().removesuffix(".gz")
    stems = [path.name[: len(lower) - len(end)] for end in FASTA if lower.endswith(end)]
    names = [
        stem + ending + packed for stem in stems for ending in BED + GFF for packed in ("", ".gz")
    ]
    return [path.with_name(name) for name in names if path.with_name(name).is_file()]


def marked_paths(data: str) -> tuple[Path, Path | None] | None:
    """Return the FASTA file that a path names, and the file of spans if it names that as well.

    Args:
        data: The path of a FASTA file, or that, a comma and the path of a BED or GFF3 file.

    Returns:
        The two files, the second None if it is not named; None if the path names no FASTA file.

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
        return paths[0], None
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

    A record without a span has no entities. The spans are read by ``check_spans``, and held in
    memory; before, no record has entities.

    Args:
        strands: The FASTA or FASTQ file.
        spans: The BED or GFF3 file; None for the one beside ``strands``.
        labels: The labels that are read; none for all.
    """

    columns: tuple[str, ...] = ("text", "entities", "name")
    fixed_columns = True

    def __init__(self, strands: Path, spans: Path | None, labels: Sequence[str] = ()) -> None:
        self.name = str(strands)
        self._strands, self._file, self._labels = strands, spans, labels
        self._spans: Mapping[str, list[StrandSpan]] = {}

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, record in enumerate(read_records(self._strands), 1):
            if record.problem is not None:
                yield Record(row, {}, record.place, record.problem)
                continue
            entities = [
                {"start": span.start, "end": span.end, "label": span.label}
                for span in self._spans.get(record.name, ())
            ]
            values = {"text": record.strand, "entities": entities, "name": record.name}
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
        """Read the spans, and check that they are those of the records of the FASTA file.

        Raises:
            DataError: There are none, or none of these records; a line cannot be read; several
                files are beside the FASTA file; or several records have the name of one with spans.
        """
        if self._file is None:
            self._file = self._beside()
        if not self._spans:
            self._spans = read_spans(self._file, self._labels)
        names = Counter(record.name for record in read_records(self._strands))
        if repeated := [name for name in self._spans if names[name] > 1]:
            raise DataError(
                f"{self.name} has several records of the name {shorten(repeated, most=3)}, so that "
                f"it is not clear which has the spans of {self._file}; give each its own name"
            )
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

    def _beside(self) -> Path:
        """Return the file of spans beside the FASTA file."""
        found = spans_beside(self._strands)
        if not found:
            raise DataError(
                f"{self.name} has no spans; put a BED or GFF3 file beside it that differs in its "
                f"ending alone, or give one after a comma: {self.name},spans.bed"
            )
        if len(found) > 1:
            names = shorten([each.name for each in found])
            raise DataError(
                f"{self.name} has several files of spans beside it: {names}; choose one by "
                f"{self.name},{found[0]}"
            )
        logger.info("%s: spans from %s", self.name, found[0])
        return found[0]


def read_spans(path: Path, labels: Sequence[str] = ()) -> dict[str, list[StrandSpan]]:
    """Return the spans of a BED or GFF3 file by the names of their records, in the file's order.

    BED counts places from 0 and has exclusive ends; GFF3 counts from 1 and has inclusive ends. The
    label is the name in the fourth column of BED, or ``span`` if there is none; the type in the
    third column of GFF3.

    Args:
        path: The file.
        labels: The labels that are read, of both strands unless they end with ``OPPOSITE``; none
            for all.

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
        if not text.strip() or text.startswith("#") or text.split()[0] in ("track", "browser"):
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
        if labels and not {label, label.removesuffix(OPPOSITE)} & {*labels}:
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
