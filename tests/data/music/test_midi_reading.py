"""MIDI files byte by byte: what files in the world have in them, and what cannot be read."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from toolkit.data.music.midi_file import read_midi
from toolkit.data.music.pieces import Piece, roll_of_notes
from toolkit.errors import DataError
from toolkit.music.rolls import pitches_of

TICKS = 8  # in a quarter; two in a step of four a quarter
END = (0, 0xFF, 0x2F, 0)


def header(kind: int = 0, tracks: int = 1, division: int = TICKS) -> bytes:
    return b"MThd" + b"".join(
        n.to_bytes(size) for n, size in zip((6, kind, tracks, division), (4, 2, 2, 2), strict=True)
    )


def track(*events: Sequence[int], end: bool = True) -> bytes:
    content = bytes(byte for event in (*events, *([END] if end else [])) for byte in event)
    return b"MTrk" + len(content).to_bytes(4) + content


def read(content: bytes, folder: Path, steps: int = 4) -> Piece:
    path = folder / "a.mid"
    path.write_bytes(content)
    return read_midi(path, steps)


def pitches(content: bytes, folder: Path, steps: int = 4) -> list[list[int]]:
    return pitches_of(read(content, folder, steps).roll)


def on(wait: int, pitch: int, velocity: int = 64, channel: int = 0) -> tuple[int, ...]:
    return wait, 0x90 + channel, pitch, velocity


def off(wait: int, pitch: int, channel: int = 0) -> tuple[int, ...]:
    return wait, 0x80 + channel, pitch, 64


def tempo(wait: int, microseconds: int) -> tuple[int, ...]:
    return wait, 0xFF, 0x51, 3, *microseconds.to_bytes(3)


def metre(wait: int, beats: int, power: int) -> tuple[int, ...]:
    return wait, 0xFF, 0x58, 4, beats, power, 24, 8


def test_notes_are_moved_to_the_nearest_step(tmp_path: Path) -> None:
    content = header() + track(on(0, 60), off(4, 60), on(1, 64), off(2, 64), on(0, 67), off(1, 67))
    # 60 in ticks 0 to 4, 64 in 5 to 7, 67 in 7 to 8: steps of two ticks
    assert pitches(content, tmp_path) == [[60], [60], [], [64], [67]]
    assert pitches(content, tmp_path, 8) == [[60]] * 4 + [[], [64], [64], [67]]
    assert pitches(content, tmp_path, 1) == [[60], [64, 67]]  # at least one step each


@pytest.mark.parametrize("start", [0.5, 1.5, 2.5])
def test_the_middle_between_two_steps_is_moved_to_the_later_one(start: float) -> None:
    for length in (1, 2, 3):
        roll = roll_of_notes([(60, start / 4, (start + length) / 4)], 4)
        first = int(start + 0.5)
        assert pitches_of(roll) == [[]] * first + [[60]] * length


def test_a_note_on_without_velocity_is_an_end_and_status_may_be_left_out(tmp_path: Path) -> None:
    running = [(0, 0x90, 60, 64), (2, 60, 0), (0, 62, 64), (2, 62, 0)]
    assert pitches(header() + track(*running), tmp_path) == [[60], [62]]


def test_drums_are_left_out(tmp_path: Path) -> None:
    drums = track(on(0, 36, channel=9), off(2, 36, channel=9))
    piano = track(on(4, 60), off(2, 60))
    assert pitches(header(1, 2) + drums + piano, tmp_path) == [[], [], [60]]
    with pytest.raises(DataError, match="the piece has no notes"):
        read(header() + drums, tmp_path)


def test_notes_may_overlap_and_may_never_end(tmp_path: Path) -> None:
    overlapping = track(on(0, 60), on(2, 60), off(2, 60), off(2, 60))
    assert pitches(header() + overlapping, tmp_path) == [[60], [60]]  # both end at the first end
    lost = track(on(0, 60), on(2, 60), off(2, 60), on(4, 60), off(2, 60), on(4, 64), off(2, 64))
    assert pitches(header() + lost, tmp_path) == [[60], [60], [], [], [60], [], [], [64]]
    late = track(on(0, 60), on(2, 60), off(0, 60), off(2, 60), on(2, 64), off(2, 64))
    assert pitches(header() + late, tmp_path) == [[60], [60], [], [64]]
    short = track(on(0, 60), off(0, 60), on(4, 64), off(2, 64))
    assert pitches(header() + short, tmp_path) == [[60], [], [64]]
    endless = track(on(0, 60), on(2, 64), off(2, 64))
    assert pitches(header() + endless, tmp_path) == [[60], [60, 64]]
    channels = track(on(0, 60), on(0, 60, channel=1), off(2, 60), off(4, 60, channel=1))
    assert pitches(header() + channels, tmp_path) == [[60], [60], [60]]


def test_tempo_and_metre_may_be_on_any_track(tmp_path: Path) -> None:
    later = track(
        tempo(0, 0), tempo(2, 1_000_000), tempo(4, 250_000), metre(0, 6, 3), metre(2, 3, 2)
    )
    piece = read(header(1, 2) + track(on(0, 60), off(2, 60)) + later, tmp_path)
    assert (piece.tempo, piece.metre, piece.metres) == (60, (6, 8), 2)
    assert pitches_of(piece.roll) == [[60]]
    without = read(header() + track(on(0, 60), off(2, 60)), tmp_path)
    assert (without.tempo, without.metre, without.metres) == (None, None, 0)


def test_it_may_lie_in_a_riff_file(tmp_path: Path) -> None:
    content = header() + track(on(0, 60), off(2, 60))
    assert pitches(b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + content, tmp_path) == [[60]]


def pedal(wait: int, value: int, channel: int = 0) -> tuple[int, ...]:
    return wait, 0xB0 + channel, 64, value


def test_the_sustain_pedal_holds_the_ends_of_its_channel(tmp_path: Path) -> None:
    held = track(
        on(0, 60), on(0, 62, channel=1), pedal(1, 64), off(1, 60), off(0, 62, channel=1),
        on(2, 64), pedal(2, 63), off(2, 64), on(0, 65), off(2, 65),
    )  # fmt: skip
    assert pitches(header() + held, tmp_path) == [[60, 62], [60], [60, 64], [64], [65]]
    never_up = track(on(0, 60), pedal(0, 127), off(2, 60), on(2, 64), off(2, 64))
    assert pitches(header() + never_up, tmp_path) == [[60], [60], [60, 64]]
    soft = track(on(0, 60), (0, 0xB0, 67, 127), off(2, 60), on(2, 64), off(2, 64))
    assert pitches(header() + soft, tmp_path) == [[60], [], [64]]


def test_chunks_that_are_no_tracks_are_left_out(tmp_path: Path) -> None:
    alien = b"XFIH" + (3).to_bytes(4) + b"abc"
    content = header() + alien + track(on(0, 60), off(2, 60)) + alien
    assert pitches(content, tmp_path) == [[60]]


def test_many_notes_are_read_in_time_in_proportion(tmp_path: Path) -> None:
    events = [event for _ in range(5_000) for event in (on(0, 60), off(1, 60))]
    assert len(read(header(division=4) + track(*events), tmp_path).roll) == 5_000
    never_ended = track(*[on(0, 60) for _ in range(5_000)], off(0x7F, 62))
    assert pitches(header(division=4) + never_ended, tmp_path) == [[60]] * 0x7F
    roll = roll_of_notes([(60, number, 200_000) for number in range(50_000)], 4)
    assert (len(roll), int(roll.sum())) == (800_000, 800_000)
    apart = roll_of_notes([(60, 3, 4), (60, 0, 2), (62, 1, 2), (60, 0, 1)], 1)
    assert pitches_of(apart) == [[60], [60, 62], [], [60]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is no MIDI file: it is empty"),
        (b"ID3\x03 no music", "it is no MIDI file: it does not begin with MThd"),
        (b"MThd\0\0", "damaged: it ends within its header"),
        (header(2) + track(on(0, 60), off(2, 60)), "several independent pieces .format 2"),
        (header(division=0) + track(on(0, 60), off(2, 60)), "0 ticks in a quarter"),
        (header(division=0xE728) + track(on(0, 60), off(2, 60)), "frames of film"),
        (header() + track(), "the piece has no notes"),
        (header() + track(on(0, 12), off(2, 12)), "the pitch 12 is none of the 88 keys"),
        (header() + track(on(0, 60))[:-5], "the MIDI file is damaged"),
        (header() + b"MTrk\0\0\0\x04", "the MIDI file is damaged"),
        (header() + track((0, 60, 64)), "the MIDI file is damaged"),  # data without a status
        (
            header() + track((0, 0xFF, 0x59, 2, 9, 0), on(0, 60), off(2, 60)),
            "a key signature that cannot be read",
        ),
        (header(1, 3) + track(on(0, 60), off(2, 60)), "the MIDI file is damaged"),
        (
            header(division=1) + track(on(0, 60), (0xFF, 0xFF, 0xFF, 0x7F, 0x80, 60, 0)),
            "1,000,001 time steps",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(content, tmp_path)
    assert "\n" not in str(caught.value)


def test_any_bytes_are_read_or_refused(tmp_path: Path) -> None:
    draw = random.Random(1)
    whole = header(1, 2) + track(tempo(0, 500_000), metre(0, 4, 2)) + track(on(0, 60), off(2, 60))
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            read(bytes(content[: draw.choice([draw.randrange(len(content)), None])]), tmp_path)
        except DataError:
            refused += 1
    assert 80 < refused < 148
