"""Reading of MIDI files."""

import io
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.data.music.pieces import Piece, roll_of_notes
from toolkit.errors import DataError, as_message
from toolkit.music.midi import library

#: The endings of MIDI files.
ENDINGS = (".mid", ".midi", ".kar")
#: The channel of drums, from 0, whose notes have no pitch.
DRUMS = 9
#: The controller of the sustain pedal, and the least value at which it is down.
PEDAL, PEDAL_DOWN = 64, 64
#: The shortest unit of a metre that is believed.
SHORTEST_BEAT = 64
#: The beginnings of a MIDI file, alone and within a RIFF file, and of a track.
_MAGIC, _RIFF, _TRACK = b"MThd", b"RIFF", b"MTrk"
#: A division of at least this counts frames of film rather than ticks of a quarter.
_FILM = 1 << 15
#: The largest file that is read, in bytes: 10^6 notes are 8 MB.
_LARGEST = 1 << 24


def is_midi(path: Any) -> bool:
    """Return whether a path has the ending of a MIDI file."""
    return isinstance(path, str | os.PathLike) and os.fspath(path).lower().endswith(ENDINGS)


def read_midi(path: Path, steps_per_quarter: int) -> Piece:
    """Return the music in a MIDI file.

    All tracks and channels are read into one roll, without drums (channel 10). A note ends at its
    note-off, or note-on with velocity 0, which ends all notes of the channel and pitch that began
    before it, so that a lost one matters no longer than until the next; while the sustain pedal of
    the channel is down, ends wait until it is up. Notes that are never ended last until the end of
    the piece. Time is counted in quarters, whatever the tempo is; the piece has the first tempo and
    metre of any track.

    Args:
        path: The file, of format 0 or 1.
        steps_per_quarter: The number of time steps of a quarter.

    Raises:
        DataError: It cannot be read, is no MIDI file of format 0 or 1, is damaged, has no notes, or
            notes outside of the 88 keys.
        OptionError: The package mido is missing.
    """
    mido = library()
    content = _content(path)
    kind, division = (int.from_bytes(content[at : at + 2]) for at in (8, 12))
    if kind == 2:
        raise DataError(
            "it has several independent pieces (format 2 of MIDI); save each as a file of its own"
        )
    if division >= _FILM:
        raise DataError("it counts time in frames of film, not in quarters")
    if not division:
        raise DataError("it has 0 ticks in a quarter, so that its notes have no times")
    try:
        file = mido.MidiFile(file=io.BytesIO(_tracks_only(content)), clip=True)
        timed = sorted(_timed(file.tracks), key=lambda each: each[0])
    except mido.KeySignatureError:
        raise DataError("it has a key signature that cannot be read; remove it") from None
    except Exception as error:  # a damaged file fails in many ways
        reason = as_message(str(error)) or "it ends too early"
        raise DataError(f"the MIDI file is damaged: {reason}") from None
    tempos = [m.tempo for _, m in timed if m.type == "set_tempo" and m.tempo]
    metres = [(m.numerator, m.denominator) for _, m in timed if m.type == "time_signature"]
    metres = [metre for metre in metres if metre[0] and metre[1] <= SHORTEST_BEAT]
    notes = ((pitch, start / division, end / division) for pitch, start, end in _notes(timed))
    return Piece(
        roll_of_notes(notes, steps_per_quarter),
        60e6 / tempos[0] if tempos else None,
        metres[0] if metres else None,
        len({*metres}),
    )


def _content(path: Path) -> bytes:
    """Return the bytes of a MIDI file."""
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise DataError(f"it has {size:,} bytes, and at most {_LARGEST:,} are read")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror}") from None
    if content[:4] == _RIFF and (start := content.find(_MAGIC)) > 0:
        content = content[start:]
    if content[:4] != _MAGIC:
        what = "it is empty" if not content else "it does not begin with MThd"
        raise DataError(f"it is no MIDI file: {what}")
    if len(content) < 14:
        raise DataError("the MIDI file is damaged: it ends within its header")
    return content


def _tracks_only(content: bytes) -> bytes:
    """Return a MIDI file without the chunks that are neither its header nor a track."""
    end = 8 + int.from_bytes(content[4:8])
    chunks = [content[:end]]
    while end < len(content):
        start, end = end, end + 8 + int.from_bytes(content[end + 4 : end + 8])
        if content[start : start + 4] == _TRACK:
            chunks.append(content[start:end])
    return b"".join(chunks)


def _timed(tracks: Any) -> Iterator[tuple[int, Any]]:
    """Yield the messages of one track after the other with their times in ticks."""
    for track in tracks:
        now = 0
        for message in track:
            now += message.time
            yield now, message


def _notes(timed: list[tuple[int, Any]]) -> list[tuple[int, int, int]]:
    """Return pitch, start and end of each note, in ticks."""
    sounding: defaultdict[tuple[int, int], list[int]] = defaultdict(list)  # starts
    held: dict[int, list[tuple[int, int]]] = {}  # pitch and start, by channels with the pedal down
    notes, last = [], 0
    for now, message in timed:
        last = max(last, now)
        if message.type == "control_change" and message.control == PEDAL:
            if message.value >= PEDAL_DOWN:
                held.setdefault(message.channel, [])
            else:
                notes += [(*note, now) for note in held.pop(message.channel, [])]
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        channel, pitch = message.channel, message.note
        starts = sounding[channel, pitch]
        if message.type == "note_on" and message.velocity:
            starts.append(now)
            continue
        count = bisect_left(starts, now) or len(starts)  # of no ticks if none began before
        ended, starts[:count] = [(pitch, start) for start in starts[:count]], []
        if channel in held:
            held[channel] += ended
        else:
            notes += [(*note, now) for note in ended]
    for (_, pitch), starts in sounding.items():
        notes += [(pitch, start, last) for start in starts]
    return notes + [(*note, last) for each in held.values() for note in each]
