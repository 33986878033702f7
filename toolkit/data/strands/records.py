"""The records of FASTA and FASTQ files, plain or gzipped, read as a stream."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toolkit.data.sources.lines import read_lines
from toolkit.errors import DataError, count, quoted

#: The endings of files in these formats, each also with ``.gz``.
FASTA = (".fa", ".fasta", ".fna", ".ffn", ".frn", ".fas", ".fsa")
FASTQ = (".fq", ".fastq")

#: The number of characters that are read of a line at once: a chromosome may stand on one line.
_PIECE = 1 << 20


class StrandRecord(NamedTuple):
    """A record of a FASTA or FASTQ file.

    Attributes:
        name: The first word of its header.
        header: The header, without ``>`` or ``@``.
        strand: The strand, without white space and without a ``*`` at its end.
        line: The number of the header's line, from 1.
        problem: Why the record cannot be read, or None.
    """

    name: str
    header: str
    strand: str
    line: int
    problem: str | None = None

    @property
    def place(self) -> str:
        """The place of the record, for messages."""
        return f"record {quoted(self.name)} (line {self.line})"


def is_strand_file(path: Path) -> bool:
    """Return whether the name of a file ends as those of FASTA or FASTQ files."""
    return path.name.lower().removesuffix(".gz").endswith(FASTA + FASTQ)


def read_records(path: Path) -> Iterator[StrandRecord]:
    r"""Yield the records of a FASTA or FASTQ file.

    ::

        >s1 a donor     ; a comment         @s1 a donor
        ACGTnn                              ACGTN
        NNACGT*                             +
                                            IIII#

    A FASTA strand may have several lines. Blank lines, lines of comments, which begin with ``;``,
    and white space within a strand are left out.

    Raises:
        DataError: The file cannot be read, is empty, or does not begin with a header.
    """
    is_fastq = path.name.lower().removesuffix(".gz").endswith(FASTQ)
    empty = True
    for record in _fastq(path) if is_fastq else _fasta(path):
        empty = False
        if not (record.strand or record.problem):
            record = record._replace(problem="the record has a header, but no strand")
        yield record
    if empty:
        raise DataError(f"{path} is empty; it should have records that begin with a header")


def _fasta(path: Path) -> Iterator[StrandRecord]:
    header, line = "", 0
    parts: list[str] = []
    for number, text in _lines(path):
        if text.startswith(">"):
            if line:
                yield _record(header, parts, line)
            header, parts, line = text[1:], [], number
        elif line:
            parts.append(text)
        else:
            raise DataError(
                f"{path}, line {number}: a header should stand before the strand, a line such as "
                f">name label; the line begins with {quoted(text[:20])}"
            )
    if line:
        yield _record(header, parts, line)


def _record(header: str, parts: list[str], line: int) -> StrandRecord:
    """Return a record of FASTA."""
    strand = "".join("".join(parts).split())
    return StrandRecord(_name(header), header.strip(), strand.removesuffix("*"), line)


def _fastq(path: Path) -> Iterator[StrandRecord]:
    lines = _lines(path, blanks=True)
    for number, header in lines:
        if not header.strip():
            continue
        if not header.startswith("@"):
            raise DataError(
                f"{path}, line {number}: a FASTQ record begins with @ and its name, not with "
                f"{quoted(header[:20])}"
            )
        strand = qualities = ""
        for _, text in lines:
            if text.startswith("+"):
                break
            strand += text.strip()
        else:
            problem = "the record has no line + and no qualities; is the file complete?"
            yield StrandRecord(_name(header[1:]), header[1:], strand, number, problem)
            return
        while len(qualities) < len(strand):
            following = next(lines, None)
            if following is None:
                break
            qualities += following[1].strip()
        record = StrandRecord(_name(header[1:]), header[1:].strip(), strand, number)
        if len(qualities) != len(strand):
            sizes = f"{count(len(strand), 'base')} and {len(qualities):,} qualities"
            record = record._replace(problem=f"the record has {sizes}; is the file complete?")
        yield record


def _name(header: str) -> str:
    """Return the first word of a header."""
    return next(iter(header.split(maxsplit=1)), "")


def _lines(path: Path, blanks: bool = False) -> Iterator[tuple[int, str]]:
    """Yield lines, or pieces of long ones, with their numbers; without comments, unless ``blanks``.

    Args:
        path: The file.
        blanks: Whether blank lines and lines that begin with ``;`` are lines like others.
    """
    number, begins, skipping = 1, True, False
    for piece in read_lines(path, newline="\n", piece=_PIECE):
        ends = piece.endswith("\n")
        text = piece.rstrip("\r\n")
        if begins:
            skipping = not blanks and (text.startswith(";") or not text.strip())
        if not skipping:
            yield number, text
        begins = ends
        number += ends
