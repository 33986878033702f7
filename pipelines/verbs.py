"""The verbs that all pipelines share.

A verb complains about bad input before TensorFlow is imported; then it hands over to the task.
"""

import contextlib
import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from pipelines.parser import Parser
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.streams import answer, arriving_batches, arriving_lines, full_batches
from toolkit.data import ColumnOptions, TextExamples
from toolkit.errors import DataError, DivergedError, ModelError, OptionError
from toolkit.evaluation import metrics_table
from toolkit.export import CARD_FILE, newest_version, read_golden, verify

logger = logging.getLogger("toolkit.pipelines")

# train

_TRAIN_FILES = ("data", "validation_data", "output", "golden")


def _train_arguments(parser: Parser, pipeline: Pipeline) -> None:
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
    parser.add_argument("--output", required=True, metavar="RUN", help="The run's folder.")
    _golden_argument(parser)
    parser.add_options(pipeline.options)


def _golden_argument(parser: Parser) -> None:
    parser.add_argument(
        "--golden", metavar="FILE", help="Texts, one a line, to be kept with their answers."
    )


def _train(pipeline: Pipeline, options: Any) -> int:
    names = [field.name for field in fields(pipeline.options)]
    asked = {name: getattr(options, name) for name in names}
    columns = pipeline.options(**asked)  # complains of values that cannot be, before TensorFlow
    data = {"data": options.data, "validation_data": options.validation_data}
    run = Path(options.output)
    if run.exists() and not run.is_dir():
        raise OptionError(f"--output {run} is a file; give the name of a folder")
    if _finished(run, asked | data):
        logger.info("%s is finished; nothing is left to do", run)
        return 0
    golden = _golden_texts(options.golden) or list(pipeline.examples)
    train = pipeline.data(options.data, "train")
    TextExamples(train, columns)  # complains of columns that are not there
    validation = None
    if options.validation_data is not None:
        validation = pipeline.data(options.validation_data, "test")
        TextExamples(validation, columns, grouped=False)
    run.mkdir(parents=True, exist_ok=True)

    task = pipeline.load_task()(**asked)
    try:
        task.fit(train, validation, output=run)
    except DivergedError as error:
        task.save(run)
        raise DivergedError(f"{error}; the weights are in {run / 'model.keras'}") from error
    task.facts |= data | {"command": shlex.join(_command(pipeline, options))}
    task.save(run)
    version = task.export(run, golden=golden)
    logger.info("validation: %s", _brief(task.metrics))
    if options.data == SAMPLE:
        logger.info("the sample's test part: %s", _brief(task.evaluate(pipeline.sample("test"))))
    logger.info("exported %s", version)
    logger.info("ask it: %s predict %s %s", pipeline.command, run, shlex.quote(golden[0]))
    return 0


def _finished(run: Path, asked: dict[str, Any]) -> bool:
    """Whether the run's folder holds a model trained as asked.

    Raises:
        OptionError: It holds a model trained otherwise.
    """
    if not run.is_dir() or newest_version(run) is None:
        return False
    try:
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        recorded = config["facts"] | config["options"]
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        raise OptionError(
            f"{run} holds a model but no config.yaml that says how it was trained; "
            "give another --output"
        ) from None
    differing = [name for name in asked if name in recorded and recorded[name] != asked[name]]
    if differing:
        changes = ", ".join(f"{name} {recorded[name]} (now {asked[name]})" for name in differing)
        raise OptionError(f"{run} was trained with {changes}; give another --output")
    return (run / CARD_FILE).is_file()  # the last thing that is written


def _command(pipeline: Pipeline, options: Any) -> list[str]:
    """The command line that trains such a model again: what differs from the defaults."""
    given = {name: getattr(options, name) for name in _TRAIN_FILES}
    for field in fields(pipeline.options):
        if getattr(options, field.name) != field.default:
            given[field.name] = getattr(options, field.name)
    words = [*pipeline.command.split(), "train"]
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None or name not in _TRAIN_FILES:
            words += [f"--{flag}", "null" if value is None else str(value)]
    return words


def _golden_texts(path: str | None) -> list[str]:
    if path is None:
        return []
    with _opened(path) as descriptor:
        texts = list(arriving_lines(descriptor))
    if not texts:
        raise DataError(f"{path} is empty; it should hold texts, one a line")
    return texts


def _brief(metrics: dict[str, Any]) -> str:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())


# evaluate

_COLUMNS = ("text_column", "label_column", "label_rule", "label_separator", "skip_bad_rows")


def _evaluate_arguments(parser: Parser, pipeline: Pipeline) -> None:
    _run_argument(parser, pipeline)
    parser.add_argument("--data", required=True, help="Labelled data, as for train.")
    parser.add_argument(
        "--output", metavar="FOLDER", help="Gets metrics.json, confusion.png and errors.csv."
    )
    parser.add_options(ColumnOptions, _COLUMNS, defaults=False)


def _evaluate(pipeline: Pipeline, options: Any) -> int:
    _check_run(options.run)
    data = pipeline.data(options.data, "test")
    TextExamples(data, _columns(options), grouped=False)  # complains of columns that are not there
    task = pipeline.load_task().load(options.run)
    for name, value in _given_columns(options).items():
        setattr(task, name, value)
    metrics = task.evaluate(data, output=options.output)
    logger.info("%s", metrics_table(metrics))
    sys.stdout.write(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return 0


def _given_columns(options: Any) -> dict[str, Any]:
    names = (field.name for field in fields(ColumnOptions))
    return {name: getattr(options, name) for name in names if name in options}


def _columns(options: Any) -> ColumnOptions:
    """The columns that a run was trained with, but for those that are given."""
    version = newest_version(options.run)
    folder = Path(options.run, "" if version is None else str(version))
    try:
        content = (folder / "assets" / "config.yaml").read_text(encoding="utf-8")
        options_of_run = yaml.safe_load(content)["options"]
        names = [field.name for field in fields(ColumnOptions) if field.name in options_of_run]
        recorded = {name: options_of_run[name] for name in names}
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        recorded = {}  # what is wrong with the run is said when it is loaded
    return ColumnOptions(**(recorded | _given_columns(options)))


# predict


def _predict_arguments(parser: Parser, pipeline: Pipeline) -> None:
    _run_argument(parser, pipeline)
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="Without any, standard input is read, one a line.",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="The texts: a data file as for train, without labels; a .txt file, one a line; or "
        "sample.",
    )
    parser.add_argument(
        "--format", choices=["jsonl", "csv"], default="jsonl", help="How answers are written."
    )
    parser.add_options(ColumnOptions, ("text_column",), defaults=False)


def _predict(pipeline: Pipeline, options: Any) -> int:
    _check_run(options.run)
    if options.texts and options.data:
        raise OptionError("texts are given both on the line and by --data; give one of the two")
    with contextlib.ExitStack() as stack:
        batches = _batches(pipeline, options, stack)
        task = pipeline.load_task().load(options.run)
        answer(batches, task.predict, sys.stdout, options.format)
    return 0


def _batches(pipeline: Pipeline, options: Any, stack: contextlib.ExitStack) -> Iterator[list[str]]:
    """The texts from wherever they come; a missing file or column is complained about at once."""
    if options.texts:
        return full_batches(options.texts)
    if options.data is None:
        if sys.stdin.isatty():
            logger.info("type texts, one a line; Ctrl-D ends")
        return arriving_batches(arriving_lines(sys.stdin.fileno()))
    if options.data.lower().endswith(".txt"):
        return full_batches(arriving_lines(stack.enter_context(_opened(options.data))))
    source = pipeline.data(options.data, "test")
    examples = TextExamples(source, _columns(options), labelled=False)
    return full_batches(example.text for example in examples)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


# export, verify


def _export_arguments(parser: Parser, pipeline: Pipeline) -> None:
    _run_argument(parser, pipeline)
    parser.add_argument(
        "--format", choices=["saved_model"], default="saved_model", help="The format."
    )
    _golden_argument(parser)


def _export(pipeline: Pipeline, options: Any) -> int:
    _check_run(options.run)
    golden = _golden_texts(options.golden)
    if not golden:
        try:
            golden = [example["inputs"]["text"] for example in read_golden(options.run)]
        except (OSError, ValueError, KeyError):
            golden = list(pipeline.examples)
    task = pipeline.load_task().load(options.run)
    logger.info("exported %s", task.export(options.run, format=options.format, golden=golden))
    return 0


def _verify(pipeline: Pipeline, options: Any) -> int:
    result = verify(options.run)
    sys.stdout.write(result.verdict + "\n")
    return 0 if result.passed else 1


def _run_argument(parser: Parser, _: Pipeline) -> None:
    parser.add_argument("run", metavar="RUN", help="The folder of a trained run.")


def _check_run(run: str) -> None:
    """Complain before TensorFlow is imported about a folder that is no run."""
    if not os.path.isdir(run):
        raise ModelError(f"{run}: there is no such folder; give the folder of a trained run")


# demo


def _demo_arguments(parser: Parser, pipeline: Pipeline) -> None:
    parser.add_argument(
        "--output",
        metavar="RUN",
        default=f"saved_models/{pipeline.name}_demo",
        help="The run's folder.",
    )


def _demo(pipeline: Pipeline, options: Any) -> int:
    run = shlex.quote(options.output)
    VERBS["train"].run(pipeline, "train", ["--data", SAMPLE, "--output", options.output])
    VERBS["predict"].run(pipeline, "predict", [options.output, "--", *pipeline.examples])
    logger.info("try next:")
    logger.info('  %s predict %s "your text"', pipeline.command, run)
    logger.info("  %s verify %s", pipeline.command, run)
    logger.info("  %s train --data your.csv --output saved_models/yours", pipeline.command)
    return 0


@dataclass(frozen=True)
class Verb:
    """A verb: how it is called, what it takes, what it does.

    Args:
        usage: What follows the verb in the shortest call.
        help: What it does, in a sentence.
        add_arguments: Adds its options to a parser.
        do: Does the work and returns the exit code.
    """

    usage: str
    help: str
    add_arguments: Callable[[Parser, Pipeline], None]
    do: Callable[[Pipeline, Any], int]

    def run(self, pipeline: Pipeline, name: str, arguments: Sequence[str]) -> int:
        """Parse the arguments, do the work and return the exit code."""
        parser = Parser(f"{pipeline.command} {name}", self.usage, self.help)
        self.add_arguments(parser, pipeline)
        parser.add_argument(
            "--debug", action="store_true", help="Show tracebacks and TensorFlow's log."
        )
        try:
            options = parser.parse(arguments)
        except SystemExit as end:  # after --help
            return int(end.code or 0)
        return self.do(pipeline, options)


VERBS = {
    "train": Verb(
        "--data DATA --output RUN [options]",
        "Train on labelled data, and export.",
        _train_arguments,
        _train,
    ),
    "evaluate": Verb(
        "RUN --data DATA [options]",
        "Measure a run on labelled data.",
        _evaluate_arguments,
        _evaluate,
    ),
    "predict": Verb(
        "RUN [TEXT ...] [options]",
        "Answer texts, one answer a line.",
        _predict_arguments,
        _predict,
    ),
    "export": Verb(
        "RUN [options]",
        "Write a run's SavedModel anew.",
        _export_arguments,
        _export,
    ),
    "verify": Verb(
        "RUN",
        "Ask the SavedModel for the answers that it gave in training.",
        _run_argument,
        _verify,
    ),
    "demo": Verb(
        "[options]",
        "Train on the embedded sample and answer a few texts.",
        _demo_arguments,
        _demo,
    ),
}
