"""A task's answers to labelled data, beside the gold; and those of a classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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

if TYPE_CHECKING:
    import pandas as pd


class Outcomes(Protocol):
    """A task's answers to labelled data, beside the gold."""

    @property
    def checksum(self) -> int:
        """The checksum of the examples as read."""

    def metrics(self) -> dict[str, Any]:
        """Return the metrics by name."""

    def statistics(self) -> Statistics:
        """Return the statistics, one row per example."""

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write the metrics and the errors into a folder."""


@dataclass(frozen=True)
class ClassifierOutcomes:
    """Answers to labelled sequences, beside the gold labels.

    Attributes:
        target: The kind of label: ``classes``, ``labels`` or ``number``.
        classes: The names of the classes.
        labels: The encoded labels, [N] or [N, C].
        answers: Probabilities [N, C], or numbers [N, 1].
        errors: The most confident wrong answers, if requested.
        checksum: The checksum of inputs and labels.
    """

    target: str
    classes: Sequence[str]
    labels: Any
    answers: Any
    errors: "pd.DataFrame | None"
    checksum: int

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


def classifier_metrics(
    target: str, labels: Any, answers: Any, classes: Sequence[str]
) -> dict[str, Any]:
    """Return the metrics of answers [N, C], or numbers [N, 1], against encoded labels."""
    if target == "number":
        return number_metrics(labels, answers[:, 0])
    if target == "labels":
        return multilabel_metrics(labels, answers, classes)
    return classification_metrics(labels, answers, classes)
