"""The verb ``report``, and the reports of ``train`` and ``evaluate``."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_task import FakeTask
from page_reader import Reader

from pipelines.sentiment import main as sentiment
from pipelines.verbs.train import write_report as whole_report

TINY = {"epochs": 2, "embedding-size": 4, "hidden-size": 4, "batch-tokens": 64, "min-count": 1}


def test_it_writes_beside_the_model(call: Any, data: Path, model: Path, tmp_path: Path) -> None:
    assert call("report", model)[0] == 0
    report = (model / "report.html").read_text()
    assert "<h1>True</h1>" in report
    code, _, said = call("report", model, "--no-texts")  # that of a training cannot be had again
    assert code == 2
    assert f"{model / 'report.html'} is there already, and a report without --data has" in said
    assert (model / "report.html").read_text() == report
    output = tmp_path / "new" / "a.html"
    line = ["report", model, "--data", data, "--beside", model, "--output", output, "--no-texts"]
    assert call(*line)[0] == 0
    assert "<h1>False</h1>" in output.read_text()
    assert call(*line[:-1])[0] == 0  # a report takes the place of another
    assert "<h1>True</h1>" in output.read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("report {none}", "there is no such folder"),
        ("report {model} --data {none}", "none"),
        ("report {model} --beside {model}", "--beside compares two runs on data; give --data"),
        ("report {model} --data {data} --beside {none}", "there is no such folder"),
        ("report {model} --output {model}", "is a folder; give the name of a file"),
        ("report {model} --data {data} --output {data}", "is no report"),
        ("report {model} --output {model}/README.md", "is no report"),
        ("report {model} --output /dev/null", "is no report"),
        ("report {model} --output {link}", "is a link"),
    ],
)
def test_complaints_are_a_line(
    call: Any, data: Path, model: Path, tmp_path: Path, words: str, complaint: str
) -> None:
    (model / "README.md").write_text("the card")
    before = data.read_bytes(), (model / "README.md").read_bytes()
    (tmp_path / "link").symlink_to(data)
    names = {"none": tmp_path / "none", "model": model, "data": data, "link": tmp_path / "link"}
    code, out, said = call(*words.format(**names).split())
    assert (code, out) == (2, "")
    assert complaint in said.splitlines()[-1]
    assert len(said.splitlines()) == 1
    assert (data.read_bytes(), (model / "README.md").read_bytes()) == before
    assert not (model / "report.html").exists()


def test_a_report_that_cannot_be_written_leaves_nothing(call: Any, model: Path) -> None:
    file = model / "README.md"
    code, _, said = call("report", model, "--output", file / "report.html")
    assert code != 0
    assert str(file) in said
    assert len(said.splitlines()) == 1


@pytest.fixture
def whole_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """``train`` writes its report, which ``conftest`` replaces elsewhere."""
    monkeypatch.setattr("pipelines.verbs.train.write_report", whole_report)


def test_a_run_without_texts_keeps_them_out(
    call: Any, data: Path, run: Path, tmp_path: Path, whole_reports: None
) -> None:
    def report(folder: Path) -> str:
        return (folder / "report.html").read_text()

    assert call("train", "--data", data, "--output", run, "--no-texts")[0] == 0
    assert "False" in report(run)
    line = ["report", run, "--data", data]
    assert call(*line)[0] == 0
    assert "False" in report(run)
    assert call(*line, "--texts")[0] == 0
    assert "True" in report(run)
    further = tmp_path / "further"
    assert call("train", "--data", data, "--init-from", run, "--output", further)[0] == 0
    assert "False" in report(further)


def test_a_training_whose_report_fails_is_good(
    call: Any, data: Path, run: Path, whole_reports: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    line = ["train", "--data", data, "--output", run]
    with monkeypatch.context() as patch:
        patch.setattr(FakeTask, "report", full)
        code, _, said = call(*line)
    assert code == 0
    assert (run / "README.md").is_file()
    assert "its report is not written: " in said
    assert f"report {run}" in said
    assert "the report is" not in said
    code, _, said = call(*line)
    assert code == 0
    assert f"{run} has no report; " in said


def rows(path: Path, count: int, first: int = 0) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "film"])
        for n in range(first, first + count):
            word = ("awful", "lovely")[n % 2]
            row = f"<script>{n}</script> {word} evening{n}", ("neg", "pos")[n % 2], f"group{n % 5}"
            writer.writerow(row)
    return path


@pytest.mark.slow
def test_trained_evaluated_and_side_by_side(
    tmp_path: Path, whole_reports: None, capsys: Any
) -> None:
    train, test, run = (
        rows(tmp_path / "a.csv", 60),
        rows(tmp_path / "b.csv", 20, 60),
        tmp_path / "r",
    )
    columns = ["--text-column", "text", "--label-column", "label", "--group-column", "film"]
    line = ["train", "--data", train, "--output", run, *columns, "--validation-split", "0.2"]
    line += [word for name, value in TINY.items() for word in (f"--{name}", value)]
    assert sentiment([str(word) for word in line]) == 0
    page = (run / "report.html").read_text()
    reader = Reader(page)
    held_out = yaml.safe_load((run / "config.yaml").read_text())["metrics"]
    assert repr(held_out["accuracy"]) in reader.attributes("td", "data-value")
    assert f"Measured on {held_out['per_class']['neg']['support'] * 2:.0f} texts" in page
    assert "<script>1" not in page
    assert "evening" in page
    assert any("--group-column film" in text for text in reader.of("code"))
    assert "2 epochs in" in page
    assert "The training ended: all planned epochs are done; kept epoch" in page
    assert reader.of("h1") == ["Report on r"]

    asked = ["evaluate", run, "--data", test, "--output", tmp_path / "out", "--no-texts"]
    assert sentiment([str(word) for word in asked]) == 0
    hidden = (tmp_path / "out" / "report.html").read_text()
    assert "By group" in hidden
    assert "evening" not in hidden
    assert "group1" not in hidden

    asked = ["report", run, "--data", test, "--beside", run, "--output", tmp_path / "two.html"]
    capsys.readouterr()
    assert sentiment([str(word) for word in asked]) == 0
    page = (tmp_path / "two.html").read_text()
    assert "Gradients through time" in page
    assert "Beside another run" in page
    assert Reader(page).of("td").count("equal") >= 2
    assert "group1" in page
