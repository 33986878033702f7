"""Texts with entities, written as one string: ``"Ms <PER Keller> lives in <LOC Bonn>."``

The text between ``<LABEL`` and ``>`` is an entity. The generators of the samples use this form,
since offsets are known only when all slots of a text are filled::

    "Ms <PER Keller> lives in <LOC Bonn>."

    text      "Ms Keller lives in Bonn."
    entities  PER 3 to 9, LOC 19 to 23
"""

import re
from collections.abc import Callable
from typing import TypedDict


class Entity(TypedDict):
    """An entity: ``text[start:end]``, in code points."""

    start: int
    end: int
    label: str


class AnnotatedText(TypedDict):
    """A text and its entities, in order; they do not overlap."""

    text: str
    entities: list[Entity]


_ENTITY = re.compile(r"<([A-Z]+) ([^>]+)>")


def read_marked(marked: str, change: Callable[[str], str] = str) -> AnnotatedText:
    """Return the text without marks, and the entities that they mark.

    Args:
        marked: The text with its marks.
        change: Function applied to each piece of the text, such as ``str.upper``; it may change
            lengths.
    """
    text = ""
    entities: list[Entity] = []
    pieces = _ENTITY.split(marked)  # text, label, entity, text, ..., text
    for number, piece in enumerate(pieces):
        if number % 3 != 1:
            start, text = len(text), text + change(piece)
        if number % 3 == 2:
            entities.append({"start": start, "end": len(text), "label": pieces[number - 1]})
    return {"text": text, "entities": entities}
