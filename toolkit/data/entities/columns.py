"""Choice of the columns of tokens and tags, or of texts and entities, by option or by guess."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from toolkit.data import columns
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.sources.memory import is_list
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

TOKEN_NAMES = ("tokens", "token", "words", "word")
TAG_NAMES = ("tags", "tag", "ner_tags", "ner_tag", "ner", "labels", "label")


class EntityColumns(NamedTuple):
    """The columns of a record that are read.

    Attributes:
        texts: Whether records have texts with entities; otherwise they have tokens with tags.
        content: The column of the texts or of the tokens.
        marks: The column of the entities or of the tags; None in unlabelled data.
    """

    texts: bool
    content: str
    marks: str | None


def entity_columns(source: Source, options: EntityColumnOptions, labelled: bool) -> EntityColumns:
    """Choose the columns of a source.

    Columns with lists are those of tokens and tags. They are chosen by option, by a usual name, or
    by position: tokens first, tags last. A column ``text`` holds texts with entities, unless there
    is also a column of tokens and none of entities. Lists without names are interpreted by the type
    of their first value.

    Raises:
        DataError: A column does not exist, or no record can be read.
    """
    values = first_values(source)
    if source.fixed_columns:
        return _by_position(source, not is_list(values.get(source.columns[0])), labelled)
    lists = [column for column in source.columns if is_list(values.get(column))]
    if _has_texts(source, options, lists):
        text, entities = options.text_column or "text", options.entities_column or "entities"
        if not lists and options.text_column is None and text not in source.columns:
            raise DataError(
                f"{source.name} has neither a column of texts ({option('text_column')}) nor, for "
                f"a token a row, one of sentences ({option('sentence_column')}); it has: "
                f"{shorten(source.columns)}"
            )
        content = columns.require_column(source, text, "text_column")
        marks = columns.require_column(source, entities, "entities_column") if labelled else None
        return EntityColumns(True, content, marks)
    tokens = _requested(source, lists, options, "token_column", TOKEN_NAMES)
    tags = _requested(source, lists, options, "tag_column", TAG_NAMES) if labelled else None
    tokens = tokens or columns.find_column(lists, TOKEN_NAMES) or lists[0]
    if not labelled:
        return EntityColumns(False, tokens, None)
    tags = tags or columns.find_column(lists, TAG_NAMES) or lists[-1]
    if tokens == tags:
        raise DataError(
            f"{source.name} has no column of tags beside that of the tokens, {quoted(tokens)}; "
            f"it has: {shorten(source.columns)}"
        )
    return EntityColumns(False, tokens, tags)


def first_values(source: Source) -> dict[str, object]:
    """Return the values of the first record that can be read; empty if there are no records.

    Raises:
        DataError: There are records, but none can be read.
    """
    problem = None
    for record in source.records():
        if record.problem is None:
            return dict(record.values)
        problem = problem or record
    if problem is None:
        return {}
    raise DataError(f"{source.name}, {problem.place}: {problem.problem}")


def _by_position(source: Source, texts: bool, labelled: bool) -> EntityColumns:
    """Return the columns of lists without names."""
    if labelled and len(source.columns) < 2:
        beside = "entities" if texts else "tags"
        raise DataError(f"{source.name} has no {beside} to learn from; give a pair of lists")
    return EntityColumns(texts, source.columns[0], source.columns[1] if labelled else None)


def _has_texts(source: Source, options: EntityColumnOptions, lists: Sequence[str]) -> bool:
    """Return whether a source has texts with entities; ``lists`` are its columns with lists."""
    if len(lists) in (0, len(source.columns)):
        return not lists
    if options.text_column is not None or options.entities_column is not None:
        return True
    if options.token_column is not None or columns.find_column(lists, TOKEN_NAMES) is not None:
        return "entities" in source.columns
    return "entities" in source.columns or "text" in source.columns


def _requested(
    source: Source,
    lists: Sequence[str],
    options: EntityColumnOptions,
    name: str,
    usual: Sequence[str],
) -> str | None:
    """Return the column that is requested by name or number; None if none is requested.

    Args:
        source: The source.
        lists: Its columns with lists.
        options: The column options.
        name: The name of the option.
        usual: Usual names of such columns, which win over a number that a run brings along.
    """
    column: str | None = getattr(options, name)
    if column is None or column in source.columns:
        return column
    if (named := columns.named_instead(lists, options, name, usual)) is not None:
        logger.info("%s: %s: %s (by its name; set %s)", source.name, name, named, option(name))
        return named
    count = len(source.columns)
    try:
        number = int(column)
    except ValueError:
        return columns.require_column(source, column, name)
    if not 1 <= abs(number) <= count:
        asked = option(name, number)
        raise DataError(f"{source.name} has {count} columns; {asked} is none of them")
    return source.columns[number - 1 if number > 0 else number]
