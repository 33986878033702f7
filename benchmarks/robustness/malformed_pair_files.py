"""Malformed files of pairs (valid ones with random changes), and checks of their reading."""

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.robustness.malformed_text_files import (
    OUTCOMES,
    WORDS,
    is_accepted,
    outcome,
    rarely,
    write_changed,
)
from toolkit.data import PairColumnOptions, PairExamples, Unreadable, open_pairs, source_texts

KINDS = ("parallel", "parallel", "tab", "tab", "csv", "jsonl", "jsonl")
ENDINGS = (".tsv", ".txt", ".csv", ".jsonl", ".ndjson", ".json", ".en", "", ".TSV", ".csv.gz")
NAMES = (("source", "target"), ("src", "tgt"), ("en", "de"), ("target", "source"), ("text", "x"))


def check(seed: int, number: int) -> str:
    """Write one file, or two parallel ones, and read it for training and for prediction.

    Returns:
        One of ``OUTCOMES``, or the description of a failure.
    """
    return outcome(f"pairs {seed} {number}", write_malformed, _read)


def write_malformed(random: Random, folder: Path) -> Path:
    """Write a well-formed file with random changes; of parallel files return the first.

    The second one has the same name with ``.other`` at its end.
    """
    kind = random.choice(KINDS)
    rows = [(_side(random), _side(random)) for _ in range(random.randrange(9))]
    if kind != "parallel":
        ending = {"tab": random.choice((".tsv", ".txt"))}.get(kind, f".{kind}")
        return write_changed(random, folder, _table(random, kind, rows), ending, ENDINGS)
    sides = [
        [str(side).replace("\n", " ") + "\n" for side in column]
        for column in zip(*rows, strict=True)
    ]
    contents = ["".join(side).encode("utf-8", "surrogatepass") for side in sides or ([], [])]
    path = write_changed(random, folder, contents[0], ".en", (".txt", ".de", ""))
    path.with_name(path.name + ".other").write_bytes(contents[1])
    return path


# Reading


def _read(random: Random, path: Path) -> str:
    """Read for training and for prediction, and check what is read."""
    options = PairColumnOptions(
        source_column=rarely(random, "1", "2", "source", "src", "-9", "nothing"),
        target_column=rarely(random, "2", "1", "target", "en", "0"),
        max_length_ratio=rarely(random, 1.0, 2.5),
        quoting=random.choice(("auto", "auto", "auto", "none")),
        skip_bad_rows=random.random() < 0.8,
    )
    other = path.with_name(path.name + ".other")
    data: Any = (path, other) if other.exists() else str(path)
    predictable = is_accepted(lambda: _read_for_prediction(data, options))
    trainable = is_accepted(lambda: _read_for_training(data, options))
    return OUTCOMES[0 if trainable else 1 if predictable else 2]


def _read_for_training(data: Any, options: PairColumnOptions) -> None:
    examples = PairExamples(open_pairs(data, "train", options), options)
    pairs = list(examples)
    assert pairs == list(examples), "a second reading gives other pairs"
    assert pairs
    left_out = examples.bad_rows + examples.skipped_by_ratio
    assert examples.rows == len(pairs) + left_out, "rows are lost without being counted"
    for pair in pairs:
        for side in (pair.source, pair.target):
            assert side.strip(), f"{pair.place}: an empty side"
            assert "\0" not in side
            side.encode()


def _read_for_prediction(data: Any, options: PairColumnOptions) -> None:
    source = open_pairs(data, "test", options)
    texts = list(source_texts(source))
    assert len(texts) == sum(1 for _ in source.records()), "rows without a prediction"
    for text in texts:
        if isinstance(text, Unreadable):
            assert text.problem.isprintable(), f"not one printable line: {text.problem!r}"
        else:
            text.encode()


# Writing files


def _side(random: Random) -> Any:
    """Return one side of a pair; it is rarely odd, and rarely long."""
    if random.random() < 0.05:
        return random.choice(("", " ", None, 7, 2.5, "\u2028", "\ud800", ["a"], {"a": "b"}))
    if random.random() < 0.002:
        return "wörd " * random.choice((20_000, 1_000_000))
    return " ".join(random.choices(WORDS, k=random.randint(1, 9)))


def _table(random: Random, kind: str, rows: list[tuple[Any, Any]]) -> bytes:
    """Return the content of a file with a pair a row; the columns may be more than two."""
    names = [*random.choice(NAMES), *("score", "id", "source")][: random.choice((1, 2, 2, 2, 3, 5))]
    table = [[*row, "0.5", number, "x"][: len(names)] for number, row in enumerate(rows)]
    if kind == "jsonl":
        lines = (json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in table)
        return "".join(lines).encode()
    text = io.StringIO()
    if kind == "tab":
        text.writelines("\t".join(map(str, row)).replace("\n", " ") + "\n" for row in table)
    else:
        csv.writer(text).writerows([names, *table] if random.random() < 0.8 else table)
    return text.getvalue().encode("utf-8", "surrogatepass")
