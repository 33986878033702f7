"""Videos as small frames: their times, sizes, colours, rotation, and what is no video."""

import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from videos import grey, write_video

from toolkit.data.bad_rows import BadRowError
from toolkit.data.videos.frames import FrameFormat, is_video
from toolkit.errors import OptionError

SMALL = FrameFormat(frame_rate=10, frame_size=8)
LEVELS = [10, 60, 110, 160, 210, 250]


def levels_of(frames: np.ndarray) -> list[int]:
    """The grey of each frame, which is the same in all of it."""
    assert (frames == frames[:, :1, :1]).all()
    return frames[:, 0, 0, 0].tolist()


# Times


def test_a_video_of_the_same_rate_is_read_frame_by_frame(tmp_path: Path) -> None:
    frames = SMALL.read(write_video(tmp_path / "a.mkv", grey(LEVELS)))
    assert frames.shape == (6, 8, 8, 1)
    assert frames.dtype == np.uint8
    assert levels_of(frames) == LEVELS


@pytest.mark.parametrize("rate", [5, 7, 10, 12, 25, 30, 60])
def test_each_time_has_the_frame_that_is_shown_at_it(tmp_path: Path, rate: int) -> None:
    levels = [*range(0, 250, 5)]
    frames = SMALL.read(write_video(tmp_path / "a.mkv", grey(levels), rate=rate))
    shown = np.round(np.arange(len(levels)) / rate, 3)  # the container has milliseconds
    times = np.arange(round(10 * len(levels) / rate + 0.49)) / 10
    expected = [levels[np.searchsorted(shown, t + 1e-9, side="right") - 1] for t in times]
    assert levels_of(frames)[: len(expected) - 1] == expected[:-1]
    assert abs(len(frames) - 10 * len(levels) / rate) <= 1


@pytest.mark.parametrize("rate", [15, 24, 30, 60])
def test_rounded_times_of_a_container_cost_no_frame(tmp_path: Path, rate: int) -> None:
    levels = [*range(0, 240, 5)]
    path = write_video(tmp_path / "a.mkv", grey(levels), rate=rate)  # whole milliseconds
    assert levels_of(FrameFormat(rate, 8).read(path)) == levels
    assert levels_of(FrameFormat(rate / 2, 8).read(path)) == levels[::2]


def test_frames_at_unequal_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", grey(LEVELS[:4]), times=[0.0, 0.05, 0.1, 0.5])
    assert levels_of(SMALL.read(path))[:6] == [10, 110, 110, 110, 110, 160]


def test_the_first_frame_is_at_time_zero_whatever_its_file_says(tmp_path: Path) -> None:
    times = [7 + n / 10 for n in range(4)]
    path = write_video(tmp_path / "a.mkv", grey(LEVELS[:4]), times=times)
    assert levels_of(SMALL.read(path)) == LEVELS[:4]


def test_a_single_frame(tmp_path: Path) -> None:
    for rate in (10, 30):
        path = write_video(tmp_path / f"{rate}.mkv", grey([77]), rate=rate)
        assert levels_of(SMALL.read(path)) == [77]


# Pictures


def test_colours(tmp_path: Path) -> None:
    frames = np.zeros((3, 16, 24, 3), np.uint8)
    frames[..., 0], frames[..., 1] = 200, 100
    path = write_video(tmp_path / "a.mkv", frames)
    rgb = FrameFormat(10, 8, "rgb").read(path)
    np.testing.assert_array_equal(rgb, np.broadcast_to([200, 100, 0], (3, 8, 8, 3)))
    luma = 0.299 * 200 + 0.587 * 100  # ITU-R BT.601, section 2.5.1
    assert np.abs(SMALL.read(path).astype(int) - luma).max() <= 2


def test_a_picture_is_scaled_by_the_mean_of_its_pixels(tmp_path: Path) -> None:
    picture = np.kron(np.random.default_rng(0).integers(0, 256, (16, 32)), np.ones((2, 2)))
    path = write_video(tmp_path / "a.mkv", [np.stack([picture] * 3, -1).astype(np.uint8)])
    means = picture.reshape(8, 4, 8, 8).mean(axis=(1, 3))
    assert np.abs(SMALL.read(path)[0, :, :, 0] - means).max() <= 2
    array = np.stack([picture] * 3, -1).astype(np.uint8)[None]
    np.testing.assert_array_equal(SMALL.fit(array), SMALL.read(path))


def test_a_video_that_is_to_be_shown_rotated_is_rotated(tmp_path: Path) -> None:
    corner = np.zeros((16, 16, 3), np.uint8)
    corner[:4, 8:] = 255  # bright at the right of the upper edge
    for degrees in (0, 90, 180, 270):
        path = _rotated(tmp_path / f"{degrees}.mp4", corner, degrees)
        picture = SMALL.read(path)[0, :, :, 0].astype(int)
        expected = np.rot90(corner[::2, ::2, 0], -degrees // 90).astype(int)
        assert np.abs(picture - expected).mean() < 12, degrees


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [((-1, 0, 0, 1), np.fliplr), ((1, 0, 0, -1), np.flipud), ((0, 1, 1, 0), np.transpose)],
)
def test_mirrored_videos(tmp_path: Path, matrix: tuple[int, ...], turn: Any) -> None:
    corner = np.zeros((16, 16, 3), np.uint8)
    corner[:4, 8:] = 255
    picture = SMALL.read(_turned(tmp_path / "a.mp4", corner, matrix))[0, :, :, 0].astype(int)
    assert np.abs(picture - turn(corner[::2, ::2, 0])).mean() < 12


def _rotated(path: Path, picture: np.ndarray, clockwise: int) -> Path:
    """Write a video whose file says to turn it, as those of a telephone do."""
    cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise]
    return _turned(path, picture, (cosine, sine, -sine, cosine))


def _turned(path: Path, picture: np.ndarray, matrix: tuple[int, ...]) -> Path:
    """Write a video with a display matrix (a, b, c, d) of its track."""
    plain = write_video(path, [picture] * 3, codec="mpeg4")
    content = plain.read_bytes()
    one = 0x00010000
    a, b, c, d = (one * value for value in matrix)
    unit = [one, 0, 0, 0, one, 0, 0, 0, 0x40000000]
    turned = [a, b, 0, c, d, 0, 0, 0, 0x40000000]
    before, after = (b"".join(v.to_bytes(4, "big", signed=True) for v in m) for m in (unit, turned))
    start = content.index(b"tkhd")  # the matrix of the track, not that of the movie
    place = content.index(before, start)
    path.write_bytes(content[:place] + after + content[place + len(after) :])
    return path


# Arrays


def test_arrays_of_the_right_size_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    frames = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
    for given in (frames, frames[..., None], frames.tolist(), frames.astype(float)):
        np.testing.assert_array_equal(SMALL.fit(given), frames[..., None])
    with pytest.raises(OptionError, match="pip install av"):
        SMALL.fit(np.zeros((3, 9, 8), np.uint8))


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        (np.zeros((2, 8), np.uint8), r"shape \[2, 8\]"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"1 or 3 colours"),
        (np.zeros((0, 8, 8), np.uint8), "no frames"),
        (np.zeros((2, 0, 8), np.uint8), "shape"),
        (np.full((2, 8, 8), 256), "0 to 255"),
        (np.full((2, 8, 8), -1), "0 to 255"),
        (np.full((2, 8, 8), 0.5), "0 to 255"),
        (np.full((2, 8, 8), np.nan), "0 to 255"),
        ([np.zeros((8, 8)), np.zeros((9, 8))], "different shapes"),
        (np.full((2, 8, 8), "a"), "0 to 255"),
    ],
)
def test_arrays_that_are_no_videos(frames: object, problem: str) -> None:
    with pytest.raises(BadRowError, match=problem):
        SMALL.fit(frames)


# Files that are no videos


def test_files_that_cannot_be_decoded(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video " * 100)
    whole = write_video(tmp_path / "whole.mp4", grey(LEVELS * 4), codec="mpeg4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:400])
    (tmp_path / "folder.mp4").mkdir()
    for name in ("empty.mp4", "text.mp4", "cut.mp4", "none.mp4", "folder.mp4"):
        with pytest.raises(BadRowError, match=name) as caught:
            SMALL.read(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_files_that_end_early_or_jump_in_time(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", grey([*range(0, 240, 6)])).read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadRowError, match=r"half\.mkv ends after .* of 4\.0 seconds"):
        SMALL.read(tmp_path / "half.mkv")
    path = write_video(tmp_path / "jump.mkv", grey(LEVELS[:3]), times=[0.0, 0.1, 3600.0])
    with pytest.raises(BadRowError, match="shows frame 2 for 3,600 seconds"):
        SMALL.read(path)


def test_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(BadRowError, match="no pictures"):
        SMALL.read(path)


def test_the_library_is_optional(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", grey([1]))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match="pip install av"):
        SMALL.read(path)


def test_endings() -> None:
    assert is_video("A/B.MP4")
    assert is_video(Path("x.avi"))
    assert not any(map(is_video, ["x.ts", "mp4", "x.csv", 4, None]))
