"""Tagging schemes, and the conversion between tags of tokens and spans of text."""

from toolkit.tagging.schemes import (
    OUTSIDE,
    SCHEMES,
    TagError,
    bioes_spans,
    bioes_tags,
    find_scheme,
    split_tags,
    to_bioes,
    to_iob2,
)
from toolkit.tagging.spans import Span, align, spans_of, tags_of

__all__ = [
    "OUTSIDE",
    "SCHEMES",
    "Span",
    "TagError",
    "align",
    "bioes_spans",
    "bioes_tags",
    "find_scheme",
    "spans_of",
    "split_tags",
    "tags_of",
    "to_bioes",
    "to_iob2",
]
