"""The classifier of videos from files to answers: fitted, exported, frame by frame."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from videos import write_video

from pipelines import activity
from toolkit.errors import OptionError
from toolkit.export import Servable
from toolkit.export.verify import verify
from toolkit.tasks import SequenceClassifier

Array = NDArray[Any]

SMALL: dict[str, Any] = {
    "front": "frames",
    "frame_size": 8,
    "hidden_size": 8,
    "epochs": 12,
    "batch_tokens": 128,
    "learning_rate": 0.01,
    "ema": 0.0,
    "output_dropout": 0.0,
    "bidirectional": False,
}


def moving(rows: int, seed: int, size: int = 8) -> tuple[list[Array], list[str]]:
    """Return videos of a bright bar that moves to the left or to the right.

    Each place is as frequent in both classes, so that no single frame tells them apart.
    """
    random = np.random.default_rng(seed)
    videos, labels = [], []
    for number in range(rows):
        label = ("left", "right")[number % 2]
        places = (np.arange(random.integers(6, 12)) + random.integers(8)) % 8
        frames = random.integers(0, 60, (len(places), 8, 8))
        for frame, place in zip(frames, places if label == "right" else places[::-1], strict=True):
            frame[:, place] = 220
        scale = size // 8
        videos.append(np.kron(frames, np.ones((1, scale, scale))).astype(np.uint8))
        labels.append(label)
    return videos, labels


@pytest.fixture(scope="module")
def fitted() -> SequenceClassifier:
    return SequenceClassifier(**SMALL).fit(moving(120, seed=1))


@pytest.fixture(scope="module")
def run(fitted: SequenceClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "bars"
    fitted.save(folder)
    fitted.export(folder)
    return folder


def test_it_learns_the_direction_of_time(fitted: SequenceClassifier) -> None:
    assert fitted.evaluate(moving(40, seed=2))["accuracy"] > 0.9
    videos, labels = moving(40, seed=3)
    backwards = [video[::-1] for video in videos]
    other = {"left": "right", "right": "left"}
    answers = [answer["label"] for answer in fitted.predict(backwards)]
    assert np.mean([other[label] == a for label, a in zip(labels, answers, strict=True)]) > 0.9


def test_the_exported_model_takes_bytes_of_pixels(run: Path, fitted: SequenceClassifier) -> None:
    assert verify(run).passed
    served = Servable.load(run)
    videos, _ = moving(3, seed=4)
    expected = fitted.predict(videos)
    length = np.array([len(video) for video in videos], np.int32)
    frames = np.full((3, length.max() + 2, 8, 8, 1), 99, np.uint8)
    for row, video in zip(frames, videos, strict=True):
        row[: len(video)] = video[..., None]
    answers = served(frames=frames, length=length)
    scores = [answer["score"] for answer in expected]
    np.testing.assert_allclose(answers["score"], scores, atol=1e-5)
    loaded = SequenceClassifier.load(run)
    again = [answer["score"] for answer in loaded.predict(videos)]
    np.testing.assert_allclose(again, scores, atol=1e-5)
    card = (run / "README.md").read_text()
    assert "| `golden.jsonl` | videos of a moving square, with" in card
    assert "10 frames a second, 8 x 8 pixels each, grayscale" in card


def test_frame_by_frame_it_answers_as_to_the_frames_so_far(run: Path) -> None:
    task = SequenceClassifier.load(run)
    (video,), _ = moving(1, seed=5)
    prefixes = [video[: n + 1] for n in range(len(video))]
    expected = [answer["probabilities"]["left"] for answer in task.predict(prefixes)]
    arriving = [a["probabilities"]["left"] for a in task.answer_frames(video[..., None])]
    np.testing.assert_allclose(arriving, expected, atol=1e-5)
    np.testing.assert_allclose(
        task.answer_over_time([video[..., None]])[0][:, 0], expected, atol=1e-5
    )


def test_files_and_arrays_have_one_answer(run: Path, tmp_path: Path) -> None:
    task = SequenceClassifier.load(run)
    videos, labels = moving(4, seed=6, size=32)
    for number, (video, label) in enumerate(zip(videos, labels, strict=True)):
        coloured = np.repeat(video[..., None], 3, axis=-1)
        write_video(tmp_path / "clips" / label / f"{number}.mkv", coloured)
    by_file = task.predict(tmp_path / "clips")
    by_array = task.predict([videos[n] for n in (0, 2, 1, 3)])
    for one, other in zip(by_file, by_array, strict=True):
        assert one["label"] == other["label"]
        assert one["score"] == pytest.approx(other["score"], abs=0.02)
    assert task.evaluate(tmp_path / "clips")["accuracy"] == 1.0


# On the command line


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    videos, labels = moving(24, seed=7, size=16)
    for number, (video, label) in enumerate(zip(videos, labels, strict=True)):
        write_video(folder / label / f"{number:02}.mkv", np.repeat(video[..., None], 3, axis=-1))
    return folder


def test_from_a_folder_of_clips_to_answers(
    clips: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    small = ["--front", "frames", "--frame-size", "8", "--hidden-size", "4", "--epochs", "1"]
    train = ["train", "--data", str(clips), "--output", run, *small, "--no-bidirectional"]
    assert activity.main(train) == 0
    assert f"predict {run} --data" in capfd.readouterr().err
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    first = str(clips / "left" / "00.mkv")
    page = tmp_path / "page.html"
    assert activity.main(["predict", run, first, str(bad), "--html", str(page)]) == 0
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [answer["video"] for answer in answers] == [first, str(bad)]
    assert "cannot be decoded" in answers[1]["error"]
    assert page.read_text().count("<img") == min(10, len(moving(1, seed=7)[0][0]))
    assert activity.main(["predict", run, "--data", str(clips)]) == 0
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(answers) == 24
    assert all(answer["video"].endswith(".mkv") and "score" in answer for answer in answers)
    assert activity.main(["inspect", "--data", str(clips), *small[:4]]) == 0
    assert re.search(r"frame size +8\n", capfd.readouterr().out)
    assert activity.main(["predict", run, "--stream"]) == 2
    assert "reads videos" in capfd.readouterr().err


def test_videos_without_the_front_for_them(
    clips: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "--data", str(clips), "--output", str(tmp_path / "run")]
    assert activity.main(train) == 2
    assert "--front frames" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["frame_rate", "frame_size", "color_mode", "shift"])
def test_options_of_videos_are_for_videos(name: str) -> None:
    value = {"color_mode": "rgb", "shift": 0.3}.get(name, 16)
    with pytest.raises(OptionError, match="front='frames'"):
        SequenceClassifier(**{name: value})
    SequenceClassifier(front="frames", **{name: value})
