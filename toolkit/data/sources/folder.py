"""Folders with one sub-folder for each class, in the layout of aclImdb."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import read_text
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, shorten

logger = logging.getLogger("toolkit")

UNLABELLED = "unsup"
PARTS = ("train", "test")


class FolderSource:
    """A folder whose sub-folders are the classes, and whose files in them are the texts.

    Files in sub-folders of a class are of that class. A sub-folder ``unsup`` holds unlabelled texts
    and is skipped, and so are hidden names. A folder of files alone has texts without labels.

    Args:
        path: The folder.
        part: Which of the sub-folders ``train`` and ``test`` to read, if the folder has these; the
            choice is logged.
        encodings: The encodings of the files, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Attributes:
        unlabelled: What is missing for labels; empty if there are class folders.

    Raises:
        DataError: There are no files in it or directly in its folders, or the folder has parts but
            not the chosen one.
    """

    columns: tuple[str, ...] = ("text", "label", "file")
    fixed_columns = True
    #: What the files hold, and names of classes, for messages.
    plural, examples = "texts", "pos/ and neg/"

    def __init__(
        self, path: Path, part: str | None = None, encodings: Sequence[str] = UTF_8
    ) -> None:
        self._encodings = encodings
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
            logger.info("%s: unlabelled %s are skipped", path / UNLABELLED, self.plural)
        self.unlabelled = ""
        if not folders:
            self.unlabelled = (
                f"{path} has no class folders; it should have one for each class, such as "
                f"{self.examples}, with a file for each {self.columns[0]}"
            )
            names = _entries(path, os.DirEntry.is_file)
            if others := [name for name in names if not self._is_content(name)]:
                raise DataError(
                    f"{self.unlabelled}; without labels it should have such files alone, and has: "
                    f"{shorten(others)}"
                )
            if not names:
                raise DataError(self.unlabelled)
            self.columns, folders = self.columns[:1], [""]
        self.name = str(path)
        self._path = path
        self._classes = folders
        if not any(_entries(path / label, os.DirEntry.is_file) for label in folders):
            raise DataError(
                f"{path} has no files in its folders ({shorten(folders)}); there should be a file "
                f"for each {self.columns[0]}"
            )

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, (label, name) in enumerate(self._files(), start=1):
            file = os.path.join(label, name)
            values: dict[str, object] = {"label": label, "file": file}
            try:
                content = self._read(self._path / file)
            except DataError as error:  # one file is one row
                yield Record(row, values, f"file {file}", str(error))
            else:
                yield Record(row, {self.columns[0]: content, **values}, f"file {file}")

    def file(self, row: int) -> str:
        """Return the file of a row, numbered from 1, such as ``pos/0_9.txt``."""
        return next(islice(self.files(), row - 1, None))

    def files(self) -> Iterator[str]:
        """Yield the file of each row."""
        return (os.path.join(*names) for names in self._files())

    def _is_content(self, name: str) -> bool:
        """Return whether a file of a folder without labels is taken for content, by its name."""
        return name.lower().endswith(".txt")

    def _read(self, path: Path) -> object:
        """Return the content of a file.

        Raises:
            DataError: It cannot be read.
        """
        return read_text(path, self._encodings)

    def _files(self) -> Iterator[tuple[str, str]]:
        """Yield the class and the path within its folder of each file."""
        for label in self._classes:
            for name in files_below(self._path / label):
                yield label, name


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths within a folder of its files, those in sub-folders last.

    Hidden names and links to folders are left out.

    Raises:
        DataError: A folder cannot be read.
    """
    yield from _entries(folder, os.DirEntry.is_file)
    for name in _entries(folder, lambda entry: entry.is_dir(follow_symlinks=False)):
        for file in files_below(folder / name):
            yield os.path.join(name, file)


def _entries(path: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """Return the names of a folder's entries of one kind, without hidden ones, in natural order."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if wanted(entry)]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    return natural_order(name for name in names if not name.startswith("."))
