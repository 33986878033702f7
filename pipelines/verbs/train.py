"""``train``: train on labelled data and export the model."""

import contextlib
import logging
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.verbs.common import (
    check_not_file,
    data_arguments,
    golden_argument,
    golden_inputs,
    output_folder,
    shown_texts,
    texts_argument,
    training_data,
)
from pipelines.verbs.earlier import (
    EarlierRun,
    earlier_run,
    earlier_values,
    interrupted,
    load_earlier,
    only_to_export,
)
from pipelines.verbs.verb import Verb
from toolkit.data.options import replaced
from toolkit.errors import DivergedError, ModelError, OptionError, ToolkitError, shorten
from toolkit.evaluation import draw_history
from toolkit.export import (
    ARCHIVE,
    CARD_FILE,
    newest_version,
    read_yaml,
    upgrade_description,
)
from toolkit.files import check_no_link
from toolkit.options import differences
from toolkit.pictures import save_figure
from toolkit.report import REPORT_FILE
from toolkit.tasks.options import HELD_OUT
from toolkit.training import CHECKPOINT, checkpoint_place

logger = logging.getLogger("toolkit.pipelines")


#: The options of every task that matter first.
_FIRST_OPTIONS = ("output", "cell", "hidden_size", "epochs")
_TRAIN_FILES = ("data", "validation_data", "output", "golden", "init_from", "more_epochs")


def _train_arguments(parser: Parser, pipeline: Pipeline) -> None:
    data_arguments(parser, pipeline)
    parser.add_argument("--output", required=True, metavar="RUN", help="The run's folder.")
    parser.add_argument(
        "--init-from",
        metavar="RUN",
        help="A run to go on from, with other data and into another folder. Its options are the "
        "defaults; vocabulary and labels grow by those of the data.",
    )
    parser.add_argument(
        "--more-epochs",
        type=int | None,
        metavar="N",
        help="Train a finished run for N epochs more, with a new schedule, in its folder. Its "
        "options and data are the defaults.",
    )
    golden_argument(parser)
    texts_argument(parser)
    parser.add_options(pipeline.options)
    parser.shorten_help([*pipeline.first_options, *_FIRST_OPTIONS])
    parser.set_earlier(lambda words: earlier_values(pipeline, words))


def _train(pipeline: Pipeline, options: Any) -> int:
    names = [field.name for field in fields(pipeline.options)]
    for name in replaced(options, options.inherited):
        setattr(options, name, None)
    values = {name: getattr(options, name) for name in names}
    columns = pipeline.options(**values)  # checks the values before TensorFlow is imported
    columns.check_packages()
    data = {name: getattr(options, name) for name in ("data", "validation_data", "init_from")}
    run = Path(options.output)
    check_not_file(run)
    _check_no_links(run)
    earlier = earlier_run(pipeline, options, columns)
    more = options.more_epochs is not None
    kept = {name: values[name] for name in values if name not in columns.WITHOUT_EFFECT}
    requested = kept | data
    if not more and _already_finished(pipeline, run, requested):
        return 0
    golden = golden_inputs(pipeline, options.golden, columns)
    if golden == HELD_OUT and not (options.validation_data or values.get("validation_split")):
        raise OptionError(f"--golden {HELD_OUT}, but nothing is held out; give --validation-data")
    if not golden and options.data == SAMPLE:
        golden = list(pipeline.examples)
    known = None if earlier is None else [*earlier.facts.get("classes", ())]
    train, validation = training_data(pipeline, options, columns, known)

    if shown_texts(options) is None:
        options.texts = earlier is None or earlier.facts.get("texts") is not False
    with output_folder(run), _explain_interruption(run):
        # another process may have just finished it
        if not more and _already_finished(pipeline, run, requested):
            return 0
        if more and earlier is not None and only_to_export(run, options.more_epochs):
            logger.info("%s was trained, and is exported now", run)
            task = load_earlier(pipeline, earlier, values)
        else:
            task = _trained(pipeline, options, earlier, (train, validation))
        while not more and (version := newest_version(run)) is not None:
            shutil.rmtree(run / str(version))  # of a run killed while exporting
        exported = task.export(run, golden=golden or None)
        _draw_curves(task, run)
        is_reported = write_report(pipeline, task, run, options.texts)
    if task.metrics:
        logger.info("validation: %s", _format_metrics(task.metrics))
    if sample := pipeline.samples.get(options.data):
        logger.info("the sample's test part: %s", _format_metrics(task.evaluate(sample("test"))))
    logger.info("exported %s", exported)
    if is_reported:
        logger.info("the report is %s", run / REPORT_FILE)
    text = '"your text"'
    if isinstance(golden, list) and golden:
        text = shlex.quote(pipeline.labelled.write_line(golden[0]))
    arguments = pipeline.labelled.predict_arguments(text, task.classes)
    logger.info("try it: %s predict %s %s", pipeline.command, shlex.quote(str(run)), arguments)
    return 0


def _check_no_links(run: Path) -> None:
    """Check that the folders in a run's folder that a training writes or removes are no links.

    Raises:
        OptionError: One is a link.
    """
    for path in run.glob("*"):
        if path.name == CHECKPOINT or path.name.isdecimal():
            check_no_link(path)


def _trained(pipeline: Pipeline, options: Any, earlier: EarlierRun | None, data: Any) -> Any:
    """Train a task on data and validation data, and save it.

    Raises:
        DivergedError: The loss became infinite. A new run has the last good weights; one that was
            finished is as it was.
    """
    values = {field.name: getattr(options, field.name) for field in fields(pipeline.options)}
    facts = {name: getattr(options, name) for name in ("data", "validation_data", "init_from")}
    run, more = Path(options.output), options.more_epochs
    task: Any  # whose options the protocol does not declare
    if earlier is None:
        task = pipeline.load_task()(**values)
    else:
        task = load_earlier(pipeline, earlier, values)
    if earlier is not None and more is not None:
        facts["init_from"] = earlier.facts.get("init_from")
        task.epochs = more
        if not interrupted(run):  # the process may have been killed before it removed this
            shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
    diverged, history = None, run / "history.csv"
    rows = history.read_bytes() if more is not None and history.is_file() else None
    try:
        train, validation = data
        task.fit(train, validation, output=run, continue_training=earlier is not None)
    except DivergedError as error:
        diverged = error
    finally:
        remove_empty_run(run)
    if diverged and more is not None:
        shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
        if rows is not None:
            history.write_bytes(rows)
        raise DivergedError(f"{diverged}; {run} is as it was") from diverged
    if more is not None:
        task.epochs = values.get("epochs")  # those of the run's own training
    if not options.texts:
        facts["texts"] = False
    task.facts |= facts | {"command": shlex.join(_command(pipeline, options))}
    task.save(run)
    if diverged:
        raise DivergedError(
            f"{diverged}; the weights are in {run / 'model.keras'}, for "
            "toolkit.models.load_sequence_model, and nothing is exported"
        ) from diverged
    return task


@contextlib.contextmanager
def _explain_interruption(run: Path) -> Iterator[None]:
    """Add to an interruption what the same command will do next."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        place = checkpoint_place(run)
        effect = f"continues from {place}" if place else "starts again"
        interruption.args = (f"the same command {effect}",)
        raise


def _already_finished(pipeline: Pipeline, run: Path, requested: dict[str, Any]) -> bool:
    """Return whether the run is finished, and log it if so.

    Raises:
        ModelError: A newer version of the toolkit wrote it.
        OptionError: The folder holds other files, or a model or checkpoint of another training.
    """
    if not _is_finished(run, requested):
        return False
    if interrupted(run):
        logger.info("%s is finished, but for --more-epochs, which was interrupted", run)
        return True
    # The process may have been killed before it removed this.
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
    if not (run / REPORT_FILE).is_file():
        logger.info("%s has no report; %s writes it", run, _report_command(pipeline, run))
    logger.info("%s is finished; nothing is left to do", run)
    return True


def _is_finished(run: Path, requested: dict[str, Any]) -> bool:
    """Return whether the run's folder holds a finished model with these options and data.

    Raises:
        ModelError: A newer version of the toolkit wrote it.
        OptionError: It holds other files, or a model or checkpoint of another training.
    """
    if not run.is_dir():
        return False
    configs = [run / "config.yaml", run / CHECKPOINT / "config.yaml"]
    configs = [path for path in configs if path.is_file()]
    if not configs and newest_version(run) is None:
        if others := [name for name in os.listdir(run) if name[0] != "." and name != CHECKPOINT]:
            raise OptionError(
                f"{run} holds other files ({shorten(sorted(others))}); give a new folder"
            )
        return False
    try:
        config = read_yaml(configs[0])
        config = upgrade_description(config, configs[0])
        unfinished = configs[0].parent.name == CHECKPOINT  # whose facts have no data yet
        # Options win over facts, which have the resolved value where an option is auto.
        recorded = ({} if unfinished else config["facts"]) | config["options"]
    except ModelError:
        raise
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        raise OptionError(
            f"{run} has no config.yaml that says how its model was trained; give another --output"
        ) from None
    if not unfinished:
        recorded.setdefault("init_from", None)
    if changes := differences(recorded, requested):
        advice = "" if unfinished else _advice(config["facts"], recorded, requested)
        raise OptionError(f"{run} was trained with {changes}; {advice}give another --output")
    # The card is written last; the checkpoint is removed after it.
    exported = newest_version(run) is not None and not (run / CHECKPOINT).is_dir()
    return exported or (run / CARD_FILE).is_file()


def _advice(facts: Any, recorded: dict[str, Any], requested: dict[str, Any]) -> str:
    """Return how a finished run is trained further, if that is all that is asked for."""
    others = requested | {"epochs": recorded.get("epochs")}
    known = (*(facts.get(name) for name in ("trained_epochs", "epochs")), recorded.get("epochs"))
    trained = next((number for number in known if isinstance(number, int)), None)
    asked = requested.get("epochs")
    if differences(recorded, others) or trained is None or not isinstance(asked, int):
        return ""
    return f"train it further by --more-epochs {asked - trained}, or " if asked > trained else ""


def _draw_curves(task: Any, run: Path) -> None:
    """Draw the learning curves of a task into its run's folder."""
    axes = draw_history(task.history, task.facts.get("monitor"))
    if axes is not None:
        save_figure(axes.figure, run / "learning_curves.png")


def write_report(pipeline: Pipeline, task: Any, run: Path, texts: bool) -> bool:
    """Write the report on a trained task, with its answers to the held-out part.

    Returns:
        Whether it is written; if not, a warning says why, since the model is exported all the same.
    """
    try:
        task.report(run / REPORT_FILE, texts=texts)
    except (ToolkitError, OSError) as error:
        logger.warning(
            "the model is exported, but its report is not written: %s; try %s",
            error,
            _report_command(pipeline, run),
        )
        return False
    return True


def _report_command(pipeline: Pipeline, run: Path) -> str:
    """Return the command that writes the report on a run."""
    return f"{pipeline.command} report {shlex.quote(str(run))}"


def remove_empty_run(run: Path) -> None:
    """Remove a run's configuration if its training ended before the first checkpoint."""
    checkpoint = run / CHECKPOINT
    begun = (run / "history.csv").exists() and not (run / ARCHIVE).exists()
    if not begun and [*checkpoint.glob("*")] == [checkpoint / "config.yaml"]:
        shutil.rmtree(checkpoint)


def _command(pipeline: Pipeline, options: Any) -> list[str]:
    """Return the command line of this training, without options that have their defaults."""
    given = {name: getattr(options, name) for name in _TRAIN_FILES}
    for field in fields(pipeline.options):
        if getattr(options, field.name) != field.default:
            given[field.name] = getattr(options, field.name)
    words = [*pipeline.command.split(), "train"]
    if not options.texts:
        given["texts"] = False
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None or name not in _TRAIN_FILES:
            text = "null" if value is None else str(value)
            words += [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]
    return words


def _format_metrics(metrics: dict[str, Any]) -> str:
    """Return the metrics that are numbers, in one line."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return ", ".join(
        f"{name} {value}" if isinstance(value, int) else f"{name} {value:.4g}"
        for name, value in numbers.items()
    )


TRAIN = Verb(
    "--data DATA --output RUN [options]",
    "Train on labelled data and export the model.",
    _train_arguments,
    _train,
)
