"""Text files kept in ``model.keras``, so that they are replaced together with its weights."""

import os
import zipfile
import zlib
from collections.abc import Mapping

from toolkit.errors import ModelError
from toolkit.files import is_bomb

#: Where they are in the archive; Keras has ``assets/`` for its own.
PLACE = "task"


def add_assets(path: str | os.PathLike[str], assets: Mapping[str, str]) -> None:
    """Add text files to a ``.keras`` file.

    Args:
        path: The file, as Keras wrote it.
        assets: The contents by name.

    Raises:
        OSError: The file cannot be written.
    """
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in assets.items():
            archive.writestr(f"{PLACE}/{name}", content.encode())


def read_asset(path: str | os.PathLike[str], name: str) -> str | None:
    """Return the content of a text file in a ``.keras`` file, or None where it has none.

    Raises:
        ModelError: It is no ``.keras`` file, or is damaged.
    """
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no .keras file, or only a part of one")
    try:
        with zipfile.ZipFile(path) as archive:
            try:
                member = archive.getinfo(f"{PLACE}/{name}")
                if is_bomb(member):
                    raise ModelError(f"{path}: {member.filename} has {member.file_size:,} bytes")
                return archive.read(member).decode()
            except KeyError:
                return None
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged: {PLACE}/{name} cannot be read") from error
