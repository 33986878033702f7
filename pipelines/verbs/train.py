"""``train``: from labelled data to an exported model."""

import contextlib
import logging
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    check_no_file,
    data_arguments,
    golden_argument,
    golden_texts,
    labelled_data,
    output_folder,
)
from pipelines.verbs.verb import Verb
from toolkit.data.labels import shorten
from toolkit.errors import DivergedError, OptionError
from toolkit.export import CARD_FILE, newest_version
from toolkit.options import differences
from toolkit.training import CHECKPOINT, checkpoint_place

logger = logging.getLogger("toolkit.pipelines")


_TRAIN_FILES = ("data", "validation_data", "output", "golden")


def _train_arguments(parser: Parser, pipeline: Pipeline) -> None:
    data_arguments(parser, pipeline)
    parser.add_argument("--output", required=True, metavar="RUN", help="The run's folder.")
    golden_argument(parser)
    parser.add_options(pipeline.options)


def _train(pipeline: Pipeline, options: Any) -> int:
    names = [field.name for field in fields(pipeline.options)]
    asked = {name: getattr(options, name) for name in names}
    columns = pipeline.options(**asked)  # complains of values that cannot be, before TensorFlow
    data = {"data": options.data, "validation_data": options.validation_data}
    run = Path(options.output)
    check_no_file(run)
    lasting = {name: asked[name] for name in asked if name not in columns.WITHOUT_EFFECT}
    asked_for = lasting | data
    if _nothing_left(run, asked_for):
        return 0
    golden = golden_texts(options.golden) or list(pipeline.examples)
    train, validation = labelled_data(pipeline, options, columns)

    with output_folder(run), _saying_what_is_kept(run):
        if _nothing_left(run, asked_for):  # another process has just ended it
            return 0
        task = pipeline.load_task()(**asked)
        diverged = None
        try:
            task.fit(train, validation, output=run)
        except DivergedError as error:
            diverged = error
        finally:
            _forget_unbegun(run)
        task.facts |= data | {"command": shlex.join(_command(pipeline, options))}
        task.save(run)
        if diverged:
            raise DivergedError(
                f"{diverged}; the weights are in {run / 'model.keras'}, for "
                "toolkit.models.load_text_model, and nothing is exported"
            ) from diverged
        while (cut_off := newest_version(run)) is not None:  # of a run killed while exporting
            shutil.rmtree(run / str(cut_off))
        version = task.export(run, golden=golden)
    logger.info("validation: %s", _brief(task.metrics))
    if sample := pipeline.samples.get(options.data):
        logger.info("the sample's test part: %s", _brief(task.evaluate(sample("test"))))
    logger.info("exported %s", version)
    # Else the golden texts are of other data.
    own = options.golden or options.data in pipeline.samples
    text = shlex.quote(golden[0]) if own else '"your text"'
    question = pipeline.labelled.question(text, task.classes)
    logger.info("ask it: %s predict %s %s", pipeline.command, shlex.quote(str(run)), question)
    return 0


@contextlib.contextmanager
def _saying_what_is_kept(run: Path) -> Iterator[None]:
    """Let Ctrl-C say what the same command would do next."""
    try:
        yield
    except KeyboardInterrupt:
        place = checkpoint_place(run)
        how = f"goes on from {place}" if place else "begins anew"
        raise KeyboardInterrupt(f"the same command {how}") from None


def _nothing_left(run: Path, asked: dict[str, Any]) -> bool:
    """Whether the run is finished, which is then said.

    Raises:
        OptionError: The folder holds a model trained otherwise, or the beginning of one.
    """
    if not _finished(run, asked):
        return False
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)  # it may have been killed right there
    logger.info("%s is finished; nothing is left to do", run)
    return True


def _finished(run: Path, asked: dict[str, Any]) -> bool:
    """Whether the run's folder holds a model trained as asked.

    Raises:
        OptionError: It holds a model trained otherwise, or the beginning of one.
    """
    if not run.is_dir():
        return False
    configs = [run / "config.yaml", run / CHECKPOINT / "config.yaml"]
    configs = [path for path in configs if path.is_file()]
    if not configs and newest_version(run) is None:
        if others := [name for name in os.listdir(run) if name[0] != "." and name != CHECKPOINT]:
            raise OptionError(
                f"{run} holds something else ({shorten(sorted(others))}); give a new folder"
            )
        return False
    try:
        config = yaml.safe_load(configs[0].read_text(encoding="utf-8"))
        begun = configs[0].parent.name == CHECKPOINT  # its facts are not yet as the user gave them
        # Facts say what auto came to; what was asked for is among the options.
        recorded = ({} if begun else config["facts"]) | config["options"]
    except (OSError, ValueError, TypeError, KeyError, IndexError, yaml.YAMLError):
        raise OptionError(
            f"{run} has no config.yaml that says how a model in it was trained; "
            "give another --output"
        ) from None
    if changes := differences(recorded, asked):
        raise OptionError(f"{run} was trained with {changes}; give another --output")
    # The card is the last thing that is written; only then the checkpoint is taken away.
    exported = newest_version(run) is not None and not (run / CHECKPOINT).is_dir()
    return exported or (run / CARD_FILE).is_file()


def _forget_unbegun(run: Path) -> None:
    """Take away what says how a run was to be trained, if it ended before there was any of it."""
    checkpoint = run / CHECKPOINT
    if not (run / "history.csv").exists() and [*checkpoint.glob("*")] == [
        checkpoint / "config.yaml"
    ]:
        shutil.rmtree(checkpoint)


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


def _brief(metrics: dict[str, Any]) -> str:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return ", ".join(
        f"{name} {value}" if isinstance(value, int) else f"{name} {value:.4g}"
        for name, value in numbers.items()
    )


TRAIN = Verb(
    "--data DATA --output RUN [options]",
    "Train on labelled data, and export.",
    _train_arguments,
    _train,
)
