"""Examples of labelled strands, read and checked row by row."""

from collections.abc import Iterator
from typing import Any

from toolkit.data.bad_rows import BadRowError
from toolkit.data.columns import find_column, learnt_column
from toolkit.data.labelled.columns import label_column
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.strands.letters import LetterCheck
from toolkit.data.strands.source import StrandSource
from toolkit.data.texts.examples import Example, TextExamples
from toolkit.options import option
from toolkit.text.bases import either_strand

STRAND_NAMES = ("sequence", "seq", "strand", "dna", "rna", "nucleotides", "bases")


class StrandExamples(TextExamples):
    """The examples of a source of strands; each iteration reads them again.

    They are read as those of ``TextExamples``. White space within a strand is left out. A strand of
    which more than a tenth are no nucleotides, such as a protein, is a bad row. Fewer such
    letters are kept, as places without a base, and their number is logged. Without a column of
    groups, equal strands are a group, and so are a strand and the opposite one.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.

    Attributes:
        letters: The letters that are no nucleotides.

    Raises:
        DataError: As ``TextExamples``.
        OptionError: As ``TextExamples``.
    """

    def __init__(
        self, source: Source, options: Any, labelled: bool = True, grouped: bool = True
    ) -> None:
        if labelled and isinstance(source, StrandSource):
            source.find_labels()
        super().__init__(source, options, labelled, grouped)
        usual = learnt_column(source, options, "text_column")
        usual = usual or find_column(source.columns, STRAND_NAMES)
        if usual is not None and options.text_column is None and not source.fixed_columns:
            self.text_column = usual
            if labelled:
                others = {usual, options.group_column}
                self.label_column = label_column(source, options, others)
        self._equal_are_groups = labelled and grouped and self.group_column is None
        if self._equal_are_groups:
            self.group_column = self.text_column
        self.letters = LetterCheck()

    def __iter__(self) -> Iterator[Example]:
        self.letters.unknown.clear()
        yield from super().__iter__()
        self.letters.log(self.source.name)

    def _example(self, record: Record) -> Example | None:
        label = record.values.get(self.label_column or "")
        source = self.source if self.labelled and record.problem is None else None
        if isinstance(source, StrandSource) and is_missing(label):
            raise BadRowError(
                f"the record has no label in {source.labels_from}; say what stands before it "
                f"in a header by {option('header_separator')}, or give a table of names and labels "
                f"by {option('label_file')}"
            )
        example = super()._example(record)
        if example is None or not self._equal_are_groups:
            return example
        return example._replace(group=either_strand(example.text))

    def _read(self, record: Record) -> str:
        strand = "".join(super()._read(record).split())
        self.letters.check(strand)
        return strand
