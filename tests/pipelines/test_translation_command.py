"""The command line of translation: data in two files or one, answers, pictures, complaints."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from trained import PAIRS, TrainedRun, pairs

from pipelines.samples.numbers import numbers
from pipelines.translation import PIPELINE, main
from pipelines.verbs.common import join_sides
from toolkit.export.verify import compare_with_golden as ask_golden

# They are slow together, so that the run that they share is trained once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("translation")]


@pytest.fixture(scope="module")
def folder(translator_run: TrainedRun) -> Path:
    """The folder of parallel files, and of a table of some of their pairs."""
    rows = zip(*(side[:200] for side in pairs(PAIRS, seed=1)), strict=True)
    table = "".join(f"{one}\t{other}\n" for one, other in rows)
    (translator_run.folder / "pairs.tsv").write_text(table, encoding="utf-8")
    return translator_run.folder


@pytest.fixture(scope="module")
def run(translator_run: TrainedRun) -> Path:
    return translator_run.path


def call(capsys: Any, *words: Any) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_run_is_whole_and_finished(
    run: Path, folder: Path, translator_run: TrainedRun, capsys: Any
) -> None:
    names = {path.name for path in run.iterdir()}
    assert names == {"1", "README.md", "config.yaml", "golden.jsonl", "history.csv"} | {
        "learning_curves.png",
        "report.html",
        "metrics.json",
        "model.keras",
    }
    assert "a.en.gz and a.de.gz: " in (run / "README.md").read_text()
    code, _, said = call(capsys, "train", *translator_run.line)
    assert code == 0
    assert "is finished" in said
    joined = f"{folder / 'a.en.gz'},{folder / 'a.de.gz'}"
    code, _, said = call(capsys, "train", "--data", joined, *translator_run.line[4:])
    assert code == 0
    assert "is finished" in said
    assert ask_golden(str(run))[0] == 0


def test_answers_and_a_picture(run: Path, folder: Path, capsys: Any) -> None:
    picture = folder / "where.png"
    code, out, _ = call(
        capsys, "predict", run, "old Bird", "", "--n-best", "2", "--attention", picture
    )
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["text"] for row in rows] == ["old Bird", ""]
    assert [len(row["translations"]) for row in rows] == [2, 1]
    assert rows[1]["translation"] == ""
    assert picture.read_bytes()[:4] == b"\x89PNG"
    code, out, _ = call(capsys, "predict", run, "--data", folder / "pairs.tsv", "--beam-size", "1")
    assert code == 0
    assert len(out.splitlines()) == 200


def test_measured_and_compared(run: Path, folder: Path, capsys: Any) -> None:
    code, out, _ = call(
        capsys, "evaluate", run, "--data", folder / "pairs.tsv", "--output", folder / "report"
    )
    assert code == 0
    assert json.loads(out)["bleu_signature"].startswith("nrefs:1|case:mixed")
    assert {path.name for path in (folder / "report").iterdir()} == {
        "metrics.json",
        "translations.csv",
        "bleu_by_length.png",
        "report.html",
    }
    sides = ["--source", folder / "a.en.gz", "--target", folder / "a.de.gz"]
    code, out, _ = call(capsys, "compare", run, run, *sides)
    assert code == 0
    assert json.loads(out)["metrics"]["bleu"]["better"] is None


def test_the_tokenizer_of_bleu_is_chosen_for_a_measurement(
    run: Path, folder: Path, capsys: Any
) -> None:
    few = folder / "few.tsv"
    few.write_text(
        "".join(f"{line}\n" for line in (folder / "pairs.tsv").read_text().split("\n")[:3])
    )
    for words, name in ((), "13a"), (("--bleu-tokenizer", "char"), "char"):
        code, out, _ = call(capsys, "evaluate", run, "--data", few, *words)
        assert code == 0
        assert f"tok:{name}|" in json.loads(out)["bleu_signature"]
    code, out, said = call(capsys, "evaluate", run, "--data", few, "--bleu-tokenizer", "mine")
    assert (code, out) == (2, "")
    assert "--bleu-tokenizer" in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["train", "--output", "y"], "--data, or --source and --target, must be given"),
        (
            ["train", "--source", "a", "--output", "y"],
            "--source and --target must be given together",
        ),
        (["train", "--source", "a", "--target", "b", "--output", "y"], "a is not there"),
        (["train", "--data", "a,b,c", "--output", "y"], "several commas"),
        (
            ["train", "--data", "sample", "--source", "a", "--target", "b", "--output", "y"],
            "--source and --target replace --data; give one or the other",
        ),
        (
            ["train", "--data", "sample", "--max-tokens", "200", "--output", "y"],
            "--max-tokens is 200; subwords need more than 258",
        ),
        (["train", "--data", "sample", "--beam-size", "0", "--output", "y"], "--beam-size is 0"),
        (["train", "--data", "sample", "--atention", "none", "--output", "y"], "--attention"),
    ],
)
def test_complaints(
    words: list[str], complaint: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, said = call(capsys, *words)
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_sides_on_the_line_win_over_data_of_a_config() -> None:
    given = Namespace(data="old.tsv", source="a", target="b")
    join_sides(PIPELINE, given, ["--config", "run/config.yaml", "--source", "a", "--target=b"])
    assert given.data == "a,b"


def test_a_beam_that_cannot_be_is_refused_at_once(run: Path, capsys: Any) -> None:
    for words in (["--beam-size", "1000"], ["--beam-size", "2", "--n-best", "3"]):
        code, out, said = call(capsys, "predict", run, "x", *words)
        assert (code, out) == (2, "")
        assert words[-1] in said


def test_numbers_of_the_test_are_none_of_the_training() -> None:
    train, test = numbers("train"), numbers("test")
    assert not set(train[0]) & set(test[0])
    assert len(set(train[0])) == len(train[0]) > 4000
    assert len(test[0]) == len(test[1]) == 300
    assert numbers("train") == train
