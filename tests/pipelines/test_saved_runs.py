"""The verbs on a folder in which there is what ``save`` wrote, and no exported version."""

import json
import shutil
import sys

import pytest
from fake_task import FakeTask, sample


@pytest.fixture
def saved(tmp_path):
    FakeTask(text_column="words").fit(sample("train")).save(tmp_path / "saved")
    FakeTask.made.clear()
    return tmp_path / "saved"


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("text,words,label\nx,good film,pos\ny,poor film,neg\n", encoding="utf-8")
    return path


def test_every_verb_answers_from_what_was_saved(call, saved, words):
    before = sorted(saved.iterdir())
    assert [path.name for path in before] == ["config.yaml", "metrics.json", "model.keras"]
    measured = ["--data", words]
    for line in (
        ["predict", saved, "good"],
        ["predict", saved, *measured],
        ["evaluate", saved, *measured],
        ["compare", saved, saved, *measured, "--resamples", "10"],
        ["diagnose", saved, *measured, "--format", "json"],
    ):
        code, output, _ = call(*line)
        assert code == 0, line
        assert output
    assert json.loads(call("evaluate", saved, *measured)[1])["accuracy"] == 1
    assert sorted(saved.iterdir()) == before
    verdict = f"error: {saved}: no exported version (a numbered folder) is in it\n"
    assert call("verify", saved) == (2, "", verdict)
    assert call("export", saved)[0] == 0
    assert (saved / "1" / "saved_model.pb").is_file()


def test_seeds_are_trained_from_what_was_saved(call, data, run):
    line = ["train", "--data", data, "--output", run, "--hidden-size", "8", "--seed", "5"]
    assert call(*line)[0] == 0
    shutil.rmtree(run / "1")
    assert call("evaluate", run, "--data", data, "--seeds", "2")[0] == 0
    trained = [(task.seed, task.hidden_size) for task in FakeTask.made if hasattr(task, "fitted")]
    assert trained == [(5, 8), (6, 8), (7, 8)]


@pytest.mark.parametrize("verb", ["export", "diagnose"])
def test_a_cell_is_imported_before_the_run_is_loaded(
    call, saved, words, tmp_path, monkeypatch, verb
):
    module = f"cells_for_{verb}"
    code = "import keras\nclass Cell(keras.layers.GRUCell): ...\n"
    (tmp_path / f"{module}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    load, known = FakeTask.load, []

    def watched(folder):
        known.append(module in sys.modules)
        return load(folder)

    monkeypatch.setattr(FakeTask, "load", watched)
    line = [verb, saved, "--cell", f"{module}:Cell"]
    assert call(*line, *(["--data", words] if verb == "diagnose" else []))[0] == 0
    assert known == [True]


def test_a_missing_model_is_named(call, saved, words):
    (saved / "model.keras").unlink()
    complaint = "no exported version (a numbered folder such as 1/) and no model.keras"
    for line in (["predict", saved, "a"], ["evaluate", saved, "--data", words], ["export", saved]):
        code, output, error = call(*line)
        assert (code, output) == (2, "")
        assert error.startswith(f"error: {saved}")
        assert complaint in error
        assert error.count("\n") == 1
    assert not FakeTask.made
