"""Files that are there whole or not at all, and errors that say which file they are about."""

import fcntl
import glob
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Lets errors of the operating system that name no file, as in writing, name this one."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextmanager
def unfinished(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a hidden name beside a path, for a file or folder that is renamed when it is whole.

    What still has that name in the end is taken away, and in the beginning what a killed process
    of this machine left of the same path.

    Args:
        path: What is going to be there; its folder is made when it is missing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = f".unfinished-{path.name}-{socket.gethostname()}-"
    for leftover in path.parent.glob(f"{glob.escape(mine)}*"):
        if not _is_running(leftover.name.removeprefix(mine)):
            _remove(leftover)
    beside = path.with_name(f"{mine}{os.getpid()}")
    try:
        yield beside
    finally:
        _remove(beside)


@contextmanager
def alone(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keeps a folder to this process, against all others that ask for the same.

    The lock is on the folder itself, so nothing is written, and the operating system takes it back
    however the process ends. A file system that knows no locks gives none.

    Raises:
        BlockingIOError: Another process has the folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Opens a file to be written whole: a reader sees the old one or the new one, never a part.

    Args:
        path: The file; its folder is made when it is missing.

    Raises:
        OSError: The file cannot be written; an older one is then untouched.
    """
    with unfinished(path) as beside:
        with named(path), beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)


def atomic_write(path: str | os.PathLike[str], text: str) -> Path:
    """Write ``text`` as UTF-8 so that a reader sees the old file or the new one, never a part.

    Args:
        path: The file; its folder is made when it is missing.
        text: The whole content.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written; an older one is then untouched.
    """
    with atomic(path) as file:
        file.write(text.encode())
    return Path(path)


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


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
