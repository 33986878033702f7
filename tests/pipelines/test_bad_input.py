"""What a user may get wrong: one line, the right exit code, nothing written or lost."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fake_task import PIPELINE, FakeTask

from pipelines.command import main

GOOD = "text,label\ngood film,pos\nbad film,neg\n"

# A file's name and content, where the complaint says the fault is, and what it says of it.
FILES = [
    ("a.csv", "", "a.csv", "is empty; its first line should name the columns"),
    ("a.csv", "text,label\n", "a.csv", "has no row that can be used"),
    (
        "a.csv",
        "txet,id,lable\na film,1,pos\n",
        "a.csv",
        "--label-column to 'lable', or another of: txet",
    ),
    ("a.csv", "text\na\n", "a.csv", "no column left for the labels (--label-column); it has: text"),
    ("a.csv", "text,label\na,pos\nb,pos\n", "a.csv, column 'label'", "every label is 'pos'"),
    ("a.csv", "text,label\na,pos\n,neg\n", "a.csv, row 2 (line 3)", "the text in column 'text' is"),
    ("a.csv", "text,label\na,pos\nb,\n", "a.csv, row 2 (line 3)", "the label in column 'label' is"),
    ("a.csv", b"text,label\na,pos\ncaf\xe9,neg\n", "row 2 (line 3)", "not UTF-8: the byte 0xE9"),
    ("a.csv", GOOD.encode("utf-16-be"), "a.csv", "set --encoding utf-16-be"),
    ("a.csv", bytes(99), "a.csv", "it begins with the bytes 00 00 00 00"),
    ("a.csv", 'text,label\na,pos\n"b,neg\nc,pos\n', "row 2 (line 3)", "quotes that do not match"),
    ("a.csv", f"text,label\n{'x' * 17_000_000},pos\n", "row 1 (line 2)", "field larger than"),
    (
        "a.jsonl",
        '{"text": "a", "label": "pos"}\n{"text: 2}\n',
        "row 2 (line 2)",
        "not JSON: Unterminated string starting at character 2; each line should be a",
    ),
    (
        "a.jsonl",
        '{"text": "a", "label": "pos"}\n{"text": NaN}\n',
        "row 2 (line 2)",
        "'text' is empty",
    ),
    (
        "a.csv.gz",
        gzip.compress(GOOD.encode() * 99, mtime=0)[:-9],
        "a.csv.gz",
        "ends in the middle of its",
    ),
    ("a.xlsx", "PK", "a.xlsx", "cannot be read: File is not a zip file"),
    (
        "a.xls",
        "",
        "a.xls",
        "should end in .csv, .tsv, .jsonl or .json (each also .gz), .parquet",
    ),
    ("a.csv/1.txt", "a", "a.csv", "has no class folders; it should have one for each class"),
]


@pytest.mark.parametrize(("name", "content", "place", "complaint"), FILES)
def test_bad_data(call, data, tmp_path, name, content, place, complaint):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    bad = tmp_path / Path(name).parts[0]
    before = sorted(tmp_path.rglob("*"))
    for line in (["--data", bad], ["--data", data, "--validation-data", bad]):
        if "--validation-data" in line and "every label" in complaint:
            continue
        code, output, error = call("train", *line, "--output", tmp_path / "new" / "run")
        assert (code, output) == (2, "")
        assert error.count("\n") == 1
        assert error.startswith("error: ")
        assert place in error
        assert complaint in error
        assert len(error) < 500
    assert sorted(tmp_path.rglob("*")) == before
    assert not FakeTask.made


def test_nul_bytes_and_fields_of_ten_megabytes_are_text(call, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\na\0b,pos\n" + b"word " * 2_000_000 + b",neg\n")
    assert call("train", "--data", path, "--output", tmp_path / "run")[0] == 0


def test_too_few_rows_to_hold_some_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,pos\nb,neg\n")
    line = ["train", "--data", str(path), "--output", str(tmp_path / "x")]
    assert main(PIPELINE, [*line, "--validation-split", "0.5"]) == 2
    assert not (tmp_path / "x").exists()


def test_an_unknown_label_in_the_test_file(call, model, data, tmp_path):
    made = model / "1" / "assets" / "config.yaml"
    config = yaml.safe_load(made.read_text()) | {"facts": {"classes": {"neg": 3, "pos": 4}}}
    made.write_text(yaml.safe_dump(config))
    assert call("evaluate", model, "--data", data)[0] == 0
    FakeTask.made.clear()
    data.write_text("text,label\na,pos\nb,poss\n")
    for line in (["evaluate", model, "--output", tmp_path / "report"], ["compare", model, model]):
        code, output, error = call(*line, "--data", data)
        assert (code, output) == (2, "")
        assert error.startswith(f"error: {data}, row 2 (line 3): the label 'poss' is none of the")
        assert "neg, pos" in error
    assert not (tmp_path / "report").exists()
    assert not FakeTask.made


# Folders


@pytest.mark.parametrize("name", ["notes.txt", "README.md", "1.csv", "photos/1.jpg"])
def test_a_folder_that_holds_something_else(call, data, tmp_path, name):
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    code, output, error = call("train", "--data", data, "--output", tmp_path / "mine")
    assert (code, output) == (2, "")
    assert f"{tmp_path}/mine holds other files ({name.split('/')[0]})" in error
    assert [*(tmp_path / "mine").rglob("*.*")] == [path]
    assert path.read_text() == "mine"


def test_what_is_hidden_in_a_folder_is_no_hindrance(call, data, run):
    (run / ".gitkeep").touch()
    (run / ".unfinished-x").mkdir()
    assert call("train", "--data", data, "--output", run)[0] == 0


def test_a_configuration_that_is_not_of_a_run(call, data, run):
    (run / "config.yaml").write_text("mine: 1\n")
    code, _, error = call("train", "--data", data, "--output", run)
    assert code == 2
    assert "no config.yaml that says how its model was trained" in error
    assert (run / "config.yaml").read_text() == "mine: 1\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_a_run_that_never_began_leaves_nothing(call, data, tmp_path, monkeypatch, error):
    def fit(self, data, validation_data=None, output=None, **_):
        (output / "checkpoint").mkdir()
        (output / "checkpoint" / "config.yaml").touch()
        raise error("no")

    monkeypatch.setattr(FakeTask, "fit", fit)
    code, _, _ = call("train", "--data", data, "--output", tmp_path / "new" / "run")
    assert code == (130 if error is KeyboardInterrupt else 1)
    assert not (tmp_path / "new").exists()


def test_a_run_that_began_stays(call, data, tmp_path, monkeypatch):
    def fit(self, data, validation_data=None, output=None, **_):
        (output / "checkpoint").mkdir()
        (output / "checkpoint" / "config.yaml").touch()
        (output / "checkpoint" / "state.npz").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeTask, "fit", fit)
    assert call("train", "--data", data, "--output", tmp_path / "run")[0] == 130
    assert len([*(tmp_path / "run" / "checkpoint").iterdir()]) == 2


def test_an_evaluation_that_fails_leaves_no_folder(call, data, model, tmp_path, monkeypatch):
    def evaluate(self, data, output=None, texts=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeTask, "evaluate", evaluate)
    line = ["evaluate", model, "--data", data, "--output"]
    assert call(*line, tmp_path / "new" / "report")[0] == 130
    assert not (tmp_path / "new").exists()
    is_file = f"error: --output {data} is a file; give the name of a folder\n"
    assert call(*line, data) == (2, "", is_file)
    assert call(*line, data / "x") == (2, "", f"error: {data / 'x'}: Not a directory\n")


def break_run(model, part):
    config = model / "1" / "assets" / "config.yaml"
    if part == "no SavedModel":
        (model / "1" / "saved_model.pb").unlink()
    elif part == "not ours":
        config.unlink()
    elif part == "another task":
        config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "task": "Tagger"}))
    elif part == "no version":
        (model / "1").rename(model / "one")
    else:
        config.write_bytes(part)


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        (
            "no version",
            "no exported version (a numbered folder such as 1/) and no model.keras is in it",
        ),
        ("no SavedModel", "there is no saved_model.pb in it"),
        ("not ours", "has no assets/config.yaml, so this toolkit did not write it"),
        ("another task", "is of the task Tagger, not FakeTask"),
        (b"[", "cannot be used: it is none that this toolkit wrote"),
        (b"\xff\xfe", "cannot be used: it is none that this toolkit wrote"),
        (b"!!python/object/apply:os.mkdir [evil]", "cannot be used: it is none that this toolkit"),
    ],
)
def test_a_saved_model_that_is_not_ours(call, model, data, monkeypatch, part, complaint):
    monkeypatch.chdir(model.parent)
    break_run(model, part)
    before = sorted(model.parent.rglob("*"))
    for verb in (
        ["predict", model, "a"],
        ["evaluate", model, "--data", data],
        ["compare", model, model, "--data", data],
        ["export", model],
    ):
        code, output, error = call(*verb)
        assert (code, output) == (2, "")
        assert error.startswith(f"error: {model}")
        assert error.count("\n") == 1
        assert complaint in error
    assert sorted(model.parent.rglob("*")) == before
    assert not FakeTask.made


def test_without_permission(call, model, data, tmp_path, unprivileged):
    shut = tmp_path / "shut"
    shut.mkdir(0o500)
    denied = "Permission denied\n"
    for output in (shut, shut / "new", shut / "new" / "run"):
        code, _, error = call("train", "--data", data, "--output", output)
        assert (code, error.startswith(f"error: {shut}"), error.endswith(denied)) == (2, True, True)
        code, _, error = call("evaluate", model, "--data", data, "--output", output)
        assert (code, error.startswith(f"error: {shut}"), error.endswith(denied)) == (2, True, True)
    assert not list(shut.iterdir())
    for path, line in (
        (data, ["train", "--data", data, "--output", tmp_path / "run"]),
        (data, ["predict", model, "--data", data]),
        (model, ["predict", model, "a"]),
        (model / "1" / "assets" / "config.yaml", ["predict", model, "a"]),
    ):
        mode = path.stat().st_mode
        path.chmod(0)
        code, output, error = call(*line)
        path.chmod(mode)
        assert (code, output) == (2, "")
        assert error.startswith(f"error: {path}")
        assert error.endswith(denied)
    assert not (tmp_path / "run").exists()


def test_a_folder_in_the_place_of_texts(call, model, tmp_path):
    (tmp_path / "a.txt").mkdir()
    expected = (2, "", f"error: {tmp_path / 'a.txt'}: Is a directory\n")
    assert call("predict", model, "--data", tmp_path / "a.txt") == expected
    line = ["train", "--data", "sample", "--output", tmp_path / "x"]
    assert call(*line, "--golden", tmp_path / "a.txt") == expected


def test_a_cell_for_export_that_is_none(call, model):
    (model / "model.keras").touch()
    code, output, error = call("export", model, "--cell", "subprocess:Popen")
    assert (code, output) == (2, "")
    assert error == (
        "error: cell 'subprocess:Popen' is not a class of Keras layers; give a class of cells\n"
    )


def test_no_complaint_waits_for_tensorflow(tmp_path):
    """The real pipeline, a case of each kind, in one process."""
    (tmp_path / "good.csv").write_text(GOOD * 9)
    (tmp_path / "one.csv").write_text("text,label\na,pos\nb,pos\n")
    (tmp_path / "few.csv").write_text("text,label\na,pos\nb,neg\n")
    (tmp_path / "bad.jsonl").write_text('{"text": "a", "label": "pos"}\n{"text": 2}\n')
    (tmp_path / "unknown.csv").write_text("text,label\na,pos\nb,poss\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    (tmp_path / "other" / "1").mkdir(parents=True)
    (tmp_path / "other" / "1" / "saved_model.pb").touch()
    run = tmp_path / "run" / "1"
    (run / "assets").mkdir(parents=True)
    (run / "saved_model.pb").touch()
    made = {"options": {"target": "classes"}, "facts": {"classes": {"neg": 1, "pos": 1}}}
    config = {"task": "TextClassifier", "metrics": {}, **made}
    (run / "assets" / "config.yaml").write_text(yaml.safe_dump(config))
    lines = [
        "train --data one.csv --output x",
        "train --data few.csv --output x",
        "train --data bad.jsonl --output x",
        "train --data good.csv --validation-data unknown.csv --output x",
        "train --data good.csv --output mine",
        "train --data good.csv --output good.csv/x",
        "train --data good.csv --output x --cell gruu",
        "inspect --data one.csv",
        "evaluate run --data unknown.csv",
        "evaluate run --data good.csv --output good.csv",
        "evaluate other --data good.csv",
        "compare run other --data good.csv",
        "predict other a",
        "predict run --data none.txt",
        "export other",
        "export run",
        "verify other",
    ]
    script = f"""
import sys
from pipelines.sentiment import main
for line in {lines}:
    print(line, main(line.split()), "tensorflow" in sys.modules or "keras" in sys.modules)
"""
    before = sorted(tmp_path.rglob("*"))
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": root}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{line} 2 False" for line in lines]
    assert all(line.startswith("error: ") for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == len(lines)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_to_start_from_that_is_none(call, data, tmp_path):
    line = ["--data", data, "--pretrained", tmp_path / "none", "--output", tmp_path / "run"]
    code, output, error = call("train", *line)
    assert (code, output) == (2, "")
    assert error == (
        f"error: --pretrained needs {tmp_path / 'none' / 'model.keras'}, which is missing; train a "
        "language model\n"
    )
    assert not (tmp_path / "run").exists()
    assert not FakeTask.made
