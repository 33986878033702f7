"""A report as one HTML file of limited size."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
from markupsafe import Markup

from toolkit.errors import count
from toolkit.evaluation.pages.page import environment, page
from toolkit.pictures import one_line
from toolkit.report import REPORT_MARK
from toolkit.report.blocks import LONGEST_CELL, Block, Cell, Examples, Report, Table

#: A report has fewer bytes than this.
LARGEST = 1_000_000
#: The bytes that the words around a block's examples take at most.
AROUND = 1_000
#: The most rows of a table; fewer where the report would be too large.
MOST_ROWS = 200
#: The longest caption, paragraph and description, and the longest name in a hint, in characters.
LONGEST_WORDS, LONGEST_HINT = 2_000, 40
#: Texts of cells that are longer than this, in characters, get a wide column.
LONG = 30


def report_page(report: Report) -> str:
    """Return a report as an HTML page that refers to no other file, below ``LARGEST`` bytes.

    Examples that do not fit are left out, the last of each block first, and then rows of tables;
    the page says so.
    """
    kept = {id(block): 0 for block in _examples(report)}
    rows = MOST_ROWS
    written = _written(report, kept, rows)
    while len(written.encode()) >= LARGEST and rows > 1:
        rows //= 2
        written = _written(report, kept, rows)
    room = LARGEST - len(written.encode())
    for block, place in _in_turn(report):
        size = len(block.items[place].encode())
        if not place:
            size += len((block.style + block.script).encode()) + AROUND
        if place == kept[id(block)] and size < room:
            kept[id(block)] += 1
            room -= size
    return _written(report, kept, rows)


def _examples(report: Report) -> Iterator[Examples]:
    """Yield the blocks of examples of a report."""
    for section in report.sections:
        yield from (block for block in section.blocks if isinstance(block, Examples))


def _in_turn(report: Report) -> Iterator[tuple[Examples, int]]:
    """Yield the places of examples: the first of each block, the second of each, and so on."""
    blocks = [*_examples(report)]
    for place in range(max((len(block.items) for block in blocks), default=0)):
        yield from ((block, place) for block in blocks if place < len(block.items))


def _written(report: Report, kept: dict[int, int], rows: int) -> str:
    """Return the page with the first examples of each block, and the first rows of each table."""
    styles: dict[str, None] = {}
    scripts: dict[str, None] = {}
    sections = []
    for section in report.sections:
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Examples):
                if number := kept[id(block)]:
                    styles[block.style] = scripts[block.script] = None
                blocks.append(_cut_examples(block, number))
            else:
                blocks.append(_cut_table(block, rows) if isinstance(block, Table) else block)
        if blocks:
            sections.append(replace(section, blocks=blocks))
    template = _templates().get_template("report.html")
    content = template.render(
        report=report, sections=sections, hint=LONGEST_HINT, mark=Markup(REPORT_MARK)
    )
    style = _file("report.css") + "".join(styles)
    return "".join(page(report.title, style, [content], _file("report.js") + "".join(scripts)))


def _cut_examples(block: Examples, number: int) -> Examples:
    """Return the first examples of a block, and say how many are left out."""
    left_out = len(block.items) - number
    caption = block.caption
    if left_out:
        caption += f" {count(left_out, f'more {block.noun}')} left out, to keep this file small."
    return replace(block, caption=caption, items=block.items[:number])


def _cut_table(table: Table, rows: int) -> Table:
    """Return a table with its first rows alone, and say how many are left out."""
    left_out = len(table.rows) - rows
    if left_out <= 0:
        return table
    caption = f"{table.caption} {count(left_out, 'more row')} left out."
    return replace(table, caption=caption, rows=table.rows[:rows])


@cache
def _templates() -> Any:
    """Return the environment of the templates of this package, with its filters and tests."""
    found = environment("toolkit.report")
    found.filters |= {"cell": _cell, "sort_value": _sort_value, "share": _share, "brief": brief}
    found.tests |= {
        kind.__name__.lower(): lambda block, kind=kind: isinstance(block, kind)
        for kind in Block.__args__
    }
    found.tests |= {"figures": _is_number, "long": lambda value: len(str(value)) > LONG}
    return found


@cache
def _file(name: str) -> str:
    """Return the content of a file beside the templates."""
    return files("toolkit.report").joinpath("templates", name).read_text(encoding="utf-8")


def _is_number(value: Cell) -> TypeGuard[int | float]:
    """Return whether a cell is a number."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _cell(value: Cell) -> Cell:
    """Return a cell as it is shown."""
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if _is_number(value):
        return f"{int(value):,}" if isinstance(value, Integral) else _figure(float(value))
    text = str(value)
    return value if isinstance(value, Markup) else one_line(text[: LONGEST_CELL + 1], LONGEST_CELL)


def brief(text: str, longest: int = LONGEST_WORDS) -> str:
    """Return a text, shortened if it is very long, as one with many or long names may be."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _figure(value: float) -> str:
    """Return a number with as many digits as tell something."""
    size = abs(value)
    if value == 0 or size >= 1000:
        return f"{value:,.0f}"
    if size < 0.001:
        return f"{value:.2g}"
    return f"{value:.4f}" if size < 10 else f"{value:.2f}"


def _sort_value(value: Cell) -> str:
    """Return by what the rows of a number are sorted; empty for what is sorted by its text."""
    return Markup(f' data-value="{float(value)!r}"') if _is_number(value) else ""


def _share(row: list[Any], value: Any) -> str:
    """Return the share in percent of a count in its row of counts."""
    counts = [cell for cell in row if _is_number(cell)]
    return f"{100 * value / max(1, sum(counts)):.0f}"
