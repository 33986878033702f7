"""``evaluate``: measure a run on labelled data, and its variation over seeds."""

import contextlib
import json
import logging
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    check_not_beside,
    evaluation_data,
    labelled_argument,
    load_run,
    metric_arguments,
    output_folder,
    read_run,
    result_format_argument,
    run_argument,
    shown_texts,
    texts_argument,
    warn_of_training_data,
    write_result,
)
from pipelines.verbs.train import TRAIN
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError
from toolkit.evaluation import metrics_table, over_seeds
from toolkit.export import description_path
from toolkit.files import atomic_write, check_no_link

logger = logging.getLogger("toolkit.pipelines")


def _evaluate_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="Folder for metrics.json, report.html, and the task's pictures and lists of errors.",
    )
    texts_argument(parser)
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=int | None,
        help="Also train the run's configuration on its own training data with the next N seeds, "
        "into RUN/seeds/, and report the mean and the standard deviation of their metrics. After "
        "an interruption the same command continues.",
    )
    result_format_argument(parser)
    metric_arguments(parser, pipeline)


def _evaluate(pipeline: Pipeline, options: Any) -> int:
    data = evaluation_data(pipeline, options, options.run)
    with contextlib.ExitStack() as stack:
        if options.output:
            check_not_beside(options.output, options.data)
            stack.enter_context(output_folder(options.output))
        warn_of_training_data(pipeline, options.data, options.run)
        seeds = {} if options.seeds is None else _train_seeds(pipeline, options)
        task = load_run(pipeline, options.run, options)
        metrics = task.evaluate(data, output=options.output, texts=shown_texts(options))
        if seeds:
            runs = ((seed, load_run(pipeline, run, options)) for seed, run in seeds.items())
            metrics = {**metrics, "seeds": over_seeds({s: run.evaluate(data) for s, run in runs})}
        if seeds and options.output:
            content = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
            atomic_write(Path(options.output, "metrics.json"), content)
    write_result(metrics, metrics_table(metrics), options.format)
    return 0


def _train_seeds(pipeline: Pipeline, options: Any) -> dict[int, str]:
    """Train a run's configuration with other seeds and return the folder of each.

    Raises:
        OptionError: The run does not name its training data, there are too few seeds, or their
            folder is a link.
    """
    run, count = options.run, options.seeds
    if count < 2:
        raise OptionError(f"--seeds is {count}; a deviation needs at least 2")
    description = read_run(pipeline, run)
    if "validation_data" not in description["facts"]:  # which only the verb train records
        raise OptionError(
            f"--seeds trains again, and {run} does not say on which data; only runs of the verb "
            "train do"
        )
    if description["facts"].get("epochs_before"):
        raise OptionError(
            f"--seeds trains again from the beginning, and {run} went on from an earlier training"
        )
    own, logs = description["options"]["seed"], description["options"].get("tensorboard")
    folders = {seed: str(Path(run, "seeds", str(seed))) for seed in range(own + 1, own + 1 + count)}
    for path in (str(Path(run, "seeds")), *folders.values()):
        check_no_link(path)
    for seed, folder in folders.items():
        logger.info("seed %d (%d of %d): %s", seed, seed - own, count, folder)
        line = ["--config", str(description_path(run)), "--seed", str(seed), "--output", folder]
        if False in (shown_texts(options), description["facts"].get("texts")):
            line.append("--no-texts")
        if logs:
            line += ["--tensorboard", str(Path(logs, str(seed)))]
        TRAIN.run(pipeline, "train", line)
    return folders


EVALUATE = Verb(
    "RUN --data DATA [options]",
    "Measure a run on labelled data.",
    _evaluate_arguments,
    _evaluate,
)
