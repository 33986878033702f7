"""The sections on answers that are classes: confusions, reliability and ROC curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.evaluation.classification import CALIBRATION_BINS
from toolkit.pictures import legible
from toolkit.report.blocks import Block, Cell, Figure, Prose, Section, Table
from toolkit.report.svg import picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most classes of a confusion matrix, and of ROC curves, the most frequent ones.
MOST_CONFUSED, MOST_CURVES = 30, 5
#: The most points of a ROC curve.
MOST_POINTS = 200


def confusion_table(confusion: ArrayLike, classes: Sequence[str], what: str = "class") -> Table:
    """Return a confusion matrix as a table: a row for each gold class, a column for each answer.

    Args:
        confusion: [C, C] counts.
        classes: C names.
        what: What the classes are called.
    """
    counts = np.asarray(confusion)
    chosen = np.arange(len(classes))
    caption = f"Confusions: a row for each right {what}, a column for each answer"
    if len(classes) > MOST_CONFUSED:
        totals = counts.sum(axis=0) + counts.sum(axis=1)
        chosen = np.sort(np.argsort(-totals, kind="stable")[:MOST_CONFUSED])
        caption += f"; the {MOST_CONFUSED} most frequent of {len(classes):,}"
    rows: list[list[Cell]] = [
        [classes[row], *counts[row, chosen].tolist()] for row in chosen.tolist()
    ]
    return Table(
        caption, [f"right {what}", *(classes[n] for n in chosen.tolist())], rows, shaded=True
    )


def reliability_figure(outcomes: ArrayLike, probabilities: ArrayLike) -> Figure:
    """Return a reliability diagram (Niculescu-Mizil and Caruana 2005; Guo et al. 2017).

    Args:
        outcomes: 1 where the predicted event occurred, else 0; of any shape.
        probabilities: Of the same shape.
    """
    predicted = np.asarray(probabilities, np.float64).ravel()
    occurred = np.asarray(outcomes, np.float64).ravel()
    bins = np.clip(np.ceil(predicted * CALIBRATION_BINS), 1, CALIBRATION_BINS).astype(np.int64)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS + 1)[1:]
    used = counts > 0
    mean, share = (
        np.bincount(bins, values, CALIBRATION_BINS + 1)[1:][used] / counts[used]
        for values in (predicted, occurred)
    )

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color="0.5", lw=1, ls=":")
        axes.plot(mean, share, marker="o", ms=4)
        axes.bar(
            (np.flatnonzero(used) + 0.5) / CALIBRATION_BINS,
            counts[used] / counts.sum(),
            width=0.8 / CALIBRATION_BINS,
            color="0.5",
            alpha=0.3,
        )
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="probability of the answer")
        axes.set_ylabel("share of right answers")

    places = ", ".join(f"{s:.2f} at {m:.2f}" for m, s in zip(mean, share, strict=True))
    return Figure(
        "Reliability: how often answers of a probability are right. On the dotted line the two are "
        "equal; the bars are the shares of the answers.",
        f"Reliability diagram; share of right answers by mean probability: {places}.",
        picture(draw, "reliability"),
    )


def roc_figure(
    gold: NDArray[Any], probabilities: NDArray[Any], classes: Sequence[str]
) -> Figure | None:
    """Return the ROC curves of classes, each against all others; None if none has a curve.

    Args:
        gold: [N, C] 1 where a class is right.
        probabilities: [N, C].
        classes: C names; of two classes the second is drawn.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    truth = np.asarray(gold) != 0
    ranked = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
    ranked = ranked[-1:] if len(classes) == 2 else ranked
    chosen = ranked[np.argsort(-truth[:, ranked].sum(axis=0), kind="stable")][:MOST_CURVES]
    if not len(chosen):
        return None
    areas = {n: float(roc_auc_score(truth[:, n], probabilities[:, n])) for n in chosen.tolist()}

    names, fonts = legible([classes[number] for number in areas])

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color="0.5", lw=1, ls=":")
        for number, area in areas.items():
            false, true, _ = roc_curve(truth[:, number], probabilities[:, number])
            kept = np.unique(np.linspace(0, len(false) - 1, MOST_POINTS).round().astype(int))
            axes.plot(false[kept], true[kept])
            axes.lines[-1].set_label(f" {names.pop(0)} ({area:.3f})")  # a first _ would hide it
        axes.set(xlabel="share of false positives", ylabel="share of true positives")
        for text in axes.legend(loc="lower right", prop={"family": fonts}).get_texts():
            text.set_parse_math(False)

    of = "" if len(chosen) == len(ranked) else f", of the {len(chosen)} most frequent classes"
    listed = ", ".join(f"{classes[number]} {area:.3f}" for number, area in areas.items())
    return Figure(
        f"ROC curves with the areas under them{of}.",
        f"ROC curves; areas under them: {listed}.",
        picture(draw, "roc"),
    )


def class_sections(
    target: str, labels: NDArray[Any], answers: NDArray[Any], classes: Sequence[str]
) -> list[Section]:
    """Return the sections on the answers of a classifier.

    Args:
        target: ``classes``, ``labels`` or ``number``.
        labels: The encoded labels, [N] or [N, C].
        answers: Probabilities [N, C], or numbers [N, 1].
        classes: C names.
    """
    if target == "number":
        return [Section("numbers", "Numbers", [number_figure(labels, answers[:, 0])])]
    blocks: list[Block] = []
    gold = np.asarray(labels)
    if target == "classes":
        given = answers.argmax(axis=1)
        counts = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(counts, (gold, given), 1)
        blocks.append(confusion_table(counts, classes))
        calibrated = reliability_figure(given == gold, answers.max(axis=1))
        gold = gold[:, None] == np.arange(len(classes))
    else:
        calibrated = reliability_figure(gold, answers)
    curves = roc_figure(gold, answers, classes)
    if curves is None:
        blocks += [calibrated, Prose("No class has both right and wrong examples for a ROC curve.")]
    else:
        blocks += [calibrated, curves]
    return [Section("classes", "Classes and probabilities", blocks)]


def number_figure(numbers: ArrayLike, answers: ArrayLike) -> Figure:
    """Return a picture of predicted numbers [N] against the right ones [N]."""
    gold, given = np.asarray(numbers, np.float64), np.asarray(answers, np.float64)
    kept = np.unique(np.linspace(0, len(gold) - 1, 1_000).round().astype(int))

    def draw(axes: "Axes") -> None:
        low, high = min(gold.min(), given.min()), max(gold.max(), given.max())
        axes.plot([low, high], [low, high], color="0.5", lw=1, ls=":")
        axes.plot(gold[kept], given[kept], ls="", marker="o", ms=3, alpha=0.5)
        axes.set(xlabel="right number", ylabel="answer")

    of = "" if len(kept) == len(gold) else f" {len(kept):,} of {len(gold):,} are drawn."
    correlation = np.corrcoef(gold, given)[0, 1] if gold.std() and given.std() else 0.0
    return Figure(
        f"Answers against the right numbers; on the dotted line they are equal.{of}",
        f"Answers against the right numbers; their correlation is {correlation:.3f}.",
        picture(draw, "numbers"),
    )
