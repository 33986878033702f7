"""The door to data in which entities are marked."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.data import columns
from toolkit.data.column_file import ColumnFileSource
from toolkit.data.delimited import CSV, TSV, DelimitedSource
from toolkit.data.entity_columns import TAG_NAMES, first_values
from toolkit.data.files import read_lines
from toolkit.data.json_lines import JsonLinesSource
from toolkit.data.memory import is_list
from toolkit.data.open import open_source
from toolkit.data.options import EntityColumnOptions
from toolkit.data.sentence_table import SentenceTable, sentence_column
from toolkit.data.source import Record, Source
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")


def open_entities(data: Any, part: str | None, options: EntityColumnOptions) -> Source:
    """Opens data in which entities are marked, or are to be found.

    Args:
        data: The path of a JSON Lines file (``.jsonl``, ``.ndjson``, ``.json``), of a table with a
            header (``.csv``; ``.tsv`` if the options name a column of sentences, texts or
            entities, or the header has those of sentences and tags by usual names), or else,
            whatever its ending, of a column file, each also gzipped; the name of a TFDS data set; a
            pandas DataFrame; a list of texts, of lists of tokens, or of dicts; a pair ``(lists of
            tokens, lists of tags)`` or ``(texts, lists of entities)``; or a source, which is given
            back.
        part: ``train`` or ``test``: what to read of a named data set where the name does not say.
        options: Which columns mean what.

    Returns:
        A source whose records have lists of tokens and tags, or texts and lists of entities.

    Raises:
        DataError: the data is not there, or of no kind that can be read.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, os.PathLike)) and os.path.exists(data):
        source = _open_file(Path(data), options)
    elif isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        source = DictSource(data)
    else:
        source = open_source(data, part)
    if source.fixed_columns or isinstance(source, ColumnFileSource):
        return source
    return _by_sentences(source, options)


def _open_file(path: Path, options: EntityColumnOptions) -> Source:
    if path.is_dir():
        raise DataError(f"{path} is a folder; give a file")
    if not path.is_file():
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return JsonLinesSource(path)
    if name.endswith(".csv"):
        return DelimitedSource(path, CSV)
    asked = (options.sentence_column, options.text_column, options.entities_column)
    if name.endswith(".tsv") and (any(asked) or _has_header(path)):
        return DelimitedSource(path, TSV)
    return ColumnFileSource(path)


def _has_header(path: Path) -> bool:
    """Whether the first line of a file with tabs names columns of sentences and of tags."""
    names = next(read_lines(path, newline="\n"), "").rstrip("\r\n").split("\t")
    return sentence_column(names) is not None and columns.usual(names, TAG_NAMES) is not None


def _by_sentences(source: Source, options: EntityColumnOptions) -> Source:
    """The source itself, or its sentences if it is a table with a token a row."""
    values = first_values(source)
    if options.sentence_column is not None:
        column = columns.named(source, options.sentence_column, "sentence_column")
        return source if is_list(values.get(column)) else SentenceTable(source, column)
    texts = {options.text_column or "text", options.entities_column or "entities"}
    guess = sentence_column(source.columns)
    if guess is None or texts & {*source.columns} or any(map(is_list, values.values())):
        return source
    logger.info("sentence column: %s (guessed; set %s)", quoted(guess), option("sentence_column"))
    return SentenceTable(source, guess)


class DictSource:
    """Rows that are dicts.

    Args:
        rows: The dicts; the columns are the keys of the first one.
    """

    name = "the list"
    fixed_columns = False

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        self.columns = tuple(rows[0])
        self._rows = rows

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        for row, values in enumerate(self._rows, start=1):
            yield Record(row, values, f"row {row}")
