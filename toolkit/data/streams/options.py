"""Options of the texts of language models."""

from dataclasses import dataclass

from toolkit.data.options import RowOptions


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
