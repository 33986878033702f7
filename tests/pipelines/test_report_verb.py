"""The verb ``report``, and the reports of ``train`` and ``evaluate``."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from page_reader import Reader

from pipelines.sentiment import main as sentiment
from pipelines.verbs.train import write_report as whole_report

TINY = {"epochs": 2, "embedding-size": 4, "hidden-size": 4, "batch-tokens": 64, "min-count": 1}


def test_it_writes_beside_the_model(call: Any, data: Path, model: Path, tmp_path: Path) -> None:
    assert call("report", model)[0] == 0
    assert (model / "report.html").read_text() == "<h1>True</h1>"
    output = tmp_path / "new" / "a.html"
    line = ["report", model, "--data", data, "--beside", model, "--output", output, "--no-texts"]
    assert call(*line)[0] == 0
    assert output.read_text() == "<h1>False</h1>"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("report {none}", "there is no such folder"),
        ("report {model} --data {none}", "none"),
        ("report {model} --beside {model}", "--beside compares two runs on data; give --data"),
        ("report {model} --data {data} --beside {none}", "there is no such folder"),
        ("report {model} --output {model}", "is a folder; give the name of a file"),
        ("report {model} --data {data} --output {data}", "is the file of the data"),
        ("report {model} --output {link}", "is a link"),
    ],
)
def test_complaints_are_a_line(
    call: Any, data: Path, model: Path, tmp_path: Path, words: str, complaint: str
) -> None:
    before = data.read_bytes()
    (tmp_path / "link").symlink_to(data)
    names = {"none": tmp_path / "none", "model": model, "data": data, "link": tmp_path / "link"}
    code, out, said = call(*words.format(**names).split())
    assert (code, out) == (2, "")
    assert complaint in said.splitlines()[-1]
    assert len(said.splitlines()) == 1
    assert data.read_bytes() == before
    assert not (model / "report.html").exists()


def test_a_report_that_cannot_be_written_leaves_nothing(call: Any, model: Path) -> None:
    file = model / "README.md"
    code, _, said = call("report", model, "--output", file / "report.html")
    assert code != 0
    assert str(file) in said
    assert len(said.splitlines()) == 1


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("pipelines.verbs.train.write_report", whole_report)
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
