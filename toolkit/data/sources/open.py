"""Opening of data of all kinds."""

import difflib
import logging
import os
from pathlib import Path
from typing import Any

from toolkit.data.sources.delimited import CSV, TSV, DelimitedSource
from toolkit.data.sources.folder import FolderSource
from toolkit.data.sources.json_file import open_json
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.memory import (
    ListSource,
    flat,
    is_instance_of,
    is_list,
    open_table_in_memory,
    unzipped,
)
from toolkit.data.sources.named_datasets import NAME, DatasetSource, open_named
from toolkit.data.sources.pandas_file import open_excel, open_parquet
from toolkit.data.sources.source import Source
from toolkit.data.sources.table_format import PLAIN, TableFormat, log_without_effect
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The endings of tables, of which some may also be gzipped.
_TEXT_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
_BINARY_TABLES = (".parquet", ".xlsx")
TABLES_IN_WORDS = ".csv, .tsv, .jsonl or .json (each also .gz), .parquet or .xlsx"
"""The endings of tables, for messages."""
_ENDINGS = (*_TEXT_TABLES, *_BINARY_TABLES, ".txt", ".gz")


def open_source(data: Any, part: str | None = None, table_format: TableFormat = PLAIN) -> Source:
    """Open data of any supported kind.

    Args:
        data: The path of a table, as for ``open_table``, or of a folder with one sub-folder for
            each class; the name of a TFDS data set, optionally with a split as in
            ``imdb_reviews:test``; a DataFrame of pandas or polars, a ``datasets.Dataset``, a dict
            of lists, a list of dicts; a list of texts; a pair ``(texts, labels)`` of lists, arrays
            or columns, or a list of such pairs; a ``tf.data.Dataset``; or a source, which is
            returned unchanged. Weights after pairs are left out, which is logged.
        part: ``train`` or ``test``: the part to read of data with parts, such as a folder or a
            ``DatasetDict``, or of a named data set whose name has no split.
        table_format: The format of files.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
        OptionError: There is no encoding of this name.
    """
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), part, table_format)
    if (table := open_table_in_memory(data, part)) is not None:
        return table
    if is_instance_of(data, "tensorflow", "data.Dataset"):
        return DatasetSource(data)
    data = unzipped(data)
    if isinstance(data, tuple) and len(data) == 2 and is_list(texts := flat(data[0])):
        if not is_list(labels := flat(data[1])):
            raise DataError(
                f"labels of type {type(labels).__name__} cannot be read; give a list, an array [N] "
                "or a Series"
            )
        return ListSource(texts, labels)
    if is_list(texts := flat(data)):
        return ListSource(texts)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, the name of a data set, "
        "a DataFrame, a list of texts, a pair (texts, labels) or a tf.data.Dataset"
    )


def is_table(path: str | os.PathLike[str]) -> bool:
    """Return whether the name of a file ends as that of a table."""
    name = os.fspath(path).lower()
    return name.endswith(_BINARY_TABLES) or name.removesuffix(".gz").endswith(_TEXT_TABLES)


def open_table(path: Path, table_format: TableFormat = PLAIN) -> Source:
    """Open a table by the ending of its name.

    Args:
        path: A CSV, TSV, JSON Lines or JSON file, plain or gzipped, or a Parquet or Excel file.
        table_format: Its format.

    Raises:
        DataError: It cannot be read, or its ending is another.
        OptionError: There is no encoding of this name.
    """
    quoting, header, encodings, _ = table_format
    log_without_effect(path, table_format)
    if path.name.lower().endswith(".parquet"):
        return open_parquet(path)
    if path.name.lower().endswith(".xlsx"):
        return open_excel(path, header)
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        return JsonLinesSource(path, encodings)
    if name.endswith(".json"):
        return open_json(path, encodings)
    if not name.endswith((".csv", ".tsv")):
        saved = "; save it as .xlsx" if name.endswith((".xls", ".xlsm", ".ods")) else ""
        raise DataError(f"{path} is of no known format; it should end in {TABLES_IN_WORDS}{saved}")
    separators = CSV if name.endswith(".csv") else TSV
    table = DelimitedSource(path, separators, quoting, header, encodings)
    if header and table.first_line_is_data():
        logger.warning(
            "%s: its first line is taken for the names of the columns, but has values of rows; if "
            "it is a row, set %s",
            *(path, option("header", False)),
        )
    return table


def _looks_like_path(name: str) -> bool:
    """Return whether the name of a missing file is more likely a path than a data set."""
    return name.lower().endswith(_ENDINGS) or os.path.isdir(name.partition("/")[0])


def _open_path(data: str, part: str | None, table_format: TableFormat) -> Source:
    """Open a file or folder by its path, or a data set by its name."""
    path = Path(data)
    if not data:
        raise missing(data)
    if os.path.isdir(data):  # unlike Path.is_dir, never raises
        return FolderSource(path, part, table_format.encodings)
    if os.path.exists(data):
        if not os.path.isfile(data):
            raise DataError(f"{path} is no regular file; it is read more than once")
        return open_table(path, table_format)
    if NAME.fullmatch(data) and not _looks_like_path(data):
        return open_named(data, part)
    raise missing(data)


def missing(data: str, content: str = "texts") -> DataError:
    """Return the error that there is no such file or folder, with one of a similar name.

    Args:
        data: The path.
        content: What was looked for in it.
    """
    path = Path(data)
    if not data:
        return DataError("the path of the data is empty")
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=1)
    except (OSError, ValueError):  # for example a NUL in the path
        near = []
    hint = f"; did you mean {path.parent / near[0]}?" if near else ""
    if " " in data and not near and os.sep not in data and not _looks_like_path(data):
        return DataError(
            f"there is no file {quoted(data)}; {content} themselves are given as a list"
        )
    return DataError(f"there is no {path}{hint}")
