"""Options of the rows of labelled strands."""

from dataclasses import dataclass

from toolkit.data.texts.options import ColumnOptions


@dataclass(kw_only=True)
class StrandColumnOptions(ColumnOptions):
    """The columns of strands, labels and groups, and how their values are read.

    Args:
        text_column: The column of the strands in a table; guessed, and logged, when not given.
        header_separator: What stands before the label in the header of a FASTA or FASTQ record,
            such as ``|`` or ``label=``; guessed, and logged, when not given.
        label_file: A table with the name of each FASTA or FASTQ record and its
            label.
    """

    header_separator: str | None = None
    label_file: str | None = None
