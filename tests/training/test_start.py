"""A training that goes on from an earlier one."""

from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.corpora.prefetch import prefetched
from toolkit.training import TrainingOptions, fit
from toolkit.training.optimizer import WarmupDecay
from toolkit.training.start import Start, hand_over_slots, suits
from toolkit.training.state import State, read_any_state, write_state

BATCHES = 3
BASE: dict[str, Any] = {"schedule": "constant", "warmup": 0.0, "learning_rate": 0.1, "patience": 9}


class Batches:
    """Noise that is a function of epoch and batch."""

    def __len__(self) -> int:
        return BATCHES

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        def elements() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for number in count(epoch * BATCHES + batch):
                x = np.random.default_rng([7, number]).normal(size=(8, 3)).astype(np.float32)
                yield x, (x.sum(axis=1) > 0).astype(np.int32)

        signature = (tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.int32))
        return prefetched(elements, signature)


def make_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.4, seed=3)]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    model.build((None, 3))
    return model


def train(
    epochs: int,
    start: Start | None = None,
    validated: bool = True,
    model: keras.Model | None = None,
    folder: Path | None = None,
    **options: Any,
) -> tuple[keras.Model, list[dict[str, float]], list[State]]:
    """Return the trained model, the rows of its epochs and the state at the end."""
    model = model or make_model()
    states: list[State] = []

    def validate() -> dict[str, float]:
        model.layers[1].seed_generator.next()  # as Keras's recurrent layers do, also in inference
        weights = np.concatenate([w.ravel() for w in model.get_weights()])
        return {"accuracy": float(np.sin(40 * weights.sum()))}  # goes up and down

    rows = fit(
        model,
        Batches(),
        TrainingOptions(**BASE | options),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        epochs=epochs,
        start=start or Start(),
        validate=validate if validated else None,
        monitor="accuracy",
        mode="max",
        folder=folder,
        identity=None if folder is None else {},
        keep=states.append,
    )
    return model, [{**row, "seconds": 0} for row in rows], states


@cache
def longer(**options: Any) -> tuple[keras.Model, list[dict[str, float]], list[State]]:
    """Return what five epochs in one training come to."""
    return train(5, **options)


@pytest.mark.parametrize(("ema", "validated"), [(0.0, True), (0.8, False), (0.8, True)])
def test_from_the_kept_state_it_ends_as_a_longer_training(
    tmp_path: Path, ema: float, validated: bool
) -> None:
    _, _, (state,) = train(2, validated=validated, ema=ema)
    write_state(tmp_path / "state.npz", state, {})
    kept = read_any_state(tmp_path / "state.npz")
    assert kept is not None
    start = Start(2, [], kept[0], exact=True)
    model, rows, (end,) = train(3, start, validated, ema=ema)
    whole, all_rows, (whole_end,) = longer(validated=validated, ema=ema)
    assert rows == all_rows
    assert len(rows) == 5
    np.testing.assert_equal(model.get_weights(), whole.get_weights())
    np.testing.assert_equal(end.variables, whole_end.variables)
    np.testing.assert_equal(end.best, whole_end.best)
    assert (end.stopping, end.steps) == (whole_end.stopping, 15)


def test_the_state_is_four_times_the_weights_and_five_times_with_averages() -> None:
    for ema, times in ((0.0, 4), (0.8, 5)):
        model, _, (state,) = train(1, ema=ema)
        size = sum(weight.size for weight in model.get_weights())
        kept = [a for a in (*state.variables, *state.best) if a.ndim and a.dtype == np.float32]
        assert sum(a.size for a in kept) == times * size


def test_what_stopped_early_goes_on_for_as_many_epochs_as_asked() -> None:
    _, rows, (state,) = train(9, patience=1)
    assert state.stopping["stopped_epoch"] == len(rows) - 1 < 8
    start = Start(len(rows), [], state, exact=True)
    _, more, _ = train(1, start, patience=1)
    assert [row["epoch"] for row in more] == [*range(1, len(rows) + 2)]


def test_without_a_state_the_first_weights_are_the_best_so_far() -> None:
    model = make_model()
    weights = np.concatenate([w.ravel() for w in model.get_weights()]).sum()
    model.layers[-1].bias.assign([0.5 * (np.pi / 80 - weights % (np.pi / 20))] * 2)  # accuracy 1
    before = model.get_weights()
    _, rows, _ = train(2, Start(4, [{"epoch": 4.0}]), model=model)
    assert [row["epoch"] for row in rows] == [4, 5, 6]
    assert max(row["val_accuracy"] for row in rows[1:]) < 0.99
    np.testing.assert_equal(model.get_weights(), before)


def test_no_epochs_change_nothing(tmp_path: Path) -> None:
    model = make_model()
    before = model.get_weights()
    _, rows, states = train(0, Start(2), model=model, folder=tmp_path, ema=0.5)
    assert (rows, states) == ([], [])
    np.testing.assert_equal(model.get_weights(), before)


def test_the_schedule_begins_anew_after_the_steps_before() -> None:
    anew, later = WarmupDecay(1.0, 10, 2, "linear"), WarmupDecay(1.0, 10, 2, "linear", first=7)
    rates = [float(later(step)) for step in range(7, 17)]
    assert rates == [float(anew(step)) for step in range(10)]
    assert rates[0] == 0.5
    assert later.get_config() == {**anew.get_config(), "first": 7}
    _, rows, (state,) = train(2, schedule="linear")
    _, more, _ = train(2, Start(2, [], state), schedule="linear", validated=False)
    # Two epochs of three steps: the last step of the first has fallen by two sixths.
    assert [row["learning_rate"] for row in (*rows, *more)] == pytest.approx(
        [0.1 * (1 - 2 / 6), 0.1 * (1 - 5 / 6)] * 2
    )


def test_a_larger_model_gets_zeros_for_what_its_optimizer_has_not_seen() -> None:
    _, _, (state,) = train(2, ema=0.8)
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.4, seed=3)]
    model = keras.Sequential([*layers, keras.layers.Dense(3)])
    model.build((None, 3))
    train(0, Start(2), model=model, ema=0.8)  # compiles it
    assert not suits(state, model)
    hand_over_slots(state, model)
    variables = model.optimizer.variables
    gathered = 0
    for variable, old in zip(variables, state.variables[-len(variables) :], strict=True):
        value = variable.numpy()
        if "average" in variable.path or old.ndim == 0:
            continue
        part = tuple(slice(size) for size in old.shape)
        np.testing.assert_equal(value[part], old)
        assert np.count_nonzero(value) == np.count_nonzero(old)
        gathered += value.shape != old.shape
    assert gathered == 4  # the moments of kernel and bias
    assert int(model.optimizer.iterations.numpy()) == 6
    averages = model.optimizer._model_variables_moving_average
    np.testing.assert_equal([a.numpy() for a in averages], model.get_weights())
