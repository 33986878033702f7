"""Column files: sentences of tokens with their columns and places, from literal files."""

import gzip
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import Record
from toolkit.data.entities.formats.column_file import ColumnFileSource
from toolkit.errors import DataError

CONLL = (
    "-DOCSTART- -X- O O\n\nEU NNP B-NP I-ORG\nrejects VBZ  B-VP O\n\n\n"
    "-DOCSTART- -X- O O\n\nBrussels NNP B-NP I-LOC"
)
SENTENCES = [
    Record(
        1,
        {
            "1": ("EU", "rejects"),
            "2": ("NNP", "VBZ"),
            "3": ("B-NP", "B-VP"),
            "4": ("I-ORG", "O"),
        },
        "sentence 1 (line 3)",
        places=["line 3", "line 4"],
    ),
    Record(
        2,
        {"1": ("Brussels",), "2": ("NNP",), "3": ("B-NP",), "4": ("I-LOC",)},
        "sentence 2 (line 9)",
        places=["line 9"],
    ),
]

Write = Callable[[str], Path]


@pytest.fixture(params=["plain", "gzip"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    def write(content: str) -> Path:
        path = tmp_path / "eng.train"
        raw = content.encode()
        path.write_bytes(gzip.compress(raw) if request.param == "gzip" else raw)
        return path

    return write


def tokens(path: Path) -> list[tuple[str, ...]]:
    return [record.values["1"] for record in ColumnFileSource(path).records()]


def problems(path: Path) -> list[tuple[int, str, str | None]]:
    records = ColumnFileSource(path).records()
    return [(record.row, record.place, record.problem) for record in records]


def test_literally(write: Write) -> None:
    source = ColumnFileSource(write(CONLL))
    assert source.columns == ("1", "2", "3", "4")
    assert not source.fixed_columns
    assert list(source.records()) == SENTENCES
    assert list(source.records()) == SENTENCES


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(" ", "\t").replace("\t\t", "\t"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n\n", "\n\t\n").replace("O\n", "O \n"),
        lambda text: text.replace("\n\n", "\n   \n").replace("rejects ", "  rejects \t"),
        lambda text: text.replace("\n", "\t\n").replace(" ", "\t").replace("\t\t", "\t"),
        lambda text: text.replace("\n", "\t\n"),
        lambda text: text + "\n",
    ],
    ids=[
        "tabs",
        "windows",
        "mark",
        "lone tabs",
        "spaces",
        "tabs at the end",
        "a tab at the end",
        "end",
    ],
)
def test_what_makes_no_difference(write: Write, change: Callable[[str], str]) -> None:
    assert list(ColumnFileSource(write(change(CONLL))).records()) == SENTENCES


def test_tabs_let_tokens_hold_spaces(write: Write) -> None:
    path = write("New York\tB-LOC\n \tO\n\t\n#\tO\n\u00a0\tO\n")
    assert tokens(path) == [("New York", ""), ("#", "\u00a0")]


def test_only_line_feeds_end_lines_and_only_blanks_separate(write: Write) -> None:
    path = write("a\u2028b\u0085c\u00a0d\ve\x1cf O\n\u00a0\ng O\n")
    assert tokens(path) == [("a\u2028b\u0085c\u00a0d\ve\x1cf",), ("g",)]


def test_words_alone(write: Write) -> None:
    path = write("Anna\nsang\n\nYes\n")
    assert ColumnFileSource(path).columns == ("1",)
    assert tokens(path) == [("Anna", "sang"), ("Yes",)]


def test_a_line_that_does_not_fit_spoils_its_sentence(write: Write) -> None:
    path = write("\na O\nb O\n\nc\nd O\n\ne x O\n\nf O\n")
    few = "1 columns, separated by white space, where line 2 has 2"
    many = "3 columns, separated by white space, where line 2 has 2"
    assert problems(path) == [
        (1, "sentence 1 (line 2)", None),
        (2, "line 5", few),
        (3, "line 8", many),
        (4, "sentence 4 (line 10)", None),
    ]
    assert problems(write("a b\tO\nc d O\n")) == [
        (1, "line 2", "1 columns, separated by tabs, where line 1 has 2")
    ]
    assert problems(write("a O\nb\0 O\n")) == [
        (1, "line 2", "there is a NUL byte; the file should be text in UTF-8")
    ]


@pytest.mark.parametrize("content", ["", "\n\n", " \t\n", "-DOCSTART- O\n\n"])
def test_nothing_in_it(write: Write, content: str) -> None:
    with pytest.raises(DataError, match=r"eng\.train is empty; each of its lines should have a t"):
        ColumnFileSource(write(content))


FIELDS = {
    " ": st.text(st.characters(codec="utf-8", exclude_characters=" \t\r\n\0"), min_size=1),
    "\t": st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n\0")),
}


@pytest.mark.parametrize("separator", FIELDS)
@given(st.data())
def test_whatever_tokens_there_are(separator: str, data: st.DataObject) -> None:
    rows = st.tuples(FIELDS[separator], FIELDS[separator], st.sampled_from(["O", "B-X"]))
    sentences = data.draw(st.lists(st.lists(rows, min_size=1, max_size=3), min_size=1, max_size=3))
    sentences[0][0] = ("a", *sentences[0][0][1:])  # so that the file begins with no byte order mark
    lines = [separator.join(row) for sentence in sentences for row in [*sentence, ("",)]]
    if any(line.startswith("-DOCSTART-") for line in lines):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data")
        path.write_bytes("\n".join(lines).encode())
        records = list(ColumnFileSource(path).records())
    found = [[*zip(*record.values.values(), strict=True)] for record in records]
    assert found == [[tuple(f.strip(" ") for f in row) for row in s] for s in sentences]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress((b"word" * 50 + b" O\nword B-X\n\n") * 20_000))  # 4 MB
    tracemalloc.start()
    assert sum(1 for _ in ColumnFileSource(path).records()) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
