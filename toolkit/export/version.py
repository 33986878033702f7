"""A numbered version in a folder, there whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

from toolkit.export.verify import newest_version
from toolkit.files import unfinished


def write_version(folder: str | os.PathLike[str], write: Callable[[Path], None]) -> Path:
    """Write ``<folder>/<n>/``, ``n`` being the next version.

    The version is written in a hidden folder beside and then renamed, so that whoever watches the
    folder never sees a part of it. What a killed writer on this machine left behind is cleared
    away first.

    Args:
        folder: Where the versions are; made when it is missing.
        write: Writes the version into the folder that it is given, which it has to make.

    Returns:
        The version's folder.

    Raises:
        OSError: The folder cannot be made or renamed.
    """
    folder = Path(folder)
    with unfinished(folder / "version") as beside:
        write(beside)
        version = folder / str((newest_version(folder) or 0) + 1)
        os.rename(beside, version)
    return version
