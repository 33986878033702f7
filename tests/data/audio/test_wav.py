"""WAV files of all depths, against SciPy, and those with broken headers."""

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from toolkit.data.audio.recording import open_recording
from toolkit.data.audio.wav import read_wav, wav_bytes
from toolkit.data.bad_rows import BadRowError
from toolkit.errors import OptionError

RANDOM = np.random.default_rng(0)
WAVE = RANDOM.uniform(-1, 1, (40, 2))


def written(samples: np.ndarray, rate: int = 8000) -> bytes:
    """A WAV file as SciPy writes it."""
    content = io.BytesIO()
    wavfile.write(content, rate, samples)
    return content.getvalue()


def made(
    form: tuple[int, int, int],
    data: bytes,
    size: int | None = None,
    extra: bytes = b"",
    whole: int | None = None,
    block: int | None = None,
) -> bytes:
    """A WAV file by hand, of a code, a number of channels and a number of bits."""
    code, channels, bits = form
    block = channels * bits // 8 if block is None else block
    fields = struct.pack("<HHIIHH", code, channels, 8000, 8000 * block, block, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(fields)) + fields
    chunks += b"JUNK" + struct.pack("<I", 3) + b"odd\0"
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    whole = 4 + len(chunks) if whole is None else whole
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks


def read(content: bytes) -> np.ndarray:
    """All channels of a WAV file."""
    wav = read_wav(np.frombuffer(content, np.uint8))
    return wav.read(wav.values)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["u1", "<i2", "<i4", "<f4", "<f8"])
def test_each_depth_is_read_as_it_was_written(kind: str, channels: int) -> None:
    wave = WAVE[:, :channels]
    if kind == "u1":
        samples, expected = np.round(wave * 127 + 128).astype(kind), np.round(wave * 127) / 128
    elif kind[1] == "i":
        top = 2 ** (8 * int(kind[2]) - 1)
        samples = np.round(wave * (top - 1)).astype(kind)
        expected = samples / top
    else:
        samples, expected = wave.astype(kind), wave
    np.testing.assert_allclose(read(written(samples)), expected, atol=1e-6)


def test_24_bits_are_those_that_scipy_reads() -> None:
    values = np.array([0, 1, -1, 2**23 - 1, -(2**23), 123456, -654321])
    data = b"".join(int(value).to_bytes(3, "little", signed=True) for value in values)
    content = made((1, 1, 24), data)
    np.testing.assert_array_equal(read(content)[:, 0], (values / 2**23).astype(np.float32))
    _, by_scipy = wavfile.read(io.BytesIO(content))
    np.testing.assert_allclose(read(content)[:, 0], by_scipy / 2**31, atol=1e-7)


def test_the_extensible_format_names_its_kind_elsewhere() -> None:
    extra = struct.pack("<HHIH", 22, 16, 0, 1) + bytes(14)
    data = np.array([1, -2, 3], "<i2").tobytes()
    content = made((0xFFFE, 1, 16), data, extra=extra)
    np.testing.assert_array_equal(read(content)[:, 0] * 2**15, [1, -2, 3])


def test_own_files_are_read_by_scipy() -> None:
    samples = np.array([0, 5, -7, 32767, -32768], np.int16)
    rate, found = wavfile.read(io.BytesIO(wav_bytes(samples, 11025)))
    assert rate == 11025
    np.testing.assert_array_equal(found, samples)


def test_a_header_that_promises_too_much(caplog: pytest.LogCaptureFixture) -> None:
    data = np.arange(800, dtype="<i2").tobytes()
    recording = open_recording(made((1, 1, 16), data + b"x", size=32_000))
    assert recording.length == 800
    assert "the recording ends 1.90 s before the end that its header says" in caplog.text


@pytest.mark.parametrize(("size", "whole"), [(0xFFFFFFFF, None), (0, 0), (0, 36)])
def test_a_stream_whose_length_was_not_known(
    size: int, whole: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    data = np.arange(50, dtype="<i2").tobytes()
    assert open_recording(made((1, 1, 16), data, size=size, whole=whole)).length == 50
    assert not caplog.text


@pytest.mark.parametrize("size", [0, 40])
def test_a_header_that_promises_too_little(size: int, caplog: pytest.LogCaptureFixture) -> None:
    data = np.arange(800, dtype="<i2")
    recording = open_recording(made((1, 1, 16), data.tobytes(), size=size))
    np.testing.assert_array_equal(recording.samples(8000), data)
    assert f"goes on for {(1600 - size) / 16000:.2f} s after the end that its header" in caplog.text


@pytest.mark.parametrize("data", [b"\1\0" * 50, b"\1\0" * 50 + b"\0"])
@pytest.mark.parametrize("padded", [True, False])
def test_chunks_after_the_samples_are_none(
    data: bytes, padded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    gap = b"\0" * (len(data) % 2) if padded else b""
    after = gap + b"LIST" + struct.pack("<I", 401) + b"x" * 401 + b"\0" + b"id3 \0\0\0\0"
    assert open_recording(made((1, 1, 16), data + after, size=len(data))).length == 50
    assert not caplog.text


@pytest.mark.parametrize("kind", ["ULAW", "ALAW", "IMA_ADPCM"])
def test_other_kinds_of_samples_are_those_of_soundfile(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.sin(np.arange(4000) / 9) / 2, 8000, subtype=kind)
    expected, _ = soundfile.read(path, dtype="int16")
    found = open_recording(path).samples(8000)
    np.testing.assert_allclose(found, expected, atol=1)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    names = {"ULAW": "mu-law", "ALAW": "A-law", "IMA_ADPCM": "IMA ADPCM"}
    with pytest.raises(OptionError, match=rf"call\.wav: .* {names[kind]} at 8000 Hz.* soundfile"):
        open_recording(path)


@pytest.mark.parametrize("samples", [0, 1])
def test_hardly_any_samples(samples: int) -> None:
    recording = open_recording(wav_bytes(np.ones(samples, np.int16), 8000))
    assert recording.length == samples
    assert recording.samples(16_000).shape == (2 * samples,)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (made((1, 1, 40), b"abcde"), "are format 1 of 40 bits, 1 channels at 8000 Hz"),
        (made((1, 0, 16), b""), "0 channels"),
        (made((1, 2, 16), b"abcd", block=2), "of 16 bits, 2 channels, 2 bytes for all"),
        (made((1, 1, 16), b"ab")[:30], "ends before its samples"),
        (b"RIFF\0\0\0\0WAVE", "ends before its samples"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "samples before it says of which kind"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0abdata\0\0\0\0", "does not say of which kind"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, problem: str) -> None:
    with pytest.raises(BadRowError) as caught:
        open_recording(content)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cut", range(0, 80, 7))
def test_a_file_that_is_cut_anywhere_is_read_or_refused(cut: int) -> None:
    content = made((1, 2, 16), WAVE.astype("<f4").tobytes())[: cut + 1]
    try:
        recording = open_recording(content)
    except BadRowError:
        return
    assert recording.samples(8000).dtype == np.int16
