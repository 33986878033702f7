"""Pieces of any kind of data, and what is said of those that cannot be used."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.data import MusicDataOptions, MusicExamples, RollBatches, encode_music, open_music
from toolkit.errors import DataError
from toolkit.music.midi import midi_bytes
from toolkit.music.rolls import pitches_of, roll_of_pitches

PIECES = [[[60, 64], [60], [62]], [[50]], [[70], [], [71, 72]]]


def read(data: Any, part: str = "train", **options: Any) -> list[list[list[int]]]:
    columns = MusicDataOptions(**options)
    return [pitches_of(e.roll) for e in MusicExamples(open_music(data, part, columns), columns)]


def complaint(data: Any, part: str = "train", **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(data, part, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_part_of_a_json_file_is_read(tmp_path: Path, caplog: Any) -> None:
    path = written(tmp_path / "a.json", {"train": PIECES[:1], "valid": PIECES[1:]})
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == PIECES[:1]
        assert read(path, "test") == PIECES[1:]
    assert "the part valid is read" in caplog.text
    assert read(f"{path}:valid") == PIECES[1:]
    every = written(tmp_path / "b.json", {"train": [], "valid": PIECES[:2], "test": PIECES[2:]})
    assert read(every, "test") == PIECES[2:]
    assert read(f"{every}:valid") == PIECES[:2]
    packed = tmp_path / "c.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"test": PIECES}).encode()))
    assert read(packed, "train") == PIECES  # the only one
    assert "has no part train; it has: a, b" in complaint(
        written(tmp_path / "d.json", {"a": [], "b": []})
    )
    assert "has no part dev" in complaint(f"{path}:dev")


def test_a_folder_of_midi_files_is_read_in_natural_order(tmp_path: Path) -> None:
    for name, piece in zip(("2.mid", "10.MIDI", "deep/1.mid"), PIECES, strict=True):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(midi_bytes(roll_of_pitches(piece), 4))
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / ".hidden.mid").write_bytes(b"none")
    assert read(tmp_path) == PIECES
    assert read(tmp_path / "2.mid") == PIECES[:1]
    assert read([tmp_path / "2.mid", str(tmp_path / "10.MIDI")]) == PIECES[:2]
    half = read(tmp_path, steps_per_quarter=2)
    assert [len(piece) for piece in half] == [2, 1, 2]
    table = pd.DataFrame({"file": ["2.mid", "10.MIDI"]})
    table.to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv") == PIECES[:2]
    (tmp_path / "2.mid").rename(tmp_path / "3.mid")
    assert f"row 1 (line 2), file {tmp_path / '2.mid'}: it cannot be read" in complaint(
        tmp_path / "a.csv"
    )
    (tmp_path / "3.mid").rename(tmp_path / "2.mid")
    parts = tmp_path / "parts"
    for part in ("train", "test"):
        (parts / part).mkdir(parents=True)
        (parts / part / "1.mid").write_bytes((tmp_path / "2.mid").read_bytes())
    assert read(parts) == read(parts, "test") == PIECES[:1]
    assert "has no MIDI files" in complaint(written(tmp_path / "x" / "a.txt", "").parent)


def test_parts_are_found_by_names_in_capitals_and_named_ones_must_be_there(tmp_path: Path) -> None:
    for number, part in enumerate(("Train", "VALID")):
        path = tmp_path / "folder" / part / "1.mid"
        path.parent.mkdir(parents=True)
        path.write_bytes(midi_bytes(roll_of_pitches(PIECES[number]), 4))
    content = {"Train": PIECES[:1], "VALID": PIECES[1:2]}
    rolls = {part: roll_of_pitches(pieces[0]) for part, pieces in content.items()}
    np.savez(tmp_path / "flat.npz", **rolls)
    np.savez(tmp_path / "padded.npz", **{part: roll[None] for part, roll in rolls.items()})
    for data in (
        tmp_path / "folder",
        written(tmp_path / "a.json", content),
        tmp_path / "flat.npz",
        tmp_path / "padded.npz",
    ):
        assert read(data) == PIECES[:1]
        assert read(data, "test") == read(f"{data}:valid") == read(f"{data}:VALID") == PIECES[1:2]
        assert "has no part dev" in complaint(f"{data}:dev")
    np.savez(tmp_path / "one.npz", roll=rolls["Train"])
    for data in (
        tmp_path / "folder" / "Train",
        tmp_path / "folder" / "Train" / "1.mid",
        tmp_path / "one.npz",
        written(tmp_path / "list.json", PIECES),
        written(tmp_path / "a.jsonl", json.dumps({"roll": PIECES[0]})),
        written(tmp_path / "a.csv", "pitch,start,end\n60,0,1\n"),
    ):
        assert f"{data} has no parts; leave out :valid" in complaint(f"{data}:valid")
    alone = written(tmp_path / "alone.json", {"train": PIECES})
    assert "has no part test" in complaint(f"{alone}:test")
    assert read(alone, "test") == PIECES


def test_tables_of_notes_are_pieces() -> None:
    notes = pd.DataFrame(
        {
            "song": ["b", "a", "b", "b"],
            "Pitch": [60, 72, "64", 60.0],
            "onset": [0, 0.5, 0.25, 0.5],
            "duration": [0.5, 0.25, 0.5, 0],
        }
    )
    assert read(notes) == [[[60], [60, 64], [60, 64]], [[], [], [72]]]
    names = {"id": range(4), "name": ["C4", "C5", "E4", "C4"]}  # of notes, not of pieces
    assert read(notes.drop(columns="song").assign(**names)) == [[[60], [60, 64], [60, 64, 72]]]
    ends = notes.assign(end=notes["onset"] + notes["duration"]).drop(columns=["duration", "song"])
    assert read(ends) == [[[60], [60, 64], [60, 64, 72]]]
    assert read(notes, steps_per_quarter=1) == [[[60, 64], [60]], [[], [72]]]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("pitch", "C4", "piece 1: row 2: the pitch is 'C4'; it should be a number"),
        ("pitch", 10, "piece 1: row 2: the pitch 10 is none of the 88 keys"),
        ("pitch", 60.5, "piece 1: row 2: 60.5 is no MIDI pitch"),
        ("start", None, "piece 1: row 2: the start is None"),
        ("start", 9.0, "piece 1: row 2: the note lasts from quarter 9 to 2"),
        ("end", "inf", "piece 1: row 2: the end is 'inf'"),
        ("end", 1e9, "piece 1: the piece has 1,000,001 time steps"),
    ],
)
def test_bad_notes_are_named(column: str, value: Any, words: str) -> None:
    notes = pd.DataFrame({"pitch": [60, 62], "start": [0.0, 1.0], "end": [1.0, 2.0]}).astype(object)
    notes.loc[1, column] = value
    assert words in complaint(notes)


def test_arrays_of_a_numpy_file_are_pieces(tmp_path: Path) -> None:
    rolls = [roll_of_pitches(piece) for piece in PIECES]
    np.savez(tmp_path / "a.npz", **{f"piece {n}": roll for n, roll in enumerate(rolls)})
    assert read(tmp_path / "a.npz") == PIECES
    padded = np.zeros((3, 3, 88), bool)
    for row, roll in zip(padded, rolls, strict=True):
        row[: len(roll)] = roll
    np.savez(tmp_path / "b.npz", x=padded, lengths=[3, 1, 3])
    assert read(tmp_path / "b.npz") == read(tmp_path / "b.npz", "test") == PIECES
    np.savez(tmp_path / "c.npz", x=padded, lengths=[3, 4, 3])
    assert "no length for each roll" in complaint(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", x=np.zeros(3))
    assert "has no rolls; it should have an array [T, 88] for each piece" in complaint(
        tmp_path / "d.npz"
    )


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        ([[60], [300]], "piece 2: step 2: the pitch 300 is none of the 88 keys"),
        ([[], []], "piece 2: the piece has no notes"),
        ([], "piece 2: the piece has no notes"),
        (7, "piece 2: 7 is no piece"),
        ("la la", "piece 2: 'la la' is neither a MIDI file"),
        ("[[60]", "piece 2: the list of pitches is not JSON"),
        ("none.mid", "file none.mid: it cannot be read: No such file"),
        (np.zeros((2, 5)), r"piece 2: a roll of shape [2, 5] cannot be read"),
    ],
)
def test_bad_pieces_are_named_or_left_out(piece: Any, words: str) -> None:
    data = [PIECES[0], piece, PIECES[2]]
    assert words in complaint(data)
    assert read(data, skip_bad_rows=True) == [PIECES[0], PIECES[2]]
    examples = [*MusicExamples(open_music(data), MusicDataOptions(), for_prediction=True)]
    assert len(examples) == 3
    assert (examples[1].problem is None) == ("no notes" in words)  # silence is a beginning


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "[[[60]", "is not JSON"),
        ("a.json", "7", "should have a list of pieces"),
        ("a.json", "{}", "has no pieces"),
        pytest.param("a.json", "[" * 100_000, "nested too deeply", id="deep"),
        ("a.json", "[]", "has no row that can be used"),
        ("a.csv", "word,count\na,1\n", "has neither notes (columns pitch, start, end) nor pieces"),
        ("a.csv", "pitch,start\n60,1\n", "needs a column end or duration, in quarters"),
        ("a.txt", "60", "is of no known format"),
        ("a.npz", "60", "no NumPy file"),
        ("a.jsonl", '{"text": "a"}\n', "has neither notes"),
    ],
)
def test_bad_files_are_named(name: str, content: str, words: str, tmp_path: Path) -> None:
    found = complaint(written(tmp_path / name, content))
    assert words in found
    assert str(tmp_path) in found
    assert "there is no" in complaint(tmp_path / "none.mid")
    assert "data of type int cannot be read" in complaint(7)


def test_each_epoch_has_every_piece_in_a_key_for_which_there_is_room() -> None:
    pieces = [[[21, 60]], [[108, 60]], [[21, 108]], *([[60 + n], [64]] for n in range(20))]
    corpus = encode_music(MusicExamples(open_music(pieces), MusicDataOptions())).parts(100)
    batches = RollBatches(corpus, 20, seed=3)
    moved: list[dict[int, int]] = []
    stream = batches.stream().as_numpy_iterator()
    for epoch in range(100):
        by: dict[int, int] = {}
        for indices, (inputs,) in zip(batches.order(epoch), stream, strict=False):
            for index, roll in zip(indices.tolist(), inputs["values"], strict=True):
                own = corpus.sequences[index]
                shift = int(np.flatnonzero(roll[0])[0] - np.flatnonzero(own[0])[0])
                np.testing.assert_array_equal(roll[: len(own)], np.roll(own, shift, axis=1))
                assert not roll[len(own) :].any()
                by[index] = shift
        assert len(by) == len(pieces)
        moved.append(by)
    assert {by[2] for by in moved} == {0}
    assert {by[0] for by in moved} == {0, 1, 2, 3, 4, 5}
    assert {by[1] for by in moved} == {0, -1, -2, -3, -4, -5, -6}
    assert {by[9] for by in moved} == {*range(-6, 6)}


def test_batches_go_on_in_the_middle_of_an_epoch() -> None:
    pieces = [[[60 + n % 7]] * (n % 5 + 1) for n in range(30)]
    corpus = encode_music(MusicExamples(open_music(pieces), MusicDataOptions())).parts(3)
    batches = RollBatches(corpus, 12, seed=1)
    whole = [*batches.stream().take(2 * len(batches)).as_numpy_iterator()]
    rest = [*batches.stream(0, 3).take(2 * len(batches) - 3).as_numpy_iterator()]
    for one, other in zip(whole[3:], rest, strict=True):
        np.testing.assert_equal(one, other)
    still = RollBatches(corpus, 12, seed=1, transpose=False).stream().take(len(batches))
    total = sum(int(inputs["values"].sum()) for (inputs,) in still.as_numpy_iterator())
    assert total == int(corpus.lengths.sum())
