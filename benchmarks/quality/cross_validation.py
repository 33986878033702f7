"""Cross-validation of classifiers of series: by groups, or in stratified folds.

Run ``python -m benchmarks.quality.cross_validation --data FILE [--folds K] [--seeds N ...] [options
of SequenceClassifier]``. Without ``--folds`` each group, such as a subject, is left out once;
``--together FILE`` joins the channels of a second file, series by series, resampled to the length
of the first. Nothing is held out within a fold: the weights after the last epoch answer. The table
of the folds is Markdown on standard output.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from benchmarks.machine import description
from benchmarks.timing import Stopwatch, say
from pipelines.parser import Parser
from toolkit.data import SeriesExample, SeriesExamples, open_series
from toolkit.tasks.sequences.options import SequenceClassifierOptions


def main(arguments: Sequence[str]) -> None:
    """Run the command line: print the accuracy of each fold and seed, and their mean."""
    parser = Parser("python -m benchmarks.quality.cross_validation", "[options]", str(__doc__))
    parser.add_argument("--data", "Labelled series.", str, required=True)
    parser.add_argument("--together", "Further channels of the same series.", str | None)
    parser.add_argument("--folds", "The number of folds; null for one for each group.", int | None)
    parser.add_argument("--seeds", "The number of seeds, from 0.", int, 1)
    parser.add_options(SequenceClassifierOptions)
    chosen = parser.parse(arguments)
    names = [field.name for field in fields(SequenceClassifierOptions)]
    options = {name: getattr(chosen, name) for name in names}
    examples = read(chosen.data, options)
    if chosen.together:
        examples = joined(examples, read(chosen.together, options))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(description(options["threads"] or os.cpu_count() or 1), end="\n\n")
    stopwatch = Stopwatch()
    print("| seed | left out | series | accuracy |\n|---:|---|---:|---:|")
    accuracies = []
    for seed in range(chosen.seeds):
        for name, held in folds(examples, chosen.folds, seed):
            accuracy = accuracy_without(examples, held, options | {"seed": seed})
            accuracies.append(accuracy)
            print(f"| {seed} | {name} | {held.sum()} | {accuracy:.4f} |", flush=True)
    print(f"\nmean accuracy {np.mean(accuracies):.4f}; {stopwatch}")


def read(path: str, options: dict[str, Any]) -> list[SeriesExample]:
    """Return the labelled series of a file, with their groups."""
    settings = SequenceClassifierOptions(**options)
    return list(SeriesExamples(open_series(path, "train", settings), settings))


def joined(first: list[SeriesExample], second: list[SeriesExample]) -> list[SeriesExample]:
    """Return series with the channels of both, at the times of the first."""
    result = []
    for a, b in zip(first, second, strict=True):
        assert (a.label, a.group) == (b.label, b.group), "the files have other series"
        times = np.linspace(0, len(b.series) - 1, len(a.series))
        columns = [np.interp(times, np.arange(len(b.series)), c) for c in b.series.T]
        channels = np.concatenate([a.series, np.stack(columns, 1)], axis=1)
        result.append(a._replace(series=channels.astype(np.float32)))
    return result


def folds(
    examples: list[SeriesExample], number: int | None, seed: int
) -> Iterator[tuple[str, Any]]:
    """Yield each fold's name, and which of the examples it leaves out, bool [N].

    Args:
        examples: The examples.
        number: The number of stratified folds; None for one for each group.
        seed: The seed of the stratified folds.
    """
    if number is None:
        if any(example.group is None for example in examples):
            raise SystemExit("the series have no groups; give --folds")
        groups = np.array([str(example.group) for example in examples])
        for group in dict.fromkeys(groups.tolist()):
            yield str(group), groups == group
        return
    from sklearn.model_selection import StratifiedKFold

    labels = [str(example.label) for example in examples]
    splits = StratifiedKFold(number, shuffle=True, random_state=seed).split(labels, labels)
    for fold, (_, rows) in enumerate(splits, 1):
        held = np.zeros(len(examples), bool)
        held[rows] = True
        yield f"fold {fold}", held


def accuracy_without(examples: list[SeriesExample], held: Any, options: dict[str, Any]) -> float:
    """Return the accuracy on the examples that are left out of a training."""
    from toolkit.tasks import SequenceClassifier

    parts = [
        ([e.series for e in part], [e.label for e in part])
        for part in (
            [e for e, out in zip(examples, held, strict=True) if out == wanted]
            for wanted in (False, True)
        )
    ]
    in_memory = {
        "group_column": None,
        "label_column": None,
        "series_column": None,
        "layout": "time_first",
        "label_rule": None,
    }
    task = SequenceClassifier(**options | in_memory | {"validation_split": 0.0})
    task.fit(parts[0])
    say(f"{len(parts[0][1])} series, {task.history[-1]['seconds']:.0f} s")
    return float(task.evaluate(parts[1])["accuracy"])


if __name__ == "__main__":
    main(sys.argv[1:])
