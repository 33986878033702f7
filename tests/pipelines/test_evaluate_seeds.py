"""``evaluate --seeds``: what is trained anew, what is left alone, and what is said of it."""

import json
import shutil
import statistics

import pytest
import yaml
from fake_task import FakeTask


@pytest.fixture
def trained(call, data, run):
    """A run with a configuration of its own and the seed 5."""
    line = ["--hidden-size", "8", "--no-lowercase", "--seed", "5", "--validation-data", data]
    assert call("train", "--data", data, "--output", run, *line)[0] == 0
    FakeTask.made.clear()
    return run


def newly_trained():
    """The seeds that were trained since."""
    return [task.seed for task in FakeTask.made if hasattr(task, "fitted")]


def test_the_configuration_is_trained_with_the_seeds_that_follow(call, trained, data, tmp_path):
    report = tmp_path / "report"
    line = ["evaluate", trained, "--data", data, "--seeds", "3", "--output", report]
    code, output, _ = call(*line)
    assert code == 0
    assert newly_trained() == [6, 7, 8]
    result = json.loads(output)
    assert result["luck"] == 0.8
    equal = {"accuracy": 1.0, "macro_f1": 1.0}
    assert result["seeds"] == {
        "mean": {**equal, "luck": pytest.approx(0.82)},
        "deviation": {
            **dict.fromkeys(equal, 0.0),
            "luck": pytest.approx(statistics.stdev([0.81, 0.82, 0.83])),
        },
        "runs": {seed: {**equal, "luck": 0.75 + int(seed) / 100} for seed in "678"},
    }
    assert json.loads((report / "metrics.json").read_text()) == result
    rows = [row.split() for row in call(*line, "--format", "table")[1].splitlines()]
    assert [*("metric", "this", "run"), *("mean", "of", "3", "seeds"), "deviation"] in rows
    assert ["luck", "0.8000", "0.8200", "0.0100"] in rows
    own = yaml.safe_load((trained / "config.yaml").read_text())
    for seed in (6, 7, 8):
        other = yaml.safe_load((trained / "seeds" / str(seed) / "config.yaml").read_text())
        assert other["options"] == own["options"] | {"seed": seed}
        assert other["facts"]["validation_data"] == str(data)


def test_given_again_it_trains_only_what_is_missing(call, trained, data):
    line = ["evaluate", trained, "--data", data, "--seeds"]
    _, first, _ = call(*line, "2")
    shutil.rmtree(trained / "seeds" / "7")
    FakeTask.made.clear()
    assert call(*line, "2")[:2] == (0, first)
    assert newly_trained() == [7]
    FakeTask.made.clear()
    assert call(*line, "3")[0] == 0
    assert newly_trained() == [8]


def test_the_runs_of_the_seeds_stand_alone_and_beside_the_run(call, trained, data):
    call("evaluate", trained, "--data", data, "--seeds", "2")
    _, output, _ = call("evaluate", trained / "seeds" / "6", "--data", data)
    assert json.loads(output)["luck"] == 0.81
    _, output, _ = call("evaluate", trained, "--data", data)
    assert json.loads(output)["luck"] == 0.8


def test_logs_are_kept_apart(call, data, run, tmp_path):
    call("train", "--data", data, "--output", run, "--tensorboard", tmp_path / "logs")
    call("evaluate", run, "--data", data, "--seeds", "2")
    logs = {task.tensorboard for task in FakeTask.made if hasattr(task, "fitted")}
    assert logs == {str(tmp_path / "logs" / part) for part in ("", "1", "2")}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--data {data} --seeds 1", "--seeds is 1; a deviation needs at least 2"),
        ("--data {data} --seeds many", "--seeds"),
        ("--data {data} --text-column t --seeds 2", "(--text-column)"),
    ],
)
def test_complaints_come_before_any_training(call, trained, data, line, complaint):
    code, output, error = call("evaluate", trained, *line.format(data=data).split())
    assert (code, output) == (2, "")
    *before, last = error.splitlines()
    assert complaint in last
    assert all("was trained on a file of this path" in line for line in before)
    assert not FakeTask.made


def test_a_run_that_does_not_say_its_data_is_refused(call, trained, data):
    config = trained / "1" / "assets" / "config.yaml"
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"facts": {}}))
    code, _, error = call("evaluate", trained, "--data", data, "--seeds", "2")
    assert code == 2
    assert "does not say on which data" in error
    shutil.rmtree(trained / "1")
    (trained / "model.keras").unlink()
    assert call("evaluate", trained, "--data", data, "--seeds", "2")[0] == 2
    assert not FakeTask.made


def test_training_data_that_is_gone_is_named(call, trained, data, tmp_path):
    data.rename(tmp_path / "other.csv")
    code, _, error = call("evaluate", trained, "--data", tmp_path / "other.csv", "--seeds", "2")
    assert code == 2
    assert "there is no" in error
    assert "data.csv" in error
    assert not FakeTask.made
