"""Answers to labelled examples, as the shared sections of a report read them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.report.blocks import Cell


class Question(NamedTuple):
    """A question on an example, for a task to explain its answer.

    Attributes:
        what: What is explained, in words, such as "answer neg".
        value: The input, as ``explain`` of the task takes it.
        options: Further arguments of ``explain``.
    """

    what: str
    value: Any
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Answers to N labelled examples.

    Attributes:
        noun: What an example is called.
        loss: How wrong each answer is [N], 0 if it is right; the largest are the worst.
        show: Returns the cells by column of the examples with some numbers, which are in increasing
            order: the example, what is right, the answer, how wrong it is.
        asked: Returns the questions on each of the examples with some numbers, in their order, from
            which a report explains the worst answers of a task that has ``explain``; None for no
            questions.
        graded: What the worst examples are called where every answer has a loss, as those of
            language models do, so that none is right or wrong; else None.
        texts: The columns that have texts of the data, ids or names of files.
        keys: What examples are sliced by, a number or a name for each.
        named: The keys whose names are texts of the data, such as those of groups.
        baselines: The metrics of simple answers, by what these are.
    """

    noun: str
    loss: NDArray[np.floating[Any]]
    show: Callable[[Sequence[int]], Sequence[Mapping[str, Cell]]]
    asked: Callable[[Sequence[int]], Iterable[Sequence[Question]]] | None = None
    graded: str | None = None
    texts: frozenset[str] = frozenset()
    keys: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
