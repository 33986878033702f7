"""``export`` with the limits of a task's signatures."""

import zipfile

import pytest
import yaml
from fake_task import FakeOptions, FakeTask

from pipelines import sentiment, translation
from pipelines.command import main


@pytest.fixture
def limited(monkeypatch):
    """The fake task with a limit of its signatures."""
    monkeypatch.setattr(FakeOptions, "EXPORT_OPTIONS", ("clip",), raising=False)


@pytest.mark.usefixtures("limited")
def test_a_limit_is_set_before_the_export_and_recorded(call, model):
    FakeTask().fit((["good", "bad"], ["pos", "neg"])).save(model)
    code, _, error = call("export", model, "--clip", "0.5")
    assert code == 0, error
    assert FakeTask.made[-1].clip == 0.5
    described = yaml.safe_load((model / "2" / "assets" / "config.yaml").read_text())
    assert described["options"]["clip"] == 0.5
    assert call("export", model)[0] == 0
    assert FakeTask.made[-1].clip == 0.5  # that of the newest version


@pytest.mark.usefixtures("limited")
def test_what_cannot_be_a_limit(call, model):
    FakeTask().fit((["good", "bad"], ["pos", "neg"])).save(model)
    for words, message in (
        (["--clip", "x"], "--clip is 'x'; it can be a number or null"),
        (["--mood", "bad"], "unknown option --mood"),
    ):
        code, _, error = call("export", model, *words)
        assert (code, message in error) == (2, True), error
    assert not (model / "2").exists()


def test_limits_are_checked_with_the_options_of_the_run(tmp_path, capsys):
    options = {"beam_size": 12, "unknown": 1}
    config = {"task": "Translator", "options": options, "facts": {}, "metrics": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    zipfile.ZipFile(tmp_path / "model.keras", "w").close()
    for words, message in (
        (["--max-beam-size", "0"], "--max-beam-size is 0; it must be at least 1 and below 101"),
        (["--max-text-length", "0"], "--max-text-length is 0; it must be at least 1"),
    ):
        assert main(translation.PIPELINE, ["export", str(tmp_path), *words]) == 2
        assert message in capsys.readouterr().err
    config |= {"task": "TextClassifier", "options": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    words = ["export", str(tmp_path), "--max-text-length", "9", "--format", "onnx"]
    assert main(sentiment.PIPELINE, words) == 2
    assert "--max-text-length is a limit of the SavedModel" in capsys.readouterr().err
