"""Checks of data before training: duplicates, leaks, rare labels, unknown tokens."""

from toolkit.inspection.duplicates import Repeats, find_repeats
from toolkit.inspection.entity_reading import EntityReading
from toolkit.inspection.findings import Warnings, find_duplicates, find_unknown
from toolkit.inspection.text_reading import Reading

__all__ = [
    "EntityReading",
    "Reading",
    "Repeats",
    "Warnings",
    "find_duplicates",
    "find_repeats",
    "find_unknown",
]
