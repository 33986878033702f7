"""What several verbs share: the arguments, and what can be said of them before TensorFlow comes."""

import contextlib
import errno
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import arriving_lines
from toolkit.data import Source
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.evaluation import report_table
from toolkit.export import read_description, version_folder
from toolkit.export.description import CONFIG
from toolkit.files import alone


def run_argument(parser: Parser, _: Pipeline) -> None:
    """Add the run that a verb works on."""
    parser.add_argument("run", metavar="RUN", help="The folder of a trained run.")


def check_run(pipeline: Pipeline, run: str) -> None:
    """Complain before TensorFlow is imported about a folder that is no run of this task.

    Raises:
        ModelError: It is none.
    """
    recorded(pipeline, run)


def check_archive(run: str, verb: str) -> None:
    """Complain of a run that cannot be trained on from.

    Raises:
        ModelError: It has no ``model.keras``.
    """
    archive = Path(run, "model.keras")
    if not archive.is_file():
        raise ModelError(f"{verb} needs {archive}, which is missing")


def cell_argument(parser: Parser) -> None:
    """Add the option that names a cell of the user's own, whose code may be run."""
    parser.add_argument(
        "--cell",
        metavar="MODULE:CLASS",
        help="The cell of your own that the run was trained with. A cell that only the run's "
        "files name is not used, for its code would be run.",
    )


def trust_cell(cell: str | None) -> None:
    """Import the module of a cell of the user's own, or say what is wrong with it."""
    if cell:
        from toolkit.layers import recurrent_layer

        recurrent_layer(cell, 1)


def data_arguments(parser: Parser, pipeline: Pipeline) -> None:
    """Add the data that is learnt from, and a file of options."""
    parser.add_argument(
        "--config",
        action="config",
        metavar="FILE",
        help="A YAML file with any of the options, such as the config.yaml of a run.",
    )
    labelled_argument(
        parser,
        pipeline,
        f"{pipeline.labelled.formats}, the name of a TensorFlow data set, or "
        f"{' or '.join(pipeline.samples)}.",
    )
    parser.add_argument(
        "--validation-data", metavar="DATA", help="The same, to choose the best weights by."
    )
    for side in pipeline.labelled.sides:
        parser.add_argument(
            f"--validation-{side}", metavar="FILE", help=f"The same of the {side}s."
        )


def labelled_argument(parser: Parser, pipeline: Pipeline, text: str) -> None:
    """Add the option for labelled data, and for its sides where they may be files of their own.

    Args:
        parser: The parser.
        pipeline: The pipeline.
        text: The help text.
    """
    sides = pipeline.labelled.sides
    parser.add_argument("--data", required=not sides, help=text)
    for side in sides:
        other = " and ".join(f"--{name}" for name in sides)
        parser.add_argument(
            f"--{side}", metavar="FILE", help=f"The file of the {side}s; {other} stand for --data."
        )


def settle_sides(pipeline: Pipeline, options: Any, arguments: Sequence[str]) -> None:
    """Make data of what was given of its sides.

    Args:
        pipeline: The pipeline.
        options: What was said, on the line or in a file of options, over which the line wins.
        arguments: What was said on the line.

    Raises:
        OptionError: A side is missing, or there is no data.
    """
    sides = pipeline.labelled.sides
    for kind in ("", "validation_"):
        names = [f"{kind}{side}" for side in sides if f"{kind}{side}" in options]
        if not names:
            continue
        data = f"{kind}data"
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in names)
        given = [getattr(options, name) for name in names]
        if any(given):
            if not all(given):
                raise OptionError(f"{flags} must be given together")
            if any("," in path for path in given):
                raise OptionError(f"{flags}: the name of a file of one side must have no comma")
            whole = f"--{data.replace('_', '-')}"
            if any(argument.split("=")[0] == whole for argument in arguments):
                raise OptionError(f"{flags} stand for {whole}; give one of both")
            setattr(options, data, ",".join(given))
        elif not kind and options.data is None:
            raise OptionError(f"--data, or {flags}, must be given")


def labelled_data(pipeline: Pipeline, options: Any, asked: Any) -> tuple[Source, Source | None]:
    """The training data, and the validation data where some is given, both read once.

    So whatever is wrong with them is said before TensorFlow is imported, and before anything is
    written.

    Args:
        pipeline: The pipeline.
        options: What was said on the line.
        asked: The same as the dataclass of the task's options.

    Raises:
        DataError: There is no such data, or it is not what it should be.
        OptionError: An option does not go with the data.
    """
    train = pipeline.data(options.data, "train", asked)
    validation = None
    if options.validation_data is not None:
        validation = pipeline.data(options.validation_data, "test", asked)
    pipeline.labelled.check_training(train, validation, asked)
    return train, validation


def format_argument(parser: Parser) -> None:
    """Add the option for the form of a report."""
    parser.add_argument(
        "--format", choices=["table", "json"], default="table", help="How the report is written."
    )


def write_report(report: dict[str, Any], form: str) -> None:
    """Write a report to standard output, as a table or as JSON."""
    written = report_table(report)
    if form == "json":
        written = json.dumps(report, indent=2, ensure_ascii=False)
    sys.stdout.write(written + "\n")


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
    """A descriptor of a file, open for reading.

    Raises:
        OSError: It cannot be opened, or is a folder.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        yield descriptor
    finally:
        os.close(descriptor)


def given_columns(pipeline: Pipeline, options: Any) -> dict[str, Any]:
    """What was said on the line about the columns."""
    names = (field.name for field in fields(pipeline.labelled.columns))
    return {name: getattr(options, name) for name in names if name in options}


def columns(pipeline: Pipeline, options: Any, run: str) -> Any:
    """The columns that a run was trained with, but for those that are given."""
    of_run = recorded(pipeline, run)["options"]
    kind = pipeline.labelled.columns
    names = [field.name for field in fields(kind) if field.name in of_run]
    given = given_columns(pipeline, options)
    return kind(**({name: of_run[name] for name in names} | given))


def labelled_for(pipeline: Pipeline, options: Any, *runs: str) -> Source:
    """The data that is given for runs to be measured on, read once for each.

    Raises:
        DataError: There is no such data, or it is not what it should be.
        ModelError: A run is none of this task.
    """
    wanted = [columns(pipeline, options, run) for run in runs]
    data = pipeline.data(options.data, "test", wanted[0])
    for run, of_run in zip(runs, wanted, strict=True):
        pipeline.labelled.check(data, of_run, recorded(pipeline, run)["facts"])
    return data


def config_file(run: str) -> Path:
    """Where a run's newest version says how it was made."""
    return version_folder(run).joinpath(*CONFIG)


def recorded(pipeline: Pipeline, run: str) -> dict[str, dict[str, Any]]:
    """The ``options`` and ``facts`` of a run's newest version.

    Raises:
        ModelError: It is no run of this task.
    """
    return read_description(run, pipeline.task.partition(":")[2])


def check_no_file(output: Path) -> None:
    """Complain of an output that should be a folder and is a file.

    Raises:
        OptionError: It is a file.
    """
    if output.exists() and not output.is_dir():
        raise OptionError(f"--output {output} is a file; give the name of a folder")


@contextlib.contextmanager
def output_folder(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make a folder for what is going to be written by this process alone.

    It is taken away if nothing was.

    Raises:
        OptionError: It is a file, or another process writes into it.
        OSError: It cannot be made, or not be written to.
    """
    folder = Path(path)
    check_no_file(folder)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(folder)) from None
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(alone(folder))
            except BlockingIOError:
                raise OptionError(
                    f"another process writes into {folder}; wait for it, or give another --output"
                ) from None
            yield
    finally:
        with contextlib.suppress(OSError):  # it holds something
            for each in made:
                each.rmdir()


def load_run(pipeline: Pipeline, run: str, options: Any) -> Any:
    """The task of a run, with the columns that were said on the line."""
    task = pipeline.load_task().load(run)
    for name, value in given_columns(pipeline, options).items():
        setattr(task, name, value)
    return task
