"""Opening of data with entities."""

import logging
import os
from pathlib import Path
from typing import Any

from toolkit.data import columns
from toolkit.data.entities.columns import TAG_NAMES, Kinds, first_values
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.entities.rows import RowSource, is_row, read_array, read_brat
from toolkit.data.options import table_format
from toolkit.data.sources.column_file import ColumnFileSource
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.memory import ListSource
from toolkit.data.sources.open import open_source, open_table
from toolkit.data.sources.sentence_table import SentenceTable, sentence_column
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")


def open_entities(data: Any, part: str | None, options: EntityColumnOptions) -> Source:
    """Open data with entities, or unlabelled data for entity recognition.

    Args:
        data: The path of a JSON Lines file (``.jsonl``, ``.ndjson``, ``.json``), of a file with one
            JSON array (``.json``), of a table with a header (``.csv``; ``.tsv`` if the options name
            a column of sentences, texts or entities, or the header has usual names of sentences and
            tags), or otherwise, with any ending, of a column file, each plain or gzipped; of a
            folder of brat; the name of a TFDS data set; a pandas DataFrame; a list of texts, of
            lists of tokens, of dicts, or of pairs ``(text, {"entities": [...]})``; a pair ``(lists
            of tokens, lists of tags)`` or ``(texts, lists of entities)``; or a source, which is
            returned unchanged.
        part: ``train`` or ``test``: the part to read of a named data set without a split.
        options: The columns.

    Returns:
        A source whose records have lists of tokens and tags, or texts and lists of entities.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, os.PathLike)) and os.path.exists(data):
        source = _open_file(Path(data), options)
    elif isinstance(data, list) and data and all(map(is_row, data)):
        source = RowSource(data)
    elif isinstance(data, list) and data and all(map(_is_tokens, data)):
        source = ListSource(data)
    else:
        source = open_source(data, part, table_format(options))
    if source.fixed_columns or isinstance(source, ColumnFileSource):
        return source
    return _by_sentences(source, options)


def _is_tokens(value: object) -> bool:
    """Return whether a value is a tuple of tokens, which elsewhere may be a text and its label."""
    return isinstance(value, tuple) and all(isinstance(token, str) for token in value)


def _open_file(path: Path, options: EntityColumnOptions) -> Source:
    """Open a file with the reader of its ending and its header."""
    if path.is_dir():
        if (brat := read_brat(path)) is not None:
            return brat
        raise DataError(f"{path} is a folder; give a file")
    if not path.is_file():
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower().removesuffix(".gz")
    form = table_format(options)
    if name.endswith((".jsonl", ".ndjson", ".csv", ".parquet", ".xlsx")):
        return open_table(path, form)
    if name.endswith(".json"):
        return read_array(path) or JsonLinesSource(path)
    requested = (options.sentence_column, options.text_column, options.entities_column)
    if name.endswith(".tsv") and (any(requested) or _has_header(path)):
        return open_table(path, form)
    return ColumnFileSource(path, options.comment_prefix, form.encodings)


def _has_header(path: Path) -> bool:
    """Return whether the first line of a TSV file names columns of sentences and of tags."""
    names = next(read_lines(path, newline="\n"), "").rstrip("\r\n").split("\t")
    return sentence_column(names) is not None and columns.find_column(names, TAG_NAMES) is not None


def _by_sentences(source: Source, options: EntityColumnOptions) -> Source:
    """Return the source, or its sentences if it is a table with one token a row."""
    first_values(source)  # or the error that there are none
    kinds = Kinds(source, options.text_column or "text")
    if options.sentence_column is not None:
        column = columns.require_column(source, options.sentence_column, "sentence_column")
        return source if column in kinds.lists else SentenceTable(source, column)
    texts = {options.text_column or "text", options.entities_column or "entities"}
    guess = sentence_column(source.columns)
    if guess is None or texts & {*source.columns} or kinds.lists:
        return source
    logger.info("sentence column: %s (guessed; set %s)", quoted(guess), option("sentence_column"))
    return SentenceTable(source, guess)
