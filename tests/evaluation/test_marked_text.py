"""The page of marked texts, read back by an HTML parser."""

import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolkit.evaluation import marked_page


class Reader(HTMLParser):
    """A parser that collects a page's blocks of text, the marks in them, and all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.marks: list[tuple[int, str, str, str]] = []  # block, text, label, title
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        if tag == "p":
            assert dict(attrs)["dir"] == "auto"
            self.texts.append("")
        if tag == "mark" and "p" in self.open:
            self.marks.append((len(self.texts) - 1, "", "", dict(attrs).get("title", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text; labels are in ``bdi``, so that they do not change the text's direction."""
        if "p" not in self.open:
            return
        if "bdi" not in self.open:
            self.texts[-1] += data
        if "mark" in self.open:
            block, text, label, title = self.marks[-1]
            text, label = (text, label + data) if "bdi" in self.open else (text + data, label)
            self.marks[-1] = (block, text, label, title)


def read(texts: list[tuple[str, list[dict[str, Any]]]], title: str = "t") -> Reader:
    reader = Reader()
    page = "".join(marked_page(texts, title))
    page.encode()  # can be encoded as UTF-8
    assert "\r" not in page  # a browser reads it as a line break
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def entity(start: int, end: int, label: str = "PER", score: float = 0.5) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "score": score}


def test_texts_and_marks_are_what_they_were() -> None:
    reader = read(
        [
            ("Ada met Bo.\nTwice.", [entity(0, 3, "PER", 0.98765), entity(8, 10, "DOG")]),
            ("مرحبا بوب 👩🏽\u200d🚀", [entity(6, 9)]),
            ("", []),
        ]
    )
    assert reader.texts == ["Ada met Bo.\nTwice.", "مرحبا بوب 👩🏽\u200d🚀", ""]
    assert reader.marks == [
        (0, "Ada", "PER", "0.988"),
        (0, "Bo", "DOG", "0.500"),
        (1, "بوب", "PER", "0.500"),
    ]


def test_nothing_in_a_text_is_taken_for_html() -> None:
    evil = '<script>alert("1")</script>&amp;\'>'
    reader = read(
        [(evil, [entity(0, 8, f'"><img src=x onerror=1>{evil}')])], title=f"</title>{evil}"
    )
    assert reader.texts == [evil]
    assert reader.marks == [(0, "<script>", f'"><img src=x onerror=1>{evil}', "0.500")]
    assert "script" not in reader.tags
    assert "img" not in reader.tags


def test_labels_have_colours_of_their_own_and_are_counted() -> None:
    labels = [f"L{number}" for number in range(12)]
    text = "x" * 12
    page = "".join(marked_page([(text, [entity(n, n + 1, labels[n]) for n in range(12)])] * 2, "t"))
    hues = set(re.findall(r'--hue: (\d+)"[^>]*>x<bdi>(L\d+)', page))
    assert len(hues) == len({hue for hue, _ in hues}) == 12
    assert set(re.findall(r'--hue: (\d+)">(L\d+)</mark> 2<', page)) == hues
    assert "<script" not in page
    assert "http" not in page


ANY = st.text(st.characters() | st.sampled_from("\r\n\0\f\x85\ufffe\ud800<&;\"'"))


@given(st.lists(st.tuples(ANY, st.lists(st.integers(0, 40), max_size=4)), max_size=3))
def test_any_text(drawn: list[tuple[str, list[int]]]) -> None:
    texts = []
    for text, places in drawn:
        borders = sorted({min(place, len(text)) for place in places})
        pairs = zip(borders[::2], borders[1::2], strict=False)
        texts.append((text, [entity(start, end) for start, end in pairs]))
    reader = read(texts)
    assert len(reader.texts) == len(texts)
    for (text, _), shown in zip(texts, reader.texts, strict=True):
        assert shown == re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    for (block, shown, _, _), (start, end) in zip(
        reader.marks, [(e["start"], e["end"]) for _, found in texts for e in found], strict=True
    ):
        assert reader.texts[block][start:end] == shown


def test_pieces_come_while_texts_still_come() -> None:
    def texts():
        yield "one", []
        raise AssertionError("asked for more than was needed")

    pages = marked_page(texts(), "t")
    seen = next(pages)
    assert "<title>" in seen
    while "one</p>" not in seen:
        seen += next(pages)
