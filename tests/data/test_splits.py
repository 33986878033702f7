"""Splits: stratified, seeded, by group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from toolkit.data.splits import split_indices
from toolkit.errors import DataError, OptionError


def counts(classes: np.ndarray, indices: np.ndarray) -> list[int]:
    return np.bincount(classes[indices], minlength=classes.max() + 1).tolist()


def test_stratified() -> None:
    classes = np.repeat([0, 1, 2], [700, 200, 100]).astype(np.int32)
    train, held = split_indices(1000, 0.1, 0, classes)
    assert counts(classes, held) == [70, 20, 10]
    assert counts(classes, train) == [630, 180, 90]


@given(st.lists(st.integers(10, 60), min_size=2, max_size=5), st.sampled_from([0.1, 0.25, 0.5]))
def test_class_sizes_are_those_of_scikit_learn(sizes: list[int], share: float) -> None:
    classes = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    _, held = split_indices(len(classes), share, 0, classes)
    _, theirs = train_test_split(classes, test_size=len(held), stratify=classes, random_state=0)
    ours = np.asarray(counts(classes, held))
    assert np.abs(ours - np.bincount(theirs)).max() <= 1  # equal remainders are a tie
    assert ours.sum() == round(share * len(classes))


def test_a_function_of_the_seed() -> None:
    classes = (np.arange(100) % 2).astype(np.int32)
    groups = np.arange(100) // 2
    for arguments in [(), (classes,), (classes, groups), (None, groups)]:
        first = split_indices(100, 0.3, 1, *arguments)[1]
        assert first.tolist() == split_indices(100, 0.3, 1, *arguments)[1].tolist()
        assert first.tolist() != split_indices(100, 0.3, 2, *arguments)[1].tolist()


@given(
    classes=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_whatever_the_classes(classes: list[int], share: float, seed: int) -> None:
    kinds = np.asarray(classes, np.int32)
    try:
        train, held = split_indices(len(kinds), share, seed, kinds)
    except DataError:
        assert np.bincount(kinds).max() == 1
    else:
        assert sorted([*train, *held]) == list(range(len(kinds)))
        assert len(held) > 0
        assert set(kinds[train]) == set(classes)


def test_a_class_of_one_is_trained_on(caplog: pytest.LogCaptureFixture) -> None:
    classes = np.asarray([0] * 10 + [1] * 10 + [2], np.int32)
    with caplog.at_level("INFO", "toolkit"):
        train, _ = split_indices(21, 0.2, 0, classes)
    assert 20 in train
    assert "1 class has a single example, which is trained on" in caplog.text


def test_more_classes_than_are_held_out() -> None:
    classes = (np.arange(40) % 20).astype(np.int32)
    train, held = split_indices(40, 0.1, 0, classes)
    assert len(held) == 4
    assert set(classes[train]) == set(range(20))


@given(
    groups=st.lists(st.integers(0, 8), min_size=2, max_size=60),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
    stratified=st.booleans(),
)
def test_no_group_is_torn(groups: list[int], share: float, seed: int, stratified: bool) -> None:
    numbers = np.asarray(groups, np.int64)
    classes = (np.arange(len(groups)) % 2).astype(np.int32) if stratified else None
    if len(set(groups)) < 2:
        with pytest.raises(DataError, match="since all belong together"):
            split_indices(len(groups), share, seed, classes, numbers)
        return
    train, held = split_indices(len(groups), share, seed, classes, numbers)
    assert sorted([*train, *held]) == list(range(len(groups)))
    assert not set(numbers[train]) & set(numbers[held])
    assert len(train) > 0
    assert len(held) > 0


def test_groups_meet_the_share_of_every_class() -> None:
    random = np.random.default_rng(0)
    groups = random.geometric(0.01, 5000)  # from one to about fifty examples each
    classes = (random.random(5000) < 0.1 + 0.3 * (groups % 3)).astype(np.int32)
    for seed in range(5):
        _, held = split_indices(5000, 0.1, seed, classes, groups)
        np.testing.assert_allclose(counts(classes, held), 0.1 * np.bincount(classes), atol=6)


def test_a_group_larger_than_the_share_stays_unless_all_are() -> None:
    groups = np.repeat([1, 2, 3, 4], [70, 15, 10, 5])
    assert set(groups[split_indices(100, 0.2, 0, groups=groups)[1]]) <= {2, 3, 4}
    assert set(groups[split_indices(100, 0.01, 0, groups=groups)[1]]) == {4}


def test_a_class_only_in_what_is_held_out_is_said(caplog: pytest.LogCaptureFixture) -> None:
    classes = np.asarray([0, 0, 1], np.int32)
    split_indices(3, 0.34, 0, classes, np.asarray([5, 5, 6]))
    assert "1 classes are only in held-out groups" in caplog.text


def test_too_little_to_split() -> None:
    for classes in (None, np.zeros(1, np.int32)):
        with pytest.raises(DataError, match="1 examples are too few to hold out 10%"):
            split_indices(1, 0.1, 0, classes)
    with pytest.raises(DataError, match=r"2 examples are too few .* train on every class"):
        split_indices(2, 0.1, 0, np.asarray([0, 1], np.int32))
    train, held = split_indices(2, 0.1, 0)
    assert len(train) == len(held) == 1


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_impossible_shares(share: float) -> None:
    with pytest.raises(OptionError, match="must lie between 0 and 1"):
        split_indices(10, share, 0)
