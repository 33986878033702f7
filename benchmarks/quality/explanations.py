"""Measure how well the attributions of runs add up, and how long explanations take.

Run ``python -m benchmarks.quality.explanations RUN --data FILE``, with a run of a task that
explains its answers, which has model.keras or was exported with --explain, and data that it can
read. Of the first rows of the data, ``--rows`` are explained. The table has, over these, the number
of parts, by how much their attributions miss the difference of the log probabilities (or numbers),
the number of rows for which that is more than is promised, and the seconds for each row, without
the first one, for which the graph is made.
"""

import argparse
import importlib
import sys
import time
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from benchmarks.machine import description
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import read_run
from toolkit.errors import ModelError
from toolkit.training import set_threads

#: The pipelines with explanations.
PIPELINES = ("sentiment", "dna", "dna_spans", "activity", "ner", "language_model", "translation")


def main() -> None:
    """Run the command line: print a table."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.explanations", description=__doc__
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--data", required=True, metavar="FILE", help="data that the run can read")
    parser.add_argument("--rows", type=int, default=20, help="the number of rows")
    parser.add_argument("--threads", type=int, default=1, help="the number of threads")
    options = parser.parse_args()
    pipeline = _pipeline(options.run)
    found = read_run(pipeline, options.run)
    columns = pipeline.labelled.columns(
        **{n: v for n, v in found["options"].items() if hasattr(pipeline.labelled.columns, n)}
    )
    source = pipeline.data(options.data, "test", columns)
    inputs = pipeline.labelled.inputs(source, columns, found["facts"])
    print(description(options.threads))
    kind = pipeline.load_task()
    set_threads(options.threads)
    task: Any = kind.load(options.run)
    errors, parts, seconds, missed = [], [], [], 0
    for value in islice(inputs, options.rows):
        start = time.perf_counter()
        (row,) = task.explain([value])
        seconds.append(time.perf_counter() - start)
        if "error" in row:
            continue
        errors.append(row["completeness_error"])
        parts.append(len(row["attributions"]))
        missed += not row["complete"]
    if not errors:
        sys.exit(f"{options.data} has no row that can be explained")
    rest = seconds[1:] or seconds
    print("| rows | parts, mean | error, median | error, largest | missed | s a row, mean |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {len(errors)} | {np.mean(parts):.0f} | {np.median(errors):.1e} | {max(errors):.1e} | "
        f"{missed} | {np.mean(rest):.2f} |"
    )


def _pipeline(run: str) -> Pipeline:
    """Return the pipeline of a run."""
    for name in PIPELINES:
        pipeline: Pipeline = importlib.import_module(f"pipelines.{name}").PIPELINE
        with suppress(ModelError):
            read_run(pipeline, run)
            return pipeline
    sys.exit(f"{run} is no run of a task that explains its answers: {', '.join(PIPELINES)}")


if __name__ == "__main__":
    main()
