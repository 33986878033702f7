"""Errors of bad data: one line that names the fault, its place, and what would be right."""

import gzip
import os
import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from toolkit.data import ColumnOptions, LabelEncoder, TextExamples, open_source
from toolkit.data.sources.natural_order import natural_order
from toolkit.errors import DataError, OptionError

FILES = {
    "a.csv": [
        ("", r"a\.csv is empty; its first line should name the columns"),
        ("\n\n", r"a\.csv is empty"),
        ("text,label\n", r"a\.csv has no row that can be used"),
        ("text,label,text\nx,y,z\n", r"has several columns 'text'; set"),
        ("text,label\ngood,pos\n,neg\n", r"row 2 \(line 3\): the text in column 'text' is empty"),
        ("text,label\n  \t,neg\n", r"row 1 \(line 2\): the text in column 'text' is empty"),
        ("text,label\ngood,\n", r"row 1 \(line 2\): the label in column 'label' is missing"),
        ("text,label\ngood\n", r"row 1 \(line 2\): 1 fields where the header has 2"),
        ("text,label\na, b,pos\n", r"row 1 \(line 2\): 3 fields where the header has 2; .*','"),
        ('text,label\na,pos\n"b,neg\nc,neg\n', r"row 2 \(line 3\): quotes .*, up to line 4"),
        ('text,label\n"b" and c,neg\n', r"row 1 \(line 2\): quotes that do not match"),
        (b"text,label\ncaf\xe9,pos\n", r"row 1 .* is not UTF-8: the byte 0xE9 at character 4;"),
        (
            "text,label\na,pos\n".encode("utf-16-le"),
            r"\(.* 74 00 65 00\); set encoding='utf-16-le', or",
        ),
        (
            "text,label\na,pos\n".encode("utf-16-be"),
            r"\(.* 00 74 00 65\); set encoding='utf-16-be', or",
        ),
        (
            "text,label\na,pos\n".encode("utf-32-le"),
            r"UTF-32 .*; set encoding='utf-32-le', or",
        ),
        ("review,label\na,pos\n", r"has no column 'text' .*; it has: review, label"),
        ("texts,label\na,pos\n", r"has no column 'text' .*did you mean 'texts'\?"),
        ('"te\n\x1bxt",label\na,pos\n', r"it has: te \\x1bxt, label$"),
    ],
    "a.jsonl": [
        ("", r"a\.jsonl is empty; each of its lines should be a JSON object"),
        ("[1, 2]\n", r"row 1 \(line 1\): not a JSON object"),
        ('[\n{"text": "a", "label": 1}\n]', r"row 1 \(line 1\): not JSON"),
        (
            '{"text": "a", "label": 1}\n\n{"text": \n',
            r"row 2 \(line 3\): not JSON: Expecting value",
        ),
        ('{"text": "a", "label": 1}\n' + "[" * 10**5, r"row 2 \(line 2\): not JSON"),
        ('{"text": 5, "label": 1}\n', r"row 1 \(line 1\): the text .* is 5, not a string"),
        ('{"text": null, "label": 1}\n', r"the text in column 'text' is empty"),
        ('{"text": NaN, "label": 1}\n', r"the text in column 'text' is empty"),
        ('{"text": "a", "label": null}\n', r"the label in column 'label' is missing"),
        ('{"text": "a", "label": ["b", "c"]}\n', r"several labels at once need target='labels'"),
        ('{"text": "a", "label": []}\n', r"the label in column 'label' is missing"),
        ('{"text": "a", "label": [["b"]]}\n', r"holds \['b'\], which is no name of a class"),
        ('{"text": "a", "label": {"b": 1}}\n', r"label' is {'b': 1}; several labels at once need"),
        (
            '{"text": "a\\u0000", "label": "b\\n"}\n{"te\\nxt": "a"}\n',
            r"the text in column 'text' is",
        ),
        ('{"text": "a\\ud800", "label": 1}\n', r"is not UTF-8: U\+D800 at character 2"),
    ],
}


def read(data: object, **options) -> list:
    options = {"text_column": "text", "label_column": "label"} | options
    return list(TextExamples(open_source(data), ColumnOptions(**options)))


def complaint(data: object, **options) -> str:
    with pytest.raises(DataError) as caught:
        read(data, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [(name, *case) for name, cases in FILES.items() for case in cases],
)
def test_bad_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    assert re.search(message, complaint(tmp_path / name))


def test_what_is_large_is_read_fast_and_named_briefly(tmp_path: Path) -> None:
    large = "x" * 10_000_000
    path = tmp_path / "a.csv"
    path.write_text(f"text,label\n{large},pos\na,{large}\n")
    examples = read(path)
    assert [len(example.text) for example in examples] == [10_000_000, 1]
    problem = LabelEncoder("classes", ["neg", "pos"]).check(examples[1].label)
    assert len(str(problem)) < 200
    path.write_text(f"{large},label\na,pos\n")
    assert len(complaint(path)) < 300
    assert len(complaint((["a"], [{"a": large}]))) < 300
    header = ",".join(f"column {number}" for number in range(100_000))
    path.write_text(f"{header},text,label\n" + "," * 100_000 + "a,pos\n")
    assert [example.label for example in read(path)] == ["pos"]
    path.write_text(f"{header},column 7\n")
    message = "several columns 'column 7'; set text_column to one of: column 7 (column 8), column 7"
    assert message in complaint(path, text_column="column 7")


def test_an_open_quote_does_not_swallow_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.data.sources.delimited.FIELD_LIMIT", 90)
    rows = "word,pos\n" * 20
    (tmp_path / "a.csv").write_text("text,label\n" + rows + '"open,pos\n' + rows)
    message = complaint(tmp_path / "a.csv")
    assert "row 21 (line 22): quotes that do not match, up to line 32 (field larger" in message
    assert len(read(tmp_path / "a.csv", skip_bad_rows=True)) == 40


def test_truncated_and_damaged_gzip(tmp_path: Path) -> None:
    words = random.Random(0)
    rows = "".join(f"{words.random()},pos\n" for _ in range(5000))
    whole = gzip.compress(("text,label\n" + rows).encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    message = complaint(tmp_path / "a.csv.gz")
    assert re.search(r"ends in the middle of its compressed data after line 2\d\d\d", message)
    (tmp_path / "b.csv.gz").write_bytes(whole[:-8] + bytes(8))
    assert re.search(r"is damaged after line 4\d\d\d \(CRC", complaint(tmp_path / "b.csv.gz"))
    (tmp_path / "c.csv.gz").write_bytes(whole[:10] + b"\xff" * 50)
    assert "c.csv.gz is damaged (Error" in complaint(tmp_path / "c.csv.gz")
    (tmp_path / "d.csv.gz").write_bytes(whole[:30])
    assert "d.csv.gz ends in the middle of its compressed data; c" in complaint(
        tmp_path / "d.csv.gz"
    )


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("text,label\na,pos\n")
    near = complaint(tmp_path / "revews.csv")
    assert near == f"there is no {tmp_path}/revews.csv; did you mean {tmp_path}/reviews.csv?"
    assert complaint(tmp_path / "no" / "x.csv") == f"there is no {tmp_path}/no/x.csv"
    assert complaint("") == "the path of the data is empty"
    assert complaint("x" * 5000).startswith("there is no ")
    assert complaint("a\0/b.csv") == "there is no a\\x00/b.csv"
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe.csv is no regular file" in complaint(tmp_path / "pipe.csv")
    (tmp_path / "a.xls").write_text("")
    assert complaint(tmp_path / "a.xls").endswith(
        ".csv, .tsv, .jsonl or .json (each also .gz), .parquet or .xlsx; save it as .xlsx"
    )


def test_a_mistyped_path_is_no_name_of_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "reviews.csv").touch()
    near = "there is no data/revews.csv; did you mean data/reviews.csv?"
    assert complaint("data/revews.csv") == near
    assert complaint("data/review").startswith("there is no data/review; did you mean data/rev")
    assert complaint("It is raining.").endswith("; texts themselves are given as a list")
    assert complaint("other/reviews.jsonl.gz") == "there is no other/reviews.jsonl.gz"


def test_folders_without_classes(tmp_path: Path) -> None:
    assert "has no class folders; it should have one for each class" in complaint(tmp_path)
    (tmp_path / "pos").mkdir()
    assert "has no files in its folders (pos); there should be a file for" in complaint(tmp_path)
    (tmp_path / "pos" / "deeper").mkdir()
    (tmp_path / "pos" / "deeper" / "1.txt").touch()  # pos may hold the folders of classes
    assert "has no files in its folders (pos); there should be a file for" in complaint(tmp_path)
    (tmp_path / "train").mkdir()
    assert "comes in parts; give one of" in complaint(tmp_path)
    (tmp_path / "pos" / "1.txt").write_text("")
    (tmp_path / "train").rmdir()
    assert "file pos/1.txt: the text in column 'text' is empty" in complaint(tmp_path)


def test_a_folder_of_files_alone_has_no_labels(tmp_path: Path) -> None:
    for number in (2, 10, 1):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    source = open_source(str(tmp_path))
    assert [example.text for example in TextExamples(source, ColumnOptions(), labelled=False)] == [
        *("text 1", "text 2", "text 10")
    ]
    assert [record.values["file"] for record in source.records()] == ["1.txt", "2.txt", "10.txt"]
    assert "has no class folders" in complaint(tmp_path)
    (tmp_path / "1.ann").touch()
    assert "without labels it should have such files alone, and has: 1.ann" in complaint(tmp_path)


def test_a_damaged_file_in_a_folder_is_a_bad_row(tmp_path: Path) -> None:
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text(f"a {label} text")
    (tmp_path / "pos" / "2.txt").write_bytes(gzip.compress(b"a text")[:-4])
    (tmp_path / "pos" / "3.txt").write_text("text", encoding="utf-16-le")
    assert "file pos/2.txt: " in complaint(tmp_path)
    assert [e.row for e in read(tmp_path, skip_bad_rows=True)] == [1, 2]
    answered = TextExamples(open_source(tmp_path), ColumnOptions(), labelled=False)
    assert [e.text for e in answered] == ["a neg text", "a pos text", "", ""]


def test_columns_that_cannot_be_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("txet,lable,id\na good film,pos,1\n")
    message = complaint(path, text_column=None, label_column=None)
    assert message.endswith("set label_column to 'lable', or another of: txet, lable, id")
    path.write_text("text\na\n")
    message = complaint(path, label_column=None)
    assert message.endswith("has no column left for the labels (label_column); it has: text")


def test_numbers_beyond_those_of_a_float(tmp_path: Path) -> None:
    for label, why in ((10**400, "not a number"), (1e300, "larger than 3.4e+38"), ("x", "not a n")):
        assert f"{why}" in complaint((["a"], [label]), target="number")
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": ' + "9" * 5000 + "}\n")
    assert "row 1 (line 1): not JSON that can be read" in complaint(tmp_path / "a.jsonl")
    assert natural_order(["9" * 5000 + "b", "10b", "9b"]) == ["9b", "10b", "9" * 5000 + "b"]


def test_labels_within_a_list_are_names() -> None:
    message = complaint((["a"], [["x", {"y": 1}]]), target="labels")
    assert "the label in column 'label' holds {'y': 1}, which is no name of a class" in message


def test_bad_objects() -> None:
    twice = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    assert "several columns 'text'; set text_column to one of: text (column 1), t" in complaint(
        twice
    )
    missing = pd.DataFrame({"text": ["a", None], "label": [1, 2]})
    assert "the DataFrame, row 2: the text in column 'text' is empty" in complaint(missing)
    assert "2 texts with 1 label; give one each" in complaint((["a", "b"], [1]))
    assert "the list, row 2: the text in column 'text' is 7" in complaint((["a", 7], [1, 2]))
    assert "data of type int cannot be read" in complaint(5)
    assert "data of type ndarray cannot be read" in complaint(np.zeros((2, 2)))
    matrix = tf.data.Dataset.from_tensors(tf.zeros([2, 2]))
    assert "they should be strings, pairs (text, label) or dicts" in complaint(matrix)


def test_names_of_classes_are_held_to_the_same_as_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,label\na,pos\nb,caf\xe9\n")
    message = complaint(tmp_path / "a.csv")
    assert "row 2 (line 3): the label in column 'label' is not UTF-8: the byte 0xE9" in message
    for label in ("a\nb", "a\rb"):
        message = complaint((["a", "b"], ["pos", label]))
        assert f"row 2: the label in column 'label' is {label!r}; the name of a class" in message
        assert "has no line break" in complaint((["a"], [["pos", label]]), target="labels")
    assert "not UTF-8" in complaint((["a"], [["\udce9"]]), target="labels")
    assert [example.label for example in read((["a"], ["pos\n"]))] == ["pos"]


def test_no_label_that_is_known() -> None:
    options = ColumnOptions(skip_bad_rows=True)
    examples = TextExamples(open_source((["a"], ["meh"])), options)
    with pytest.raises(
        DataError, match=r"the list has no row that can be used; row 1: .* 'meh' is"
    ):
        list(examples.known(LabelEncoder("classes", ["neg", "pos"])))


def test_an_empty_separator() -> None:
    with pytest.raises(OptionError, match="label_separator is empty"):
        read((["a"], ["x|y"]), target="labels", label_separator="")


def test_bad_rows_are_skipped_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = b'text,label\na,pos\n,neg\nb\nc\xff,pos\n"d" e,pos\nf,\ng,neg\n'
    (tmp_path / "a.csv").write_bytes(content)
    options = ColumnOptions(skip_bad_rows=True)
    examples = TextExamples(open_source(tmp_path / "a.csv"), options)
    for _ in range(2):
        assert [(e.text, e.label, e.row) for e in examples] == [("a", "pos", 1), ("g", "neg", 7)]
        assert examples.bad_rows == 5
        assert list(examples.problems) == [f"row {n} (line {n + 1})" for n in range(2, 7)]
        assert examples.problems["row 2 (line 3)"] == "the text in column 'text' is empty"
    assert caplog.text.count("5 bad rows left out, of 7 (71.4 %; row 2 (line 3): the text in") == 1


def test_reading_for_answers_keeps_every_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": null}\n{oops\n{"text": "b"}\n')
    examples = TextExamples(open_source(tmp_path / "a.jsonl"), ColumnOptions(), labelled=False)
    assert [(e.row, e.text) for e in examples] == [(1, "a"), (2, ""), (3, ""), (4, "b")]
