"""Malformed files of entities (valid files with random changes), and checks of their reading."""

import csv
import io
import json
from itertools import accumulate, pairwise
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
from toolkit.data import EntityColumnOptions, EntityExamples, spans_of, tags_of
from toolkit.data.entities.scan import scan_entities
from toolkit.tagging.schemes import SCHEMES, to_bioes
from toolkit.tagging.spans import Span

LABELS = ("PER", "LOC", "e-mail", "B-X", "é", "work of art", "O", "I-", "1", "a\n")
KINDS = ("columns", "columns", "columns", "spans", "spans", "lists", "table", "table")
ENDINGS = {
    "columns": (".conll", ".txt", ".iob", ".tsv", ""),
    "spans": (".jsonl", ".ndjson", ".json"),
    "lists": (".jsonl", ".json"),
    "table": (".csv",),
}


def check(seed: int, number: int) -> str:
    """Write one file and read it for training and for prediction.

    Returns:
        One of ``OUTCOMES``, or the description of a failure.
    """
    return outcome(f"entities {seed} {number}", write_malformed, _read)


def write_malformed(random: Random, folder: Path) -> Path:
    """Write a well-formed file, in most cases with random changes; its values may be odd."""
    kind = random.choice(KINDS)
    content, ending = _valid(random, kind), random.choice(ENDINGS[kind])
    if random.random() < 0.3:
        path = folder / f"data{ending}"
        path.write_bytes(content)
        return path
    endings = [ending for of_kind in ENDINGS.values() for ending in of_kind]
    return write_changed(random, folder, content, ending, endings)


# Reading


def _read(random: Random, path: Path) -> str:
    """Read for training and for prediction, and check what is read."""
    scheme: Any = "auto" if random.random() < 0.7 else random.choice(SCHEMES)
    options = EntityColumnOptions(
        token_column=rarely(random, "1", "word", "tokens", "-9", "text"),
        tag_column=rarely(random, "-1", "2", "tag", "tags", "0"),
        sentence_column=rarely(random, "sentence", "word", "nothing"),
        text_column=rarely(random, "text", "words"),
        entities_column=rarely(random, "entities", "tags"),
        tag_scheme=scheme,
        skip_bad_rows=random.random() < 0.8,
    )
    predictable = is_accepted(lambda: _read_for_prediction(path, options))
    trainable = is_accepted(lambda: _read_for_training(path, options))
    return OUTCOMES[0 if trainable else 1 if predictable else 2]


def _read_for_training(path: Path, options: EntityColumnOptions) -> None:
    examples = EntityExamples(path, options)
    found = scan_entities(examples)
    again = list(examples)
    assert len(again) == found.count > 0
    for example in again:
        where, text, spans = example.place, example.text, example.spans
        if text is None:
            assert all(example.tokens), f"{where}: an empty token"
            assert len(example.tags) == len(example.tokens) > 0, where
            spans = tuple(spans_of(example.tags))
            assert tags_of(spans, len(example.tags)) == [*example.tags], example.tags
            "".join(example.tokens).encode()
        else:
            assert text == text.encode().decode() != "", where
            marked = [text[span.start : span.end] for span in spans]
            assert all(words and words == words.strip() for words in marked), marked
            assert all(span.start >= 0 and span.end <= len(text) for span in spans), spans
        assert all(one.end <= other.start for one, other in pairwise(spans)), spans
        assert {*found.labels} >= example.labels
    names = found.labels
    assert "".join(f"{name}\n" for name in names).split("\n") == [*names, ""], names
    assert not any("\r" in name or not name.strip() for name in names), names
    known = EntityExamples(path, options, labels=names[:1])
    try:
        train, held = found.split(0.3, seed=0)
        assert {*train} | {*held} == {*range(found.count)}
    finally:
        for example in known:
            assert example.labels <= {*names[:1]}


def _read_for_prediction(path: Path, options: EntityColumnOptions) -> None:
    examples = list(EntityExamples(path, options, labelled=False))
    rows = [example.row for example in examples]
    assert rows == [*range(1, len(rows) + 1)], "rows without a prediction"
    for example in examples:
        assert not example.labels
        "".join((example.text or "", *example.tokens)).encode()


# Writing files


def _valid(random: Random, kind: str) -> bytes:
    """Return the content of a well-formed file of a few sentences; its values may be odd."""
    if kind == "spans":
        rows = [_texts(random) for _ in range(random.randrange(6))]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    scheme = random.choice((*SCHEMES, "IOB2"))
    sentences = [_sentence(random, scheme) for _ in range(random.randrange(8))]
    if random.random() < 0.1:  # in another scheme
        sentences += [_sentence(random, random.choice(SCHEMES))]
    if kind == "lists":
        rows = [
            {"tokens": _rarely_odd(random, tokens), "tags": _rarely_odd(random, tags)}
            for tokens, tags in sentences
        ]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "table":
        return _table(random, sentences)
    separator = random.choice((" ", " ", "\t"))
    between = random.choice(("\n", "\n", "\n", "\n\n", " \n", "\n-DOCSTART- O\n\n", ""))
    more = ["x"] * random.choice((0, 0, 1, 3))
    blocks = [
        "".join(
            separator.join((token, *more, tag)) + "\n" for token, tag in zip(*each, strict=True)
        )
        for each in sentences
    ]
    return between.join(blocks).encode("utf-8", "surrogatepass")


def _sentence(random: Random, scheme: str) -> tuple[list[str], list[str]]:
    """Return tokens and tags; rarely very many."""
    size = 20_000 if random.random() < 0.002 else random.randrange(1, 12)
    tokens = [random.choice(WORDS).replace(" ", "_") for _ in range(size)]
    labels = LABELS[:2] if random.random() < 0.9 else LABELS
    spans, place = [], 0
    while (start := place + random.randrange(4)) < size:
        place = min(size, start + random.randint(1, 3))
        spans.append(Span(start, place, random.choice(labels)))
    tags = to_bioes(tags_of(spans, size)) if scheme == "BIOES" else tags_of(spans, size)
    if scheme == "IO":
        tags = [tag if tag == "O" else tag[2:] for tag in tags]
    if scheme == "IOB1":
        others = ["", *(tag[2:] for tag in tags)]
        tags = [
            f"I{tag[1:]}" if tag != "O" and tag[2:] != before else tag
            for before, tag in zip(others, tags, strict=False)
        ]
    return tokens, [tag.replace("\n", "") for tag in tags]


def _texts(random: Random) -> dict[str, Any]:
    tokens, tags = _sentence(random, "IOB2")
    starts = [0, *accumulate(len(token) + 1 for token in tokens)]
    entities: list[Any] = []
    for start, end, label in spans_of(tags):
        entity = [starts[start], starts[end - 1] + len(tokens[end - 1]), label]
        if random.random() < 0.1:
            places = (0, 1, end, len(tokens), -1, 10**30, 1.0, True, "1", None)
            entity[random.randrange(2)] = random.choice((*places, starts[-1], starts[start]))
            entity[2] = random.choice((label, label, label, " ", "a\nb", "\r", "\x85", 5, None))
        as_dict = dict(zip(Span._fields, entity, strict=True))
        entities.append(random.choice((as_dict, as_dict, list(entity))))
    return {"text": " ".join(tokens), "entities": entities}


def _rarely_odd(random: Random, values: list[str]) -> list[Any]:
    if random.random() < 0.95:
        return values
    odd: list[Any] = ["", " ", None, 5, "a\0", "a\nb", "B-\n", "I-", [], "b_X", "\u2028"]
    return [random.choice(odd) if random.random() < 0.2 else value for value in values]


def _table(random: Random, sentences: list[tuple[list[str], list[str]]]) -> bytes:
    columns = [random.choice(("sentence", "sentence_id", "Sentence #")), "word", "tag"]
    first_rows_alone = random.random() < 0.3
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for number, (tokens, tags) in enumerate(sentences):
        for place, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
            writer.writerow(["" if place and first_rows_alone else number, token, tag])
    return text.getvalue().encode("utf-8", "surrogatepass")
