"""The classifier of series from data to answers: fitted, exported, frame by frame."""

import json
import logging
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from toolkit.errors import DataError, ModelError, OptionError
from toolkit.export import Servable, read_golden
from toolkit.export.verify import verify
from toolkit.tasks import SequenceClassifier
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.sequences.prepared import skeleton
from toolkit.tasks.sequences.task import BATCH, BATCH_FRAMES, _batches

Array = NDArray[Any]

SMALL: dict[str, Any] = {
    "hidden_size": 12,
    "epochs": 12,
    "batch_tokens": 256,
    "learning_rate": 0.02,
    "ema": 0.0,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "bidirectional": False,
}
NAN = np.nan


def bumps(rows: int, seed: int) -> tuple[list[Array], list[str]]:
    """Return series [T, 2] with a bump in each channel, classified by the channel that is first.

    Neither the mean of a channel nor any other sum over time tells the classes apart.
    """
    random = np.random.default_rng(seed)
    series, labels = [], []
    for number in range(rows):
        steps = random.integers(12, 25)
        places = np.sort(random.choice(steps - 4, 2, replace=False)) + 2
        labels.append(("left", "right")[number % 2])
        bump = np.exp(-((np.arange(steps)[:, None] - places[:: 1 - 2 * (number % 2)]) ** 2))
        series.append((3 * bump + random.normal(0, 0.1, bump.shape)).astype(np.float32))
    return series, labels


@pytest.fixture(scope="module")
def fitted() -> SequenceClassifier:
    return SequenceClassifier(**SMALL).fit(bumps(240, seed=1))


@pytest.fixture(scope="module")
def run(fitted: SequenceClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "bumps"
    fitted.save(folder)
    fitted.export(folder)
    return folder


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="toolkit")
    return caplog


# Learning


def test_it_learns_the_order_of_time(fitted: SequenceClassifier) -> None:
    (series, labels), (tests, answers) = bumps(240, seed=1), bumps(60, seed=2)
    assert fitted.classes == ("left", "right")
    assert fitted.evaluate((tests, answers))["accuracy"] > 0.95

    def moments(some: Iterable[Array]) -> Array:
        return np.array([[*s.mean(axis=0), *s.std(axis=0), *s.max(axis=0)] for s in some])

    means = [
        moments(s for s, of in zip(series, labels, strict=True) if of == c).mean(axis=0)
        for c in fitted.classes
    ]
    distances = [np.linalg.norm(moments(tests) - mean, axis=1) for mean in means]
    nearest = np.array(fitted.classes)[np.argmin(distances, axis=0)]
    assert np.mean(nearest == answers) < 0.65  # what each channel does by itself tells nothing


def test_it_answers_with_probabilities_of_all_classes(fitted: SequenceClassifier) -> None:
    (answer,) = fitted.predict(bumps(1, seed=3)[0])
    assert list(answer) == ["label", "score", "probabilities"]
    assert answer["score"] == answer["probabilities"][answer["label"]]
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert fitted.predict([]) == []


@pytest.mark.slow
def test_several_labels() -> None:
    series, _ = bumps(160, seed=4)
    random = np.random.default_rng(5)
    high, wide = random.random((2, 160)) < 0.5
    some = [s * (1 + 2 * a) + [0, 5 * b] for s, a, b in zip(series, high, wide, strict=True)]
    labels = [["high"] * int(a) + ["wide"] * int(b) for a, b in zip(high, wide, strict=True)]
    task = SequenceClassifier(target="labels", **SMALL).fit((some[:120], labels[:120]))
    assert task.classes == ("high", "wide")
    assert task.evaluate((some[120:], labels[120:]))["micro_f1"] > 0.95
    answers = task.predict(some[120:])
    assert sum(a["labels"] == b for a, b in zip(answers, labels[120:], strict=True)) >= 36


def test_numbers() -> None:
    random = np.random.default_rng(6)
    levels = random.uniform(100, 200, 160)
    series = [level + random.normal(size=(random.integers(5, 12), 1)) for level in levels]
    task = SequenceClassifier(target="number", **SMALL).fit((series[:120], levels[:120]))
    assert task.classes == ()
    metrics = task.evaluate((series[120:], levels[120:]))
    assert metrics["mean_absolute_error"] < 8
    answers = task.predict(series[120:])
    assert [*answers[0]] == ["value"]
    step = task._signatures(task.sequence_model)["step"]
    states = [tf.zeros([1, spec.shape[1]]) for spec in step.input_signature[1:]]
    for frame in series[120].astype(np.float32):
        outputs = step(frame[None], *states)
        value, *states = (outputs[name] for name in ("value", *sorted(outputs)[:-1]))
    assert value.numpy()[0] == pytest.approx(answers[0]["value"], rel=1e-4)


def test_channels_with_missing_values_have_an_indicator(not_trained: None) -> None:
    series, labels = bumps(60, seed=7)
    for each in series[::3]:
        each[::4, 1] = NAN
    task = SequenceClassifier(**SMALL, validation_split=0.0).fit((series, labels))
    front = task.sequence_model.network.config["series"]
    everything = np.concatenate(series)
    assert front["indicated"] == [1]
    np.testing.assert_allclose(front["means"], np.nanmean(everything, axis=0), 1e-5)
    means, deviations = front["standard"]
    share = np.isnan(everything[:, 1]).mean()
    assert (means[2], deviations[2]) == pytest.approx((share, np.sqrt(share * (1 - share))))
    assert np.isfinite(task.evaluate((series, labels))["log_loss"])


def test_values_that_no_training_series_lacked_may_be_missing(fitted: SequenceClassifier) -> None:
    assert fitted.sequence_model.network.config["series"]["indicated"] == []
    series = bumps(1, seed=3)[0][0]
    series[::3, 0] = NAN
    for asked in (series, [[0.5, None]], [[None, None], [1, 2]]):
        (answer,) = fitted.predict([asked])
        assert np.isfinite(answer["score"])


# Groups


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, not_trained: None) -> list[Prepared]:
    """Return the list that gets the prepared data of each fit."""
    found: list[Prepared] = []
    network = SequenceClassifier._network

    def record(self: SequenceClassifier, prepared: Prepared) -> Any:
        found.append(prepared)
        return network(self, prepared)

    monkeypatch.setattr(SequenceClassifier, "_network", record)
    return found


def test_subjects_are_kept_apart_unless_it_is_asked(
    prepared: list[Prepared], log: pytest.LogCaptureFixture
) -> None:
    series, labels = bumps(80, seed=9)
    subjects = [f"person {number // 8}" for number in range(80)]
    frame = pd.DataFrame({"x": [s.tolist() for s in series], "label": labels, "subject": subjects})

    def parts() -> list[set[str]]:
        corpora = (prepared[-1].train, prepared[-1].held_out)
        return [{subjects[row - 1] for row in corpus.rows} for corpus in corpora]

    task = SequenceClassifier(**SMALL).fit(frame)
    train, held_out = parts()
    assert not train & held_out
    assert len(train | held_out) == 10
    assert "by subject" in task.facts["validation"]
    assert "group column: 'subject' (guessed" in log.text
    mixed = SequenceClassifier(**SMALL, group_column="none").fit(frame)
    train, held_out = parts()
    assert len(train & held_out) > 3
    assert "stratified" in mixed.facts["validation"]


def test_the_statistics_are_those_of_the_training_part(prepared: list[Prepared]) -> None:
    series, labels = bumps(60, seed=10)
    series = [each + 100 * number for number, each in enumerate(series)]
    front = (
        SequenceClassifier(**SMALL).fit((series, labels)).sequence_model.network.config["series"]
    )
    train = np.concatenate([series[row - 1] for row in prepared[0].train.rows])
    everything = np.concatenate(series)
    np.testing.assert_allclose(front["means"], train.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(front["standard"], [train.mean(axis=0), train.std(axis=0)], 1e-5)
    assert np.abs(train.mean(axis=0) - everything.mean(axis=0)).min() > 1


# Exported


def first_states(model: Servable, rows: int) -> dict[str, Any]:
    """Return the states before the first frame."""
    _, inputs = model.signatures["step"].structured_input_signature
    return {
        name: np.zeros((rows, spec.shape[1]), np.float32)
        for name, spec in inputs.items()
        if name != "frame"
    }


def test_frame_by_frame_the_exported_model_answers_as_to_the_whole(
    fitted: SequenceClassifier, run: Path
) -> None:
    model = Servable.load(run)
    assert {*model.signatures} == {"serving_default", "step"}
    series = np.stack([each[:12] for each in bumps(3, seed=11)[0]])
    series[1, 4:6] = NAN
    states = first_states(model, 3)
    for step in range(12):
        states = model(signature="step", frame=series[:, step], **states)
        found = states.pop("probabilities")
        whole = model(series=series, length=[step + 1] * 3)["probabilities"]
        np.testing.assert_allclose(found, whole, atol=1e-5)
    answers = [[*answer["probabilities"].values()] for answer in fitted.predict(list(series))]
    np.testing.assert_allclose(found, answers, atol=1e-5)
    assert np.ptp(found, axis=0).max() > 0.1


def test_a_model_that_reads_both_ways_has_no_step(not_trained: None) -> None:
    options = SMALL | {"bidirectional": True}
    task = SequenceClassifier(**options).fit(bumps(20, seed=1))
    assert [*task._signatures(task.sequence_model)] == ["serving_default"]


def test_neither_the_batch_nor_what_is_behind_the_end_matters(
    fitted: SequenceClassifier, run: Path
) -> None:
    model = Servable.load(run)
    series, _ = bumps(5, seed=12)
    lengths = [len(each) for each in series]
    expected = [[*answer["probabilities"].values()] for answer in fitted.predict(series)]
    for behind in (0.0, 1e30, NAN):
        padded = np.full((5, 40, 2), behind, np.float32)
        for row, each in zip(padded, series, strict=True):
            row[: len(each)] = each
        found = model(series=padded, length=lengths)["probabilities"]
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_a_length_that_cannot_be_is_refused(run: Path, wrong: int) -> None:
    call = tf.saved_model.load(str(run / "1")).signatures["serving_default"]
    complaint = rf"length must be 0 to the number of frames\] \[3\] \[, and is\] \[2 {wrong}\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
        call(series=tf.zeros([2, 3, 2]), length=tf.constant([2, wrong]))


def test_inputs_of_other_shapes_are_refused(run: Path) -> None:
    model = Servable.load(run)
    with pytest.raises(ModelError, match=r"series must be float32 \[B, N, 2\], and has shape"):
        model(series=np.zeros((1, 4, 3)), length=[4])
    with pytest.raises(tf.errors.InvalidArgumentError, match="series, length need as many rows"):
        model(series=np.zeros((2, 4, 2)), length=[4])
    with pytest.raises(tf.errors.InvalidArgumentError, match="need as many rows, and have"):
        model(signature="step", frame=np.zeros((2, 2)), **first_states(model, 1))
    nothing = model(series=np.zeros((0, 0, 2)), length=np.zeros(0, np.int32))
    assert nothing["probabilities"].shape == (0, 2)
    empty = model(series=np.zeros((1, 0, 2)), length=[0])  # as a series of no frames
    np.testing.assert_allclose(empty["probabilities"].sum(), 1, rtol=1e-5)


def test_the_golden_file_has_series_about_the_means(fitted: SequenceClassifier, run: Path) -> None:
    golden = read_golden(run)
    assert {line["origin"] for line in golden} == {"channels"}
    series = [line["inputs"]["series"] for line in golden]
    assert [len(each) for each in series] == [line["inputs"]["length"] for line in golden]
    assert None in series[-1][0]  # a missing value
    means = fitted.sequence_model.network.config["series"]["means"]
    np.testing.assert_allclose(np.mean(series[0], axis=0), means, atol=0.15)
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "| `golden.jsonl` | series computed from the means of the channels, with" in card
    assert "nan" not in card.lower()


def test_verify_reads_missing_values(run: Path) -> None:
    assert verify(run).passed


def test_golden_series_may_be_held_out_or_given(fitted: SequenceClassifier, tmp_path: Path) -> None:
    series = bumps(240, seed=1)[0]
    held_out = fitted._questions("held-out")
    for question in held_out:
        asked = np.array(question["series"], np.float32)
        assert any(np.array_equal(asked, each) for each in series)
    given = fitted._questions([series[0], [[0.1, None]]])
    assert [question["length"] for question in given] == [len(series[0]), 1]
    np.testing.assert_array_equal(np.array(given[0]["series"], np.float32), series[0])
    np.testing.assert_equal(given[1]["series"], [[0.1, NAN]])
    for wrong in ([[1, 2, 3]], [[1, 2], [3]], [["a", "b"]], "abc"):
        with pytest.raises(DataError, match=r"golden, row 2: .*(series|channel)"):
            fitted.export(tmp_path, golden=[series[0], wrong])
    assert not [*tmp_path.iterdir()]


# Bad input


def test_what_cannot_be_read_has_an_error_and_no_answer(fitted: SequenceClassifier) -> None:
    good = bumps(1, seed=3)[0][0]
    asked = [good, np.zeros((4, 3)), [], [[1, 2], [3]], [["a", 2]], [[NAN, NAN]], [[1e39, 0]], good]
    first, *errors, last = fitted.predict(asked)
    assert first == last
    expected = [
        "row 2: the series has 3 channels where the model takes 2",
        "row 3: the series has no time steps",
        "row 4: step 2 of the series has 1 value where step 1 has 2",
        "row 5: the value at step 1, channel 1 is 'a', not a number",
        "row 6: all values of the series are missing",
        "row 7: the value at step 1, channel 1 is 1e+39, beyond",
    ]
    for found, words in zip(errors, expected, strict=True):
        assert [*found] == ["error"]
        assert words in found["error"]


def test_data_with_other_channels_is_not_measured_or_learnt(fitted: SequenceClassifier) -> None:
    other = ([np.zeros((4, 3)), np.ones((4, 3))] * 4, ["left", "right"] * 4)
    with pytest.raises(DataError, match="row 1: the series has 3 channels where the model takes 2"):
        fitted.evaluate(other)
    with pytest.raises(DataError, match="row 1: the series has 3 channels where the model takes 2"):
        SequenceClassifier(**SMALL).fit(bumps(20, seed=1), validation_data=other)


def table_of(series: list[Array], labels: list[str], *names: str) -> pd.DataFrame:
    """A table with a frame a row, of two channels."""
    frames = pd.DataFrame(np.concatenate(series), columns=names)
    lengths = [len(each) for each in series]
    return frames.assign(id=np.repeat(np.arange(len(series)), lengths)).assign(
        label=np.repeat(labels, lengths)
    )


def test_channels_are_matched_by_their_names(prepared: list[Prepared]) -> None:
    series, labels = bumps(12, seed=3)
    train = table_of(series, labels, "ax", "ay")
    swapped = train[["id", "ay", "ax", "label"]]
    task = SequenceClassifier(**SMALL).fit(train, validation_data=swapped)
    held_out = prepared[-1].held_out
    assert held_out is not None
    for found, expected in zip(held_out.sequences, series, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    for data in (train, swapped):
        for example, expected in zip(task._series(data, None), series, strict=True):
            np.testing.assert_allclose(example.series, expected, rtol=1e-6)
    task.validation_split = 0.0
    task.fit(swapped, continue_training=True)
    np.testing.assert_allclose(prepared[-1].train.sequences[0], series[0], rtol=1e-6)
    assert task.facts["channels"] == ["ax", "ay"]
    with pytest.raises(DataError, match="lacks the channels ax of the model; it has: ay, gx"):
        task.evaluate(train.rename(columns={"ax": "gx"})[["id", "ay", "gx", "label"]])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rotation": 10.0}, "rotation is for skeletons; set front='skeleton'"),
        ({"joints": "left_hip"}, "joints is for skeletons"),
        ({"front": "pixels"}, "standardize, skeleton, frames"),
        ({"stride": 0}, "at least 1"),
        ({"stack": 0}, "at least 1"),
        ({"crop": 1.0}, "at least 0 and below 1"),
        ({"time_stretch": -0.1}, "at least 0"),
        ({"pooling": "sum"}, "last, mean, max, concat, attention"),
        ({"velocities": True}, "on, off, auto"),
        ({"target": "number", "class_weights": "balanced"}, "needs target classes"),
        ({"target": "number", "monitor": "accuracy"}, "mean_absolute_error"),
    ],
)
def test_impossible_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        SequenceClassifier(**options)


# Skeletons

NAMES = "hip_center, shoulder_center, left_hand"


@pytest.mark.parametrize(
    ("channels", "names", "expected"),
    [
        (60, None, (20, 3)),
        (75, None, (25, 3)),
        (132, None, (33, 4)),
        (99, None, (33, 3)),
        (40, None, (20, 2)),
        (66, None, (33, 2)),
        (9, NAMES, (3, 3)),
        (12, NAMES, (3, 4)),
        (6, NAMES, (3, 2)),
        (10, NAMES, (3, 3)),  # and one that is no joint's
    ],
)
def test_channels_tell_the_skeleton(
    channels: int, names: str | None, expected: tuple[int, int]
) -> None:
    joints, dimensions = skeleton(channels, names)
    assert (len(joints.names), dimensions) == expected


@pytest.mark.parametrize(
    ("channels", "names", "words"),
    [
        (6, None, "front is skeleton, but 6 channels are those of no known one"),
        (5, NAMES, "joints names 3 joints, but there are 5 channels"),
        (9, "hip_center, tail", "joints: no known skeleton has a joint 'tail'"),
    ],
)
def test_unknown_skeletons(channels: int, names: str | None, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        skeleton(channels, names)


def test_a_skeleton_is_known_wherever_it_stands_and_however_large() -> None:
    random = np.random.default_rng(14)

    def raised(rows: int, scale: float, offset: float) -> tuple[list[Array], list[str]]:
        series, labels = [], []
        for number in range(rows):
            steps = random.integers(8, 16)
            frames = np.zeros((steps, 3, 3))
            frames[:, 1:, 1] = 0.5
            frames[:, 2] += 0.05 * random.normal(size=(steps, 3))
            way = np.linspace(-0.5, 0.5, steps)
            frames[:, 2, 1] += way if number % 2 else -way  # the hand goes up or down
            series.append(scale * frames.reshape(steps, 9) + offset)
            labels.append(("down", "up")[number % 2])
        return series, labels

    options = SMALL | {"front": "skeleton", "joints": NAMES, "validation_split": 0.0}
    task = SequenceClassifier(**options).fit(raised(80, 1.0, 0.0))
    assert task.evaluate(raised(30, 1.0, 0.0))["accuracy"] > 0.95
    assert task.evaluate(raised(30, 1000.0, 70.0))["accuracy"] > 0.95
    front = task.sequence_model.network.config["series"]
    assert (front["velocities"], front["skeleton"]["dimensions"]) == (True, 3)
    json.dumps(front)


# Going on


def test_it_goes_on_from_what_was_learnt(run: Path) -> None:
    task = SequenceClassifier.load(run)
    front = task.sequence_model
    task.epochs, task.validation_split = 1, 0.0
    before = task._needs_model("fit").network.config["series"]
    series, labels = bumps(20, seed=15)
    task.fit((series, ["up", *labels[1:]]), continue_training=True)
    assert front is None
    assert task.classes == ("left", "right", "up")
    after = task.sequence_model.network.config["series"]
    assert {**after, "augmentation": None} == {**before, "augmentation": None}
    assert after["augmentation"].keys() == before["augmentation"].keys()
    other = ([np.zeros((4, 3)), np.ones((4, 3))] * 4, ["left", "right"] * 4)
    with pytest.raises(DataError, match="row 1: the series has 3 channels where the model takes 2"):
        task.fit(other, continue_training=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stride", 2),
        ("stack", 3),
        ("velocities", "on"),
        ("front", "skeleton"),
        ("pooling", "last"),
    ],
)
def test_what_the_network_reads_cannot_change(run: Path, name: str, value: Any) -> None:
    task = SequenceClassifier.load(run)
    setattr(task, name, value)
    with pytest.raises(OptionError, match=name):
        task.fit(bumps(20, seed=15), continue_training=True)


# Batches of answers


@given(st.lists(st.integers(1, 3 * BATCH_FRAMES // BATCH), max_size=300), st.integers(0, 2))
def test_batches_hold_all_series_and_not_too_many_frames(lengths: list[int], long: int) -> None:
    sizes = np.array([*lengths, *[2 * BATCH_FRAMES] * long], np.int64)
    order = np.argsort(sizes, kind="stable")
    batches = [*_batches(order, sizes)]
    assert [row for batch in batches for row in batch] == order.tolist()
    for batch in batches:
        assert 1 <= len(batch) <= BATCH
        assert len(batch) == 1 or len(batch) * sizes[batch].max() <= BATCH_FRAMES
    for batch, after in pairwise(batches):  # and none could hold one more
        more = (len(batch) + 1) * sizes[after[0]]
        assert len(batch) == BATCH or more > BATCH_FRAMES


def test_series_are_answered_in_the_order_of_the_question(fitted: SequenceClassifier) -> None:
    series, labels = bumps(2 * BATCH + 7, seed=16)
    answers = fitted.predict(series)
    alone = [fitted.predict([each])[0] for each in series[::40]]
    for found, expected in zip(answers[::40], alone, strict=True):
        assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    right = [answer["label"] == label for answer, label in zip(answers, labels, strict=True)]
    assert np.mean(right) > 0.95


class TestChannelsFirst:
    def test_a_run_of_such_series_exports_and_answers(self, tmp_path):
        series, labels = bumps(40, seed=3)
        turned = [frames.T for frames in series]
        task = SequenceClassifier(**SMALL | {"epochs": 1, "layout": "channels_first"})
        task.fit((turned, labels))
        task.export(tmp_path / "run", golden="held-out")
        answers = task.predict(series[:3])  # as the command line hands them on
        assert answers == task.predict(turned[:3])
        assert all("error" not in answer for answer in answers)


class TestJointsAndOthers:
    NAMES = "hip_center,shoulder_center,left_hand"

    @pytest.mark.parametrize(
        ("channels", "dimensions"), [(15, 3), (12, 4), (9, 3), (8, 2), (6, 2), (10, 3)]
    )
    def test_values_of_a_joint(self, channels, dimensions):
        assert skeleton(channels, self.NAMES)[1] == dimensions

    def test_others_cannot_be_mirrored(self):
        series = [np.random.default_rng(n).normal(size=(5, 15)) for n in range(8)]
        task = SequenceClassifier(front="skeleton", joints=self.NAMES, mirror="same")
        with pytest.raises(OptionError, match="cannot mirror the channels that follow"):
            task.fit((series, ["a", "b"] * 4))

    def test_flat_skeletons_are_not_turned_in_space(self):
        series = [np.random.default_rng(n).normal(size=(5, 6)) for n in range(8)]
        task = SequenceClassifier(front="skeleton", joints=self.NAMES, rotation=5.0)
        with pytest.raises(OptionError, match="x and y only"):
            task.fit((series, ["a", "b"] * 4))


def test_a_single_subject_is_no_group(tmp_path):
    series, labels = bumps(20, seed=4)
    rows = {"x": [frames.tolist() for frames in series], "label": labels, "subject": ["p"] * 20}
    task = SequenceClassifier(**SMALL | {"epochs": 1}).fit(pd.DataFrame(rows))
    assert "stratified" in task.facts["validation"]
    rows["subject"] = ["p", "q", "q", "p"] * 5
    task = SequenceClassifier(**SMALL | {"epochs": 1}).fit(pd.DataFrame(rows))
    assert "by subject" in task.facts["validation"]
