"""Labelled texts from a command line, split as the pipeline splits them."""

import argparse
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data import ColumnOptions, TextExamples, open_source, scan


class Labelled(NamedTuple):
    """Labelled texts with the split of a training with the same seed.

    Attributes:
        texts: All texts.
        classes: The class id of each text [N].
        train: The indices of the training texts.
        held_out: The indices of the held-out texts.
    """

    texts: list[str]
    classes: NDArray[np.int32]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``read`` needs."""
    parser.add_argument("--data", required=True)
    parser.add_argument("--text-column")
    parser.add_argument("--label-column")
    parser.add_argument("--group-column")
    parser.add_argument("--seed", type=int, default=0)


def read(given: Any) -> Labelled:
    """Read all data into memory and hold out a tenth."""
    columns = ColumnOptions(
        text_column=given.text_column,
        label_column=given.label_column,
        group_column=given.group_column,
    )
    examples = TextExamples(open_source(given.data), columns)
    found = scan(examples, "classes")
    train, held_out = found.split(0.1, given.seed)
    texts = [example.text for example in examples]
    return Labelled(texts, np.asarray(found.classes), train, held_out)
