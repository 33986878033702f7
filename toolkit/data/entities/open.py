"""Opening of data with entities."""

import logging
import os
from pathlib import Path
from typing import Any

from toolkit.data import columns
from toolkit.data.entities.columns import first_values
from toolkit.data.entities.formats.brat import BratSource
from toolkit.data.entities.formats.column_file import ColumnFileSource
from toolkit.data.entities.formats.rows import RowLinesSource, RowSource, is_row, open_json
from toolkit.data.entities.guesses import Kinds
from toolkit.data.entities.names import TAG_NAMES
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.options import is_inherited, table_format
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.memory import ListSource
from toolkit.data.sources.open import open_source, open_table
from toolkit.data.sources.sentence_table import SentenceTable, sentence_column
from toolkit.data.sources.source import Source
from toolkit.data.sources.table_format import TableFormat, log_without_effect
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: What to do with files that tools write and that cannot be read, by their endings.
_UNREADABLE = {
    ".spacy": "is binary; write the documents in it as JSON, a line each, by Doc.to_json()",
    ".zip": "is an archive; unpack it and give the file or folder in it",
}


def open_entities(data: Any, part: str | None, options: EntityColumnOptions) -> Source:
    """Open data with entities, or unlabelled data for entity recognition.

    Args:
        data: The path of a JSON Lines file (``.jsonl``, ``.ndjson``, ``.json``), of a file with one
            JSON array (``.json``), of a table with a header (``.csv``; ``.tsv`` if the options name
            a column of sentences, texts or entities, or the header has usual names of sentences or
            texts and of tags), or otherwise, with any ending, of a column file, each plain or
            gzipped; of a folder of brat; the name of a TFDS data set; a pandas DataFrame; a list of
            texts, of lists of tokens, of dicts, or of pairs ``(text, {"entities": [...]})``; a pair
            ``(lists of tokens, lists of tags)`` or ``(texts, lists of entities)``; or a source,
            which is returned unchanged.
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
    elif isinstance(data, list) and 2 * sum(map(is_row, data)) > len(data):
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
    form = table_format(options)
    if path.is_dir():
        logger.info("format: brat (a folder)")
        return BratSource(path, form.encodings)
    if not path.is_file():
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower().removesuffix(".gz")
    for ending, instead in _UNREADABLE.items():
        if name.endswith(ending):
            raise DataError(f"{path} {instead}")
    if name.endswith((".jsonl", ".ndjson", ".json")):
        log_without_effect(path, form)
    if name.endswith((".jsonl", ".ndjson")):
        return RowLinesSource(path, form.encodings)
    if name.endswith(".json"):
        return open_json(path, form.encodings)
    if name.endswith((".csv", ".parquet", ".xlsx")):
        return open_table(path, form)
    requested = (options.sentence_column, options.text_column, options.entities_column)
    if name.endswith(".tsv") and (any(requested) or (form.header and _has_header(path, form))):
        return open_table(path, form)
    _warn_of_table_options(path, options)
    return ColumnFileSource(path, options.comment, form.encodings, form.header)


def _has_header(path: Path, form: TableFormat) -> bool:
    """Return whether the first line of a TSV file names columns of sentences or texts, and tags."""
    lines = read_lines(path, newline="\n", encodings=form.encodings)
    names = next(lines, "").rstrip("\r\n").split("\t")
    rows = sentence_column(names) or columns.find_column(names, ("text",))
    return rows is not None and columns.find_column(names, (*TAG_NAMES, "entities")) is not None


def _warn_of_table_options(path: Path, options: EntityColumnOptions) -> None:
    """Warn of options that a column file has no use for, unless they come from a run."""
    given = {"sentence_column": options.sentence_column}
    if options.quoting != EntityColumnOptions.quoting:
        given["quoting"] = options.quoting
    for name, value in given.items():
        if value is not None and not is_inherited(options, name):
            logger.warning(
                "%s is a column file, with a token a line and a blank line after each sentence; "
                "%s is for tables and changes nothing",
                *(path, option(name, value)),
            )


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
