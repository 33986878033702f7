"""Texts with their entities marked in colours, as a page for a browser."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.evaluation.pages.page import LEGEND_STYLE, MARK_STYLE, escaped, hue, legend, page

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/2 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; }
p { white-space: pre-wrap; overflow-wrap: anywhere; border-bottom: 1px solid #8884;
  padding: .5rem 0; margin: 0; }
"""


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

    def parts() -> Iterator[str]:
        for text, entities in texts:
            counts.update(str(entity["label"]) for entity in entities)
            for entity in entities:
                numbers.setdefault(str(entity["label"]), len(numbers))
            yield f'<p dir="auto">{marked_text(text, entities, numbers)}</p>\n'
        yield legend(numbers, counts)

    yield from page(title, _STYLE + MARK_STYLE + LEGEND_STYLE, parts())


def marked_text(
    text: str, entities: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]
) -> str:
    """Return a text with its entities in ``mark``s, as HTML.

    Args:
        text: The text.
        entities: As for ``marked_page``.
        numbers: The number of each label, for its ``hue``.
    """
    parts = []
    done = 0
    for entity in entities:
        label, start, end = str(entity["label"]), entity["start"], entity["end"]
        score = entity.get("score")
        shown = "" if score is None else f' title="{score:.3f}"'
        parts.append(
            f'{escaped(text[done:start])}<mark style="{hue(numbers[label])}"{shown}>'
            f"{escaped(text[start:end])}<bdi>{escaped(label)}</bdi></mark>"
        )
        done = end
    return "".join(parts) + escaped(text[done:])
