"""Text tables for a terminal."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.pictures import one_line

#: The largest width of a cell in a list of rows.
WIDEST = 60
#: The most rows of a section.
MOST_ROWS = 100


def report_table(report: Mapping[str, Any]) -> str:
    """Format a report: its sections by name, and its warnings.

    A section is a mapping of values, or of rows by name, or a list of rows; a row maps names to
    values. A name that ends in ``_share`` is shown as a percentage, one that ends in ``_bytes`` in
    MB. Of more than ``MOST_ROWS`` rows the number of the others is shown.

    Before::

        {"lengths": {"training": {"min": 2, "cut_share": 0.25}},
         "warnings": [{"kind": "near_empty", "message": "1 text of 2 words (rows 7)"}]}

    After::

        lengths
                    min  cut share
          training    2      25.0%

        warnings
          near empty: 1 text of 2 words (rows 7)
    """
    sections = [
        "\n".join([_words(name), *(f"  {line}" for line in _section(content).split("\n"))])
        for name, content in report.items()
        if content and name != "warnings"
    ]
    warnings = [f"  {_words(w['kind'])}: {w['message']}" for w in report.get("warnings", ())]
    sections.append("\n".join(["warnings", *warnings]) if warnings else "no warnings")
    return "\n\n".join(sections)


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Align the first columns left and the others right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for column_number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - _width(cell))
            cells.append(cell + blanks if column_number < left else blanks + cell)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _section(content: Any) -> str:
    if isinstance(content, Mapping) and all(isinstance(v, Mapping) for v in content.values()):
        content = [{"": _words(name), **row} for name, row in content.items()]
    if isinstance(content, Mapping):
        return aligned([[_words(name), _cell(name, v)] for name, v in content.items()], left=2)
    names = list(dict.fromkeys(name for row in content for name in row))
    shown, others = content[:MOST_ROWS], len(content) - MOST_ROWS
    rows = [[one_line(_cell(name, row.get(name)), WIDEST) for name in names] for row in shown]
    table = aligned([[_words(name) for name in names], *rows])
    return f"{table}\n... and {others:,} more, which JSON has" if others > 0 else table


def _words(name: str) -> str:
    return name.removesuffix("_bytes").replace("_", " ")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if name.endswith("_share"):
            return f"{value:.1%}"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value / 1e6:,.0f} MB" if name.endswith("_bytes") else f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _width(text: str) -> int:
    """Return the number of columns that a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
