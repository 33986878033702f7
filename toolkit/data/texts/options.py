"""Options of the columns of labelled texts."""

from dataclasses import dataclass

from toolkit.data.options import LabelOptions


@dataclass(kw_only=True)
class ColumnOptions(LabelOptions):
    """The column of the texts.

    Args:
        text_column: The column of the texts; guessed, and logged, when not given.
    """

    text_column: str | None = None
