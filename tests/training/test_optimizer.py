"""Schedules, clipping and the record of the gradients' norms, against closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.training import TrainingOptions, make_optimizer
from toolkit.training.optimizer import WarmupDecay


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1.0, 1.0, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]),
    ],
)
def test_schedule(decay: str, expected: list[float]) -> None:
    schedule = WarmupDecay(1.0, steps=6, warmup_steps=2, decay=decay)
    rates = [float(schedule(step)) for step in range(6)]
    np.testing.assert_allclose(rates, expected, atol=1e-6)
    again = WarmupDecay.from_config(schedule.get_config())
    assert float(again(4)) == rates[4]


def test_schedule_without_warmup_starts_at_its_peak() -> None:
    assert float(WarmupDecay(0.3, 10, 0, "linear")(0)) == pytest.approx(0.3)


def step(options: TrainingOptions, *gradients: list[list[float]]) -> tuple[list, dict]:
    """Apply each gradient by an SGD step, from zero; return the variables and the record."""
    optimizer = make_optimizer(options, steps=len(gradients))
    variables = [keras.Variable(np.zeros(len(part))) for part in gradients[0]]
    optimizer.build(variables)
    for gradient in gradients:
        optimizer.apply([tf.constant(part) for part in gradient], variables)
    return [v.numpy() for v in variables], optimizer.take_record()


SGD = {"optimizer": "sgd", "learning_rate": 1.0, "schedule": "constant", "warmup": 0.0}


def test_global_clipnorm_is_the_lectures_algorithm() -> None:
    options = TrainingOptions(**SGD, global_clipnorm=2.5)
    (a, b), record = step(options, [[3.0], [0.0, 4.0]])
    np.testing.assert_allclose(a, [-1.5], rtol=1e-6)
    np.testing.assert_allclose(b, [0.0, -2.0], rtol=1e-6)
    assert record == {
        "gradient_norm": 5.0,
        "gradient_norm_max": 5.0,
        "clipped_share": 1.0,
        "skipped_steps": 0,
        "learning_rate": 1.0,
    }


def test_clipnorm_clips_each_variable_and_stands_in_for_the_default() -> None:
    options = TrainingOptions(**SGD, clipnorm=1.0)
    (a, b), record = step(options, [[3.0], [0.0, 0.5]])
    np.testing.assert_allclose(a, [-1.0], rtol=1e-6)
    np.testing.assert_allclose(b, [0.0, -0.5], rtol=1e-6)
    assert record["clipped_share"] == 1.0


@pytest.mark.parametrize("clipping", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("size", [1e20, 3e38])
def test_a_huge_gradient_is_clipped_not_dropped(clipping: str, size: float) -> None:
    options = TrainingOptions(**SGD | {clipping: 1.0})
    (a,), record = step(options, [[size, 0.0, 0.0]])
    np.testing.assert_allclose(a, [-1.0, 0.0, 0.0], rtol=1e-6)
    assert record["gradient_norm"] == pytest.approx(size)
    assert (record["clipped_share"], record["skipped_steps"]) == (1.0, 0)


def test_rows_that_are_given_more_than_once_are_summed_before_clipping() -> None:
    """The gradient of Keras's embedding, which takes four steps of norm 1/2 each, is of norm 2."""
    optimizer = make_optimizer(TrainingOptions(**SGD, global_clipnorm=1.0), steps=1)
    table = keras.Variable(np.zeros((3, 2)))
    optimizer.build([table])
    rows = tf.constant([[0.5, 0.0]] * 4)
    optimizer.apply([tf.IndexedSlices(rows, tf.constant([1] * 4), tf.constant([3, 2]))], [table])
    np.testing.assert_allclose(table.numpy(), [[0, 0], [-1, 0], [0, 0]], rtol=1e-6)
    assert optimizer.take_record()["gradient_norm"] == 2.0


def test_a_variable_without_gradient_stays() -> None:
    optimizer = make_optimizer(TrainingOptions(**SGD), steps=1)
    used, unused = keras.Variable(np.zeros(2)), keras.Variable(np.zeros(3))
    optimizer.build([used, unused])
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([tf.constant([3.0, 4.0]), None], [used, unused])
    np.testing.assert_allclose(used.numpy(), [-0.6, -0.8], rtol=1e-6)
    np.testing.assert_array_equal(unused.numpy(), 0)


def test_record_over_several_steps_and_its_reset() -> None:
    options = TrainingOptions(**SGD, global_clipnorm=4.5)
    optimizer = make_optimizer(options, steps=2)
    variable = keras.Variable(np.zeros(2))
    optimizer.build([variable])
    for gradient in ([3.0, 4.0], [0.0, 1.0]):
        optimizer.apply([tf.constant(gradient)], [variable])
    expected = {"gradient_norm": 3.0, "gradient_norm_max": 5.0, "clipped_share": 0.5}
    assert optimizer.take_record() == pytest.approx(
        expected | {"skipped_steps": 0, "learning_rate": 1.0}
    )
    assert optimizer.take_record()["gradient_norm"] == 0


@pytest.mark.parametrize("clipping", [{"global_clipnorm": 2.0}, {"clipnorm": 1.5}, {}])
def test_adam_is_that_of_keras(clipping: dict) -> None:
    """Keras's averages and its clipping of finite gradients are right for a single replica."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (4,), ()]
    options = TrainingOptions(
        **{"global_clipnorm": 0.0} | clipping, ema=0.9, epsilon=0.01, learning_rate=0.1, warmup=0
    )
    ours = make_optimizer(options, steps=8)
    schedule = WarmupDecay(0.1, 8, 0, options.schedule)
    theirs = keras.optimizers.Adam(
        schedule, epsilon=0.01, use_ema=True, ema_momentum=0.9, **clipping
    )
    start = [rng.normal(size=shape) for shape in shapes]
    gradients = [[rng.normal(size=shape) for shape in shapes] for _ in range(4)]
    of_both = []
    for optimizer in (ours, theirs):
        weights = [keras.Variable(value) for value in start]
        optimizer.build(weights)
        for some in gradients:
            optimizer.apply([tf.constant(g, tf.float32) for g in some], weights)
        of_both.append([*weights, *optimizer.variables])
    for mine, expected in zip(*of_both, strict=False):  # the record stands last
        np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)
    assert ours.take_record()["clipped_share"] == (1.0 if clipping else 0.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_step_that_is_not_finite_changes_nothing(optimizer: str, bad: float) -> None:
    options = TrainingOptions(optimizer=optimizer, ema=0.5)
    made = make_optimizer(options, steps=10)
    variable = keras.Variable(np.ones(2))
    made.build([variable])
    made.apply([tf.constant([1.0, 2.0])], [variable])
    kept = [variable, *(v for v in made.variables if v is not made.record["skipped"])]
    before = [v.numpy() for v in kept]
    made.apply([tf.constant([1.0, bad])], [variable])
    after = [v.numpy() for v in kept]
    assert made.skipped_steps == made.take_record()["skipped_steps"] == 1
    assert made.skipped_steps == 0
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": -1.0}, "at least 0"),
        ({"warmup": 1.5}, "at least 0 and below 1"),
        ({"ema": 1.0}, "below 1"),
        ({"global_clipnorm": -1.0}, "global_clipnorm is -1.0"),
    ],
)
def test_impossible_options(options: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        make_optimizer(TrainingOptions(**options), steps=10)
