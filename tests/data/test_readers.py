"""Readers of every format, on literal files."""

import csv
import gzip
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.data import Record, open_source

CSV = 'text,label\n"Slow, but never dull.",pos\n"Two\nlines, ""quoted"".",neg\n\nPlain,pos\n'
ROWS = [
    ("Slow, but never dull.", "pos", "row 1 (line 2)"),
    ('Two\nlines, "quoted".', "neg", "row 2 (line 3)"),
    ("Plain", "pos", "row 3 (line 6)"),
]


def rows(data: object) -> list[tuple[object, object, str]]:
    return [
        (record.values["text"], record.values.get("label"), record.place)
        for record in open_source(data).records()
    ]


@pytest.fixture(params=["plain", "gzip"])
def write(request: pytest.FixtureRequest, tmp_path: Path):
    def write(name: str, content: str | bytes) -> Path:
        content = content.encode() if isinstance(content, str) else content
        if request.param == "gzip":
            name, content = name + ".gz", gzip.compress(content)
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def test_csv(write) -> None:
    assert rows(write("a.csv", CSV)) == ROWS


def test_tsv(write) -> None:
    tsv = 'text\tlabel\nSlow, but never dull.\tpos\n"Two\nlines, ""quoted""."\tneg\n\nPlain\tpos\n'
    assert rows(write("a.tsv", tsv)) == ROWS


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_write_other_separators(write, separator, caplog) -> None:
    caplog.set_level("INFO", "toolkit")
    content = CSV.replace("text,label", f"text{separator}label").replace('",', f'"{separator}')
    content = content.replace("Plain,pos", f"Plain{separator}pos")
    path = write("a.csv", content)
    assert rows(path) == ROWS
    assert caplog.messages == [f"{path}: {separator!r} stands between fields"]


@pytest.mark.parametrize("header", ["text,label;1", '"text;a;b",label', "text,label\tx", "text"])
def test_the_comma_is_preferred(write, header) -> None:
    content = header + "\n" + "a" + ",b" * header.count(",") + "\n"
    assert open_source(write("a.csv", content)).columns == tuple(header.replace('"', "").split(","))


def test_windows_files_read_the_same(write) -> None:
    content = b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()
    (first, second, third) = rows(write("a.csv", content))
    assert (first, third) == (ROWS[0], ROWS[2])
    assert second == ('Two\r\nlines, "quoted".', "neg", "row 2 (line 3)")


def test_json_lines(write) -> None:
    lines = (
        '{"text": "One\u2028line\u0085still", "label": 1}\n\n'
        '{"text":\r"a\\nb", "label": ["x", "y"]}\r\n'
    )
    assert rows(write("a.jsonl", lines)) == [
        ("One\u2028line\u0085still", 1, "row 1 (line 1)"),
        ("a\nb", ["x", "y"], "row 2 (line 3)"),
    ]


def test_json_lines_columns_are_those_of_all_first_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": "b", "label": 1}\n')
    assert open_source(tmp_path / "a.jsonl").columns == ("text", "label")


def test_what_pandas_takes_for_missing_is_text_in_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNA,null\nnan,None\n")
    assert [row[:2] for row in rows(tmp_path / "a.csv")] == [("NA", "null"), ("nan", "None")]


def test_a_name_may_be_a_string_and_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "A.CSV").write_text(CSV)
    assert rows(str(tmp_path / "A.CSV")) == ROWS


def test_long_fields(tmp_path: Path) -> None:
    text = "word " * 100_000  # beyond the csv module's own limit of 131,072 characters
    (tmp_path / "a.csv").write_text(f"text,label\n{text},pos\n")
    assert rows(tmp_path / "a.csv")[0][0] == text


def make_folder(folder: Path) -> Path:
    for name, text in {
        "pos/10.txt": "Ten.",
        "pos/2.txt": "Two\nlines.",
        "pos/.hidden": "no",
        "pos/more/.git/1.txt": "no",
        "pos/more/3/a.txt": "Below.",
        "pos/more/b.txt": "More.",
        "neg/1.txt": "One.",
        "unsup/1.txt": "Unlabelled.",
        "urls.txt": "not a class",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "toolkit"):
        assert rows(make_folder(tmp_path)) == [
            ("One.", "neg", "file neg/1.txt"),
            ("Two\nlines.", "pos", "file pos/2.txt"),
            ("Ten.", "pos", "file pos/10.txt"),
            ("More.", "pos", "file pos/more/b.txt"),
            ("Below.", "pos", "file pos/more/3/a.txt"),
        ]
    assert "unsup: unlabelled texts are skipped" in caplog.text


def test_folder_in_parts(tmp_path: Path) -> None:
    make_folder(tmp_path / "train")
    (tmp_path / "test" / "odd").mkdir(parents=True)
    (tmp_path / "test" / "odd" / "1").write_text("Odd.")
    assert [record.values["text"] for record in open_source(tmp_path, "test").records()] == ["Odd."]
    assert len(list(open_source(tmp_path, "train").records())) == 5
    assert len(list(open_source(tmp_path / "train").records())) == 5


def test_frame() -> None:
    frame = pd.DataFrame(
        {"text": pd.array(["a", pd.NA], "string"), "label": [1.0, float("nan")], 7: [True, False]},
        index=[5, 5],
    )
    source = open_source(frame)
    assert source.columns == ("text", "label", "7")
    assert list(source.records()) == [
        Record(1, {"text": "a", "label": 1.0, "7": True}, "row 1"),
        Record(2, {"text": None, "label": None, "7": False}, "row 2"),
    ]


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_lists(kind) -> None:
    assert rows((kind(["a", "b"]), kind([0, 1]))) == [("a", 0, "row 1"), ("b", 1, "row 2")]
    assert rows(kind(["a", "b", "c"])) == [
        (text, None, f"row {row}") for row, text in enumerate("abc", start=1)
    ]


def test_two_texts_are_not_texts_and_labels() -> None:
    assert rows(("a", "b")) == [("a", None, "row 1"), ("b", None, "row 2")]


@pytest.mark.parametrize("batched", [False, True])
def test_tf_data(batched: bool) -> None:
    def of(tensors: object) -> tf.data.Dataset:
        dataset = tf.data.Dataset.from_tensor_slices(tensors)
        return dataset.batch(2) if batched else dataset

    pairs = [(b"a", 0, "row 1"), (b"b", 1, "row 2"), (b"c", 0, "row 3")]
    assert rows(of((["a", "b", "c"], [0, 1, 0]))) == pairs
    assert rows(of({"text": ["a", "b", "c"], "label": [0, 1, 0]})) == pairs
    assert rows(of(["a", "b", "c"])) == [(text, None, place) for text, _, place in pairs]


def test_tf_data_with_several_labels_is_not_a_batch() -> None:
    labels = [["x", "y"], ["y", "z"]]
    dataset = tf.data.Dataset.from_tensor_slices({"label": labels, "text": ["a", "b"]})
    for each in (dataset, dataset.batch(2)):
        values = [record.values for record in open_source(each).records()]
        assert [value["text"] for value in values] == [b"a", b"b"]
        assert values[0]["label"].tolist() == [b"x", b"y"]


def test_records_can_be_had_again_while_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    source = open_source(tmp_path / "a.csv")
    first = source.records()
    next(first)
    assert len(list(source.records())) == 3
    assert len(list(first)) == 2


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@HERE
@given(table=st.lists(st.tuples(FIELDS, FIELDS), max_size=6), separator=st.sampled_from(",\t"))
def test_delimited_files_round_trip(tmp_path: Path, table, separator: str) -> None:
    path = tmp_path / ("a.csv" if separator == "," else "a.tsv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *table])
    assert [row[:2] for row in rows(path)] == table


@HERE
@given(texts=st.lists(st.text(max_size=20), min_size=1, max_size=6), ascii_only=st.booleans())
def test_json_lines_round_trip(tmp_path: Path, texts: list[str], ascii_only: bool) -> None:
    lines = [json.dumps({"text": text}, ensure_ascii=ascii_only) for text in texts]
    content = "\n".join(lines).encode("utf-8", "surrogatepass" if ascii_only else "replace")
    (tmp_path / "a.jsonl").write_bytes(content)
    if ascii_only:
        assert [row[0] for row in rows(tmp_path / "a.jsonl")] == texts
    else:
        replaced = [text.encode("utf-8", "replace").decode() for text in texts]
        assert [row[0] for row in rows(tmp_path / "a.jsonl")] == replaced


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    line = "text,label\n" if "csv" in name else ""
    row = f"{'word ' * 200},pos\n" if "csv" in name else f'{{"text": "{"word " * 200}"}}\n'
    content = (line + row * 8_000).encode()  # 8 MB
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    tracemalloc.start()
    assert sum(1 for _ in open_source(tmp_path / name).records()) == 8_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_the_part_of_a_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for part in ("train", "test"):
        (tmp_path / part / "pos").mkdir(parents=True)
        (tmp_path / part / "pos" / "1.txt").write_text(f"of {part}")
    with caplog.at_level("INFO", "toolkit"):
        source = open_source(tmp_path, "test")
        assert [record.values["text"] for record in source.records()] == ["of test"]
        assert caplog.messages == [f"{tmp_path / 'test'} is read"]
    assert open_source(tmp_path / "train", "test").name == str(tmp_path / "train")
    assert open_source(source, "train") is source
