"""Folders with a sub-folder a class, in the layout of aclImdb."""

import logging
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from toolkit.data.files import read_lines
from toolkit.data.labels import natural_order, shorten
from toolkit.data.source import Record
from toolkit.errors import DataError

logger = logging.getLogger("toolkit")

UNLABELLED = "unsup"
PARTS = ("train", "test")


class FolderSource:
    """A folder whose sub-folders are the classes, and whose files in them are the texts.

    A sub-folder ``unsup`` holds unlabelled texts and is passed over; hidden names are, too.

    Args:
        path: The folder.
        part: Which of the sub-folders ``train`` and ``test`` to read where the folder has them,
            which is then said.

    Raises:
        DataError: there are no class folders, or the folder comes in parts and none that it has
            is chosen.
    """

    columns = ("text", "label", "file")
    fixed_columns = True

    def __init__(self, path: Path, part: str | None = None) -> None:
        folders = _entries(path, os.DirEntry.is_dir)
        if set(folders) & set(PARTS):
            if part not in folders:
                raise DataError(
                    f"{path} comes in parts; give one of the folders in it: {shorten(folders)}"
                )
            path = path / part
            logger.info("%s is read", path)
            folders = _entries(path, os.DirEntry.is_dir)
        if UNLABELLED in folders:
            folders.remove(UNLABELLED)
            logger.info("%s: unlabelled texts are passed over", path / UNLABELLED)
        if not folders:
            raise DataError(
                f"{path} has no class folders; it should have one for each class, such as "
                "pos/ and neg/, with a file for each text"
            )
        self.name = str(path)
        self._path = path
        self._classes = folders

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        for row, (label, name) in enumerate(self._files(), start=1):
            file = f"{label}/{name}"
            try:
                text = "".join(read_lines(self._path / label / name, newline=""))
            except DataError as error:  # one file is one row
                yield Record(row, {}, f"file {file}", str(error))
            else:
                yield Record(row, {"text": text, "label": label, "file": file}, f"file {file}")

    def file(self, row: int) -> str:
        """The file of a row, which counts from 1, as ``pos/0_9.txt``."""
        return "/".join(next(islice(self._files(), row - 1, None)))

    def _files(self) -> Iterator[tuple[str, str]]:
        for label in self._classes:
            for name in _entries(self._path / label, os.DirEntry.is_file):
                yield label, name


def _entries(path: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """The names in a folder that are of the wanted kind and not hidden, in natural order."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if wanted(entry)]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    return natural_order(name for name in names if not name.startswith("."))
