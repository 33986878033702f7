"""The report on a run: what it is called, what it names without texts, its worst answers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from page_reader import Reader

from toolkit.report.blocks import Examples
from toolkit.report.training import without_folders
from toolkit.tasks.outcomes import ClassifierOutcomes, Shown
from toolkit.tasks.reporting import Measured, Other, write_run_report

CLASSES = ["neg", "pos"]


def outcomes(answers: Any, labels: Any = (0, 1, 1), target: str = "classes") -> Any:
    """Answers to texts, whose drawings are their numbers."""
    shown = Shown(
        "text",
        {},
        frozenset(),
        lambda numbers: [f"text {n}" for n in numbers],
        lambda numbers: [f"text {n}" for n in numbers],
        lambda numbers: Examples("drawn", list(map(str, numbers))),  # type: ignore[arg-type]
    )
    values = np.array(labels), np.array(answers, np.float64)
    return ClassifierOutcomes(target, CLASSES, *values, errors=None, checksum=1, shown=shown)


def task(folder: Path | None, **facts: Any) -> Any:
    """Return a task with no more than a report asks for."""
    return SimpleNamespace(
        EXPLAINS=False,
        facts={
            "data": "/home/me/my texts.csv,/home/me/b.csv",
            "command": "train /home/me",
            **facts,
        },
        run_folder=folder,
        run_name="Classifier" if folder is None else folder.name,
        history=[],
        metrics={},
        classes=CLASSES,
        _monitors=lambda: {"accuracy": "max"},
        _task_options=lambda: {"pretrained": "/home/me/vectors.txt", "epochs": 3},
        _card_words=lambda: {"task": "It answers."},
    )


ANSWERS = [[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]]


def written(folder: Path, reported: Any, texts: bool, beside: Other | None = None) -> str:
    answered = outcomes(ANSWERS)
    measured = Measured("/home/me/test.csv", answered, answered.metrics())
    write_run_report(folder / "r.html", reported, measured, texts, beside)
    return (folder / "r.html").read_text()


def test_without_texts_no_folder_is_named(tmp_path: Path) -> None:
    shown = written(tmp_path, task(None), True)
    assert shown.count("/home/me") >= 4
    hidden = written(tmp_path, task(None), False)
    assert "/home" not in hidden
    for name in ("my texts.csv,b.csv", "test.csv", "vectors.txt"):
        assert name in hidden
    assert without_folders("sample") == "sample"
    assert without_folders("/a b/c/,d") == "c,d"


def test_a_run_is_called_by_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2.0\n")
    monkeypatch.chdir(tmp_path)
    page = written(tmp_path, task(None), True)
    assert Reader(page).of("h1") == ["Report on Classifier"]
    assert "1 epoch in" not in page
    page = written(tmp_path, task(tmp_path), True)
    assert Reader(page).of("h1") == [f"Report on {tmp_path.name}"]
    assert "1 epoch in" in page


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    a, b = tmp_path / "x" / "model", tmp_path / "y" / "model"
    page = written(tmp_path, task(a), True, Other("model", b, outcomes(ANSWERS)))
    assert f"A is this run, {a}; B is the other run, {b}." in page
    page = written(tmp_path, task(a), False, Other("model", b, outcomes(ANSWERS)))
    assert "A is this run, model; B is the other run, model." in page


def test_only_wrong_answers_are_drawn_the_worst_first() -> None:
    drawn = outcomes(ANSWERS).sections(True)[-1].blocks[0]
    assert drawn.items == ["2", "1"]
    right = outcomes([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]).sections(True)
    assert [section.name for section in right] == ["classes"]


def test_numbers_are_not_right_or_wrong() -> None:
    answered = outcomes([[1.5], [3.0], [2.0]], [1.0, 2.0, 2.0], "number").answered({})
    assert answered.graded == "largest errors"
    assert [*answered.baselines] == ["mean of this data"]


def test_the_most_frequent_class_is_that_of_training() -> None:
    answered = outcomes(ANSWERS)
    assert answered.answered({}).baselines == {}
    found = answered.answered({"classes": {"neg": 9, "pos": 4}}).baselines
    assert found["always neg"]["accuracy"] == pytest.approx(1 / 3)
