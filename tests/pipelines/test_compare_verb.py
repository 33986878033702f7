"""``compare``: two runs on one file, as a table and as JSON, and what cannot be compared."""

import json

import pytest
import yaml
from fake_task import FakeTask


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    rows = [("good film", "pos"), ("poor film", "neg")] * 20 + [("good grief", "neg")] * 4
    lines = [f"{text},{label}" for text, label in rows]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def runs(call, data, tmp_path):
    """One that is mostly right, and one that says the opposite."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, mood in zip(folders, ("good", "bad"), strict=True):
        assert call("train", "--data", data, "--output", folder, "--mood", mood)[0] == 0
    FakeTask.made.clear()
    return folders


def reconfigure(run, part, **values):
    """Changes what a run says of its making."""
    path = run / "1" / "assets" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config[part] |= values
    path.write_text(yaml.safe_dump(config))


def test_which_is_better_and_whether_by_chance(call, runs, reviews):
    line = ["compare", *runs, "--data", reviews, "--resamples", "500"]
    code, output, _ = call(*line)
    assert code == 0
    result = json.loads(output)
    accuracy = result["metrics"].pop("accuracy")
    assert result["metrics"].keys() == {"macro_f1"}
    expected = {"a": str(runs[0]), "b": str(runs[1]), "examples": 44}
    settings = {"resamples": 500, "confidence": 0.95, "seed": 0}
    assert {name: result[name] for name in result if name != "metrics"} == expected | settings
    assert accuracy["a"] == pytest.approx(40 / 44)
    assert accuracy["b"] == pytest.approx(4 / 44)
    assert accuracy["difference"] == pytest.approx(-36 / 44)
    assert accuracy["low"] < accuracy["difference"] < accuracy["high"] < 0
    assert accuracy["p_value"] == pytest.approx(1 / 501)
    assert (accuracy["better"], accuracy["more_than_chance"]) == ("a", True)
    _, table, _ = call(*line, "--format", "table")
    assert table.startswith(f"A  {runs[0]}\nB  {runs[1]}\n44 examples\n")
    assert "accuracy: A is better, by more than chance\n" in table


def test_a_run_with_itself(call, runs, reviews):
    line = ["compare", runs[0], runs[0], "--data", reviews, "--resamples", "50"]
    code, output, _ = call(*line, "--format", "json")
    assert code == 0
    for found in json.loads(output)["metrics"].values():
        assert (found["difference"], found["p_value"], found["better"]) == (0, 1, None)
    assert "A and B are equal" in call(*line, "--format", "table")[1]


def test_the_columns_of_the_line_are_both_runs(call, runs, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("words,text,stars\ngood,x,pos\npoor,y,neg\n", encoding="utf-8")
    line = ["--text-column", "words", "--label-column", "stars", "--resamples", "10"]
    assert call("compare", *runs, "--data", other, *line)[0] == 0
    columns = {(task.text_column, task.label_column) for task in FakeTask.made}
    assert columns == {("words", "stars")}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{a}", "RUN_B and --data must be given"),
        ("{a} {b}", "--data must be given"),
        ("{a} {tmp}/none --data {data}", "no such folder"),
        ("{a} {b} --data {tmp}/none.csv", "none.csv"),
        ("{a} {b} --data {data} --text-column t", "(--text-column)"),
        ("{a} {b} --data {data} --resamples 0", "--resamples is 0; it must be at least 1"),
        ("{a} {b} --data {data} --resamples x", "--resamples is 'x'; it can be a whole number"),
        ("{a} {b} --data {data} --confidence 95", "at least 0 and below 1"),
        ("{a} {b} --data {data} --seed -1", "seed is -1"),
        ("{a} {c} --data {data}", "different classes: only {a} has mixed; only {c} has pos"),
        ("{a} {d} --data {data}", "{a} has target classes and {d} has target number"),
    ],
)
def test_one_line_and_exit_code_2(call, runs, data, tmp_path, line, complaint):
    names = dict(zip("ab", runs, strict=True)) | {"data": data, "tmp": tmp_path}
    for name in "cd":
        names[name] = tmp_path / name
        call("train", "--data", data, "--output", names[name])
    reconfigure(names["a"], "facts", classes={"neg": 1, "mixed": 1})
    reconfigure(names["c"], "facts", classes={"neg": 1, "pos": 1})
    reconfigure(names["d"], "options", target="number")
    FakeTask.made.clear()
    code, output, error = call("compare", *line.format(**names).split())
    assert (code, output) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert complaint.format(**names) in error
    assert not FakeTask.made
