"""Explanations of the worst answers, with each part of an input in the colour of what it adds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from toolkit.evaluation.pages.coloured import (
    PART_STYLE,
    coloured_input,
    part_names,
    score_words,
    strongest_first,
)
from toolkit.evaluation.pages.page import DRAWN_STYLE, drawing, escaped
from toolkit.report.blocks import Examples

#: The most characters of an input that are drawn, and the most parts that are named below.
LONGEST, MOST_NAMED = 600, 6

_STYLE = (
    DRAWN_STYLE
    + PART_STYLE
    + """
.explained { margin: .5rem 0 1rem; }
.explained > p { margin: .2rem 0; line-height: 1.4; }
.explained > [dir] { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.8; }
"""
)


class Explained(NamedTuple):
    """An explanation of an answer.

    Attributes:
        what: What is explained, in words, such as "answer neg".
        value: The input.
        answer: What ``explain`` of a task returns for it.
    """

    what: str
    value: Any
    answer: Mapping[str, Any]


def explained_examples(
    caption: str, noun: str, rows: Sequence[tuple[int, Sequence[Explained]]]
) -> Examples:
    """Return the worst answers with their explanations.

    Below each the strongest parts are named, so that nothing is told by colours alone.

    Args:
        caption: What they show.
        noun: What an example is called.
        rows: The rank of each example among the worst, from 1, and its explanations.
    """
    items = []
    for rank, explanations in rows:
        content = "".join(map(_drawn, explanations))
        items.append(Markup(drawing(f"{noun.capitalize()} {rank}", content, level=3)))
    return Examples(caption, items, noun=noun, style=_STYLE)


def _drawn(explained: Explained) -> str:
    """Return an explanation as HTML."""
    what, value, answer = explained
    names, numbers = part_names(answer), answer["attributions"]
    listed = "; ".join(
        f"{names[place]} {numbers[place]:+.3f}" for place in strongest_first(numbers, MOST_NAMED)
    )
    return (
        f'<div class="explained">\n<p><b>{escaped(what)}</b> '
        f"<small>{escaped(score_words(answer))}</small></p>\n"
        f'<p dir="auto">{coloured_input(value, answer, LONGEST)}</p>\n'
        f"<p><small>Strongest: {escaped(listed)}</small></p>\n</div>\n"
    )
