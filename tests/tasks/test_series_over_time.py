"""Series that are answered after each frame, and the page of their answers."""

import json
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolkit.data import Unreadable
from toolkit.errors import ModelError
from toolkit.series.joints import find_joints
from toolkit.tasks import SequenceClassifier
from toolkit.tasks.sequences.viewing import answer_page, upright

JOINTS = "hip_center,shoulder_center,head"
LENGTHS = (5, 1, 9)


@pytest.fixture(scope="module", autouse=True)
def _not_trained() -> Any:
    """Networks keep their first weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        yield


def series(channels: int = 9, lengths: Any = LENGTHS, seed: int = 0) -> list[NDArray[Any]]:
    """Random series, in each of which the first value is missing."""
    random = np.random.default_rng(seed)
    found = [random.normal(size=(length, channels)).astype(np.float32) for length in lengths]
    for each in found:
        each[0, 0] = np.nan
    return found


def fitted(labels: Any, channels: int = 9, **options: Any) -> SequenceClassifier:
    task = SequenceClassifier(hidden_size=3, epochs=1, validation_split=0, **options)
    return task.fit((series(channels, [4] * len(labels)), labels))


@pytest.fixture(scope="module")
def classifier() -> SequenceClassifier:
    return fitted(
        ["a", "b", "c"], front="skeleton", joints=JOINTS, bidirectional=False, stride=2, stack=2
    )


@pytest.fixture(scope="module")
def both_ways() -> SequenceClassifier:
    return fitted(["a", "b"], channels=2)


def close(answer: dict[str, Any], other: dict[str, Any]) -> None:
    """The same answer, but for rounding."""
    assert answer.keys() == other.keys()
    for name, value in answer.items():
        if isinstance(value, (float, dict)):
            assert value == pytest.approx(other[name], abs=1e-5)
        else:
            assert value == other[name]


def test_each_frame_is_answered_as_the_series_up_to_it(classifier: SequenceClassifier) -> None:
    given = series()
    over_time = classifier.answer_over_time(given)
    for whole, answers in zip(given, over_time, strict=True):
        assert answers.shape == (len(whole), 3)
        expected = classifier.predict([whole[:end] for end in range(1, len(whole) + 1)])
        for answer, frame, row in zip(
            expected, classifier.answer_frames(whole), answers, strict=True
        ):
            close(frame, answer)
            np.testing.assert_allclose(row, [*answer["probabilities"].values()], atol=1e-5)
    assert classifier.answer_over_time([]) == []


def test_a_frame_that_cannot_be_read_has_an_error_and_is_left_out(
    classifier: SequenceClassifier,
) -> None:
    (whole,) = series(lengths=[4])
    lines = [whole[0].tolist(), Unreadable("line 2: why"), *whole[1:]]
    answers = [*classifier.answer_frames(lines)]
    assert answers.pop(1) == {"error": "line 2: why"}
    for answer, expected in zip(answers, classifier.answer_frames(whole), strict=True):
        close(answer, expected)


def test_answers_come_while_frames_still_come(classifier: SequenceClassifier) -> None:
    def frames() -> Any:
        yield [None] * 9
        raise AssertionError("asked for more than was needed")

    assert next(classifier.answer_frames(frames()))["label"] in "abc"


@pytest.mark.parametrize(("labels", "target"), [(["a|b", "b"], "labels"), ([1.5, 3], "number")])
def test_several_labels_and_numbers(labels: Any, target: Any) -> None:
    task = fitted(labels, channels=2, target=target, bidirectional=False)
    (whole,) = series(2, [6])
    *_, last = task.answer_frames(whole)
    (answer,) = task.predict([whole])
    close(last, answer)
    (over_time,) = task.answer_over_time([whole])
    assert over_time.shape == (6, 2 if target == "labels" else 1)
    page = "".join(answer_page(task, [(whole, answer)], "t"))
    assert page.count("<polyline") == (2 if target == "labels" else 0)
    words = f"{answer['value']:.4g}" if target == "number" else ", ".join(answer["labels"])
    assert f"<bdi>1: {words or 'no label'}</bdi>" in page


def test_what_reads_in_both_directions_says_so(both_ways: SequenceClassifier) -> None:
    with pytest.raises(ModelError, match=r"both directions.*bidirectional=False"):
        both_ways.answer_frames([])
    with pytest.raises(ModelError, match="both directions"):
        both_ways.answer_over_time(series(2))


def test_frames_of_other_channels_are_refused(classifier: SequenceClassifier) -> None:
    with pytest.raises(ModelError, match="frame must be float32"):
        next(classifier.answer_frames([[1.0, 2.0]]))


# The page.


def test_a_skeleton_moves_with_its_probabilities_over_time(classifier: SequenceClassifier) -> None:
    given = series()
    answers = classifier.predict(given)
    page = "".join(answer_page(classifier, zip(given, answers, strict=True), "the run"))
    assert "<title>the run</title>" in page
    for number, answer in enumerate(answers, 1):
        assert f"{number}: {answer['label']} ({answer['score']:.3f})" in page
    shown = re.findall(r'<script type="application/json">(.*?)</script>', page)
    over_time = classifier.answer_over_time(given)
    for text, whole, answer in zip(shown, given, over_time, strict=True):
        data = json.loads(text)
        assert data["bones"] == [[2, 1]]
        assert len(data["frames"]) == len(data["probabilities"]) == len(whole)
        assert data["frames"][0][:3] == [None] * 3  # the joint of which a value is missing
        order = np.argsort(-answer.max(axis=0), kind="stable")
        np.testing.assert_allclose(data["probabilities"], answer[:, order], atol=0.0006)


def test_other_channels_are_plotted_with_the_probabilities_of_the_whole(
    both_ways: SequenceClassifier,
) -> None:
    given = [[[1, None], [2, 5]], [["3", ""]]]
    answers = both_ways.predict(given)
    page = "".join(answer_page(both_ways, zip(given, answers, strict=True), "t"))
    assert page.count("<figure>") == 4
    assert "<polyline" not in page
    assert "<script" not in page
    assert [f"{value:.3f}" for value in sorted(answers[0]["probabilities"].values())[::-1]] == (
        re.findall(r"<td>(0\.\d+)</td>", page)[:2]
    )


def test_very_long_series_have_the_answer_to_the_whole(
    classifier: SequenceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.tasks.sequences.viewing.MOST_STEPS", 5)
    given = series()
    answers = zip(given, classifier.predict(given), strict=True)
    page = "".join(answer_page(classifier, answers, "t"))
    assert page.count('class="curves"') == 1  # that of five frames; one frame has no curve


def test_skeletons_stand_upright() -> None:
    joints = find_joints(JOINTS.split(","))
    hip, torso, head = [0.0, 1.0, 0.2], [0.1, 1.5, 0.3], [0.2, 1.7, 0.3]
    y_up = np.array([[hip, torso, head]] * 2, np.float32)
    y_up[1, 2, 0] = np.nan
    np.testing.assert_array_equal(upright(y_up.reshape(2, 9), joints, 3, "y"), y_up)
    for vertical, order in {"z": [2, 0, 1], "x": [1, 2, 0]}.items():
        turned = y_up[..., order]  # a cyclic change of the axes is a rotation
        np.testing.assert_array_equal(upright(turned.reshape(2, 9), joints, 3, vertical), y_up)

    # In pictures y grows downwards, and z away from who looks.
    picture = np.concatenate([y_up * [1, -1, -1], np.ones((2, 3, 1))], axis=2)
    np.testing.assert_array_equal(upright(picture.reshape(2, 12), joints, 4, "y"), y_up)
    flat = upright(y_up[..., :2].reshape(2, 6), joints, 2, "y")
    np.testing.assert_array_equal(flat, y_up * [1, 1, 0])

    nothing = np.full((1, 9), np.nan, np.float32)
    assert np.isnan(upright(nothing, joints, 3, "y")).all()
