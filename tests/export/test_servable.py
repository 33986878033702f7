"""The exported model answers Python strings, and complains in one line about anything else."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import ModelError
from toolkit.export.servable import Servable, first_alone


def test_answers_strings(exported):
    answers = Servable.load(exported)(text=["good good", "bad", ""])
    assert answers["label"].tolist() == ["pos", "neg", "neg"]
    logits = np.array([4.0, -2.0, 0.0])
    positive = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(answers["probabilities"][:, 1], positive, atol=1e-6)


def test_an_empty_batch(exported):
    answers = Servable.load(exported)(text=[])
    assert answers["label"].shape == (0,)
    assert answers["probabilities"].shape == (0, 2)


def test_any_python_string_is_answered(exported):
    assert Servable.load(exported)(text=["\ud800 good", "\x00", "مرحبا"])["label"][0] == "pos"


def test_a_version_can_be_named(exported):
    assert Servable.load(exported / "1").folder == exported / "1"


def test_the_newest_version_is_taken(exported, tmp_path):
    for version in ("2", "10"):
        shutil.copytree(exported / "1", tmp_path / version)
    (tmp_path / "11.txt").touch()
    assert Servable.load(tmp_path).folder.name == "10"


def test_classes(exported, tmp_path):
    assert Servable.load(exported).classes() == ["neg", "pos"]
    shutil.copytree(exported / "1", tmp_path / "1")
    (tmp_path / "1/assets/classes.txt").write_text("one\u2028two\n\nthree", encoding="utf-8")
    assert Servable.load(tmp_path).classes() == ["one\u2028two", "", "three"]
    (tmp_path / "1/assets/classes.txt").unlink()
    assert Servable.load(tmp_path).classes() is None


def test_folders_that_are_not_ours(exported, tmp_path):
    def complaint(folder):
        with pytest.raises(ModelError) as caught:
            Servable.load(folder)
        message = str(caught.value)
        assert str(folder) in message
        assert "\n" not in message
        return message

    assert "no such folder" in complaint(tmp_path / "missing")
    (tmp_path / "file").touch()
    assert "this is a file" in complaint(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert "no exported version" in complaint(tmp_path / "empty")
    (tmp_path / "hollow/1").mkdir(parents=True)
    assert "no saved_model.pb in it" in complaint(tmp_path / "hollow")
    for part in ("saved_model.pb", "variables/variables.index"):
        broken = tmp_path / part.replace("/", "_")
        shutil.copytree(exported, broken)
        (broken / "1" / part).write_bytes(b"no")
        assert "not a SavedModel" in complaint(broken)
    tf.saved_model.save(tf.Module(), str(tmp_path / "other/1"))
    assert "serving_default" in complaint(tmp_path / "other")


def test_wrong_calls(exported):
    model = Servable.load(exported)
    with pytest.raises(ModelError, match="there are: serving_default"):
        model(signature="beam", text=["a"])
    with pytest.raises(ModelError, match="takes text, not texts"):
        model(texts=["a"])


def test_the_first_call_is_over_before_another_begins():
    events = []

    def function(number):
        events.append(("begin", number))
        time.sleep(0.05)
        events.append(("end", number))
        return number

    alone = first_alone(function)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(alone, range(4))) == [0, 1, 2, 3]
        (begun, first), (ended, second) = events[:2]
        assert (begun, ended, first) == ("begin", "end", second)
        events.clear()
        assert list(pool.map(alone, range(4))) == [0, 1, 2, 3]
        assert [begun for begun, _ in events[:2]] == ["begin", "begin"]


def test_a_first_call_that_fails_does_not_block_the_next():
    alone = first_alone(lambda number: 1 / number)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            alone(0)
    assert alone(2) == 0.5
