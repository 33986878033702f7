"""Which examples are held out: stratified by class, never tearing a group, by a seed."""

import logging

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from toolkit.errors import DataError, OptionError

logger = logging.getLogger("toolkit")

Indices = NDArray[np.int64]


def split_indices(
    count: int,
    share: float,
    seed: int,
    classes: NDArray[np.int32] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[Indices, Indices]:
    """Splits examples in two, as a function of the seed.

    With classes, each keeps its share on both sides as nearly as it can, and one that has a
    single example is trained on. With groups, no group is on both sides; the share is then met as
    nearly as the groups allow.

    Args:
        count: How many examples there are.
        share: The share of the examples to hold out, between 0 and 1.
        seed: The seed.
        classes: The class of each example [count], if the split is to be stratified.
        groups: The group of each example [count], if there are any.

    Returns:
        The sorted indices of the examples to train on and of those held out; both have some.

    Raises:
        OptionError: the share is not between 0 and 1.
        DataError: there are too few examples or groups.
    """
    if not 0 < share < 1:
        raise OptionError(f"the share to hold out is {share}; it must lie between 0 and 1")
    if groups is not None:
        held = _by_group(share, seed, classes, groups)
    elif classes is not None:
        held = _by_class(share, seed, classes)
    else:
        held = np.random.default_rng(seed).permutation(count)[: _held_count(count, share)]
    if not 0 < len(held) < count:
        raise DataError(
            f"{count} examples are too few to hold out {share:.0%} of them and train on every "
            "class; give more, or give validation data of its own"
        )
    held = np.asarray(held, np.int64)
    train = np.setdiff1d(np.arange(count), held)
    if classes is not None:
        _say_what_is_missing(classes, train)
    return train, np.sort(held)


def _held_count(count: int, share: float) -> int:
    return min(max(1, round(count * share)), count - 1)


def _by_class(share: float, seed: int, classes: NDArray[np.int32]) -> Indices:
    sizes = np.bincount(classes)
    several = np.flatnonzero(sizes[classes] > 1)  # a class of one cannot be on both sides
    if len(several) < len(classes):
        logger.info(
            "%d classes have a single example, which is trained on", np.count_nonzero(sizes == 1)
        )
    kinds = np.count_nonzero(sizes > 1)
    held = round(len(classes) * share)
    if kinds <= held <= len(several) - kinds:
        _, chosen = train_test_split(
            several, test_size=held, stratify=classes[several], random_state=seed
        )
        return chosen
    # Too few to hold out one of each class: one each of the first few classes in random order.
    logger.info("too few examples to hold out some of every class")
    order = np.random.default_rng(seed).permutation(several)
    _, firsts = np.unique(classes[order], return_index=True)
    return order[np.sort(firsts)[: max(1, held)]]


def _by_group(
    share: float, seed: int, classes: NDArray[np.int32] | None, groups: NDArray[np.int64]
) -> Indices:
    """Holds out groups in random order, each if it brings the classes nearer to their share.

    The distance is the squared one between how many examples of each class are held out and how
    many should be, so that one pass over the groups is enough, however many they are.
    """
    kinds = np.zeros(len(groups), np.int32) if classes is None else classes
    wanted = share * np.bincount(kinds)
    by_group = np.argsort(groups, kind="stable")
    members = np.split(by_group, np.flatnonzero(np.diff(groups[by_group])) + 1)
    if len(members) < 2:
        raise DataError("all examples are of one group, so none can be held out")
    missing = wanted.copy()
    held = []
    order = np.random.default_rng(seed).permutation(len(members))
    for indices in (members[index] for index in order):
        sizes = np.bincount(kinds[indices], minlength=len(wanted))
        if sizes @ sizes < 2 * sizes @ missing:  # |missing - sizes|^2 < |missing|^2
            missing -= sizes
            held.append(indices)
    return np.concatenate(held) if held else min((members[i] for i in order), key=len)


def _say_what_is_missing(classes: NDArray[np.int32], train: Indices) -> None:
    missing = np.setdiff1d(classes, classes[train])
    if len(missing):
        logger.warning("%d classes are only in held-out groups: none to train on", len(missing))
