"""What several verbs share: the arguments, and what can be said of them before TensorFlow comes."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import arriving_lines
from toolkit.data import ColumnOptions, Source, TextExamples
from toolkit.errors import DataError, ModelError
from toolkit.export import newest_version

#: What can be said on the line about the columns of labelled data.
LABELLED_COLUMNS = (
    *("text_column", "label_column"),
    *("label_rule", "label_separator", "skip_bad_rows"),
)


def run_argument(parser: Parser, _: Pipeline) -> None:
    """Add the run that a verb works on."""
    parser.add_argument("run", metavar="RUN", help="The folder of a trained run.")


def check_run(run: str) -> None:
    """Complain before TensorFlow is imported about a folder that is no run."""
    if not os.path.isdir(run):
        raise ModelError(f"{run}: there is no such folder; give the folder of a trained run")


def data_arguments(parser: Parser) -> None:
    """Add the data that is learnt from, and a file of options."""
    parser.add_argument(
        "--config",
        action="config",
        metavar="FILE",
        help="A YAML file with any of the options, such as the config.yaml of a run.",
    )
    parser.add_argument(
        "--data",
        required=True,
        help="A CSV, TSV or JSONL file (each also .gz), a folder with a sub-folder a class, the "
        "name of a TensorFlow data set, or sample.",
    )
    parser.add_argument(
        "--validation-data", metavar="DATA", help="The same, to choose the best weights by."
    )


def labelled_data(
    pipeline: Pipeline, options: Any, columns: ColumnOptions
) -> tuple[Source, Source | None]:
    """The training data, and the validation data where some is given.

    Raises:
        DataError: There is no such data, or a column is not there.
        OptionError: The label rule cannot be understood.
    """
    train = pipeline.data(options.data, "train")
    TextExamples(train, columns)
    if options.validation_data is None:
        return train, None
    validation = pipeline.data(options.validation_data, "test")
    TextExamples(validation, columns, grouped=False)
    return train, validation


def golden_argument(parser: Parser) -> None:
    """Add the option for texts of the user's own in the golden file."""
    parser.add_argument(
        "--golden", metavar="FILE", help="Texts, one a line, to be kept with their answers."
    )


def golden_texts(path: str | None) -> list[str]:
    """The texts in a file, one a line; none without a file.

    Raises:
        DataError: The file is empty.
    """
    if path is None:
        return []
    with opened(path) as descriptor:
        texts = list(arriving_lines(descriptor))
    if not texts:
        raise DataError(f"{path} is empty; it should hold texts, one a line")
    return texts


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """A descriptor of a file, open for reading."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def given_columns(options: Any) -> dict[str, Any]:
    """What was said on the line about the columns."""
    names = (field.name for field in fields(ColumnOptions))
    return {name: getattr(options, name) for name in names if name in options}


def columns(options: Any, run: str) -> ColumnOptions:
    """The columns that a run was trained with, but for those that are given."""
    of_run = recorded(run)["options"]
    names = [field.name for field in fields(ColumnOptions) if field.name in of_run]
    return ColumnOptions(**({name: of_run[name] for name in names} | given_columns(options)))


def config_file(run: str) -> Path:
    """Where a run's newest version says how it was made."""
    version = newest_version(run)
    return Path(run, "" if version is None else str(version), "assets", "config.yaml")


def recorded(run: str) -> dict[str, dict[str, Any]]:
    """The ``options`` and ``facts`` of a run's newest version."""
    try:
        config = yaml.safe_load(config_file(run).read_text(encoding="utf-8"))
        return {name: dict(config[name]) for name in ("options", "facts")}
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return {"options": {}, "facts": {}}  # what is wrong with the run is said when it is loaded


def load_run(pipeline: Pipeline, run: str, options: Any) -> Any:
    """The task of a run, with the columns that were said on the line."""
    task = pipeline.load_task().load(run)
    for name, value in given_columns(options).items():
        setattr(task, name, value)
    return task
