"""Choice of the columns of tokens and tags, or of texts and entities, by option or by guess."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from toolkit.data import columns
from toolkit.data.entities.formats.column_file import ColumnFileSource
from toolkit.data.entities.guesses import (
    Kinds,
    column_of_words,
    first_of_words,
    last_of_tags,
    later_entities,
)
from toolkit.data.entities.names import TAG_NAMES, TOKEN_NAMES
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.entities.spans import as_list
from toolkit.data.sources.memory import is_list
from toolkit.data.sources.source import Source
from toolkit.data.texts.columns import TEXT_NAMES, classes_of_texts
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The options of the columns that hold sentences or texts, and what is marked in them.
_OPTIONS = ("token_column", "tag_column", "text_column", "entities_column")


class EntityColumns(NamedTuple):
    """The columns of a record that are read.

    Attributes:
        texts: Whether records have texts with entities; otherwise they have tokens with tags.
        content: The column of the texts or of the tokens.
        marks: The column of the entities or of the tags; None in unlabelled data.
        split: Whether the tokens are the words of a string, separated by white space.
    """

    texts: bool
    content: str
    marks: str | None
    split: bool = False


def entity_columns(source: Source, options: EntityColumnOptions, labelled: bool) -> EntityColumns:
    """Choose the columns of a source.

    Columns with lists are those of tokens and tags. They are chosen by option, by a usual name, or
    by position: tokens first, tags last. A column ``text`` holds texts with entities, unless there
    is also a column of tokens and none called ``entities``. Lists without names are interpreted by
    the type of their first value.

    Raises:
        DataError: A column does not exist, or no record can be read.
    """
    options = columns.with_learnt_columns(source, options, _OPTIONS)
    values = first_values(source)
    if source.fixed_columns:
        return _by_position(source, not is_list(values.get(source.columns[0])), labelled)
    kinds = Kinds(source, options.text_column or "text")
    words = kinds.words or kinds.lists
    strings = _column_of_words(source, options, kinds)
    if strings is not None:
        tags = _tag_column(source, options, words, strings) if labelled else None
        return EntityColumns(False, strings, tags, split=True)
    if _has_texts(source, options, kinds):
        content = _text_column(source, options, kinds)
        marks = _entities_column(source, options, kinds) if labelled else None
        return EntityColumns(True, content, marks)
    tokens = _requested(source, words, options, "token_column", TOKEN_NAMES)
    tokens = (
        tokens
        or columns.find_column(words, TOKEN_NAMES)
        or first_of_words(source, words, others=2 if labelled else 1)
    )
    if not labelled:
        return EntityColumns(False, tokens, None)
    tags = _tag_column(source, options, words, tokens)
    if tokens == tags:
        texts = map(str, as_list(values.get(tokens)) or ())
        commas = isinstance(source, ColumnFileSource) and any("," in text for text in texts)
        hint = "; columns are separated by spaces or tabs, not by commas" if commas else ""
        raise DataError(
            f"{source.name} has no column of tags beside that of the tokens, {quoted(tokens)}; "
            f"it has: {shorten(source.columns)}{hint}"
        )
    return EntityColumns(False, tokens, tags)


def _text_column(source: Source, options: EntityColumnOptions, kinds: Kinds) -> str:
    """Return the column of the texts: by option, called ``text``, by a usual name, or the only one.

    Only where there are entities any name will do.
    """
    if options.text_column is not None or "text" in source.columns:
        return columns.require_column(source, options.text_column or "text", "text_column")
    strings = [column for column in source.columns if kinds.strings[column]]
    guess = columns.find_column(strings, TEXT_NAMES) if kinds.entities or not kinds.lists else None
    marked = kinds.entities or "entities" in source.columns
    if guess is None and marked and len(strings) == 1:
        guess = strings[0]
    if guess is not None:
        columns.log_guess(source, options, "text", guess)
        return guess
    if kinds.lists:
        return columns.require_column(source, "text", "text_column")
    raise DataError(
        f"{source.name} has neither a column of texts ({option('text_column')}) nor, for a token a "
        f"row, one of sentences ({option('sentence_column')}); it has: {shorten(source.columns)}"
        f"{columns.other_separator(source)}"
    )


def _tag_column(
    source: Source, options: EntityColumnOptions, words: Sequence[str], tokens: str
) -> str:
    """Return the column of the tags: by option, by a usual name, or the last with tags.

    Args:
        source: The source.
        options: The column options.
        words: The columns of lists.
        tokens: The column of the tokens.
    """
    tags = _requested(source, words, options, "tag_column", TAG_NAMES)
    return tags or columns.find_column(words, TAG_NAMES) or last_of_tags(source, words, tokens)


def _column_of_words(source: Source, options: EntityColumnOptions, kinds: Kinds) -> str | None:
    """Return the column whose strings are the tokens of a sentence, by option or guess.

    None if the tokens are in a list, or if there are no lists of tags.
    """
    named = options.text_column or options.entities_column or "entities" in source.columns
    if not kinds.words or kinds.entities or named:
        return None
    others = [column for column in source.columns if column not in kinds.lists]
    if options.token_column is not None:
        return options.token_column if options.token_column in others else None
    if columns.find_column(kinds.words, TOKEN_NAMES) is not None:
        return None
    return column_of_words(source, others, kinds.words)


def _entities_column(source: Source, options: EntityColumnOptions, kinds: Kinds) -> str:
    """Return the column of the entities: by option, called ``entities``, or guessed by values."""
    guesses = [column for column in kinds.entities if column != options.text_column]
    if not guesses and options.entities_column is None and "entities" not in source.columns:
        guesses = later_entities(source, kinds.lists)
    if options.entities_column is not None or "entities" in source.columns:
        return columns.require_column(
            source, options.entities_column or "entities", "entities_column"
        )
    if not guesses:
        raise DataError(
            f"{source.name} has no column of entities ({option('entities_column')}); it has: "
            f"{shorten(source.columns)}{columns.other_separator(source)}{classes_of_texts(source)}"
        )
    columns.log_guess(source, options, "entities", guesses[0])
    return guesses[0]


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


def _has_texts(source: Source, options: EntityColumnOptions, kinds: Kinds) -> bool:
    """Return whether a source has texts with entities."""
    if len(kinds.lists) in (0, len(source.columns)):
        return not kinds.lists
    if options.text_column is not None or options.entities_column is not None:
        return True
    named = columns.find_column(kinds.words, TOKEN_NAMES) is not None
    if options.token_column is not None or named:
        return "entities" in source.columns
    if "entities" in source.columns or "text" in source.columns:
        return True
    if kinds.entities and not kinds.words:
        return True
    if kinds.written:
        raise DataError(
            f"{source.name} has lists in the columns {shorten(kinds.lists)}; which of them holds "
            f"the tokens? set {option('token_column')}"
        )
    return False


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
