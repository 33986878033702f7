"""Skeletons as in a mirror, and the classes that exchange their names there."""

from itertools import combinations

import numpy as np
import pytest

from toolkit.data import LabelEncoder, PackedCorpus, PackedSequences
from toolkit.errors import OptionError
from toolkit.series.joints import KINECT_20
from toolkit.tasks.sequences.mirror import exchanged_classes, mirrored, with_mirrored


@pytest.fixture
def frames():
    random = np.random.default_rng(0)
    return random.normal(size=(5, 62)).astype(np.float32)  # two more channels than joints


class TestMirrored:
    def test_twice_is_the_same(self, frames):
        twice = mirrored(mirrored(frames, KINECT_20, 3, 0), KINECT_20, 3, 0)
        np.testing.assert_array_equal(twice, frames)

    def test_distances_within_a_skeleton_are_those_of_the_other_side(self, frames):
        other = dict(KINECT_20.pairs) | {right: left for left, right in KINECT_20.pairs}
        before, after = (
            a[:, :60].reshape(5, 20, 3) for a in (frames, mirrored(frames, KINECT_20, 3, 0))
        )
        for i, j in combinations(range(20), 2):
            k, m = other.get(i, i), other.get(j, j)
            expected = np.linalg.norm(before[:, k] - before[:, m], axis=1)
            found = np.linalg.norm(after[:, i] - after[:, j], axis=1)
            np.testing.assert_allclose(found, expected, rtol=1e-6)

    def test_one_axis_alone_is_turned_over(self, frames):
        after = mirrored(frames, KINECT_20, 3, 2)
        left, right = KINECT_20.pairs[0]
        np.testing.assert_array_equal(after[:, 3 * left], frames[:, 3 * right])
        np.testing.assert_array_equal(after[:, 3 * left + 2], -frames[:, 3 * right + 2])
        np.testing.assert_array_equal(after[:, 60:], frames[:, 60:])


class TestExchangedClasses:
    def test_pairs(self):
        assert exchanged_classes("a=b", "abc") == {"a": "b", "b": "a", "c": "c"}
        assert exchanged_classes("same", "ab") == {"a": "a", "b": "b"}

    @pytest.mark.parametrize(
        ("mirror", "message"),
        [
            ("a", "'a'; it should be pairs"),
            ("a=a", "'a=a'; it should be pairs"),
            ("a=d", "the class 'd'; the data has"),
            ("a=b, c=b", "the class 'b' twice"),
        ],
    )
    def test_what_cannot_be_meant(self, mirror, message):
        with pytest.raises(OptionError, match=message):
            exchanged_classes(mirror, "abc")


@pytest.mark.parametrize(
    ("target", "labels", "copies"),
    [
        ("classes", np.array([0, 2], np.int32), [1, 2]),
        ("labels", np.array([[1, 0, 1], [0, 0, 1]], np.float32), [[0, 1, 1], [0, 0, 1]]),
        ("number", np.array([0.5, 2.0], np.float32), [0.5, 2.0]),
    ],
)
def test_copies_follow_the_examples(frames, target, labels, copies):
    sequences = PackedSequences.from_sequences([frames, frames[:2]], np.float32, (62,))
    classes = () if target == "number" else ("a", "b", "c")
    encoder = LabelEncoder(target, classes)
    corpus = PackedCorpus(sequences, labels, np.array([7, 9]), encoder)
    exchanged = exchanged_classes("a=b", classes) if classes else {}
    both = with_mirrored(corpus, encoder, exchanged, KINECT_20, 3, 0)
    assert both.lengths.tolist() == [5, 2, 5, 2]
    np.testing.assert_array_equal(both.labels, [*labels, *copies])
    np.testing.assert_array_equal(both.sequences[0], frames)
    np.testing.assert_array_equal(both.sequences[3], mirrored(frames[:2], KINECT_20, 3, 0))
