"""Lines from any bytes, in any pieces; batches that never wait and never run ahead."""

import csv
import io
import itertools
import os
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.streams import (
    arriving_batches,
    arriving_lines,
    file_lines,
    full_batches,
    write_answers,
)
from toolkit.data import Unreadable
from toolkit.errors import DataError, OptionError


def lines_of(content, pieces=(), encoding=None):
    """What comes out when the content goes through a pipe in pieces that end at these places."""
    reading, writing = os.pipe()
    bounds = [0, *sorted(pieces), len(content)]

    def write():
        for start, end in itertools.pairwise(bounds):
            os.write(writing, content[start:end])
        os.close(writing)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return list(arriving_lines(reading, encoding))
    finally:
        thread.join()
        os.close(reading)


def test_the_first_line_with_bytes_of_another_encoding_is_logged(tmp_path, caplog):
    content = "gut\nschön\nfür 5 €\n".encode("cp1252")
    lines = ["gut", "sch\ufffdn", "f\ufffdr 5 \ufffd"]
    said = (
        "line 2 is not UTF-8: the byte 0xF6 at character 4; if it is to read 'schön', set "
        "encoding='cp1252', otherwise save the file as UTF-8; it is read with U+FFFD there"
    )
    assert lines_of(content) == lines
    (tmp_path / "a.txt").write_bytes(content)
    assert list(file_lines(tmp_path / "a.txt", ["utf-8"])) == lines
    assert caplog.messages == [f"standard input: {said}", f"{tmp_path / 'a.txt'}: {said}"]
    assert lines_of(content, encoding="cp1252") == ["gut", "schön", "für 5 €"]


def test_lines_without_the_mark_of_their_encoding():
    with pytest.raises(DataError, match=r"standard input cannot be read: .*BOM"):
        lines_of(b"good\n", encoding="utf-16")


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\n\r\nb\rc\r", ["a", "", "b\rc"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", ["a", "\ufeffb"]),
        (b"a\xff\xc3\nb\xe2\x82", ["a\ufffd\ufffd", "b\ufffd"]),
        ("a\u2028b\x00\x0c\x85c\n".encode(), ["a\u2028b\x00\x0c\x85c"]),
    ],
)
def test_lines(content, lines):
    assert lines_of(content) == lines


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "iso2022_jp", "utf-8"])
def test_lines_in_an_encoding(encoding):
    text = "日本\n\ufeffa" if encoding == "iso2022_jp" else "café\r\n\ufeffa"
    text = text.replace("\ufeff", "" if encoding in ("cp1252", "iso2022_jp") else "\ufeff")
    content = text.encode(encoding)
    for pieces in ((), range(1, len(content))):
        found = lines_of(content, pieces, encoding)
        assert found == text.replace("\r", "").split("\n")
    with pytest.raises(OptionError, match="no known encoding"):
        lines_of(b"", encoding="ansi")


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xc3", b"\xa9", b"\xff"])), st.data())
def test_pieces_do_not_matter(parts, draw):
    content = b"".join(parts)
    pieces = draw.draw(st.lists(st.integers(0, len(content)), max_size=4))
    whole = content.decode("utf-8", "replace").split("\n")
    expected = whole if whole[-1] else whole[:-1]
    assert lines_of(content, pieces) == [line.removesuffix("\r") for line in expected]


def beside(value: Any, _: int) -> dict[str, Any]:
    """The input beside an answer."""
    return {"text": value}


def test_a_long_line_takes_time_in_proportion():
    assert [len(line) for line in lines_of(b"x" * 20_000_000)] == [20_000_000]


@pytest.mark.parametrize("batches", [arriving_batches, full_batches])
def test_batches_keep_all_texts_in_order(batches):
    texts = [str(number) for number in range(1000)]
    found = list(batches(iter(texts), size=7))
    assert [text for batch in found for text in batch] == texts
    assert max(map(len, found)) == 7
    assert list(batches(iter([]))) == []


def test_what_has_arrived_is_not_kept_waiting():
    more = threading.Event()

    def texts():
        yield "first"
        more.wait()
        yield "second"

    batches = arriving_batches(texts())
    assert next(batches) == ["first"]
    more.set()
    assert next(batches) == ["second"]


def test_reading_does_not_run_ahead():
    pulled = 0

    def texts():
        nonlocal pulled
        for number in range(100_000):
            pulled += 1
            yield str(number)

    answered = 0
    for batch in arriving_batches(texts(), size=10):
        answered += len(batch)
        assert pulled - answered <= 4 * 10 + 1


def test_what_goes_wrong_in_reading_is_raised_after_what_was_read():
    def texts():
        yield "first"
        raise OSError("gone")

    batches = arriving_batches(texts())
    assert next(batches) == ["first"]
    with pytest.raises(OSError, match="gone"):
        next(batches)


def test_rows_that_cannot_be_read_do_not_gather_in_memory():
    """Those before the first answer wait for its columns in a file."""

    def inputs():
        for number in range(200):
            yield [Unreadable(f"line {number}: {'x' * 900}") for _ in range(100)]
        yield ["good", Unreadable("bad")]

    class Rows(io.StringIO):
        rows = -1

        def write(self, line):
            self.rows += 1
            return len(line)

    def answer(read):
        return [{"label": "pos", "p": {"pos": 1.0}} for _ in read]

    output = Rows()
    tracemalloc.start()
    try:
        answers = list(write_answers(inputs(), answer, output, "csv", beside, {}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [text for text, _ in answers] == ["good"]
    assert output.rows == 20_002
    assert peak < 8_000_000  # of 20 million bytes


@pytest.mark.parametrize("good", [True, False])
def test_columns_are_those_of_the_first_answer(good):
    output = io.StringIO()
    batches = [[Unreadable("a"), Unreadable("b")], *([["é\n", Unreadable("c")]] if good else [])]

    def answer(read):
        return [{"label": "pos", "p": {"pos": None}} for _ in read]

    list(write_answers(batches, answer, output, "csv", beside, {"cut": False}))
    rows = list(csv.reader(output.getvalue().splitlines(keepends=True)))
    if good:
        assert rows == [
            ["text", "label", "p.pos", "cut", "error"],
            *[["", "", "", "False", "a"], ["", "", "", "False", "b"]],
            *[["é\n", "pos", "", "", ""], ["", "", "", "False", "c"]],
        ]
    else:
        assert rows == [["text", "cut", "error"], ["", "False", "a"], ["", "False", "b"]]


def test_a_column_for_each_entry_that_a_mapping_may_have():
    answers = {"x": {"b": 0.9}, "y": {"a": 0.7}}
    output = io.StringIO()
    written = write_answers(
        *([["x", "y"]], lambda texts: [{"p": answers[text]} for text in texts], output, "csv"),
        beside=lambda text, _: {"text": text},
        entries={"p": ["a", "b"]},
    )
    assert len(list(written)) == 2
    assert output.getvalue() == "text,p.a,p.b\nx,,0.9\ny,0.7,\n"
