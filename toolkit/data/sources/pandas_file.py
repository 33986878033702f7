"""Files that pandas reads: Parquet and Excel."""

import logging
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from toolkit.data.sources.memory import FrameSource
from toolkit.errors import DataError, shorten
from toolkit.files import is_bomb
from toolkit.packages import check_packages

logger = logging.getLogger("toolkit")


def open_parquet(path: Path) -> FrameSource:
    """Open a Parquet file, which is held in memory.

    Raises:
        DataError: It cannot be read.
        OptionError: The package pyarrow is missing.
    """
    frame = _read(path, "pyarrow", lambda pandas: pandas.read_parquet(path, engine="pyarrow"))
    return FrameSource(frame, str(path))


def open_excel(path: Path, header: bool = True) -> FrameSource:
    """Open the first sheet of an Excel file (``.xlsx``), which is held in memory.

    Its cells are strings, as in a CSV file; empty rows are left out. The place of a row has its
    number in the sheet, too. Further sheets are logged.

    Args:
        path: The file.
        header: Whether the first row that is not empty names the columns.

    Raises:
        DataError: It cannot be read or is empty.
        OptionError: The package openpyxl is missing.
    """

    def read(pandas: Any) -> Any:
        with zipfile.ZipFile(path) as archive:
            if any(map(is_bomb, archive.infolist())):
                raise ValueError("it expands to far more than its size")
        with pandas.ExcelFile(path, engine="openpyxl") as file:
            if len(file.sheet_names) > 1:
                logger.info("%s: the first of the sheets %s", path, shorten(file.sheet_names))
            return pandas.read_excel(file, header=None, dtype=str, na_filter=False)

    frame = _read(path, "openpyxl", read)
    frame = frame[(frame != "").any(axis=1)]
    if frame.empty:
        should = "; its first row should name the columns" if header else ""
        raise DataError(f"{path} is empty{should}")
    if header:
        frame = frame.set_axis(frame.iloc[0].str.strip(), axis=1).iloc[1:]
    else:
        frame = frame.set_axis([str(n) for n in range(1, frame.shape[1] + 1)], axis=1)
    return FrameSource(frame, str(path), [number + 1 for number in frame.index])


def _read(path: Path, package: str, read: Callable[[Any], Any]) -> Any:
    """Return the frame that a function of pandas reads with a package.

    Raises:
        DataError: It cannot be read.
        OptionError: The package is missing.
    """
    check_packages(f"{path}: such files need", package)
    try:
        return read(import_module("pandas"))
    except Exception as error:  # each package has its own
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{path} cannot be read: {reason}") from None
