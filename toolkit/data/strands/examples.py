"""Examples of labelled strands, read and checked row by row."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from toolkit.data.bad_rows import BadRowError
from toolkit.data.columns import find_column
from toolkit.data.labels import Label
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.strands.source import StrandSource
from toolkit.data.texts import columns
from toolkit.data.texts.examples import Example, TextExamples
from toolkit.errors import count, quoted
from toolkit.options import option
from toolkit.text.bases import reverse_complement, unknown_letters

logger = logging.getLogger("toolkit")

STRAND_NAMES = ("sequence", "seq", "strand", "dna", "rna", "nucleotides", "bases")
#: A row with a larger share of letters that are no nucleotides is a bad row.
MOST_UNKNOWN = 0.1
#: Letters of proteins that are no nucleotides.
_PROTEIN = {*"EFILPQ"}


class StrandExamples(TextExamples):
    """The examples of a source of strands; each iteration reads them again.

    They are read as those of ``TextExamples``. White space within a strand is left out. A strand of
    which more than ``MOST_UNKNOWN`` are no nucleotides, such as a protein, is a bad row. Fewer such
    letters are kept, as places without a base, and their number is logged. Without a column of
    groups, equal strands are a group, and so are a strand and the opposite one.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.

    Attributes:
        unknown: How often each letter that is no nucleotide occurs in the strands of the latest
            iteration, bad rows left out.

    Raises:
        DataError: As ``TextExamples``.
        OptionError: As ``TextExamples``.
    """

    def __init__(
        self, source: Source, options: Any, labelled: bool = True, grouped: bool = True
    ) -> None:
        super().__init__(source, options, labelled, grouped)
        usual = find_column(source.columns, STRAND_NAMES)
        if usual is not None and options.text_column is None and not source.fixed_columns:
            self.text_column = usual
            if labelled:
                self.label_column = columns.label_column(source, options, usual)
        self._equal_are_groups = labelled and grouped and self.group_column is None
        if self._equal_are_groups:
            self.group_column = self.text_column
        self.unknown: Counter[str] = Counter()
        self._logged_unknown: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Example]:
        self.unknown.clear()
        yield from super().__iter__()
        self._log_unknown()

    def _example(self, record: Record) -> Example | None:
        example = super()._example(record)
        if example is None:
            return None
        strand = "".join(example.text.split())
        unknown = unknown_letters(strand)
        if unknown.total() > MOST_UNKNOWN * len(strand):
            protein = "; is it a protein?" if unknown.keys() & _PROTEIN else ""
            raise BadRowError(
                f"{unknown.total():,} of {count(len(strand), 'letter')} are no nucleotides "
                f"({_named(unknown)}){protein}"
            )
        self.unknown += unknown
        group = _either_strand(strand) if self._equal_are_groups else example.group
        return example._replace(text=strand, group=group)

    def _label(self, value: object) -> Label:
        if isinstance(self.source, StrandSource) and is_missing(value):
            raise BadRowError(
                f"the record has no label in {self.source.labels_from}; say what stands before it "
                f"in a header by {option('header_separator')}, or give a table of names and labels "
                f"by {option('label_file')}"
            )
        return super()._label(value)

    def _log_unknown(self) -> None:
        """Log the letters that are no nucleotides, once for all iterations."""
        if self.unknown and self.unknown != self._logged_unknown:
            self._logged_unknown = self.unknown.copy()
            logger.warning(
                "%s: %s that are no nucleotides (%s) are read as places without a base",
                *(self.source.name, count(self.unknown.total(), "letter"), _named(self.unknown)),
            )


def _either_strand(strand: str) -> str:
    """Return what a strand and the opposite one have in common."""
    strand = strand.upper().replace("U", "T")
    return min(strand, reverse_complement(strand))


def _named(letters: Counter[str], most: int = 6) -> str:
    """Return letters for a message, the most frequent first."""
    named = [letter if letter.isalnum() else quoted(letter) for letter, _ in letters.most_common()]
    return ", ".join(named[:most]) + (" ..." if len(named) > most else "")
