"""Options of the columns of labelled texts."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.options import RowOptions


@dataclass(kw_only=True)
class ColumnOptions(RowOptions):
    """The columns of texts, labels and groups, and how their values are read.

    Args:
        text_column: The column of the texts; guessed, and logged, when not given.
        label_column: The column of the labels; guessed, and logged, when not given.
        group_column: The column of groups; a split never divides rows with equal values, such as
            reviews of one film.
        target: What a label is: one of several classes, several labels at once (a list, or one
            string separated by ``label_separator``), or a number to predict.
        label_separator: The separator of several labels in one field.
        label_rule: How numbers become classes, as ``name:condition`` parts separated by commas,
            for example ``neg:<=4,pos:>=7``; rows that match no part are skipped, and counted.
    """

    FIXED: ClassVar[tuple[str, ...]] = ("target",)

    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    target: Literal["classes", "labels", "number"] = "classes"
    label_separator: str = "|"
    label_rule: str | None = None
