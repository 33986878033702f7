"""Tables in every format, in all encodings, in files and in memory, for every kind of data."""

import gzip
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import ModuleType
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import files
from toolkit.data import (
    ColumnOptions,
    EntityColumnOptions,
    EntityExamples,
    MusicDataOptions,
    MusicExamples,
    PairColumnOptions,
    PairExamples,
    SeriesExamples,
    SeriesOptions,
    StrandColumnOptions,
    StrandExamples,
    StreamColumnOptions,
    TableFormat,
    TextExamples,
    open_audio,
    open_entities,
    open_music,
    open_pairs,
    open_series,
    open_source,
    open_strands,
    open_stream,
    plain_texts,
    table_format,
    whole_texts,
)
from toolkit.data.options import inherit
from toolkit.data.sources import lines, pandas_file
from toolkit.data.sources.encodings import likely_encoding
from toolkit.errors import DataError, OptionError
from toolkit.options import on_the_command_line

FRAME = pd.DataFrame({"text": ["a film", "no film"], "label": ["p", "q"]})
READ = [("a film", "p"), ("no film", "q")]


def read(data: object, **options) -> list[tuple[str, object]]:
    columns = ColumnOptions(**options)
    examples = TextExamples(open_source(data, "train", table_format(columns)), columns)
    return [(example.text, example.label) for example in examples]


def complaint(data: object, **options) -> str:
    with on_the_command_line(), pytest.raises((DataError, OptionError)) as caught:
        read(data, **options)
    return str(caught.value)


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def in_all_formats(frame: pd.DataFrame, folder: Path) -> dict[str, object]:
    """A table in files of each format and in memory; lists in cells of text are JSON."""
    cells = frame.map(lambda value: json.dumps(value) if isinstance(value, list) else value)
    written: dict[str, Callable[[Path], object]] = {
        "a.csv": lambda path: cells.to_csv(path, index=False),
        "a.tsv.gz": lambda path: cells.to_csv(path, index=False, sep="\t"),
        "a.jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        "array.json": lambda path: frame.to_json(path, orient="records"),
        "lines.json.gz": lambda path: frame.to_json(path, orient="records", lines=True),
        "columns.json": lambda path: frame.to_json(path),
        "a.parquet": lambda path: frame.to_parquet(path),
        "a.xlsx": lambda path: cells.to_excel(path, index=False),
    }
    for name, to_file in written.items():
        to_file(folder / name)
    in_memory = {
        "DataFrame": frame,
        "dict of lists": frame.to_dict("list"),
        "list of dicts": frame.to_dict("records"),
    }
    return {name: folder / name for name in written} | in_memory


def texts(data: object) -> list[object]:
    return [*whole_texts(open_stream(data, "train", StreamColumnOptions()))]


def pairs(data: object) -> list[object]:
    options = PairColumnOptions()
    return [(e.source, e.target) for e in PairExamples(open_pairs(data, "train", options), options)]


def series(data: object) -> list[object]:
    options = SeriesOptions()
    examples = SeriesExamples(open_series(data, "train", options), options)
    return [(e.series.tolist(), e.label) for e in examples]


def strands(data: object) -> list[object]:
    options = StrandColumnOptions()
    examples = StrandExamples(open_strands(data, "train", options), options)
    return [(e.text, e.label) for e in examples]


def music(data: object) -> list[object]:
    options = MusicDataOptions()
    return [e.roll.sum() for e in MusicExamples(open_music(data, "train", options), options)]


def recordings(data: object) -> list[object]:
    return [record.values["transcript"] for record in open_audio(data, "train").records()]


def entities(data: object) -> list[object]:
    options = EntityColumnOptions()
    examples = EntityExamples(open_entities(data, "train", options), options)
    return [(e.tokens, e.tags) for e in examples]


#: Reads data, a table of it, and what it should read, by pipeline.
KINDS = [
    ("sentiment", read, FRAME, READ),
    ("language_model", texts, FRAME[["text"]], ["a film", "no film"]),
    (
        "translation",
        pairs,
        pd.DataFrame({"source": ["a b", "c"], "target": ["d", "e f"]}),
        [("a b", "d"), ("c", "e f")],
    ),
    (
        "activity",
        series,
        pd.DataFrame({"x": [[[1, 2], [3, 4]], [[5, 6]]], "label": ["p", "q"]}),
        [([[1, 2], [3, 4]], "p"), ([[5, 6]], "q")],
    ),
    (
        "activity",
        series,
        pd.DataFrame({"id": [1, 1, 2], "a": [1.5, 2, 3], "b": [0, 1, 2], "label": [*"ppq"]}),
        [([[1.5, 0], [2, 1]], "p"), ([[3, 2]], "q")],
    ),
    (
        "dna",
        strands,
        pd.DataFrame({"sequence": ["ACGT", "GG"], "label": ["p", "q"]}),
        [("ACGT", "p"), ("GG", "q")],
    ),
    ("music", music, pd.DataFrame({"pitch": [60, 62], "start": [0, 1], "end": [1, 2]}), [8]),
    (
        "ner",
        entities,
        pd.DataFrame({"sentence": [1, 1, 2], "word": [*"abc"], "tag": ["B-X", "O", "O"]}),
        [(("a", "b"), ("B-X", "O")), (("c",), ("O",))],
    ),
    (
        "speech",
        recordings,
        pd.DataFrame({"audio": ["1.wav", "2.wav"], "transcript": ["one", "two"]}),
        ["one", "two"],
    ),
]
PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")


def table_of(name: str) -> dict[str, dict[str, str]]:
    """A table of docs/your-data.md: what each pipeline does with each format."""
    table = PAGE.split(f"<!-- {name} -->\n")[1].split("\n\n")[0]
    header, _, *rows = [[_plain(cell) for cell in row.split("|")] for row in table.split("\n")]
    return {row[1]: dict(zip(header[2:-1], row[2:-1], strict=True)) for row in rows}


def _plain(cell: str) -> str:
    """A cell of a table, without the marks of code that it is wholly in."""
    cell = cell.strip()
    return cell.strip("`") if cell.count("`") == 2 and cell[0] == cell[-1] else cell


@pytest.mark.parametrize(("pipeline", "reads", "frame", "expected"), KINDS)
def test_every_kind_of_data_is_read_from_every_format(
    pipeline: str,
    reads: Callable[..., object],
    frame: pd.DataFrame,
    expected: object,
    tmp_path: Path,
) -> None:
    documented = table_of("table")
    for name, data in in_all_formats(frame, tmp_path).items():
        ending = Path(name.removesuffix(".gz")).suffix or name
        if documented[ending][pipeline] == "works":
            assert reads(data) == expected, name
        else:
            with pytest.raises(DataError):
                reads(data)


def test_files_that_pipelines_do_not_read(tmp_path: Path) -> None:
    documented = table_of("table")
    (tmp_path / "folder").mkdir()
    path = write(tmp_path / "a.txt", "a")
    for pipeline, reads, *_ in KINDS:
        for row, data in ((".txt", path), ("folder", tmp_path / "folder")):
            if (note := documented[row][pipeline].strip("()")) == "works":
                continue
            with pytest.raises(DataError) as caught:
                reads(data)
            (line,) = re.findall(rf"^{note}\. `\S+ (.+?)`", PAGE, re.MULTILINE)
            assert f"{data} {line}" in str(caught.value)


#: The examples of docs/your-data.md, by the row of its table of formats of entities.
ENTITY_FORMATS = {
    "doccano with `label`": "triples.jsonl",
    "doccano with `entities`": "relations.jsonl",
    "Label Studio, JSON": "tasks.json",
    "Label Studio, JSON-MIN": "min.json",
    "Label Studio, CSV": "studio.csv",
    "Prodigy": "prodigy.jsonl",
    "brat": "brat",
    "spaCy, pairs": "pairs.json",
    "NER annotator": "annotator.json",
    "spaCy, `Doc.to_json()`": "docs.jsonl",
    "Hugging Face, numbers": "numbers.jsonl",
    "column files": "header.conll",
}


@pytest.mark.parametrize("row", ENTITY_FORMATS)
def test_what_pipelines_do_with_entities(row: str, tmp_path: Path) -> None:
    (example,) = re.findall(rf"<!-- {ENTITY_FORMATS[row]} -->\n```\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / ENTITY_FORMATS[row]
    if row == "brat":
        path.mkdir()
        write(path / "1.txt", "Ada")
        write(path / "1.ann", "T1\tPER 0 3\tAda\n")
    else:
        write(path, example)
    documented = table_of("entities")
    assert documented.keys() == ENTITY_FORMATS.keys()
    for pipeline, reads, *_ in KINDS:
        answer = documented[row].get(pipeline, "-")
        if answer == "texts":
            assert reads(path)[0] == "Ada Moss flew to Cork."
        elif answer in ("works", "files"):
            assert reads(path)
        elif answer != "-":
            with on_the_command_line(), pytest.raises(DataError) as caught:
                reads(path)
            lines = re.findall(rf"^- {re.escape(answer)} `(.+?)`", PAGE, re.MULTILINE)
            assert (lines or [answer])[0] in str(caught.value)


# --- encodings ---


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.csv.gz"])
def test_a_byte_order_mark_decides(tmp_path: Path, name: str, encoding: str) -> None:
    frame = FRAME.assign(text=["Ένα 好", "naïve\u2028"])
    plain = tmp_path / name.removesuffix(".gz")
    if "json" in name:
        frame.to_json(plain, orient="records", lines=True, force_ascii=False)
    else:
        frame.to_csv(plain, index=False, sep="\t" if "tsv" in name else ",")
    content = plain.read_text(encoding="utf-8").encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    for options in ({}, {"encoding": "cp1252"}):
        assert read(tmp_path / name, **options) == [("Ένα 好", "p"), ("naïve\u2028", "q")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf_32", "UTF-16"])
def test_a_missing_byte_order_mark_is_said(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,p\n")
    with pytest.raises(DataError, match=r"a\.csv is not UTF-(16|32) with a byte order mark: it"):
        read(path, encoding=encoding)


def test_control_characters_of_latin_1_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\né,p\n5 €,q\n“,q\n".encode("cp1252"))
    assert read(path, encoding="latin-1") == [("é", "p"), ("5 \x80", "q"), ("\x93", "q")]
    assert [each for each in caplog.messages if "control" in each] == [
        f"{path}: line 3 has the byte 0x80, a control character in Latin-1; if it is to read '€', "
        "set encoding='cp1252'"
    ]
    caplog.clear()
    assert read(path, encoding="cp1252")[1:] == [("5 €", "q"), ("“", "q")]
    assert not [each for each in caplog.messages if "control" in each]


@given(
    text=st.text(st.characters(codec="cp1252", categories=["L", "N", "P"]), min_size=1),
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_is_written_in_an_encoding_is_read_back(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = write(tmp_path / "a.jsonl", json.dumps({"text": text}, ensure_ascii=False), encoding)
    source = open_source(path, None, TableFormat(encodings=(encoding,)))
    assert [record.values["text"] for record in source.records()] == [text]


def test_files_of_text_in_an_encoding(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "café\nnaïve\n", "cp1252")
    assert plain_texts(path, ("cp1252",)) == ["café", "naïve"]
    assert plain_texts(path) == ["caf\ufffd", "na\ufffdve"]
    stream = open_stream(path, None, StreamColumnOptions(encoding="cp1252"))
    assert [*whole_texts(stream)] == ["café\nnaïve\n"]
    folder = tmp_path / "classes"
    for label in "pq":
        (folder / label).mkdir(parents=True)
        write(folder / label / "1.txt", f"café {label}", "cp1252")
    assert read(folder, encoding="cp1252") == [("café p", "p"), ("café q", "q")]
    options = PairColumnOptions(encoding="cp1252")
    write(tmp_path / "b.txt", "coffee\nnaive\n")
    write(tmp_path / "a.tsv", "café\tcoffee\n", "cp1252")
    both = path, tmp_path / "b.txt"
    first, _ = PairExamples(open_pairs(both, None, options), options)
    assert first[1:3] == ("café", "coffee")
    (pair,) = PairExamples(open_pairs(tmp_path / "a.tsv", None, options), options)
    assert pair[1:3] == ("café", "coffee")


def test_the_likely_encoding_is_named_and_never_assumed(tmp_path: Path) -> None:
    western = write(tmp_path / "a.csv", "text,label\na long review of a café au lait,p\n", "cp1252")
    assert complaint(western).startswith(
        f"{western}, row 1 (line 2): the text in column 'text' is not UTF-8: the byte 0xE9 at "
        "character 23; if it is to read 'review of a café au lait', set --encoding cp1252, "
        "otherwise save the file as UTF-8"
    )
    header = write(tmp_path / "b.csv", "text,größe\nfine,p\n", "cp1252")
    assert "header: the name of column 2 is not UTF-8: the byte 0xF6" in complaint(header)
    assert "set --encoding utf-16-le" in complaint(write(tmp_path / "c.csv", "text", "utf-16-le"))
    unknown = complaint(western, encoding="ansi")
    assert unknown.startswith("--encoding is 'ansi', which is no known encoding; usual ones are")
    assert "no known encoding" in complaint(western, encoding="rot13")
    wrong = write(tmp_path / "d.csv", b"text,label\ncaf\x81,p\n".decode("latin-1"), "latin-1")
    assert "is not in the encoding that was set: the byte 0x81 at character 4; set another" in (
        complaint(wrong, encoding="cp1252")
    )
    mixed = write(tmp_path / "e.csv", b"text,label\n\xc3\xa9\xe9,p\n".decode("latin-1"), "latin-1")
    assert "the byte 0xE9 at character 2; " in complaint(mixed)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("café", "cp1252"),
        ("“quoted” – it’s a film", "cp1252"),
        ("Очень хороший фильм, советую", "cp1251"),
        ("この映画はとても面白い", "cp932"),
        ("這部電影非常好看", "big5"),
    ],
)
def test_likely_encodings(text: str, encoding: str) -> None:
    assert likely_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *(("cp1252", "café"), ("cp037", "café"), ("shift_jis", "良い映画"), ("koi8_r", "кино")),
        *(("iso2022_jp", "良い映画"), ("utf-7", "café"), ("hz", "好电影"), ("iso2022_kr", "영화")),
        *(("utf-16-le", "café"), ("utf-16-be", "a film"), ("utf-32-le", "кино")),
    ],
)
def test_an_encoding_from_a_run_holds_for_files_that_are_not_utf_8(
    tmp_path: Path, encoding: str, text: str
) -> None:
    options = ColumnOptions(encoding=encoding)
    inherit(options, ["encoding"], {})
    table = f"text,label\n{text},p\n"
    for written in ("utf-8", "utf-8-sig", "utf-16", encoding):
        path = write(tmp_path / f"{written}.csv", table, written)
        (record,) = open_source(path, None, table_format(options)).records()
        assert record.values["text"] == text, written
    options.encoding = encoding
    assert table_format(options).encodings == (encoding,)


def test_an_inherited_encoding_is_found_once_for_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Mock(wraps=lines._fits)
    monkeypatch.setattr(lines, "_fits", fits)
    path = write(tmp_path / "a.csv", "text,label\ncafé,p\n", "cp1252")
    form = TableFormat(encodings=("utf-8", "cp1252"))
    for _ in range(2):
        assert next(iter(open_source(path, None, form).records())).values["text"] == "café"
    assert fits.call_count == 1
    write(path, "text,label\ncafés,p\n")
    assert next(iter(open_source(path, None, form).records())).values["text"] == "cafés"


def test_an_inherited_encoding_is_found_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    for content in ("café\n".encode("cp1252"), gzip.compress("café\n".encode())):
        writer = Thread(target=(tmp_path / "a.txt").write_bytes, args=(content,))
        writer.start()
        read_from = lines.read_lines(tmp_path / "a.txt", "\n", encodings=("utf-8", "cp1252"))
        assert [*read_from] == ["café\n"]
        writer.join()


# --- headers ---


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx"])
def test_columns_without_a_header_are_numbers(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame([["4", "u0", "a film"], ["0", "u1", "no film"]])
    if name == "a.xlsx":
        frame.to_excel(tmp_path / name, header=False, index=False)
    else:
        separator = "\t" if name == "a.tsv" else ","
        frame.to_csv(tmp_path / name, header=False, index=False, sep=separator)
    options = {"header": False, "label_column": "1"}
    assert read(tmp_path / name, **options) == [("a film", "4"), ("no film", "0")]
    assert read(tmp_path / name, text_column="2", **options) == [("u0", "4"), ("u1", "0")]
    assert "has no column '4'" in complaint(tmp_path / name, header=False, text_column="4")


def test_a_first_line_with_values_of_rows_is_no_silent_header(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.csv", "fine film,p\nno film,n\nwarm film,p\n")
    with on_the_command_line():
        read(path)
    assert "has values of rows; if it is a row, set --no-header" in caplog.text
    caplog.clear()
    numbers = write(tmp_path / "b.csv", "4,u0,a film\n0,u1,b film\n4,u2,c film\n")
    assert complaint(numbers).endswith("a film (if the first line is a row, set --no-header)")
    caplog.clear()
    for content in ("text,label\na film,text\n", "text,label\na,p\ntext,label\nb,q\n"):
        read(write(tmp_path / "c.csv", content))
    read(write(tmp_path / "d.csv", ",0,1\n0,a film,1\n1,no film,0\n"), label_column="1")
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_the_separator_without_a_header_splits_the_rows_alike(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "1;Good, fast, cheap\n0;Bad\n1;Nice\n")
    options = {"header": False, "label_column": "1"}
    assert read(path, **options) == [("Good, fast, cheap", "1"), ("Bad", "0"), ("Nice", "1")]
    path = write(tmp_path / "b.csv", "1,a;b;c\n0,Bad\n2\n1,d;e\n")
    assert "row 3 (line 3): 1 fields where the first row has 2" in complaint(path, **options)
    single = open_source(write(tmp_path / "d.csv", "a\nb; c\nd\n"), None, TableFormat(header=False))
    assert [record.values for record in single.records()] == [{"1": "a"}, {"1": "b; c"}, {"1": "d"}]
    assert complaint(write(tmp_path / "c.csv", ""), **options).endswith("c.csv is empty")


def test_pairs_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "source\ttarget\nto\tfrom\n")
    assert pairs(path) == [("to", "from")]
    options = PairColumnOptions(header=False)
    examples = PairExamples(open_pairs(path, "train", options), options)
    assert [e.source for e in examples] == ["source", "to"]


@pytest.mark.parametrize(
    "content",
    [
        ",text,label,,\n7,a film,p,,x\n8,no film,q,,\n",
        "id,text,label,id\n7,a film,p,1\n8,no film,q,2\n",
        ",utterance,verdict\n7,a film,p\n8,no film,q\n",
        "v1,v2,,,\np,a film,,,\nq,no film,,,\n",
        "link,words,label\nhttps://a.org/some-very-long-näme,a film,p\nx,no film,q\n",
    ],
)
def test_columns_that_nobody_asked_for_do_no_harm(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path / "a.csv", content)) == READ


def test_a_column_that_repeats_is_only_named_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label,text\na,p,a film\nb,q,no film\n")
    message = complaint(path, text_column="text")
    assert message.endswith("set --text-column to one of: text (column 1), text (column 3)")
    assert read(path, text_column="text (column 3)") == READ
    clash = write(tmp_path / "b.csv", "a,a,a (column 1)\n1,2,3\n")
    assert "names the column 'a (column 1)' twice" in complaint(clash)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.jsonl", {"header": False}, "--no-header has no effect on .jsonl files"),
        ("array.json", {"header": False}, "--no-header has no effect on .json files"),
        ("lines.json.gz", {"quoting": "none"}, "--quoting none has no effect on .json files"),
        ("a.xlsx", {"encoding": "cp1252"}, "--encoding cp1252 has no effect on .xlsx files"),
        ("a.csv", {"encoding": "cp1252"}, ""),
    ],
)
def test_what_has_no_effect_is_said(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    options: dict[str, object],
    said: str,
) -> None:
    path = in_all_formats(FRAME, tmp_path)[name]
    columns = ColumnOptions(**options)
    for _ in range(2):
        with on_the_command_line():
            assert open_source(path, None, table_format(columns)).columns == ("text", "label")
        assert [r.getMessage() for r in caplog.records] == ([f"{path}: {said}"] if said else [])
        caplog.clear()
        inherit(columns, options, {})
        said = ""


# --- a column for each label ---


def test_a_column_for_each_label(tmp_path: Path) -> None:
    content = 'id,text,toxic,"rude, or so"\n1,a film,1,0\n2,no film,1.0,true\n3,so so,0,False\n'
    path = write(tmp_path / "a.csv", content)
    options = {"target": "labels", "label_columns": 'toxic, "rude, or so"'}
    both = ["toxic", "rude, or so"]
    assert [label for _, label in read(path, **options)] == [["toxic"], both, []]
    message = complaint(path)
    assert message.endswith('--label-columns toxic,"rude, or so" and --target labels')
    one = write(tmp_path / "b.csv", "text,p,q\na film,1,0\nno film,0,1\n")
    assert read(one, label_columns="p,q") == READ
    assert read(pd.read_csv(one), label_columns="p,q") == READ


@pytest.mark.parametrize(
    ("row", "options", "problem"),
    [
        ("1,1", {}, "row 1 (line 2): 2 of the label columns have 1; any number of labels at once"),
        ("0,0", {}, "0 of the label columns have 1"),
        ("1,-1", {"target": "labels"}, "the label column 'q' has '-1', which is neither 1 nor 0"),
        ("1,", {"target": "labels"}, "the label column 'q' has '', which is neither 1 nor 0"),
        ("1,0", {"label_column": "p"}, "--label-columns and --label-column exclude each other"),
        ("1,0", {"target": "number"}, "--label-columns gives classes or labels, no numbers"),
        ("1,0", {"label_columns": "p"}, "is 'p'; name several columns, separated by commas"),
        ("1,0", {"label_columns": "p,r"}, "has no column 'r' (--label-columns)"),
    ],
)
def test_columns_that_hold_no_labels(
    tmp_path: Path, row: str, options: dict[str, str], problem: str
) -> None:
    path = write(tmp_path / "a.csv", f"text,p,q\na film,{row}\n")
    assert problem in complaint(path, **{"label_columns": "p,q"} | options)


def test_label_columns_are_none_of_time_steps() -> None:
    options = SeriesOptions(label_columns="a,b")
    with pytest.raises(OptionError, match="label_columns is for tables with a series a row"):
        open_series(pd.DataFrame({"id": [1, 1], "a": [0, 1], "b": [1, 0]}), None, options)


# --- JSON ---


@pytest.mark.parametrize(
    "content",
    [
        [{"text": "a film", "label": ["p"]}, {"text": "no film", "label": ["q"]}],
        {
            "version": 1,
            "data": [{"text": "a film", "label": "p"}, {"text": "no film", "label": "q"}],
        },
        {"text": ["a film", "no film"], "label": ["p", "q"]},
        {"text": ["a film", "no film"], "label": ["p", "q"], "meta": [{"id": 7}, {"id": 8}]},
        {"text": {"7": "a film", "8": "no film"}, "label": {"8": "q", "7": "p"}},
        [
            {
                "id": number,
                "data": {"text": text},
                "annotations": [
                    {"was_cancelled": True, "result": []},
                    {"result": [{"from_name": "mood", "value": {"choices": [label]}}]},
                ],
            }
            for number, (text, label) in enumerate(READ)
        ],
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_forms_of_json(tmp_path: Path, content: object, indent: int | None) -> None:
    path = write(tmp_path / "a.json", json.dumps(content, indent=indent))
    assert read(path) == READ


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (" \n", "a.json: the file is empty"),
        ('[{"text": "a", "label": "p"}, null]', "a.json, row 2: it is null; each row should be an"),
        (
            '{"classes": ["X", "Y"], "annotations": [["a", {"entities": []}], ["b", {}]]}',
            "is of the NER annotator, whose texts have entities; pipelines.ner reads it",
        ),
        ('[{"text": "a"},\n {"text": b}]', "line 2: not JSON: Expecting value at character 11"),
        ("[1, 2]", "should have an object a line, an array of objects such as"),
        ("[]", "should have an object a line"),
        ('{"text": ["a"], "label": []}', "columns of unequal lengths: text 1, label 0"),
        ('{"text": {"1": "a"}, "label": {"2": "p"}}', "has columns of different rows"),
        ('[{"text": "a", "label": []}]', "row 1: the label in column 'label' is missing"),
        ("[" * 100_000, "not JSON that can be read"),
    ],
)
def test_json_that_cannot_be_read(tmp_path: Path, content: str, problem: str) -> None:
    assert problem in complaint(write(tmp_path / "a.json", content))


def test_choices_of_label_studio(tmp_path: Path) -> None:
    rows = [{"text": "a film", "mood": {"choices": ["p", "q"]}}, {"text": "no film", "mood": "q"}]
    table = 'text,mood\na film,"{""choices"":[""p"",""q""]}"\nno film,q\n'
    in_json = write(tmp_path / "a.json", json.dumps(rows))
    for path in (write(tmp_path / "a.csv", table), in_json):
        assert read(path, target="labels") == [("a film", ["p", "q"]), ("no film", ["q"])]
        assert "several labels at once need --target labels" in complaint(path)


def chosen(*labels: str, name: str = "mood") -> dict[str, object]:
    """A result of Label Studio."""
    return {"from_name": name, "value": {"choices": [*labels]}}


def test_which_choices_of_label_studio_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    true = {"ground_truth": True, "result": [chosen("p", name="text")]}
    tasks = [
        {"data": {"text": "a film"}, "annotations": [{"result": [chosen("q", name="text")]}, true]},
        {"data": {"text": "no film"}, "annotations": [{"result": [chosen("q", name="text")]}]},
    ]
    path = write(tmp_path / "a.json", json.dumps(tasks))
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == READ
    assert "of 1 text with several annotations the ground truth is read, or else" in caplog.text
    task = {"data": {"text": "a"}, "annotations": [{"result": [chosen("p"), chosen("q", "p")]}]}
    for content in (task, [task]):
        path = write(tmp_path / "b.json", json.dumps(content, indent=1))
        assert read(path, target="labels") == [("a", ["p", "q"])]


def test_what_is_no_object_among_rows_can_be_left_out(tmp_path: Path) -> None:
    rows = [{"text": "a film", "label": "p"}, None, {"text": "no film", "label": "q"}]
    path = write(tmp_path / "a.json", json.dumps([*rows, 3]))
    assert read(path, skip_bad_rows=True) == read(rows, skip_bad_rows=True) == READ


def test_json_that_expands_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"text": "a" * 500_000}]).encode()))
    assert complaint(path).endswith("cannot be read: it expands to far more than its size")


def test_one_row_of_json(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '{"text": "a film", "label": ["p"]}')
    assert read(path) == READ[:1]


# --- Parquet and Excel ---


def test_cells_of_excel_are_strings_and_empty_rows_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [[None] * 4, ["text ", "label", "label 2", None], ["NA", 1, 0.5, None], [None] * 4]
    rows.append([12, 0, True, "x"])
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, header=False, index=False)
        FRAME.to_excel(book, sheet_name="Other")
    caplog.set_level("INFO", "toolkit")
    assert read(tmp_path / "a.xlsx") == [("NA", "1"), ("12", "0")]
    assert "the first of the sheets Sheet1, Other" in caplog.text
    records = open_source(tmp_path / "a.xlsx").records()
    assert [(record.values["label 2"], record.place) for record in records] == [
        ("0.5", "row 1 (row 3 of the sheet)"),
        ("True", "row 2 (row 5 of the sheet)"),
    ]
    frame = pd.DataFrame([["a film"], [None], ["no film"]])
    frame.to_excel(tmp_path / "c.xlsx", header=False, index=False, startrow=3, startcol=2)
    records = open_source(tmp_path / "c.xlsx", None, TableFormat(header=False)).records()
    assert [record.place for record in records] == [
        "row 1 (row 4 of the sheet)",
        "row 2 (row 6 of the sheet)",
    ]
    pd.DataFrame().to_excel(tmp_path / "b.xlsx")
    assert "is empty; its first row should name the columns" in complaint(tmp_path / "b.xlsx")


@pytest.mark.parametrize(("name", "package"), [("a.parquet", "pyarrow"), ("a.xlsx", "openpyxl")])
def test_what_is_no_such_file_or_needs_a_package(
    tmp_path: Path, name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / name, "no such file")
    assert f"{name} cannot be read: " in complaint(path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert complaint(path) == (
        f"{path}: such files need the package {package}, which is missing: pip install {package}"
    )


def test_an_excel_file_that_expands_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FRAME.to_excel(tmp_path / "a.xlsx")
    monkeypatch.setattr(pandas_file, "is_bomb", lambda member: True)
    assert complaint(tmp_path / "a.xlsx").endswith("it expands to far more than its size")


# --- in memory ---

Y = [1, 0]
T = ["a film", "no film"]


def frame_of_polars() -> object:
    """Stand-ins for the classes of polars, which the toolkit knows by their module and name."""
    polars = ModuleType("polars")

    class Series:
        def __init__(self, values: list[object]) -> None:
            self.to_list = values.copy
            self.__len__ = lambda: len(values)

    class DataFrame(dict):
        columns = property(lambda self: list(self))

    polars.Series, polars.DataFrame, polars.LazyFrame = Series, DataFrame, type("LazyFrame", (), {})
    sys.modules["polars"] = polars
    return DataFrame(text=Series(T), label=Series(Y))


@pytest.mark.parametrize(
    "data",
    [
        {"text": T, "label": Y},
        {"text": np.array(T), "label": np.array(Y)},
        [{"text": text, "label": label} for text, label in zip(T, Y, strict=True)],
        [{1: text, "label": label} for text, label in zip(T, Y, strict=True)],
        [*zip(T, Y, strict=True)],
        [(T[0], Y[0]), (T[1], Y[1])],
        (T, np.array(Y)[:, None]),
        (T, [[1], [0]]),
        (pd.Series(T), pd.DataFrame({"y": Y})),
        (pd.Index(T), pd.array(Y, dtype="Int64")),
        (pd.Series(T, dtype="string"), pd.Series(Y, dtype="category")),
        (np.array(T)[:, None], Y),
        (tf.constant(T), tf.constant(Y)),
        pd.DataFrame({"text": T, "label": Y}, dtype="object"),
    ],
)
def test_what_a_python_user_has_at_hand(data: object) -> None:
    assert read(data) == [("a film", "1"), ("no film", "0")]


def test_libraries_that_are_not_installed_are_known_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    frame = frame_of_polars()
    assert read(frame) == [("a film", "1"), ("no film", "0")]
    assert "a LazyFrame cannot be read; give its collect()" in complaint(
        sys.modules["polars"].LazyFrame()
    )
    datasets = ModuleType("datasets")
    datasets.DatasetDict = type("DatasetDict", (dict,), {})
    monkeypatch.setitem(sys.modules, "datasets", datasets)
    assert read(datasets.DatasetDict(train=frame)) == [("a film", "1"), ("no film", "0")]
    assert "the DatasetDict has no part 'train'; give one of ['valid']" in complaint(
        datasets.DatasetDict(valid=frame)
    )


@pytest.mark.parametrize(
    "data",
    [
        (T, Y, [1.0, 0.5]),
        (T, Y, np.ones(2)),
        [(T[0], Y[0], 1.0), (T[1], Y[1], 0.5)],
        tf.data.Dataset.from_tensor_slices((T, Y, [1.0, 0.5])),
        tf.data.Dataset.from_tensor_slices((T, Y, [1.0, 0.5])).batch(2),
    ],
)
def test_weights_are_left_out_and_that_is_said(
    data: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(data) == [("a film", "1"), ("no film", "0")]
    assert "the weights of examples, after their labels, are not used" in caplog.text


def test_data_in_memory_that_cannot_be_read() -> None:
    assert "the dict has columns of unequal lengths: text 2, label 1" in complaint(
        {"text": T, "label": Y[:1]}
    )
    assert "the list names the column '1' twice" in complaint([{1: "a", "1": "p"}])
    assert "the list has texts alone; give a pair (texts, labels)" in complaint([T, Y])
    assert "cannot be read" in complaint({"text": "a", "label": "b"})
    assert read([("a", [1, 2]), ("b", [])], target="labels") == [("a", ["1", "2"]), ("b", [])]
    three = (("a", "x"), ("b", "y"), ("c", "x"))
    assert read(three) == [("a", "x"), ("b", "y"), ("c", "x")]


def test_pairs_and_tokens_in_lists() -> None:
    assert pairs([("a b", "c"), ("d", "e"), ("f", "g")]) == [("a b", "c"), ("d", "e"), ("f", "g")]
    sentences = open_entities([("Ada", "sang"), ("He", "left")], "test", EntityColumnOptions())
    assert [*next(iter(sentences.records())).values.values()] == [("Ada", "sang")]
    tagged = [(["Ada", "sang"], ["B-X", "O"]), (["He"], ["O"])]
    assert entities(tagged) == [(("Ada", "sang"), ("B-X", "O")), (("He",), ("O",))]
    labelled = [(np.ones((2, 1)), "p"), (np.zeros((1, 1)), "q"), (np.ones((1, 1)), "p")]
    assert [label for _, label in series(labelled)] == ["p", "q", "p"]
