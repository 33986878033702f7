"""Signatures refuse inputs that cannot be, and return finite numbers only."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from toolkit.decoding import Decoded
from toolkit.tasks import LanguageModel, Translator
from toolkit.tasks.translation.serving import filled

SMALL: dict[str, Any] = {"embedding_size": 6, "hidden_size": 6, "validation_split": 0.0}
TEXTS = ["the owl flies", "a fox hides", "the hare runs", "an elk drinks"] * 4
Signatures = Mapping[str, Any]


@pytest.fixture(scope="module")
def untrained() -> dict[str, Signatures]:
    """The signatures of tasks that have done all but train."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        plain = LanguageModel(layers=2, **SMALL).fit(TEXTS)
        conditions = ["day", "night"] * 8
        conditioned = LanguageModel(condition_column="label", **SMALL).fit((TEXTS, conditions))
        translator = Translator(token_level="words", **SMALL).fit((TEXTS, TEXTS))
    tasks = {"plain": plain, "conditioned": conditioned, "translator": translator}
    return {name: task._signatures(task.sequence_model) for name, task in tasks.items()}


def arrays(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def finite(outputs: Mapping[str, Any]) -> bool:
    numbers = [a.tolist() for a in arrays(outputs).values() if a.dtype != object]
    json.dumps(numbers, allow_nan=False)  # raises ValueError of numbers that JSON does not have
    return True


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_beam_has_finite_scores_whatever_the_text(
    untrained: dict[str, Signatures], size: int
) -> None:
    texts = tf.constant(["the owl", "", " \t", "fox"])
    found = untrained["translator"]["beam"](texts, tf.constant(size))
    assert finite(found)
    assert finite(untrained["translator"]["serving_default"](texts))
    outputs = arrays(found)
    translations, scores = outputs["translations"], outputs["scores"]
    assert translations.shape == scores.shape == (4, size)
    assert (translations[1:3] == b"").all()
    assert (scores[1:3] == 0).all()
    assert (np.diff(scores, axis=1) <= 0).all()


def test_the_last_hypothesis_is_repeated() -> None:
    scores = tf.constant([[-0.5, -0.75, -np.inf, -np.inf], [-1.0, -2.0, -3.0, -4.0], 4 * [-np.inf]])
    ids = tf.reshape(tf.range(12), [3, 4, 1])
    found = filled(Decoded(ids, scores))
    lowest = np.finfo(np.float32).min
    assert found.scores.numpy().tolist() == [[-0.5, *3 * [-0.75]], [-1, -2, -3, -4], 4 * [lowest]]
    assert found.ids[:, :, 0].numpy().tolist() == [[0, 1, 1, 1], [4, 5, 6, 7], 4 * [8]]


@pytest.mark.slow
def test_logits_are_finite(untrained: dict[str, Signatures]) -> None:
    for name in ("plain", "conditioned"):
        signatures = untrained[name]
        condition = [tf.constant(["day", "night"])][: name == "conditioned"]
        found = signatures["prefill"](tf.constant(["the", ""]), *condition)
        assert finite(found)
        assert found["logits"].numpy()[:, 1].tolist() == [np.finfo(np.float32).min] * 2
        after = signatures["step"](tf.constant([2, 3]), *states_of(found))
        assert finite(after)
        token = tf.argmax(after["logits"], axis=1, output_type=tf.int32)
        assert finite(signatures["read"](tf.constant(["a", "?"]), token, *states_of(after)))


def states_of(outputs: Mapping[str, Any]) -> list[Any]:
    return [outputs[name] for name in sorted(outputs) if name.startswith("state_")]


@pytest.mark.parametrize("wrong", [-1, 10_000])
def test_a_token_that_the_model_does_not_have_is_refused(
    untrained: dict[str, Signatures], wrong: int
) -> None:
    signatures = untrained["plain"]
    states = states_of(signatures["prefill"](tf.constant(["a", "b"])))
    size = signatures["prefill"].get_concrete_function().structured_outputs["logits"].shape[1]
    complaint = rf"token must be the number of a token, 0 to {size - 1}, and is\] \[2 {wrong}\]"
    token = tf.constant([2, wrong])
    with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
        signatures["step"](token, *states)
    with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
        signatures["read"](tf.constant(["x", "y"]), token, *states)


@pytest.mark.slow
def test_inputs_with_unequal_numbers_of_rows_are_refused(
    untrained: dict[str, Signatures],
) -> None:
    signatures, one = untrained["plain"], tf.constant([2])
    two = states_of(signatures["prefill"](tf.constant(["a", "b"])))
    single = [state[:1] for state in two]
    text = tf.constant(["x"])
    complaints = {
        r"token, state_0, state_1 need as many rows, and have\] \[1 2 2\]": (
            lambda: signatures["step"](one, *two)
        ),
        r"token, state_0, state_1 need as many rows, and have\] \[1 1 2\]": (
            lambda: signatures["step"](one, single[0], two[1])
        ),
        r"text, token, state_0, state_1 need as many rows, and have\] \[1 1 2": (
            lambda: signatures["read"](text, one, *two)
        ),
        r"text, token, state_0, state_1 need as many rows, and have\] \[2 1 1": (
            lambda: signatures["read"](tf.constant(["x", "y"]), one, *single)
        ),
        r"text, translation need as many rows, and have\] \[1 2\]": (
            lambda: untrained["translator"]["align"](text, tf.constant(["x", "y"]))
        ),
    }
    conditioned, day = untrained["conditioned"], tf.constant(["day"])
    for name, asked in (("prefill", "prompt"), ("serving_default", "prompt"), ("score", "text")):
        complaint = rf"{asked}, condition need as many rows, and have\] \[2 1\]"
        with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
            conditioned[name](tf.constant(["a", "b"]), day)
    for complaint, ask in complaints.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
            ask()
