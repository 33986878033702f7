"""Recordings of files, bytes and arrays: rates, channels, levels, and what is none."""

import base64
import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from toolkit.data.audio.recording import DATA_URI, open_recording
from toolkit.data.audio.wav import wav_bytes
from toolkit.data.bad_rows import BadRowError
from toolkit.errors import OptionError

RATE = 8000


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    """A tone of half the largest strength."""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def strength(samples: np.ndarray, frequency: float, rate: int) -> float:
    """The amplitude of a frequency in the middle of samples."""
    middle = samples[len(samples) // 4 : -len(samples) // 4] / 2**15
    time = np.arange(len(middle)) / rate
    return 2 * abs(np.mean(middle * np.exp(-2j * np.pi * frequency * time)))


@pytest.mark.parametrize("rate", [1000, 6000, 8000, 11025, 44100, 48000, 384_000])
def test_any_rate_becomes_the_wanted_one(rate: int) -> None:
    recording = open_recording((rate, tone(300, rate)))
    samples = recording.samples(RATE)
    assert recording.seconds == pytest.approx(0.5, abs=1e-3)
    assert abs(len(samples) - RATE // 2) <= 1
    assert strength(samples, 300, RATE) == pytest.approx(0.5, abs=0.02)


def test_what_the_lower_rate_cannot_express_is_removed() -> None:
    samples = open_recording((48_000, tone(7000, 48_000))).samples(RATE)
    assert strength(samples, 1000, RATE) < 0.01  # where it would be heard otherwise


def test_channels_are_averaged_whatever_their_order() -> None:
    left, right = tone(300, RATE), np.zeros(RATE // 2)
    for both in (np.stack([left, right], 1), np.stack([left, right])):
        recording = open_recording((RATE, both))
        assert (recording.channels, recording.length) == (2, RATE // 2)
        assert strength(recording.samples(RATE), 300, RATE) == pytest.approx(0.25, abs=0.01)


def test_floats_beyond_1_are_made_quieter_and_not_cut() -> None:
    recording = open_recording((RATE, 6 * tone(300, RATE)))
    samples = recording.samples(RATE, louder=recording.gain())
    assert strength(samples, 300, RATE) == pytest.approx(1, abs=0.02)
    assert open_recording((RATE, tone(300, RATE))).gain() == 1


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint8, np.float32, np.float64])
def test_arrays_of_any_type(kind: type) -> None:
    wave = tone(300, RATE)
    if np.issubdtype(kind, np.integer):
        wave = wave * (2 ** (8 * np.dtype(kind).itemsize - 1) - 1)
        wave = np.round(wave) + (128 if kind is np.uint8 else 0)
    samples = open_recording((wave.astype(kind), RATE)).samples(RATE)
    assert strength(samples, 300, RATE) == pytest.approx(0.5, abs=0.01)


def test_16_bits_come_out_as_they_are() -> None:
    samples = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)
    for value in ((RATE, samples), wav_bytes(samples, RATE), {"bytes": wav_bytes(samples, RATE)}):
        np.testing.assert_array_equal(open_recording(value).samples(RATE), samples)
    hub = {"array": samples, "sampling_rate": RATE, "path": None}
    np.testing.assert_array_equal(open_recording(hub).samples(RATE), samples)


def test_parts_are_read_by_their_times(tmp_path: Path) -> None:
    samples = np.arange(4 * RATE, dtype=np.int16)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(samples, RATE))
    recording = open_recording(path)
    np.testing.assert_array_equal(recording.samples(RATE, 1, 2.5), samples[RATE : 5 * RATE // 2])
    np.testing.assert_array_equal(recording.samples(RATE, 3), samples[3 * RATE :])


def test_files_in_archives_and_in_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = wav_bytes(np.arange(5, dtype=np.int16), RATE)
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inside/a.wav", content)
    assert open_recording(f"{archive}/inside/a.wav").length == 5
    assert open_recording(DATA_URI + base64.b64encode(content).decode()).length == 5
    with pytest.raises(BadRowError, match=r"all\.zip has no inside/b\.wav"):
        open_recording(f"{archive}/inside/b.wav")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.wav", bytes(100_000))
    monkeypatch.setattr("toolkit.files.MOST_BYTES", 1000)
    monkeypatch.setattr("toolkit.files.MOST_EXPANSION", 10)
    with pytest.raises(BadRowError, match="would fill memory"):
        open_recording(f"{archive}/bomb.wav")
    with pytest.raises(BadRowError, match="no base64"):
        open_recording(DATA_URI + "?")


def bad(tmp_path: Path) -> dict[str, Any]:
    """Values that are no recordings, by a part of the complaint."""
    (tmp_path / "empty.wav").write_bytes(b"")
    content = io.BytesIO()
    wavfile.write(content, 1, np.zeros(4, np.int16))
    return {
        "does not exist": tmp_path / "none.wav",
        "is no file": tmp_path,
        "is empty": tmp_path / "empty.wav",
        "has 1 samples a second; speech needs 1,000 to 1,000,000": content.getvalue(),
        "an array without the rate of its samples; give (rate, array), or set": np.zeros(5),
        "an array of int64; give one of uint8, int16, int32": (RATE, np.arange(5)),
        "an array of uint16; give one of": (RATE, np.ones(5, np.uint16)),
        "neither the path of a file": (RATE, "words"),
        "array of int64": (RATE, [1, 2, 3]),
        "nor an array": (RATE, np.zeros((3, 3, 3))),
        "samples that are no numbers": (RATE, np.array([0.0, np.nan])),
    }


def test_what_is_no_recording_says_so(tmp_path: Path) -> None:
    for problem, value in bad(tmp_path).items():
        with pytest.raises(BadRowError) as caught:
            open_recording(value).samples(RATE)
        assert problem in str(caught.value)


def test_other_formats_need_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3 something")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"a\.mp3 is no WAV file.*pip install soundfile"):
        open_recording(path)


def test_other_formats_are_decoded(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "a.flac"
    soundfile.write(path, tone(300, 16_000), 16_000)
    recording = open_recording(path)
    assert (recording.rate, recording.length) == (16_000, 8000)
    assert strength(recording.samples(RATE), 300, RATE) == pytest.approx(0.5, abs=0.01)
    path.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(BadRowError, match=r"a\.flac cannot be decoded: "):
        open_recording(path)


def test_a_file_that_is_cut_is_refused_or_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import soundfile

    path = tmp_path / "a.mp3"
    soundfile.write(path, tone(300, 16_000, 4), 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = open_recording(path)
    assert 0 < len(recording.samples(RATE)) < 0.6 * 4 * RATE
    assert len(recording.samples(RATE, 3.5)) == 0
    assert caplog.text.count("a.mp3 ends before the end that its header says") == 1
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(300, 16_000, 4), 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadRowError, match=r"a\.flac cannot be decoded: "):
        open_recording(path).samples(RATE)


def test_the_bytes_of_other_formats_are_decoded_as_their_files(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "a: b.flac"
    soundfile.write(path, tone(300, RATE), RATE)
    found = [open_recording(value).samples(RATE) for value in (path, path.read_bytes())]
    np.testing.assert_array_equal(*found)
