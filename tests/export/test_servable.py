"""Exported models as functions of Python values, with errors of one line for other values."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import ModelError
from toolkit.export.servable import Servable, first_alone, of_python


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


def test_assets(exported, tmp_path):
    assert Servable.load(exported).asset("classes.txt") == "neg\npos\n"
    shutil.copytree(exported / "1", tmp_path / "1")
    (tmp_path / "1/assets/classes.txt").write_text("one\u2028two\n\nthree", encoding="utf-8")
    assert Servable.load(tmp_path).asset("classes.txt") == "one\u2028two\n\nthree"
    (tmp_path / "1/assets/classes.txt").write_bytes(b"\xff")
    with pytest.raises(ModelError, match=r"assets/classes\.txt is damaged: it is not UTF-8"):
        Servable.load(tmp_path).asset("classes.txt")
    (tmp_path / "1/assets/classes.txt").unlink()
    assert Servable.load(tmp_path).asset("classes.txt") is None


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
    for part in ("saved_model.pb", "variables/variables.index", "fingerprint.pb"):
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


def test_answers_nested_numbers(series_run):
    series = [[[0.5, None], [2, 3]], [[1.0, 1.0], [float("nan"), 0.0]]]
    answers = Servable.load(series_run)(series=series, length=[2, 1], factor=2)
    assert answers["sums"].tolist() == [[1.0, 10.0], [4.0, -1.0]]
    assert answers["missing"].tolist() == [1, 0]
    array = np.array(series, dtype=float)
    for other in (array, array.astype("float32"), tf.constant(array, tf.float32), [*array]):
        again = Servable.load(series_run)(series=other, length=np.array([2, 1]), factor=2)
        assert again["sums"].tolist() == answers["sums"].tolist()
    empty = Servable.load(series_run)(series=np.zeros([0, 3, 2]), length=[], factor=2)
    assert empty["sums"].shape[0] == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"series": [[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]]}, "inhomogeneous"),
        ({"series": [[1.0, 2.0]]}, r"must be float32 \[B, N, 2\], and has shape \(1, 2\)"),
        ({"series": [[[1.0, 2.0, 3.0]]]}, "has shape"),
        ({"series": [[["a", "b"]]]}, "cannot be converted"),
        ({"series": [[["a", None]]]}, "str cannot be converted"),
        ({"length": [1.5]}, "float64 cannot be converted"),
        ({"length": [None]}, "object cannot be converted"),
        ({"length": [2**31]}, "2147483648 is out of its range"),
        ({"factor": [1]}, r"must be int32 \[\], and has shape"),
        ({"factor": "1"}, "cannot be converted"),
        ({"factor": tf.constant(1.0)}, "factor must be int32"),
    ],
)
def test_values_that_the_signature_does_not_take(series_model, wrong, words):
    ask = of_python(series_model["serving_default"])
    with pytest.raises(ModelError, match=words) as caught:
        ask(**({"series": [[[1.0, 2.0]]], "length": [1], "factor": 1} | wrong))
    assert "\n" not in str(caught.value)


def test_bytes_pass_as_they_are_and_pixels_have_a_range():
    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="wav"),
            tf.TensorSpec([None, 2], tf.uint8, name="pixels"),
        ]
    )
    def serve(wav, pixels):
        return {"size": tf.strings.length(wav), "pixels": pixels}

    ask = of_python(serve)
    answers = ask(wav=[b"\xff\x00", "ä"], pixels=[[0, 255], [1, 2]])
    assert answers["size"].tolist() == [2, 2]
    assert answers["pixels"].tolist() == [[0, 255], [1, 2]]
    with pytest.raises(ModelError, match="0 to 256 is out of its range"):
        ask(wav=["a"], pixels=[[0, 256]])
    with pytest.raises(ModelError, match=r"wav must be string \[B\]: 7 is not a string"):
        ask(wav=[7], pixels=[[0, 1]])
    with pytest.raises(ModelError, match="and has shape"):
        ask(wav="a", pixels=[[0, 1]])


def test_the_first_call_is_over_before_another_begins():
    events = []
    wait = partial(time.sleep, 0.05)  # time in which another call could begin

    def function(number):
        events.append(("begin", number))
        wait()
        events.append(("end", number))
        return number

    alone = first_alone(function)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(alone, range(4))) == [0, 1, 2, 3]
        (begun, first), (ended, second) = events[:2]
        assert (begun, ended, first) == ("begin", "end", second)
        together = Barrier(4)  # passed only by four calls at once
        wait = partial(together.wait, 60)
        assert list(pool.map(alone, range(4))) == [0, 1, 2, 3]


def test_a_first_call_that_fails_does_not_block_the_next():
    alone = first_alone(lambda number: 1 / number)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            alone(0)
    assert alone(2) == 0.5
