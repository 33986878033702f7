"""Malformed files of running text (valid ones with random changes), and checks of their reading."""

import json
from itertools import pairwise
from pathlib import Path
from random import Random

from benchmarks.robustness.malformed_text_files import (
    OUTCOMES,
    WORDS,
    is_accepted,
    outcome,
    rarely,
    write_changed,
)
from toolkit.data import (
    StreamColumnOptions,
    Unreadable,
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
    open_stream,
    prompts,
    scan,
    size_of,
    whole_texts,
)
from toolkit.data.streams.stream import parted

ENDINGS = (".txt", ".md", ".csv", ".tsv", ".jsonl", ".txt.gz", "", ".TXT")
CONDITIONS = ("pos", "neg", "pos ", "é", "", None, 1, 2.0, ["a"])


def check(seed: int, number: int) -> str:
    """Write one file or folder and read it for training and for prediction.

    Returns:
        One of ``OUTCOMES``, or the description of a failure.
    """
    return outcome(f"running texts {seed} {number}", write_malformed, _read)


def write_malformed(random: Random, folder: Path) -> Path:
    """Write a well-formed file, or a folder of these, with random changes."""
    kind = random.choice(("text", "text", "text", "folder", "table"))
    if kind == "table":
        return write_changed(random, folder, _table(random), ".jsonl", ENDINGS)
    if kind == "text":
        return write_changed(random, folder, _text(random), ".txt", ENDINGS)
    path = folder / "data"
    for number in range(random.randrange(4)):
        (inside := path / f"{number}").mkdir(parents=True)
        write_changed(random, inside, _text(random), ".txt", ENDINGS)
    path.mkdir(exist_ok=True)
    return path


# Reading


def _read(random: Random, path: Path) -> str:
    """Read for training and for prediction, and check what is read."""
    options = StreamColumnOptions(
        text_column=rarely(random, "text", "1", "txet"),
        lines=random.random() < 0.3,
        condition_column="label" if random.random() < 0.2 else None,
        quoting=random.choice(("auto", "auto", "auto", "none")),
        skip_bad_rows=random.random() < 0.8,
    )
    share = random.random()
    if options.condition_column is None:
        predictable = is_accepted(lambda: _read_prompts(path, options))
        trainable = is_accepted(lambda: _read_stream(path, options, share))
    else:
        predictable = is_accepted(lambda: _read_conditioned_prompts(path, options))
        trainable = is_accepted(lambda: _read_conditioned(path, options))
    return OUTCOMES[0 if trainable else 1 if predictable else 2]


def _read_stream(path: Path, options: StreamColumnOptions, share: float) -> None:
    stream = open_stream(path, "train", options)
    size = size_of(stream)
    texts = list(whole_texts(stream))
    assert len(texts) == size.texts, "another number of texts"
    assert sum(map(len, texts)) == size.characters, "another number of characters"
    "".join(texts).encode()
    both = ["".join(whole_texts(part)) for part in parted(stream, size, share)]
    assert "".join(both) == "".join(texts), "the parts are not the whole"


def _read_conditioned(path: Path, options: StreamColumnOptions) -> None:
    examples = conditioned_examples(open_conditioned(path, "train", options), options)
    found = scan(examples, "classes")
    again = list(found.reread(examples))
    assert len(again) == found.count > 0
    names = [*found.encoder.classes]
    assert all(name.strip() == name != "" for name in names), names
    assert all(one.row < other.row for one, other in pairwise(again)), "rows in another order"


def _read_prompts(path: Path, options: StreamColumnOptions) -> None:
    for text in prompts(open_stream(path, "test", options)):
        _check_prompt(text)


def _read_conditioned_prompts(path: Path, options: StreamColumnOptions) -> None:
    source = open_conditioned(path, "test", options)
    found = list(conditioned_prompts(source, options, ["pos", "neg"]))
    assert len(found) == sum(1 for _ in source.records()), "rows without a prediction"
    for each in found:
        _check_prompt(each if isinstance(each, Unreadable) else each[0])


def _check_prompt(text: str | Unreadable) -> None:
    if isinstance(text, Unreadable):
        assert text.problem.isprintable(), f"not one printable line: {text.problem!r}"
    else:
        text.encode()


# Writing files


def _text(random: Random) -> bytes:
    """Return lines of words; rarely a long line, or none."""
    lines = [
        " ".join(random.choices(WORDS, k=random.randrange(9)))
        for _ in range(random.choice((0, 1, 5, 20)))
    ]
    if random.random() < 0.005:
        lines.append("wörd " * random.choice((20_000, 400_000)))
    return random.choice(("\n", "\n", "\n\n", "\r\n")).join(lines).encode()


def _table(random: Random) -> bytes:
    """Return JSON lines with a text and its condition each."""
    rows = []
    for _ in range(random.randrange(9)):
        text = " ".join(random.choices(WORDS, k=random.randrange(9)))
        rows.append(
            {
                "text": random.choice((None, 5, "", "\ud800")) if random.random() < 0.05 else text,
                "label": random.choice(CONDITIONS[:2] if random.random() < 0.9 else CONDITIONS),
            }
        )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
