"""Folders with a sub-folder a class, in the layout of aclImdb."""

import logging
from collections.abc import Iterator
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
        split: One of the sub-folders ``train`` and ``test``, where the folder has them.

    Raises:
        DataError: there are no class folders, or the folder comes in parts and none is chosen.
    """

    columns = ("text", "label", "file")

    def __init__(self, path: Path, split: str | None = None) -> None:
        folders = _folders(path)
        if split is not None or set(folders) & set(PARTS):
            if split not in folders:
                parts = shorten([str(path / name) for name in folders])
                raise DataError(f"{path} comes in parts; give one of: {parts}")
            path = path / split
            folders = _folders(path)
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
        row = 0
        for label in self._classes:
            folder = self._path / label
            names = [entry.name for entry in folder.iterdir() if entry.is_file()]
            for name in natural_order(name for name in names if not name.startswith(".")):
                row += 1
                text = "".join(read_lines(folder / name, newline=""))
                file = f"{label}/{name}"
                yield Record(row, {"text": text, "label": label, "file": file}, f"file {file}")


def _folders(path: Path) -> list[str]:
    try:
        names = [entry.name for entry in path.iterdir() if entry.is_dir()]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    return natural_order(name for name in names if not name.startswith("."))
