"""Readers of a pipeline's labelled data, and their checks before TensorFlow is imported."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from pipelines.streams import arriving_lines
from toolkit.data import Source
from toolkit.data.columns import require_column
from toolkit.data.sources.folder import FolderSource
from toolkit.errors import ModelError, OptionError

logger = logging.getLogger("toolkit.pipelines")

#: The names that the answer of a classifier may have.
CLASS_ANSWERS = ("label", "labels", "score", "probabilities", "value", "truncated")

#: Tables of all formats, for help texts.
TABLE = "table (.csv, .tsv, .jsonl, .json, each also .gz; .parquet, .xlsx)"


class Table(NamedTuple):
    """The rows of which inputs are made, one each.

    Attributes:
        source: The rows.
        used: The columns that are read, and written beside the answers in any case.
    """

    source: Source
    used: Sequence[str]


class LabelledData(ABC):
    """A kind of labelled data.

    Attributes:
        columns: The dataclass of the column options.
        evaluate_columns: The names of those that verbs on labelled data of a run take.
        predict_columns: The names of those that ``predict`` takes.
        formats: The formats of files, for help texts.
        example_file: A file name for suggestions.
    """

    columns: ClassVar[type]
    evaluate_columns: ClassVar[tuple[str, ...]]
    predict_columns: ClassVar[tuple[str, ...]]
    formats: ClassVar[str]
    example_file: ClassVar[str]
    #: The names that an answer may have, beside the input and ``error``.
    answer_names: ClassVar[tuple[str, ...]] = ()
    #: The answer to a row that ``predict`` cannot read, beside its ``error``.
    unreadable: ClassVar[Mapping[str, Any]] = {}
    #: Whether a line of text may stand for no input; ``read_line`` then returns an ``Unreadable``.
    lines_may_fail: ClassVar[bool] = False
    #: Whether a line may be the path of a file, whose content is then the input.
    lines_may_be_paths: ClassVar[bool] = False
    #: The names of the sides of data that may come in parallel files.
    sides: ClassVar[tuple[str, ...]] = ()
    #: The inputs of ``predict`` where none are given; None to read standard input.
    without_inputs: ClassVar[Sequence[Any] | None] = None

    @abstractmethod
    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data.

        Raises:
            DataError: There is no such data.
        """

    @abstractmethod
    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read data once, as a training with these options would, and check it.

        Args:
            train: The training data.
            validation: The validation data, if any.
            options: The options of the task.
            known: The classes of the run that the training goes on from; None if it begins anew.

        Raises:
            DataError: The data cannot be used.
            OptionError: An option does not suit it.
        """

    @abstractmethod
    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read data once and check that a run with these facts can be measured on it.

        Raises:
            DataError: The data cannot be used, or has a label that the run does not know.
            OptionError: An option does not suit it.
        """

    def named_columns(self, train: Source, options: Any) -> Mapping[str, str]:
        """Return the columns of training data that options do not name, by option."""
        examples = self.examples(train, options)
        named: Mapping[str, str] = getattr(
            train if examples is None else examples, "named_columns", {}
        )
        return named

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data that chooses columns; None if opening it does."""
        return None

    def table(self, data: Source, columns: Any) -> Table | None:
        """Return the rows that ``inputs`` reads, if each is an input and has other columns."""
        return None

    @abstractmethod
    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the input of each row, for ``predict`` of a run with these facts.

        In the place of a row that cannot be read is a ``toolkit.data.Unreadable``.
        """

    def adapt_columns(
        self, columns: Any, facts: Mapping[str, Any], options: Mapping[str, Any], in_rows: bool
    ) -> Any:
        """Return the column options for the inputs of ``predict``.

        Args:
            columns: The column options of the run.
            facts: The facts of the run.
            options: The pipeline's ``predict_options``.
            in_rows: Whether the inputs come from data with columns.

        Raises:
            OptionError: The run has no answers with these options.
        """
        return columns

    def predict_values(self, form: str) -> dict[str, Any]:
        """Return the arguments of ``predict`` that a format of answers needs."""
        return {}

    def arriving(self, descriptor: int, encoding: str | None = None) -> Iterator[Any]:
        """Yield the lines, or other inputs, that arrive at a file descriptor.

        Args:
            descriptor: The file descriptor.
            encoding: The encoding of lines; UTF-8 when None.
        """
        return arriving_lines(descriptor, encoding)

    def read_line(self, line: str) -> Any:
        """Return the input that a line of text stands for; by default the line itself."""
        return line

    def write_line(self, value: Any) -> str:
        """Return the line of text that stands for an input."""
        return str(value)

    def input_name(self, value: Any) -> str:
        """Return the name of an input beside its answer."""
        return "tokens" if isinstance(value, list) else "text"

    def answer_columns(self, value: Any, row: int) -> dict[str, Any]:
        """Return what is written beside an answer, by default the input.

        Args:
            value: The input.
            row: The number of its row or line, from 1.
        """
        return {self.input_name(value): value}

    def written(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an answer as ``predict`` writes it; by default the answer itself."""
        return answer

    def predict_arguments(self, text: str, classes: Sequence[str]) -> str:
        """Return arguments of ``predict`` that have a run answer a text.

        Args:
            text: The text, quoted for the shell.
            classes: The names of the run's classes.
        """
        return text


def kept_columns(
    labelled: LabelledData, data: Source, columns: Any, wanted: str
) -> Iterator[dict[str, Any]] | None:
    """Yield what is kept of each row beside its answer, as plain values.

    A column with the name of an answer is kept as ``input_<name>``, which is logged. Of a folder
    the names of the files are kept.

    Args:
        labelled: The kind of data.
        data: The data.
        columns: The column options.
        wanted: ``all``, ``none``, or the names of columns with commas between.

    Returns:
        None if nothing is kept.

    Raises:
        DataError: The data has no such column.
        OptionError: Columns are named, and the inputs are not the rows of a table.
    """
    table = None if wanted == "none" else labelled.table(data, columns)
    is_folder = table is not None and isinstance(table.source, FolderSource)
    if is_folder and wanted not in ("all", "file"):
        raise OptionError(f"--keep-columns is {wanted}; of a folder only file can be kept")
    if table is None or (table.source.fixed_columns and not is_folder):
        if wanted not in ("all", "none"):
            raise OptionError(f"--keep-columns is {wanted}; of this data no columns can be kept")
        return None
    source = table.source
    if isinstance(source, FolderSource):
        return None if "file" in table.used else ({"file": name} for name in source.files())
    if wanted == "all":
        kept = [name for name in source.columns if name not in table.used]
    else:
        names = [name.strip() for name in wanted.split(",")]
        kept = [require_column(source, name, "keep_columns") for name in names]
    names_of_answers = {"text", "tokens", "error", *labelled.answer_names}
    written_as: dict[str, str] = {}
    for name in kept:
        new = name
        while new.partition(".")[0] in names_of_answers or new in written_as.values():
            new = f"input_{new}"
        written_as[name] = new
    if renamed := [f"{name} as {new}" for name, new in written_as.items() if name != new]:
        logger.info("columns with the name of an answer are written: %s", ", ".join(renamed))
    return (
        {new: _plain(record.values.get(name)) for name, new in written_as.items()}
        for record in source.records()
    )


def _plain(value: Any) -> Any:
    """Return a value of a table as JSON has it: dates as in ISO 8601, arrays as lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or value != value:  # a missing number or time
        return None
    if isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def check_pretrained(run: str | None) -> None:
    """Check that a run for ``--pretrained`` has its archive.

    Raises:
        ModelError: It has no ``model.keras``.
    """
    archive = Path(run or "", "model.keras")
    if run is not None and not archive.is_file():
        raise ModelError(f"--pretrained needs {archive}, which is missing; train a language model")
