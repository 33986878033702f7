"""Trainings on the command line that the tests of a task and of its pipeline share.

The files that use one are in the same group of pytest-xdist, so that one process trains.
"""

import gzip
import importlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest


class TrainedRun(NamedTuple):
    """A run of ``train``.

    Attributes:
        folder: The folder with its data.
        path: The folder of the run.
        line: The words of the command line, without the verb.
    """

    folder: Path
    path: Path
    line: Sequence[str]


def train(pipeline: str, folder: Path, data: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Train with the command line of a pipeline."""
    line = [str(word) for word in (*data, "--output", folder / "run")]
    for name, value in options.items():
        line += [f"--{name.replace('_', '-')}", str(value)]
    assert importlib.import_module(f"pipelines.{pipeline}").main(["train", *line]) == 0
    return TrainedRun(folder, folder / "run", line)


def load_archive(task: Any, run: TrainedRun, folder: Path) -> Any:
    """Load a task from the ``model.keras`` of a run alone, copied into a new folder."""
    folder.mkdir()
    shutil.copy(run.path / "model.keras", folder)
    return task.load(folder)


# Translation

TRANSLATOR: dict[str, Any] = {
    "embedding_size": 16,
    "hidden_size": 32,
    "max_tokens": 330,
    "epochs": 8,
    "batch_tokens": 128,
    "learning_rate": 0.01,
    "embedding_dropout": 0.1,
    "output_dropout": 0.1,
    "label_smoothing": 0.0,
    "storage": "float32",
}
PAIRS = 700
ENGLISH = ["red", "blue", "old", "new", "Bird", "fish", "tree", "house"]
GERMAN = ["rot", "blau", "alt", "neu", "Vogel", "Fisch", "Baum", "Häuschen"]


def pairs(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Return random words, and their German translations in the opposite order."""
    random = np.random.default_rng(seed)
    rows = [random.integers(len(ENGLISH), size=random.integers(1, 5)) for _ in range(count)]
    sources = [" ".join(ENGLISH[word] for word in row) for row in rows]
    targets = [", ".join(GERMAN[word] for word in row[::-1]) + "!" for row in rows]
    return sources, targets


@pytest.fixture(scope="session")
def translator_run(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """A translator of ``pairs``."""
    folder = tmp_path_factory.mktemp("translation")
    for name, side in zip(("a.en.gz", "a.de.gz"), pairs(PAIRS, seed=1), strict=True):
        (folder / name).write_bytes(gzip.compress("".join(f"{t}\n" for t in side).encode()))
    held_out = [{"source": a, "target": b} for a, b in zip(*pairs(60, seed=2), strict=True)]
    validation = folder / "validation.jsonl"
    validation.write_text("".join(f"{json.dumps(row)}\n" for row in held_out))
    (folder / "golden.txt").write_text("old Bird\n\n🙂 new\n", encoding="utf-8")
    sides = ["--source", folder / "a.en.gz", "--target", folder / "a.de.gz"]
    sides += ["--validation-data", validation, "--golden", folder / "golden.txt"]
    return train("translation", folder, sides, TRANSLATOR)


# Named entities

TAGGER: dict[str, Any] = {
    "embedding_size": 12,
    "hidden_size": 12,
    "character_size": 8,
    "shape_size": 4,
    "affix_size": 2,
    "epochs": 8,
    "batch_tokens": 128,
    "learning_rate": 0.02,
    "ema": 0.0,
    "embedding_dropout": 0.1,
    "output_dropout": 0.1,
}
FIRST = ["Ada", "Bo", "Cleo", "Dov", "Eva", "Finn"]
LAST = ["Moss", "Ng", "O'Hara", "Pike", "Quist"]
TOWN = ["Arles", "Bray", "Cork", "Delft"]


def records(rows: int, seed: int) -> list[dict[str, Any]]:
    """Return sentences in which capitals and the word before give entities away."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(rows):
        person = f"{random.choice(FIRST)} {random.choice(LAST)}"
        town = str(random.choice(TOWN))
        text, entities = "", []
        for piece, label in [
            (str(random.choice(["today we saw ", "the firm of ", "so did "])), ""),
            (person, "PER") if random.random() < 0.8 else ("nobody", ""),
            (str(random.choice([" in ", " near "])), ""),
            (town, "LOC") if random.random() < 0.8 else ("town", ""),
            (str(random.choice([".", "!", " at last."])), ""),
        ]:
            if label:
                end = len(text) + len(piece)
                entities.append({"start": len(text), "end": end, "label": label})
            text += piece
        found.append({"text": text, "entities": entities})
    return found


def as_columns(some: list[dict[str, Any]]) -> str:
    """Return the sentences as a column file, cut at white space and before punctuation."""
    lines = []
    for record in some:
        text = record["text"]
        for mark in ".!":
            text = text.replace(mark, f" {mark}")
        tags = {}
        for entity in record["entities"]:
            for number, word in enumerate(record["text"][entity["start"] : entity["end"]].split()):
                tags[word] = f"{'B' if number == 0 else 'I'}-{entity['label']}"
        lines += [f"{word} x {tags.get(word, 'O')}" for word in text.split()]
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def tagger_run(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """A tagger of ``records``."""
    folder = tmp_path_factory.mktemp("entities")
    path = folder / "train.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records(300, seed=1)))
    return train("ner", folder, ["--data", path], TAGGER)


# Language modelling

LANGUAGE_MODEL: dict[str, Any] = {
    "embedding_size": 12,
    "hidden_size": 24,
    "window": 16,
    "learning_rate": 0.01,
    "ema": 0,
}
TEXT = "".join(f"{n} and {n + 1} are {2 * n + 1}.\n" for n in range(150))


@pytest.fixture(scope="session")
def language_model_run(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """A language model of ``TEXT``."""
    folder = tmp_path_factory.mktemp("language_model")
    (folder / "sums.txt").write_text(TEXT)
    options = LANGUAGE_MODEL | {"epochs": 2}
    return train("language_model", folder, ["--data", folder / "sums.txt"], options)
