"""Explanations as a page for a browser: texts in which each part has the colour of what it adds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.evaluation.pages.coloured import (
    PART_STYLE,
    STRONGEST,
    coloured_input,
    part_names,
    score_words,
    strongest_first,
    visible_name,
)
from toolkit.evaluation.pages.page import DRAWN_STYLE, escaped, page, probability_curves

#: The number of parts with the largest attributions that a table names.
MOST_ROWS = 10

_STYLE = (
    DRAWN_STYLE
    + PART_STYLE
    + """
:root { color-scheme: light dark; }
body { font: 1rem/1.8 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; }
h2 { font-size: 1rem; margin: 0; }
section { border-bottom: 1px solid #8884; padding: .5rem 0; }
section > p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; }
small { display: block; line-height: 1.4; }
table { border-spacing: 1rem 0; margin-inline-start: -1rem; min-width: min(100%, 20rem); }
figure { margin: .5rem 0; }
.curves { height: 3rem; --hue: 210; }
caption { text-align: start; padding-inline-start: 1rem; }
th { text-align: start; font-weight: normal; overflow-wrap: anywhere; white-space: pre-wrap; }
td { text-align: end; font-variant-numeric: tabular-nums; }
footer { position: sticky; bottom: 0; background: Canvas; padding: .5rem 0; }
@media print { footer { position: static; } }
"""
)

_LEGEND = (
    f'<footer><span class="coloured" style="--share: {STRONGEST}">adds to it</span> '
    f'<span class="coloured minus" style="--share: {STRONGEST}">takes from it (underlined)</span> '
    "The stronger the colour, the more, compared with the strongest part of the input.</footer>"
)


def explanation_page(answers: Iterable[tuple[Any, Mapping[str, Any]]], title: str) -> Iterator[str]:
    """Yield an HTML page piece by piece while explanations are read.

    The page refers to no other file. Each part of an input shows its number when the pointer rests
    on it; what takes from the answer is underlined as well. A table names the parts that matter
    most, and one that opens has all, so that nothing is told by colours or by the pointer alone. A
    line is the path of the state, and a table has the sums of channels, where there are any.

    Args:
        answers: Inputs with their explanations, as ``explain`` of a task returns them.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """

    def parts() -> Iterator[str]:
        for number, (value, answer) in enumerate(answers, 1):
            yield _section(number, value, answer)
        yield _LEGEND

    yield from page(title, _STYLE, parts())


def _section(number: int, value: Any, answer: Mapping[str, Any]) -> str:
    """Return the section of one input."""
    attributions = answer["attributions"]
    name = getattr(value, "name", None)
    of = answer.get("token", {}).get("text") if isinstance(answer.get("token"), Mapping) else None
    words = f"{number}: {f'{name}: ' if name else ''}{visible_name(answer.get('target', 'value'))}"
    if of is not None:
        words += f" at “{visible_name(of)}”"
    names = part_names(answer)
    tables = _strongest(names, attributions)
    if "channels" in answer:
        channels = answer["channels"]
        tables += _strongest([*channels], [*channels.values()], "the channels, in all frames: ")
    return (
        f"<section><h2><bdi>{escaped(words)}</bdi></h2>\n<small>{escaped(score_words(answer))}</small>\n"
        f'<p dir="auto">{coloured_input(value, answer)}</p>\n{_path(answer)}{tables}'
        f"{_all_parts(names, answer)}</section>\n"
    )


def _path_of_target(answer: Mapping[str, Any]) -> Sequence[float]:
    """Return the probability of the target, or the number, after each part; empty if unknown."""
    path: Sequence[float] = answer.get("path", {}).get(answer.get("target", "value"), ())
    return path


def _path(answer: Mapping[str, Any]) -> str:
    """Return the path of the state as a line; nothing if there is none, or of one part."""
    path = _path_of_target(answer)
    if len(path) < 2:
        return ""
    low, high = (0.0, 1.0) if "target" in answer else (min(path), max(path))
    curve = probability_curves([[(value - low) / (high - low or 1.0)] for value in path])
    kind = "probability" if "target" in answer else "value"
    words = f"its {kind} after each part, from {low:.4g} (below) to {high:.4g} (above)"
    return f"<figure>{curve}<figcaption><small>{words}</small></figcaption></figure>\n"


def _strongest(names: Sequence[str], values: Sequence[float], of: str = "") -> str:
    """Return a table of what matters most."""
    order = strongest_first(values, MOST_ROWS)
    left_out = len(names) - len(order)
    more = f"; {left_out:,} others are not listed" if left_out else ""
    rows = ((names[place], f"{values[place]:+.4f}") for place in order)
    return _table(f"{of}the strongest{more}", rows)


def _all_parts(names: Sequence[str], answer: Mapping[str, Any]) -> str:
    """Return a table of all parts in their order that opens, with the path of the state."""
    columns = [[f"{value:+.4g}" for value in answer["attributions"]]]
    caption = "what each adds"
    if path := _path_of_target(answer):
        columns.append([f"{value:.4g}" for value in path])
        caption += ", and the answer after it"
    table = _table(caption, zip(names, *columns, strict=True))
    return f"<details><summary>all parts</summary>\n{table}</details>\n"


def _table(caption: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a table of names with numbers."""
    lines = (
        f"<tr><th><bdi>{escaped(name)}</bdi></th>"
        f"{''.join(f'<td>{number}</td>' for number in numbers)}</tr>\n"
        for name, *numbers in rows
    )
    return f"<table><caption>{caption}</caption>\n{''.join(lines)}</table>\n"
