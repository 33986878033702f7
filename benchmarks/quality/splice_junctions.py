"""Measure a classifier of strands by cross-validation, beside baselines without a network.

Run ``python -m benchmarks.quality.splice_junctions --data splice.csv``. Equal strands, and a strand
and the opposite one, are in the same fold; the folds are stratified. ``--folds 0`` leaves one group
out at a time. Further arguments are options of ``pipelines.dna train``, such as ``--kmer-size 9``;
nothing is held out within a fold, so that the last averaged weights answer. The report is a
Markdown table on standard output, a row for each seed of the trainings; the folds are the same for
all.

The baselines, on the same folds, are a support vector machine with a radial kernel on bases, for
strands of one length, and logistic regression on the counts of 6-mers.
"""

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import description
from benchmarks.timing import say
from pipelines.parser import Parser
from toolkit.data import StrandExamples, open_strands
from toolkit.tasks.strands.options import StrandClassifierOptions
from toolkit.text.bases import BASES, CODES

Indices = NDArray[np.int64]


def main() -> None:
    """Run the command line: print a table of accuracies."""
    parser = Parser("python -m benchmarks.quality.splice_junctions", "[options]", __doc__ or "")
    parser.add_argument("--data", "Labelled strands, as for pipelines.dna.", required=True)
    parser.add_argument("--folds", "The number of folds; 0 for one a group.", type=int, default=10)
    parser.add_argument("--seeds", "The number of seeds.", type=int, default=1)
    parser.add_argument("--baselines", "Whether to measure baselines.", type=bool, default=True)
    parser.add_options(StrandClassifierOptions)
    options = parser.parse(sys.argv[1:])
    values = {field.name: getattr(options, field.name) for field in fields(StrandClassifierOptions)}
    chosen = StrandClassifierOptions(**values)
    examples = [*StrandExamples(open_strands(options.data, "train", chosen), chosen)]
    strands = [example.text.upper() for example in examples]
    labels = np.array([str(example.label) for example in examples])
    groups = np.unique([str(example.group) for example in examples], return_inverse=True)[1]
    folds = [*split(labels, groups, options.folds)]
    print(description(chosen.threads or os.cpu_count() or 1))
    print("\n| classifier | accuracy | errors | of | folds |\n|---|---:|---:|---:|---|")
    for name, model in baselines(strands) if options.baselines else ():
        report(name, labels, folds, [fitted(model, labels, fold) for fold in folds])
    logging.getLogger("toolkit").setLevel(logging.WARNING)
    for seed in range(chosen.seed, chosen.seed + options.seeds):
        answers = [
            trained(values | {"seed": seed}, strands, labels, fold, f"{number}/{len(folds)}")
            for number, fold in enumerate(folds, 1)
        ]
        report(f"StrandClassifier, seed {seed}", labels, folds, answers)


def split(labels: Any, groups: Indices, folds: int) -> Iterator[tuple[Indices, Indices]]:
    """Yield the training and the test examples of each fold."""
    from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

    if not folds:
        yield from LeaveOneGroupOut().split(labels, labels, groups)
    else:
        by_group = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
        yield from by_group.split(labels, labels, groups)


def baselines(strands: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each baseline, and its classifier with the features of all strands."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    if len({*map(len, strands)}) == 1:
        fractions = {
            letter: [(base in bases) / len(bases) for base in BASES]
            for letter, bases in CODES.items()
        }
        bases = np.array([[fractions.get(letter, [0.0] * 4) for letter in s] for s in strands])
        bases = bases.reshape(len(strands), -1)
        yield "radial kernel on bases", (SVC(C=3, gamma="scale"), bases)
    counter = CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False)
    yield "counts of 6-mers", (LogisticRegression(max_iter=2000), counter.fit_transform(strands))


def fitted(model: Any, labels: Any, fold: tuple[Indices, Indices]) -> Any:
    """Return the answers of a baseline to the test examples of a fold."""
    (classifier, features), (train, test) = model, fold
    return classifier.fit(features[train], labels[train]).predict(features[test])


def trained(
    options: dict[str, Any],
    strands: list[str],
    labels: Any,
    fold: tuple[Indices, Indices],
    name: str,
) -> list[str]:
    """Return the answers of a new network to the test examples of a fold."""
    from toolkit.tasks import StrandClassifier

    train, test = fold
    classifier = StrandClassifier(**options | {"validation_split": 0.0})
    classifier.fit(([strands[index] for index in train], labels[train].tolist()))
    answers = [each["label"] for each in classifier.predict([strands[index] for index in test])]
    wrong = sum(answer != label for answer, label in zip(answers, labels[test], strict=True))
    say(f"seed {options['seed']}, fold {name}: {wrong} errors of {len(test)}")
    return answers


def report(name: str, labels: Any, folds: Any, answers: Any) -> None:
    """Print a row of the table."""
    right = [labels[test] == each for (_, test), each in zip(folds, answers, strict=True)]
    together = np.concatenate(right)
    by_fold = " ".join(f"{each.mean():.3f}" for each in right) if len(right) <= 20 else ""
    print(
        f"| {name} | {together.mean():.4f} | {(~together).sum()} | {len(together)} | {by_fold} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
