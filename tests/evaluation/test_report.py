"""Tables for the terminal, the worst errors, and the files of a report."""

import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.evaluation import (
    classification_metrics,
    metrics_table,
    number_metrics,
    over_seeds,
    worst_errors,
    write_report,
)

LABELS = [0, 1, 1, 0, 1]
PROBABILITIES = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.05, 0.95], [0.6, 0.4]]
CLASSES = ["neg", "pos"]
TEXTS = ["dull", "fine, and\nfunny", "great", 'no "charm"', "不错"]


def test_table_by_hand() -> None:
    metrics = {"accuracy": 0.75, "per_class": {"neg": {"f1": 0.8, "support": 3}}}
    assert metrics_table(metrics).splitlines() == [
        "accuracy  0.7500",
        "",
        "class      f1  support",
        "neg    0.8000        3",
    ]


def test_table_of_a_whole_evaluation() -> None:
    metrics = classification_metrics(LABELS, PROBABILITIES, CLASSES)
    lines = metrics_table(metrics).splitlines()
    assert [line.split()[0] for line in lines if line] == [
        *("accuracy", "macro_f1", "log_loss", "roc_auc", "average_precision", "mcc"),
        *("calibration_error", "class", "neg", "pos"),
    ]
    assert metrics_table(number_metrics([1, 2], [1, 2])).splitlines()[-1].split() == [
        *("r2", "1.0000")
    ]


def test_table_says_what_is_undefined() -> None:
    metrics = classification_metrics([1, 1], [[0.4, 0.6], [0.9, 0.1]], CLASSES)
    assert metrics["roc_auc"] is None
    assert "roc_auc            undefined" in metrics_table(metrics).splitlines()


def test_table_with_seeds() -> None:
    own = {"accuracy": 0.5, "roc_auc": None, "per_class": {"neg": {"support": 1}}}
    seeds = over_seeds({3: own | {"accuracy": 0.75}, 4: own | {"accuracy": 0.25}})
    assert seeds == {
        "mean": {"accuracy": 0.5, "roc_auc": None},
        "deviation": {"accuracy": pytest.approx(statistics.stdev([0.75, 0.25])), "roc_auc": None},
        "runs": {
            "3": {"accuracy": 0.75, "roc_auc": None},
            "4": {"accuracy": 0.25, "roc_auc": None},
        },
    }
    assert metrics_table(own | {"seeds": seeds}).splitlines()[:3] == [
        "metric     this run  mean of 2 seeds  deviation",
        "accuracy     0.5000           0.5000     0.3536",
        "roc_auc   undefined        undefined  undefined",
    ]


@pytest.mark.parametrize("name", ["很好", "e\u0301te\u0301", "a\nb\x1b[31m", "x" * 99])
def test_table_stays_aligned_whatever_the_class_is_called(name: str) -> None:
    metrics = {"per_class": {name: {"support": 1}, "longer name": {"support": 20}}}
    head, row, other = metrics_table(metrics).splitlines()
    columns = {"很": 2, "好": 2, "\u0301": 0}
    ends = {sum(columns.get(c, 1) for c in line) for line in (head, row, other)}
    assert len(ends) == 1
    assert "\x1b" not in row


def test_worst_errors_come_surest_first() -> None:
    errors = worst_errors(TEXTS, LABELS, PROBABILITIES, CLASSES)
    assert errors.to_dict("list") == {
        "text": ['no "charm"', "fine, and\nfunny", "不错"],
        "label": ["neg", "pos", "pos"],
        "answer": ["pos", "neg", "neg"],
        "score": [0.95, 0.7, 0.6],
        "label_score": [0.05, 0.3, 0.4],
    }
    assert len(worst_errors(TEXTS, LABELS, PROBABILITIES, CLASSES, n=2)) == 2


def test_no_errors() -> None:
    errors = worst_errors(["dull"], [0], [[0.9, 0.1]], CLASSES)
    assert list(errors.columns) == ["text", "label", "answer", "score", "label_score"]
    assert errors.empty


def test_report_gathers_the_worst_of_all_parts(tmp_path: Path) -> None:
    worst = None
    for i in range(5):
        part = (TEXTS[i : i + 1], LABELS[i : i + 1], PROBABILITIES[i : i + 1])
        worst = worst_errors(*part, CLASSES, among=worst)
    metrics = classification_metrics(LABELS, PROBABILITIES, CLASSES)
    write_report(tmp_path / "new", metrics, CLASSES, worst)
    assert json.loads((tmp_path / "new/metrics.json").read_text("utf-8")) == metrics
    assert (tmp_path / "new/confusion.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "new/errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ['no "charm"', "fine, and\nfunny", "不错"]
    assert rows[0]["score"] == "0.9500"


def test_no_more_errors_are_kept_than_one_reads() -> None:
    wrong = (["wrong"] * 30, [0] * 30, [[0.1, 0.9]] * 30, CLASSES)
    assert len(worst_errors(*wrong, among=worst_errors(*wrong))) == 20


def test_report_of_numbers_is_one_file(tmp_path: Path) -> None:
    write_report(tmp_path, number_metrics([1, 2], [1, 3]), ())
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_the_room_is_light() -> None:
    code = (
        "import sys, toolkit.evaluation\n"
        "sys.exit(', '.join({'tensorflow', 'keras', 'sklearn', 'matplotlib', 'pandas'}"
        " & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
