"""Files of any bytes: each is read, or rejected with an error of one line."""

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import ColumnOptions, TextExamples, open_source, scan
from toolkit.errors import DataError

WHOLE = {
    "csv": b"text,label\r\na good film,pos\r\nbad,neg\r\n",
    "tsv": b'text\tlabel\n"a good\nfilm"\tpos\nbad\tneg\n',
    "jsonl": b'{"text": "a good film", "label": "pos"}\n{"text": "bad", "label": "neg"}\n',
}
PIECES = st.binary(max_size=6) | st.sampled_from(
    [
        *(
            b'"',
            b",",
            b"\t",
            b"\n",
            b"\r",
            b"\\",
            b"\0",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\x1f\x8b",
            b"\x1b",
        ),
        *(b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xe9", b"\\ud800", b'{"text": "', b'"}'),
        *(b"[" * 2000, b"9" * 5000, b"1e999", b"NaN", b"-Infinity", b"null", b"{}", b",," * 50),
    ]
)
CHANGES = st.lists(st.tuples(st.integers(0), st.integers(0, 12), PIECES), max_size=5)


def changed(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return the content with a few bytes replaced at the given places."""
    for place, length, piece in changes:
        start = place % (len(content) + 1)
        content = content[:start] + piece + content[start + length :]
    return content


def learn(path: Path, **options) -> None:
    examples = TextExamples(open_source(path), ColumnOptions(**options))
    found = scan(examples, options["target"])
    assert len(list(found.reread(examples))) == found.count
    assert not any("\n" in name for name in found.encoder.classes)


def answer(path: Path) -> None:
    answers = TextExamples(open_source(path), ColumnOptions(), labelled=False)
    rows = [example.row for example in answers]
    assert rows == [*range(1, len(rows) + 1)]


def goes_well(reading: Callable[..., None], path: Path, **options) -> bool:
    """Return whether the reading raises no error; check that an error is a single line."""
    complaint = None
    try:
        reading(path, **options)
    except DataError as error:
        complaint = str(error)
    assert complaint is None or (complaint.isprintable() and len(complaint) < 5000)
    return complaint is None


@pytest.mark.parametrize("kind", WHOLE)
@given(
    changes=CHANGES,
    packed=st.none() | CHANGES,
    target=st.sampled_from(["classes", "labels", "number"]),
    skip=st.booleans(),
)
def test_changed_files(kind, changes, packed, target, skip):
    content = changed(WHOLE[kind], changes)
    if packed is not None:
        content = changed(gzip.compress(content, mtime=0), packed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"data.{kind}")
        path.write_bytes(content)
        well = goes_well(learn, path, target=target, skip_bad_rows=skip)
        assert goes_well(answer, path) or not well
        if not changes and not packed:
            assert well == (target != "number")


@given(st.binary(max_size=60))
def test_a_file_of_a_folder(content):
    with tempfile.TemporaryDirectory() as folder:
        for label in ("neg", "pos"):
            Path(folder, label).mkdir()
            Path(folder, label, "1.txt").write_bytes(b"a text")
        Path(folder, "pos", "2.txt").write_bytes(content)
        assert goes_well(answer, Path(folder))
        assert goes_well(learn, Path(folder), target="classes", skip_bad_rows=True)
