"""``inspect``: what it hands over, how it writes, what it complains of at once."""

import json
import logging
from dataclasses import dataclass, replace

import pytest
from fake_task import PIPELINE, FakeTask

from pipelines.command import main

REPORT = {
    "lengths": {"training": {"min": 1, "cut_share": 0.25}},
    "warnings": [{"kind": "near_empty", "message": "1 text: 好", "rows": [7]}],
}


@dataclass(kw_only=True)
class InspectingTask(FakeTask):
    """Reports on any data."""

    def inspect(self, data, validation_data=None):
        self.inspected = data, validation_data
        return REPORT


INSPECTING = replace(PIPELINE, task="test_inspect_verb:InspectingTask")


@pytest.fixture
def call(capsys, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    FakeTask.made.clear()

    def call(*arguments):
        code = main(INSPECTING, ["inspect", *map(str, arguments)])
        return code, *capsys.readouterr()

    yield call
    logger = logging.getLogger("toolkit")
    logger.handlers.clear()
    logger.propagate = True


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood,pos\nbad,neg\n", encoding="utf-8")
    return path


def test_it_hands_over_and_writes_a_table(call, data) -> None:
    code, output, error = call("--data", data, "--validation-data", data, "--hidden-size", "8")
    assert (code, error) == (0, "")
    assert output == (
        "lengths\n"
        "            min  cut share\n"
        "  training    1      25.0%\n"
        "\n"
        "warnings\n"
        "  near empty: 1 text: 好\n"
    )
    (task,) = FakeTask.made
    assert task.hidden_size == 8
    train, validation = task.inspected
    assert [record.values["text"] for record in train.records()] == ["good", "bad"]
    assert validation.name == str(data)


def test_json_is_the_report(call, data) -> None:
    code, output, _ = call("--data", data, "--format", "json")
    assert code == 0
    assert json.loads(output) == REPORT
    assert FakeTask.made[0].inspected[1] is None


def test_bad_rows_are_left_to_the_report(call, data) -> None:
    data.write_text("text,label\ngood,pos\n,neg\nbad,neg\nodd\n", encoding="utf-8")
    assert call("--data", data, "--validation-data", data)[0] == 0
    (task,) = FakeTask.made
    assert len(list(task.inspected[0].records())) == 4
    assert not task.skip_bad_rows


def test_options_may_come_from_a_file(call, data, tmp_path) -> None:
    (tmp_path / "run.yaml").write_text(f"hidden_size: 3\ndata: {data}\n", encoding="utf-8")
    assert call("--config", tmp_path / "run.yaml")[0] == 0
    assert FakeTask.made[0].hidden_size == 3


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "--data must be given"),
        ("--data {tmp}/b.csv", "b.csv; did you mean"),
        ("--data {tmp}/a.csv --text-column txt", "did you mean 'text'?"),
        ("--data {tmp}/a.csv --validation-data {tmp}/none.jsonl", "none.jsonl"),
        ("--data {tmp}/a.csv --format csv", "--format"),
        ("--data {tmp}/a.csv --mood odd", "--mood is 'odd'"),
        ("--data {tmp}/a.csv --group-column film", "(--group-column)"),
        ("--data {tmp}/one.csv", "every label is 'pos'"),
        (
            "--data {tmp}/a.csv --target number",
            "row 1 (line 2): the label in column 'label' is 'pos'",
        ),
    ],
)
def test_one_line_and_exit_code_2(call, data, tmp_path, line, complaint) -> None:
    (tmp_path / "one.csv").write_text("text,label\na,pos\nb,pos\n", encoding="utf-8")
    code, output, error = call(*line.format(tmp=tmp_path).split())
    assert (code, output) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert complaint in error
    assert not FakeTask.made
