"""Reading of WAV files of all depths, mapped or in memory."""

import io
import struct
import wave
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError

#: The codes of the ways to write samples in a ``fmt`` chunk.
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
#: The difference from the header's length that is told, in seconds.
TOLD = 0.01
#: Other codes that are met, for messages.
OTHER_CODES = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}


class UnknownSamplesError(BadRowError):
    """A WAV file has samples of a kind that is not read here."""


class Wav(NamedTuple):
    """The samples of a WAV file, as they stand in it.

    Attributes:
        rate: The samples a second.
        values: One row for each time, of the bytes of all channels [N, channels * bytes].
        channels: The number of channels.
        read: Maps some rows of ``values`` to float32 [n, channels], whole numbers to -1 to 1.
        is_float: Whether the samples are floats, which may lie beyond -1 to 1.
        missing: The seconds that the header promises and the file does not have; negative where
            the file has more.
        start: The place of the first sample, in bytes.
        size: The bytes of samples that the header promises; None for a stream.
    """

    rate: int
    values: NDArray[np.uint8]
    channels: int
    read: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    is_float: bool
    missing: float
    start: int
    size: int | None


def is_wav(head: bytes) -> bool:
    """Return whether the first 12 bytes of a file are those of a WAV file."""
    return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"


def read_wav(content: NDArray[np.uint8]) -> Wav:
    """Return the samples of a WAV file; none are copied.

    A header may say that there are more samples than there are, or, as of a stream, the largest
    number, or none and a file that ends with the header: what is there is read. So it is where the
    header says that there are fewer, and no other chunks follow.

    Args:
        content: The bytes of the file, such as mapped ones.

    Raises:
        UnknownSamplesError: Its samples are of a kind that is not read.
        BadRowError: It is no WAV file, has no samples, or a broken header.
    """
    if not is_wav(content[:12].tobytes()):
        raise BadRowError("the recording is no WAV file")
    form: bytes | None = None
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[place : place + 8].tobytes())
        start = place + 8
        if name == b"fmt ":
            form = content[start : start + size].tobytes()
        elif name == b"data":
            if form is None:
                raise BadRowError("the WAV file has samples before it says of which kind")
            (whole,) = struct.unpack("<I", content[4:8].tobytes())
            of_stream = size == 0xFFFFFFFF or (size == 0 and whole + 8 <= start)
            return _samples(form, content, start, None if of_stream else size)
        place = start + size + size % 2
    raise BadRowError("the WAV file ends before its samples")


def _samples(form: bytes, content: NDArray[np.uint8], start: int, size: int | None) -> Wav:
    """Return the samples of a ``data`` chunk.

    Args:
        form: The ``fmt`` chunk.
        content: The bytes of the file.
        start: The place of the first sample.
        size: The number of bytes of samples by the header; None for a stream.
    """
    if len(form) < 16:
        raise BadRowError("the WAV file does not say of which kind its samples are")
    code, channels, rate, _, block, bits = struct.unpack("<HHIIHH", form[:16])
    if code == EXTENSIBLE and len(form) >= 26:
        code = struct.unpack("<H", form[24:26])[0]
    width = (bits + 7) // 8
    read = _reader(code, width)
    if read is None or not channels or block != width * channels or rate == 0:
        kind = OTHER_CODES.get(code) or f"format {code} of {bits} bits, {channels} channels"
        if read is not None and channels and rate:
            kind += f", {block} bytes for all"
        broken = code in (PCM, FLOAT) or not channels or not rate
        raise (BadRowError if broken else UnknownSamplesError)(
            f"the samples of the WAV file are {kind} at {rate} Hz; it can be 8, 16, 24 or 32 bits, "
            "or floats"
        )
    there = (len(content) - start) // block
    promised = there if size is None else size // block
    missing = (promised - there) / rate
    if missing < 0 and size is not None:
        ends = start + size, start + size + size % 2
        if missing > -TOLD or any(_are_chunks(content[end:]) for end in ends):
            missing = 0.0
    count = there if missing < 0 else min(there, promised)
    values = content[start : start + count * block].reshape(count, block)
    by_channel = _by_channel(read, channels)
    return Wav(rate, values, channels, by_channel, code == FLOAT, missing, start, size)


def _are_chunks(content: NDArray[np.uint8]) -> bool:
    """Return whether bytes are chunks to their end, or too few for one."""
    place = 0
    while place + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[place : place + 8].tobytes())
        if not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        place += 8 + size + size % 2
    return place <= len(content) + 1  # the last one may lack the byte after an odd number


def _by_channel(
    read: Callable[[NDArray[np.uint8]], NDArray[np.float32]], channels: int
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return a function from rows of bytes to samples [n, channels]."""
    return lambda rows: read(np.ascontiguousarray(rows)).reshape(len(rows), channels)


def _reader(code: int, width: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None:
    """Return a function from bytes to samples of a kind; None for a kind that is not known."""
    if code == PCM and width == 1:
        return lambda rows: (rows.astype(np.float32) - np.float32(128)) / np.float32(128)
    if code == PCM and width == 3:
        return _of_24_bits
    kinds: dict[tuple[int, int], Any] = {
        (PCM, 2): "<i2",
        (PCM, 4): "<i4",
        (FLOAT, 4): "<f4",
        (FLOAT, 8): "<f8",
    }
    if (code, width) not in kinds:
        return None
    dtype = np.dtype(kinds[code, width])
    scale = np.float32(1 if code == FLOAT else 2 ** (8 * width - 1))
    return lambda rows: rows.view(dtype).astype(np.float32) / scale


def _of_24_bits(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return samples of three bytes each, the lowest first."""
    parts = rows.reshape(-1, 3).astype(np.int32)
    values = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
    values -= (values >> 23) << 24
    return values.astype(np.float32) / np.float32(2**23)


def wav_bytes(samples: NDArray[np.int16], rate: int) -> bytes:
    """Return the bytes of a WAV file with samples of 16 bits [N]."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return content.getvalue()
