"""``--golden`` and ``--data-licence``: what is asked of a model, and what its card says."""

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
