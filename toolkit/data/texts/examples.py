"""Examples of labelled texts, read and checked row by row."""

from collections.abc import Mapping
from typing import NamedTuple

from toolkit.data.bad_rows import BadRowError, utf8
from toolkit.data.labelled.columns import group_column, label_column
from toolkit.data.labelled.rows import LabelledRows
from toolkit.data.labels import Label
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.texts.columns import text_column
from toolkit.data.texts.options import ColumnOptions
from toolkit.errors import quoted


class Example(NamedTuple):
    """A text with its label.

    Attributes:
        row: The row in the source, from 1.
        text: The text.
        label: Its label; None in unlabelled data.
        group: The group that a split must not divide.
        place: The place in the source, for messages.
        problem: In unlabelled data, the place and the reason if the text cannot be read.
    """

    row: int
    text: str
    label: Label = None
    group: str | None = None
    place: str = ""
    problem: str | None = None


class TextExamples(LabelledRows[Example]):
    """The labelled texts of a source; see :class:`toolkit.data.labelled.rows.LabelledRows`.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        for_prediction: Whether each row gets an example; None for unlabelled data alone.

    Raises:
        DataError: A column does not exist or cannot be guessed; in an iteration, a row is bad, or
            no row can be used.
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty.
    """

    COLUMN_OPTIONS = ("text_column", "label_column")
    EXAMPLE = Example

    def __init__(
        self,
        source: Source,
        options: ColumnOptions,
        labelled: bool = True,
        grouped: bool = True,
        for_prediction: bool | None = None,
    ) -> None:
        super().__init__(source, options, labelled, for_prediction)
        self.text_column = text_column(source, options)
        if labelled:
            others = {self.text_column, options.group_column}
            self.label_column = label_column(source, options, others)
            self.group_column = group_column(source, options) if grouped else None

    def content(self, example: Example) -> bytes:
        """Return the text of an example as bytes, for a checksum."""
        return example.text.encode()

    def _read(self, record: Record) -> str:
        """Return the text of a record; in labelled data it is not empty."""
        value = record.values.get(self.text_column)
        self.note_text(value, record.place)
        text = _text(value, self.text_column)
        if self.labelled and not text.strip():
            raise BadRowError(f"the text in column {quoted(self.text_column)} is empty")
        return text

    def _nothing(self) -> str:
        """Return an empty text."""
        return ""

    def _guesses(self) -> Mapping[str, str | None]:
        """Return the columns of texts and labels."""
        return {"text": self.text_column, "label": self.label_column}


def _text(value: object, column: str) -> str:
    """Return a text as a string that can be encoded as UTF-8; empty if it is missing."""
    if is_missing(value):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise BadRowError(f"the text in column {quoted(column)} is {quoted(value)}, not a string")
    return utf8(value, f"the text in column {quoted(column)}")
