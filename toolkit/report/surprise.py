"""The section on texts of a language model: which units surprise it."""

from collections.abc import Sequence

from markupsafe import Markup

from toolkit.evaluation.pages.coloured import PART_STYLE, coloured
from toolkit.evaluation.pages.page import escaped
from toolkit.report.blocks import Examples

#: The nats at which the colour of a unit is fullest.
FULL = 8.0

STYLE = (
    PART_STYLE
    + """
.surprise { white-space: pre-wrap; line-height: 1.9; border-bottom: 1px solid var(--line);
  padding-bottom: .5rem; --for: 30; }
"""
)


def surprise_examples(texts: Sequence[Sequence[tuple[str, float]]]) -> Examples:
    """Return texts whose units are the darker, the more they surprise a language model.

    Args:
        texts: For each text its units, each with its negative log probability in nats.
    """
    items = []
    for units in texts:
        marked = coloured(((unit, max(0.0, nats)) for unit, nats in units), FULL, "{:.2f} nats")
        largest = sorted(units, key=lambda each: -each[1])[:5]
        listed = ", ".join(f"{unit!r} {nats:.1f}" for unit, nats in largest)
        items.append(
            Markup(
                f'<div class="surprise"><p dir="auto">{marked}</p>'
                f"<p>Most surprising, in nats: {escaped(listed)}</p></div>"
            )
        )
    return Examples(
        "The beginnings of the hardest texts: the darker a unit, the less the model expected it.",
        items,
        noun="text",
        style=STYLE,
    )
