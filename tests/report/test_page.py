"""A report as a file: its structure, what it refers to, what it may not hold, its size."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from page_reader import EVIL, Reader

from toolkit.errors import OptionError
from toolkit.report import REPORT_MARK, check_report_place
from toolkit.report.blocks import Examples, Figure, Prose, Report, Section, Table
from toolkit.report.page import LARGEST, MOST_ROWS, report_page
from toolkit.report.svg import picture


def drawn(name: str = "one") -> Markup:
    def draw(axes: Any) -> None:
        axes.plot([0, 1, 2], [3, 1, 2], marker="o", label="a curve")
        axes.set_xlabel("steps")
        axes.legend()

    return picture(draw, name)


def report(*sections: Section, texts: bool = True) -> Report:
    return Report("A run", "What it is.", texts, sections)


def whole(text: str = "text") -> str:
    table = Table(f"caption {text}", ["name", "number"], [[text, 1], ["b", 0.25], [text, None]])
    more = Table("sorted", ["name", "yes"], [[f"{n}{text}", n % 2 == 0] for n in range(9)], True)
    shaded = Table("shares", ["", text, "b"], [[text, 3, 1], ["b", 0, 2]], shaded=True)
    figure = Figure(f"figure {text}", f"described {text}", drawn())
    other = Figure("another", "described", drawn("two"))
    shown = Examples("drawn", [Markup("<i>first</i>"), Markup("<i>second</i>")])
    blocks = [table, more, shaded, figure, other, Prose(text), Prose(text, verbatim=True), shown]
    return report_page(report(Section("a", "Title", blocks), Section("b", text, [table])))


def test_tables_are_tables_and_pictures_have_texts() -> None:
    reader = Reader(whole())
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("h1") == 1
    assert tags.count("h2") == 2
    assert tags.count("caption") == tags.count("table") == 4
    scopes = [attributes.get("scope") for tag, attributes in reader.tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    assert reader.attributes("html", "lang") == ["en"]
    images = [attributes for _, attributes in reader.tags if attributes.get("role") == "img"]
    assert [image["aria-label"] for image in images] == ["described text", "described"]
    assert reader.of("button") == ["name", "yes"]
    assert len(reader.attributes("input", "type")) == 1  # only the longer table is filtered


def test_ids_are_unique_and_links_lead_to_them() -> None:
    reader = Reader(whole())
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [link for tag in ("a", "use") for link in reader.attributes(tag, "href")]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(links) > 4  # sections, and markers of curves


def outside(page: str) -> list[str]:
    """Return the addresses that a page refers to, but for those within it."""
    reader = Reader(page)
    found = [
        value or ""
        for _, attributes in reader.tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href")
    ]
    found += re.findall(r"url\(([^)]*)\)", page) + re.findall(r"@import|https?://\S*", page)
    return [each for each in found if not each.startswith(("#", "data:"))]


def test_nothing_leads_outside() -> None:
    assert outside(whole()) == []
    assert outside('<a href="x.css"></a>') == ["x.css"]
    assert outside("<style>b { background: url(http://a/b) }</style>") != []


def test_texts_are_escaped() -> None:
    page = whole(EVIL)
    assert "<img" not in page
    assert "\0" not in page
    page.encode()
    shown = EVIL.replace("\0", " ").replace("\ud800", " ")
    assert Reader(page).of("bdi").count(shown) > 4


def test_it_says_whether_it_has_texts() -> None:
    section = Section("a", "Title", [Prose("x")])
    assert "contains texts of the data" in report_page(report(section))
    assert "contains no texts of the data" in report_page(report(section, texts=False))


def test_empty_sections_are_left_out() -> None:
    reader = Reader(report_page(report(Section("a", "A", []), Section("b", "B", [Prose("x")]))))
    assert reader.of("h2") == ["B"]


def test_examples_are_left_out_until_it_fits() -> None:
    items = [Markup("<p>{}</p>").format(f"{n}" * 150_000) for n in range(10)]
    other = [Markup("<b>small</b>")] * 3
    sections = [Section("a", "A", [Examples("many", items), Examples("few", other)])]
    page = report_page(report(*sections))
    assert LARGEST * 0.8 < len(page.encode()) < LARGEST
    assert page.count("<b>small</b>") == 3
    shown = [n for n in range(10) if f"{n}" * 100 in page]
    assert shown == list(range(len(shown)))
    assert f"{10 - len(shown)} more examples left out" in page


@pytest.mark.parametrize(
    "cell", ["x" * 10_000, "<" * 400, "\U0001f44d" * 400], ids=["x", "reference", "thumb"]
)
def test_rows_are_left_out_until_it_fits(cell: str) -> None:
    tables = [Table(f"table {n}", ["a"] * 7, [[cell] * 7] * 500) for n in range(4)]
    page = report_page(report(Section("a", "A", tables)))
    assert len(page.encode()) < LARGEST
    rows = page.count("<tr>") // 4 - 1
    assert 0 < rows <= MOST_ROWS
    assert page.count(f"{500 - rows} more rows left out") >= 4


def test_pictures_take_the_colours_of_the_page_and_are_the_same_again() -> None:
    assert drawn() == drawn()
    assert "currentColor" in drawn()
    assert "#000000" not in drawn()
    assert "<metadata" not in drawn()
    assert "xmlns" not in drawn()
    assert ">steps</text>" in drawn().replace("\n", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.123456, "0.1235"),
        (35.5, "35.50"),
        (12345.6, "12,346"),
        (0.0001234, "0.00012"),
        (0.0, "0"),
        (float("nan"), "nan"),
        (None, "–"),
        (True, "yes"),
        (1234, "1,234"),
        (np.int64(1234), "1,234"),
        (np.float64(0.5), "0.5000"),
        (np.float32(0.5), "0.5000"),
        (np.bool_(True), "yes"),
    ],
)
def test_cells(value: Any, shown: str) -> None:
    table = Table("t", ["a", "b"], [["x", value]])
    reader = Reader(report_page(report(Section("a", "A", [table]))))
    assert reader.of("td") == [shown]
    for written in reader.attributes("td", "data-value"):
        assert float(written or "") == pytest.approx(float(value), nan_ok=True)


def test_long_words_are_shortened() -> None:
    long = "<name> " * 200_000
    shaded = Table(long, ["", long, "b"], [[long, 3, 1]] * 3, shaded=True)
    figure = Figure(long, long, drawn())
    blocks = [shaded, figure, Prose(long), Examples(long, [Markup("<i>x</i>")])]
    page = report_page(Report("title", long, True, [Section("a", "A", blocks)]))
    assert len(page.encode()) < 200_000


def test_a_name_in_a_picture_is_as_it_is() -> None:
    name = '#000000 fill: black id="x" version="1.1" font: 9px Arial; url(#a)'

    def draw(axes: Any) -> None:
        axes.set_xlabel(name)

    shown = "".join(text for _, text in Reader(picture(draw, "one")).texts)
    assert name in shown


def test_a_report_takes_the_place_of_a_report_alone(tmp_path: Path) -> None:
    own = tmp_path / "report.html"
    check_report_place(own)
    own.write_text(report_page(report(Section("a", "A", [Prose("x")]))))
    check_report_place(own)
    own.write_text(report_page(report(Section("a", "A", [Prose(REPORT_MARK)]))))
    assert own.read_text().count(REPORT_MARK) == 1  # that of a text is escaped
    other = tmp_path / "model.keras"
    other.write_bytes(b"mine")
    with pytest.raises(OptionError, match=r"model\.keras is no report"):
        check_report_place(other)
