"""Recordings: of files of any format, bytes and arrays, read as one channel at one rate."""

import base64
import binascii
import io
import logging
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.audio.wav import TOLD, UnknownSamplesError, is_wav, read_wav
from toolkit.data.bad_rows import BadRowError
from toolkit.files import is_bomb
from toolkit.options import option
from toolkit.packages import import_package

logger = logging.getLogger("toolkit")

#: The endings of files of recordings.
ENDINGS = (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au")
#: The rates that speech can have, in Hz.
RATES = (1_000, 1_000_000)
#: The beginning of a WAV file in a line of text, in base64.
DATA_URI = "data:audio/wav;base64,"
#: The number of samples of a recording that are looked at together.
_CHUNK = 1 << 22
#: Arrays with at most so many rows, and more columns, are taken for [channels, time].
_MOST_CHANNELS = 8
_WHOLE = 32_767  # the largest sample of 16 bits
#: The types of whole numbers, each of which tells what the loudest sample is.
_INTEGERS = (np.uint8, np.int16, np.int32)


@dataclass(frozen=True)
class Recording:
    """A recording whose samples are read when they are needed.

    Args:
        rate: The samples a second.
        length: The number of samples.
        channels: The number of channels.
        read: Returns samples from a start to a stop, float32 [n, channels].
        may_exceed: Whether samples may lie beyond -1 to 1; the recording is then made quieter.
    """

    rate: int
    length: int
    channels: int
    read: Callable[[int, int], NDArray[np.float32]]
    may_exceed: bool = False

    @property
    def seconds(self) -> float:
        """The duration."""
        return self.length / self.rate

    def mono(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Return the mean of the channels from a sample to another one, -1 to 1.

        Raises:
            BadRowError: A sample is no number, or the file cannot be decoded.
        """
        values = self.read(start, self.length if stop is None else min(stop, self.length))
        mean = values.mean(axis=1) if self.channels > 1 else values[:, 0]
        if not np.isfinite(mean).all():
            raise BadRowError("the recording has samples that are no numbers")
        return mean

    def peak(self) -> float:
        """Return the largest distance of a sample from 0."""
        parts = (self.mono(start, start + _CHUNK) for start in range(0, self.length, _CHUNK))
        return max((float(np.abs(part).max(initial=0)) for part in parts), default=0.0)

    def samples(
        self, rate: int, start: float = 0.0, stop: float = math.inf, louder: float = 1.0
    ) -> NDArray[np.int16]:
        """Return the recording between two times, as one channel of 16 bits at a rate.

        Args:
            rate: The samples a second.
            start: The first time, in seconds.
            stop: The last time.
            louder: The factor of the samples, as ``gain`` returns it.

        Raises:
            BadRowError: A sample is no number, or the file cannot be decoded.
        """
        first = round(start * self.rate)
        last = self.length if stop == math.inf else round(stop * self.rate)
        values = resampled(self.mono(first, last) * np.float32(louder), self.rate, rate)
        return np.round(values * (_WHOLE + 1)).clip(-_WHOLE - 1, _WHOLE).astype(np.int16)

    def gain(self) -> float:
        """Return the factor that brings the largest sample to 1, if any lies beyond."""
        return 1 / max(1.0, self.peak()) if self.may_exceed else 1.0


def resampled(values: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """Return samples at another rate, without what the lower rate cannot express."""
    if rate == wanted or not len(values):
        return values
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    result: NDArray[np.float32] = resample_poly(values, wanted // common, rate // common)
    return result.astype(np.float32)


def is_audio(value: object) -> bool:
    """Return whether a value is a path with the ending of a recording, or one in a line."""
    if not isinstance(value, (str, os.PathLike)):
        return False
    text = os.fspath(value)
    return text.lower().endswith(ENDINGS) or text.startswith(DATA_URI)


def is_there(path: str) -> bool:
    """Return whether there is a file at a path, which may lie in an archive."""
    archive, inside = _in_archive(path)
    if not inside:
        return os.path.exists(path)
    try:
        return inside in _archive(archive, os.stat(archive).st_mtime_ns).NameToInfo
    except (OSError, zipfile.BadZipFile):
        return False


def open_recording(value: Any, rate: int | None = None) -> Recording:
    """Return the recording that a value stands for.

    Args:
        value: The path of a file, also one in a ``.zip`` archive
            (``archive.zip/folder/name.wav``); the bytes of a file; an array of samples [N] or
            [N, channels], of uint8, int16, int32 or floats from -1 to 1; a pair of a rate and such
            an array, in any order; or a mapping with ``array`` and ``sampling_rate``, ``bytes`` or
            ``path``, as data sets of Hugging Face have it.
        rate: The rate of arrays that come without.

    Raises:
        BadRowError: There is none, or it cannot be read.
        OptionError: Its format needs the package ``soundfile``, which is missing.
    """
    if isinstance(value, Mapping):
        if value.get("array") is not None:
            return open_recording((value.get("sampling_rate") or rate, value["array"]))
        value = value["bytes"] if value.get("bytes") is not None else value.get("path")
    if isinstance(value, (str, os.PathLike)):
        return _of_path(os.fspath(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _of_bytes(np.frombuffer(value, np.uint8), "the recording")
    if isinstance(value, tuple) and len(value) == 2:
        first, second = value
        if isinstance(second, (int, np.integer)) and not isinstance(first, (int, np.integer)):
            first, second = second, first
        return _of_array(second, first)
    return _of_array(value, rate)


def _of_path(path: str) -> Recording:
    """Return the recording in a file."""
    if path.startswith(DATA_URI):
        try:
            content = base64.b64decode(path[len(DATA_URI) :], validate=True)
        except (binascii.Error, ValueError):
            raise BadRowError("the recording in the line is no base64") from None
        return _of_bytes(np.frombuffer(content, np.uint8), "the recording")
    if path.startswith("data:"):
        beginning = path[: len(DATA_URI)]
        raise BadRowError(f"the recording in the line begins with {beginning}..., not {DATA_URI}")
    archive, inside = _in_archive(path)
    if inside:
        return _of_bytes(np.frombuffer(_member(archive, inside), np.uint8), path)
    if not os.path.isfile(path):
        problem = "is no file" if os.path.exists(path) else "does not exist"
        raise BadRowError(f"{path} {problem}")
    try:
        if not os.path.getsize(path):
            raise BadRowError(f"{path} is empty")
        mapped = np.memmap(path, np.uint8, mode="r")
        if not is_wav(mapped[:12].tobytes()):
            return _by_soundfile(path, path)
        return _of_bytes(mapped, path)
    except OSError as error:
        raise BadRowError(f"{path} cannot be read: {error.strerror}") from None


def _of_bytes(content: NDArray[np.uint8], name: str) -> Recording:
    """Return the recording that the bytes of a file are.

    Args:
        content: The bytes.
        name: What to call it in messages.
    """
    if not is_wav(content[:12].tobytes()):
        return _by_soundfile(io.BytesIO(content.tobytes()), name)
    try:
        wav = read_wav(content)
    except UnknownSamplesError as error:
        return _by_soundfile(io.BytesIO(content.tobytes()), name, f"{name}: {error}; others need")
    except BadRowError as error:
        raise BadRowError(f"{name}: {error}") from None
    if wav.missing >= TOLD:
        logger.warning("%s ends %.2f s before the end that its header says", name, wav.missing)
    if wav.missing < 0:
        seconds = -wav.missing
        logger.warning("%s goes on for %.2f s after the end that its header says", name, seconds)
    _check_rate(wav.rate, name)
    return Recording(
        wav.rate,
        len(wav.values),
        wav.channels,
        lambda start, stop: wav.read(wav.values[start:stop]),
        wav.is_float,
    )


def _by_soundfile(content: str | io.BytesIO, name: str, need: str = "") -> Recording:
    """Return the recording in a file of another format, as ``soundfile`` reads it.

    Args:
        content: The path of the file, which is then read as needed, or its bytes.
        name: What to call it in messages.
        need: The beginning of the message without that package.
    """
    if isinstance(content, io.BytesIO) and not content.getbuffer().nbytes:
        raise BadRowError(f"{name} is empty")
    need = need or f"{name} is no WAV file; other formats need"
    soundfile: Any = import_package(need, "soundfile")

    def problem(error: Exception) -> BadRowError:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        return BadRowError(f"{name} cannot be decoded: {reason}")

    try:
        file = soundfile.SoundFile(content)
    except (RuntimeError, TypeError) as error:
        raise problem(error) from None

    def read(start: int, stop: int) -> NDArray[np.float32]:
        try:
            file.seek(start)
            values: NDArray[np.float32] = file.read(stop - start, "float32", always_2d=True)
        except RuntimeError as error:
            raise problem(error) from None
        missing = (stop - start - len(values)) / file.samplerate
        if missing >= 0.01 and name not in warned:
            warned.append(name)
            logger.warning("%s ends before the end that its header says", name)
        return values

    warned: list[str] = []
    _check_rate(file.samplerate, name)
    return Recording(file.samplerate, file.frames, file.channels, read, True)


def _of_array(values: Any, rate: Any) -> Recording:
    """Return the recording of an array of samples."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.zeros(0, object)
    if array.size == 0 and array.dtype != object:
        array = array.reshape(-1).astype(np.float32)
    if array.dtype.kind in "iu" and array.dtype not in _INTEGERS:
        raise BadRowError(
            f"the recording is an array of {array.dtype}; give one of uint8, int16, int32 or floats"
        )
    if array.ndim == 2 and array.shape[0] <= _MOST_CHANNELS < array.shape[1]:
        array = array.T
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "iuf" or not array.shape[1]:
        raise BadRowError(
            "the recording is neither the path of a file, nor its bytes, nor an array of samples "
            "[time] or [time, channels]"
        )
    if not isinstance(rate, (int, np.integer)):
        raise BadRowError(
            "the recording is an array without the rate of its samples; give (rate, array), or set "
            f"{option('sample_rate')}"
        )
    _check_rate(int(rate), "the recording")
    scale, middle = 1.0, 0.0
    if array.dtype.kind in "iu":
        information = np.iinfo(array.dtype)
        scale = 2.0 ** (information.bits - 1)
        middle = 0.0 if array.dtype.kind == "i" else scale

    def read(start: int, stop: int) -> NDArray[np.float32]:
        part = array[start:stop]
        return ((part - middle) / scale if scale != 1 else part).astype(np.float32)

    return Recording(int(rate), len(array), array.shape[1], read, array.dtype.kind == "f")


def _check_rate(rate: int, name: str) -> None:
    """Check that speech can be recorded at a rate."""
    if not RATES[0] <= rate <= RATES[1]:
        raise BadRowError(
            f"{name} has {rate:,} samples a second; speech needs {RATES[0]:,} to {RATES[1]:,}"
        )


def _in_archive(path: str) -> tuple[str, str]:
    """Return the archive in a path and the place in it, which is empty for other files."""
    place = path.lower().find(".zip" + os.sep)
    if place < 0:
        return path, ""
    archive = path[: place + 4]
    return (archive, path[place + 5 :]) if os.path.isfile(archive) else (path, "")


def _member(archive: str, name: str) -> bytes:
    """Return a file in an archive."""
    try:
        opened = _archive(archive, os.stat(archive).st_mtime_ns)
        if is_bomb(opened.getinfo(name)):
            raise BadRowError(f"{archive}/{name} is small and would fill memory")
        return opened.read(name)
    except KeyError:
        raise BadRowError(f"{archive} has no {name}") from None
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadRowError(f"{archive}/{name} cannot be read: {error}") from None


@lru_cache(maxsize=4)
def _archive(path: str, _: int) -> zipfile.ZipFile:
    """Return an open archive; another one if it was written anew."""
    return zipfile.ZipFile(path)
