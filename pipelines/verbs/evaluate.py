"""``evaluate``: how good a run is on labelled data, and how much of that is the seed's luck."""

import contextlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    config_file,
    labelled_argument,
    labelled_for,
    load_run,
    output_folder,
    recorded,
    run_argument,
)
from pipelines.verbs.train import TRAIN
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError
from toolkit.evaluation import metrics_table, over_seeds
from toolkit.files import atomic_write

logger = logging.getLogger("toolkit.pipelines")


def _evaluate_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="Gets metrics.json, and what the task has of pictures and of what was missed.",
    )
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=int,
        help="Also train the run's configuration anew, on its own training data, with the N seeds "
        "after its own, into RUN/seeds/; and give the mean and the standard deviation of their "
        "metrics. The same command goes on where it was cut off.",
    )
    parser.add_options(pipeline.labelled.columns, pipeline.labelled.given, defaults=False)


def _evaluate(pipeline: Pipeline, options: Any) -> int:
    data = labelled_for(pipeline, options, options.run)
    with contextlib.ExitStack() as stack:
        if options.output:
            stack.enter_context(output_folder(options.output))
        seeds = {} if options.seeds is None else _trained(pipeline, options.run, options.seeds)
        metrics = load_run(pipeline, options.run, options).evaluate(data, output=options.output)
        if seeds:
            runs = ((seed, load_run(pipeline, run, options)) for seed, run in seeds.items())
            metrics = {**metrics, "seeds": over_seeds({s: run.evaluate(data) for s, run in runs})}
        content = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
        if seeds and options.output:
            atomic_write(Path(options.output, "metrics.json"), content)
    logger.info("%s", metrics_table(metrics))
    sys.stdout.write(content)
    return 0


def _trained(pipeline: Pipeline, run: str, count: int) -> dict[int, str]:
    """Trains a run's configuration with other seeds, and gives the folder of each.

    Raises:
        OptionError: It cannot be trained anew, or there are too few seeds for a deviation.
    """
    if count < 2:
        raise OptionError(f"--seeds is {count}; a deviation needs at least 2")
    made = recorded(pipeline, run)
    if "validation_data" not in made["facts"]:  # which the verb notes, and Python cannot
        raise OptionError(
            f"--seeds trains anew, and {run} does not say on which data; only a run of the verb "
            "train does"
        )
    own, logs = made["options"]["seed"], made["options"].get("tensorboard")
    folders = {seed: str(Path(run, "seeds", str(seed))) for seed in range(own + 1, own + 1 + count)}
    for seed, folder in folders.items():
        logger.info("seed %d (%d of %d): %s", seed, seed - own, count, folder)
        line = ["--config", str(config_file(run)), "--seed", str(seed), "--output", folder]
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
