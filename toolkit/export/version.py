"""A numbered version in a folder, there whole or not at all."""

import glob
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from toolkit.export.verify import newest_version

_UNFINISHED = ".unfinished-"


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
    folder.mkdir(parents=True, exist_ok=True)
    mine = f"{_UNFINISHED}{socket.gethostname()}-"
    for leftover in folder.glob(f"{glob.escape(mine)}*"):
        if not _is_running(leftover.name.removeprefix(mine)):
            shutil.rmtree(leftover, ignore_errors=True)
    unfinished = folder / f"{mine}{os.getpid()}"
    try:
        write(unfinished)
        version = folder / str((newest_version(folder) or 0) + 1)
        os.rename(unfinished, version)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return version


def _is_running(process: str) -> bool:
    """Whether another process of this number runs; true also of what is no number."""
    if not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()
