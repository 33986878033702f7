"""MIDI files: the library that reads them, and writing."""

import io
from typing import Any

from numpy.typing import NDArray

from toolkit.music.rolls import LOWEST, notes_of
from toolkit.packages import import_package

#: The tempo, in quarters a minute, and the metre where none is given, as MIDI has it.
TEMPO, METRE = 120.0, (4, 4)
#: The ticks of a quarter, and the loudness of every note, in what is written.
TICKS, VELOCITY = 480, 80
#: The slowest tempo that three bytes of microseconds can express, and the fastest.
SLOWEST, FASTEST = 60e6 / ((1 << 24) - 1), 60e6


def step_seconds(steps_per_quarter: int, tempo: float | None) -> float:
    """Return the seconds of a time step; the tempo is ``TEMPO`` where it is not known."""
    return 60 / (tempo or TEMPO) / steps_per_quarter


def library() -> Any:
    """Import mido.

    Raises:
        OptionError: It is not installed.
    """
    return import_package("MIDI files need", "mido")


def midi_bytes(
    roll: NDArray[Any],
    steps_per_quarter: int,
    tempo: float = TEMPO,
    metre: tuple[int, int] = METRE,
) -> bytes:
    """Return a roll as a MIDI file of format 1.

    The first track has tempo and metre, the second the notes, all of one velocity, each with its
    end. Consecutive steps of a key are one note. The music lasts as many steps as the roll has.

    Args:
        roll: Which keys sound, [T, 88].
        steps_per_quarter: The number of time steps of a quarter.
        tempo: Quarters a minute.
        metre: The beats of a bar, and the unit of a beat, which is a power of two.

    Raises:
        OptionError: The package mido is missing.
    """
    mido = library()
    tempo = min(max(tempo, SLOWEST), FASTEST)
    microseconds = min(max(1, round(60e6 / tempo)), (1 << 24) - 1)
    first = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=microseconds),
            mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]),
            mido.MetaMessage("end_of_track"),
        ]
    )

    def ticks(step: int) -> int:
        return round(step * TICKS / steps_per_quarter)

    events = []  # ends before starts, so that a note can begin where another of its key ends
    for key, start, end in notes_of(roll):
        events += [(ticks(start), 1, key), (ticks(end), 0, key)]
    track, now = mido.MidiTrack(), 0
    for time, is_start, key in sorted(events):
        track.append(
            mido.Message(
                "note_on" if is_start else "note_off",
                note=key + LOWEST,
                velocity=VELOCITY if is_start else 0,
                time=time - now,
            )
        )
        now = time
    track.append(mido.MetaMessage("end_of_track", time=ticks(len(roll)) - now))
    written = io.BytesIO()
    mido.MidiFile(type=1, ticks_per_beat=TICKS, tracks=[first, track]).save(file=written)
    return written.getvalue()
