"""Fitting: the weights that it keeps, its record, and its end."""

import csv
import re
from itertools import cycle, islice
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.corpora.prefetch import prefetched
from toolkit.errors import DivergedError, OptionError
from toolkit.training import TrainingOptions, fit
from toolkit.training.progress import Ending, epoch_line


class Line:
    """Batches of examples of y = 2 x, or the given batches."""

    def __init__(self, *batches: tuple[list, list]) -> None:
        self.batches = batches or tuple(
            (np.full((4, 1), x, np.float32), np.full((4, 1), 2 * x, np.float32)) for x in (1, 2, 3)
        )

    def __len__(self) -> int:
        return len(self.batches)

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        signature = (tf.TensorSpec([None, 1]), tf.TensorSpec([None, 1]))
        return prefetched(lambda: islice(cycle(self.batches), batch, None), signature)


def make_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.build((None, 1))
    return model


def slope(model: keras.Model) -> float:
    return float(model.get_weights()[0][0, 0])


OPTIONS = {"optimizer": "sgd", "learning_rate": 0.05, "schedule": "constant", "warmup": 0.0}


def run(model: keras.Model, data: Line, options: TrainingOptions, **arguments) -> list[dict]:
    return fit(model, data, options, loss=keras.losses.MeanSquaredError(), **arguments)


def test_learns_and_records(tmp_path: Path) -> None:
    model = make_model()
    rows = run(model, Line(), TrainingOptions(**OPTIONS), epochs=20, folder=tmp_path)
    assert slope(model) == pytest.approx(2, abs=0.05)
    assert [row["epoch"] for row in rows] == list(range(1, 21))
    assert rows[0]["gradient_norm"] > rows[-1]["gradient_norm"] >= 0
    assert rows[0]["clipped_share"] > 0
    with (tmp_path / "history.csv").open(newline="") as file:
        written = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert written == rows


def test_the_best_weights_are_kept_and_patience_ends_the_training(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="toolkit")
    model = make_model()
    scores = iter([0.1, 0.9, 0.5, 0.4, 0.3, 0.2])
    seen = []

    def validate() -> dict[str, float]:
        seen.append(slope(model))
        return {"accuracy": next(scores)}

    options = TrainingOptions(**OPTIONS, patience=2)
    ends: list[Ending] = []
    rows = run(
        *(model, Line(), options),
        epochs=6,
        validate=validate,
        monitor="accuracy",
        mode="max",
        ended=ends.append,
    )
    assert [*map(str, ends)] == ["no better accuracy for 2 epochs; kept epoch 2"]
    assert ends[0].epoch == 2
    assert len(rows) == 4
    *lines, end = [record.getMessage() for record in caplog.records]
    assert [re.findall(r"accuracy 0\.\d\*?", line) for line in lines[1:]] == [
        *(["accuracy 0.1*"], ["accuracy 0.9*"], ["accuracy 0.5"], ["accuracy 0.4"]),
    ]
    said = r"no better accuracy for 2 epochs: 4 epochs in \d+ s; kept epoch 2"
    assert re.fullmatch(said, end)
    assert slope(model) == seen[1]
    assert [row["val_accuracy"] for row in rows] == [0.1, 0.9, 0.5, 0.4]


@pytest.mark.parametrize(
    ("losses", "kept"),
    [([0.1, 0.4, 0.2, 0.3, 0], 2), ([0.5, 0.1, 0.2, 0.4, 0], 1), ([None] * 5, 1)],
)
def test_the_log_loss_decides_between_equals(losses, kept) -> None:
    """Epochs 2 to 5 are equal and do not reset the patience of 2, so epoch 4 is the last."""
    model = make_model()
    scores = zip([0.1, 0.9, 0.9, 0.9, 0.9], losses, strict=True)
    seen = []

    def validate() -> dict[str, float]:
        seen.append(slope(model))
        accuracy, log_loss = next(scores)
        return {"accuracy": accuracy} | ({} if log_loss is None else {"log_loss": log_loss})

    options = TrainingOptions(**OPTIONS, patience=2)
    rows = run(model, Line(), options, epochs=6, validate=validate, monitor="accuracy", mode="max")
    assert len(rows) == len(set(seen)) == 4
    assert slope(model) == seen[kept]


def test_while_nothing_is_right_the_log_loss_decides() -> None:
    model = make_model()
    losses, seen = iter([5.0, 1.0, 3.0, 4.0, 0.5]), []

    def validate() -> dict[str, float]:
        seen.append(slope(model))
        return {"share": 0.0, "log_loss": next(losses)}

    options = TrainingOptions(**OPTIONS, patience=2)
    run(model, Line(), options, epochs=5, validate=validate, monitor="share", mode="max")
    assert len(seen) == 4
    assert slope(model) == seen[1]


def test_epochs_in_which_nothing_is_right_do_not_wear_out_patience() -> None:
    shares = iter([0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.3, 0.2])
    rows = run(
        make_model(),
        Line(),
        TrainingOptions(**OPTIONS, patience=2),
        epochs=8,
        validate=lambda: {"share": next(shares)},
        monitor="share",
        mode="max",
    )
    assert len(rows) == 7
    never = run(
        make_model(),
        Line(),
        TrainingOptions(**OPTIONS, patience=2),
        epochs=6,
        validate=lambda: {"share": 0.0},
        monitor="share",
        mode="max",
    )
    assert len(never) == 6
    error = iter([0.0, 0.1, 0.2, 0.3])
    rows = run(
        make_model(),
        Line(),
        TrainingOptions(**OPTIONS, patience=2),
        epochs=4,
        validate=lambda: {"error": next(error)},
        monitor="error",
        mode="min",
    )
    assert len(rows) == 3


def test_averaged_weights_are_what_is_validated_and_kept() -> None:
    decay = 0.5
    model = make_model()
    data = Line((np.ones((1, 1), np.float32), np.full((1, 1), 2, np.float32)))
    seen = []

    def validate() -> dict[str, float]:
        seen.append(slope(model))
        return {"loss": -len(seen)}

    options = TrainingOptions(**OPTIONS | {"learning_rate": 0.1}, ema=decay, global_clipnorm=None)
    run(model, data, options, epochs=4, validate=validate, monitor="loss", mode="min")
    raw, average, expected = 0.0, None, []
    for _ in range(4):
        raw += 0.1 * 2 * (2 - raw)  # one step of gradient descent on (2 - w) squared
        average = raw if average is None else decay * average + (1 - decay) * raw
        expected.append(average)
    np.testing.assert_allclose(seen, expected, rtol=1e-5)
    assert slope(model) == pytest.approx(expected[-1], rel=1e-5)


def test_a_loss_that_is_no_number_stops_at_its_batch_and_keeps_the_last_good_weights() -> None:
    bad = np.full((1, 1), np.nan, np.float32)
    good = (np.ones((1, 1), np.float32), np.full((1, 1), 2, np.float32))
    model = make_model()
    ends: list[Ending] = []
    line = Line(good, good, (bad, bad), good)
    with pytest.raises(DivergedError, match="epoch 1, batch 3"):
        run(model, line, TrainingOptions(**OPTIONS), epochs=2, ended=ends.append)
    said = "the loss or the gradient was not finite any more; kept the last good weights"
    assert [*map(str, ends)] == [said]
    expected = make_model()
    run(expected, Line(good, good), TrainingOptions(**OPTIONS), epochs=1)
    assert slope(model) == slope(expected) > 0


def test_an_exploding_step_size_is_reported_as_divergence() -> None:
    options = TrainingOptions(**OPTIONS | {"learning_rate": 1e30}, global_clipnorm=None)
    model = make_model()
    with pytest.raises(DivergedError, match="learning_rate"):
        run(model, Line(), options, epochs=5)
    assert np.isfinite(slope(model))


class InfiniteSlope(keras.losses.Loss):
    """The square root of the squared error, whose derivative at an error of zero is 0 / 0."""

    def call(self, y_true, y_pred):
        return keras.ops.sqrt(keras.ops.square(y_true - y_pred))


def test_a_gradient_that_is_not_finite_stops_at_its_batch_although_the_loss_is() -> None:
    good = (np.ones((1, 1), np.float32), np.full((1, 1), 2, np.float32))
    bad = (np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))
    model = make_model()
    with pytest.raises(DivergedError, match="gradient is not finite any more in epoch 1, batch 2"):
        fit(
            model, Line(good, bad, good), TrainingOptions(**OPTIONS), loss=InfiniteSlope(), epochs=2
        )
    assert slope(model) == pytest.approx(0.05)


def test_loss_scaling_meets_infinite_gradients_by_itself() -> None:
    """The scale begins at 2^15, so the first gradients, near 2^15 * 16, overflow float16."""
    options = TrainingOptions(**OPTIONS, precision="mixed_float16")
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="mixed_float16")
    model = keras.Sequential([layer])
    model.build((None, 1))
    rows = run(model, Line(), options, epochs=20)
    assert rows[-1]["skipped_steps"] == 0
    assert slope(model) > 1


def test_the_learning_rate_on_record_is_that_of_the_last_step() -> None:
    options = TrainingOptions(**OPTIONS | {"schedule": "linear"})
    (row,) = run(make_model(), Line(), options, epochs=1)
    assert row["learning_rate"] == pytest.approx(0.05 / 3)


def test_the_bar_is_taken_away_when_an_epoch_is_interrupted(monkeypatch) -> None:
    closed = []
    bar = SimpleNamespace(n=0, disable=True, close=lambda: closed.append(True))

    def update(_: int) -> None:
        raise KeyboardInterrupt

    bar.update = update
    monkeypatch.setattr("toolkit.training.progress.tqdm", lambda **_: bar)
    with pytest.raises(KeyboardInterrupt):
        run(make_model(), Line(), TrainingOptions(**OPTIONS), epochs=1)
    assert closed


def test_a_callback_ends_the_training_in_the_middle_or_at_the_end_of_an_epoch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="toolkit")

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None) -> None:
            seen.append(batch)
            self.model.stop_training |= len(seen) == at

    for at in (1, 3, 5):
        seen: list[int] = []
        rows = run(make_model(), Line(), TrainingOptions(**OPTIONS), epochs=4, callbacks=[Stop()])
        assert len(seen) == at
        assert len(rows) == -(-at // 3)
        assert caplog.messages[-1].startswith("a callback ended the training: ")


def test_callbacks_see_the_validation_and_the_weights_that_it_measured() -> None:
    class Epochs(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None) -> None:
            seen.append((logs["val_accuracy"], slope(self.model)))

    model, seen = make_model(), []
    run(
        *(model, Line(), TrainingOptions(**OPTIONS, ema=0.5)),
        epochs=2,
        validate=lambda: {"accuracy": slope(model)},
        monitor="accuracy",
        mode="max",
        callbacks=[Epochs()],
    )
    assert seen == [(value, value) for _, value in seen]
    assert len(seen) == 2


@pytest.mark.parametrize("shares", [0, 3])
def test_an_epochs_line_has_five_figures_in_at_most_100_columns(shares: int) -> None:
    row = {"epoch": 12, "loss": 0.412345, "val_accuracy": 0.871234, "val_macro_f1": 0.87}
    row |= {"val_log_loss": 0.33, "gradient_norm": 1.234, "skipped_steps": 0, "seconds": 9.0}
    row |= {f"val_share_of_a_class_with_a_long_name_{n}": 0.5 for n in range(shares)}
    assert epoch_line(row, 60, "val_accuracy", is_best=True, left=270) == (
        "epoch 12/60: loss 0.412, gradient 1.23, accuracy 0.8712*, log_loss 0.33, macro_f1 0.87; "
        "4 min left"
    )
    long = row | {f"val_{'a' * 50}": 0.5}
    line = epoch_line(long, 60, f"val_{'a' * 50}", left=3900)
    assert line == f"epoch 12/60: loss 0.412, {'a' * 50} 0.5; 1 h 5 min left"
    assert epoch_line({"epoch": 1, "loss": 2.5, "skipped_steps": 2}, 1) == (
        "epoch 1/1: loss 2.5, skipped 2"
    )


def test_tensorboard_logs_are_written(tmp_path: Path) -> None:
    options = TrainingOptions(**OPTIONS, tensorboard=str(tmp_path))
    run(make_model(), Line(), options, epochs=2)
    assert list(tmp_path.rglob("events.out.tfevents*"))


def test_tensorboard_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"^tensorboard needs the package tensorboard, which is"):
        run(make_model(), Line(), TrainingOptions(tensorboard="logs"), epochs=1)
