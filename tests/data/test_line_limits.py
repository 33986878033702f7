"""Lines that are too long are named while they are read, and never held in memory."""

import gzip
import json
import re
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from toolkit.data import (
    PairColumnOptions,
    StreamColumnOptions,
    Unreadable,
    open_entities,
    open_pairs,
    open_source,
    open_stream,
    plain_texts,
    read_vectors,
)
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.sources import delimited, lines
from toolkit.data.streams import stream
from toolkit.errors import DataError

LIMIT = 1000
LONG = "x" * 5 * LIMIT
PROBLEM = "the line has more than 1,000 characters"


@pytest.fixture(autouse=True)
def _limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lines, delimited):
        monkeypatch.setattr(module, "LINE_LIMIT", LIMIT)
    monkeypatch.setattr(lines, "_SKIPPED_AT_ONCE", 700)
    monkeypatch.setattr(stream, "LONG_LINE", LIMIT)
    monkeypatch.setattr(stream, "PIECE_LENGTH", LIMIT)


def opened(path: Path) -> Any:
    if path.name.startswith("pairs"):
        return open_pairs(path, None, PairColumnOptions())
    if path.name.startswith("words"):
        return open_entities(path, None, EntityColumnOptions())
    return open_source(path)


ROWS = [
    ("a.csv", "text,label\n{}\n", "{},pos"),
    ("a.tsv", "text\tlabel\n{}\n", "{}\tpos"),
    ("a.jsonl", "{}\n", '{{"text": "{}", "label": "pos"}}'),
    ("pairs.tsv", "{}\n", "{}\tb"),
    ("words.conll", "{}\n", "{} O\n"),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "frame", "row"), ROWS)
def test_a_long_line_is_a_bad_row(
    tmp_path: Path, name: str, frame: str, row: str, packed: bool
) -> None:
    content = frame.format("\n".join(row.format(text) for text in ("a", LONG, "b", "c"))).encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    records = [*opened(path).records()]
    problems = [record.problem for record in records]
    assert [problem is None for problem in problems] == [True, False, True, True]
    assert problems[1] in (PROBLEM, "row larger than 1,000 characters")
    assert re.search("line [0-9]", records[1].place)


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("length", [*range(LIMIT - 2, LIMIT + 3), LIMIT + 700, LIMIT + 701])
def test_no_line_is_lost_at_the_limit(tmp_path: Path, ends: str, length: int) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"{'x' * length}{ends}b{ends}".encode())
    first, *rest = lines.read_lines(path, "")
    whole = f"{'x' * length}{ends}"
    assert first == whole[: LIMIT + 1]
    assert "".join(rest).strip("\r\n") == "b"
    assert [line for line in rest if line.strip()] == [f"b{ends}"]
    assert (lines.line_problem(first) is None) == (len(whole) <= LIMIT)


def test_files_with_a_long_line(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text(f"a\n{LONG if name == 'one' else 'b'}\nc\n")
    sides = tmp_path / "one", tmp_path / "other"
    records = [*open_pairs(sides, None, PairColumnOptions()).records()]
    assert [record.problem for record in records] == [None, PROBLEM, None]
    (tmp_path / "a.txt").write_text(f"a\n{LONG}\n")
    with pytest.raises(DataError, match=rf"a\.txt, line 2: {PROBLEM}"):
        plain_texts(tmp_path / "a.txt")
    with pytest.raises(DataError, match=rf"a\.txt, line 2: {PROBLEM}"):
        list(open_stream(tmp_path / "a.txt", options=StreamColumnOptions(lines=True)))
    (tmp_path / "vectors.txt").write_text(f"a 1 2\n{LONG} 3 4\n")
    with pytest.raises(DataError, match=rf"vectors\.txt, line 2: {PROBLEM}"):
        read_vectors(tmp_path / "vectors.txt", ["", "", "a"], seed=0)
    (tmp_path / "classes" / "pos").mkdir(parents=True)
    for name, text in (("1", "fine"), ("2", LONG), ("3", "line\n" * LIMIT)):
        (tmp_path / "classes" / "pos" / name).write_text(text)
    problems = [record.problem for record in open_source(tmp_path / "classes").records()]
    assert problems[0] is None
    assert all(": the text has more than 1,000 characters" in problem for problem in problems[1:])
    (tmp_path / "brat").mkdir()
    for text in (LONG, "line\n" * LIMIT):
        (tmp_path / "brat" / "a.txt").write_text(text)
        (tmp_path / "brat" / "a.ann").write_text("T1\tPER 0 4\txxxx\n")
        with pytest.raises(DataError, match=r"a\.txt: the text has more than 1,000 characters"):
            open_entities(tmp_path / "brat", None, EntityColumnOptions())


def test_an_array_may_stand_in_one_line(tmp_path: Path) -> None:
    rows = [{"text": f"{'word ' * 50}{number}", "entities": []} for number in range(20)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    records = [*open_entities(path, None, EntityColumnOptions()).records()]
    assert [record.values["text"] for record in records] == [row["text"] for row in rows]
    path.write_text(json.dumps(rows)[:-40])
    with pytest.raises(DataError, match=r"not JSON: Unterminated string starting at character \d+"):
        open_entities(path, None, EntityColumnOptions())
    path.write_text(json.dumps({"annotations": rows}))
    with pytest.raises(DataError, match=rf"line 1.*: {PROBLEM}"):
        open_entities(path, None, EntityColumnOptions())


@pytest.mark.parametrize(
    "text",
    [LONG, "a word " * LIMIT, f"{LONG}\nmore\n{LONG} and {LONG}", f"{'ab ' * 400}\n" * 20, "\n"],
)
def test_one_text_may_have_any_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    pieces = [piece.text for piece in open_stream(path)]
    assert "".join(pieces) == text
    assert max(map(len, pieces)) < 4 * LIMIT
    for before, after in pairwise(pieces):
        inside = before[-1:].isalpha() and after[:1].isalpha()
        assert not inside or "xx" in before[-2:] + after[:2]  # a word without an end


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_memory_is_limited_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"x" * 5_000_000, compresslevel=1))

    def read() -> Iterator[Any]:
        yield from lines.read_lines(path, "" if name == "a.csv" else "\n")

    tracemalloc.start()
    try:
        if name == "a.txt":
            assert sum(len(piece.text) for piece in open_stream(path)) > 5_000_000
        elif name == "a.jsonl":
            assert [len(line) for line in read()] == [11, LIMIT + 1]
        else:
            (record,) = open_source(path).records()
            assert record.problem == "row larger than 1,000 characters"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_an_arriving_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import streams

    monkeypatch.setattr(streams, "LINE_LIMIT", LIMIT)
    monkeypatch.setattr(streams, "_CHUNK", 300)
    unreadable = Unreadable(f"line 2: {PROBLEM}")
    path = tmp_path / "a.txt"
    for last in (f"b\n{'y' * (LIMIT - 1)}", f"b\n{'y' * (LIMIT - 1)}\n"):
        path.write_text(f"a\n{LONG}\n{last}")
        with path.open("rb") as file:
            found = list(streams.arriving_lines(file.fileno()))
        assert found == ["a", unreadable, "b", "y" * (LIMIT - 1)]
        packed = tmp_path / "a.txt.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert list(streams.file_lines(packed, ("utf-8",))) == found
