"""Texts with their entities marked in colours, as a page for a browser."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

#: The next label's hue is so many degrees on: the golden angle, which never comes near again soon.
HUE_STEP = 137.508

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/2 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; border-bottom: 1px solid #8884;
  padding: .5rem 0; margin: 0; }
mark { background: hsl(var(--hue) 75% 84%); color: #111; border-radius: .3em;
  padding: .15em .3em; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
mark > b { font-size: .65em; letter-spacing: .04em; margin-inline-start: .5em; color: #333;
  vertical-align: middle; user-select: none; }
table { border-spacing: 1rem 0; margin: 1rem -1rem; }
td:last-child { text-align: end; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
  mark { background: hsl(var(--hue) 45% 30%); color: #fff; }
  mark > b { color: #ddd; }
}
@media print { mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

# What HTML does not allow even as a character reference: controls, surrogates, noncharacters.
_LAST_OF_PLANES = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_NOT_IN_HTML = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]"
)


def marked_page(
    texts: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], title: str
) -> Iterator[str]:
    """Yields a page, piece by piece, while the texts still come.

    The page needs nothing but itself. Each text is a block of its own, in its own direction of
    writing; an entity's probability is shown where the pointer rests on it. At the end stands how
    often each label was found. What HTML cannot hold (control characters, lone surrogates) is
    written as U+FFFD.

    Args:
        texts: Each text with its entities, in order: ``start`` and ``end`` in code points,
            ``label``, and ``score`` where there is one.
        title: The page's title.

    Yields:
        HTML, all of which together is the page.
    """
    hues: dict[str, float] = {}
    counts: Counter[str] = Counter()
    yield (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_escaped(title)}</h1>\n"
    )
    for text, entities in texts:
        parts = []
        done = 0
        for entity in entities:
            label = str(entity["label"])
            hue = hues.setdefault(label, len(hues) * HUE_STEP % 360)
            counts[label] += 1
            start, end = entity["start"], entity["end"]
            score = entity.get("score")
            shown = "" if score is None else f' title="{score:.3f}"'
            parts.append(_escaped(text[done:start]))
            parts.append(
                f'<mark style="--hue: {hue:.0f}"{shown}><bdi>{_escaped(text[start:end])}</bdi>'
                f"<b>{_escaped(label)}</b></mark>"
            )
            done = end
        parts.append(_escaped(text[done:]))
        yield f'<p class="text" dir="auto">{"".join(parts)}</p>\n'
    rows = "".join(
        f'<tr><td><mark style="--hue: {hues[label]:.0f}">{_escaped(label)}</mark></td>'
        f"<td>{count:,}</td></tr>\n"
        for label, count in counts.most_common()
    )
    yield f"<table>\n{rows}</table>\n</body>\n</html>\n"


def _escaped(text: str) -> str:
    return html.escape(_NOT_IN_HTML.sub("\ufffd", text))
