"""``compare``: test whether one run is better than another by more than chance."""

from dataclasses import fields
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    evaluation_data,
    labelled_argument,
    load_run,
    metric_arguments,
    read_run,
    result_format_argument,
    warn_of_training_data,
    write_result,
)
from pipelines.verbs.verb import Verb
from toolkit.errors import ModelError, count
from toolkit.evaluation import BootstrapOptions, check_classes, compare, comparison_table


def _compare_arguments(parser: Parser, pipeline: Pipeline) -> None:
    parser.add_argument("run_a", metavar="RUN_A", help="The folder of a trained run, A.")
    parser.add_argument("run_b", metavar="RUN_B", help="The folder of another run, B.")
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    result_format_argument(parser)
    parser.add_options(BootstrapOptions)
    metric_arguments(parser, pipeline)


def _compare(pipeline: Pipeline, options: Any) -> int:
    bootstrap = BootstrapOptions(
        **{field.name: getattr(options, field.name) for field in fields(BootstrapOptions)}
    )
    runs = [options.run_a, options.run_b]
    check_comparable(pipeline, *runs)
    data = evaluation_data(pipeline, options, *runs)
    warn_of_training_data(pipeline, options.data, *runs)
    a, b = (load_run(pipeline, run, options) for run in runs)
    comparison = compare(a, b, data, bootstrap)
    heads = [f"{name}  {run}" for name, run in zip("AB", runs, strict=True)]
    heads += [count(comparison["examples"], "example"), ""]
    table = "\n".join([*heads, comparison_table(comparison)])
    result = {"a": options.run_a, "b": options.run_b, **comparison}
    write_result(result, table, options.format)
    return 0


def check_comparable(pipeline: Pipeline, a: str, b: str) -> None:
    """Check by their configurations that two runs have the same target and classes.

    Raises:
        ModelError: Their targets or classes differ.
    """
    run_a, run_b = read_run(pipeline, a), read_run(pipeline, b)
    targets = run_a["options"].get("target"), run_b["options"].get("target")
    if None not in targets and targets[0] != targets[1]:
        raise ModelError(f"{a} has target {targets[0]} and {b} has target {targets[1]}")
    runs = run_a, run_b
    have_classes = ["classes" in run["facts"] for run in runs]
    conditions = any(run["options"].get("condition_column") for run in runs)
    if all(have_classes) or conditions:  # a run without conditions has no classes
        classes_a, classes_b = ([*run["facts"].get("classes", ())] for run in runs)
        check_classes(classes_a, classes_b, names=(a, b))


COMPARE = Verb(
    "RUN_A RUN_B --data DATA [options]",
    "Test whether one run is better than another by more than chance.",
    _compare_arguments,
    _compare,
)
