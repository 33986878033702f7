"""Random splits into a training and a held-out part, stratified by class or by whole groups."""

import copy
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.sources.source import Record
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
    """Split examples into a training and a held-out part, as a function of the seed.

    With classes, the split is stratified, and a class with a single example is in the training
    part. With groups, no group is in both parts; the share is then met as closely as the groups
    allow.

    Args:
        count: The number of examples.
        share: The share of the examples to hold out, between 0 and 1.
        seed: The seed.
        classes: The class of each example [count], for a stratified split.
        groups: The group of each example [count], if any.

    Returns:
        The sorted indices of the training and of the held-out examples; neither is empty.

    Raises:
        OptionError: The share is not between 0 and 1.
        DataError: There are too few examples or groups.
    """
    if not 0 < share < 1:
        raise OptionError(f"the share to hold out is {share}; it must lie between 0 and 1")
    random = np.random.default_rng(seed)
    wanted = min(max(1, round(share * count)), count - 1)
    if groups is not None:
        held = _by_group(share, random, classes, groups)
    elif classes is not None:
        held = _by_class(share, wanted, random, classes)
    else:
        held = random.permutation(count)[:wanted]
    if not 0 < len(held) < count:
        raise DataError(
            f"{count} examples are too few to hold out {share:.0%} of them and train on every "
            "class; give more, or give validation data of its own"
        )
    train = np.setdiff1d(np.arange(count), held)
    if classes is not None:
        _warn_of_untrained_classes(classes, train)
    return train, np.sort(held)


def _by_class(
    share: float, count: int, random: np.random.Generator, classes: NDArray[np.int32]
) -> Indices:
    """Apportion the held-out examples to classes by the largest remainder method."""
    sizes = np.bincount(classes)
    most = np.maximum(sizes - 1, 0)  # one example of each class is always in the training part
    singles = np.count_nonzero(sizes == 1)
    if singles:
        which = "class has" if singles == 1 else "classes have"
        logger.info("%d %s a single example, which is trained on", singles, which)
    seats = np.minimum(np.floor(share * sizes).astype(np.int64), most)
    remainders = np.where(seats < most, share * sizes - seats, -1)
    by_remainder = np.lexsort((random.random(len(sizes)), -remainders))
    by_remainder = by_remainder[remainders[by_remainder] >= 0]
    seats[by_remainder[: max(0, count - seats.sum())]] += 1
    order = random.permutation(len(classes))
    held = [order[classes[order] == kind][:number] for kind, number in enumerate(seats)]
    return np.concatenate(held)


def _by_group(
    share: float,
    random: np.random.Generator,
    classes: NDArray[np.int32] | None,
    groups: NDArray[np.int64],
) -> Indices:
    """Hold out groups in random order, each that exceeds no class's remaining quota.

    If none fits, hold out the smallest.
    """
    kinds = np.zeros(len(groups), np.int32) if classes is None else classes
    by_group = np.argsort(groups, kind="stable")
    members = np.split(by_group, np.flatnonzero(np.diff(groups[by_group])) + 1)
    if len(members) < 2:
        raise DataError(
            "no examples can be held out, since all belong together (one group, or one text); "
            "give more of them, or validation data"
        )
    sizes = np.bincount(kinds)
    wanted = np.clip(np.rint(share * sizes), 1, np.maximum(sizes - 1, 0))
    held: list[Indices] = []
    order = random.permutation(len(members))
    for indices in (members[index] for index in order):
        taken = np.bincount(kinds[indices], minlength=len(wanted))
        if (taken <= wanted).all():
            wanted -= taken
            held.append(indices)
    return np.concatenate(held) if held else min((members[i] for i in order), key=len)


def _warn_of_untrained_classes(classes: NDArray[np.int32], train: Indices) -> None:
    """Log how many classes have no training examples."""
    missing = np.setdiff1d(classes, classes[train])
    if len(missing):
        logger.warning("%d classes are only in held-out groups: none to train on", len(missing))


def chosen_rows(source: Any, rows: frozenset[int]) -> Any:
    """Return a source like another one, of the same class, which has some of its rows alone.

    Args:
        source: The source.
        rows: The numbers of the rows.
    """

    def records() -> Iterator[Record]:
        return (record for record in source.records() if record.row in rows)

    chosen = copy.copy(source)
    object.__setattr__(chosen, "records", records)  # also of a frozen one
    return chosen


def held_out_rows(
    examples: Any, is_held_out: Iterable[Any], validation: Any = None
) -> Callable[[], Any]:
    """Return a function that returns the held-out part as a source.

    Args:
        examples: The reader of the training data, whose examples have ``row``.
        is_held_out: Whether each example is held out.
        validation: The reader of separate validation data, if there is any.
    """

    def source() -> Any:
        if validation is not None:
            return validation.source
        rows = frozenset(example.row for example in compress(examples, is_held_out))
        return chosen_rows(examples.source, rows)

    return source
