"""A task's answers to labelled data, beside the gold; and those of a classifier."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.evaluation import (
    Statistics,
    classification_metrics,
    classification_statistics,
    multilabel_metrics,
    multilabel_statistics,
    number_metrics,
    number_statistics,
    write_report,
)
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Cell, Examples, Section
from toolkit.report.classes import class_sections

if TYPE_CHECKING:
    import pandas as pd


class Outcomes(ABC):
    """A task's answers to labelled data, beside the gold.

    Attributes:
        checksum: The checksum of the examples as read.
    """

    checksum: int

    @abstractmethod
    def metrics(self) -> dict[str, Any]:
        """Return the metrics by name."""

    @abstractmethod
    def statistics(self) -> Statistics:
        """Return the statistics, one row per example."""

    def paired_statistics(self) -> Statistics:
        """Return the statistics with the checksum, so that they are paired with equal data only."""
        return replace(self.statistics(), checksum=self.checksum)

    @abstractmethod
    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write the metrics and the errors into a folder."""

    def answered(self, facts: Mapping[str, Any]) -> Answered | None:
        """Return the answers for the sections that all reports share; None for none of these.

        Args:
            facts: The facts of the run.
        """
        return None

    def sections(self, texts: bool) -> list[Section]:
        """Return the sections of a report that are the task's own.

        Args:
            texts: Whether texts of the data are shown.
        """
        return []


@dataclass(frozen=True)
class Shown:
    """The examples that a classifier has answered, for a report.

    Attributes:
        noun: What an example is called.
        keys: What examples are sliced by, a number or a name for each.
        named: The keys whose names are texts of the data, such as those of groups.
        inputs: Returns the examples with some numbers as texts.
        values: Returns them as ``explain`` takes them, for a task that has it.
        drawn: Returns drawings of the worst of them; None for no drawings.
    """

    noun: str
    keys: Mapping[str, Sequence[Any]]
    named: frozenset[str]
    inputs: Callable[[Sequence[int]], Sequence[str]]
    values: Callable[[Sequence[int]], Sequence[Any]]
    drawn: Callable[[Sequence[int]], Examples | None]


#: The metrics of the most usual answer that are shown beside those of the run.
BASELINE = frozenset(
    {"accuracy", "macro_f1", "micro_f1", "mean_absolute_error", "root_mean_squared_error", "r2"}
)
#: The most examples that are drawn.
MOST_DRAWN = 8


@dataclass(frozen=True)
class ClassifierOutcomes(Outcomes):
    """Answers to labelled sequences, beside the gold labels.

    Attributes:
        target: The kind of label: ``classes``, ``labels`` or ``number``.
        classes: The names of the classes.
        labels: The encoded labels, [N] or [N, C].
        answers: Probabilities [N, C], or numbers [N, 1].
        errors: The most confident wrong answers, if requested.
        checksum: The checksum of inputs and labels.
        shown: What a report shows of the examples; None for no report.
    """

    target: str
    classes: Sequence[str]
    labels: Any
    answers: Any
    errors: "pd.DataFrame | None"
    checksum: int
    shown: Shown | None = None

    def metrics(self) -> dict[str, Any]:
        """Return the metrics for the target."""
        return classifier_metrics(self.target, self.labels, self.answers, self.classes)

    def statistics(self) -> Statistics:
        """Return the statistics, one row per sequence."""
        if self.target == "number":
            return number_statistics(self.labels, self.answers[:, 0])
        if self.target == "labels":
            return multilabel_statistics(self.labels, self.answers)
        return classification_statistics(self.labels, self.answers)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json`` and, with classes, ``confusion.png`` and ``errors.csv``."""
        write_report(folder, metrics, self.classes, self.errors)

    def answered(self, facts: Mapping[str, Any]) -> Answered | None:
        """Return the answers; of classes the loss is the probability of a wrong one."""
        shown = self.shown
        if shown is None:
            return None
        return Answered(
            noun=shown.noun,
            loss=self._loss(),
            graded="largest errors" if self.target == "number" else None,
            show=self._show,
            asked=self._asked,
            texts=frozenset({shown.noun}),
            keys=shown.keys,
            named=shown.named,
            baselines=self._baselines(facts.get("classes", {})),
        )

    def sections(self, texts: bool) -> list[Section]:
        """Return confusions, reliability and ROC curves, and drawings of the worst errors."""
        sections = class_sections(self.target, self.labels, self.answers, self.classes)
        if self.shown is None or not texts:
            return sections
        loss = self._loss()
        worst = np.argsort(-loss, kind="stable")[:MOST_DRAWN]
        worst = worst[loss[worst] > 0]
        drawn = self.shown.drawn(worst.tolist()) if len(worst) else None
        return sections + ([] if drawn is None else [Section("drawn", "Drawings", [drawn])])

    def _loss(self) -> Any:
        """Return how wrong each answer is [N]; 0 where it is right."""
        if self.target == "number":
            return np.abs(self.answers[:, 0] - self.labels)
        if self.target == "labels":
            return self._label_errors().max(axis=1)
        return np.where(self.answers.argmax(axis=1) == self.labels, 0, self.answers.max(axis=1))

    def _label_errors(self) -> Any:
        """Return by how much each label's probability is wrong [N, C]; 0 where it is right."""
        wrong = (self.answers >= 0.5) != (np.asarray(self.labels) != 0)
        return np.where(wrong, np.abs(self.answers - self.labels), 0)

    def _gold(self) -> list[str]:
        """Return the right answer to each example, in words."""
        if self.target == "number":
            return [f"{number:g}" for number in self.labels]
        if self.target == "labels":
            return [self._names(row != 0) for row in np.asarray(self.labels)]
        return [self.classes[number] for number in self.labels]

    def _names(self, chosen: Any) -> str:
        """Return the names of some labels, bool [C]."""
        return ", ".join(n for n, is_in in zip(self.classes, chosen, strict=True) if is_in)

    def _show(self, numbers: Sequence[int]) -> list[dict[str, Cell]]:
        """Return the cells of a table of errors."""
        assert self.shown is not None
        gold, loss = self._gold(), self._loss()
        rows: list[dict[str, Cell]] = []
        for number, text in zip(numbers, self.shown.inputs(numbers), strict=True):
            answer = self.answers[number]
            row: dict[str, Cell] = {self.shown.noun: text, "right": gold[number]}
            if self.target == "number":
                row |= {"answer": float(answer[0]), "error": float(loss[number])}
            elif self.target == "labels":
                row |= {"answer": self._names(answer >= 0.5), "largest error": float(loss[number])}
            else:
                row |= {
                    "answer": self.classes[answer.argmax()],
                    "its probability": float(answer.max()),
                    "probability of the right": float(answer[self.labels[number]]),
                }
            rows.append(row)
        return rows

    def _asked(self, numbers: Sequence[int]) -> Iterator[list[Question]]:
        """Yield the questions on examples: what their answers, and the right classes, rest on."""
        assert self.shown is not None
        gold = self._gold()
        for number, value in zip(numbers, self.shown.values(numbers), strict=True):
            answer = self.answers[number]
            if self.target == "number":
                yield [Question(f"answer {answer[0]:g}, right {gold[number]}", value, {})]
            elif self.target == "labels":
                worst = int(self._label_errors()[number].argmax())
                name = self.classes[worst]
                what = f"{name}, which is {'' if self.labels[number][worst] else 'not '}right"
                yield [Question(what, value, {"target": name})]
            else:
                name = self.classes[answer.argmax()]
                sides = (("answer", name), ("right", gold[number]))
                yield [Question(f"{side} {n}", value, {"target": n}) for side, n in sides]

    def _baselines(self, counts: Mapping[str, int]) -> dict[str, dict[str, float]]:
        """Return the metrics of an answer that is always the same.

        That is the class most frequent in training, no label, or the mean of the measured numbers.

        Args:
            counts: The number of training examples of each class; without it no class is known.
        """
        if self.target == "number":
            usual = np.full(self.answers.shape, np.mean(self.labels))
            name = "mean of this data"
        elif self.target == "classes":
            known = [name for name in self.classes if name in counts]
            if not known:
                return {}
            best = max(known, key=lambda n: counts[n])
            usual = np.zeros(self.answers.shape)
            usual[:, list(self.classes).index(best)] = 1
            name = f"always {best}"
        else:
            usual, name = np.zeros(self.answers.shape), "no label"
        metrics = classifier_metrics(self.target, self.labels, usual, self.classes)
        return {name: {n: v for n, v in metrics.items() if n in BASELINE}}


def classifier_metrics(
    target: str, labels: Any, answers: Any, classes: Sequence[str]
) -> dict[str, Any]:
    """Return the metrics of answers [N, C], or numbers [N, 1], against encoded labels."""
    if target == "number":
        return number_metrics(labels, answers[:, 0])
    if target == "labels":
        return multilabel_metrics(labels, answers, classes)
    return classification_metrics(labels, answers, classes)
