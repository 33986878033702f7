"""Labelled texts as a benchmark's command line names them, by the split that the pipeline makes."""

import argparse
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data import ColumnOptions, TextExamples, open_source, survey


class Labelled(NamedTuple):
    """Texts, and which of them a training with the same seed learns from.

    Attributes:
        texts: All of them.
        classes: The number of each one's class [N].
        train: The places of those to train on.
        held_out: The places of the others.
    """

    texts: list[str]
    classes: NDArray[np.int32]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``read`` needs."""
    parser.add_argument("--data", required=True)
    parser.add_argument("--text-column")
    parser.add_argument("--label-column")
    parser.add_argument("--group-column")
    parser.add_argument("--seed", type=int, default=0)


def read(given: Any) -> Labelled:
    """Read the data, all of it into memory, a tenth held out."""
    columns = ColumnOptions(
        text_column=given.text_column,
        label_column=given.label_column,
        group_column=given.group_column,
    )
    examples = TextExamples(open_source(given.data), columns)
    found = survey(examples, "classes")
    train, held_out = found.split(0.1, given.seed)
    texts = [example.text for example in examples]
    return Labelled(texts, np.asarray(found.classes), train, held_out)
