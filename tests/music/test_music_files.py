"""MIDI files, sound and pictures of rolls."""

import io
import sys
import wave
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from matplotlib.image import imread

from toolkit.errors import OptionError
from toolkit.music.midi import VELOCITY, midi_bytes
from toolkit.music.picture import draw_roll
from toolkit.music.rolls import empty_roll, roll_of_pitches
from toolkit.music.sound import PEAK, RATE, sound_of, wav_bytes

ROLL = roll_of_pitches([[60, 64], [60], [], [60], [60, 67], []])


def read(content: bytes) -> Any:
    return mido.MidiFile(file=io.BytesIO(content))


def test_tempo_and_metre_are_on_the_first_track() -> None:
    file = read(midi_bytes(ROLL, 4, tempo=90, metre=(3, 8)))
    assert file.type == 1
    tempo, metre, _ = file.tracks[0]
    assert tempo.tempo == round(60e6 / 90)
    assert (metre.numerator, metre.denominator) == (3, 8)
    assert {m.type for m in file.tracks[1]} == {"note_on", "note_off", "end_of_track"}


def test_every_note_has_one_velocity_and_an_end() -> None:
    file = read(midi_bytes(ROLL, 4))
    sounding: set[int] = set()
    notes, now = [], 0
    for message in file.tracks[1]:
        now += message.time
        if message.type == "note_on":
            assert message.velocity == VELOCITY
            assert message.note not in sounding
            sounding.add(message.note)
            notes.append((message.note, now / file.ticks_per_beat))
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding
    assert notes == [(60, 0), (64, 0), (60, 0.75), (67, 1)]
    assert now / file.ticks_per_beat == 1.5  # silence at the end is music, too


def test_it_lasts_as_long_as_its_steps() -> None:
    assert read(midi_bytes(ROLL, 2, tempo=60)).length == pytest.approx(3)
    assert read(midi_bytes(ROLL, 2, tempo=120)).length == pytest.approx(1.5)


@pytest.mark.parametrize("tempo", [0.001, 1e9])
def test_any_tempo_can_be_written(tempo: float) -> None:
    assert 0 < read(midi_bytes(ROLL, 2, tempo=tempo)).tracks[0][0].tempo < 1 << 24


def test_without_the_package_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mido", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(OptionError, match="need the package mido, which is missing: pip install"):
        midi_bytes(ROLL, 4)


def strongest(samples: Any) -> float:
    """The frequency of the strongest partial in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


@pytest.mark.parametrize(
    ("pitch", "hertz"), [(69, 440.0), (57, 220.0), (60, 261.63), (105, 3520.0)]
)
def test_a_key_sounds_at_its_frequency(pitch: int, hertz: float) -> None:
    assert strongest(sound_of(roll_of_pitches([[pitch]] * 8), 4)) == pytest.approx(hertz, rel=0.005)


def test_sound_has_the_tempo_and_the_silence_of_the_roll() -> None:
    roll = roll_of_pitches([[69], [], [], [69]])
    samples = sound_of(roll, 1, tempo=60)
    loud = [float(np.abs(samples[n * RATE + 2000 : (n + 1) * RATE]).max()) for n in range(4)]
    assert loud[1] == loud[2] == 0
    assert min(loud[0], loud[3]) > 0.1
    assert np.abs(samples).max() == pytest.approx(PEAK)
    assert len(sound_of(roll, 1, tempo=120)) < 0.6 * len(samples)


def test_a_chord_has_all_its_keys() -> None:
    samples = sound_of(roll_of_pitches([[57, 69]] * 8), 4)
    spectrum = np.abs(np.fft.rfft(samples))
    for hertz in (220, 440):
        place = round(hertz * len(samples) / RATE)
        assert spectrum[place - 3 : place + 4].max() > 50 * np.median(spectrum)


def test_a_wav_file_has_the_samples() -> None:
    with wave.open(io.BytesIO(wav_bytes(ROLL, 4))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_767
    np.testing.assert_allclose(samples, sound_of(ROLL, 4), atol=1e-4)
    assert not sound_of(empty_roll(4), 4).any()
    assert len(wav_bytes(empty_roll(0), 4)) > 44


def test_of_long_music_the_first_hour_is_heard(caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("toolkit.music.sound.LONGEST", 2)
    roll = roll_of_pitches([[69], [], [], [60]])
    samples = sound_of(roll, 1, tempo=60)
    assert len(samples) < 2.1 * RATE
    assert "the first is heard" in caplog.text
    assert strongest(samples) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("steps", [0, 1, 60, 20_000])
def test_a_picture_is_drawn_of_any_roll(steps: int, tmp_path: Path) -> None:
    roll = empty_roll(steps)
    roll[::3, 40] = 1
    draw_roll(roll, tmp_path / "a.png", 4, beginning=steps // 2)
    picture = imread(tmp_path / "a.png")
    given, generated = (
        (picture[..., :3] * 255).round() == c for c in ((214, 120, 34), (38, 84, 150))
    )
    assert given.all(axis=-1).any() == (steps > 1)
    assert generated.all(axis=-1).any() == (steps > 0)
