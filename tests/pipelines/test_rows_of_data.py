"""Rows that cannot be read: marked by ``predict``, and counted for each command of its own."""

import csv
import gzip
import importlib
import io
import json

import pandas as pd
import pytest
from fake_task import FakeTask

from pipelines import streams
from pipelines.labelled import kept_columns
from toolkit.data.sources import lines

ROWS = 'text,label\ngood film,pos\n"open,neg\nbad film,neg\nfilm\ngood,pos\n'


def written(tmp_path, bad, good=9):
    """Labelled data with some bad rows at its end."""
    path = tmp_path / "rows.csv"
    path.write_text("text,label\ngood film,pos\n" + "bad film,neg\n" * (good - 1) + ",neg\n" * bad)
    return path


@pytest.mark.parametrize("quoted_first", [False, True])
def test_predict_marks_rows_that_cannot_be_read(call, model, tmp_path, quoted_first):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS if quoted_first else ROWS.replace('"open,neg\n', "", 1) + '"open,neg\n')
    line = ["predict", model, "--data", path, "--keep-columns", "none"]
    code, output, error = call(*line)
    rows = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert len(rows) == 5
    marked = [row for row in rows if "error" in row]
    assert [{*row} for row in marked] == [{"text", "error"}] * 2
    assert {row["text"] for row in marked} == {""}
    assert sum("quotes that do not match" in row["error"] for row in marked) == 1
    assert sum("1 fields where the header has 2" in row["error"] for row in marked) == 1
    assert [row["label"] for row in rows if "error" not in row] == ["pos", "neg", "pos"]
    assert "2 bad rows answered with an error, of 5 (40.0 %; row " in error
    code, output, _ = call(*line, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(output)))
    assert [*table[0]] == ["text", "label", "score", "probabilities.p", "error"]
    assert [row["error"] for row in table] == [row.get("error", "") for row in rows]
    assert [row["label"] for row in table] == [row.get("label", "") for row in rows]
    code, output, error = call("predict", model, "--data", path, "--quoting", "none")
    assert "1 bad row answered" in error
    assert '"open' in [json.loads(line)["text"] for line in output.splitlines()]


@pytest.mark.parametrize(
    "content",
    [
        "id,text\n7,good film\n8,bad film\n",
        "id;text\n7;good film\n8;bad film\n",
        '\ufeff\n{"id": "7", "text": "good film"}\n{"id": "8", "text": "bad film"}\n',
        '[{"id": "7", "text": "good film"}, {"id": "8", "text": "bad film"}]',
    ],
)
def test_data_on_standard_input_has_columns(call, model, monkeypatch, content):
    arriving = io.TextIOWrapper(io.BufferedReader(io.BytesIO(content.encode())))
    monkeypatch.setattr("sys.stdin", arriving)
    code, output, _ = call("predict", model, "--data", "-")
    rows = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert [(row["id"], row["text"], row["label"]) for row in rows] == [
        ("7", "good film", "pos"),
        ("8", "bad film", "neg"),
    ]


@pytest.mark.parametrize("text", ['{"text": "good film"}', "{good} film", "[1]", "{"])
def test_a_text_that_is_an_object_is_said(call, model, text):
    code, output, error = call("predict", model, text)
    assert (code, json.loads(output)["text"]) == (0, text)
    assert ("the first text is a JSON object, and is answered" in error) == ('"' in text)


def test_predict_carries_the_other_columns(call, model, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,text,label,date\n7,good film,pos,May\n8,bad film\n9,bad film,neg,\n")
    _, output, error = call("predict", model, "--data", path)
    first, bad, last = map(json.loads, output.splitlines())
    kept = {"text": "good film", "id": "7", "input_label": "pos", "date": "May", "label": "pos"}
    assert {name: first[name] for name in first if name in kept} == kept
    assert (last["id"], last["input_label"], last["date"], last["label"]) == ("9", "neg", "", "neg")
    assert "2 fields where the header has 4" in bad["error"]
    assert error.count("label as input_label") == 1
    _, output, _ = call("predict", model, "--data", path, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(output)))
    assert [*table[0]][:5] == ["text", "id", "input_label", "date", "label"]
    _, output, _ = call("predict", model, "--data", path, "--keep-columns", "date, id")
    assert [*json.loads(output.splitlines()[0])][:3] == ["text", "date", "id"]
    for line in (["--data", path, "--keep-columns", "ids"], ["film", "--keep-columns", "id"]):
        code, output, error = call("predict", model, *line)
        assert (code, output) == (2, "")
        assert "--keep-columns" in error


def test_kept_values_are_plain_and_names_are_kept_apart(call, model, tmp_path):
    path = tmp_path / "rows.parquet"
    frame = pd.DataFrame({"text": ["good", "bad"], "label": ["a", "b"], "input_label": ["c", "d"]})
    frame["day"] = pd.to_datetime(["2026-01-02", None])
    frame["tags"] = [["x", "y"], []]
    frame["probabilities.p"] = [1.5, None]
    frame.to_parquet(path)
    _, output, _ = call("predict", model, "--data", path)
    first, second = map(json.loads, output.splitlines())
    kept = {"input_label": "a", "input_input_label": "c", "day": "2026-01-02T00:00:00"}
    kept |= {"tags": ["x", "y"], "input_probabilities.p": 1.5}
    assert {name: first[name] for name in kept} == kept
    assert (second["day"], second["tags"], second["input_probabilities.p"]) == (None, [], None)
    _, output, _ = call("predict", model, "--data", path, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(output)))
    assert [row["probabilities.p"] for row in table] == ["0.9", "0.2"]
    assert [row["day"] for row in table] == ["2026-01-02T00:00:00", ""]


STEPS = "id,name,t,ax\n1,ann,0,0.5\n1,ann,1,0.6\n2,bob,0,no number\n3,cy,0,0.7\n"
OF_STEPS = [{"name": "ann", "id": "1"}, {"name": "bob", "id": "2"}, {"name": "cy", "id": "3"}]


@pytest.mark.parametrize(
    ("pipeline", "content", "options", "kept"),
    [
        ("activity", STEPS, {}, OF_STEPS),
        ("activity", 'row,s\n7,"[1, 2]"\n8,"[3]"\n', {}, [{"input_row": "7"}, {"input_row": "8"}]),
        ("activity", "id,file\n7,a.mp4\n", {"front": "frames"}, [{"id": "7"}]),
        (
            "language_model",
            "text,id,prompt\nthe,7,x\n,8,y\n",
            {},
            [{"id": "7", "input_prompt": "x"}, {"id": "8", "input_prompt": "y"}],
        ),
        ("language_model", "text,id,c\nthe,7,x\n", {"condition_column": "c"}, [{"id": "7"}]),
        ("dna_spans", "text,id,entities\nACGT,7,[]\n", {}, [{"id": "7"}]),
    ],
)
def test_other_columns_of_each_kind_of_table(tmp_path, pipeline, content, options, kept):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    made_of = importlib.import_module(f"pipelines.{pipeline}").PIPELINE
    columns = made_of.options(**options)
    source = made_of.data(str(path), "test", columns)
    assert [*kept_columns(made_of.labelled, source, columns, "all")] == kept


def test_the_files_of_a_folder_are_kept(call, model, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.txt").write_text("good film")
    _, output, _ = call("predict", model, "--data", folder)
    assert [json.loads(line)["file"] for line in output.splitlines()] == ["1.txt", "2.txt"]
    code, _, error = call("predict", model, "--data", folder, "--keep-columns", "id")
    assert code == 2
    assert "of a folder only file can be kept" in error


def test_predict_answers_a_field_that_may_join_rows_as_one_text(call, model, run, tmp_path):
    path = tmp_path / "rows.csv"
    content = "text,label\n" + "good film,pos\nbad film,neg\n" * 20
    path.write_text(content + '"No good,neg\nhe said",pos\ngood,pos\n')
    _, output, error = call("predict", model, "--data", path)
    texts = [json.loads(line)["text"] for line in output.splitlines()]
    assert len(texts) == 42
    assert texts[40:] == ["No good,neg\nhe said", "good"]
    assert "error" not in output + error
    code, _, error = call("train", "--data", path, "--output", run)
    assert code == 2
    assert "row 41 (line 42): quotes from here to line 43 make one text of lines" in error
    _, _, error = call("train", "--data", path, "--output", run, "--skip-bad-rows")
    assert "2 bad rows left out, of 43 (4.7 %; row 41 (line 42): quotes" in error


@pytest.mark.parametrize(("first", "rows"), [("good,pos\n", 1), ("", 0)])
def test_errors_before_any_answer(call, model, tmp_path, first, rows):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "one,two,three\n" * 300 + first)
    line = ["--format", "csv", "--keep-columns", "none"]
    _, output, _ = call("predict", model, "--data", path, *line)
    table = list(csv.DictReader(io.StringIO(output)))
    assert len(table) == 300 + rows
    assert all("3 fields where the header has 2" in row["error"] for row in table[:300])
    assert ["label" in row for row in table[:1]] == [bool(rows)]


@pytest.mark.parametrize("packed", [False, True])
def test_predict_marks_lines_that_cannot_be_read(call, model, tmp_path, monkeypatch, packed):
    for module in (lines, streams):
        monkeypatch.setattr(module, "LINE_LIMIT", 8)
    path = tmp_path / ("rows.txt" + ".gz" * packed)
    (gzip.open if packed else open)(path, "wt").write("good\n" + "a" * 9 + "\nbad\n")
    problem = "line 2: the line has more than 8 characters"
    _, output, error = call("predict", model, "--data", path, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(output)))
    assert [row["text"] for row in table] == ["good", "", "bad"]
    assert [row["error"] for row in table] == ["", problem, ""]
    assert f"1 line answered with an error, of 3 ({problem})" in error
    _, output, _ = call("predict", model, "good", "--format", "csv")
    assert "error" not in output


@pytest.mark.parametrize("line", ["source", "text\tlabel", "good\tbad", "\tgood", '"good', "a,b"])
def test_a_text_file_is_a_text_a_line(call, model, tmp_path, line):
    path = tmp_path / "rows.txt"
    path.write_text(f"{line}\ngood\n")
    code, output, error = call("predict", model, "--data", path)
    assert (code, error) == (0, "")
    assert [json.loads(row)["text"] for row in output.splitlines()] == [line, "good"]


@pytest.fixture
def trained(call, run, tmp_path):
    """A run that was trained on data of which a half is bad."""
    path = written(tmp_path, bad=9)
    code, _, error = call("train", "--data", path, "--output", run, "--skip-bad-rows")
    assert code == 0
    assert "9 bad rows left out, of 18 (50.0 %; row 10 (line 11): the text in column" in error
    FakeTask.made.clear()
    return run


@pytest.mark.parametrize("verb", ["evaluate", "diagnose", "compare"])
def test_each_command_must_be_told_to_leave_out_many_rows(call, trained, tmp_path, verb):
    words = [verb, trained, *([trained] if verb == "compare" else [])]
    path = written(tmp_path, bad=1)
    code, _, error = call(*words, "--data", path)
    assert code == 0
    if verb != "diagnose":  # which does not read rows, in this task
        assert "1 bad row left out, of 10 (10.0 %; row 10 (line 11)" in error
    path = written(tmp_path, bad=2)
    FakeTask.made.clear()
    code, output, error = call(*words, "--data", path)
    assert (code, output) == (2, "")
    assert error.startswith(f"error: {path}: 2 bad rows of 11 (18.2 %); more than 10 % are not")
    assert "set --skip-bad-rows for this data as well" in error
    assert error.count("\n") == 1
    assert not FakeTask.made
    assert call(*words, "--data", path, "--skip-bad-rows")[0] == 0
    code, _, error = call(*words, "--data", path, "--no-skip-bad-rows")
    assert code == 2
    assert "row 10 (line 11): the text in column 'text' is empty (or set --skip" in error
