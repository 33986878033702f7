"""The front of series, and the many-to-one network that reads them whole and frame by frame."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.errors import ModelError
from toolkit.layers import CELLS
from toolkit.models import ManyToOne
from toolkit.models.series_front import SeriesFront, measure
from toolkit.series.augmentation import Augmentation, resampled
from toolkit.series.joints import find_joints

Array = NDArray[Any]

NAN = np.nan
CHANGES = {"stretch": 0.3, "crop": 0.2, "jitter": 0.1, "rotation": 20.0}
#: Three channels, of which two may be missing.
PLAIN: dict[str, Any] = {
    "means": [0.5, -0.5, 0.0],
    "indicated": [2, 0],
    "velocities": True,
    "standard": [[0.1] * 8, [1.5] * 8],
    "stack": 2,
    "stride": 2,
    "augmentation": CHANGES,
}
#: Three joints of x, y and z, and one other channel.
JOINTS = asdict(find_joints(["hip_center", "shoulder_center", "left_hand"]))
SKELETON: dict[str, Any] = {
    "means": [0.1] * 10,
    "indicated": [4],
    "skeleton": {"joints": JOINTS, "dimensions": 3},
    "velocities": True,
    "standard": [[0.1] * 26, [2.0] * 26],
    "augmentation": CHANGES,
    "vertical": "z",
}
FRONTS = {"plain": PLAIN, "skeleton": SKELETON}
LENGTHS = np.array([11, 4, 1, 6], np.int32)


def series_of(channels: int, missing: float = 0.15) -> Array:
    random = np.random.default_rng(0)
    frames = random.normal(size=(4, 11, channels)).astype(np.float32)
    frames[random.random(frames.shape) < missing] = NAN
    frames[0, 3, 0] = np.inf
    return frames


def network(series: dict[str, Any], **options: Any) -> ManyToOne:
    keras.utils.set_random_seed(3)
    options = {"outputs": 3, "hidden_size": 5, "bidirectional": False, "seed": 1} | options
    made = ManyToOne(series=series, **options)
    made.build()
    return made


def asked(model: ManyToOne, frames: Array, length: Any) -> Array:
    answer: Array = model.answer({"values": frames, "length": np.asarray(length)}).numpy()
    return answer


# The front


def test_the_vectors_are_those_of_the_stages_in_their_order() -> None:
    front = SeriesFront([1.0, 5.0], indicated=[1], velocities=True, standard=[[2.0] * 5, [4.0] * 5])
    assert front.size == front.after[-1].size == 5
    frames = tf.constant([[[1.0, NAN], [3.0, 7.0], [NAN, 6.0]]])
    vectors, mask = front({"values": frames, "length": tf.constant([2])})
    filled = np.array([[1, 5, 1, 0, 0], [3, 7, 0, 2, 2], [3, 6, 0, 0, -1]])
    np.testing.assert_allclose(vectors[0], (filled - 2) / 4)
    np.testing.assert_array_equal(mask, [[True, True, False]])


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_every_stride_th_vector_is_read_from_the_first_one(stride: int) -> None:
    dense, sparse = (
        SeriesFront(**{**PLAIN, "stride": each}, dtype="float32") for each in (1, stride)
    )
    inputs = {"values": series_of(3), "length": LENGTHS}
    (vectors, mask), (fewer, their_mask) = dense(inputs), sparse(inputs)
    np.testing.assert_array_equal(fewer, vectors[:, ::stride])
    np.testing.assert_array_equal(their_mask, mask[:, ::stride])
    np.testing.assert_array_equal(sparse.mask(inputs), their_mask)
    np.testing.assert_array_equal(
        tf.reduce_sum(tf.cast(their_mask, tf.int32), axis=1), -(-LENGTHS // stride)
    )


def test_a_skeleton_has_velocities_of_joints_and_hips_alone() -> None:
    front = SeriesFront(**{**SKELETON, "standard": None})
    assert front.moving == [*range(9), 11, 12, 13]  # not the other channel and its indicator
    assert front.size == 10 + 1 + 3 + 12
    flat = {"joints": JOINTS, "dimensions": 4}  # with a visibility
    front = SeriesFront([0.0] * 12, skeleton=flat, velocities=True)
    assert front.moving == [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]


@pytest.mark.parametrize("name", FRONTS)
def test_what_is_measured_are_the_moments_of_all_real_frames(name: str) -> None:
    arguments = {**FRONTS[name], "standard": None, "stack": 3, "stride": 2}
    channels = len(arguments["means"])
    frames = 100 + 0.01 * series_of(channels)
    front = SeriesFront(**arguments)
    batches = [
        {"values": np.pad(frames[rows], [[0, 0], [0, more], [0, 0]]), "length": LENGTHS[rows]}
        for rows, more in (([0, 1], 3), ([2], 0), ([3], 7))
    ]
    stages = [*front.first, *front.before, front.after[0]]
    rows: list[Any] = []
    for each, length in zip(frames, LENGTHS, strict=True):
        vectors = tf.constant(each[None, :length])
        for stage in stages:
            vectors = stage.whole(vectors)
        rows += [*vectors[0].numpy().astype(np.float64)]
    means, deviations = measure(front, batches)
    assert len(rows) == LENGTHS.sum()
    np.testing.assert_allclose(means, np.mean(rows, axis=0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(deviations, np.std(rows, axis=0), rtol=1e-4, atol=1e-9)


def test_what_was_measured_makes_the_training_part_standard() -> None:
    frames = 7 + 3 * series_of(3, missing=0.0)
    frames[..., 1] = 0.1  # constant
    inputs = {"values": frames, "length": LENGTHS}
    front = SeriesFront([0.0] * 3)
    means, deviations = measure(front, [inputs])
    assert deviations[1] == 0.0
    vectors, mask = SeriesFront([0.0] * 3, standard=[means, deviations])(inputs)
    real = vectors.numpy()[mask.numpy()]
    np.testing.assert_allclose(real.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(real.std(axis=0), [1, 0, 1], atol=1e-5)


# Random changes, in training


def test_changes_are_made_in_training_alone() -> None:
    inputs = {"values": series_of(10), "length": LENGTHS}
    for alone in CHANGES:
        changes = {alone: CHANGES[alone]}
        front = SeriesFront(**{**SKELETON, "augmentation": changes}, seed=1)
        plain = SeriesFront(**{**SKELETON, "augmentation": None})
        np.testing.assert_array_equal(front(inputs)[0], plain(inputs)[0])
        changed, mask = front(inputs, training=True)
        same_shape = changed.shape == plain(inputs)[0].shape
        assert not same_shape or np.abs(changed - plain(inputs)[0]).max() > 0.01, alone
        assert np.isfinite(changed).all()
        assert (mask.numpy().sum(axis=1) >= 1).all()
        unchanged = plain(inputs, training=True)
        np.testing.assert_array_equal(unchanged[0], plain(inputs)[0])


def test_the_lengths_in_training_are_those_of_the_changed_series() -> None:
    changes = {"stretch": 0.5, "crop": 0.3}
    front = SeriesFront([0.0] * 3, augmentation=changes, seed=1)
    frames = series_of(3, missing=0.0)
    _, mask = front({"values": frames, "length": LENGTHS}, training=True)
    again = SeriesFront([0.0] * 3, augmentation=changes, seed=1).change_seed
    _, length = resampled(tf.constant(frames), LENGTHS, Augmentation(**changes), again)
    np.testing.assert_array_equal(mask.numpy().sum(axis=1), length)
    assert not np.array_equal(length, LENGTHS)


def test_jitter_is_in_deviations_and_spares_indicators() -> None:
    deviations = [1.0, 10.0, 3.0]
    front = SeriesFront(
        [0.0, 0.0],
        indicated=[1],
        standard=[[0.0] * 3, deviations],
        augmentation={"jitter": 0.5},
        seed=1,
    )
    frames = np.zeros((40, 50, 2), np.float32)
    vectors, _ = front({"values": frames, "length": np.full(40, 50)}, training=True)
    found = vectors.numpy().std(axis=(0, 1))
    np.testing.assert_allclose(found, [0.5, 0.5, 0.0], rtol=0.05)


def test_a_skeleton_is_turned_about_its_vertical_before_velocities() -> None:
    arguments = {**SKELETON, "augmentation": {"rotation": 90.0}, "standard": None}
    inputs = {"values": series_of(10, missing=0.0), "length": np.full(4, 11)}
    before, _ = SeriesFront(**{**arguments, "augmentation": None})(inputs)
    after, _ = SeriesFront(**arguments, seed=1)(inputs, training=True)
    before, after = before.numpy(), after.numpy()
    np.testing.assert_array_equal(after[..., [9, 10]], before[..., [9, 10]])  # no joints
    vectors = [[*range(9), 11, 12, 13], [*range(14, 26)]]  # joints and hips, and their velocities
    one, other = (
        np.stack([each[..., of].reshape(4, 11, 4, 3) for of in vectors]) for each in (before, after)
    )
    np.testing.assert_allclose(other[..., 2], one[..., 2], atol=1e-5)  # z is vertical
    dots = [np.einsum("vtnia,wtnia->vwtni", each, each) for each in (one, other)]
    np.testing.assert_allclose(*dots, rtol=1e-3, atol=1e-3)
    assert np.abs(one - other).max() > 0.3


# The network


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_neither_padding_nor_other_series_matter(name: str, bidirectional: bool) -> None:
    series = FRONTS[name]
    model = network(series, bidirectional=bidirectional, pooling="concat", layers=2)
    frames = series_of(len(series["means"]))
    together = asked(model, frames, LENGTHS)
    for behind in (0.0, NAN, np.inf, 3e38):
        padded = np.pad(frames, [[0, 0], [0, 5], [0, 0]])
        padded[np.arange(16) >= LENGTHS[:, None]] = behind
        np.testing.assert_allclose(asked(model, padded, LENGTHS), together, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        alone = asked(model, frames[row : row + 1, :length], [length])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)


def test_it_is_a_recurrent_network_of_the_fronts_vectors() -> None:
    model = network(PLAIN)
    plain = ManyToOne(input_size=model.front.size, outputs=3, hidden_size=5, bidirectional=False)
    plain.build()
    plain.set_weights([w for w in model.get_weights() if w.dtype.kind == "f"])
    inputs = {"values": series_of(3), "length": LENGTHS}
    vectors, mask = model.front(inputs)
    of_vectors = {"values": vectors, "length": mask.numpy().sum(axis=1)}
    np.testing.assert_allclose(plain.answer(of_vectors), model.answer(inputs), atol=1e-6)


@pytest.mark.parametrize("name", FRONTS)
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    model = network(FRONTS[name])
    again = ManyToOne.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    frames = series_of(len(FRONTS[name]["means"]))
    np.testing.assert_array_equal(asked(loaded, frames, LENGTHS), asked(model, frames, LENGTHS))
    assert loaded.step_sizes == model.step_sizes
    inputs = {"values": frames, "length": LENGTHS}
    one, other = (each(inputs, training=True) for each in (model, loaded))
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, other)  # the seeds of changes and dropouts are kept


def test_values_missing_for_all_of_a_series_have_a_finite_answer() -> None:
    for name, series in FRONTS.items():
        channels = len(series["means"])
        for value in (NAN, 3e38, 0.0):
            frames = np.full((1, 5, channels), value, np.float32)
            answer = asked(network(series), frames, [5])
            assert np.isfinite(answer).all(), (name, value)


# Frame by frame


def by_steps(model: ManyToOne, frames: Array) -> Array:
    """Return the answers [T, B, outputs] after each frame of series of equal lengths."""
    states = [tf.zeros([len(frames), size]) for size in model.step_sizes]
    answers = []
    for frame in frames.transpose(1, 0, 2):
        answer, states = model.step(tf.constant(frame), states)
        assert [state.shape for state in states] == [(len(frames), s) for s in model.step_sizes]
        assert {state.dtype for state in states} == {tf.float32}
        answers.append(answer.numpy())
    return np.array(answers)


def by_prefixes(model: ManyToOne, frames: Array) -> Array:
    """Return the answers [T, B, outputs] to the frames up to each one."""
    rows, steps = frames.shape[:2]
    asks = np.repeat(frames, steps, axis=0)
    answers = asked(model, asks, np.tile(np.arange(1, steps + 1), rows))
    return answers.reshape(rows, steps, -1).transpose(1, 0, 2)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "concat", "attention"])
@pytest.mark.parametrize("cell", CELLS)
def test_step_by_step_it_answers_as_to_each_prefix(cell: str, pooling: str) -> None:
    place = CELLS.index(cell)
    series = {**PLAIN, "stride": place % 3 + 1}
    model = network(series, cell=cell, pooling=pooling, layers=1 + place % 2)
    frames = series_of(3)
    found = by_steps(model, frames)
    np.testing.assert_allclose(found, by_prefixes(model, frames), atol=1e-5)
    assert np.abs(np.diff(found, axis=0)).max() > 1e-3


@pytest.mark.parametrize(
    "options",
    [
        {"output": "sigmoid"},
        {"output": "linear", "outputs": 1, "output_mean": 50.0, "output_scale": 20.0},
    ],
)
def test_labels_and_numbers_step_by_step(options: dict[str, Any]) -> None:
    model = network(SKELETON, layers=2, **options)
    frames = series_of(10)
    expected = by_prefixes(model, frames)
    scale = options.get("output_scale", 1.0)
    np.testing.assert_allclose(by_steps(model, frames), expected, atol=1e-5 * scale)


def test_frames_between_those_that_are_read_change_no_answer() -> None:
    found = by_steps(network({**PLAIN, "stride": 3, "stack": 1}), series_of(3))
    for step in range(1, 11):
        assert np.array_equal(found[step], found[step - 1]) == (step % 3 > 0)


# Half precision


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_the_front_keeps_single(name: str, policy: str) -> None:
    series = {**FRONTS[name], "standard": None}
    frames = 1000 + 0.01 * series_of(len(series["means"]))  # of which half precision keeps nothing
    inputs = {"values": frames, "length": LENGTHS}
    standard = measure(SeriesFront(**series), [inputs])
    exact, half = (
        network({**series, "standard": standard}, dtype=each) for each in ("float32", policy)
    )
    vectors = half.front(inputs)[0]
    assert vectors.dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(
        tf.cast(vectors, tf.float32), exact.front(inputs)[0], rtol=0.01, atol=1e-3
    )
    np.testing.assert_allclose(half.answer(inputs), exact.answer(inputs), atol=0.02)
    np.testing.assert_allclose(by_steps(half, frames), by_steps(exact, frames), atol=0.02)
    assert {weight.dtype for weight in half.trainable_weights} == {"float32"}


class TestMissingJoints:
    """A joint that has not been seen is at its mean place beside the hips."""

    def test_where_a_person_stands_does_not_matter(self):
        front = SeriesFront(**SKELETON | {"augmentation": None})
        frames = series_of(10, missing=0)[:, :, :10]
        frames[0, 3, 0] = 0.5
        frames[:, :, 6:9] = NAN  # the left hand, throughout
        moved = frames.copy()
        moved[:, :, :9] += np.tile([3.0, -2.0, 1.0], 3).astype(np.float32)
        lengths = np.full(4, 11, np.int32)
        before, after = (front({"values": x, "length": lengths})[0] for x in (frames, moved))
        np.testing.assert_allclose(before, after, atol=1e-4)

    def test_step_by_step(self):
        front = SeriesFront(**SKELETON | {"augmentation": None})
        frames = series_of(10)
        frames[:, :4, 6:9] = NAN
        whole = front({"values": frames, "length": np.full(4, 11, np.int32)})[0]
        memory = [tf.zeros([4, size]) for size in front.memory_sizes]
        for time in range(11):
            vector, _, memory = front.step(frames[:, time], memory)
            np.testing.assert_allclose(vector, whole[:, time], atol=1e-5)


def test_the_way_of_the_hips_begins_where_a_random_part_begins():
    front = SeriesFront(**SKELETON | {"augmentation": {"crop": 0.6}, "standard": None})
    frames = series_of(10, missing=0)
    frames[0, 3, 0] = 0.5
    vectors, _ = front({"values": frames, "length": np.full(4, 11, np.int32)}, training=True)
    way = slice(11, 14)  # after ten channels and an indicator
    np.testing.assert_array_equal(vectors[:, 0, way], np.zeros((4, 3)))
    assert np.abs(vectors[:, 1, way]).min() > 0


@pytest.mark.parametrize("options", [{"bidirectional": True}, {}])
def test_steps_need_raw_series_in_one_direction(options):
    series = PLAIN if options else None
    made = ManyToOne(series=series, input_size=None if series else 3, outputs=2)
    with pytest.raises(ModelError, match="raw frames in one direction"):
        made.step(np.zeros((1, 3)), [])
