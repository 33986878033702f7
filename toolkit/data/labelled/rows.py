"""The base class of readers of labelled rows."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from toolkit.data.bad_rows import BadRowError, CheckedRows
from toolkit.data.columns import log_guess, named_columns
from toolkit.data.labelled.reader import LabelReader
from toolkit.data.labels import Label, LabelEncoder
from toolkit.data.options import LabelOptions, split_names
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.errors import quoted

logger = logging.getLogger("toolkit")


class LabelledExample(Protocol):
    """An example with a label, a group and a place."""

    @property
    def label(self) -> Label:
        """Its label; None in unlabelled data."""

    @property
    def group(self) -> str | None:
        """The group that a split must not divide."""

    @property
    def place(self) -> str:
        """The place in the source, for messages."""


E = TypeVar("E", bound=LabelledExample)


class LabelledRows(CheckedRows, ABC, Generic[E]):
    """Base class of readers of examples that have a label; each iteration reads them again.

    A bad row stops reading with an error that has its place and the reason, or is skipped and
    counted with ``skip_bad_rows``. Unlabelled data, for prediction, gives an example for every row,
    bad rows with their ``problem`` and an empty content, so that answers correspond to rows.

    A kind of data has its ``EXAMPLE``, reads the content of a row (``_read``, ``_nothing``) and
    gives the bytes of it (``content``). Its constructor chooses ``label_column`` and
    ``group_column``.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        for_prediction: Whether each row gets an example; None for unlabelled data alone.

    Attributes:
        label_column: The column of the labels; None in unlabelled data.
        group_column: The column of the groups, if they are read.
        group_is_guessed: Whether it was not chosen by the user. Rows without a value are then a
            group, and a single group is none.
        rows: The number of rows of the latest iteration.
        bad_rows: The number of bad rows among them.
        outside_rule: The number of rows of the latest iteration that match no part of the label
            rule.
        problems: The first problem of each kind, by its place.

    Raises:
        DataError: In an iteration, a row is bad, or no row can be used.
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty.
    """

    COLUMN_OPTIONS: ClassVar[Sequence[str]] = ("label_column",)
    #: Makes an example of row, content, label, group, place and problem; all but the first two have
    #: a default.
    EXAMPLE: ClassVar[Callable[..., Any]]

    label_column: str | None = None
    group_column: str | None = None
    group_is_guessed = False

    def __init__(
        self,
        source: Source,
        options: LabelOptions,
        labelled: bool = True,
        for_prediction: bool | None = None,
    ) -> None:
        self._labels = LabelReader(options)
        super().__init__(source, labelled, options)
        if for_prediction is not None:
            self.for_prediction = for_prediction
        self.options = options
        self.outside_rule = 0
        self._logged_outside_rule = 0
        self._logged_columns = source.fixed_columns

    @abstractmethod
    def content(self, example: E) -> bytes:
        """Return the text or series of an example as bytes, for a checksum."""

    @abstractmethod
    def _read(self, record: Record) -> Any:
        """Return the content of a record that can be read.

        Raises:
            BadRowError: It cannot be used.
        """

    @abstractmethod
    def _nothing(self) -> Any:
        """Return the content in the place of one that cannot be read."""

    @abstractmethod
    def _guesses(self) -> Mapping[str, str | None]:
        """Return the columns by what they hold, such as ``text``, for the log of those guessed."""

    def __iter__(self) -> Iterator[E]:
        self._log_columns()
        good = self.outside_rule = 0
        for record in self.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                if self.for_prediction:
                    problem = f"{record.place}: {error}"
                    yield type(self).EXAMPLE(
                        record.row, self._nothing(), place=record.place, problem=problem
                    )
                continue
            if example is None:
                self.outside_rule += 1
                continue
            good += 1
            yield example
        self._log_outside_rule()
        self.finish(good)

    def known(self, encoder: LabelEncoder) -> "KnownExamples[E]":
        """Return the examples whose class the encoder knows; others are bad rows.

        While they are read, a ``DataError`` is raised if a row is bad, or no row can be used.
        """
        return KnownExamples(self.source, partial(self._known, encoder))

    def _known(self, encoder: LabelEncoder) -> Iterator[E]:
        good = 0
        for example in self:
            problem = encoder.check(example.label)
            if problem is None:
                good += 1
                yield example
            else:
                self.reject(example.place, problem)
        if not good:
            raise self.no_usable_rows()

    @property
    def named_columns(self) -> Mapping[str, str]:
        """The columns that options do not give by their names, by option, for a run to keep."""
        chosen = {f"{what}_column": column for what, column in self._guesses().items()}
        if self.options.label_columns is not None:
            del chosen["label_column"]
        return {
            **named_columns(self.source, self.options, chosen),
            **getattr(self.source, "named_columns", {}),
        }

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns of the labels: one, or one for each label; none in unlabelled data."""
        if self.label_column is None:
            return ()
        if self.options.label_columns is None or self.source.fixed_columns:
            return (self.label_column,)
        return split_names(self.label_column)

    @property
    def label_place(self) -> str:
        """The place of the labels, for messages."""
        if self.source.fixed_columns or self.label_column is None:
            return self.source.name
        return f"{self.source.name}, column {quoted(self.label_column)}"

    def _example(self, record: Record) -> E | None:
        """Return the example of a record; None if its number matches no part of the label rule."""
        if record.problem is not None:
            raise BadRowError(record.problem)
        content = self._read(record)
        if not self.labelled:
            return type(self).EXAMPLE(record.row, content, place=record.place)
        if self.options.label_columns is not None and not self.source.fixed_columns:
            values = {column: record.values.get(column) for column in self.label_columns}
            label = self._labels.chosen(values)
        else:
            label = self._labels.label(
                record.values.get(self.label_column or ""), self.label_column
            )
        if label is None:
            return None
        group = None
        if self.group_column is not None:
            value = record.values.get(self.group_column)
            if not (self.group_is_guessed and is_missing(value)):
                group = self._labels.group(value, self.group_column)
        return type(self).EXAMPLE(record.row, content, label, group, record.place)

    def _log_columns(self) -> None:
        """Log the guessed columns, at the beginning of the first iteration."""
        if self._logged_columns:
            return
        self._logged_columns = True
        for what, column in self._guesses().items():
            name = f"{what}_column"
            given = {getattr(self.options, name), getattr(self.options, f"{name}s", None)}
            if given == {None} and column is not None:
                log_guess(self.source, self.options, what, column)

    def _log_outside_rule(self) -> None:
        """Log the number of rows that match no part of the label rule, once for all iterations."""
        if self.outside_rule and self._logged_outside_rule != self.outside_rule:
            self._logged_outside_rule = self.outside_rule
            logger.info(
                "%s: %d rows left out that no part of the label rule takes",
                *(self.source.name, self.outside_rule),
            )


class KnownExamples(Iterable[E]):
    """The examples of a source whose class is known; each iteration reads them again.

    Args:
        source: The source of their rows.
        examples: Reads the examples.
    """

    def __init__(self, source: Source, examples: Callable[[], Iterator[E]]) -> None:
        self.source = source
        self._examples = examples

    def __iter__(self) -> Iterator[E]:
        return self._examples()
