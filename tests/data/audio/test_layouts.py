"""Recordings in manifests and folders of several layouts; bad rows and missing transcripts."""

import base64
import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.data import AudioExamples, AudioOptions, open_audio
from toolkit.data.audio.recording import DATA_URI
from toolkit.data.audio.wav import wav_bytes
from toolkit.errors import DataError

RATE = 8000


def wav(path: Path, length: int = 100) -> Path:
    """Write a recording; its length tells which one it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(np.zeros(length, np.int16), RATE))
    return path


def rows(data: Any, part: str | None = None, **options: Any) -> list[tuple[int, str, str | None]]:
    """The length, the transcript and the group of each recording."""
    chosen = AudioOptions(**options)
    examples = AudioExamples(open_audio(data, part, chosen), chosen)
    return [
        (each.recording.length, each.transcript, each.group) for each in examples if each.recording
    ]


MANIFESTS = {
    "deepspeech.csv": "wav_filename,wav_filesize,transcript\na.wav,9,One  two\nb/b.wav,9,three\n",
    "voice.tsv": "client_id\tpath\tsentence\nx\ta.wav\tOne two\ny\tb/b.wav\tthree\n",
    "nemo.json": '{"audio_filepath": "a.wav", "duration": 1, "text": "One two"}\n'
    '{"audio_filepath": "b/b.wav", "duration": 1, "text": "three"}\n',
    "metadata.csv": "file_name,transcription\na.wav,One two\nb/b.wav,three\n",
    "mine.csv": "take,words,speaker\na.wav,One two,x\nb/b.wav,three,y\n",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_of_all_kinds(tmp_path: Path, name: str) -> None:
    wav(tmp_path / "a.wav", 100)
    wav(tmp_path / "b" / "b.wav", 200)
    (tmp_path / name).write_text(MANIFESTS[name])
    found = rows(tmp_path / name)
    assert [row[:2] for row in found] == [(100, "one two"), (200, "three")]
    groups = ["x", "y"] if name in ("voice.tsv", "mine.csv") else [None, None]
    assert [row[2] for row in found] == groups
    assert rows(tmp_path) == found
    assert rows(tmp_path, lowercase=False)[0][1] == "One two"


def test_common_voice_keeps_its_files_in_clips(tmp_path: Path) -> None:
    wav(tmp_path / "clips" / "a.wav")
    (tmp_path / "train.tsv").write_text("client_id\tpath\tsentence\nx\ta.wav\tone\n")
    (tmp_path / "test.tsv").write_text("client_id\tpath\tsentence\nx\ta.wav\ttwo\n")
    assert rows(tmp_path / "train.tsv") == [(100, "one", "x")]
    assert rows(tmp_path, "test") == [(100, "two", "x")]


def test_manifests_with_recordings_in_lines_and_impossible_names(tmp_path: Path) -> None:
    content = base64.b64encode(wav(tmp_path / "a.wav", 60).read_bytes()).decode()
    good, bad = DATA_URI + content, DATA_URI + "?" * 500
    other = f"data:audio/mpeg;base64,{content}"
    names = (good, bad, "b" * 300 + ".wav", "a\0.wav", other)
    lines = [{"path": path, "text": "one"} for path in names]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = [*AudioExamples(open_audio(tmp_path / "m.jsonl"), AudioOptions(), labelled=False)]
    assert [each.recording and each.recording.length for each in found] == [60, *[None] * 4]
    assert "begins with data:audio/mpeg;base64..., not data:audio/wav" in (found[4].problem or "")
    assert "no base64" in (found[1].problem or "")
    assert "does not exist" in (found[2].problem or "")
    assert max(len(each.problem or "") for each in found) < 500


def test_transcripts_are_composed(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    assert rows(([path], ["cafe\u0301"])) == [(100, "caf\u00e9", None)]


def test_lj_speech_is_told_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("a|One 2|One two\n")
    wav(tmp_path / "a.wav")
    with pytest.raises(DataError, match="which column holds the recordings"):
        rows(tmp_path)
    wav(tmp_path / "wavs" / "a.wav", 50)
    assert rows(tmp_path) == [(50, "one two", None)]


def test_libri_speech(tmp_path: Path) -> None:
    for part, speaker, chapter in (("clean", "19", "198"), ("other", "26", "495")):
        folder = tmp_path / part / speaker / chapter
        for number in range(2):
            wav(folder / f"{speaker}-{chapter}-000{number}.wav", 100 + number)
        lines = [f"{speaker}-{chapter}-000{number} SAID {number}" for number in range(2)]
        (folder / f"{speaker}-{chapter}.trans.txt").write_text("\n".join(lines) + "\n")
    expected = [(100 + n, f"said {n}", speaker) for speaker in ("19", "26") for n in range(2)]
    assert rows(tmp_path) == expected


def test_folders_named_by_transcripts_and_parts(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in ("yes", "turn_left", "_background_noise_"):
            wav(tmp_path / part / name / "1.wav", len(name))
    assert rows(tmp_path, "train") == [(9, "turn left", None), (3, "yes", None)]
    with pytest.raises(DataError, match="comes in parts"):
        rows(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("layout", ["plain", "classes", "libri"])
def test_recordings_that_a_layout_has_no_place_for_are_counted(
    tmp_path: Path, layout: str, packed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "all"
    for name in ("yes", "no", "_noise_"):
        wav(folder / name / "1.wav")
    left = "_noise_/1.wav"
    if layout == "plain":
        wav(folder / "1.wav")
        (folder / "1.txt").write_text("one")
        left = "_noise_/1.wav, no/1.wav, yes/1.wav"
    elif layout == "libri":
        wav(folder / "no" / "2.wav")
        for name in ("yes", "no"):
            (folder / name / "a.trans.txt").write_text("1 ONE\n")
        left = "_noise_/1.wav, no/2.wav"
    data = folder
    if packed:
        data = Path(shutil.make_archive(str(tmp_path / "all"), "zip", folder))
    assert len(rows(data)) == {"plain": 1, "classes": 2, "libri": 2}[layout]
    assert f"{left.count('/')} recording" in caplog.text
    assert f"left out, for which its layout has no place: {left}\n" in caplog.text


def test_an_archive_of_a_manifest(tmp_path: Path) -> None:
    inside = wav(tmp_path / "a.wav", 70)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(inside, "data/wavs/a.wav")
        lines = [json.dumps({"path": p, "text": "one"}) for p in ("wavs/a.wav", "./wavs//a.wav")]
        archive.writestr("data/metadata.jsonl", "\n".join(lines))
    assert rows(tmp_path / "all.zip") == [(70, "one", None)] * 2
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        archive.write(inside, "data/clips/a.wav")
        archive.writestr("data/metadata.jsonl", lines[0].replace("wavs/", ""))
    assert rows(tmp_path / "clips.zip") == [(70, "one", None)]
    (tmp_path / "all.zip").write_bytes(b"PK\3\4 damaged")
    with pytest.raises(DataError, match=r"no complete \.zip archive"):
        rows(tmp_path / "all.zip")


def test_kaldi_speakers_and_commands(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    (tmp_path / "wav.scp").write_text("u1 a.wav\nu2 sph2pipe b.sph |\n")
    (tmp_path / "text").write_text("u1 ONE TWO\nu2 three\n")
    (tmp_path / "utt2spk").write_text("u1 anna\nu2 bo\n")
    assert rows(tmp_path, skip_bad_rows=True) == [(100, "one two", "anna")]
    with pytest.raises(DataError, match=r"sph2pipe b\.sph \| does not exist"):
        rows(tmp_path)


def test_a_single_recording_and_a_folder_without_transcripts(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    for data in (path, tmp_path):
        source = open_audio(data)
        (value,) = AudioExamples(source, AudioOptions(), labelled=False).values()
        assert Path(value) == path
        with pytest.raises(DataError, match="recordings without transcripts"):
            rows(data)


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ({"audio": [b"RIFF"], "text": [""]}, "row 1: the transcript in column 'text' is empty"),
        ({"audio": [b"RIFF"], "text": [None]}, "the transcript in column 'text' is missing"),
        ({"audio": [None], "text": ["one"]}, "the recording in column 'audio' is missing"),
        ({"audio": ["none.wav"], "text": ["one"]}, "none.wav does not exist"),
        ({"audio": [wav_bytes(np.zeros(0, np.int16), RATE)], "text": ["one"]}, "no samples"),
        ({"audio": ["a.wav"], "b": [1], "c": [2]}, "transcript_column"),
        ({"b": [1], "c": [2]}, "audio_column"),
    ],
)
def test_bad_rows_are_named(frame: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        rows(pd.DataFrame(frame))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_rows_are_counted_or_answered_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    good = wav_bytes(np.zeros(10, np.int16), RATE)
    frame = pd.DataFrame({"audio": [good, b"no", good], "text": ["one", "two", "three"]})
    with caplog.at_level(logging.WARNING):
        assert [row[1] for row in rows(frame, skip_bad_rows=True)] == ["one", "three"]
    assert "1 bad row left out, of 3" in caplog.text
    examples = [*AudioExamples(open_audio(frame), AudioOptions(), labelled=False)]
    assert [each.problem is None for each in examples] == [True, False, True]
    assert (examples[1].problem or "").startswith("row 2: the recording")


def test_groups_that_are_not_asked_for_need_no_column() -> None:
    wav = wav_bytes(np.zeros(10, np.int16), RATE)
    source = open_audio(pd.DataFrame({"audio": [wav], "text": ["one"]}))
    options = AudioOptions(group_column="speaker")
    with pytest.raises(DataError, match="speaker"):
        AudioExamples(source, options)
    (example,) = AudioExamples(source, options, grouped=False)
    assert (example.transcript, example.group) == ("one", None)


@pytest.mark.parametrize("layout", ["several", "nothing", "unknown", "numbers"])
def test_data_that_cannot_be_opened(tmp_path: Path, layout: str) -> None:
    data: Any = tmp_path
    if layout == "several":
        (tmp_path / "a.csv").write_text("path,text\n")
        (tmp_path / "b.csv").write_text("path,text\n")
    if layout == "unknown":
        data = tmp_path / "a.xyz"
        data.write_text("?")
    if layout == "numbers":
        data = 7
    expected = {
        "several": "has several tables; give one of them: a.csv, b.csv",
        "nothing": "has no recordings in a known layout",
        "unknown": "is of no known format",
        "numbers": "data of type int cannot be read",
    }
    with pytest.raises(DataError) as caught:
        open_audio(data)
    assert expected[layout] in str(caught.value)
    with pytest.raises(DataError, match="2 recordings with 1 transcript"):
        open_audio(([b"", b""], ["one"]))
