"""Atomic writing of files and folders, locks, errors that name their file, archives that expand."""

import errno
import fcntl
import glob
import os
import shutil
import socket
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from toolkit.errors import OptionError


@contextmanager
def with_filename(path: str | os.PathLike[str]) -> Iterator[None]:
    """Set the file name of operating system errors that have none, such as those of writing.

    Args:
        path: The file that the errors concern.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Create a folder with its parents, if it is missing.

    Returns:
        The path.

    Raises:
        OSError: It cannot be created; a link that leads nowhere is named with its target.
    """
    path = Path(path)
    for part in (path, *path.parents):
        if part.is_symlink() and not part.exists():
            reason = f"a link to {os.readlink(part)}, which does not exist"
            raise FileNotFoundError(errno.ENOENT, reason, os.fspath(part))
    path.mkdir(parents=True, exist_ok=True)
    return path


def check_no_link(path: str | os.PathLike[str]) -> None:
    """Check that a folder within a run's folder is no link, since writing would change its target.

    Raises:
        OptionError: It is a link.
    """
    if os.path.islink(path):
        raise OptionError(
            f"{os.fspath(path)} is a link to {os.readlink(path)}; a run is written into its own "
            "folder alone; remove the link"
        )


@contextmanager
def temporary_sibling(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a hidden path in the same folder, for a file or folder that is renamed when complete.

    On exit, anything still at the hidden path is deleted. On entry, hidden paths that killed
    processes of this machine left behind for the same path are deleted.

    Args:
        path: The final path; its folder is created if missing.
    """
    path = Path(path)
    make_folder(path.parent)
    prefix = f".unfinished-{path.name}-{socket.gethostname()}-"
    for leftover in path.parent.glob(f"{glob.escape(prefix)}*"):
        if not _is_running(leftover.name.removeprefix(prefix)):
            _remove(leftover)
    temporary = path.with_name(f"{prefix}{os.getpid()}")
    try:
        yield temporary
    finally:
        _remove(temporary)


@contextmanager
def exclusive_lock(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Hold an exclusive lock on a folder, against other processes that request the same lock.

    The lock is on the folder itself, so no file is written. The operating system releases it when
    the process ends in any way. A file system without locks locks nothing.

    Raises:
        BlockingIOError: Another process holds the lock.
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
    """Open a file for atomic writing: readers see the old file or the new one, never a part.

    Args:
        path: The file; its folder is created if missing.

    Raises:
        OSError: The file cannot be written; an existing file is unchanged.
    """
    with temporary_sibling(path) as temporary:
        with with_filename(path), temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def atomic_write(path: str | os.PathLike[str], text: str) -> Path:
    """Write text to a file as UTF-8: readers see the old file or the new one, never a part.

    Args:
        path: The file; its folder is created if missing.
        text: The whole content.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written; an existing file is unchanged.
    """
    with atomic(path) as file:
        file.write(text.encode())
    return Path(path)


def atomic_write_parts(path: str | os.PathLike[str], parts: Iterable[str]) -> None:
    """Write the parts of a text as ``atomic_write`` does, each as it comes.

    Args:
        path: The file; its folder is created if missing.
        parts: The parts in order; what UTF-8 cannot encode is written as ``?``.

    Raises:
        OSError: The file cannot be written; an existing file is unchanged.
    """
    with atomic(path) as file:
        for part in parts:
            file.write(part.encode("utf-8", "replace"))


@contextmanager
def written_together(folder: str | os.PathLike[str], over: bool = False) -> Iterator[Path]:
    """Yield a hidden folder, whose files are moved into another folder when all are written.

    Args:
        folder: The folder; it is created if missing.
        over: Whether the files may replace older ones.

    Raises:
        FileExistsError: A file is there already and may not be replaced.
        OSError: A file cannot be written; nothing in the folder is changed.
    """
    folder = Path(folder)
    with temporary_sibling(folder / "files") as hidden:
        hidden.mkdir()
        try:
            yield hidden
        except OSError as error:  # names the file as the reader knows it
            if Path(os.fsdecode(error.filename or "")).parent == hidden:
                error.filename = os.fspath(folder / Path(os.fsdecode(error.filename)).name)
            raise
        names = sorted(path.name for path in hidden.iterdir())
        for name in names:
            path = folder / name
            if path.is_dir() or (not over and os.path.lexists(path)):
                number = errno.EISDIR if path.is_dir() else errno.EEXIST
                raise OSError(number, os.strerror(number), os.fspath(path))
        for name in names:
            os.replace(hidden / name, folder / name)


#: The limits of the size of an archive's member, and of its expansion; none is beyond both.
MOST_BYTES, MOST_EXPANSION = 1 << 28, 100


def is_bomb(member: zipfile.ZipInfo) -> bool:
    """Return whether a member of a small archive would fill memory or disk."""
    return expands_too_far(member.file_size, member.compress_size)


def expands_too_far(size: int, compressed: int) -> bool:
    """Return whether compressed data expands beyond both limits; sizes are in bytes."""
    return size > max(MOST_BYTES, MOST_EXPANSION * compressed)


def _is_running(process: str) -> bool:
    """Return whether another process with this id runs; true if it is no number."""
    if not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)  # signal 0 only checks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()


def _remove(path: Path) -> None:
    """Delete a file, or a folder with its contents, if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
