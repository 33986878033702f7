"""The layout, colours, legend and bars of probabilities that pages for a browser share."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from jinja2 import Environment

#: The step in degrees from one label's hue to the next: the golden angle, which keeps hues apart.
HUE_STEP = 137.508
#: The most probable classes are shown, and no more than these.
MOST_CLASSES = 6

#: The style of a page of drawings.
PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; }
"""

#: The style of drawings, the sections that ``drawing`` returns, with ``probability_table`` and
#: ``probability_curves``.
DRAWN_STYLE = """
.drawn { border-bottom: 1px solid #8884; padding-bottom: .5rem; }
.drawn > :first-child { font-size: 1rem; overflow-wrap: anywhere; }
.drawn table { flex: 1; border-spacing: .3rem 0; }
.drawn caption { caption-side: bottom; text-align: start; font-size: .85em; }
.drawn th { font-weight: normal; text-align: start; overflow-wrap: anywhere; }
.drawn td:nth-child(2) { width: 50%; }
.drawn td:nth-child(3) { font-variant-numeric: tabular-nums; }
.drawn td > div { background: hsl(var(--hue) 65% 50%); height: .8em; }
.curves { width: 100%; height: 6rem; border: 1px solid #8884; }
.curves > * { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.curves > polyline { stroke: hsl(var(--hue) 65% 50%); }
"""

#: The style of labels, each in a ``mark``.
MARK_STYLE = """
mark { unicode-bidi: isolate; background: hsl(var(--hue) 75% 84%); color: #111;
  border-radius: .3em; padding: .15em .2em; margin: 0 .1em;
  box-decoration-break: clone; -webkit-box-decoration-break: clone; }
mark > bdi { font-size: .65em; font-weight: bold; letter-spacing: .04em;
  margin: 0 .4em; vertical-align: middle; user-select: none; }
@media (prefers-color-scheme: dark) {
  mark { background: hsl(var(--hue) 45% 30%); color: #fff; }
}
@media print {
  mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

#: The style of a page's foot with the ``legend`` of its labels.
LEGEND_STYLE = """
footer { position: sticky; bottom: 0; max-height: 30vh; overflow: auto; background: Canvas;
  padding: .5rem 0; }
footer > span { display: inline-block; margin-inline-end: 1rem; }
@media print { footer { position: static; max-height: none; } }
"""

# Characters that a browser would change.
_REFERENCES = {"\r": "&#13;", "\0": "\ufffd"}
_NOT_KEPT = re.compile("[\r\0\ud800-\udfff]")


def escaped(text: str) -> str:
    """Return text as HTML; characters that HTML cannot hold are written as U+FFFD."""
    return _NOT_KEPT.sub(lambda match: _REFERENCES.get(match[0], "\ufffd"), html.escape(text))


@cache
def environment(package: str) -> "Environment":
    """Return Jinja's environment for the templates of a package, which escapes all strings.

    Strings are escaped by ``escaped``; what may stand as it is, is ``markupsafe.Markup``.

    Args:
        package: The package with a folder ``templates``.
    """
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        finalize=lambda value: Markup(escaped(value)) if type(value) is str else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(title: str, style: str, parts: Iterable[str], script: str = "") -> Iterator[str]:
    """Yield an HTML page, piece by piece while its parts are read.

    Args:
        title: The page's title, and its heading.
        style: Its style sheet.
        parts: What is below the heading, as HTML.
        script: Its script, if there is one.
    """
    template = environment("toolkit.evaluation.pages").get_template("page.html")
    yield from template.generate(title=title, style=style, parts=parts, script=script)


def drawing(name: str, content: str, level: int = 2) -> str:
    """Return a section with a heading.

    Args:
        name: The text of the heading.
        content: What is below it, as HTML.
        level: The level of the heading: 2 directly below that of the page.
    """
    heading = f"<h{level}><bdi>{escaped(name)}</bdi></h{level}>"
    return f'<section class="drawn">\n{heading}\n{content}</section>\n'


def hue(number: int) -> str:
    """Return the style that gives a label or a class its colour, by its number."""
    return f"--hue: {number * HUE_STEP % 360:.0f}"


def legend(numbers: Mapping[str, int], counts: Mapping[str, int]) -> str:
    """Return the foot of a page with labels in their colours, the most frequent first.

    Args:
        numbers: The number of each label, for its ``hue``.
        counts: How often each was found.
    """
    labels = sorted(counts, key=lambda label: -counts[label])
    found = (
        f'<span><mark style="{hue(numbers[label])}">{escaped(label)}</mark> '
        f"{counts[label]:,}</span>\n"
        for label in labels
    )
    return f"<footer>\n{''.join(found)}</footer>\n"


def answer_words(answer: Mapping[str, Any]) -> str:
    """Return the answer of a classifier, as ``predict`` gives it, in a few words."""
    if "value" in answer:
        return f"{answer['value']:.4g}"
    if "labels" in answer:
        return ", ".join(answer["labels"]) or "no label"
    label = "no answer" if answer["label"] is None else answer["label"]
    return f"{label} ({answer['score']:.3f})"


def most_probable(probabilities: ArrayLike) -> tuple[list[int], NDArray[np.float64]]:
    """Return the classes that are shown, the most probable first, and their probabilities.

    Args:
        probabilities: [T, C] after each frame, or [C] of the whole.

    Returns:
        K classes, at most ``MOST_CLASSES``; and [T, K], or [1, K] of the whole.
    """
    table = np.atleast_2d(np.asarray(probabilities, np.float64))
    best = np.argsort(-table.max(axis=0), kind="stable")[:MOST_CLASSES]
    return best.tolist(), table[:, best]


def probability_table(names: Iterable[str], probabilities: Iterable[float], left_out: int) -> str:
    """Return a table of classes with their probabilities as bars.

    Args:
        names: K names.
        probabilities: [K].
        left_out: The number of classes that are not shown.
    """
    rows = (
        f'<tr><th><bdi>{escaped(str(name))}</bdi></th><td><div style="{hue(number)}; '
        f'width: {100 * value:.1f}%"></div></td><td>{value:.3f}</td></tr>\n'
        for number, (name, value) in enumerate(zip(names, probabilities, strict=True))
    )
    more = f"<caption>{left_out} less probable classes are not shown.</caption>\n"
    return f"<table>\n{more if left_out else ''}{''.join(rows)}</table>\n"


def probability_curves(probabilities: Sequence[Sequence[float]] | NDArray[np.float64]) -> str:
    """Return the curves of probabilities [T, K] over time; nothing for a single step.

    A line at the first step, which has no colour, is there for a script to move.
    """
    table = np.asarray(probabilities)
    last = len(table) - 1
    if last < 1:
        return ""
    curves = []
    for number, curve in enumerate(table.T):
        line = " ".join(f"{frame},{100 * (1 - value):.1f}" for frame, value in enumerate(curve))
        curves.append(f'<polyline style="{hue(number)}" points="{line}"/>\n')
    return (
        f'<svg class="curves" viewBox="0 0 {last} 100" preserveAspectRatio="none">\n'
        f'{"".join(curves)}<line y2="100"/></svg>\n'
    )
