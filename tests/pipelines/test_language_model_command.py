"""The command line of the language model: text in, text out, complaints."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained import TEXT, TrainedRun

from pipelines.language_model import main
from pipelines.samples.topics import topics
from toolkit.export.verify import compare_with_golden as ask_golden

pytestmark = pytest.mark.xdist_group("language_model")


@pytest.fixture(scope="module")
def folder(language_model_run: TrainedRun) -> Path:
    return language_model_run.folder


@pytest.fixture(scope="module")
def run(language_model_run: TrainedRun) -> Path:
    return language_model_run.path


def call(capsys: Any, *words: Any) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_run_is_whole_and_finished(
    run: Path, language_model_run: TrainedRun, capsys: Any
) -> None:
    names = {path.name for path in run.iterdir()}
    assert names == {"1", "README.md", "config.yaml", "golden.jsonl", "history.csv"} | {
        "learning_curves.png",
        "report.html",
        "metrics.json",
        "model.keras",
    }
    code, _, said = call(capsys, "train", *language_model_run.line)
    assert code == 0
    assert "is finished" in said
    assert ask_golden(str(run))[0] == 0
    assert "validation" in (run / "README.md").read_text()


@pytest.mark.slow
def test_the_same_text_as_a_whole_and_as_it_is_made(run: Path, tmp_path: Path, capsys: Any) -> None:
    asked = ["--max-length", "30", "--seed", "4", "--temperature", "0.9"]
    code, out, _ = call(capsys, "predict", run, "1 and ", "", *asked)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["prompt"] for row in rows] == ["1 and ", ""]
    assert [len(row["text"]) for row in rows] == [36, 30]
    code, streamed, _ = call(capsys, "predict", run, "1 and ", "", *asked, "--stream")
    assert code == 0
    assert streamed == "".join(row["text"] + "\n" for row in rows)
    for name, content in (("p.txt", b"1 and \n\n"), ("p.txt.gz", gzip.compress(b"1 and \n\n"))):
        (tmp_path / name).write_bytes(content)
        code, out, _ = call(capsys, "predict", run, "--data", tmp_path / name, *asked)
        assert [json.loads(line) for line in out.splitlines()] == rows


@pytest.mark.slow
def test_measured_and_compared(run: Path, folder: Path, capsys: Any) -> None:
    code, out, _ = call(
        capsys, "evaluate", run, "--data", folder / "sums.txt", "--output", folder / "report"
    )
    assert code == 0
    measured = json.loads(out)
    assert measured["units"] == len(TEXT)
    assert measured == json.loads((folder / "report" / "metrics.json").read_text())
    code, out, _ = call(capsys, "compare", run, run, "--data", folder / "sums.txt")
    assert code == 0
    assert json.loads(out)["metrics"]["log_loss"]["better"] is None


@pytest.mark.parametrize(
    ("content", "words", "complaint"),
    [
        (b"", [], "has no text"),
        (b"abc", [], "too little"),
        (b"caf\xe9 au lait\n", [], "line 1 is not UTF-8"),
        (b"fine\n\0binary", [], "line 2 has a NUL"),
        (b"fine text\n" * 50, ["--temperature", "1"], "--temperature"),
        (b"fine text\n" * 50, ["--window", "0"], "--window is 0"),
        (b"fine text\n" * 50, ["--bidirectional"], "--bidirectional"),
    ],
)
def test_complaints(
    content: bytes,
    words: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: Any,
    capsys: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_bytes(content)
    code, _, said = call(capsys, "train", "--data", "text.txt", "--output", "run", *words)
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_writing_that_cannot_be_is_refused_at_once(run: Path, capsys: Any) -> None:
    for words in (
        *(["--temperature", "-1"], ["--top-p", "1.5"], ["--max-length", "1000000"]),
        *(["--top-k", "-1"], ["--repetition-penalty", "0"], ["--temperature", "inf"]),
        ["--stream", "--format", "csv"],
    ):
        code, out, said = call(capsys, "predict", run, "x", *words)
        assert (code, out) == (2, "")
        assert words[0] in said
        assert len(said.splitlines()) == 1


def test_text_is_inspected(folder: Path, capsys: Any) -> None:
    small = ("--hidden-size", "3", "--format", "json")
    code, out, _ = call(capsys, "inspect", "--data", folder / "sums.txt", *small)
    report = json.loads(out)
    assert code == 0
    text = (folder / "sums.txt").read_text(encoding="utf-8")
    assert sum(part["characters"] for part in report["parts"]) == len(text)
    assert report["vocabulary"]["known_in_training"] == len(set(text))


def test_the_sample_is_english_in_two_parts() -> None:
    train, test = topics("train"), topics("test")
    assert len(train) > 5 * len(test) > 0
    assert not set(train) & set(test)
    assert sum(map(len, train)) > 200_000


@pytest.mark.slow
def test_gradients_are_looked_at(
    run: Path, folder: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    # Those of whole batches are the subject of other tests.
    monkeypatch.setattr("toolkit.diagnostics.diagnosis.gradient_norms", lambda *_: np.ones((1, 1)))
    asked = ["diagnose", run, "--data", folder / "sums.txt", "--steps", "12"]
    code, out, _ = call(capsys, *asked, "--output", tmp_path / "pictures")
    assert code == 0
    assert "gradient at distance" in out
    assert (tmp_path / "pictures" / "gradients.png").is_file()
    code, out, _ = call(capsys, *asked, "--fresh", "--format", "json")
    assert code == 0
    assert json.loads(out)["followed"] == {"text": {"texts": 16, "steps": 12}}


def test_gradients_that_cannot_be_looked_at(run: Path, folder: Path, capsys: Any) -> None:
    code, out, said = call(capsys, "diagnose", run, "--data", folder / "sums.txt", "--steps", "0")
    assert (code, out) == (2, "")
    assert said == "error: --steps is 0; at least 1 is needed\n"
    archive = run / "model.keras"
    archive.rename(folder / "away.keras")
    code, out, said = call(capsys, "diagnose", run, "--data", folder / "sums.txt")
    (folder / "away.keras").rename(archive)
    assert (code, out) == (2, "")
    assert said == f"error: diagnose needs {archive}, which is missing\n"
