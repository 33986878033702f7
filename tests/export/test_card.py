"""The card: its facts, its runnable snippets, and no path of the machine that wrote it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from toolkit.export import Card, write_card, write_saved_model
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
    answers = run_snippet(snippet_of(write_card(run, card)), run, monkeypatch)
    assert answers["label"].numpy().tolist() == [b"neg"]


def test_the_snippet_names_the_newest_version(run, card):
    shutil.copytree(run / "1", run / "2")
    assert 'load("2")' in write_card(run, card).read_text(encoding="utf-8")


def snippet_of(path):
    return path.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def run_snippet(snippet, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    exec(snippet, names)
    return names["answers"]


def test_the_snippet_shows_nested_numbers_briefly(
    series_run, series_model, card, tmp_path, monkeypatch
):
    run = shutil.copytree(series_run, tmp_path / "run")
    series = np.random.default_rng(0).normal(size=[150, 2]).astype("float32")
    series[0, 1] = series[-1, 0] = np.nan
    example = {"series": series, "length": 150, "factor": 3}
    other = replace(card, signatures=series_model, example=example)
    snippet = snippet_of(write_card(run, other))
    assert "*148 * [" in snippet
    assert "    length=tf.constant([150], tf.int32),\n" in snippet
    assert "    factor=tf.constant(3, tf.int32),\n" in snippet
    assert max(map(len, snippet.splitlines())) < 120
    answers = run_snippet(snippet, run, monkeypatch)
    assert answers["sums"].shape == (1, 150)
    np.testing.assert_allclose(answers["sums"][0, 0], 3 * series[0, 0], rtol=1e-3)
    assert answers["missing"].numpy().tolist() == [2]


def test_the_snippet_of_pictures_and_bytes(run, card, monkeypatch):
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 20, 20, 3], tf.uint8, name="frames"),
            tf.TensorSpec([None], tf.string, name="wav"),
            tf.TensorSpec([None], tf.float32, name="lowest"),
        ]
    )
    def serve(frames, wav, lowest):
        return {"sum": tf.shape(frames), "size": tf.strings.length(wav), "lowest": lowest}

    write_saved_model(run, {"serving_default": serve})
    wav = b"RIFF" + bytes(range(256)) * 100
    example = {"frames": np.full([30, 20, 20, 3], 200), "wav": wav, "lowest": -np.inf}
    other = replace(card, signatures={"serving_default": serve}, example=example)
    snippet = snippet_of(write_card(run, other))
    assert len(snippet) < 1200
    answers = run_snippet(snippet, run, monkeypatch)
    assert answers["sum"].numpy().tolist() == [1, 30, 20, 20, 3]
    assert answers["size"].numpy().tolist() == [len(wav)]
    assert answers["lowest"].numpy().tolist() == [-np.inf]


def test_atomic_write(tmp_path):
    path = tmp_path / "new" / "file.txt"
    assert atomic_write(path, "one\r\n\u2028") == path
    assert path.read_bytes() == "one\r\n\u2028".encode()
    with pytest.raises(UnicodeEncodeError):
        atomic_write(path, "two\ud800")
    assert path.read_bytes() == "one\r\n\u2028".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]
