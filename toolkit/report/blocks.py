"""The parts of a report: sections of tables, figures, words and examples."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

#: The longest text of a cell, in characters; a longer one ends in an ellipsis.
LONGEST_CELL = 400

#: The value of a cell; markup stands as it is.
Cell = str | int | float | bool | Markup | None


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes:
        caption: What it shows.
        columns: The names of its columns.
        rows: A cell for each column.
        sortable: Whether the reader can sort it by each column, and filter its rows.
        shaded: Whether a cell's background shows how large its share of its row is, as in a
            confusion matrix.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sortable: bool = False
    shaded: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes:
        caption: What it shows.
        description: The same for those who do not see it, with the figures that matter.
        picture: The picture as SVG; see ``toolkit.report.svg``.
    """

    caption: str
    description: str
    picture: Markup


@dataclass(frozen=True)
class Prose:
    """A paragraph.

    Attributes:
        text: The paragraph.
        verbatim: Whether it is shown as it is written, such as a command.
    """

    text: str
    verbatim: bool = False


@dataclass(frozen=True)
class Examples:
    """Examples that are drawn, as far as there is room: the last are left out first.

    Attributes:
        caption: What they show.
        items: The examples.
        noun: What one of them is called.
        style: The style sheet that they need; equal ones are written once.
        script: The script that they need, likewise.
    """

    caption: str
    items: Sequence[Markup]
    noun: str = "example"
    style: str = ""
    script: str = ""


Block = Table | Figure | Prose | Examples


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        name: A word for it, which links lead to.
        title: Its heading.
        blocks: What is in it; a section without is left out.
    """

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A report on a run.

    Attributes:
        title: Its title.
        summary: What it is about, in a sentence or two.
        texts: Whether it has texts of the data.
        sections: Its sections, in order.
    """

    title: str
    summary: str
    texts: bool
    sections: Sequence[Section] = field(default=())
