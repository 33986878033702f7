"""The card says everything, and nothing about the machine it was written on."""

import shutil

import pytest

from toolkit.export import Card, write_card
from toolkit.files import atomic_write


@pytest.fixture
def run(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "run")


@pytest.fixture
def card(word_counter):
    return Card(
        task="Says whether a film review is positive or negative.",
        data="/home/someone/reviews.csv",
        rows=12345,
        classes={"neg": 6000, "a|b": 6345},
        validation="10 % of the rows, by film",
        metrics={"validation accuracy": 0.91234},
        command="python -m pipelines.sentiment train --data ../reviews.csv",
        signatures=word_counter[0],
        example={"text": 'A "good" film.'},
        parameters=3,
        long_texts="Of texts beyond 400 words the head is kept.",
        limits=["English only."],
    )


def test_says_everything(run, card):
    text = write_card(run, card).read_text(encoding="utf-8")
    for part in [
        "# run", "reviews.csv: 12,345 rows", "| a\\|b | 6,345 |", "0.9123", "MB (version 1)",
        "| `serving_default` | `text` string [B] |", "`probabilities` float32 [B, 2]",
        "TensorFlow 2.", "Keras 3.", "- Of texts beyond 400", "- English only.", card.command,
    ]:  # fmt: skip
        assert part in text
    assert "/home" not in text
    assert str(run.parent) not in text


def test_the_snippet_works(run, card, monkeypatch):
    text = write_card(run, card).read_text(encoding="utf-8")
    snippet = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(run)
    names = {}
    exec(snippet, names)
    assert names["answers"]["label"].numpy().tolist() == [b"neg"]


def test_the_snippet_names_the_newest_version(run, card):
    shutil.copytree(run / "1", run / "2")
    assert 'load("2")' in write_card(run, card).read_text(encoding="utf-8")


def test_atomic_write(tmp_path):
    path = tmp_path / "new" / "file.txt"
    assert atomic_write(path, "one\r\n\u2028") == path
    assert path.read_bytes() == "one\r\n\u2028".encode()
    with pytest.raises(UnicodeEncodeError):
        atomic_write(path, "two\ud800")
    assert path.read_bytes() == "one\r\n\u2028".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]
