"""Reports of an evaluation: tables, the worst errors, and files of both."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.evaluation.picture import draw_confusion, save_picture
from toolkit.evaluation.tables import aligned
from toolkit.files import atomic_write
from toolkit.pictures import one_line

if TYPE_CHECKING:
    import pandas as pd

#: The default number of errors in a report.
WORST = 20


def metrics_table(metrics: Mapping[str, Any]) -> str:
    """Format metrics as a table, one per line, followed by one line per class.

    Before::

        {"accuracy": 0.75, "per_class": {"neg": {"f1": 0.8, "support": 3}}}

    After::

        accuracy  0.7500

        class      f1  support
        neg    0.8000        3

    A metric that is None is shown as undefined. If ``metrics["seeds"]`` is a result of
    ``over_seeds``, mean and deviation stand beside each metric.
    """
    numbers = {n: value for n, value in metrics.items() if isinstance(value, int | float | None)}
    rows = [[name, value] for name, value in numbers.items()]
    if seeds := metrics.get("seeds"):
        seed_columns = [[seeds["mean"][name], seeds["deviation"][name]] for name in numbers]
        rows = [row + more for row, more in zip(rows, seed_columns, strict=True)]
        count = len(seeds["runs"])
        rows.insert(0, ["metric", "this run", f"mean of {count} seeds", "deviation"])
    tables = [rows]
    if per_class := metrics.get("per_class"):
        heads = list(next(iter(per_class.values())))
        rows = [[one_line(name, 40), *figures.values()] for name, figures in per_class.items()]
        tables.append([["class", *heads], *rows])
    return "\n\n".join(_columns(table) for table in tables if table)


def comparison_table(comparison: Mapping[str, Any]) -> str:
    """Format a result of ``compare`` as a table, with one sentence per metric."""
    percent = f"{100 * comparison['confidence']:g} %"
    rows = [["metric", "A", "B", "B - A", f"{percent} interval", "p"]]
    words = []
    for name, result in comparison["metrics"].items():
        difference, p_value = f"{result['difference']:+.4f}", f"{result['p_value']:.4f}"
        interval = f"{result['low']:+.4f} to {result['high']:+.4f}"
        rows.append([name, result["a"], result["b"], difference, interval, p_value])
        if result["better"] is None:
            words.append(f"{name}: A and B are equal")
        else:
            verdict = (
                "by more than chance" if result["more_than_chance"] else "but that may be chance"
            )
            words.append(f"{name}: {result['better'].upper()} is better, {verdict}")
    return "\n".join([_columns(rows), "", *words])


def worst_errors(
    texts: Sequence[str],
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    n: int = WORST,
    among: "pd.DataFrame | None" = None,
    rows: Sequence[int] | None = None,
) -> "pd.DataFrame":
    """Return the most confident wrong answers, most confident first.

    Args:
        texts: N texts.
        labels: [N] the index of the gold class.
        probabilities: [N, C] the predicted probabilities.
        classes: C names.
        n: The largest number of rows.
        among: The worst errors on other texts, which compete for the same rows.
        rows: The number of each text in its data [N], for a column ``row``, the first.

    Returns:
        Columns ``text``, ``label``, ``answer``, ``score`` (the answer's probability) and
        ``label_score`` (the gold class's).
    """
    import pandas as pd

    gold, predicted = np.asarray(labels, np.int64), np.asarray(probabilities)
    answers, scores = predicted.argmax(axis=1), predicted.max(axis=1)
    wrong = np.flatnonzero(answers != gold)
    worst = wrong[np.argsort(-scores[wrong], kind="stable")][:n]
    errors = pd.DataFrame(
        {
            "text": [texts[i] for i in worst],
            "label": [classes[i] for i in gold[worst]],
            "answer": [classes[i] for i in answers[worst]],
            "score": scores[worst],
            "label_score": predicted[worst, gold[worst]],
        }
    )
    if rows is not None:
        errors.insert(0, "row", [rows[i] for i in worst])
    if among is None:
        return errors
    together = pd.concat([among, errors], ignore_index=True)
    return together.sort_values("score", ascending=False, kind="stable", ignore_index=True)[:n]


def write_report(
    folder: Path,
    metrics: Mapping[str, Any],
    classes: Sequence[str],
    errors: "pd.DataFrame | None" = None,
) -> None:
    """Write ``metrics.json`` and, if there is data for them, ``confusion.png`` and ``errors.csv``.

    Args:
        folder: The folder, made if it is missing.
        metrics: The metrics; a ``confusion`` among them is drawn as ``confusion.png``.
        classes: The names of the confusion matrix's rows.
        errors: A result of ``worst_errors``, written as ``errors.csv``.
    """
    atomic_write(folder / "metrics.json", json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    if "confusion" in metrics:
        save_picture(folder / "confusion.png", draw_confusion(metrics["confusion"], classes))
    if errors is not None:
        atomic_write(folder / "errors.csv", errors.to_csv(index=False, float_format="%.4f"))


def _columns(rows: Sequence[Sequence[Any]]) -> str:
    """Align the first column left and the others right."""
    return aligned([[_cell(value) for value in row] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return "undefined"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
