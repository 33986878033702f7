"""``--golden`` and ``--data-licence``: what is asked of a model, and what its card says."""

import json

from fake_task import PIPELINE, FakeTask


def test_a_model_of_the_users_data_is_asked_what_it_contains(call, data, run):
    assert call("train", "--data", data, "--output", run / "own")[0] == 0
    assert FakeTask.made[-1].exported[2] is None
    assert call("train", "--data", "sample", "--output", run / "sample")[0] == 0
    assert FakeTask.made[-1].exported[2] == PIPELINE.examples
    (run / "sample" / "model.keras").touch()
    assert call("export", run / "sample")[0] == 0
    assert FakeTask.made[-1].exported[2] == PIPELINE.examples


def test_held_out_inputs_are_asked_if_something_is_held_out(call, data, run):
    data.write_text("text,label\n" + "good film,pos\nbad film,neg\n" * 4, encoding="utf-8")
    line = ["train", "--data", data, "--output", run / "a", "--golden", "held-out"]
    code, _, error = call(*line)
    assert code == 2
    assert error == "error: --golden held-out, but nothing is held out; give --validation-data\n"
    assert not list(run.iterdir())
    assert call(*line, "--validation-split", "0.5")[0] == 0
    assert FakeTask.made[-1].exported[2] == "held-out"
    line[4] = run / "b"
    code, _, error = call(*line, "--validation-data", data)
    assert code == 0
    assert FakeTask.made[-1].exported[2] == "held-out"
    assert error.splitlines()[-1].endswith('/b "your text"')


def test_export_does_not_know_what_was_held_out(call, model):
    (model / "model.keras").touch()
    code, _, error = call("export", model, "--golden", "held-out")
    assert code == 2
    assert error == (
        "error: --golden held-out is for train, which knows what it holds out; give a file\n"
    )
    assert not (model / "2").exists()


def test_export_takes_the_licence(call, model):
    (model / "model.keras").touch()
    assert call("export", model, "--data-licence", "CC BY 4.0")[0] == 0
    assert FakeTask.made[-1].data_licence == "CC BY 4.0"


def test_inputs_of_another_encoding(call, data, run, monkeypatch):
    for name, encoding in (("a.txt", "cp1252"), ("b.txt", "utf-8")):
        (run / name).write_bytes("café\n".encode(encoding))
    line = ["train", "--data", data, "--encoding", "cp1252", "--output", run / "own", "--golden"]
    assert call(*line, run / "a.txt")[0] == 0
    assert FakeTask.made[-1].exported[2] == ["café"]
    (run / "own" / "model.keras").touch()
    for name in ("a.txt", "b.txt"):  # the run's encoding is for files that are not UTF-8
        assert call("export", run / "own", "--golden", run / name)[0] == 0
        assert FakeTask.made[-1].exported[2] == ["café"]
    for name, options in (("a.txt", ("--encoding", "cp1252")), ("b.txt", ())):
        with open(run / name) as arriving:
            monkeypatch.setattr("sys.stdin", arriving)
            code, answers, _ = call("predict", run / "own", *options)
        assert code == 0
        assert json.loads(answers)["text"] == "café"
