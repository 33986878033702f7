"""Guesses of the columns of tokens, tags and entities, by the values of the first rows."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from toolkit.data.entities.spans import as_list, is_span
from toolkit.data.entities.tags import feature_tag, has_features
from toolkit.data.sources.source import Source, is_missing
from toolkit.errors import quoted, shorten
from toolkit.options import option
from toolkit.tagging.schemes import OUTSIDE, has_prefix

logger = logging.getLogger("toolkit")

_FIRST_ROWS = 100  # the number of rows by which columns are guessed


class Kinds:
    """The kinds of the columns of a source, by its first rows.

    A column has lists if most of its values are; that of the texts, if all are. A string that may
    be a list counts half as much as a list.

    Args:
        source: The source.
        text_column: The column that would have texts.

    Attributes:
        lists: The columns with lists.
        words: Those of them without entities or other mappings.
        strings: How many values of each column are strings, and no lists.
        entities: The columns with a list of entities.
        written: Whether lists are written as strings.
    """

    def __init__(self, source: Source, text_column: str) -> None:
        self.strings: Counter[str] = Counter()
        self.entities: list[str] = []
        self.written = False
        lists: Counter[str] = Counter()
        others: Counter[str] = Counter()
        mappings: set[str] = set()
        for record in islice(source.records(), _FIRST_ROWS):
            for column, value in record.values.items():
                values = as_list(value)
                if values is not None:
                    lists[column] += 1 if isinstance(value, str) else 2
                elif not is_missing(value):
                    others[column] += 1
                    self.strings[column] += isinstance(value, str)
                if values is None or not len(values):
                    continue
                self.written |= isinstance(value, str)
                if is_span(values[0]):
                    self.entities.append(column)
                elif isinstance(values[0], Mapping):
                    mappings.add(column)
        if others[text_column]:
            lists[text_column] = 0
        self.lists = [column for column in source.columns if lists[column] > others[column]]
        self.words = [c for c in self.lists if c not in self.entities and c not in mappings]


def column_of_words(source: Source, others: Sequence[str], lists: Sequence[str]) -> str | None:
    """Return the first column of strings that have as many words as the lists have values.

    Args:
        source: The source.
        others: The columns without lists.
        lists: Those with lists.
    """
    longest = 0
    for record in islice(source.records(), _FIRST_ROWS):
        numbers = {len(as_list(record.values.get(column)) or ()) for column in lists}
        longest = max(longest, *numbers)
        others = [
            column
            for column in others
            if isinstance(value := record.values.get(column), str)
            and {len(value.split())} == numbers
        ]
    if not (others and longest):
        return None
    logger.info(
        "token column: %s, split at white space (guessed; set %s)",
        *(quoted(others[0]), option("token_column")),
    )
    return others[0]


def first_of_words(source: Source, words: Sequence[str], others: int) -> str:
    """Return the first column of lists, or the second if the first only numbers the tokens.

    Args:
        source: The source.
        words: The columns of lists.
        others: The number of columns that must be left then.
    """
    if len(words) <= others or not _numbers_tokens(source, words[0]):
        return words[0]
    logger.info(
        "token column: %s, since column %s numbers the tokens (guessed; set %s)",
        *(quoted(words[1]), quoted(words[0]), option("token_column")),
    )
    return words[1]


def last_of_tags(source: Source, words: Sequence[str], tokens: str) -> str:
    """Return the last column of lists that has tags with prefixes; the last, if none has.

    Of nested annotation in two such columns with the same labels it is that with more entities.

    Args:
        source: The source.
        words: The columns of lists.
        tokens: That of the tokens.
    """
    found: dict[str, list[str]] = {column: [] for column in words if column != tokens}
    for record in islice(source.records(), _FIRST_ROWS):
        for column, values in found.items():
            values += map(str, as_list(record.values.get(column)) or ())
    entities: dict[str, int] = {}
    tags: dict[str, set[str]] = {}
    for column, values in found.items():
        read = feature_tag if has_features(values) else str
        marked = [tag for tag in map(read, values) if tag != OUTSIDE]
        if marked and all(map(has_prefix, marked)):
            entities[column], tags[column] = len(marked), {*marked}
    *others, chosen = tags or words[-1:]
    for column in others:
        if tags[column] >= tags[chosen] and entities[column] > entities[chosen]:
            chosen = column
    if len(found) > 1:
        others = [column for column in tags if column != chosen]
        logger.info(
            "tag column: %s%s (guessed; set %s)",
            quoted(chosen),
            f", not {shorten(others)}, which has tags as well" if others else "",
            option("tag_column"),
        )
    return chosen


def later_entities(source: Source, lists: Sequence[str]) -> list[str]:
    """Return the column with the first entity of a source, where the first rows have none."""
    for record in source.records():
        for column in lists:
            values = as_list(record.values.get(column))
            if values is not None and len(values) and is_span(values[0]):
                return [column]
    return []


def _numbers_tokens(source: Source, column: str) -> bool:
    """Return whether the first rows count their tokens in a column, from 0 or from 1."""
    longest = 0
    for record in islice(source.records(), _FIRST_ROWS):
        values = [str(value) for value in as_list(record.values.get(column)) or ()]
        longest = max(longest, len(values))
        if not any(
            values == [str(number) for number in range(first, first + len(values))]
            for first in (0, 1)
        ):
            return False
    return longest > 1
