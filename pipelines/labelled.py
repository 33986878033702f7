"""How a pipeline's labelled data is opened, and read once before TensorFlow is imported."""

import shlex
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pipelines import console
from toolkit.data import (
    ColumnOptions,
    EntityColumnOptions,
    EntityExamples,
    LabelEncoder,
    PairColumnOptions,
    PairExamples,
    Source,
    StreamColumnOptions,
    TextExamples,
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
    open_entities,
    open_pairs,
    open_source,
    open_stream,
    size_of,
    source_texts,
    survey,
    whole_texts,
)
from toolkit.data.entity_survey import survey_entities
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.options import option
from toolkit.tasks.options import check_condition


class Labelled(ABC):
    """A kind of labelled data.

    Attributes:
        columns: The dataclass of the options that say which columns mean what.
        given: Those of them that can be said of data that a run is measured on.
        asked: Those of them that can be said of data that is answered.
        formats: The formats of files, for help texts.
        file: The name of a file such as a user may have, for suggestions.
    """

    columns: ClassVar[type]
    given: ClassVar[tuple[str, ...]]
    asked: ClassVar[tuple[str, ...]]
    formats: ClassVar[str]
    file: ClassVar[str]
    #: Whether a .txt file is lines to be answered as they are, and no data with columns.
    lines: ClassVar[bool] = True
    #: What the sides of data in parallel files are called; nothing where there are no such files.
    sides: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data, if it is there.

        Raises:
            DataError: There is no such data.
        """

    @abstractmethod
    def check_training(self, train: Source, validation: Source | None, options: Any) -> None:
        """Read data once as a training with these options would, to complain of it.

        Raises:
            DataError: It is not what it should be.
            OptionError: An option does not go with it.
        """

    @abstractmethod
    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read once the data that a run, of which these are the facts, is to be measured on.

        Raises:
            DataError: It is not what it should be, or has a label that the run does not know.
            OptionError: An option does not go with it.
        """

    @abstractmethod
    def unlabelled(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """What is to be answered by a run of which these are the facts, one value for each row."""

    def asked_columns(
        self, columns: Any, facts: Mapping[str, Any], asked: Mapping[str, Any], in_rows: bool
    ) -> Any:
        """The columns of what is to be answered, among those that a run was trained with.

        Args:
            columns: These.
            facts: Of the run.
            asked: What was said of how texts are answered.
            in_rows: Whether they come in data that has columns.

        Raises:
            OptionError: The run cannot be asked so.
        """
        return columns

    def question(self, text: str, classes: Sequence[str]) -> str:
        """What a model with these classes is asked on the command line, to answer a text.

        Args:
            text: The text, quoted as the shell wants it.
            classes: Their names.
        """
        return text


class LabelledTexts(Labelled):
    """Texts, each with a class, several labels or a number."""

    columns = ColumnOptions
    given = (
        *("text_column", "label_column"),
        *("label_rule", "label_separator", "skip_bad_rows"),
    )
    asked = ("text_column",)
    formats = "A CSV, TSV or JSONL file (each also .gz), a folder with a sub-folder a class"
    file = "your.csv"

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data, if it is there."""
        return open_source(data, part)

    def check_training(self, train: Source, validation: Source | None, options: Any) -> None:
        """Read the data once, make the split, and hold the validation data to its classes."""
        _check_pretrained(options.pretrained)
        TextExamples(train, options)
        share = options.validation_split if validation is None else 0
        with console.silence():  # the task says the same again
            found = survey(TextExamples(train, options, grouped=share > 0), options.target)
            if share:
                found.split(share, options.seed)
        if validation is not None:
            self._read(validation, options, found.encoder)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once, and hold it to the run's classes."""
        classes = facts.get("classes")
        self._read(
            data, columns, None if classes is None else LabelEncoder(columns.target, classes)
        )

    def unlabelled(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[str]:
        """The text of each row."""
        return (example.text for example in TextExamples(data, columns, labelled=False))

    def _read(self, data: Source, columns: Any, encoder: LabelEncoder | None) -> None:
        examples = TextExamples(data, columns, grouped=False)
        with console.silence():  # the task says the same again
            deque(examples.known(encoder) if encoder else examples, maxlen=0)


class LabelledEntities(Labelled):
    """Sentences or texts in which entities are marked."""

    columns = EntityColumnOptions
    given = tuple(EntityColumnOptions.__dataclass_fields__)
    asked = ("text_column", "token_column", "sentence_column")
    formats = (
        "A column file as of CoNLL, a JSONL file with text and entities or tokens and tags, a CSV "
        "file with a token or a text a row (each also .gz)"
    )
    file = "your.conll"

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data, if it is there."""
        return open_entities(data, part, columns)

    def check_training(self, train: Source, validation: Source | None, options: Any) -> None:
        """Read the data once, and hold the validation data to its labels."""
        _check_pretrained(options.pretrained)
        if options.vectors != "random" and not Path(options.vectors).is_file():
            raise DataError(
                f"there is no file {options.vectors} of word vectors; "
                "vectors can be random, or the path of one"
            )
        with console.silence():  # the task says the same again
            found = survey_entities(EntityExamples(train, options))
            if validation is None and options.validation_split:
                found.split(options.validation_split, options.seed)
        if validation is not None:
            self._read(validation, options, found.labels)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once, and hold it to the run's labels."""
        self._read(data, columns, [*facts["classes"]] if "classes" in facts else None)

    def unlabelled(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """The text of each row, or its list of tokens."""
        for example in EntityExamples(data, columns, labelled=False):
            yield list(example.tokens) if example.text is None else example.text

    def _read(self, data: Source, columns: Any, labels: Sequence[str] | None) -> None:
        with console.silence():  # the task says the same again
            deque(EntityExamples(data, columns, labels=labels), maxlen=0)


class LabelledPairs(Labelled):
    """Pairs of texts, of which the second is to be made of the first."""

    columns = PairColumnOptions
    given = tuple(PairColumnOptions.__dataclass_fields__)
    asked = ("source_column",)
    formats = (
        "A TSV file with a pair a line, a CSV or JSONL file, two parallel files with a comma "
        "between (each also .gz)"
    )
    file = "your.tsv"
    lines = False
    sides = ("source", "target")

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data, if it is there."""
        return open_pairs(data, part, columns)

    def check_training(self, train: Source, validation: Source | None, options: Any) -> None:
        """Read the data once."""
        self.check(train, options, {})
        if validation is not None:
            self.check(validation, options, {})

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once."""
        with console.silence():  # the task says the same again
            deque(PairExamples(data, columns), maxlen=0)

    def unlabelled(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[str]:
        """The first text of each pair; an empty one where there is none."""
        return source_texts(data)


class LabelledStream(Labelled):
    """Texts to learn to write; what is to be written follows from them."""

    columns = StreamColumnOptions
    given = tuple(StreamColumnOptions.__dataclass_fields__)
    asked = ("text_column", "condition_column")
    formats = (
        "A plain text file, a folder of such, a CSV, TSV or JSONL file with a text a row (each "
        "also .gz)"
    )
    file = "your.txt"

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Any:
        """Open data, if it is there."""
        if columns.condition_column is not None:
            return open_conditioned(data, part, columns)
        return open_stream(data, part, columns)

    def check_training(self, train: Any, validation: Any, options: Any) -> None:
        """Read the data once; where texts have conditions, hold the validation data to them."""
        encoder = None
        with console.silence():  # the task says the same again
            if options.condition_column is None:
                size_of(train)
            else:
                found = survey(conditioned_examples(train, options), "classes")
                encoder = found.encoder
                if validation is None and options.validation_split:
                    found.split(options.validation_split, options.seed)
        if validation is not None:
            self._read(validation, options, encoder)

    def check(self, data: Any, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once; where texts have conditions, hold it to those of the run."""
        conditions = self._conditions(columns, facts)
        self._read(data, columns, LabelEncoder("classes", conditions) if conditions else None)

    def unlabelled(self, data: Any, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Each text, as a prompt; where its condition is its own, a pair of both."""
        if columns.condition_column is None:
            return whole_texts(data)
        conditions = self._conditions(columns, facts)
        with console.silence():  # it is read again
            deque(conditioned_prompts(data, columns, conditions), maxlen=0)
        return conditioned_prompts(data, columns, conditions)

    def asked_columns(
        self, columns: Any, facts: Mapping[str, Any], asked: Mapping[str, Any], in_rows: bool
    ) -> Any:
        """Without a column of conditions where one was asked for, which must be the run's."""
        conditions, condition = self._conditions(columns, facts), asked["condition"]
        if condition is not None or not in_rows:
            check_condition(condition, conditions)
        return columns if condition is None else replace(columns, condition_column=None)

    def question(self, text: str, classes: Sequence[str]) -> str:
        """The prompt, of the first condition where there are some."""
        return f"--condition {shlex.quote(classes[0])} {text}" if classes else text

    def _conditions(self, columns: Any, facts: Mapping[str, Any]) -> list[str]:
        """The conditions that a run has learnt.

        Raises:
            OptionError: A column of them is given, and it has learnt none.
        """
        conditions = [*facts.get("classes", ())]
        if columns.condition_column is not None and not conditions:
            raise OptionError(
                f"{option('condition_column', columns.condition_column)} is given, but the run has "
                "learnt no conditions"
            )
        return conditions

    def _read(self, data: Any, columns: Any, encoder: LabelEncoder | None) -> None:
        with console.silence():  # the task says the same again
            if encoder is None:
                size_of(data)
            else:
                deque(conditioned_examples(data, columns).known(encoder), maxlen=0)


def _check_pretrained(run: str | None) -> None:
    """Complain of a run to start from that has nothing to start from.

    Raises:
        ModelError: It has no ``model.keras``.
    """
    archive = Path(run or "", "model.keras")
    if run is not None and not archive.is_file():
        raise ModelError(f"--pretrained needs {archive}, which is missing; train a language model")
