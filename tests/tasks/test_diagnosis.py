"""What gradients do in each task's network: the report, its pictures and numbers."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from toolkit.diagnostics import diagnosis
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.tasks import EntityTagger, LanguageModel, TextClassifier, Translator

SMALL: dict[str, Any] = {
    "embedding_size": 6,
    "hidden_size": 7,
    "validation_split": 0.0,
    "batch_tokens": 64,
}
TEXTS = [f"all {n} red birds sang" + " on" * (n % 7) for n in range(30)]
MARKED = [
    {"text": f"so Ada {n} sang at length", "entities": [{"start": 3, "end": 6, "label": "PER"}]}
    for n in range(20)
]
#: A cell whose gradient is quickly compiled; others are those of the number and of the texts.
PLAIN: dict[str, Any] = SMALL | {"cell": "simple_rnn"}
TASKS: dict[str, tuple[Any, Any]] = {
    "classes": (TextClassifier(min_count=1, **PLAIN), (TEXTS, ["a", "b", "c"] * 10)),
    "number": (
        TextClassifier(target="number", bidirectional=False, **SMALL),
        (TEXTS, list(range(30))),
    ),
    "entities": (EntityTagger(characters="none", shape_size=0, **PLAIN), MARKED),
    "translation": (
        Translator(max_tokens=300, label_smoothing=0.0, bidirectional=False, **PLAIN),
        (TEXTS, [text.upper() for text in TEXTS]),
    ),
    "text": (LanguageModel(**SMALL), ["".join(TEXTS)]),
    "conditions": (
        LanguageModel(condition_column="c", token_level="words", **SMALL),
        (TEXTS, ["a", "b"] * 15),
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "classes" else pytest.mark.slow) for name in TASKS],
)
def test_every_task(name: str, tmp_path: Path, not_trained: None) -> None:
    task, data = TASKS[name]
    task.fit(data)
    weights = task.sequence_model.get_weights()
    report = task.diagnose(data, steps=5, output=tmp_path)
    assert json.loads((tmp_path / "diagnosis.json").read_text()) == report

    layers = list(report["gradient_at_distance"])
    network = task.sequence_model.network
    steps = {track["steps"] for track in report["followed"].values()}
    assert steps == {5}
    expected = {"translation": 3, "classes": 2, "entities": 2}.get(name, 1)
    assert len(layers) == expected
    for layer in layers:
        quarters = report["gradient_of_recurrent_weights"][layer]
        assert sum(quarters.values()) == pytest.approx(1, abs=1e-4)
        assert (tmp_path / f"activations_{layer}.png").stat().st_size > 1000
        assert all(0 <= share <= 1 for share in report["saturated"][layer].values())
    with (tmp_path / "gradients.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * len(layers)
    for layer in layers:
        norms = [row["norm_at_distance"] for row in rows if row["layer"] == layer]
        found = report["gradient_at_distance"][layer]
        for distance in (0, 1, 2):
            assert float(norms[distance]) == pytest.approx(found[str(distance)], rel=1e-4)
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert {"gradients.png", "shares.png", "norms.png"} < pictures

    # Of the whole batch the norm is that of the loss that training goes down.
    subject = task._subject(data, network)
    batches = list(subject.batches)
    number = 0
    if name == "conditions":  # one with padding
        number = next(n for n, (_, _, weights) in enumerate(batches) if not weights.all())
    inputs, targets, *more = batches[number]
    with tf.GradientTape() as tape:
        if name in ("classes", "number"):
            loss = network.output_layer.loss()(targets, network(inputs))
        elif name == "text":
            logits = network(inputs["ids"])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
        elif name == "conditions":
            start = network.start(len(targets), inputs["condition"])
            logits = network.run(inputs["ids"], start)[0]
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_sum(each * more[0]) / tf.reduce_sum(more[0])
        else:
            loss = network.compute_loss(inputs, targets, network(inputs), training=False)
    slopes = tape.gradient(loss, [weight.value for weight in network.trainable_weights])
    slopes = [tf.convert_to_tensor(slope) for slope in slopes if slope is not None]
    with (tmp_path / "norms.csv").open() as file:
        row = list(csv.DictReader(file))[number]
    right = float(tf.linalg.global_norm(slopes))
    assert float(row["norm"]) == pytest.approx(right, rel=1e-3)
    largest = max(float(tf.norm(slope)) for slope in slopes)
    assert float(row["largest_of_a_weight"]) == pytest.approx(largest, rel=1e-3)

    for before, after in zip(weights, task.sequence_model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.slow
def test_a_fresh_network_is_another_and_the_same_each_time(
    not_trained: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, data = TASKS["text"]
    task.fit(data)
    # Of the batches' gradients nothing is asked here.
    monkeypatch.setattr(diagnosis, "gradient_norms", lambda *_: np.ones((1, 1)))
    recurrent = task.sequence_model.network.recurrent[0].cell.recurrent_kernel
    recurrent.assign(recurrent * 0)  # nothing comes through, where only these weights count
    learnt = task.diagnose(data, steps=6)["gradient_at_distance"]
    once, again = (
        task.diagnose(data, fresh=True, steps=6)["gradient_at_distance"] for _ in range(2)
    )
    assert once == again != learnt
    np.testing.assert_array_equal(recurrent, 0)


def test_limits_that_would_suit() -> None:
    norms = np.array([[3.0, 4.0]] * 19 + [[30.0, 40.0]])
    found, warnings = diagnosis._clipping(norms, "global_clipnorm", 5.5)
    assert found["norm_median"] == 5
    assert found["norm_largest"] == 50
    assert found["clipped_share"] == 0.05
    assert 5 <= found["suggested_global_clipnorm"] < 50
    assert 4 <= found["suggested_clipnorm"] < 40
    assert not warnings
    found, _ = diagnosis._clipping(norms, "clipnorm", 4.5)  # of the largest weight
    assert found["clipped_share"] == 0.05
    found, _ = diagnosis._clipping(norms, "global_clipnorm", np.inf)
    assert "clipped_share" not in found
    found, warnings = diagnosis._clipping(np.full((2, 2), np.nan), "global_clipnorm", 1.0)
    assert found == {"batches": 2, "global_clipnorm": 1.0, "clipped_share": 1.0}
    assert warnings[0]["message"] == "2 of 2 batches have a gradient that is not finite"


def test_the_longest_texts_are_followed() -> None:
    some, steps = diagnosis.longest(np.array([3, 9, 0, 7, 8, 1]), texts=2, steps=200)
    assert (some.tolist(), steps) == ([1, 4], 8)
    assert diagnosis.longest(np.array([3, 9]), texts=16, steps=4)[1] == 4
    with pytest.raises(DataError, match="no text"):
        diagnosis.longest(np.array([0, 0]), texts=2, steps=200)


def test_what_cannot_be_followed(not_trained: None) -> None:
    with pytest.raises(ModelError, match="diagnose needs what has been learnt"):
        TextClassifier().diagnose(TEXTS)
    task, data = TASKS["text"]
    with pytest.raises(OptionError, match="steps is 0; at least 1"):
        task.fit(data).diagnose(data, steps=0)
    window = TextClassifier(model="one_to_one", min_count=1, **SMALL)
    data = TASKS["classes"][1]
    with pytest.raises(ModelError, match="no recurrent layer"):
        window.fit(data).diagnose(data)
