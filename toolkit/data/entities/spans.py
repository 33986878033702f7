"""Entities as values of data: a stretch of a text with a label, however tools write it."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from toolkit.data.bad_rows import BadRowError
from toolkit.data.labels import written_list, written_literal
from toolkit.data.sources.memory import is_list
from toolkit.errors import quoted
from toolkit.tagging.spans import Span

#: The keys of an entity, by tool: here, doccano, Label Studio, pipelines of Hugging Face.
START_KEYS = ("start", "start_offset")
END_KEYS = ("end", "end_offset")
LABEL_KEYS = ("label", "labels", "entity_group")

UTF16 = "offsets seem to be counted in UTF-16 units, as JavaScript counts; count code points"
UTF8 = "offsets seem to be counted in bytes of UTF-8; count code points"
INCLUSIVE = "ends seem to be inclusive; an end is the place after the last character"


def as_list(value: object) -> Any:
    """Return a list, also one written as JSON, by Python or by NumPy; None if it is no list."""
    if not isinstance(value, str):
        return value if is_list(value) else None
    if not (text := value.strip()).startswith("["):
        return None
    if (written := written_list(text, names=False)) is not None:
        return written
    literal = written_literal(text)
    return literal if is_list(literal) else None


def is_span(value: object) -> bool:
    """Return whether a value looks like an entity: a start, an end and a label."""
    if isinstance(value, Mapping):
        return all(any(key in value for key in keys) for keys in (START_KEYS, END_KEYS, LABEL_KEYS))
    return is_list(value) and len(value) == 3 and whole_number(value[0]) is not None  # type: ignore[arg-type, index]


def span_parts(value: Any) -> list[Any]:
    """Return start, end and label of an entity as they are written, None for missing ones."""
    if isinstance(value, Mapping):
        keys = (START_KEYS, END_KEYS, LABEL_KEYS)
        return [next(filter(_given, map(value.get, names)), None) for names in keys]
    return [*value] if is_list(value) else []


def read_span(
    value: Any, text: str, likely: Callable[[], Collection[str]] = lambda: (UTF16, UTF8, INCLUSIVE)
) -> Span:
    """Return an entity of a text, without white space at its ends.

    Args:
        value: A start, an end and a label, or a mapping with these; its ``text``, if it has one,
            must be that of the stretch, but for white space, letter case and Unicode form.
        text: The text.
        likely: Returns the other ways of counting offsets that suit the data, to explain an entity
            without a ``text`` of its own.

    Raises:
        BadRowError: It is no entity of the text.
    """
    parts = span_parts(value)
    own = value.get("text") if isinstance(value, Mapping) else None
    if len(parts) != len(Span._fields) or None in parts:
        raise BadRowError(f"the entity {quoted(value)} should have start, end and label")
    *borders, label = parts
    places = [whole_number(place) for place in borders]
    if None in places:
        raise BadRowError(f"the entity {quoted(value)} begins or ends at no whole number")
    if is_list(label):
        if len(label) != 1:
            raise BadRowError(f"the entity {quoted(value)} should have one label")
        label = label[0]
    if not isinstance(label, str) or not label.strip():
        raise BadRowError(f"the label of the entity {quoted(value)} is no name")
    start, end = (place for place in places if place is not None)
    if not 0 <= start < end <= len(text):
        raise BadRowError(
            f"the entity {quoted(value)} is no stretch of its text of {len(text)} "
            f"characters{_offsets_hint(text, start, end, own, likely)}"
        )
    words = text[start:end]
    if isinstance(own, str) and _letters(own) != _letters(words):
        raise BadRowError(
            f"the entity {quoted(own)} has the offsets {start} to {end}, where its text has "
            f"{quoted(words)}{_offsets_hint(text, start, end, own, likely)}"
        )
    start, end = start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())
    if start >= end:
        raise BadRowError(f"the entity {quoted(value)} is nothing but white space")
    return Span(start, end, label.strip())


def in_code_points(value: Any, text: str) -> Any:
    """Return an entity of Label Studio with offsets in code points; any other unchanged.

    Some of its versions count UTF-16 units. They did if the text that it writes beside the offsets
    is found by them, and not by code points.

    Args:
        value: An entity.
        text: The text.
    """
    if text.isascii() or not (isinstance(value, Mapping) and is_list(value.get("labels"))):
        return value
    own, start, end = value.get("text"), *(whole_number(value.get(key)) for key in ("start", "end"))
    if not isinstance(own, str) or start is None or end is None or start < 0:
        return value
    if _letters(text[start:end]) == _letters(own):
        return value
    for way, first, last in other_offsets(text, start, end):
        if way == UTF16 and _letters(text[first:last]) == _letters(own):
            return {**value, "start": first, "end": last}
    return value


def other_offsets(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield what offsets mean where they are counted in another way, if that is different.

    Args:
        text: The text.
        start: The start of an entity.
        end: Its end.

    Yields:
        The way, in words for a message, with the start and the end in code points, exclusive.
    """
    encodings = () if text.isascii() else ((UTF16, "utf-16-le", 2), (UTF8, "utf-8", 1))
    for way, encoding, width in encodings:
        encoded = text.encode(encoding, "surrogatepass")
        if 0 <= start < end and width * end <= len(encoded):
            first, last = (
                len(encoded[: width * place].decode(encoding, "ignore")) for place in (start, end)
            )
            if (first, last) != (start, end):
                yield way, first, last
    if 0 <= start <= end < len(text):
        yield INCLUSIVE, start, end + 1


def likely_cause(causes: Counter[str], unaligned: int, entities: int) -> str:
    """Return what explains most unaligned entities, as part of a message; empty if nothing does.

    Inclusive ends leave hardly any entity aligned, so that they must explain most of all.

    Args:
        causes: How many unaligned entities each way of counting offsets explains, of those that
            were examined; the empty string counts those that none explains.
        unaligned: The number of unaligned entities.
        entities: The number of all entities.
    """
    found = Counter({cause: number for cause, number in causes.items() if cause})
    for cause, explained in found.most_common(1):
        of_all = entities / unaligned if cause == INCLUSIVE else 1
        if 2 * explained > causes.total() * of_all:
            return f"; {cause}"
    return ""


def _offsets_hint(
    text: str, start: int, end: int, own: object, likely: Callable[[], Collection[str]]
) -> str:
    """Return what explains wrong offsets, as part of a message; empty if nothing does."""
    for cause, first, last in other_offsets(text, start, end):
        is_own = isinstance(own, str) and _letters(own) == _letters(text[first:last])
        if is_own or (not isinstance(own, str) and cause in likely()):
            return f"; {cause}"
    return ""


def _given(value: object) -> bool:
    return value is not None


def whole_number(value: Any) -> int | None:
    """Return a whole number, also one written as 8.0; None for anything else."""
    if isinstance(value, bool):
        return None
    if hasattr(value, "__index__"):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _letters(text: str) -> str:
    """Return a text in one letter case and Unicode form, without white space."""
    for _ in range(2):  # for each may undo the other
        text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(text.split())
