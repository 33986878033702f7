"""One door to all kinds of data."""

import difflib
from pathlib import Path
from typing import Any

from toolkit.data.delimited import DelimitedSource
from toolkit.data.memory import FrameSource, ListSource, is_a, is_list
from toolkit.data.source import Source
from toolkit.errors import DataError


def open_source(data: Any, split: str | None = None) -> Source:
    """Opens data of any kind that the toolkit reads.

    Args:
        data: A path (CSV, TSV; each also gzipped), a pandas DataFrame, a list of texts, or
            a pair ``(texts, labels)``.
        split: Which part of a data set that comes in parts, such as ``train``.

    Raises:
        DataError: the data is not there, or of no kind that can be read.
    """
    if isinstance(data, (str, Path)):
        return _open_path(Path(data), split)
    if is_a(data, "pandas", "DataFrame"):
        return FrameSource(data)
    if isinstance(data, tuple) and len(data) == 2 and all(map(is_list, data)):
        return ListSource(*data)
    if is_list(data):
        return ListSource(data)
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, the name of a data set, "
        "a DataFrame, a list of texts, a pair (texts, labels) or a tf.data.Dataset"
    )


def _open_path(path: Path, split: str | None) -> Source:
    if not path.exists():
        raise DataError(_not_there(path))
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return DelimitedSource(path, ",")
    if name.endswith(".tsv"):
        return DelimitedSource(path, "\t")
    raise DataError(f"{path} is of no known format; it should end in .csv or .tsv, or with .gz")


def _not_there(path: Path) -> str:
    folder = path.parent
    near = difflib.get_close_matches(
        path.name, [entry.name for entry in folder.iterdir()] if folder.is_dir() else [], n=1
    )
    return f"there is no {path}" + (f"; did you mean {folder / near[0]}?" if near else "")
