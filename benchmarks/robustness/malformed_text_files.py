"""Malformed files of texts (valid files with a few random changes), and checks of their reading.

A case is a function of the seed and its number, so that a failure can be reproduced.
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

from toolkit.data import ColumnOptions, LabelEncoder, TextExamples, open_source, scan
from toolkit.errors import MAX_MESSAGE_LENGTH, DataError, OptionError

#: The time limit for a file; the largest are read in about a second.
LIMIT_SECONDS = 20

#: A file can be used for training, for prediction only (it has no usable labels), or is refused.
OUTCOMES = ("used for training", "used for prediction only", "refused")

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

#: Byte strings that often break parsers.
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


class _Timeout(BaseException):
    """Reading took too long. It is not an Exception, so that no handler hides it."""


def check(seed: int, number: int) -> str:
    """Write one file or folder and read it for training and for prediction.

    Returns:
        One of ``OUTCOMES``, or the description of a failure.
    """
    return outcome(f"files {seed} {number}", write_malformed, _read)


def outcome(
    case: str, make: Callable[[Random, Path], Path], read: Callable[[Random, Path], str]
) -> str:
    """Write a file or folder that is a function of the case's name, and read it.

    Returns:
        The result of reading, or the description of a failure.
    """
    random = Random(case)
    with tempfile.TemporaryDirectory() as folder:
        path = make(random, Path(folder))
        try:
            with _time_limit():
                return read(random, path)
        except (Exception, _Timeout) as error:
            return f"case {case}: {type(error).__name__}: {str(error)[:300]}"


@contextmanager
def _time_limit() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _Timeout(f"more than {LIMIT_SECONDS} seconds")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def _read(random: Random, path: Path) -> str:
    """Read for training and for prediction, and check what is read."""
    options = ColumnOptions(
        text_column=rarely(random, "text", "txet"),
        label_column=rarely(random, "label", "stars", "lable"),
        group_column=rarely(random, "film"),
        target=random.choice(("classes", "classes", "labels", "number")),
        label_rule=rarely(random, "a:<5,b:>=5"),
        skip_bad_rows=random.random() < 0.8,
    )
    predictable = is_accepted(lambda: _read_for_prediction(path, options))
    trainable = is_accepted(lambda: _read_for_training(path, options))
    return OUTCOMES[0 if trainable else 1 if predictable else 2]


def rarely(random: Random, *values: Any) -> Any:
    """Return one of the values in a tenth of the cases, otherwise None."""
    return random.choice(values) if random.random() < 0.1 else None


def is_accepted(reading: Callable[[], None]) -> bool:
    """Return whether reading raises no error; an error message must be one line."""
    try:
        reading()
    except (DataError, OptionError) as error:
        message = str(error)
        assert message, "an empty message"
        assert message.isprintable(), f"not one printable line: {message!r}"
        assert len(message) < 10 * MAX_MESSAGE_LENGTH, f"a message of {len(message)} characters"
        return False
    return True


def _read_for_training(path: Path, options: ColumnOptions) -> None:
    examples = TextExamples(open_source(path, "train"), options)
    found = scan(examples, options.target)
    again = list(found.reread(examples))
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


def _read_for_prediction(path: Path, options: ColumnOptions) -> None:
    source = open_source(path, "test")
    rows = [example.row for example in TextExamples(source, options, labelled=False)]
    assert rows == [*range(1, len(rows) + 1)], "rows without a prediction"


# Writing files


def write_malformed(random: Random, folder: Path) -> Path:
    """Write a valid file or folder with a few random changes."""
    kind = random.choice(("csv", "csv", "tsv", "jsonl", "jsonl", "folder"))
    if kind == "folder":
        return _write_malformed_folder(random, folder / "data")
    return write_changed(random, folder, _valid(random, kind), f".{kind}", ENDINGS)


def write_changed(
    random: Random, folder: Path, content: bytes, ending: str, endings: Sequence[str]
) -> Path:
    """Write a randomly changed content, gzipped in a quarter of the cases.

    Args:
        random: The random generator.
        folder: The folder to write to.
        content: The content of a well-formed file.
        ending: The ending of the file's name.
        endings: Endings that replace it in a tenth of the cases.
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


def _write_malformed_folder(random: Random, folder: Path) -> Path:
    """Write classes as sub-folders, some with parts, some with odd names, all with few files."""
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
    """Return the content of a well-formed file of a few rows; its values may be odd."""
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


def _offset(random: Random, content: bytes) -> int:
    return random.randint(0, len(content))


def _span(random: Random, content: bytes) -> tuple[int, int]:
    """Return the start and end of a part of the content, rarely a long one."""
    start = _offset(random, content)
    return start, min(len(content), start + round(random.expovariate(1 / 20)))


def _flip(random: Random, content: bytes) -> bytes:
    if not content:
        return content
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]


def _insert_token(random: Random, content: bytes) -> bytes:
    at = _offset(random, content)
    return content[:at] + random.choice(TOKENS) + content[at:]


def _insert_random(random: Random, content: bytes) -> bytes:
    at = _offset(random, content)
    return content[:at] + random.randbytes(random.randint(1, 40)) + content[at:]


def _truncate(random: Random, content: bytes) -> bytes:
    return content[: _offset(random, content)]


def _delete_span(random: Random, content: bytes) -> bytes:
    start, end = _span(random, content)
    return content[:start] + content[end:]


def _repeat(random: Random, content: bytes) -> bytes:
    start, end = _span(random, content)
    return content[:end] + content[start:end] * random.choice((1, 1, 2, 100)) + content[end:]


def _splice(random: Random, content: bytes) -> bytes:
    """Return the beginning of one file and the end of another."""
    other = _valid(random, random.choice(("csv", "tsv", "jsonl")))
    return content[: _offset(random, content)] + other[_offset(random, other) :]


def _shuffle_lines(random: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    random.shuffle(lines)
    return b"\n".join(lines)


def _other_encoding(random: Random, content: bytes) -> bytes:
    encoding = random.choice(ENCODINGS)
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def _other_line_ends(random: Random, content: bytes) -> bytes:
    return content.replace(b"\n", random.choice((b"\r", b"\r\n", b"\n\n", b"\xe2\x80\xa8", b"")))


def _byte_order_mark(_random: Random, content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def _noise(random: Random, _content: bytes) -> bytes:
    return random.randbytes(random.randrange(300))


CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_flip, _flip, _insert_token, _insert_token, _insert_token, _insert_random, _truncate),
    *(
        _delete_span,
        _repeat,
        _splice,
        _shuffle_lines,
        _other_encoding,
        _other_line_ends,
        _byte_order_mark,
    ),
    _noise,
)
