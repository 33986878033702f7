"""Arguments that several verbs share, and their checks before TensorFlow is imported."""

import contextlib
import errno
import json
import logging
import os
import stat
import sys
import tempfile
from argparse import SUPPRESS
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import arriving_lines, file_lines
from toolkit.data import Source, Unreadable, table_format
from toolkit.data.options import inherit
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import has_wide_mark
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.evaluation import report_table
from toolkit.export import ARCHIVE, read_description
from toolkit.files import exclusive_lock, make_folder
from toolkit.tasks.options import HELD_OUT
from toolkit.tasks.protocol import TaskProtocol

logger = logging.getLogger("toolkit.pipelines")


def run_argument(parser: Parser, _: Pipeline) -> None:
    """Add the argument for a run."""
    parser.add_argument("run", metavar="RUN", help="The folder of a trained run.")


def check_run(pipeline: Pipeline, run: str) -> None:
    """Check that a folder is a run of this task, before TensorFlow is imported.

    Raises:
        ModelError: It is not.
    """
    read_run(pipeline, run)


def check_archive(run: str, verb: str) -> None:
    """Check that a run has its archive.

    Raises:
        ModelError: It has no ``model.keras``.
    """
    archive = Path(run, ARCHIVE)
    if not archive.is_file():
        raise ModelError(f"{verb} needs {archive}, which is missing")


def cell_argument(parser: Parser) -> None:
    """Add the option for a cell of the user's own, whose code may run."""
    parser.add_argument(
        "--cell",
        metavar="MODULE:CLASS",
        help="The cell of your own that the run was trained with. It must be named here, since its "
        "code will run; a name in the run's files alone is not trusted.",
    )


def import_cell(cell: str | None) -> None:
    """Import the module of a cell of the user's own and check the cell."""
    if cell:
        from toolkit.layers import recurrent_layer

        recurrent_layer(cell, 1)


def data_arguments(parser: Parser, pipeline: Pipeline) -> None:
    """Add the options for training data and for a file of options."""
    parser.add_config()
    labelled_argument(
        parser,
        pipeline,
        f"{pipeline.labelled.formats}, the name of a TensorFlow data set, or "
        f"{' or '.join(pipeline.samples)}.",
    )
    parser.add_argument(
        "--validation-data", metavar="DATA", help="Validation data, in the same formats."
    )
    for side in pipeline.labelled.sides:
        parser.add_argument(
            f"--validation-{side}", metavar="FILE", help=f"The file of the validation {side}s."
        )


def labelled_argument(parser: Parser, pipeline: Pipeline, text: str, required: bool = True) -> None:
    """Add the option for labelled data, and one for each side that may be a file of its own.

    Args:
        parser: The parser.
        pipeline: The pipeline.
        text: The help text.
        required: Whether it must be given.
    """
    sides = pipeline.labelled.sides
    parser.add_argument("--data", metavar="DATA", required=required and not sides, help=text)
    for side in sides:
        other = " and ".join(f"--{name}" for name in sides)
        parser.add_argument(
            f"--{side}", metavar="FILE", help=f"The file of the {side}s; {other} replace --data."
        )


def join_sides(
    pipeline: Pipeline, options: Any, arguments: Sequence[str], required: bool = True
) -> None:
    """Set ``data`` from the options for its sides.

    Args:
        pipeline: The pipeline.
        options: The parsed options; they are changed.
        arguments: The words of the command line.
        required: Whether there must be data.

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
        paths = [getattr(options, name) for name in names]
        if any(paths):
            if not all(paths):
                raise OptionError(f"{flags} must be given together")
            if any("," in path for path in paths):
                raise OptionError(f"{flags}: the name of a file must have no comma")
            data_flag = f"--{data.replace('_', '-')}"
            if any(argument.split("=")[0] == data_flag for argument in arguments):
                raise OptionError(f"{flags} replace {data_flag}; give one or the other")
            setattr(options, data, ",".join(paths))
        elif required and not kind and options.data is None:
            raise OptionError(f"--data, or {flags}, must be given")


def training_data(
    pipeline: Pipeline, options: Any, task_options: Any, known: Sequence[str] | None = None
) -> tuple[Source, Source | None]:
    """Return the training data and, if given, the validation data; both are read once.

    So errors in them are reported before TensorFlow is imported and anything is written.

    Args:
        pipeline: The pipeline.
        options: The parsed options.
        task_options: The task's options among them, as their dataclass.
        known: The classes of the run that the training goes on from; None if it begins anew.

    Raises:
        DataError: The data does not exist or cannot be used.
        OptionError: An option does not suit the data.
    """
    train = pipeline.data(options.data, "train", task_options)
    validation = None
    if options.validation_data is not None:
        learnt = pipeline.labelled.named_columns(train, task_options)
        task_options.named_columns = {**task_options.named_columns, **learnt}
        validation = pipeline.data(options.validation_data, "test", task_options)
    pipeline.labelled.check_training(train, validation, task_options, known)
    return train, validation


def texts_argument(parser: Parser) -> None:
    """Add the option for reports that show texts of the data, or do not; see ``shown_texts``."""
    parser.add_argument(
        "--texts",
        type=bool,
        default=SUPPRESS,
        help="Show texts of the data in report.html, with their ids and the names of their files "
        "and groups; --no-texts leaves all of them out, but for the names of classes and those of "
        "the files or data sets that were trained on and measured, without their folders. By "
        "default they are shown, unless the run was trained with --no-texts.",
    )


def shown_texts(options: Any) -> bool | None:
    """Return whether reports show texts of the data; None if that is not given."""
    return getattr(options, "texts", None)


def format_argument(parser: Parser) -> None:
    """Add the option for the format of a report."""
    parser.add_argument(
        "--format",
        type=Literal["table", "json"],
        default="table",
        help="The format of the report.",
    )


def write_report(report: dict[str, Any], form: str) -> None:
    """Write a report to standard output, as a table or as JSON."""
    write_result(report, report_table(report), form)


def result_format_argument(parser: Parser) -> None:
    """Add the option for the format of measured values."""
    parser.add_argument(
        "--format",
        type=Literal["auto", "table", "json"],
        default="auto",
        help="The format of the result; auto is a table on a terminal, and JSON elsewhere.",
    )


def write_result(values: dict[str, Any], table: str, form: str) -> None:
    """Write values to standard output.

    Args:
        values: The values, for JSON.
        table: The same, as a table.
        form: ``table``, ``json``, or ``auto``, a table if standard output is a terminal.
    """
    if form == "table" or (form == "auto" and sys.stdout.isatty()):
        sys.stdout.write(f"{table}\n")
    else:
        sys.stdout.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def golden_argument(parser: Parser) -> None:
    """Add the option for the inputs of the golden file."""
    parser.add_argument(
        "--golden",
        metavar="FILE",
        help="Inputs for the golden file, which stay with the model: a file with one a line; or "
        "held-out, for some that train holds out. By default they are made of the model's own "
        "vocabulary.",
    )


def golden_inputs(pipeline: Pipeline, path: str | None, columns: Any) -> list[Any] | str:
    """Return the inputs in a file, one a line; an empty list without a file; ``held-out`` as it is.

    Args:
        pipeline: The pipeline.
        path: The file, or ``held-out``, or None.
        columns: Options with the ``encoding`` of the file.

    Raises:
        DataError: The file is empty, or a line stands for no input.
    """
    if path is None:
        return []
    if path == HELD_OUT:
        return path
    with open_lines(path, columns) as lines:
        inputs = [read_input(pipeline, line) for line in lines]
    for number, value in enumerate(inputs, 1):
        if isinstance(value, Unreadable):
            raise DataError(f"{path}, line {number}: {value.problem}")
    if not inputs:
        raise DataError(f"{path} is empty; it should hold texts, one a line")
    return inputs


def read_input(pipeline: Pipeline, line: str | Unreadable) -> Any:
    """Return the input that a line of text stands for."""
    return line if isinstance(line, Unreadable) else pipeline.labelled.read_line(line)


@contextlib.contextmanager
def open_lines(path: str, columns: Any) -> Iterator[Iterator[str | Unreadable]]:
    """Open a file with an input a line, and yield its lines; in plain UTF-8 they may still arrive.

    Args:
        path: The file, plain or gzipped.
        columns: Options with its ``encoding``.

    Raises:
        DataError: It cannot be read.
        OSError: It cannot be opened, or is a folder.
    """
    encodings = table_format(columns).encodings
    if path.lower().endswith(".gz") or encodings != UTF_8 or has_wide_mark(path):
        yield file_lines(Path(path), encodings)
        return
    with open_descriptor(path) as descriptor:
        yield arriving_lines(descriptor)


@contextlib.contextmanager
def open_descriptor(path: str) -> Iterator[int]:
    """Open a file for reading and yield its descriptor.

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


def metric_arguments(parser: Parser, pipeline: Pipeline) -> None:
    """Add the options of labelled data to measure runs on, of the metrics and of the search."""
    labelled = pipeline.labelled
    parser.add_options(labelled.columns, labelled.evaluate_columns, defaults=False)
    if pipeline.metric_options:
        parser.add_options(pipeline.metric_options, defaults=False)
    if pipeline.search_options:
        parser.add_options(pipeline.search_options)


def search_options(pipeline: Pipeline, options: Any) -> Any:
    """Return the options of the search that were given or have defaults; None without any.

    Raises:
        OptionError: One cannot work.
    """
    kind = pipeline.search_options
    names = [field.name for field in fields(kind)] if kind else []
    return kind(**{n: getattr(options, n) for n in names}) if kind and names[0] in options else None


def given_columns(pipeline: Pipeline, options: Any) -> dict[str, Any]:
    """Return the column options that were given on the command line."""
    names = (field.name for field in fields(pipeline.labelled.columns))
    return {name: getattr(options, name) for name in names if name in options}


def run_columns(pipeline: Pipeline, options: Any, run: str) -> Any:
    """Return a run's column options, as inherited, replaced by those that were given."""
    found = read_run(pipeline, run)
    trained = found["options"]
    kind = pipeline.labelled.columns
    names = [field.name for field in fields(kind) if field.name in trained]
    given = given_columns(pipeline, options)
    columns = kind(**({name: trained[name] for name in names} | given))
    inherit(columns, {*names} - given.keys(), found["facts"])
    return columns


def evaluation_data(pipeline: Pipeline, options: Any, *runs: str) -> Source:
    """Return the data to measure runs on; it is read once for each run.

    Raises:
        DataError: The data does not exist or cannot be used.
        ModelError: A run is not of this task.
        OptionError: An option of the search cannot work.
    """
    search_options(pipeline, options)  # checks them before TensorFlow is imported
    columns = [run_columns(pipeline, options, run) for run in runs]
    data = pipeline.data(options.data, "test", columns[0])
    for run, run_options in zip(runs, columns, strict=True):
        pipeline.labelled.check(data, run_options, read_run(pipeline, run)["facts"])
    return data


def warn_of_training_data(pipeline: Pipeline, data: str, *runs: str) -> None:
    """Log a warning for each run that was trained on the data on which it is to be measured."""
    for run in runs:
        if _is_file(data, read_run(pipeline, run)["facts"].get("data")):
            logger.warning(
                "%s was trained on a file of this path (%s): figures on data that it has not seen "
                "are usually worse",
                *(run, data),
            )


def _is_file(path: str, other: Any) -> bool:
    """Return whether two paths are those of one file."""
    files = os.path.isfile(path) and isinstance(other, str) and os.path.isfile(other)
    return files and os.path.samefile(path, other)


def read_run(pipeline: Pipeline, run: str) -> dict[str, dict[str, Any]]:
    """Return the ``options`` and ``facts`` of a run.

    Raises:
        ModelError: It is not a run of this task.
    """
    return read_description(run, pipeline.task.partition(":")[2])


def check_not_file(output: Path) -> None:
    """Check that an output folder is not a file.

    Raises:
        OptionError: It is a file.
    """
    if output.exists() and not output.is_dir():
        raise OptionError(f"--output {output} is a file; give the name of a folder")


def check_not_beside(output: str, data: str) -> None:
    """Check that reports are not written into the folder of the data, which they could overwrite.

    Args:
        output: The folder of the reports.
        data: The data; a file, several with commas, or anything else.

    Raises:
        OptionError: They would be.
    """
    for name in (data, *data.split(",")):
        if os.path.isfile(name) and Path(name).resolve().parent == Path(output).resolve():
            raise OptionError(
                f"--output {output} is the folder of the data, over which a report could be "
                "written; give another folder"
            )


@contextlib.contextmanager
def output_folder(path: str | os.PathLike[str]) -> Iterator[None]:
    """Create a folder and lock it for this process; remove it at the end if it is empty.

    Raises:
        OptionError: It is a file, or another process writes into it.
        OSError: It cannot be created or written to.
    """
    folder = Path(path)
    check_not_file(folder)
    with writable_folder(folder), contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock(folder))
        except BlockingIOError:
            raise OptionError(
                f"another process writes into {folder}; wait for it, or give another --output"
            ) from None
        yield


@contextlib.contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Create a folder into which a file can be written; remove it at the end if it is empty.

    Raises:
        OSError: It cannot be created or written to.
    """
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    make_folder(folder)
    try:
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(folder)) from None
        yield
    finally:
        with contextlib.suppress(OSError):  # not empty
            for path in created:
                path.rmdir()


def load_run(pipeline: Pipeline, run: str, options: Any) -> TaskProtocol:
    """Load the task of a run, with the columns, cell and other options that were given."""
    kind = pipeline.load_task()
    import_cell(getattr(options, "cell", None))
    task = kind.load(run)
    given = given_columns(pipeline, options)
    if pipeline.metric_options:
        names = (field.name for field in fields(pipeline.metric_options))
        given |= {name: getattr(options, name) for name in names if name in options}
    search = search_options(pipeline, options)
    if search is not None:
        given["search"] = search
    for name, value in given.items():
        setattr(task, name, value)
    return task
