"""Atomic writing of numbered versions."""

import os
from collections.abc import Callable
from pathlib import Path

from toolkit.export.verify import newest_version
from toolkit.files import check_no_link, make_folder, temporary_sibling


def write_version(folder: str | os.PathLike[str], write: Callable[[Path], None]) -> Path:
    """Write ``<folder>/<n>/``, ``n`` being the next version.

    The version is written into a hidden folder and then renamed, so that a process that watches
    the folder never sees a part of it. What killed writers on this machine left behind is deleted
    first.

    Args:
        folder: The folder of the versions; made when it is missing.
        write: Makes the folder of the given path and writes the version into it.

    Returns:
        The version's folder.

    Raises:
        OptionError: A link is in the place of the version.
        OSError: The folder cannot be made or renamed.
    """
    folder = make_folder(folder)
    check_no_link(folder / str((newest_version(folder) or 0) + 1))
    with temporary_sibling(folder / "version") as beside:
        write(beside)
        version = folder / str((newest_version(folder) or 0) + 1)
        os.rename(beside, version)
    return version
