"""Examples of entities: sentences with tags or texts with spans, read and checked row by row."""

import difflib
import logging
import operator
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from toolkit.data.bad_rows import BadRowError, CheckedRows, utf8
from toolkit.data.columns import named_columns
from toolkit.data.entities.columns import entity_columns
from toolkit.data.entities.formats.column_file import ColumnFileSource, comment_hint
from toolkit.data.entities.formats.rows import ANSWER, UNANNOTATED
from toolkit.data.entities.offset_counts import likely_counts
from toolkit.data.entities.open import open_entities
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.entities.spans import as_list, in_code_points, read_span
from toolkit.data.entities.tags import TagReader, string
from toolkit.data.sources.source import Record, is_missing
from toolkit.errors import DataError, count, quoted, shorten
from toolkit.options import option
from toolkit.tagging.schemes import OUTSIDE, TagError, split_tags, to_iob2
from toolkit.tagging.spans import Span

logger = logging.getLogger("toolkit")

#: A sentence with more tokens probably lacks blank lines between sentences; the longest sentences
#: of the usual corpora have about a hundred tokens.
MANY_TOKENS = 300


#: Why a labelled row is no example, by its answer.
_NO_EXAMPLE = {
    "reject": "whose answer is reject or ignore",
    "ignore": "whose answer is reject or ignore",
    UNANNOTATED: "that nobody has annotated",
}


class EntityExample(NamedTuple):
    """A sentence with tags, or a text with spans.

    Attributes:
        row: The row in the source, from 1.
        tokens: The tokens of a sentence.
        tags: Their tags, in IOB2; empty in unlabelled data.
        text: The text, if the source has texts; there are then no tokens.
        spans: Its entities in code points, in order.
        place: The place in the source, for messages.
        problem: In unlabelled data, the place and the reason if the row cannot be read whole.
    """

    row: int
    tokens: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str | None = None
    spans: tuple[Span, ...] = ()
    place: str = ""
    problem: str | None = None

    @property
    def labels(self) -> set[str]:
        """The labels of its entities."""
        tag_labels = {tag[2:] for tag in self.tags if tag != OUTSIDE}
        return tag_labels | {span.label for span in self.spans}


class EntityExamples(CheckedRows):
    """The examples of a source; each iteration reads them again.

    A bad row stops reading with an error that has its place and the reason, or is skipped and
    counted with ``skip_bad_rows``. Unlabelled data, for prediction, gives an example for every row,
    so that answers correspond to rows: bad rows have a ``problem``, and '' for bad tokens.

    White space at the ends of an entity is removed, an entity that is given twice is read once, and
    a text whose entities are missing has none. Offsets of Label Studio in UTF-16 units are
    converted. A labelled row whose ``answer`` is ``reject`` or ``ignore``, as Prodigy marks it, is
    left out, and so is one that nobody has annotated. How many there are of each is logged.

    Args:
        data: Any data that ``open_entities`` opens.
        options: The columns, and how their values are read.
        labelled: Whether to read tags or entities.
        labels: The labels that may occur; None allows any.

    Attributes:
        rows: The number of rows of the latest iteration.
        bad_rows: The number of bad rows among them.
        problems: The first problem of each kind, by its place.
        unknown_labels: The number of bad rows of the latest iteration by unknown label.

    Raises:
        DataError: A column does not exist or cannot be guessed; in an iteration, a row is bad, no
            row can be used, or, without ``labels``, no row has an entity.
    """

    #: What helps where entities overlap, as part of a message.
    overlap_remedy = ""

    def __init__(
        self,
        data: Any,
        options: EntityColumnOptions,
        labelled: bool = True,
        labels: Sequence[str] | None = None,
    ) -> None:
        source = open_entities(data, None, options)
        super().__init__(source, labelled, options)
        self.options = options
        self.labels = labels
        self.columns = entity_columns(source, options, labelled)
        self.unknown_labels: Counter[str] = Counter()
        self._tag_reader = TagReader(options, self._tag_values)
        self._warned_of_length = False
        self._counts: Counter[str] = Counter()
        self._logged_counts: Counter[str] = Counter()
        self._first_repaired = ""

    @property
    def named_columns(self) -> Mapping[str, str]:
        """The columns that options do not give by their names, by option, for a run to keep."""
        names = ("text_column", "entities_column")
        if not self.columns.texts:
            names = ("token_column", "tag_column")
        chosen = dict(zip(names, (self.columns.content, self.columns.marks), strict=True))
        return named_columns(self.source, self.options, chosen)

    @cached_property
    def scheme(self) -> str | None:
        """The scheme of the tags, found in one pass unless it is given; None for texts.

        Raises:
            DataError: The values are no tags.
        """
        if self.columns.texts or not self.labelled:
            return None
        try:
            return self._tag_reader.scheme
        except DataError as error:
            first = next((values for values in self._tag_values() if len(values)), [""])[0]
            names = option("tag_names", "O,B-PER,I-PER")
            numbers = f", or what numbers mean ({names})" if str(first).isdecimal() else ""
            raise DataError(
                f"{self.source.name}, column {quoted(self.columns.marks)}: {error}; name the "
                f"column of the tags ({option('tag_column')}){numbers}"
            ) from None

    def __iter__(self) -> Iterator[EntityExample]:
        scheme = self.scheme
        self.unknown_labels.clear()
        self._counts.clear()
        good = marked = 0
        for record in self.records():
            if (reason := self._reason_to_leave_out(record)) is not None:
                self._counts[reason] += 1
                continue
            try:
                example = self._example(record, scheme)
            except BadRowError as error:
                place = error.place or record.place
                self.reject(place, str(error))
                if self.for_prediction:
                    yield self._unreadable(record, f"{place}: {error}")
                continue
            good += 1
            marked += bool(example.labels)
            self._warn_of_length(example)
            yield example
        self._log_counts()
        self.finish(good)
        if self.labelled and not marked and self.labels is None:
            hints = [f"{place}: {problem}" for place, problem in self.problems.items()]
            if not self.columns.texts and len(self.source.columns) > 2:
                hints.append(f"{option('tag_column')} names another")
            raise DataError(
                f"{self.source.name} has no entities in column {quoted(self.columns.marks)}"
                f"{''.join(f'; {hint}' for hint in hints[:1])}"
            )

    def no_usable_rows(self) -> DataError:
        """Return the error that no row can be used, or that all rows are no examples."""
        error = super().no_usable_rows()
        for reason in _NO_EXAMPLE.values():
            if number := self._counts[reason]:
                return DataError(f"{error}; {count(number, self._example_name)} left out {reason}")
        return error

    def _example(self, record: Record, scheme: str | None) -> EntityExample:
        """Return the example of a record."""
        if record.problem is not None:
            raise BadRowError(record.problem)
        if self.columns.texts:
            text = self._text(record)
            spans = self._spans(record, text) if self.labelled else ()
            return EntityExample(record.row, text=text, spans=spans, place=record.place)
        tokens, problem = self._tokens(record)
        tags = () if scheme is None else self._tags(record, tokens, scheme)
        return EntityExample(record.row, tokens, tags, place=record.place, problem=problem)

    def _unreadable(self, record: Record, problem: str) -> EntityExample:
        """Return the example of a record of unlabelled data that cannot be read."""
        text = "" if self.columns.texts else None
        return EntityExample(record.row, text=text, place=record.place, problem=problem)

    def _reason_to_leave_out(self, record: Record) -> str | None:
        """Return why a labelled row is no example, as its answer says; None if it is one."""
        if not self.labelled or self.columns.marks == ANSWER:
            return None
        return _NO_EXAMPLE.get(str(record.values.get(ANSWER)))

    @property
    def _example_name(self) -> str:
        return "text" if self.columns.texts else "sentence"

    def _log_counts(self) -> None:
        """Log what else was read in its own way, once for repeated readings."""
        if self._counts == self._logged_counts:
            return
        self._logged_counts = self._counts.copy()
        for what, number in (+self._counts).items():
            if what in _NO_EXAMPLE.values():
                message = f"{count(number, self._example_name)} left out {what}"
            elif what == "converted":
                message = (
                    f"{count(number, 'pair')} of offsets in UTF-16 units, as the texts beside them "
                    "show, converted to code points"
                )
            elif what == "missing":
                message = f"{count(number, 'text')} with a missing value read as without entities"
            elif what == "repeated":
                message = f"{count(number, 'repetition')} of an entity left out"
            else:
                message = (
                    f"{count(number, 'sentence')} with tags that {self.scheme} does not allow "
                    f"{'was' if number == 1 else 'were'} repaired, the first at "
                    f"{self._first_repaired}"
                )
            logger.warning("%s: %s", self.source.name, message)

    def _tag_values(self) -> Iterator[Sequence[object]]:
        """Yield the values of the tags of all sentences, including those of bad rows."""
        for record in self.source.records():
            with suppress(BadRowError):
                yield self._list(record, self.columns.marks, "tags")

    def _in_column(self, column: str | None) -> str:
        """Return the place of a column for messages, if it has a name."""
        return "" if self.source.fixed_columns else f" in column {quoted(column)}"

    def _text(self, record: Record) -> str:
        """Return the text of a record."""
        value = record.values.get(self.columns.content)
        self.note_text(value, record.place)
        text = string("" if is_missing(value) else value)
        where = f"the text{self._in_column(self.columns.content)}"
        if not isinstance(text, str):
            raise BadRowError(f"{where} is {quoted(text)}, not a string")
        if self.labelled and not text:
            raise BadRowError(f"{where} is empty")
        return utf8(text, where)

    def _tokens(self, record: Record) -> tuple[tuple[str, ...], str | None]:
        """Return the tokens of a record, and the first problem of bad ones in unlabelled data.

        There bad tokens become ''.
        """
        tokens = []
        problem: str | None = None
        for number, value in enumerate(self._list(record, self.columns.content, "tokens")):
            try:
                tokens.append(self._token(value, _place(record, number)))
            except BadRowError as error:
                if self.labelled:
                    raise
                if problem is None:
                    place = error.place or record.place
                    problem = f"{place}: {error}"
                    self.reject(place, str(error))
                tokens.append("")
        if self.labelled and not tokens:
            raise BadRowError(f"there are no tokens{self._in_column(self.columns.content)}")
        return tuple(tokens), problem

    def _token(self, value: object, place: str) -> str:
        """Return a token as a string."""
        where = f"the token{self._in_column(self.columns.content)}"
        token = string(value)
        if not token if isinstance(token, str) else is_missing(token):
            raise BadRowError(f"{where} is empty", place)
        if not isinstance(token, str) or "\0" in token:
            raise BadRowError(f"{where} is {quoted(token)}, which is no word", place)
        return utf8(str(token), where, place)

    def _tags(self, record: Record, tokens: Sequence[str], scheme: str) -> tuple[str, ...]:
        """Return the tags of a record in IOB2."""
        values = self._list(record, self.columns.marks, "tags")
        if len(values) != len(tokens):
            raise BadRowError(f"{count(len(tokens), 'token')} with {count(len(values), 'tag')}")
        tags = [self._tag_reader.read(value) for value in values]
        if "" in tags:
            number = tags.index("")
            value, where = values[number], self._in_column(self.columns.marks)
            what = "no tag" if is_missing(value) else f"the tag {quoted(value)}"
            names, needs = self._tag_reader.names, ""
            if not is_missing(value):
                needs = "; tags are such as B-PER"
            if hasattr(value, "__index__"):
                needs += f", or numbers that {option('tag_names', 'O,B-PER,I-PER')} names"
            if names:
                needs = f"; {option('tag_names')} has {count(len(names), 'name')}, from 0 on"
            raise BadRowError(
                f"the token {quoted(tokens[number])} has {what}{where}{needs}",
                _place(record, number),
            )
        try:
            for number, (_, label) in enumerate(split_tags(tags, scheme)):
                if label:
                    self._check_label(label, _place(record, number))
            return tuple(self._iob2(record, tags, scheme))
        except TagError as error:
            problem = str(error)
            if self.options.tag_scheme == "auto":
                problem += f"; most tags are {scheme}, as {option('tag_scheme', 'auto')} finds"
            if error.repairable:
                problem += f"; {option('repair_tags')} lets entities begin and end so"
            elif isinstance(self.source, ColumnFileSource) and error.token == 0:
                if tokens[0].startswith("#"):
                    problem += f"; {comment_hint()}"
                elif record.row == 1:
                    problem += "; if this line names the columns, delete it"
            raise BadRowError(problem, _place(record, error.token)) from None

    def _iob2(self, record: Record, tags: Sequence[str], scheme: str) -> Sequence[str]:
        """Return tags in IOB2, repaired and counted if the options say so."""
        try:
            return to_iob2(tags, scheme)
        except TagError as error:
            if not (self.options.repair_tags and error.repairable):
                raise
            if not self._counts["repaired"]:
                self._first_repaired = _place(record, error.token)
            self._counts["repaired"] += 1
            return to_iob2(tags, scheme, repair=True)

    def _spans(self, record: Record, text: str) -> tuple[Span, ...]:
        """Return the entities of a record, sorted and checked for overlaps."""
        if is_missing(record.values.get(self.columns.marks or "")):
            self._counts["missing"] += 1
            return ()
        given = self._list(record, self.columns.marks, "entities")
        values = [in_code_points(value, text) for value in given]
        self._counts["converted"] += sum(map(operator.is_not, values, given))
        spans = sorted({read_span(value, text, lambda: self._likely_counts) for value in values})
        if repeated := len(values) - len(spans):
            self._counts["repeated"] += repeated
        for before, span in pairwise(spans):
            if span.start < before.end:
                raise BadRowError(
                    f"the entities {_words(before, text)} and {_words(span, text)} overlap"
                    f"{self.overlap_remedy}"
                )
        for span in spans:
            self._check_label(span.label, None)
        return tuple(spans)

    @cached_property
    def _likely_counts(self) -> Collection[str]:
        """The other ways of counting offsets that suit the first rows."""
        return likely_counts(self.source, self.columns.content, self.columns.marks or "")

    def _list(self, record: Record, column: str | None, what: str) -> Any:
        """Return the list in a column, which may be written as JSON or in Python."""
        value = record.values.get(column or "")
        if self.columns.split and column == self.columns.content and isinstance(value, str):
            return value.split()
        if (values := as_list(value)) is not None:
            return values
        where = self._in_column(column)
        if is_missing(value):
            raise BadRowError(f"there are no {what}{where}")
        raise BadRowError(f"the {what}{where} are {quoted(value)}, which is no list")

    def _check_label(self, label: str, place: str | None) -> None:
        """Raise ``BadRowError`` unless a label is valid and known."""
        if "\n" in utf8(label, "the label", place) or "\r" in label:
            raise BadRowError(f"the label {quoted(label)} has a line break", place)
        if self.labels is None or label in self.labels:
            return
        self.unknown_labels[label] += 1
        near = difflib.get_close_matches(label, self.labels, n=1, cutoff=0.5)
        hint = f"; did you mean {quoted(near[0])}?" if near else ""
        known = shorten(self.labels)
        raise BadRowError(
            f"the label {quoted(label)} is none of the known ones: {known}{hint}", place
        )

    def _warn_of_length(self, example: EntityExample) -> None:
        """Warn once of a long sentence, which probably lacks blank lines between sentences."""
        if len(example.tokens) > MANY_TOKENS and not self._warned_of_length:
            self._warned_of_length = True
            logger.warning(
                "%s, %s: one sentence has %d tokens; is there a blank line after each sentence?",
                *(self.source.name, example.place, len(example.tokens)),
            )


def _place(record: Record, token: int) -> str:
    """Return the place of a token, for messages."""
    return record.places[token] if record.places else f"{record.place}, token {token + 1}"


def _words(span: Span, text: str) -> str:
    """Return the words of an entity and its offsets, for messages."""
    return f"{quoted(text[span.start : span.end])} ({span.start} to {span.end})"
