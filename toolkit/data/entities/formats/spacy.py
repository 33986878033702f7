"""Training data of spaCy: pairs of a text and its entities, and documents in the JSON of version 2.

What ``Doc.to_json`` gives has a text and its entities (``ents``) in a row, and needs no reader of
its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from toolkit.data.entities.spans import is_span
from toolkit.data.sources.memory import is_list


def is_pair(row: object) -> bool:
    """Return whether a row is a text with ``{"entities": [...]}``, or with a list of entities.

    None stands for entities that are missing.
    """
    if not (isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[0], str)):
        return False
    marks = _plain(row[1])
    return marks is None or isinstance(marks, Mapping) or _are_spans(marks)


def pair_values(pair: Any) -> dict[str, Any]:
    """Return the values of a pair by column."""
    text, marks = pair
    values = marks if isinstance(marks, Mapping) else {"entities": marks}
    return {"text": text, **{name: _plain(value) for name, value in values.items()}}


def _are_spans(marks: object) -> bool:
    return is_list(marks) and all(map(is_span, marks))  # type: ignore[call-overload]


def _plain(marks: object) -> object:
    """Return an array of entities, one a row, as a list."""
    return marks.tolist() if isinstance(marks, np.ndarray) and marks.ndim == 2 else marks


def is_document(row: object) -> bool:
    """Return whether a row is a document with paragraphs."""
    return isinstance(row, Mapping) and isinstance(row.get("paragraphs"), list)


def document_rows(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the tokens and tags of each sentence of a document, with its place in it."""
    for number, paragraph in enumerate(document["paragraphs"], start=1):
        sentences = paragraph.get("sentences") if isinstance(paragraph, Mapping) else None
        for part, sentence in enumerate(sentences or [None], start=1):
            tokens: Any = sentence.get("tokens") if isinstance(sentence, Mapping) else None
            values = {}
            if is_list(tokens) and all(isinstance(token, Mapping) for token in tokens):
                values = {
                    "tokens": [token.get("orth") for token in tokens],
                    "tags": [token.get("ner") for token in tokens],
                }
            yield values, f"paragraph {number}, sentence {part}"
