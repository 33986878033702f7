"""Compare minimal GRUs with GRUs that are trained for the same time, in three tasks.

Run ``python -m benchmarks.quality.min_gru --sentiment TRAIN DEV --tagging TRAIN DEV
--language-model TRAIN DEV``, with any of the three. For each task a GRU of one layer is trained for
``--epochs``; its time is the budget of all other networks, which are trained for the epochs that
fit in it, as far as a trial of two epochs tells. The last table is Markdown on standard output: the
metric on the development data, which also chose the epoch with the best weights.
"""

import argparse
import itertools
import os
from typing import Any, NamedTuple

from benchmarks.machine import description
from benchmarks.timing import Stopwatch, say

CELLS = ("gru", "min_gru")


class Case(NamedTuple):
    """A task.

    Attributes:
        name: The name of its class in ``toolkit.tasks``.
        metric: Its metric on the development data.
        options: Options of the task.
    """

    name: str
    metric: str
    options: dict[str, Any]


#: The tasks, by the option of the command line that has their data.
CASES = {
    "sentiment": Case("TextClassifier", "accuracy", {}),
    "tagging": Case("EntityTagger", "f1", {}),
    "language_model": Case("LanguageModel", "log_loss", {}),
}


class Result(NamedTuple):
    """A trained network.

    Attributes:
        epochs: The number of epochs.
        seconds: The time of the training, with the making of graphs and the validation.
        metric: The metric on the development data.
    """

    epochs: int
    seconds: float
    metric: float


def main() -> None:
    """Run the command line: print a row for each task, cell and number of layers."""
    parser = argparse.ArgumentParser("python -m benchmarks.quality.min_gru", description=__doc__)
    for name in CASES:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, nargs=2, metavar=("TRAIN", "DEV"), help="files of the task")
    parser.add_argument("--layers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, help="of the GRU of one layer (default: the task's)")
    parser.add_argument("--hidden-size", type=int, help="of all networks (default: the task's)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(description(options.threads), end="\n\n")
    stopwatch = Stopwatch()
    print("| task, metric | cell | layers | epochs | seconds | metric |")
    print("|---|---|---:|---:|---:|---:|")
    for name, case in CASES.items():
        if (data := getattr(options, name)) is not None:
            compare(case, data, options)
    print(f"\n{stopwatch}")


def compare(case: Case, data: list[str], options: argparse.Namespace) -> None:
    """Print a row for each cell and number of layers; the GRU of one layer comes first."""
    shared = case.options | {"threads": options.threads, "seed": options.seed}
    if options.hidden_size:
        shared |= {"hidden_size": options.hidden_size}
    base = trained(case, data, shared | {"cell": "gru"}, options.epochs or "auto")
    _print_row(case, "gru", 1, base)
    for layers, cell in itertools.product(options.layers, CELLS):
        if (layers, cell) == (1, "gru"):
            continue
        network = shared | {"cell": cell, "layers": layers}
        epochs = epochs_within(base.seconds, case, data, network)
        _print_row(case, cell, layers, trained(case, data, network, epochs))


def epochs_within(seconds: float, case: Case, data: list[str], options: dict[str, Any]) -> int:
    """Return the number of epochs that fit in a time, at least 1."""
    first, second = (row["seconds"] for row in fitted(case, data, options, 2).history)
    return 1 + max(0, int((seconds - first) / (second - first)))


def trained(case: Case, data: list[str], options: dict[str, Any], epochs: int | str) -> Result:
    """Return the result of a training."""
    task = fitted(case, data, options, epochs)
    metric = task.evaluate(data[1])[case.metric]
    return Result(len(task.history), task.history[-1]["seconds"], metric)


def fitted(case: Case, data: list[str], options: dict[str, Any], epochs: int | str) -> Any:
    """Return the task after all its epochs: none of the time is saved by early stopping."""
    from toolkit import tasks

    say(f"{case.name}, {options}, epochs: {epochs}")
    task = getattr(tasks, case.name)(**options, epochs=epochs, patience=1_000)
    return task.fit(data[0], data[1])


def _print_row(case: Case, cell: str, layers: int, result: Result) -> None:
    names = f"{case.name}, {case.metric} | {cell} | {layers}"
    print(f"| {names} | {result.epochs} | {result.seconds:.0f} | {result.metric:.4g} |", flush=True)


if __name__ == "__main__":
    main()
