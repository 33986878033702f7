"""The model of music: its figures by hand, its noise everywhere the same, its reports."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.decoding import row_seeds, uniform
from toolkit.errors import ModelError, OptionError
from toolkit.export import Servable
from toolkit.music.rolls import KEYS, roll_of_pitches
from toolkit.tasks import MusicModel
from toolkit.tasks.music import serving

Array = NDArray[Any]

SMALL: dict[str, Any] = {
    "hidden_size": 5,
    "output_size": 4,
    "epochs": 1,
    "batch_tokens": 64,
    "learning_rate": 0.02,
    "ema": 0.0,
    "validation_split": 0.0,
}
PIECES: list[Any] = [
    [[48, 60, 64], [50, 62], [], [52, 67, 72]] * (1 + number % 3) for number in range(6)
]
BEGINNINGS: list[Any] = [PIECES[0][:2], [], PIECES[1][:5], [], [[60]], PIECES[0][:2], [[60], []]]
DRAWN = {"length": 9, "temperature": 1.3, "seed": 5}


@pytest.fixture(scope="module", params=["independent", "autoregressive"])
def model(request: pytest.FixtureRequest) -> MusicModel:
    """A model that has learnt next to nothing."""
    fitted: MusicModel = MusicModel(output_layer=request.param, **SMALL).fit(PIECES)
    return fitted


@pytest.fixture(scope="module")
def servable(model: MusicModel, tmp_path_factory: pytest.TempPathFactory) -> Servable:
    folder = tmp_path_factory.mktemp("music") / "run"
    model.export(folder)
    return Servable.load(folder)


def frames_of(answers: list[dict[str, Any]]) -> list[Any]:
    return [answer["frames"] for answer in answers]


def padded(pieces: list[Any], steps: int) -> dict[str, Any]:
    """Pieces as a signature takes them; what lies behind their ends must not matter."""
    rolls = np.ones((len(pieces), steps, KEYS), np.float32)
    for row, piece in zip(rolls, pieces, strict=True):
        row[: len(piece)] = roll_of_pitches(piece)
    return {"frames": rolls, "length": [len(piece) for piece in pieces]}


def test_music_is_the_same_alone_in_a_batch_and_exported(
    model: MusicModel, servable: Servable
) -> None:
    together = frames_of(model.predict(BEGINNINGS, **DRAWN))
    for number, (piece, frames) in enumerate(zip(BEGINNINGS, together, strict=True)):
        assert len(frames) == len(piece) + 9
        assert frames[: len(piece)] == roll_of_pitches(piece).tolist()
        if BEGINNINGS.index(piece) == number:
            alone = model.generate(piece or None, **DRAWN)
            assert alone.tolist() == frames
    assert together[1] != together[3]  # equal beginnings go on differently
    assert together[0] != together[5]
    assert model.predict([PIECES[0][:2]], **{**DRAWN, "seed": 6})[0]["frames"] != together[0]
    asked = {"max_length": 9, "temperature": 1.3, "seed": [5, 0]}
    for steps in (5, 8):
        outputs = servable(signature="generate", **padded(BEGINNINGS, steps), **asked)
        assert outputs["frames"].shape == (7, steps + 9, KEYS)
        answers = (outputs["frames"], outputs["length"])  # whose order the signature does not keep
        for row, length, frames in zip(*answers, together, strict=True):
            assert row[:length].tolist() == frames
            assert not row[length:].any()


def test_without_frames_to_generate_there_is_the_beginning(model: MusicModel) -> None:
    assert model.generate([[60], [62]], length=0).tolist() == roll_of_pitches([[60], [62]]).tolist()
    assert model.generate(length=0).shape == (0, KEYS)


@pytest.mark.parametrize("steps", [0, 3])
def test_a_batch_without_rows_is_answered_by_one(
    model: MusicModel, servable: Servable, steps: int
) -> None:
    nothing = {"frames": np.zeros((0, steps, KEYS), np.float32), "length": np.zeros(0, np.int32)}
    asked = {"max_length": 4, "temperature": 1.0, "seed": [5, 0]}
    assert servable(signature="generate", **nothing, **asked)["frames"].shape == (
        0,
        steps + 4,
        KEYS,
    )
    assert servable(**nothing)["length"].shape == (0,)
    assert servable(signature="score", **nothing)["nll"].shape == (0,)
    assert servable(signature="read", **nothing)["likeliest"].shape == (0, steps, KEYS)
    sampling = {} if model.output_layer == "independent" else {**asked}
    sampling.pop("max_length", None)
    outputs = servable(signature="prefill", **nothing, **sampling)
    state = {name: value for name, value in outputs.items() if name.startswith("state_")}
    frame = np.zeros((0, KEYS), np.float32)
    assert all(len(each) == 0 for each in servable(signature="step", frame=frame, **state).values())


def test_steps_after_prefill_write_what_generate_writes(
    model: MusicModel, servable: Servable
) -> None:
    asked = padded(BEGINNINGS[:3], 5)
    sampling: dict[str, Any] = {"temperature": 1.3, "seed": [5, 0]}
    written = servable(signature="generate", **asked, max_length=6, **sampling)
    is_independent = model.output_layer == "independent"
    outputs = servable(signature="prefill", **asked, **({} if is_independent else sampling))
    seeds = row_seeds([5, 0], serving.noise_key(*(asked | _silent(asked)).values()))
    for number in range(6):
        if is_independent:
            numbers = uniform(seeds, np.arange(KEYS)[None] + np.full((3, 1), number * KEYS))
            odds = outputs["probabilities"]
            hot = 1 / (1 + (1 / odds - 1) ** (1 / 1.3))
            frame = (numbers.numpy() < hot).astype(np.float32)
        else:
            frame = outputs["frame"]
        for row, length in enumerate(asked["length"]):
            np.testing.assert_array_equal(frame[row], written["frames"][row, length + number])
        state = {name: value for name, value in outputs.items() if name.startswith("state_")}
        outputs = servable(signature="step", frame=frame, **state)


def test_steps_may_begin_from_nothing(model: MusicModel, servable: Servable) -> None:
    asked = {"frames": np.zeros((1, 0, KEYS), np.float32), "length": [0]}
    if model.output_layer == "autoregressive":
        asked |= {"temperature": 1.3, "seed": [5, 0]}
    outputs = servable(signature="prefill", **asked)
    if model.output_layer == "autoregressive":
        first = model.generate(length=1, temperature=1.3, seed=5)
        np.testing.assert_array_equal(outputs["frame"], first)
    else:
        likely = model.generate(length=1, temperature=0)
        np.testing.assert_array_equal(outputs["probabilities"] > 0.5, likely)


def _silent(asked: dict[str, Any]) -> dict[str, Any]:
    """Rolls that are silent behind their ends."""
    mask = np.arange(asked["frames"].shape[1]) < np.array(asked["length"])[:, None]
    return {"frames": tf.constant(asked["frames"] * mask[..., None]), "length": asked["length"]}


def test_score_is_the_loss_of_every_frame(model: MusicModel, monkeypatch: Any) -> None:
    network = model.sequence_model.network  # type: ignore[union-attr]
    expected = []
    for piece in PIECES:
        roll = roll_of_pitches(piece)[None]
        states = network({"values": roll, "length": np.array([len(piece)])})
        expected.append(network.losses(states, roll).numpy()[0])
    scores = model.score(PIECES)
    assert [score["units"] for score in scores] == [*map(len, PIECES)]
    np.testing.assert_allclose([s["nll"] for s in scores], [*map(sum, expected)], rtol=1e-5)
    assert model.score([[]]) == [{"nll": 0.0, "units": 0}]
    metrics = model.evaluate(PIECES)
    frames = sum(map(len, PIECES))
    assert metrics["frames"] == frames
    assert metrics["log_loss"] == pytest.approx(sum(map(sum, expected)) / frames, rel=1e-5)
    later = sum(sum(losses[1:]) for losses in expected) / (frames - len(PIECES))
    assert metrics["log_loss_after_first"] == pytest.approx(later, rel=1e-5)
    monkeypatch.setattr(serving, "PIECE", 3)  # long pieces are read in parts
    model._answer_from_network()
    again = model.score(PIECES)
    np.testing.assert_allclose([s["nll"] for s in again], [s["nll"] for s in scores], rtol=1e-5)
    assert model.evaluate(PIECES)["frame_accuracy"] == metrics["frame_accuracy"]
    long = model.predict(BEGINNINGS, **DRAWN)
    monkeypatch.undo()
    model._answer_from_network()
    assert model.predict(BEGINNINGS, **DRAWN) == long


def test_frame_accuracy_counts_keys() -> None:
    from toolkit.tasks.music.outcomes import music_metrics, piece_sums

    frames, likeliest = np.zeros((2, 3, KEYS)), np.zeros((2, 3, KEYS))
    frames[0, 0, :4], likeliest[0, 0, 2:5] = 1, 1  # 2 of 5
    frames[0, 1, 7] = likeliest[0, 1, 7] = 1  # 1 of 1
    likeliest[1, 2] = 1  # behind the end
    sums = piece_sums(np.full((2, 3), 2.0), likeliest, frames, np.array([3, 2]))
    metrics = music_metrics(sums)
    assert metrics == {
        "log_loss": 2.0,
        "log_loss_after_first": 2.0,
        "frame_accuracy": 3 / 6,
        "frames": 5,
    }


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"frames": np.full((1, 2, KEYS), 0.5), "length": [2]}, "frames must be 0 or 1"),
        ({"frames": np.full((1, 2, KEYS), np.nan), "length": [2]}, "frames must be 0 or 1"),
        ({"frames": np.zeros((1, 2, KEYS)), "length": [3]}, "length must be 0 to the number"),
        ({"frames": np.zeros((1, 2, KEYS)), "length": [-1]}, "length must be 0 to the number"),
        ({"frames": np.zeros((1, 2, KEYS)), "length": [1, 1]}, "need as many rows"),
    ],
)
def test_other_inputs_are_refused_in_the_graph(
    inputs: dict[str, Any], words: str, servable: Servable
) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        servable(signature="serving_default", **inputs)


def test_the_length_that_can_be_generated_has_a_limit(not_trained: None, tmp_path: Path) -> None:
    model = MusicModel(**SMALL, max_generated_length=5).fit(PIECES)
    with pytest.raises(OptionError, match="length is 6; this model generates at most 5 frames"):
        model.generate(length=6)
    asked = {**padded([[[60]]], 1), "temperature": 1.0, "seed": [0, 0]}
    with pytest.raises(tf.errors.InvalidArgumentError, match="max_length must be 0 to 5"):
        model._serve("generate", **asked, max_length=6)
    for values in ({"temperature": float("inf")}, {"temperature": -1.0}, {"length": -1}):
        with pytest.raises(OptionError, match=next(iter(values))):
            model.predict([""], **values)
    with pytest.raises(ModelError, match="nothing has been learnt"):
        MusicModel().predict([""])


def test_beginnings_that_cannot_be_read_get_an_error(model: MusicModel) -> None:
    answers = model.predict([[[60]], [[300]], "none.mid"], length=2)
    assert [*answers[0]] == ["frames", "length"]
    assert "step 1: the pitch 300 is none of the 88 keys" in answers[1]["error"]
    assert "file none.mid: it cannot be read" in answers[2]["error"]


def test_inspect_finds_pieces_that_occur_again_in_another_key(caplog: Any) -> None:
    pieces = [[[60 + n, 64 + n], [62], []] for n in range(9)]
    others = [[[pitch + 7 for pitch in step] for step in pieces[number]] for number in (0, 2)]
    with caplog.at_level(logging.ERROR, "toolkit"):
        report = MusicModel(**SMALL).inspect(pieces, others)
    assert report["keys"]["training"] == {
        "lowest_pitch": 60,
        "highest_pitch": 72,
        "different_keys": 13,
        "keys_at_once_mean": 1.0,
        "keys_at_once_max": 2,
        "silent_share": pytest.approx(1 / 3),
        "unchanged_share": 0.0,
    }
    assert report["duplicates"]["in_any_key"]["across"] == 2
    messages = [warning["message"] for warning in report["warnings"]]
    assert "33% of the training frames are silent" in messages
    assert "33% of the held-out frames are silent" in messages
    (overlap,) = (message for message in messages if "also in the training part" in message)
    assert overlap.startswith("2 held-out pieces")
    assert "held-out piece 1 and training piece 1" in overlap
    assert report["metre"]["training"] == {"unknown": 9, "changing": 0}
    assert report["tempo"]["held_out"] == {"known": 0, "unknown": 2}
