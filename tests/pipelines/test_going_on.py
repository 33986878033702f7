"""``train --init-from`` and ``--more-epochs``, on a task that needs no TensorFlow."""

import shutil
import zipfile

import pytest
import yaml
from fake_task import PIPELINE, FakeTask

from pipelines.command import main
from toolkit.data.options import is_inherited
from toolkit.errors import DivergedError


@pytest.fixture
def trained(call, data, tmp_path):
    """A finished run, with an option that is not its default."""
    run = tmp_path / "first"
    assert call("train", "--data", data, "--output", run, "--no-lowercase", "--seed", 3)[0] == 0
    FakeTask.made.clear()
    return run


@pytest.fixture
def other(tmp_path):
    """Other data, with one label only."""
    path = tmp_path / "other.csv"
    path.write_text("text,label\ngood play,pos\nfine,pos\n", encoding="utf-8")
    return path


def config(run):
    return yaml.safe_load((run / "config.yaml").read_text())


def checkpoint(run, before, epochs=1):
    """Leave what an interrupted training leaves."""
    (run / "checkpoint").mkdir()
    text = yaml.safe_dump({"options": {}, "facts": {"epochs_before": before, "epochs": epochs}})
    (run / "checkpoint" / "config.yaml").write_text(text)


def facts_of(run, **facts):
    """Change the facts of a run, in its folder and in its archive."""
    changed = config(run)
    changed["facts"] |= facts
    text = yaml.safe_dump(changed)
    (run / "config.yaml").write_text(text)
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        archive.writestr("learnt.txt", "good")
        archive.writestr("task/config.yaml", text)


def test_a_run_goes_on_with_other_data_into_another_folder(call, trained, other, run):
    facts_of(trained, classes={"neg": 1, "pos": 1})
    line = ["train", "--init-from", trained, "--data", other, "--output", run, "--seed", 4]
    code, _, error = call(*line)
    assert code == 0, error
    (task,) = FakeTask.made
    assert (task.lowercase, task.seed, task.continued) == (False, 4, True)
    assert task.fitted[0].name == str(other)
    found = config(run)
    assert found["facts"]["init_from"] == str(trained)
    assert f"--init-from {trained} --no-lowercase --seed 4" in found["facts"]["command"]
    assert config(trained)["facts"]["init_from"] is None
    code, _, error = call(*line)
    assert code == 0
    assert "is finished; nothing is left to do" in error
    code, _, error = call(*[word for word in line if word not in ("--init-from", trained)])
    assert code == 2
    assert f"init_from {trained} (now None)" in error


def test_a_finished_run_is_trained_further_on_its_own_data(call, trained, data):
    code, _, error = call("train", "--output", trained, "--more-epochs", 5)
    assert code == 0, error
    (task,) = FakeTask.made
    assert (task.lowercase, task.seed, task.continued, task.trained_for) == (False, 3, True, 5)
    assert task.fitted[0].name == str(data)
    assert config(trained)["options"]["seed"] == 3
    assert {path.name for path in trained.iterdir() if path.is_dir()} == {"1", "2"}
    code, _, error = call(
        *("train", "--data", data, "--output", trained, "--no-lowercase", "--seed", 3)
    )
    assert code == 0
    assert "is finished; nothing is left to do" in error


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (["--output", "{first}", "--init-from", "{first}"], "are one folder; give another"),
        (["--output", "new", "--init-from", "none"], "--init-from: none: there is no such folder"),
        (["--output", "none", "--more-epochs", "2"], "--more-epochs: none: there is no such"),
        (["--output", "{first}", "--more-epochs", "-1"], "--more-epochs is -1; it must be at"),
        (
            ["--output", "{first}", "--more-epochs", "1", "--init-from", "{first}"],
            "--init-from and --more-epochs exclude each other",
        ),
        (
            ["--output", "new", "--init-from", "{first}", "--hidden-size", "8"],
            "--hidden-size is 8, but the earlier training had 64; a training that goes on",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_line(call, trained, data, line, complaint, tmp_path):
    words = [word.format(first=trained) for word in line]
    code, _, error = call("train", "--data", data, *words)
    assert code == 2
    assert complaint in error
    assert error.count("\n") == 1
    assert not FakeTask.made
    assert not (tmp_path / "new").exists()


def test_a_run_without_its_archive_cannot_go_on(call, trained, data, run):
    (trained / "model.keras").unlink()
    line = ["train", "--data", data, "--output"]
    for words in ([run, "--init-from", trained], [trained, "--more-epochs", 1]):
        code, _, error = call(*line, *words)
        assert code == 2
        assert f"{trained}: no model.keras is in it, which training on needs" in error


def test_an_unfinished_run_is_not_trained_further(call, trained, data):
    shutil.rmtree(trained / "1")
    code, _, error = call("train", "--data", data, "--output", trained, "--more-epochs", 1)
    assert code == 2
    assert "is no finished run; the same command without --more-epochs goes on with it" in error


def test_more_planned_epochs_are_told_of_the_option(call, trained, data):
    line = ["train", "--data", data, "--output", trained, "--no-lowercase", "--seed", 3]
    code, _, error = call(*line, "--epochs", 9)
    assert code == 2
    assert "epochs 2 (now 9); train it further by --more-epochs 7, or give another" in error
    facts_of(trained, trained_epochs=4)
    assert "by --more-epochs 5, or" in call(*line, "--epochs", 9)[2]
    assert "--more-epochs" not in call(*line, "--epochs", 1)[2]
    code, _, error = call(*line, "--epochs", 9, "--mood", "bad")
    assert "--more-epochs" not in error


def test_an_interrupted_training_on_is_kept_for_its_own_command(call, trained, data):
    facts_of(trained, trained_epochs=2, epochs_before=0)
    checkpoint(trained, before=2)
    line = ["train", "--data", data, "--output", trained, "--no-lowercase", "--seed", 3]
    code, _, error = call(*line)
    assert code == 0
    assert "is finished, but for --more-epochs, which was interrupted" in error
    assert (trained / "checkpoint" / "config.yaml").exists()
    assert call("train", "--output", trained, "--more-epochs", 1)[0] == 0
    (task,) = FakeTask.made
    assert task.continued


def test_what_was_trained_and_not_exported_is_only_exported(call, trained):
    facts_of(trained, trained_epochs=4, epochs_before=2, epochs=2)
    checkpoint(trained, before=2, epochs=2)
    (trained / "config.yaml").write_text("facts: {epochs_before: 0}")  # killed before it was new
    code, _, error = call("train", "--output", trained, "--more-epochs", 2)
    assert code == 0
    assert "was trained, and is exported now" in error
    (task,) = FakeTask.made
    assert not hasattr(task, "fitted")
    assert (trained / "2").is_dir()


@pytest.mark.parametrize(("exported", "epochs"), [(True, 2), (False, 3)])
def test_a_checkpoint_that_is_left_over_does_not_stand_for_more_epochs(
    call, trained, exported, epochs
):
    facts_of(trained, trained_epochs=4, epochs_before=2, epochs=2)
    if exported:  # killed before the checkpoint was removed
        shutil.copy(trained / "config.yaml", trained / "1" / "assets" / "config.yaml")
    checkpoint(trained, before=2, epochs=2)
    code, _, error = call("train", "--output", trained, "--more-epochs", epochs)
    assert code == 0, error
    (task,) = FakeTask.made
    assert task.continued
    assert not (trained / "checkpoint").exists()


def test_the_checkpoint_of_its_own_training_is_cleared_away(call, trained):
    checkpoint(trained, before=0)
    (trained / "checkpoint" / "state.npz").touch()
    assert call("train", "--output", trained, "--more-epochs", 2)[0] == 0
    assert not (trained / "checkpoint").exists()


def test_a_finished_run_stays_if_the_loss_diverges(call, trained, monkeypatch):
    def fit(*_, output, **__):
        (output / "history.csv").write_text("the rows of the epochs that diverged")
        raise DivergedError("the loss is not a number any more")

    (trained / "history.csv").write_text("epoch,loss\n1,0.5\n")

    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    monkeypatch.setattr(FakeTask, "fit", fit)
    code, _, error = call("train", "--output", trained, "--more-epochs", 2)
    assert code == 1
    assert f"not a number any more; {trained} is as it was" in error
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before


def test_seeds_of_a_run_that_went_on_are_refused(call, trained, data):
    facts_of(trained, epochs_before=2)
    shutil.copy(trained / "config.yaml", trained / "1" / "assets" / "config.yaml")
    code, _, error = call("evaluate", trained, "--data", data, "--seeds", 2)
    assert code == 2
    assert "went on from an earlier training" in error


@pytest.fixture
def half_bad(tmp_path):
    """Data of which half the rows are bad, and a run that left them out as it was told to."""
    path, run = tmp_path / "half.csv", tmp_path / "half"
    path.write_text("text,label\n" + "good film,pos\ndull film,\n" * 5 + "bad,neg\nbad,neg\n")
    assert call_train(path, "--output", run, "--skip-bad-rows") == 0
    FakeTask.made.clear()
    return path, run


def call_train(data, *words):
    return main(PIPELINE, ["train", "--data", str(data), *map(str, words)])


def test_bad_rows_of_other_data_are_not_left_out_since_they_were_before(
    call, half_bad, tmp_path, run
):
    path, trained = half_bad
    line = ["train", "--init-from", trained, "--data", path, "--output", run]
    code, _, error = call(*line)
    assert code == 2
    assert "5 bad rows of 12 (41.7 %); more than 10 % are not left out" in error
    assert not FakeTask.made
    options = tmp_path / "options.yaml"
    options.write_text("skip_bad_rows: true\n")
    for number, words in enumerate((["--skip-bad-rows"], ["--config", options])):
        code, _, error = call(*line[:-1], tmp_path / str(number), *words)
        assert code == 0, error
        task = FakeTask.made.pop()
        assert not is_inherited(task, "skip_bad_rows")
        assert is_inherited(task, "lowercase")


def test_bad_rows_of_its_own_data_are_left_out_as_before(call, half_bad, tmp_path):
    path, trained = half_bad
    for words in ([], ["--data", path]):
        code, _, error = call("train", "--output", trained, "--more-epochs", 1, *words)
        assert code == 0, error
        assert not FakeTask.made.pop().inherited
    other = shutil.copy(path, tmp_path / "other.csv")
    for words in (["--data", other], ["--validation-data", other]):
        code, _, error = call("train", "--output", trained, "--more-epochs", 1, *words)
        assert code == 2
        assert "more than 10 % are not left out" in error
