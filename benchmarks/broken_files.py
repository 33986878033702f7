"""Malformed files of texts, each a valid one with a few random changes, and what readers do.

A case is a function of the seed and its number, so that one that fails can be made again.
"""

import csv
import gzip
import io
import json
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from toolkit.data import ColumnOptions, LabelEncoder, TextExamples, open_source, survey
from toolkit.errors import LONGEST, DataError, OptionError

#: No file may take longer; the largest are read within a second or so.
LIMIT_SECONDS = 20

#: What becomes of a file: it is learnt from; its texts alone can be answered; it is refused.
OUTCOMES = ("learnt from", "answered only", "refused")

WORDS = (
    "good",
    "bad",
    "film",
    "Ünïcode",
    "don't",
    "3.50",
    "北京",
    "👩‍👩‍👧",
    "a,b",
    'say "x"',
    "<br />",
)
LABELS = ("pos", "neg", "pos ", "1", "1.0", "10", "é", "pos|neg", "nan", "NA", "")
COLUMNS = ("text", "label", "film", "stars", "Text ", "id", "review", "")

#: What breaks parsers.
TOKENS = (
    *(b'"', b'""', b'"""', b",", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\\", b"\\n", b"'"),
    *(b"\0", b"\0" * 7, b"\x1a", b"\x1b[31m", b"\x7f", b"\x1c\x1d\x1e", b"\x0b\x0c"),
    *(b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\x80", b"\xe9", b"\xf8\x88\x80"),
    *(b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b"\xe2\x80\xa9", b"\xe2\x80\xae", b"\xef\xbf\xbe", b"\xf0\x9f\x92", b"\xcc\x81"),
    *(b"NaN", b"Infinity", b"-Infinity", b"null", b"true", b"1e400", b"-0", b"1_0", b"0x1"),
    *(b"9" * 400, b"9" * 5000, b"1e-400", b"[", b"]", b"{", b"}", b"[" * 990, b'{"a":' * 500),
    *(b'{"text": "a", "text": "b"}', b'{"": 1}', b'"\\ud800"', b"\\ud83d", b"\\u0000", b":"),
    *(b"sep=;\n", b"# no\n", b"=1+1", b"," * 50, b"\x1f\x8b", b"\x1f\x8b\x08\0", b"PK\x03\x04"),
)

ENCODINGS = (
    *("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig", "utf-7"),
    *("latin-1", "cp1252", "gb18030", "shift-jis", "koi8-r", "cp037"),
)

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz", ".CSV", ".tsv.gz")


class _Hang(BaseException):
    """Reading took too long; no ``except Exception`` may hide it."""


def check(seed: int, number: int) -> str:
    """Make one file or folder and read it in every way.

    Returns:
        One of ``OUTCOMES``; else what went wrong.
    """
    return outcome(f"files {seed} {number}", broken, _read)


def outcome(
    case: str, make: Callable[[Random, Path], Path], read: Callable[[Random, Path], str]
) -> str:
    """Make a file or folder that is a function of the case's name, and read it.

    Returns:
        What reading gives; else what went wrong.
    """
    random = Random(case)
    with tempfile.TemporaryDirectory() as folder:
        path = make(random, Path(folder))
        try:
            with _alarm():
                return read(random, path)
        except (Exception, _Hang) as error:
            return f"case {case}: {type(error).__name__}: {str(error)[:300]}"


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _Hang(f"more than {LIMIT_SECONDS} seconds")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def _read(random: Random, path: Path) -> str:
    """Reads for training and for answering, and holds what is read to what is promised."""
    options = ColumnOptions(
        text_column=seldom(random, "text", "txet"),
        label_column=seldom(random, "label", "stars", "lable"),
        group_column=seldom(random, "film"),
        target=random.choice(("classes", "classes", "labels", "number")),
        label_rule=seldom(random, "a:<5,b:>=5"),
        skip_bad_rows=random.random() < 0.8,
    )
    answered = goes_well(lambda: _answer(path, options))
    learnt = goes_well(lambda: _learn(path, options))
    return OUTCOMES[0 if learnt else 1 if answered else 2]


def seldom(random: Random, *values: Any) -> Any:
    """One of the values in a tenth of the cases, else None."""
    return random.choice(values) if random.random() < 0.1 else None


def goes_well(reading: Callable[[], None]) -> bool:
    """Whether nothing was complained about; a complaint must be one line."""
    try:
        reading()
    except (DataError, OptionError) as error:
        message = str(error)
        assert message, "an empty message"
        assert message.isprintable(), f"not one plain line: {message!r}"
        assert len(message) < 10 * LONGEST, f"a message of {len(message)} characters"
        return False
    return True


def _learn(path: Path, options: ColumnOptions) -> None:
    examples = TextExamples(open_source(path, "train"), options)
    found = survey(examples, options.target)
    again = list(found.again(examples))
    assert len(again) == found.count > 0
    for example in again:
        assert example.text.strip(), f"{example.place}: an empty text"
        example.text.encode()
    classes = found.encoder.classes
    assert "".join(f"{name}\n" for name in classes).split("\n") == [*classes, ""], classes
    assert not any("\r" in name or name != name.strip() for name in classes), classes
    encoded = found.encoder.encode([example.label for example in again])
    assert len(encoded) == found.count
    known = LabelEncoder(options.target, classes[:1] if options.target == "classes" else classes)
    try:
        train, held = found.split(0.3, seed=0)
        assert {*train} | {*held} == {*range(found.count)}
    finally:
        for example in examples.known(known):
            assert example.text


def _answer(path: Path, options: ColumnOptions) -> None:
    source = open_source(path, "test")
    rows = [example.row for example in TextExamples(source, options, labelled=False)]
    assert rows == [*range(1, len(rows) + 1)], "rows without an answer"


# Making files


def broken(random: Random, folder: Path) -> Path:
    """Write a file or a folder that was valid and had a few random changes."""
    kind = random.choice(("csv", "csv", "tsv", "jsonl", "jsonl", "folder"))
    if kind == "folder":
        return _broken_folder(random, folder / "data")
    return written(random, folder, _valid(random, kind), f".{kind}", ENDINGS)


def written(
    random: Random, folder: Path, content: bytes, ending: str, endings: Sequence[str]
) -> Path:
    """Write what is changed of a content, in a quarter of the cases gzipped.

    Args:
        random: Decides how.
        folder: Where to.
        content: A well-formed file.
        ending: The ending of its name.
        endings: What it may seldom be instead.
    """
    content = _changed(random, content, most=4)
    if random.random() < 0.25:
        content = gzip.compress(content, compresslevel=1)
        ending += ".gz"
        if random.random() < 0.7:
            content = _changed(random, content, most=2)
    if random.random() < 0.1:
        ending = random.choice(endings)
    path = folder / f"data{ending}"
    path.write_bytes(content)
    return path


def _broken_folder(random: Random, folder: Path) -> Path:
    """Classes as sub-folders; sometimes in parts, sometimes with odd names, always few files."""
    parts = random.choice(([""], [""], ["train", "test"], ["train"]))
    names = random.sample(("pos", "neg", "10", "9", "é", "a b", "x\ny", ".hidden", "unsup"), 3)
    for part in parts:
        for name in names:
            path = folder / part / name
            path.mkdir(parents=True)
            for number in range(random.randrange(4)):
                text = _text(random).encode("utf-8", "surrogatepass")
                if random.random() < 0.2:
                    text = gzip.compress(text)
                if random.random() < 0.5:
                    text = _changed(random, text, most=2)
                name_of_file = random.choice((f"{number}.txt", f"{number}", f"{number}\n\x1b.txt"))
                (path / name_of_file).write_bytes(text)
    if random.random() < 0.1:
        (folder / "stray.txt").write_bytes(b"stray")
    if random.random() < 0.05:
        (folder / "pos2").symlink_to("nowhere")
    return folder


def _text(random: Random) -> str:
    return " ".join(random.choices(WORDS, k=random.randrange(12)))


def _value(random: Random, column: str) -> Any:
    if column == "stars":
        return random.choice((1, 2.5, 10, -3, "7", float("nan"), None, 10**400))
    if column in ("label", "film", "id"):
        odd = (*LABELS, *LABELS, 3, True, None, ["pos", "neg"], {"a": [1]})
        return random.choice(LABELS[:2] if random.random() < 0.8 else odd)
    return random.choice((None, 7, "")) if random.random() < 0.1 else _text(random)


def _valid(random: Random, kind: str) -> bytes:
    """A well-formed file of a few rows; what its values mean is another matter."""
    columns = random.choice((["text", "label"], ["text", "label", "film"], [*COLUMNS[:4]]))
    if random.random() < 0.1:
        columns = random.sample(COLUMNS, random.randint(1, len(COLUMNS)))
    rows = [[_value(random, column) for column in columns] for _ in range(random.randrange(12))]
    if random.random() < 0.002:
        more = random.choice((1_000, 50_000))
        rows = [[*row, *["x"] * more] for row in rows]
        columns += [f"c{number}" for number in range(more)]
    if rows and random.random() < 0.002:
        random.choice(rows)[0] = "wörd " * random.choice((20_000, 2_000_000, 4_000_000))
    if kind == "jsonl":
        lines = (json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
        return "".join(lines).encode()
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t" if kind == "tsv" else ",")
    writer.writerows([columns, *rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _changed(random: Random, content: bytes, most: int) -> bytes:
    for _ in range(min(random.randint(1, most), random.randint(1, most))):
        content = random.choice(CHANGES)(random, content)
    return content


def _place(random: Random, content: bytes) -> int:
    return random.randint(0, len(content))


def _span(random: Random, content: bytes) -> tuple[int, int]:
    """A part of the content, seldom a long one."""
    start = _place(random, content)
    return start, min(len(content), start + round(random.expovariate(1 / 20)))


def _flip(random: Random, content: bytes) -> bytes:
    if not content:
        return content
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]


def _insert_token(random: Random, content: bytes) -> bytes:
    at = _place(random, content)
    return content[:at] + random.choice(TOKENS) + content[at:]


def _insert_random(random: Random, content: bytes) -> bytes:
    at = _place(random, content)
    return content[:at] + random.randbytes(random.randint(1, 40)) + content[at:]


def _cut_off(random: Random, content: bytes) -> bytes:
    return content[: _place(random, content)]


def _cut_out(random: Random, content: bytes) -> bytes:
    start, end = _span(random, content)
    return content[:start] + content[end:]


def _repeat(random: Random, content: bytes) -> bytes:
    start, end = _span(random, content)
    return content[:end] + content[start:end] * random.choice((1, 1, 2, 100)) + content[end:]


def _splice(random: Random, content: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    other = _valid(random, random.choice(("csv", "tsv", "jsonl")))
    return content[: _place(random, content)] + other[_place(random, other) :]


def _shuffle_lines(random: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    random.shuffle(lines)
    return b"\n".join(lines)


def _other_encoding(random: Random, content: bytes) -> bytes:
    encoding = random.choice(ENCODINGS)
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def _other_line_ends(random: Random, content: bytes) -> bytes:
    return content.replace(b"\n", random.choice((b"\r", b"\r\n", b"\n\n", b"\xe2\x80\xa8", b"")))


def _mark(_random: Random, content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def _nothing_but_noise(random: Random, _content: bytes) -> bytes:
    return random.randbytes(random.randrange(300))


CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_flip, _flip, _insert_token, _insert_token, _insert_token, _insert_random, _cut_off),
    *(_cut_out, _repeat, _splice, _shuffle_lines, _other_encoding, _other_line_ends, _mark),
    _nothing_but_noise,
)
