"""Options of the texts of language models."""

from dataclasses import dataclass

from toolkit.data.options import RowOptions, inherit
from toolkit.data.texts.options import ColumnOptions


@dataclass(kw_only=True)
class StreamColumnOptions(RowOptions):
    """The columns of texts and conditions, and whether lines are texts.

    Args:
        text_column: The column of the texts of a table; guessed, and logged, when not given.
        lines: Whether each line of a plain text file is a separate text.
        condition_column: The column of the condition of each text of a table, such as its
            sentiment; text is then generated for a given condition.
    """

    text_column: str | None = None
    lines: bool = False
    condition_column: str | None = None


def text_columns(options: StreamColumnOptions) -> ColumnOptions:
    """Return the options of the texts of a table, with their conditions as labels."""
    columns = ColumnOptions(
        text_column=options.text_column,
        label_column=options.condition_column,
        skip_bad_rows=options.skip_bad_rows,
    )
    inherit(columns, options.inherited, {"named_columns": options.named_columns})
    return columns
