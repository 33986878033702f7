"""Files that are there whole or not at all, and errors that say which file they are about."""

import os
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
def atomic(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Opens a file to be written whole: a reader sees the old one or the new one, never a part.

    Args:
        path: The file; its folder is made when it is missing.

    Raises:
        OSError: The file cannot be written; an older one is then untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with named(path), beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


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
