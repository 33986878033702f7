"""Skeletons in motion: the stills as matplotlib drew them, the page read back by a parser."""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray
from page_reader import EVIL, Reader

from toolkit.evaluation import MovingSkeleton, skeleton_page, skeleton_stills
from toolkit.evaluation.pages.page import MOST_CLASSES
from toolkit.evaluation.pages.skeleton import EXTENT, MOST_FRAMES, VIEW

BONES = ((0, 1), (1, 2))
CLASSES = ("walks", "runs", "sits")


def moving(frames: int = 40, classes: int = 3, whole: bool = False) -> MovingSkeleton:
    """Three joints that move at random, and probabilities."""
    random = np.random.default_rng(frames)
    scores = random.random((frames, classes))
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    joints = random.normal([1, 20, 300], [0.1, 0.3, 0.2], (frames, 3, 3))
    return MovingSkeleton("one", joints, probabilities[-1] if whole else probabilities)


def as_seen(joints: NDArray[Any]) -> NDArray[Any]:
    """Joints [..., 3] from VIEW degrees to the side: a rotation, then depth is dropped."""
    turn = np.exp(1j * np.deg2rad(VIEW))
    across = ((joints[..., 0] + 1j * joints[..., 2]) * turn.conjugate()).real
    return np.stack([across, joints[..., 1]], axis=-1)


# Stills.


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that would have been saved."""
    figures: list[Any] = []
    monkeypatch.setattr(
        "toolkit.evaluation.pages.skeleton.save_figure", lambda f, _: figures.append(f)
    )
    return figures


def test_stills_have_the_bones_of_their_frames(drawn: list[Any]) -> None:
    recording = moving()
    skeleton_stills(recording, BONES, CLASSES, "unused", stills=4, frame_rate=20)
    *stills, _ = drawn[0].axes
    assert [axes.get_title() for axes in stills] == ["0.00 s", "0.65 s", "1.30 s", "1.95 s"]
    for axes, frame in zip(stills, (0, 13, 26, 39), strict=True):
        seen = as_seen(np.asarray(recording.joints)[frame])
        for line, bone in zip(axes.lines, BONES, strict=True):
            np.testing.assert_allclose(line.get_xydata(), seen[list(bone)])
        assert axes.get_xlim() == stills[0].get_xlim()
        assert axes.get_ylim() == stills[0].get_ylim()
        assert axes.get_aspect() == 1


def test_curves_are_the_probabilities_over_time_the_highest_first(drawn: list[Any]) -> None:
    recording = moving()
    skeleton_stills(recording, BONES, CLASSES, "unused", frame_rate=20)
    axes = drawn[0].axes[-1]
    table = np.asarray(recording.probabilities)
    order = np.argsort(-table.max(axis=0))
    for line, number in zip(axes.lines, order, strict=False):
        assert line.get_label() == CLASSES[number]
        np.testing.assert_allclose(line.get_xdata(), np.arange(40) / 20)
        np.testing.assert_allclose(line.get_ydata(), table[:, number])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time in seconds", "probability")


def test_an_answer_for_the_whole_is_drawn_as_bars(drawn: list[Any]) -> None:
    recording = moving(classes=9, whole=True)
    skeleton_stills(recording, BONES, [f"c{n}" for n in range(9)], "unused")
    axes = drawn[0].axes[-1]
    expected = np.sort(np.asarray(recording.probabilities))[::-1][:MOST_CLASSES]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], expected)
    assert axes.get_xlabel() == "probability\n6 of 9 classes"
    assert drawn[0].axes[1].get_title().startswith("frame ")


@pytest.mark.parametrize("frames", [1, 2, 5000])
@pytest.mark.parametrize("whole", [True, False])
def test_stills_of_any_length_with_missing_joints(tmp_path: Path, frames: int, whole: bool) -> None:
    recording = moving(frames, whole=whole)
    joints = np.array(recording.joints)
    joints[:, 1, 2] = np.nan
    joints[0] = np.inf
    path = tmp_path / "stills.png"
    strange = recording._replace(joints=joints, name="走る $^$\n\ud800")
    skeleton_stills(strange, BONES, ["$^$", "走る", "x" * 99], path)
    height, width, _ = matplotlib.image.imread(path).shape
    assert 400 < height < 1000
    assert 600 < width < 2500


# The page.


def page(*recordings: MovingSkeleton, classes: Any = CLASSES, title: str = "t") -> Reader:
    text = "".join(skeleton_page(recordings, BONES, classes, title, frame_rate=20))
    text.encode()  # can be encoded as UTF-8
    assert "http" not in text
    assert not re.search(r"\b(NaN|Infinity)\b", text)
    return Reader(text)


def data(reader: Reader) -> list[dict[str, Any]]:
    """The data of each recording."""
    return [json.loads(text) for text in reader.of("script") if text.startswith("{")]


def test_the_page_has_the_skeleton_to_scale() -> None:
    recording = moving()
    shown = data(page(recording))[0]
    frames = np.reshape(shown["frames"], (40, 3, 3)) * [1, -1, 1]
    joints = np.asarray(recording.joints)
    extent = np.ptp(joints.reshape(-1, 3), axis=0).max()
    moved = (frames - frames[0, 0]) * extent / EXTENT - (joints - joints[0, 0])
    assert abs(moved).max() <= extent / EXTENT  # to a unit of the page
    assert shown["rate"] == 20
    np.testing.assert_allclose(np.ptp(frames, axis=(0, 1)).max(), EXTENT, atol=1)


def test_the_first_frame_is_drawn_without_a_script_and_all_are_within_the_picture() -> None:
    recording = moving()
    reader = page(recording)
    frames = np.reshape(data(reader)[0]["frames"], (40, 3, 3))
    path = reader.attributes("path", "d")[0]
    lines = [re.findall(r"-?\d+", line) for line in path.split("M")[1:]]
    for line, (start, end) in zip(lines, BONES, strict=True):
        expected = as_seen(frames[0, [start, end]]).ravel()
        np.testing.assert_allclose(np.array(line, float), expected, atol=0.51)
    left, top, width, height = map(int, reader.attributes("svg", "viewbox")[0].split())
    across = np.hypot(frames[..., 0], frames[..., 2]).max()  # from any side
    assert left < -across < across < left + width
    assert top < frames[..., 1].min() < frames[..., 1].max() < top + height


def test_the_page_has_classes_bars_and_curves_the_most_probable_first() -> None:
    recording = moving(classes=9)
    classes = [f"c{number}" for number in range(9)]
    reader = page(recording, classes=classes)
    table = np.asarray(recording.probabilities)
    order = np.argsort(-table.max(axis=0))[:MOST_CLASSES]
    assert reader.of("bdi") == ["one", *(classes[number] for number in order)]
    assert "3 less probable classes are not shown." in reader.of("caption")
    assert reader.of("td") == [f"{table[0, number]:.3f}" for number in order]
    np.testing.assert_allclose(data(reader)[0]["probabilities"], table[:, order], atol=0.0005)
    curves = reader.attributes("polyline", "points")
    for curve, number in zip(curves, order, strict=True):
        points = np.array([point.split(",") for point in curve.split()], float)
        np.testing.assert_allclose(points[:, 0], np.arange(40))
        np.testing.assert_allclose(points[:, 1], 100 - 100 * table[:, number], atol=0.051)
    hues = {style.split(";")[0] for style in reader.attributes("div", "style")}
    assert hues == set(reader.attributes("polyline", "style"))
    assert len(hues) == MOST_CLASSES


def test_an_answer_for_the_whole_has_no_curves() -> None:
    reader = page(moving(whole=True))
    assert reader.attributes("polyline", "points") == []
    assert len(data(reader)[0]["probabilities"]) == 1


def test_long_recordings_are_thinned_and_play_as_fast() -> None:
    frames = 10 * MOST_FRAMES
    shown = data(page(moving(frames)))[0]
    assert len(shown["frames"]) == len(shown["probabilities"]) == MOST_FRAMES
    assert len(shown["frames"]) / shown["rate"] == pytest.approx(frames / 20)


def test_missing_joints_have_no_bones() -> None:
    recording = moving(3)
    joints = np.array(recording.joints)
    joints[0, 2, 1] = np.nan
    joints[1] = np.inf
    reader = page(
        recording._replace(joints=joints), recording._replace(joints=np.full((3, 3, 3), np.nan))
    )
    first, second = data(reader)
    assert first["frames"][0][6:] == [None] * 3
    assert first["frames"][1] == [None] * 9
    assert None not in first["frames"][2]
    assert second["frames"] == [[None] * 9] * 3
    assert reader.attributes("path", "d")[0].count("M") == 1
    assert reader.attributes("path", "d")[1] == ""


def test_nothing_in_a_name_is_taken_for_html() -> None:
    reader = page(moving()._replace(name=EVIL), classes=[EVIL, "b", "c"], title=EVIL)
    shown = EVIL.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert reader.of("title") == reader.of("h1") == [shown]
    assert reader.of("bdi").count(shown) == 2
    assert "img" not in {tag for tag, _ in reader.tags}
    assert len(reader.of("script")) == 2


def test_a_recording_of_one_frame_and_a_page_of_none() -> None:
    reader = page(moving(1), moving(1, whole=True))
    assert [len(each["frames"]) for each in data(reader)] == [1, 1]
    assert reader.attributes("polyline", "points") == []
    assert data(page()) == []


def test_pieces_come_while_recordings_still_come() -> None:
    def recordings():
        yield moving()
        raise AssertionError("asked for more than was needed")

    pieces = skeleton_page(recordings(), BONES, CLASSES, "t")
    seen = next(pieces)
    assert "<title>" in seen
    while "</section>" not in seen:
        seen += next(pieces)
