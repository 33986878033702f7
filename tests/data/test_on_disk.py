"""Memory-mapped arrays: reading in chunks, and release of their memory."""

import mmap
import zlib
from pathlib import Path

import numpy as np
import pytest

from toolkit.data.corpora import mapped_files as on_disk
from toolkit.data.corpora.mapped_files import checksum, chunks, release_pages

NUMBERS = np.arange(6_000_000, dtype=np.int32)


@pytest.fixture
def mapped(tmp_path: Path) -> np.memmap:
    NUMBERS.tofile(tmp_path / "ids")
    return np.memmap(tmp_path / "ids", np.int32, mode="r")


def resident() -> int:
    """Return the resident memory of this process in bytes, on Linux."""
    return mmap.PAGESIZE * int(Path("/proc/self/statm").read_text().split()[1])


def test_what_was_read_is_given_back(mapped: np.memmap) -> None:
    part = mapped[1:]
    assert part.sum(dtype=np.int64) == NUMBERS.sum(dtype=np.int64)
    full = resident()
    release_pages(part)
    assert full - resident() > 0.9 * NUMBERS.nbytes
    np.testing.assert_array_equal(mapped[-3:], NUMBERS[-3:])  # the values can still be read
    before = resident()
    assert sum(int(chunk.sum(dtype=np.int64)) for chunk in chunks(mapped)) == NUMBERS.sum()
    assert resident() - before < NUMBERS.nbytes / 10


def test_parts_make_the_whole(mapped: np.memmap, monkeypatch: pytest.MonkeyPatch) -> None:
    more = np.arange(7.0)
    right = zlib.crc32(NUMBERS.tobytes() + more.tobytes())
    assert checksum(mapped, more) == right
    monkeypatch.setattr(on_disk, "CHUNK", 1_000_003)
    assert checksum(mapped, more) == right
    assert [len(part) for part in chunks(NUMBERS)] == [1_000_003] * 5 + [999_985]
    assert checksum(np.zeros(0)) == 0
