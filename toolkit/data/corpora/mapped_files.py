"""Temporary files and memory-mapped arrays: reading in chunks, and release of their memory."""

import mmap
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import WorkError

#: The number of elements that are read at once.
CHUNK = 1 << 22


def release_pages(array: NDArray[Any]) -> None:
    """Release the memory of a mapped array that has been read; its file is unchanged.

    The operating system does so itself when memory is short, but until then the resident size of
    the process grows with all that it reads. Other arrays, and systems without this call, are
    unaffected.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def chunks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield consecutive parts of an array, of which one at a time is in memory."""
    for start in range(0, len(array), CHUNK):
        yield array[start : start + CHUNK]
        release_pages(array)


def checksum(*arrays: NDArray[Any]) -> int:
    """Return the CRC-32 of the concatenated bytes of arrays."""
    crc = 0
    for array in arrays:
        for chunk in chunks(array):
            crc = zlib.crc32(np.ascontiguousarray(chunk).data, crc)
    return crc


@contextmanager
def explain_full_disk() -> Iterator[None]:
    """Replace operating system errors of writing by one that says how to make space."""
    try:
        yield
    except OSError as error:
        raise WorkError(
            f"the encoded sequences do not fit into {tempfile.gettempdir()} ({error.strerror}); "
            "make room, or set TMPDIR to another folder"
        ) from None
