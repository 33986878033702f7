"""Resumed trainings: they end bit for bit as without the interruption."""

import errno
import io
import json
import signal
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.corpora.prefetch import prefetched
from toolkit.errors import ModelError, OptionError
from toolkit.training import (
    CHECKPOINT,
    TrainingOptions,
    checkpoint_place,
    discard_checkpoint,
    fit,
)
from toolkit.training import checkpoint as checkpoint_module
from toolkit.training.callbacks import Position, Record
from toolkit.training.checkpoint import Checkpoint
from toolkit.training.interruption import interrupt
from toolkit.training.progress import Progress

EPOCHS, BATCHES = 4, 5
IDENTITY = {"seed": 0, "training_data": 1}


def slow(*values: Any) -> Any:
    """Return the values of a test that is marked slow."""
    return pytest.param(*values, marks=pytest.mark.slow)


class CutOff(BaseException):
    """An exception in place of the end of a killed process; the toolkit does not catch it."""


class Batches:
    """Batches of noise that is a function of epoch and batch."""

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
    layers = [keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.4)]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    model.build((None, 3))
    return model


def train(
    folder: Path | None, identity: dict | None = IDENTITY, press_in: int = -1, **options
) -> tuple:
    """Train, with Ctrl-C in the validation of epoch ``press_in``; return variables and rows."""
    model = make_model()
    settings = {"checkpoint_seconds": 0.0, "ema": 0.8, "patience": 2, "learning_rate": 0.1}
    scores = []

    def validate() -> dict[str, float]:
        if len(scores) == press_in:
            signal.raise_signal(signal.SIGINT)
        weights = np.concatenate([w.ravel() for w in model.get_weights()])
        scores.append(float(np.sin(40 * weights.sum())))  # goes up and down
        return {"accuracy": float(scores[-1] > 0), "log_loss": -scores[-1]}

    rows = fit(
        model,
        Batches(),
        TrainingOptions(**settings | options),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        epochs=EPOCHS,
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
        validate=validate,
        monitor="accuracy",
        mode="max",
        folder=folder,
        identity=identity,
        description=str(identity),
    )
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    everything = [v.numpy() for v in checkpoint_module.all_variables(model)]
    return everything, rows


@cache
def undisturbed(**options) -> tuple:
    """Return the result of a training without interruption and without checkpoints."""
    return train(None, **options)


@pytest.fixture(autouse=True)
def _a_checkpoint_after_each_batch(monkeypatch):
    monkeypatch.setattr(checkpoint_module, "SHARE", float("inf"))


def cut_off(monkeypatch, folder: Path, written: int, lost: int, **options) -> None:
    """Train until checkpoints are written and further ones are lost; then raise ``CutOff``."""
    write, due = checkpoint_module.write_state, count(1)

    def write_or_die(*arguments) -> None:
        number = next(due)
        if number <= written:
            write(*arguments)
        if number == written + lost:
            raise CutOff

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module, "write_state", write_or_die)
        with pytest.raises(CutOff):
            train(folder, **options)


def assert_same(expected: tuple, found: tuple) -> None:
    assert found[1] == expected[1]
    for value, value_again in zip(expected[0], found[0], strict=True):
        np.testing.assert_array_equal(value, value_again)


@pytest.mark.parametrize(
    ("options", "cuts"),
    [
        ({}, [(5, 0), (9, 1)]),  # at the beginning and in the middle of an epoch
        slow({}, [(1, 0), (13, 0)]),
        slow({"ema": 0.0}, [(6, 0)]),
        slow({"precision": "mixed_float16"}, [(7, 2)]),
    ],
)
def test_the_end_is_the_same_wherever_it_was_cut_off(tmp_path, monkeypatch, options, cuts) -> None:
    expected = undisturbed(**options)
    assert len(expected[1]) > 2
    for written, lost in cuts:
        folder = tmp_path / str(written)
        cut_off(monkeypatch, folder, written, lost, **options)
        assert (folder / CHECKPOINT / "state.npz").is_file()
        assert_same(expected, train(folder, **options))


@pytest.mark.slow
def test_it_may_be_cut_off_again_and_again(tmp_path, monkeypatch) -> None:
    for _ in range(2):
        cut_off(monkeypatch, tmp_path, 6, 1)
    assert_same(undisturbed(), train(tmp_path))


def state_of(folder: Path) -> dict:
    with np.load(folder / CHECKPOINT / "state.npz") as file:
        return json.loads(str(file["facts"]))


def press(monkeypatch, batch: int, times: int = 1, signal_number: int = signal.SIGINT) -> list[int]:
    """Send a signal in the callback after a batch; return a list that collects ended batches."""
    update, ended = Progress.on_train_batch_end, []

    def press_and_update(self, number, logs=None) -> None:
        if len(ended) == batch:
            for _ in range(times):
                signal.raise_signal(signal_number)
        ended.append(number)
        update(self, number, logs)

    monkeypatch.setattr(Progress, "on_train_batch_end", press_and_update)
    return ended


# In the first batch, nothing is written; in an epoch's last one, the state before it is.
@pytest.mark.parametrize(
    ("batch", "kept"),
    [
        (0, None),
        slow(1, (0, 2)),
        slow(3, (0, 4)),
        (4, (0, 4)),
        slow(5, (1, 1)),
        slow(18, (3, 4)),
    ],
)
def test_ctrl_c_writes_a_checkpoint(tmp_path, monkeypatch, batch, kept) -> None:
    rarely = {"checkpoint_seconds": 1e9, "patience": 9}
    expected = undisturbed(patience=9)
    with monkeypatch.context() as patch:
        press(patch, batch)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, **rarely)
    if kept is None:
        assert checkpoint_place(tmp_path) is None
    else:
        assert (state_of(tmp_path)["epoch"], state_of(tmp_path)["batch"]) == kept
        assert checkpoint_place(tmp_path) == f"epoch {kept[0] + 1}, batch {kept[1]}"
    assert_same(expected, train(tmp_path, **rarely))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_write_one_too(tmp_path, monkeypatch, number) -> None:
    rarely = {"checkpoint_seconds": 1e9, "patience": 9}
    before = signal.signal(number, interrupt)
    try:
        with monkeypatch.context() as patch:
            press(patch, 3, signal_number=number)
            with pytest.raises(KeyboardInterrupt) as caught:
                train(tmp_path, **rarely)
        assert caught.value.number == number
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)
    assert checkpoint_place(tmp_path) == "epoch 1, batch 4"
    assert_same(undisturbed(patience=9), train(tmp_path, **rarely))


@pytest.mark.parametrize("epoch", [slow(0), EPOCHS - 1])
def test_ctrl_c_does_not_wait_for_the_validation(tmp_path, epoch) -> None:
    rarely = {"checkpoint_seconds": 1e9, "patience": 9}
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, press_in=epoch, **rarely)
    assert checkpoint_place(tmp_path) == f"epoch {epoch + 1}, batch {BATCHES - 1}"
    assert len(state_of(tmp_path)["rows"]) == epoch
    assert_same(undisturbed(patience=9), train(tmp_path, **rarely))


def test_ctrl_c_pressed_again_ends_the_training_at_once(tmp_path, monkeypatch) -> None:
    ended = press(monkeypatch, 2, times=2)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, checkpoint_seconds=1e9)
    assert len(ended) == 2
    assert checkpoint_place(tmp_path) is None


@pytest.mark.parametrize("batch", [0, 7])
def test_ctrl_c_is_as_it_was_afterwards(tmp_path, monkeypatch, batch) -> None:
    press(monkeypatch, batch)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_left_to_whoever_sees_to_it(tmp_path, monkeypatch) -> None:
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        press(monkeypatch, 7)
        assert_same(undisturbed(), train(tmp_path))
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [True]


def test_an_ended_training_can_be_ended_again(tmp_path) -> None:
    expected = train(tmp_path, checkpoint_seconds=1e9, patience=9)
    assert checkpoint_place(tmp_path) == f"epoch {EPOCHS}, batch {BATCHES - 1}"
    assert_same(expected, train(tmp_path, patience=9))


@pytest.mark.slow
def test_it_says_where_it_begins(tmp_path, monkeypatch, caplog) -> None:
    caplog.set_level("INFO", "toolkit")
    with monkeypatch.context() as patch:
        press(patch, 0)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert "from the beginning" not in caplog.text
    cut_off(monkeypatch, tmp_path, 7, 0)
    assert caplog.text.count("has no checkpoint yet") == 1
    train(tmp_path)
    assert caplog.messages.count("resuming from epoch 2, batch 2") == 1
    assert caplog.text.count("from the beginning") == 1


def test_only_the_same_training_goes_on(tmp_path, monkeypatch) -> None:
    cut_off(monkeypatch, tmp_path, 2, 0)
    with pytest.raises(OptionError, match=r"npz is of a training with seed 0 \(now 1\); delete it"):
        train(tmp_path, IDENTITY | {"seed": 1})
    with pytest.raises(OptionError, match=r"is of a training with other training data; delete it"):
        train(tmp_path, IDENTITY | {"training_data": 2})
    with pytest.raises(OptionError, match=r"other training data, seed 0 \(now 1\)"):
        train(tmp_path, {"training_data": 2, "seed": 1})
    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.version", lambda name: f"0.{len(name)}")
        with pytest.raises(OptionError, match=r"with tensorflow \S+ \(now 0\.10\), keras "):
            train(tmp_path)
    (tmp_path / CHECKPOINT / "state.npz").unlink()
    train(tmp_path, IDENTITY | {"seed": 1})
    discard_checkpoint(tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()
    train(tmp_path, IDENTITY | {"seed": 1})


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> bytes:
    """The checkpoint of an interrupted training."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_module, "SHARE", float("inf"))
        cut_off(patch, folder, 2, 0)
    return (folder / CHECKPOINT / "state.npz").read_bytes()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "pickle", "facts", "network"])
def test_a_broken_checkpoint_says_what_to_do(tmp_path, interrupted, damage) -> None:
    content = interrupted
    path = tmp_path / CHECKPOINT / "state.npz"
    path.parent.mkdir()
    hostile = io.BytesIO()
    np.save(hostile, np.asarray([print], object), allow_pickle=True)
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    other, larger = io.BytesIO(), io.BytesIO()
    np.savez(other, **arrays | {"facts": np.asarray("{}")})
    np.savez(larger, **arrays | {"variable_0": np.zeros((4, 6), np.float32)})
    damaged = {"cut": content[:-40], "empty": b"", "text": b"no", "pickle": hostile.getvalue()}
    damaged |= {"facts": other.getvalue(), "network": larger.getvalue()}
    path.write_bytes(damaged[damage])
    with pytest.raises(ModelError, match=r"state\.npz .*; delete it to train from the beginning"):
        train(tmp_path)


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch, caplog) -> None:
    def full(*_) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint_module, "write_state", full)
    monkeypatch.setattr("toolkit.training.callbacks.atomic_write", full)
    assert_same(undisturbed(), train(tmp_path))
    for name in ("state.npz", "history.csv"):
        assert f"{name} cannot be written ([Errno 28] No space left on device)" in caplog.text


def test_checkpoints_take_no_more_than_their_share(tmp_path, monkeypatch) -> None:
    """The clock of the test says that a batch takes 1 second and a checkpoint 10."""
    now, writes = [0.0], []

    def write(*_) -> None:
        writes.append(now[0])
        now[0] += 10

    monkeypatch.setattr(checkpoint_module, "SHARE", 0.02)
    monkeypatch.setattr(checkpoint_module, "write_state", write)
    monkeypatch.setattr(checkpoint_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    position = Position(10_000)
    checkpoint = Checkpoint(tmp_path / "state.npz", {}, 30, position, Record(None))
    checkpoint._state = dict  # the content does not matter here
    for position.batch in range(1, 5_000):
        now[0] += 1
        checkpoint.on_train_batch_end(position.batch)
    assert writes[0] == 30
    assert len(writes) > 5
    assert 10 * len(writes) <= 0.021 * now[0]
