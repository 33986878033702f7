"""Arrays that lie in a file, and are in memory only where they are being read."""

import mmap
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: How many numbers are read at once of an array that is read as a whole.
CHUNK = 1 << 22


def let_go(array: NDArray[Any]) -> None:
    """Gives back the memory into which a mapped array has been read; it stays in its file.

    The system does so by itself where memory is short, but until then the process seems to grow
    by all that it has read. Other arrays, and systems that cannot be told so, are left as they are.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def chunks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The parts of an array, one after the other, of which one at a time is in memory."""
    for start in range(0, len(array), CHUNK):
        yield array[start : start + CHUNK]
        let_go(array)


def checksum(*arrays: NDArray[Any]) -> int:
    """The CRC-32 of the bytes of arrays, one after the other."""
    found = 0
    for array in arrays:
        for chunk in chunks(array):
            found = zlib.crc32(np.ascontiguousarray(chunk).data, found)
    return found
