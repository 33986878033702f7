"""The way in which data counts the offsets of its entities, by its first rows."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice

from toolkit.data.entities.spans import as_list, other_offsets, span_parts, whole_number
from toolkit.data.entities.tags import string
from toolkit.data.sources.source import Source

_FIRST_ROWS = 100
#: The share of entities that a way of counting must explain.
_NEARLY_ALL = 0.9


def likely_counts(source: Source, texts: str, entities: str) -> Collection[str]:
    """Return the ways of counting, other than code points, by which entities are whole words.

    Only entities count whose offsets mean another place that way. Nearly all of them must be whole
    words then, and more than are by code points.

    Args:
        source: The source.
        texts: The column of the texts.
        entities: The column of the entities.
    """
    others: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    whole_as_written: Counter[str] = Counter()
    for text, start, end in _first_entities(source, texts, entities):
        for way, first, last in other_offsets(text, start, end):
            others[way] += 1
            whole[way] += _are_whole_words(text, first, last)
            whole_as_written[way] += _are_whole_words(text, start, end)
    return [
        way
        for way, number in others.items()
        if whole[way] >= _NEARLY_ALL * number and whole[way] > whole_as_written[way]
    ]


def _first_entities(source: Source, texts: str, entities: str) -> Iterator[tuple[str, int, int]]:
    """Yield the text of each entity of the first rows, and its offsets as they are written."""
    for record in islice(source.records(), _FIRST_ROWS):
        text = string(record.values.get(texts))
        for value in as_list(record.values.get(entities)) or ():
            start, end, *_ = (*map(whole_number, span_parts(value)[:2]), None, None)
            if isinstance(text, str) and start is not None and end is not None:
                yield text, start, end


def _are_whole_words(text: str, start: int, end: int) -> bool:
    """Return whether a stretch of a text is made of words, of which none is cut."""
    words = text[start:end]
    if not 0 <= start < end <= len(text) or words != words.strip():
        return False
    borders = (text[start - 1 : start + 1], text[end - 1 : end + 1])
    return not any(len(border) == 2 and border.isalnum() for border in borders)
