"""``compare``: whether one run is better than another by more than chance."""

import json
import logging
import sys
from dataclasses import fields
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import labelled_argument, labelled_for, load_run, recorded
from pipelines.verbs.verb import Verb
from toolkit.errors import ModelError
from toolkit.evaluation import BootstrapOptions, check_classes, compare, comparison_table

logger = logging.getLogger("toolkit.pipelines")


def _compare_arguments(parser: Parser, pipeline: Pipeline) -> None:
    parser.add_argument("run_a", metavar="RUN_A", help="The folder of a trained run, called A.")
    parser.add_argument("run_b", metavar="RUN_B", help="The folder of another, called B.")
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    parser.add_options(BootstrapOptions)
    parser.add_options(pipeline.labelled.columns, pipeline.labelled.given, defaults=False)


def _compare(pipeline: Pipeline, options: Any) -> int:
    bootstrap = BootstrapOptions(
        **{field.name: getattr(options, field.name) for field in fields(BootstrapOptions)}
    )
    runs = [options.run_a, options.run_b]
    _check_alike(pipeline, *runs)
    data = labelled_for(pipeline, options, *runs)
    a, b = (load_run(pipeline, run, options) for run in runs)
    found = compare(a, b, data, bootstrap)
    table = comparison_table(found)
    logger.info("A  %s\nB  %s\n%d examples\n\n%s", *runs, found["examples"], table)
    result = {"a": options.run_a, "b": options.run_b, **found}
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 0


def _check_alike(pipeline: Pipeline, a: str, b: str) -> None:
    """Complains of runs that answer differently, as far as their configurations say.

    Raises:
        ModelError: They have other targets or classes.
    """
    of_a, of_b = recorded(pipeline, a), recorded(pipeline, b)
    targets = of_a["options"].get("target"), of_b["options"].get("target")
    if None not in targets and targets[0] != targets[1]:
        raise ModelError(f"{a} has target {targets[0]} and {b} has target {targets[1]}")
    known = ["classes" in made["facts"] for made in (of_a, of_b)]
    conditions = any(made["options"].get("condition_column") for made in (of_a, of_b))
    if all(known) or conditions:  # a run without conditions has no classes
        classes_a, classes_b = ([*made["facts"].get("classes", ())] for made in (of_a, of_b))
        check_classes(classes_a, classes_b, names=(a, b))


COMPARE = Verb(
    "RUN_A RUN_B --data DATA [options]",
    "Say whether one run is better than another by more than chance.",
    _compare_arguments,
    _compare,
)
