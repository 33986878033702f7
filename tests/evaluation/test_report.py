"""Tables for the terminal, the worst errors, and the files of a report."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.evaluation import (
    classification_metrics,
    metrics_table,
    number_metrics,
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
        *("accuracy", "macro_f1", "log_loss", "class", "neg", "pos")
    ]
    assert metrics_table(number_metrics([1, 2], [1, 2])).splitlines()[-1].split() == [
        *("r2", "1.0000")
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
