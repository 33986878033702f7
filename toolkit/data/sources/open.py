"""Opening of data of all kinds."""

import difflib
import os
from pathlib import Path
from typing import Any

from toolkit.data.sources.delimited import CSV, TSV, DelimitedSource, Quoting
from toolkit.data.sources.folder import FolderSource
from toolkit.data.sources.hub_dataset import HubDatasetSource
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.memory import FrameSource, ListSource, flat, is_instance_of, is_list
from toolkit.data.sources.named_datasets import NAME, DatasetSource, open_named
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, quoted

_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".gz")


def open_source(data: Any, part: str | None = None, quoting: Quoting = "auto") -> Source:
    """Open data of any supported kind.

    Args:
        data: The path of a CSV, TSV or JSON Lines file, plain or gzipped, or of a folder with one
            sub-folder for each class; the name of a TFDS data set, optionally with a split as in
            ``imdb_reviews:test``; a pandas DataFrame; a list of texts; a pair
            ``(texts, labels)``; a ``tf.data.Dataset``; a ``datasets.Dataset``; or a source, which
            is returned unchanged.
        part: ``train`` or ``test``: the part to read of a folder with parts, or of a named data set
            whose name has no split.
        quoting: The quotes of CSV and TSV files; see
            :class:`toolkit.data.sources.delimited.DelimitedSource`.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), part, quoting)
    if is_instance_of(data, "pandas", "DataFrame"):
        return FrameSource(data)
    if is_instance_of(data, "tensorflow", "data.Dataset"):
        return DatasetSource(data)
    if is_instance_of(data, "datasets", "Dataset"):
        return HubDatasetSource(data)
    if isinstance(data, tuple) and len(data) == 2 and is_list(data[0]):
        if not is_list(labels := flat(data[1])):
            raise DataError(
                f"labels of type {type(labels).__name__} cannot be read; give a list, an array [N] "
                "or a Series"
            )
        return ListSource(data[0], labels)
    if is_list(data):
        return ListSource(data)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, the name of a data set, "
        "a DataFrame, a list of texts, a pair (texts, labels) or a tf.data.Dataset"
    )


def _looks_like_path(name: str) -> bool:
    """Return whether the name of a missing file is more likely a path than a data set."""
    return name.lower().endswith(_ENDINGS) or os.path.isdir(name.partition("/")[0])


def _open_path(data: str, part: str | None, quoting: Quoting) -> Source:
    """Open a file or folder by its path, or a data set by its name."""
    path = Path(data)
    if not data:
        raise missing(data)
    if os.path.isdir(data):  # unlike Path.is_dir, never raises
        return FolderSource(path, part)
    name = path.name.lower().removesuffix(".gz")
    if os.path.exists(data):
        if not os.path.isfile(data):
            raise DataError(f"{path} is no regular file; it is read more than once")
        if name.endswith(".csv"):
            return DelimitedSource(path, CSV, quoting)
        if name.endswith(".tsv"):
            return DelimitedSource(path, TSV, quoting)
        if name.endswith((".jsonl", ".ndjson")):
            return JsonLinesSource(path)
        raise DataError(
            f"{path} is of no known format; it should end in .csv, .tsv or .jsonl, or these and .gz"
        )
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
