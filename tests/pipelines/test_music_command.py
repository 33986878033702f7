"""The command line of models of music: what ``predict`` writes, and what is said of bad input."""

import io
import json
import sys
import wave
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from matplotlib.image import imread

from pipelines.music import main
from pipelines.samples.chorales import RANGES, SCALES, chorales
from toolkit.data import MusicDataOptions, MusicExamples, open_music
from toolkit.data.music.midi_file import read_midi
from toolkit.music.midi import VELOCITY, midi_bytes
from toolkit.music.rolls import pitches_of, roll_of_pitches
from toolkit.tasks import MusicModel

BEGINNING = [[48, 64], [48, 64], [55, 62], [55, 62]]
TRAIN = ["--hidden-size", "6", "--output-size", "4", "--epochs", "1", "--batch-tokens", "64"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of next to nothing, beside a beginning at 96 quarters a minute in 3/4."""
    folder = tmp_path_factory.mktemp("command")
    pieces = [BEGINNING * (1 + number % 3) for number in range(8)]
    (folder / "a.json").write_text(json.dumps(pieces))
    (folder / "seed.mid").write_bytes(midi_bytes(roll_of_pitches(BEGINNING), 4, 96, (3, 4)))
    line = ["train", "--data", str(folder / "a.json"), "--output", str(folder / "run"), *TRAIN]
    assert main(line) == 0
    return folder


def answers(capsys: Any, *words: Any) -> list[dict[str, Any]]:
    assert main(["predict", *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_predict_writes_music_sound_and_a_picture(run: Path, capsys: Any, tmp_path: Path) -> None:
    drawn = ["--length", 6, "--temperature", 1.4, "--seed", 1]
    out = tmp_path / "new" / "out"
    (answer,) = answers(capsys, run / "run", run / "seed.mid", *drawn, "--output", out)
    assert answer["file"] == str(run / "seed.mid")
    assert answer["length"] == len(answer["pitches"]) == 10
    assert answer["pitches"][:4] == BEGINNING
    roll = MusicModel.load(run / "run").generate(run / "seed.mid", 6, 1.4, 1)
    assert pitches_of(roll) == answer["pitches"]  # the same from Python
    assert sorted(path.name for path in out.iterdir()) == ["seed.mid", "seed.png", "seed.wav"]
    piece = read_midi(out / "seed.mid", 4)
    while answer["pitches"][-1:] == [[]]:  # silence at the end
        answer["pitches"].pop()
    assert pitches_of(piece.roll) == answer["pitches"]
    assert (round(piece.tempo or 0, 2), piece.metre) == (96, (3, 4))
    file = mido.MidiFile(out / "seed.mid")
    assert {m.velocity for m in file if m.type == "note_on"} == {VELOCITY}
    with wave.open(str(out / "seed.wav")) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    assert seconds == pytest.approx(10 / 4 * 60 / 96, abs=0.1)
    assert imread(out / "seed.png").shape[2] == 4


def test_without_a_beginning_it_begins_by_itself(
    run: Path, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("not read"))
    (answer,) = answers(capsys, run / "run", "--length", 5, "--output", tmp_path)
    assert (answer["row"], answer["length"]) == (1, 5)
    assert {path.name for path in tmp_path.iterdir()} == {
        "music_1.mid",
        "music_1.png",
        "music_1.wav",
    }
    again = answers(capsys, run / "run", "", "[[60]]", "--length", 5)
    assert again[0]["pitches"] == answer["pitches"]
    assert again[1]["pitches"][0] == [60]
    new = tmp_path / "new"
    drawn = answers(capsys, run / "run", "", "--length", 5, "--samples", 3, "--output", new)
    assert drawn[0]["pitches"] == answer["pitches"]
    assert len({json.dumps(each["pitches"]) for each in drawn}) == 3
    assert {path.stem for path in new.iterdir()} == {"music_1", "music_2", "music_3"}
    of_data = answers(capsys, run / "run", "--data", run / "a.json", "--length", 1)
    assert len(of_data) == 8


def test_bad_beginnings_are_answered_with_an_error(run: Path, capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "text.mid").write_text("no music")
    lines = answers(
        capsys,
        *(run / "run", tmp_path / "text.mid", "la", "[[1]]", "[[60]]", "--length", 1),
        *("--output", tmp_path / "out"),
    )
    assert "text.mid: it is no MIDI file" in lines[0]["error"]
    assert "should be the path of a MIDI file" in lines[1]["error"]
    assert "the pitch 1 is none of the 88 keys" in lines[2]["error"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"music_4.mid", "music_4.wav", "music_4.png"}  # the row of the answer


def test_no_beginning_and_no_other_answer_is_written_over(
    run: Path, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (run / "seed.mid").read_bytes()
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, name in zip(folders, ("seed.mid", "seed.mid", "seed_2.mid"), strict=True):
        folder.mkdir()
        (folder / name).write_bytes(content)
    files = [folders[2] / "seed_2.mid", folders[0] / "seed.mid", folders[1] / "seed.mid"]
    out = tmp_path / "out"
    answers(capsys, run / "run", *files, files[0], "--length", 1, "--output", out)
    assert {path.stem for path in out.iterdir()} == {"seed", "seed_2", "seed_3", "seed_2_4"}
    answers(capsys, run / "run", files[1], files[0], files[2], "--length", 1, "--output", tmp_path)
    monkeypatch.chdir(folders[1])
    for words in (["seed.mid"], [str(files[1]), "seed.mid"]):
        assert main(["predict", str(run / "run"), *words, "--length", "1", "--output", "."]) == 2
        error = capsys.readouterr().err
        assert "--output .: seed.mid is there and would be written over" in error
        assert [path.name for path in folders[1].iterdir()] == ["seed.mid"]
        assert Path("seed.mid").read_bytes() == content


@pytest.mark.parametrize("ending", [".mid", ".wav", ".png"])
def test_no_other_file_is_written_over(ending: str, run: Path, capsys: Any, tmp_path: Path) -> None:
    (tmp_path / f"music_2{ending}").write_text("my own")
    line = [str(run / "run"), "", "[[60]]", "--length", "1", "--output", str(tmp_path)]
    assert main(["predict", *line]) == 2
    assert f"music_2{ending} is there and would be written over" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [f"music_2{ending}"]
    assert (tmp_path / f"music_2{ending}").read_text() == "my own"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "RUN", "--output", "FILE"], "is a file; give the name of a folder"),
        (["predict", "RUN", "--length", "-1"], "--length is -1"),
        (["predict", "RUN", "--temperature", "-1"], "--temperature is -1"),
        (["train", "--data", "none.mid", "--output", "new"], "there is no none.mid"),
        (["train", "--data", "EMPTY", "--output", "new"], "has no MIDI files"),
        (["train", "--data", "BAD", "--output", "new"], "piece 1: step 1: the pitch 5 is none"),
        (["train", "--data", "ONE", "--output", "new"], "1 examples are too few to hold out"),
        (["train", "--data", "ONE", "--output", "new", "--steps-per-quarter", "0"], "at least 1"),
        (["evaluate", "RUN", "--data", "BAD"], "piece 1: step 1: the pitch 5 is none"),
    ],
)
def test_bad_input_is_said_in_a_line(
    words: list[str], message: str, run: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.json").write_text("[[[5]]]")
    (tmp_path / "one.json").write_text("[[[60]]]")
    paths = {"RUN": run / "run", "FILE": run / "a.json", "EMPTY": "empty", "BAD": "bad.json"}
    assert main([str(paths.get(word, word)).replace("ONE", "one.json") for word in words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "new").exists()


def test_without_the_package_a_line_says_so(run: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["train", "--data", str(run), "--output", str(run / "none")]) == 2
    assert "MIDI files need the package mido, which is missing" in capsys.readouterr().err


# The sample


def chords(part: Any) -> list[Any]:
    """The rolls of the sample's chorales."""
    columns = MusicDataOptions()
    return [example.roll for example in MusicExamples(open_music(chorales(part)), columns)]


def test_chorales_are_the_same_each_time_and_differ_between_parts() -> None:
    assert chorales("test").equals(chorales("test"))
    train, test = chords("train"), chords("test")
    assert (len(train), len(test)) == (80, 20)
    assert not {roll.tobytes() for roll in train} & {roll.tobytes() for roll in test}


def test_chorales_have_four_voices_in_their_ranges_and_one_key_each() -> None:
    notes = chorales("test")
    assert notes["pitch"].between(RANGES[0][0], RANGES[3][1]).all()
    for _, piece in notes.groupby("piece"):
        classes = {*(piece["pitch"] % 12)}
        keys = [
            {(tonic + step) % 12 for step in scale}
            for tonic in range(12)
            for scale in SCALES.values()
        ]
        assert any(classes <= key for key in keys)
        at_once = [
            ((piece["start"] <= time) & (piece["end"] > time)).sum()
            for time in np.arange(0, piece["end"].max(), 0.5)
        ]
        assert {*at_once} == {4}
        last = piece[piece["end"] == piece["end"].max()]
        assert (last["end"] - last["start"] == 2).all()  # held


def test_each_key_by_itself_does_not_tell_the_next_frame() -> None:
    """The baseline: the probability of each key given whether it sounded in the last frame."""
    train, test = chords("train"), chords("test")
    counts = np.ones((2, 2, 88))
    for roll in train:
        for before, after in zip(roll[::4], roll[4::4], strict=False):  # a frame a quarter
            counts[before, after, np.arange(88)] += 1
    share = counts[:, 1] / counts.sum(axis=1)
    nats = [
        -np.log(
            np.where(after, share[before, np.arange(88)], 1 - share[before, np.arange(88)])
        ).sum()
        for roll in test
        for before, after in zip(roll[::4], roll[4::4], strict=False)
    ]
    assert np.mean(nats) > 9
