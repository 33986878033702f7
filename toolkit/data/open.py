"""One door to all kinds of data."""

import difflib
import os
from pathlib import Path
from typing import Any

from toolkit.data.datasets import NAME, DatasetSource, open_named
from toolkit.data.delimited import CSV, TSV, DelimitedSource
from toolkit.data.folder import FolderSource
from toolkit.data.json_lines import JsonLinesSource
from toolkit.data.memory import FrameSource, ListSource, is_a, is_list
from toolkit.data.source import Source
from toolkit.errors import DataError

_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".gz")


def open_source(data: Any, part: str | None = None) -> Source:
    """Opens data of any kind that the toolkit reads.

    Args:
        data: The path of a CSV, TSV or JSON Lines file (each also gzipped) or of a folder with a
            sub-folder a class; the name of a TFDS data set, also with a split as in
            ``imdb_reviews:test``; a pandas DataFrame; a list of texts; a pair
            ``(texts, labels)``; a ``tf.data.Dataset``; or a source, which is given back.
        part: ``train`` or ``test``: what to read of a named data set or a folder that comes in
            parts where the name does not say.

    Raises:
        DataError: the data is not there, or of no kind that can be read.
    """
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), part)
    if is_a(data, "pandas", "DataFrame"):
        return FrameSource(data)
    if is_a(data, "tensorflow", "data.Dataset"):
        return DatasetSource(data)
    if isinstance(data, tuple) and len(data) == 2 and all(map(is_list, data)):
        return ListSource(*data)
    if is_list(data):
        return ListSource(data)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, the name of a data set, "
        "a DataFrame, a list of texts, a pair (texts, labels) or a tf.data.Dataset"
    )


def _means_a_file(name: str) -> bool:
    """Whether a name that could be a data set's is rather a path with a mistake in it."""
    return name.lower().endswith(_ENDINGS) or os.path.isdir(name.partition("/")[0])


def _open_path(data: str, part: str | None) -> Source:
    path = Path(data)
    if not data:
        raise DataError("the path of the data is empty")
    if os.path.isdir(data):  # unlike Path.is_dir, never raises
        return FolderSource(path, part)
    name = path.name.lower().removesuffix(".gz")
    if os.path.exists(data):
        if not os.path.isfile(data):
            raise DataError(f"{path} is no regular file; it is read more than once")
        if name.endswith(".csv"):
            return DelimitedSource(path, CSV)
        if name.endswith(".tsv"):
            return DelimitedSource(path, TSV)
        if name.endswith((".jsonl", ".ndjson")):
            return JsonLinesSource(path)
        raise DataError(
            f"{path} is of no known format; it should end in .csv, .tsv or .jsonl, or these and .gz"
        )
    if NAME.fullmatch(data) and not _means_a_file(data):
        return open_named(data, part)
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=1)
    except (OSError, ValueError):  # a NUL in the path, for one
        near = []
    hint = f"; did you mean {path.parent / near[0]}?" if near else ""
    if " " in data and not near and os.sep not in data and not _means_a_file(data):
        hint = "; texts themselves are given as a list"
    raise DataError(f"there is no {path}{hint}")
