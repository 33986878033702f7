"""Texts with their entities marked in colours, as a page for a browser."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.evaluation.pages.page import LEGEND_STYLE, escaped, hue, legend, page_head

_STYLE = (
    """
:root { color-scheme: light dark; }
body { font: 1rem/2 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; }
p { white-space: pre-wrap; overflow-wrap: anywhere; border-bottom: 1px solid #8884;
  padding: .5rem 0; margin: 0; }
mark > bdi { font-size: .65em; font-weight: bold; letter-spacing: .04em;
  margin: 0 .4em; vertical-align: middle; user-select: none; }
"""
    + LEGEND_STYLE
)


def marked_page(
    texts: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], title: str
) -> Iterator[str]:
    """Yield an HTML page piece by piece while the texts are read.

    The page refers to no other file. Each text is a block of its own, in its own writing direction;
    an entity's probability is shown when the pointer rests on it. Labels get their colours in the
    order of their first occurrence; the foot of the page shows how often each was found. Characters
    that HTML cannot hold (a null character, lone surrogates) are written as U+FFFD.

    Args:
        texts: Each text with its entities, in order: ``start`` and ``end`` in code points,
            ``label``, and ``score`` where there is one.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    numbers: dict[str, int] = {}
    counts: Counter[str] = Counter()
    yield page_head(title, _STYLE)
    for text, entities in texts:
        parts = []
        done = 0
        for entity in entities:
            label, start, end = str(entity["label"]), entity["start"], entity["end"]
            number = numbers.setdefault(label, len(numbers))
            counts[label] += 1
            score = entity.get("score")
            shown = "" if score is None else f' title="{score:.3f}"'
            parts.append(
                f'{escaped(text[done:start])}<mark style="{hue(number)}"{shown}>'
                f"{escaped(text[start:end])}<bdi>{escaped(label)}</bdi></mark>"
            )
            done = end
        yield f'<p dir="auto">{"".join(parts)}{escaped(text[done:])}</p>\n'
    yield f"{legend(numbers, counts)}</body>\n</html>\n"
