"""Inputs in which each part has the colour of a number, such as of what it adds to an answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolkit.evaluation.pages.page import escaped

#: The opacity of the strongest part, on which text is readable in light and in dark.
STRONGEST = 0.6

#: The share of the strongest colour from which a part has its hue; a fainter one is not seen.
FAINTEST = 0.05

#: The style of ``coloured``. A page may set the hues, ``--for`` and ``--against``.
PART_STYLE = """
.coloured { unicode-bidi: isolate; border-radius: .2em; padding: .1em 0; --hue: var(--for, 210);
  background: hsl(var(--hue) 85% 55% / var(--share)); }
.minus { --hue: var(--against, 30); text-decoration: underline dotted; }
@media print { .coloured { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

#: A part of an input with its number; None for what lies between parts.
Piece = tuple[str, float | None]


def coloured(pieces: Iterable[Piece], full: float, hint: str = "{:+.4g}") -> str:
    """Return pieces of an input as HTML, each part in the colour of its number.

    A part with a negative number has another hue, and is underlined as well, unless it is faint.
    The number is shown when the pointer rests on a part.

    Args:
        pieces: The parts of an input, and what lies between them, in their order.
        full: The size of a number whose colour is the strongest.
        hint: The format of the numbers.
    """

    def drawn(text: str, number: float | None) -> str:
        if number is None:
            return escaped(text)
        share = min(1.0, abs(number) / (full or 1.0))
        kind = "coloured minus" if number < 0 and share >= FAINTEST else "coloured"
        style = f'style="--share: {STRONGEST * share:.2f}" title="{hint.format(number)}"'
        return f'<span class="{kind}" {style}>{escaped(text)}</span>'

    return "".join(drawn(*piece) for piece in pieces)


def coloured_input(value: Any, answer: Mapping[str, Any], most: int | None = None) -> str:
    """Return an input as HTML, each part in the colour of its attribution.

    Args:
        value: The input.
        answer: Its explanation, as ``explain`` of a task returns it.
        most: The most characters that are drawn, those around the strongest part; None for all.
    """
    pieces = _pieces(answer.get("text", value), answer)
    full = max(map(abs, answer["attributions"]), default=0.0)
    if most is None or sum(len(text) for text, _ in pieces) <= most:
        return coloured(pieces, full)
    strongest = max(range(len(pieces)), key=lambda place: abs(pieces[place][1] or 0.0))
    text, number = pieces[strongest]
    if len(text) > most:
        return f"{coloured([(text[:most], number)], full)}…"
    first, last, size = strongest, strongest + 1, len(text)
    while first > 0 or last < len(pieces):  # as much before as behind, as far as there is any
        sides = [side for side in (first - 1, last) if 0 <= side < len(pieces)]
        nearest = min(sides, key=lambda side: abs(side - strongest))
        size += len(pieces[nearest][0])
        if size > most:
            break
        first, last = min(first, nearest), max(last, nearest + 1)
    before, after = "…" if first else "", "…" if last < len(pieces) else ""
    return f"{before}{coloured(pieces[first:last], full)}{after}"


def _pieces(value: Any, answer: Mapping[str, Any]) -> list[Piece]:
    """Return the parts of an input with their attributions, and what lies between them."""
    attributions: Sequence[float] = answer["attributions"]
    pieces: list[Piece] = []
    if "frames" in answer:
        for number, each in zip(answer["frames"], attributions, strict=True):
            pieces += [(str(number), each), (" ", None)]
        return pieces[:-1]
    tokens, starts, ends = answer["tokens"], answer.get("starts", ()), answer.get("ends", ())
    if [value[a:b] for a, b in zip(starts, ends, strict=True)] != tokens:
        return [*zip(tokens, attributions, strict=True)]
    done = 0
    for start, end, each in zip(starts, ends, attributions, strict=True):
        pieces += [(value[done:start], None), (value[start:end], each)]
        done = end
    return [*pieces, (value[done:], None)]


def visible_name(text: str) -> str:
    """Return the name of a class or token, in quotes where it would not be seen."""
    if not text:
        return "the end of the text"
    return text if text.isprintable() and text == text.strip() else repr(text)


def part_names(answer: Mapping[str, Any]) -> list[str]:
    """Return what each part of an explained input is called."""
    if "tokens" in answer:
        starts = answer.get("starts", range(len(answer["tokens"])))
        return [
            f"{visible_name(token)} ({start})"
            for token, start in zip(answer["tokens"], starts, strict=True)
        ]
    return [f"frame {number}" for number in answer["frames"]]


def strongest_first(values: Sequence[float], most: int) -> list[int]:
    """Return the places of the numbers that are farthest from 0, these first, at most some."""
    return sorted(range(len(values)), key=lambda place: -abs(values[place]))[:most]


def score_words(answer: Mapping[str, Any]) -> str:
    """Return the numbers of an explanation in a line."""
    logarithm = "log_probability" in answer
    kind = "log probability" if logarithm else "value"
    key = "log_probability" if logarithm else "value"
    line = f"{kind} {answer[key]:.4f}"
    if f"baseline_{key}" not in answer:
        return f"{line}; leave-one-out: what it loses without the part ({answer['baseline']})"
    error = answer["completeness_error"]
    line += (
        f"; of {answer['baseline']} {answer[f'baseline_{key}']:.4f}; error of the sum {error:.1g}"
    )
    return line if answer["complete"] else f"{line}, which is too large: take the parts with care"
