"""One door to all kinds of data."""

import difflib
import os
from pathlib import Path
from typing import Any

from toolkit.data.datasets import NAME, DatasetSource, open_named
from toolkit.data.delimited import DelimitedSource
from toolkit.data.folder import FolderSource
from toolkit.data.json_lines import JsonLinesSource
from toolkit.data.memory import FrameSource, ListSource, is_a, is_list
from toolkit.data.source import Source
from toolkit.errors import DataError


def open_source(data: Any, split: str | None = None) -> Source:
    """Opens data of any kind that the toolkit reads.

    Args:
        data: The path of a CSV, TSV or JSON Lines file (each also gzipped) or of a folder with a
            sub-folder a class; the name of a TFDS data set, also with a split as in
            ``imdb_reviews:test``; a pandas DataFrame; a list of texts; a pair
            ``(texts, labels)``; or a ``tf.data.Dataset``.
        split: Which part of a named data set or folder, such as ``test``.

    Raises:
        DataError: the data is not there, or of no kind that can be read.
    """
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), split)
    if is_a(data, "pandas", "DataFrame"):
        return FrameSource(data)
    if is_a(data, "tensorflow", "data.Dataset"):
        return DatasetSource(data)
    if isinstance(data, tuple) and len(data) == 2 and all(map(is_list, data)):
        return ListSource(*data)
    if is_list(data):
        return ListSource(data)
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, the name of a data set, "
        "a DataFrame, a list of texts, a pair (texts, labels) or a tf.data.Dataset"
    )


def _open_path(data: str, split: str | None) -> Source:
    path = Path(data)
    if not data:
        raise DataError("the path of the data is empty")
    if os.path.isdir(data):  # unlike Path.is_dir, never raises
        return FolderSource(path, split)
    name = path.name.lower().removesuffix(".gz")
    if os.path.exists(data):
        if split is not None:
            raise DataError(f"{path} is one file and has no part {split!r}")
        if name.endswith(".csv"):
            return DelimitedSource(path, ",")
        if name.endswith(".tsv"):
            return DelimitedSource(path, "\t")
        if name.endswith((".jsonl", ".ndjson")):
            return JsonLinesSource(path)
        raise DataError(
            f"{path} is of no known format; it should end in .csv, .tsv or .jsonl, or these and .gz"
        )
    if NAME.fullmatch(data):
        return open_named(data, split)
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=1)
    except OSError:
        near = []
    hint = f"; did you mean {path.parent / near[0]}?" if near else ""
    raise DataError(f"there is no {path}{hint}")
