"""The verbs, on a task that needs no TensorFlow: what they hand over, write and complain about."""

import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal

import pytest
import yaml
from fake_task import PIPELINE, FakeOptions, FakeTask

from pipelines.command import main
from pipelines.parser import Parser
from pipelines.verbs import VERBS, train
from toolkit.export import VerifyResult, description
from toolkit.files import exclusive_lock
from toolkit.tasks.options import ClassAnswerOptions
from toolkit.training.state import State, write_state

ROOT = Path(__file__).parents[2]


def rows(source):
    return [record.values for record in source.records()]


# Help


def test_the_help_names_every_verb(call):
    code, output, _ = call("--help")
    assert code == 0
    assert all(f"  {verb} " in output for verb in VERBS)
    assert PIPELINE.description in output


def test_a_verbs_help_explains_every_option(call):
    code, output, _ = call("train", "--help-all")
    words = " ".join(output.split())
    assert code == 0
    for field in fields(FakeOptions):
        assert f"--{field.name.replace('_', '-')}" in output
    assert "How large it is:" in output
    assert "--hidden-size N|auto The size of the state. (default: auto)" in words
    assert "--clip X|null The largest norm, 100 % of it. (default: 1.0)" in words
    assert "--lowercase, --no-lowercase Whether case is lost. (default: True)" in words


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(call, verb):
    code, output, _ = call(verb, "--help")
    assert code == 0
    assert VERBS[verb].help in output


def test_help_and_complaints_come_before_tensorflow(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "a.csv").write_text("text,label\ngood,pos\n")
    script = f"""
import sys
from pipelines.sentiment import main
codes = [main(line.split()) for line in (
    "--help", "train --help", "predict --help", "tran", "train --modl x",
    "train --data {tmp_path}/none.csv --output {tmp_path}/x",
    "predict {tmp_path}/none", "verify {tmp_path}/run",
    "train --data {tmp_path}/a.csv --output {tmp_path}/x --group-column film",
    "train --data {tmp_path}/a.csv --output {tmp_path}/x --label-rule pos",
    "evaluate {tmp_path}/run --data {tmp_path}/a.csv --text-column film",
    "inspect --data {tmp_path}/a.csv --label-column film",
)]
print("CODES", codes, "tensorflow" in sys.modules, "keras" in sys.modules)
"""
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert output.split("CODES ")[1].strip() == "[0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2] False False"


LATE = (
    *("faker", "num2words", "tensorflow_datasets", "importlib_resources", "sklearn", "scipy"),
    *("pandas", "matplotlib", "sacrebleu", "tokenizers", "tqdm", "tensorflow", "keras"),
)
CONTENTS = {
    "sentiment": "text,label\n" + "good,pos\nbad,neg\n" * 20,
    "ner": "text,entities\n" + 'Anna sings,"[[0, 4, ""PER""]]"\n' * 20,
    "translation": "source,target\n" + "".join(f"a {n},b {n}\n" for n in range(40)),
    "language_model": "text\n" + "hello world\n" * 200,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_packages_that_a_command_does_not_need_are_not_imported(tmp_path, name):
    """Up to the point where a training would import TensorFlow."""
    (tmp_path / "data.csv").write_text(CONTENTS[name])
    script = f"""
import sys
from pipelines.pipeline import Pipeline
from pipelines.{name} import main

def stop(self):
    raise SystemExit("TensorFlow comes now")

Pipeline.load_task = stop
code = main(["--help"]), main(["train", "--help"])
try:
    main(["train", "--data", "data.csv", "--output", "run"])
except SystemExit as end:
    print("END", *code, end, *(set({LATE}) & sys.modules.keys()), sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "END|0|0|TensorFlow comes now", done.stderr


# Complaints


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_argument(call, empty):
    code, output, error = call("train", "--data", "x", "--output", "y", empty)
    assert (code, output) == (2, "")
    assert error == "error: an argument is empty; --help says what can be given\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "a verb is missing"),
        ("tran", "no verb tran; did you mean train? it can be train, "),
        ("xyz", "no verb xyz; it can be train, "),
        ("train", "--data and --output must be given"),
        ("train --data x --output y --hiden-size 3", "did you mean --hidden-size?"),
        ("train --data x --output y --hidden 3", "unknown option --hidden"),
        ("train --data x --output y --no-lowrcase", "did you mean --no-lowercase?"),
        ("train --data x --output y rest", "unexpected argument rest"),
        ("train --data x --output y --lowercase false", "--NAME is on, --no-NAME is off"),
        (
            "train --data x --output y --hidden-size big",
            "--hidden-size is 'big'; it can be a whole number or auto",
        ),
        ("train --data x --output y --clip a", "--clip is 'a'; it can be a number or null"),
        ("train --data x --output y --clip nan", "--clip is 'nan'; it can be a number or null"),
        (f"train --data x --output y --seed {'9' * 400}x", "it can be a whole number"),
        (f"train --data x --output y --clip {'9' * 400}", "it can be a number or null"),
        ("train --data x --output y -x", "unknown option -x"),
        ("train --data x --output y -- rest", "unexpected argument rest"),
        ("diagnose {tmp}/model --data x --steps x", "--steps is 'x'; it can be a whole number"),
        ("train --data x --output y --mood odd", "--mood is 'odd'; it can be good or bad"),
        ("train --data x --output y --mood", "--mood: expected one argument"),
        ("train --config {tmp}/none.yaml", "does not exist"),
        ("train --config {tmp}/bad.yaml", "did you mean hidden_size?"),
        ("train --config {tmp}/broken.yaml", "broken.yaml, line "),
        ("train --config {tmp}/bool.yaml", "--lowercase is 'no way'; it can be true or false"),
        ("train --config {tmp}/list.yaml", "--clip is [1]; it can be a number or null"),
        ("train --config {tmp}/big.yaml", "--hidden-size is 'big'; it can be a whole number or"),
        ("train --config {tmp}/latin.yaml", "the --config file is not UTF-8"),
        ("train --config {tmp}/date.yaml", "day is out of range"),
        ("train --config {tmp}/half.yaml", "unknown option options"),
        ("train --config {tmp}/format.yaml", "no whole description of a run"),
        ("train --config {tmp}/newer.yaml", "newer"),
        ("train --config {tmp}/a.csv", "the --config file holds no options"),
        ("train --config {tmp}", "is not a file"),
        ("train --data {tmp}/none.csv --output {tmp}/x", "none.csv"),
        ("train --data sample --output {tmp}/bad.yaml", "is a file"),
        ("train --data sample --output {tmp}/x --golden {tmp}/none", "No such file"),
        ("train --data sample --output {tmp}/x --golden {tmp}/empty.txt", "is empty"),
        ("train --data {tmp}/a.csv --output {tmp}/x --text-column t", "(--text-column)"),
        ("train --data {tmp}/a.csv --output {tmp}/x --label-column labl", "did you mean 'label'?"),
        ("train --data {tmp}/a.csv --output {tmp}/x --group-column g", "(--group-column)"),
        ("train --data {tmp}/a.csv --output {tmp}/x --label-rule x", "the label rule 'x'"),
        ("train --data {tmp}/a.csv --output {tmp}/x --label-separator=", "is empty"),
        ("train --data sample --validation-data {tmp}/b.csv --output {tmp}/x", "--label-column"),
        ("evaluate {tmp}/none --data sample", "no such folder"),
        ("evaluate {tmp}/model --data {tmp}/a.csv --text-column t", "(--text-column)"),
        ("evaluate {tmp}/model --data {tmp}/b.csv", "--label-column"),
        ("predict", "RUN must be given"),
        ("predict {tmp}/model a --output b.csv", "answers go to standard output; > FILE"),
        ("predict {tmp}/model a --data b.txt", "give one or the other"),
        ("predict {tmp}/model --data {tmp}/none.txt", "No such file"),
        ("predict {tmp}/model --data {tmp}/none.csv", "none.csv"),
        ("predict {tmp}/model --format xml a", "--format"),
        ("export {tmp}/model --format tflite", "--format"),
        ("export {tmp}/model --format onnx", "model.keras, which is missing"),
        ("verify {tmp}", "no exported version"),
    ],
)
def test_one_line_and_exit_code_2(call, model, tmp_path, line, complaint):
    (tmp_path / "bad.yaml").write_text("hidden_sice: 3\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "bool.yaml").write_text("lowercase: no way")
    (tmp_path / "list.yaml").write_text("clip: [1]")
    (tmp_path / "big.yaml").write_text("hidden_size: big")
    (tmp_path / "latin.yaml").write_bytes(b"caf\xe9: 3")
    (tmp_path / "date.yaml").write_text("data: 2024-02-30")
    (tmp_path / "half.yaml").write_text("options: x\nfacts: {}")
    (tmp_path / "format.yaml").write_text("format: two\noptions: {}\nfacts: {}")
    (tmp_path / "newer.yaml").write_text("format: 99\noptions: {}\nfacts: {}")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "a.csv").write_text("text,label\ngood,pos\n")
    (tmp_path / "b.csv").write_text("text\ngood\n")
    code, output, error = call(*line.format(tmp=tmp_path).split())
    assert (code, output) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert complaint in error
    assert not FakeTask.made


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("explode", 1, "error: RuntimeError: two lines (--debug shows where)\n"),
        ("full", 1, "error: No space left on device\n"),
        ("interrupt", 130, "interrupted\n"),
    ],
)
def test_work_that_fails(call, model, text, code, complaint):
    assert call("predict", model, text) == (code, "", complaint)


def test_debug_shows_the_traceback(call, model):
    code, _, error = call("predict", model, "explode", "--debug")
    assert code == 1
    assert "Traceback" in error
    assert error.endswith("error: RuntimeError: two lines\n")


# train


def test_train_hands_over_what_was_asked(call, data, tmp_path):
    run = tmp_path / "new" / "run"
    golden = tmp_path / "golden.txt"
    golden.write_text("one\ntwo\n")
    code, output, error = call(
        "train", "--data", data, "--output", run, "--hidden-size", "8", "--no-lowercase",
        "--clip", "null", "--golden", golden,
    )  # fmt: skip
    assert (code, output) == (0, "")
    (task,) = FakeTask.made
    assert (task.hidden_size, task.lowercase, task.clip, task.mood) == (8, False, None, "good")
    train, validation, folder = task.fitted
    assert (train.name, validation, folder) == (str(data), None, run)
    assert task.exported == (run, "saved_model", ["one", "two"])
    assert "validation: luck 0.75\n" in error


def test_the_recorded_command_trains_the_same(call, data, tmp_path):
    call(
        "train", "--data", data, "--output", tmp_path / "a b", "--clip", "null", "--no-lowercase",
        "--label-column", "label", "--golden", data,
    )  # fmt: skip
    command = shlex.split(FakeTask.made[0].facts["command"])
    assert command[:4] == ["python", "-m", "pipelines.fake", "train"]
    assert command[command.index("--golden") + 1] == str(data)
    code, _, error = call(*command[3:])
    assert code == 0
    assert "is finished" in error


def test_the_sample(call, run):
    assert call("train", "--data", "sample", "--output", run)[0] == 0
    (task,) = FakeTask.made
    assert rows(task.fitted[0])[0] == {"text": "good train text", "label": "pos"}
    assert task.evaluated == ((["good test text", "test text"], ["pos", "neg"]), None)
    _, output, _ = call("predict", run, "--data", "sample")
    texts = [json.loads(line)["text"] for line in output.splitlines()]
    assert texts == ["good test text", "test text"]
    assert task.exported[2] == PIPELINE.examples


def test_a_configuration_file_and_the_line_over_it(call, data, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(f"data: {data}\nhidden_size: 12\nlowercase: false\nmood: bad\n")
    code, _, _ = call("train", "--config", config, "--mood", "good", "--output", tmp_path / "run")
    assert code == 0
    (task,) = FakeTask.made
    assert (task.hidden_size, task.lowercase, task.mood) == (12, False, "good")


def test_the_line_wins_wherever_it_names_the_file(call, data, tmp_path):
    for name, content in (("a", f"data: {data}\nmood: bad\nseed: 3\n"), ("b", "seed: 4\n")):
        (tmp_path / f"{name}.yaml").write_text(content)
    line = ["--mood", "good", "--config", tmp_path / "a.yaml", "--config", tmp_path / "b.yaml"]
    assert call("train", *line, "--output", tmp_path / "run")[0] == 0
    (task,) = FakeTask.made
    assert (task.mood, task.seed) == ("good", 4)


def test_printed_options_are_a_configuration_file(call, data, tmp_path):
    line = ["--data", data, "--output", tmp_path / "run", "--no-lowercase", "--clip", "null"]
    code, printed, error = call("train", *line, "--seed", "8", "--print-config")
    assert (code, error) == (0, "")
    assert not (tmp_path / "run").exists()
    (tmp_path / "printed.yaml").write_text(printed)
    code, again, _ = call("train", "--config", tmp_path / "printed.yaml", "--print-config")
    assert (code, again) == (0, printed)
    assert call("train", "--config", tmp_path / "printed.yaml")[0] == 0
    (task,) = FakeTask.made
    assert (task.lowercase, task.clip, task.seed, task.hidden_size) == (False, None, 8, "auto")


@pytest.mark.parametrize(("written", "read"), [("on", "on"), ("off", "off"), ("'off'", "off")])
def test_on_and_off_in_a_file_are_words_where_an_option_has_them(tmp_path, written, read):
    parser = Parser("train", "", "")
    parser.add_config()
    parser.add_argument("--places", "Places.", Literal["auto", "on", "off"], "auto")
    (tmp_path / "a.yaml").write_text(f"places: {written}")
    assert parser.parse(["--config", str(tmp_path / "a.yaml")]).places == read


def test_the_configuration_of_a_run(call, data, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    line = ["--hidden-size", "8", "--no-lowercase", "--label-column", "label", "--clip", "null"]
    call("train", "--data", data, "--validation-data", data, "--output", first, *line)
    assert call("train", "--config", first / "config.yaml", "--output", second)[0] == 0
    configs = [yaml.safe_load((run / "config.yaml").read_text()) for run in (first, second)]
    assert configs[0]["options"] == configs[1]["options"]
    assert configs[0]["options"]["hidden_size"] == 8
    (before, after) = (task.fitted for task in FakeTask.made)
    assert [source.name for source in before[:2]] == [source.name for source in after[:2]]


def test_what_was_learnt_before_the_loss_diverged_is_kept(call, data, run):
    line = ["train", "--data", data, "--output", run, "--mood", "bad", "--clip", "null"]
    code, _, error = call(*line)
    assert code == 1
    assert f"not a number any more; the weights are in {run}/model.keras, for " in error
    assert error.endswith("load_sequence_model, and nothing is exported\n")
    assert (run / "config.yaml").exists()


@pytest.mark.parametrize("given", [[], ["--hidden-size", "8"]])
def test_a_finished_run_is_left_alone(call, data, run, given):
    line = ["train", "--data", data, "--output", run, *given]
    assert call(*line)[0] == 0
    (run / "checkpoint").mkdir()  # as if killed before this was taken away
    code, _, error = call(*line)
    assert code == 0
    assert "finished" in error
    assert len(FakeTask.made) == 1
    assert not (run / "checkpoint").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (["--hidden-size", "16"], "hidden_size auto (now 16)"),
        (["--validation-data", "sample"], "validation_data None (now sample)"),
        (["--no-lowercase", "--mood", "bad"], "lowercase True (now False), mood good (now bad)"),
    ],
)
def test_another_configuration_is_refused(call, data, run, change, complaint):
    line = ["train", "--data", data, "--output", run]
    call(*line)
    code, _, error = call(*line, *change)
    assert code == 2
    assert complaint in error
    assert error.count("\n") == 1


def test_a_model_of_unknown_making_is_refused(call, data, run):
    (run / "1").mkdir()
    assert call("train", "--data", data, "--output", run)[0] == 2
    (run / "config.yaml").write_text("[]")
    assert call("train", "--data", data, "--output", run)[0] == 2
    assert not FakeTask.made


@pytest.fixture
def next_format(monkeypatch):
    """The next toolkit's format, which calls ``mood`` what ours calls ``temper``."""
    number = description.FORMAT + 1
    renaming = description.Renaming("temper", "mood", {"evil": "bad"})
    monkeypatch.setattr(description, "FORMAT", number)
    monkeypatch.setitem(description.UPGRADES, number, [renaming])
    return number


def test_a_run_of_an_older_format_is_as_good_as_one_of_ours(call, data, run, tmp_path, next_format):
    line = ["train", "--data", data, "--mood", "bad"]
    assert call(*line, "--output", run)[0] == 0
    for path in (run / "config.yaml", run / "1" / "assets" / "config.yaml"):
        config = yaml.safe_load(path.read_text())
        config["options"]["temper"] = {"bad": "evil"}[config["options"].pop("mood")]
        path.write_text(yaml.safe_dump({**config, "format": next_format - 1}))
    code, _, error = call(*line, "--output", run)
    assert (code, "finished" in error) == (0, True), error
    code, _, error = call("train", "--data", data, "--mood", "good", "--output", run)
    assert (code, "mood bad (now good)" in error) == (2, True)
    again = tmp_path / "again"
    assert call("train", "--config", run / "config.yaml", "--output", again)[0] == 0
    assert FakeTask.made[-1].mood == "bad"


def test_a_run_of_a_newer_format_is_refused_in_one_line(call, data, run, tmp_path, next_format):
    line = ["train", "--data", data, "--output", run]
    assert call(*line)[0] == 0
    files = [run / "config.yaml", run / "1" / "assets" / "config.yaml"]
    for path in files:
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "format": 99}))
    config = ["train", "--config", run / "config.yaml", "--output", tmp_path / "other"]
    calls = [(line, files[0]), (["evaluate", run, "--data", data], files[1])]
    for words, name in [*calls, (config, "the --config file")]:
        code, _, error = call(*words)
        assert code == 2
        assert f"{name} has format 99, and this toolkit reads formats up to {next_format}" in error
        assert error.count("\n") == 1
    assert len(FakeTask.made) == 1


def test_a_former_name_of_an_option_is_refused_and_one_that_stayed_is_not(
    call, data, run, tmp_path, monkeypatch
):
    renamings = [
        description.Renaming("temper", "mood", {}),
        description.Renaming("mood", "mood", {"evil": "bad"}),  # only a value was renamed
    ]
    monkeypatch.setitem(description.UPGRADES, description.FORMAT, renamings)
    path = tmp_path / "options.yaml"
    line = ["train", "--data", data, "--output", run, "--config", path]
    path.write_text("temper: bad\n")
    code, _, error = call(*line)
    assert code == 2
    assert "the option temper is now called mood" in error
    path.write_text("mood: bad\n")
    assert call(*line)[0] == 0


def test_an_unfinished_run_is_trained(call, data, run):
    line = ["train", "--data", data, "--output", run]
    call(*line)
    (run / "README.md").unlink()
    (run / "checkpoint").mkdir()
    assert call(*line)[0] == 0
    assert len(FakeTask.made) == 2


def test_a_run_without_its_card_keeps_its_versions(call, data, run):
    line = ["train", "--data", data, "--output", run]
    call(*line)
    (run / "README.md").unlink()
    (run / "2").mkdir()
    code, _, error = call(*line)
    assert (code, len(FakeTask.made)) == (0, 1)
    assert "finished" in error
    assert (run / "1").exists()
    assert (run / "2").exists()


def test_a_run_is_written_by_one_process_at_a_time(call, data, run):
    line = ["train", "--data", data, "--output", run]
    with exclusive_lock(run):
        code, output, error = call(*line)
    assert (code, output) == (2, "")
    assert error.endswith(
        f"error: another process writes into {run}; wait for it, or give another --output\n"
    )
    assert not FakeTask.made
    assert call(*line)[0] == 0


def test_what_another_process_ended_meanwhile_is_left_alone(call, data, run, monkeypatch):
    line = ["train", "--data", data, "--output", run]
    read = train.training_data

    def read_slowly(*arguments):
        found = read(*arguments)
        with monkeypatch.context() as patch:
            patch.setattr(train, "training_data", read)
            call(*line)
        return found

    monkeypatch.setattr(train, "training_data", read_slowly)
    code, _, error = call(*line)
    assert (code, len(FakeTask.made)) == (0, 1)
    assert "finished" in error


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_says_what_the_same_command_would_do(call, data, run, monkeypatch):
    line = ["train", "--data", data, "--output", run]
    monkeypatch.setattr(FakeTask, "fit", interrupted)
    code, _, error = call(*line)
    assert (code, error.splitlines()[-1]) == (130, "interrupted; the same command starts again")
    state = State(2, 7, 1.5, [], {}, [], [])
    write_state(run / "checkpoint" / "state.npz", state, {})
    (run / "checkpoint" / "config.yaml").write_text("{options: {}, facts: {}}")
    code, _, error = call(*line)
    assert code == 130
    assert error.splitlines()[-1] == (
        "interrupted; the same command continues from epoch 3, batch 7"
    )
    (run / "checkpoint" / "state.npz").write_bytes(b"broken")
    assert call(*line)[2].endswith("interrupted; the same command starts again\n")


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("--data {data}", '"your text"'),
        ("--data {data} --golden {golden}", "'my own'"),
        ("--data sample", "'It is good.'"),
    ],
)
def test_it_is_to_be_asked_what_it_was_trained_for(call, data, tmp_path, line, question):
    (tmp_path / "golden.txt").write_text("my own\n")
    words = line.format(data=data, golden=tmp_path / "golden.txt").split()
    _, _, error = call("train", *words, "--output", tmp_path / "a run")
    asked = error.splitlines()[-1]
    assert asked.endswith(f"predict '{tmp_path}/a run' {question}")


# evaluate, export, verify, demo


def test_what_a_killed_export_left_is_cleared_away(call, data, run):
    line = ["train", "--data", data, "--output", run]
    call(*line)
    (run / "README.md").unlink()
    (run / "checkpoint").mkdir()
    (run / "2").mkdir()
    assert call(*line)[0] == 0
    left = {"1", "README.md", "checkpoint", "config.yaml", "metrics.json", "model.keras"}
    left |= {"learning_curves.png", "report.html"}
    assert {entry.name for entry in run.iterdir()} == left  # the fake leaves its checkpoint


def test_a_run_that_was_cut_off_goes_on_as_it_began_only(call, data, tmp_path):
    run = tmp_path / "run"
    facts = {"data": "the source's own name for it"}
    (run / "checkpoint").mkdir(parents=True)
    config = yaml.safe_dump({"options": {"seed": 3, "tensorboard": None}, "facts": facts})
    (run / "checkpoint" / "config.yaml").write_text(config)
    train = ["train", "--data", data, "--output", run]
    code, _, complaint = call(*train, "--seed", 4)
    assert code == 2
    assert f"{run} was trained with seed 3 (now 4); give another --output" in complaint
    (run / "history.csv").touch()
    assert call(*train, "--seed", 3, "--tensorboard", tmp_path / "logs")[0] == 0


def test_evaluate_writes_the_metrics(call, model, data, tmp_path):
    line = ["--output", tmp_path / "report", "--label-column", "label"]
    code, output, _ = call("evaluate", model, "--data", data, *line)
    assert code == 0
    metrics = {"accuracy": 1.0, "macro_f1": 1.0, "luck": 0.75, "per_class": {}}
    assert json.loads(output) == metrics
    (task,) = FakeTask.made
    source, folder = task.evaluated
    assert (source.name, folder) == (str(data), str(tmp_path / "report"))
    assert (task.label_column, task.text_column) == ("label", None)


@pytest.fixture
def other_columns(call, run, tmp_path):
    """Data and a run whose columns are not those that would be guessed."""
    path = tmp_path / "other.csv"
    path.write_text("text,words,stars,film\nx,so good,7,f\ny,so bad,2,g\n", encoding="utf-8")
    columns = ["--text-column", "words", "--label-column", "stars", "--group-column", "film"]
    line = ["train", "--data", path, "--output", run, *columns, "--label-rule", "n:<=4,p:>=7"]
    assert call(*line, "--skip-bad-rows")[0] == 0
    return path


def test_evaluate_keeps_the_columns_of_the_run(call, run, other_columns):
    other_columns.write_text("words,text,stars\nso good,x,7\n", encoding="utf-8")
    code, _, error = call("evaluate", run, "--data", other_columns)
    assert code == 0
    assert f"{run} was trained on a file of this path ({other_columns}): figures" in error
    task = FakeTask.made[-1]
    assert (task.text_column, task.label_column, task.skip_bad_rows) == ("words", "stars", True)
    line = ["--text-column", "null", "--label-separator", "|", "--no-skip-bad-rows"]
    assert call("evaluate", run, *line, "--data", other_columns)[0] == 0
    task = FakeTask.made[-1]
    assert (task.text_column, task.label_column, task.skip_bad_rows) == (None, "stars", False)


def test_predict_reads_the_text_column_of_the_run(call, run, other_columns):
    def texts(*line):
        _, output, _ = call("predict", run, "--data", other_columns, *line)
        return [json.loads(line)["text"] for line in output.splitlines()]

    assert texts() == ["so good", "so bad"]
    assert texts("--text-column", "text") == ["x", "y"]


def test_test_data_is_the_part_to_test_on(call, run, tmp_path):
    for part in ("train", "test"):
        for name in ("neg", "pos"):
            folder = tmp_path / "reviews" / part / name
            folder.mkdir(parents=True)
            (folder / "1.txt").write_text(part)
    data = tmp_path / "reviews"
    _, _, error = call("train", "--data", data, "--validation-data", data, "--output", run)
    train, validation, _ = FakeTask.made[-1].fitted
    assert (train.name, validation.name) == (str(data / "train"), str(data / "test"))
    assert error.count("reviews/train is read\n") == 1
    call("evaluate", run, "--data", data)
    assert FakeTask.made[-1].evaluated[0].name == str(data / "test")


def test_export_keeps_the_golden_texts(call, model):
    (model / "model.keras").touch()
    assert call("export", model)[0] == 0
    assert FakeTask.made[-1].exported[2] is None
    (model / "golden.jsonl").write_text('{"inputs": {"text": "mine"}, "outputs": {}}\n')
    assert call("export", model)[0] == 0
    assert FakeTask.made[-1].exported[2] == [{"text": "mine"}]


def test_export_in_another_format(call, model, monkeypatch):
    (model / "model.keras").touch()
    assert call("export", model, "--format", "onnx")[0] == 0
    assert FakeTask.made.pop().exported == (str(model), "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, error = call("export", model, "--format", "onnx")
    assert (code, FakeTask.made) == (2, [])
    assert error.endswith("are missing: pip install onnx onnxruntime tf2onnx\n")


def test_a_missing_package_is_complained_of_before_the_data_is_read(call, run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = ["--data", "nowhere.csv", "--output", run, "--tensorboard", "logs"]
    assert call("train", *line)[::2] == (
        2,
        "error: --tensorboard needs the package tensorboard, which is missing: "
        "pip install tensorboard\n",
    )


@pytest.mark.parametrize("passed", [True, False])
def test_verify_tells_by_its_exit_code(call, run, monkeypatch, passed):
    monkeypatch.setattr(
        "pipelines.verbs.export.verify", lambda run: VerifyResult(passed, "verdict")
    )
    assert call("verify", run) == (int(not passed), "verdict\n", "")


def test_demo_trains_answers_and_says_what_is_next(call, run):
    code, output, error = call("demo", "--output", run)
    assert code == 0
    assert [json.loads(line)["label"] for line in output.splitlines()] == ["pos", "neg"]
    assert "try next" in error


# predict


def test_texts_on_the_line(call, model):
    code, output, error = call("predict", model, "good", "null", "--", "-x", "été")
    answers = [json.loads(line) for line in output.splitlines()]
    assert (code, error) == (0, "")
    assert [answer["text"] for answer in answers] == ["good", "null", "-x", "été"]
    assert answers[0] == {
        "text": "good", "label": "pos", "score": 0.9, "probabilities": {"p": 0.9}
    }  # fmt: skip
    assert "été" in output


@pytest.mark.parametrize(
    "line",
    [
        "RUN --format csv a b",
        "--format csv RUN a b",
        "RUN a b --format csv",
        "RUN a --format=csv b",
        "--format=csv RUN a -- b",
        "--debug RUN a --format csv -- b",
        "RUN --format csv -- a b",
    ],
)
def test_options_may_stand_anywhere(call, model, line):
    code, output, _ = call("predict", *line.replace("RUN", str(model)).split())
    assert code == 0
    assert [row.split(",")[0] for row in output.splitlines()] == ["text", "a", "b"]


def test_csv(call, model):
    code, output, _ = call("predict", model, "good", 'a "b", c', "--format", "csv")
    assert code == 0
    assert output == (
        "text,label,score,probabilities.p\ngood,pos,0.9,0.9\n\"a \"\"b\"\", c\",neg,0.8,0.2\n"
    )  # fmt: skip


def test_a_data_file(call, model, data):
    _, output, _ = call("predict", model, "--data", data, "--text-column", "text")
    texts = [json.loads(line)["text"] for line in output.splitlines()]
    assert texts == ["good film", "bad\nfilm"]


def test_a_text_file(call, model, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes(b"one\r\n\ntwo\xff")
    _, output, _ = call("predict", model, "--data", path)
    assert [json.loads(line)["text"] for line in output.splitlines()] == ["one", "", "two\ufffd"]


# Real processes

SCRIPT = [sys.executable, str(Path(__file__).with_name("fake_task.py"))]


def start(*arguments, **options):
    return subprocess.Popen(
        [*SCRIPT, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, **options,
    )  # fmt: skip


def test_answers_come_while_input_comes(model):
    with start("predict", model) as process:
        for text in ("good", "bad"):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 0


def test_every_line_is_answered_in_order(model):
    lines = [f"line {number}" for number in range(100_000)]
    with start("predict", model) as process:
        output, error = process.communicate("\n".join(lines).encode())
    assert process.returncode == 0
    assert error == b""
    assert [json.loads(line)["text"] for line in output.splitlines()] == lines


def test_any_argument_can_be_answered(model):
    with start("predict", model, b"not \xff UTF-8".decode("utf-8", "surrogateescape")) as process:
        output, error = process.communicate()
    assert (process.returncode, error) == (0, b"")
    assert json.loads(output)["text"] == "not \udcff UTF-8"


def test_a_reader_that_has_seen_enough(model):
    with start("predict", model) as process:
        process.stdin.write(b"good\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"bad\n" * 10)
        process.stdin.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")


def test_interrupted_while_waiting(model):
    with start("predict", model) as process:
        process.stdin.write(b"good\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == b"interrupted\n"


@pytest.mark.slow
def test_tensorflow_is_silent_when_it_is_imported():
    script = """
from dataclasses import replace
from fake_task import PIPELINE
from pipelines import console
console.set_up(debug=False)
replace(PIPELINE, task="tensorflow:Module").load_task()
import tensorflow
tensorflow.constant(1)
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=environment
    )
    assert (process.stdout, process.stderr) == (b"", b"")


def test_a_text_that_is_the_name_of_a_file_is_said(call, model, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, output, error = call("predict", model, "data.csv", "no data.csv")
    assert code == 0
    assert [json.loads(line)["text"] for line in output.splitlines()] == ["data.csv", "no data.csv"]
    assert error == (
        "'data.csv' is answered as a text; it is also a file, which is read by --data data.csv\n"
    )
    monkeypatch.setattr(type(PIPELINE.labelled), "lines_may_be_paths", True)
    assert call("predict", model, "data.csv")[2] == ""


def test_a_threshold_of_another_target_is_refused_at_once(model, capsys):
    fake = replace(PIPELINE, predict_options=ClassAnswerOptions)
    assert main(fake, ["predict", str(model), "a", "--threshold", "0.3"]) == 2
    assert capsys.readouterr().err == (
        "error: --threshold is not for a model whose target is classes; --abstain-below is\n"
    )
    assert not FakeTask.made


def test_several_files_are_not_read_together(call, data, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("text,label\n")
    code, _, error = call("train", "--data", data, other, "--output", tmp_path / "x")
    assert code == 2
    assert error == (
        f"error: unexpected argument {other}; an option takes one file or one folder, and several "
        "files are not read together\n"
    )
