"""Speech on the command line: training, answers by file, times, and bad input."""

import base64
import io
import itertools
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from pipelines.listening import arriving_samples
from pipelines.samples.digits import RATE, sayings
from pipelines.sentiment import main as sentiment
from pipelines.speech import PIPELINE, main, pairs
from pipelines.subtitles import (
    CHARACTERS,
    SECONDS,
    SubtitleWriter,
    TextGridWriter,
    VttWriter,
    intervals,
    subtitles,
)
from toolkit.data import AudioOptions, open_audio
from toolkit.data.audio.recording import DATA_URI
from toolkit.data.audio.wav import wav_bytes
from toolkit.errors import DataError

TINY = {"hidden-size": 4, "layers": 1, "epochs": 1, "mel-bands": 8, "batch-tokens": 200}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings in a manifest."""
    folder = tmp_path_factory.mktemp("speech")
    rows = ["path,text,speaker"]
    for number, saying in enumerate(sayings("train", 12)):
        (folder / f"{number}.wav").write_bytes(wav_bytes(saying.recording, RATE))
        rows.append(f"{number}.wav,{saying.words},{saying.speaker}")
    (folder / "all.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    """A run that has hardly learnt."""
    options = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    path = folder / "run"
    assert main(["train", "--data", str(folder / "all.csv"), "--output", str(path), *options]) == 0
    return path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls a verb; gives the exit code, the output and the log."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        return (main([*map(str, arguments)]), *capsys.readouterr())

    return call


def test_a_run_answers_files_and_folders(run: Path, folder: Path, call: Any) -> None:
    first = folder / "0.wav"
    code, out, _ = call("predict", run, first, folder / "none.wav", "--words")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [answer["file"] for answer in answers] == [str(first), str(folder / "none.wav")]
    assert {*answers[0]} == {"file", "text", "score", "words", "seconds"}
    assert answers[1]["error"] == f"{folder / 'none.wav'} does not exist"
    uri = DATA_URI + base64.b64encode(first.read_bytes()).decode()
    code, out, _ = call("predict", run, uri)
    assert json.loads(out) == {"row": 1} | {n: answers[0][n] for n in ("text", "score")}
    code, out, _ = call("predict", run, "--data", folder, "--format", "csv")
    lines = out.splitlines()
    assert (code, len(lines), lines[0]) == (0, 13, "file,input_text,speaker,text,score,error")


def test_a_recording_on_standard_input(
    run: Path, folder: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected, _ = call("predict", run, folder / "0.wav")
    right = json.loads(expected)
    with (folder / "0.wav").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        code, out, _ = call("predict", run)
    assert (code, json.loads(out)["text"]) == (0, right["text"])
    (folder / "lines.lst").write_text(f"{folder / '0.wav'}\n{folder / '1.wav'}\n")
    with (folder / "lines.lst").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        code, out, _ = call("predict", run)
    assert (code, json.loads(out.splitlines()[0])) == (0, right)
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("kind", ["<i2", "<f4"])
def test_samples_arrive_in_parts_of_any_length(kind: str) -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, (3000, 2)).astype(np.float32)
    samples = wave if kind == "<f4" else np.round(wave * 2**14).astype(kind)
    content = io.BytesIO()
    wavfile.write(content, RATE, samples)
    read, write = os.pipe()
    parts = iter(arriving_samples(read, RATE))
    found = []
    for start in range(0, len(content.getvalue()), 1001):
        os.write(write, content.getvalue()[start : start + 1001])
        found.append(next(parts))
    os.close(write)
    found += parts
    os.close(read)
    expected = samples.mean(axis=1) / (1 if kind == "<f4" else 2**15)
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"words", "standard input: the recording is no WAV file"),
        (b"", "standard input: the recording is no WAV file"),
        (wav_bytes(np.zeros(9, np.int16), 16_000), "has 16,000 samples a second, and the model"),
    ],
)
def test_what_arrives_must_be_a_recording_of_the_rate(content: bytes, problem: str) -> None:
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    with pytest.raises(DataError, match=problem):
        next(iter(arriving_samples(read, RATE)))
    os.close(read)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_else_is_in_a_file_that_arrives_is_not_heard(place: str) -> None:
    samples = np.arange(-500, 500, dtype="<i2")
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    data, note = chunk(b"data", samples.tobytes()), chunk(b"LIST", b"INFOISFT" + b"database" * 9)
    chunks = form + (note + data if place == "before" else data + note)
    read, write = os.pipe()
    os.write(write, b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    os.close(write)
    found = np.concatenate([*arriving_samples(read, RATE)])
    os.close(read)
    np.testing.assert_array_equal(found * 2**15, samples)


def test_floats_that_arrive_beyond_1_are_made_quieter() -> None:
    content = io.BytesIO()
    wavfile.write(content, RATE, np.array([1, -4, 2], np.float32))
    read, write = os.pipe()
    os.write(write, content.getvalue())
    os.close(write)
    np.testing.assert_array_equal(np.concatenate([*arriving_samples(read, RATE)]), [0.25, -1, 0.5])
    os.close(read)


def test_samples_that_arrive_must_be_numbers() -> None:
    content = io.BytesIO()
    wavfile.write(content, RATE, np.array([0, np.nan], np.float32))
    read, write = os.pipe()
    os.write(write, content.getvalue())
    os.close(write)
    with pytest.raises(DataError, match="samples that are no numbers"):
        next(iter(arriving_samples(read, RATE)))
    os.close(read)


@pytest.mark.parametrize(
    "options",
    [
        ("--words",),
        ("--beam-size", "3"),
        ("--n-best", "2"),
        ("--format", "srt"),
        ("--picture", "p"),
    ],
)
def test_text_that_arrives_is_plain(run: Path, call: Any, options: tuple[str, ...]) -> None:
    code, out, error = call("predict", run, "--stream", *options)
    assert (code, out) == (2, "")
    assert f"--stream writes plain text; leave out {options[0]}" in error


def test_a_run_of_both_directions_cannot_listen(run: Path, folder: Path, call: Any) -> None:
    code, out, error = call("predict", run, "--stream")
    assert (code, out) == (2, "")
    assert "--stream needs a run that reads recordings in one direction" in error
    code, _, error = call("predict", run, folder / "0.wav", "--stream")
    assert (code, "give no other" in error) == (2, True)


def test_text_is_written_as_a_recording_arrives(
    folder: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a network with its first weights, which writes something in every step."""
    options = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    options += ["--no-bidirectional", "--learning-rate", "0"]
    path = folder / "one_way"
    assert call("train", "--data", folder / "all.csv", "--output", path, *options)[0] == 0
    _, whole, _ = call("predict", path, folder / "0.wav")
    with (folder / "0.wav").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        code, out, _ = call("predict", path, "--stream")
    assert (code, out) == (0, f"{json.loads(whole)['text']}\n")


def test_a_picture_of_a_recording(run: Path, folder: Path, call: Any) -> None:
    picture = folder / "p.png"
    code, _, _ = call("predict", run, folder / "none.wav", folder / "0.wav", "--picture", picture)
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, out, error = call("predict", run, folder / "0.wav", "--picture", folder)
    assert (code, out) == (2, "")
    assert "is a folder" in error


def test_subtitles_of_a_recording(run: Path, folder: Path, call: Any) -> None:
    code, out, _ = call("predict", run, folder / "0.wav", "--format", "vtt")
    assert code == 0
    assert out.startswith("WEBVTT\n\n")
    code, _, error = call("predict", run, folder / "0.wav", folder / "1.wav", "--format", "srt")
    assert code == 2
    assert "one recording; give one at a time" in error


WORDS = [("one", 0.1, 0.4), ("two", 0.5, 0.6), ("three", 2.0, 2.1), ("four", 3661.5, 3662.25)]


def test_transcripts_are_found_in_their_recordings(run: Path, folder: Path, call: Any) -> None:
    rows = (folder / "all.csv").read_text().splitlines()[:3]
    line = "{},{},x"
    rows += [line.format("none.wav", "one"), line.format("0.wav", "π"), line.format("0.wav", "")]
    (folder / "some.csv").write_text("\n".join(rows))
    code, out, _ = call("align", run, "--data", folder / "some.csv")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [answer.get("file") for answer in answers] == [
        *(str(folder / name) for name in ("0.wav", "1.wav", "none.wav", "0.wav")),
        None,
    ]
    for answer, row in zip(answers[:2], rows[1:3], strict=True):
        assert {*answer} == {"file", "text", "score", "words", "symbols", "seconds"}
        words = [word["word"] for word in answer["words"]]
        assert words == answer["text"].split() == row.split(",")[1].split()
        assert "".join(each["symbol"] for each in answer["symbols"]) == answer["text"]
        times = [each[side] for each in answer["symbols"] for side in ("start", "end")]
        assert times == sorted(times)
    assert [answer["error"] for answer in answers[2:]] == [
        f"{folder / 'none.wav'} does not exist",
        "the transcript has 'π', which the model does not know",
        "row 5 (line 6): the transcript in column 'text' is empty",
    ]
    assert answers[4]["row"] == 5
    code, out, error = call("align", run, "--data", folder / "0.wav", "--format", "srt")
    assert (code, out) == (2, "")
    assert "recordings without transcripts" in error


def test_speakers_are_not_asked_for_where_transcripts_are_found(folder: Path) -> None:
    (folder / "unnamed.csv").write_text("path,text\n0.wav,one")
    options = AudioOptions(group_column="speaker")
    (pair,) = pairs(open_audio(folder / "unnamed.csv"), options, {})
    assert pair == (str(folder / "0.wav"), "one")


def test_only_pipelines_that_can_align_have_the_verb(call: Any, capsys: Any) -> None:
    assert "  align " in call("--help")[1]
    assert sentiment(["--help"]) == 0
    assert "align" not in capsys.readouterr().out
    assert sentiment(["align"]) == 2


def grid_lines(**row: Any) -> list[str]:
    """The lines of a TextGrid."""
    output = io.StringIO()
    TextGridWriter(output).write(row)
    return [line.strip() for line in output.getvalue().splitlines()]


def test_a_text_grid_has_each_time_once() -> None:
    words = [("a", 0.1, 0.3), ('"b"', 0.3, 0.5), ("c", 0.7, 0.8)]
    spans = [{"word": w, "start": s, "end": e} for w, s, e in words]
    symbols = [{"symbol": "a", "start": 0.2, "end": 0.3}]
    lines = grid_lines(words=spans, symbols=symbols, seconds=0.9)
    assert lines[:2] == ['File type = "ooTextFile"', 'Object class = "TextGrid"']
    assert [line for line in lines if line.startswith(("size", "intervals:", "name"))] == [
        "size = 2",
        *('name = "words"', "intervals: size = 6"),
        *('name = "symbols"', "intervals: size = 3"),
    ]
    assert lines.count("xmax = 0.9") == 5
    third = lines.index("intervals [3]:")
    assert lines[third : third + 4] == [
        *("intervals [3]:", "xmin = 0.3", "xmax = 0.5", 'text = """b"""')
    ]


def test_nothing_that_is_heard_is_a_file_too() -> None:
    for writer, content in ((SubtitleWriter, ""), (VttWriter, "WEBVTT\n\n")):
        output = io.StringIO()
        writer(output).write({"text": "", "words": [], "seconds": 2.5})
        assert output.getvalue() == content
    lines = grid_lines(text="", words=[], seconds=2.5)
    assert [line for line in lines if "intervals: size" in line] == ["intervals: size = 1"]
    assert lines[-3:] == ["xmin = 0.0", "xmax = 2.5", 'text = ""']
    assert lines[3:5] == ["xmin = 0", "xmax = 2.5"]


@pytest.mark.parametrize(
    ("spans", "texts"),
    [
        ([(0.2, 0.9, "a"), (0.8, 1.2, "b"), (1.2, 2.001, "c")], ["", "a", "b", "c"]),
        ([(0.0, 0.4, "a"), (0.4, 0.6, "b"), (0.4, 0.7, "c")], ["a", "b c", ""]),
        ([(1.0, 2.0, "a"), (2.0, 2.1, "b")], ["", "a b"]),
        ([(2.0, 2.1, "a")], ["a"]),
    ],
)
def test_intervals_lie_one_beside_the_other(
    spans: list[tuple[float, float, str]], texts: list[str]
) -> None:
    found = intervals(spans, 2.0)
    assert [text for _, _, text in found] == texts
    assert (found[0][0], found[-1][1]) == (0, 2.0)
    assert all(start < end for start, end, _ in found)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))


def test_characters_that_mean_something_in_web_vtt_are_escaped() -> None:
    output = io.StringIO()
    words = [{"word": word, "start": 0.0, "end": 1.0} for word in ("r&b", "<i>", "-->", '"')]
    VttWriter(output).write({"text": "", "words": words})
    assert output.getvalue().splitlines()[4] == 'r&amp;b &lt;i&gt; --&gt; "'


def test_subtitles_end_at_pauses() -> None:
    words = [{"word": word, "start": start, "end": end} for word, start, end in WORDS]
    for writer, point, header in ((SubtitleWriter, ",", ""), (VttWriter, ".", "WEBVTT\n\n")):
        output = io.StringIO()
        writer(output).write({"text": "", "words": words})
        assert output.getvalue() == header + (
            "1\n00:00:00,100 --> 00:00:00,600\none two\n\n"
            "2\n00:00:02,000 --> 00:00:02,500\nthree\n\n"
            "3\n01:01:01,500 --> 01:01:02,250\nfour\n\n"
        ).replace(",", point)
    long = [{"word": "word", "start": n / 4, "end": n / 4 + 0.2} for n in range(100)]
    found = subtitles(long)
    assert [word for each in found for word in each][:3] == long[:3]
    assert sum(map(len, found)) == 100
    assert all(len(" ".join(w["word"] for w in each)) <= CHARACTERS for each in found)
    assert all(each[-1]["end"] - each[0]["start"] <= SECONDS for each in found)


def test_a_run_is_measured_and_inspected(run: Path, folder: Path, call: Any) -> None:
    code, out, _ = call("evaluate", run, "--data", folder / "all.csv", "--output", folder / "r")
    assert code == 0
    assert "word_accuracy" in out
    metrics = json.loads((folder / "r" / "metrics.json").read_text())
    assert 0 <= metrics["word_accuracy"] <= 1
    assert metrics["words"] == sum(row["words"] for row in metrics["by_group"])
    pictures = sorted(path.name for path in (folder / "r").glob("*.png"))
    assert pictures == [f"worst_{place}.png" for place in range(1, 5)]
    code, out, _ = call("inspect", "--data", folder / "all.csv", "--format", "json")
    assert code == 0
    report = json.loads(out)
    assert report["recordings"] == [{"rate": RATE, "channels": 1, "recordings": 12}]


def test_the_card_says_how_to_ask(run: Path) -> None:
    card = (run / "README.md").read_text()
    assert "`serving_default`" in card
    assert "wav" in card
    assert "8,000 samples a second" in card


def bad(folder: Path, run: Path) -> dict[str, list[Any]]:
    """Command lines that fail, by a part of the complaint."""
    (folder / "missing.csv").write_text("path,text\nnone.wav,one\n")
    (folder / "empty.csv").write_text("path,text\n0.wav,\n")
    (folder / "other.csv").write_text("a,b,c\n1,2,3\n")
    train = ["train", "--output", folder / "new", "--data"]
    data, beam = ["--data", folder / "all.csv"], ["--beam-size", 9, "--language-model"]
    return {
        "row 1 (line 2): ": [*train, folder / "missing.csv"],
        "the transcript in column 'text' is empty": [*train, folder / "empty.csv"],
        "--audio-column": [*train, folder / "other.csv"],
        "recordings without transcripts": [*train, folder / "0.wav"],
        "there is no": [*train, folder / "nothing.csv"],
        "--stack is 0": [*train, folder / "all.csv", "--stack", 0],
        "is the folder of the data": ["evaluate", run, *data, "--output", folder],
        "--word-bonus needs --language-model": ["evaluate", run, *data, "--word-bonus", 1],
        "the model in it is of the task Speech": ["predict", run, "a.wav", *beam, run],
    }


def test_bad_input_is_one_line_and_writes_nothing(run: Path, folder: Path, call: Any) -> None:
    for problem, line in bad(folder, run).items():
        code, out, error = call(*line)
        assert (code, out) == (2, ""), problem
        assert problem in error
        assert len(error.strip().splitlines()) == 1
        assert not (folder / "new").exists()


def test_the_sample_is_the_same_each_time_and_its_speakers_differ() -> None:
    parts = {part: sayings(part) for part in ("train", "test")}  # type: ignore[arg-type]
    assert len({s.speaker for s in parts["train"]} | {s.speaker for s in parts["test"]}) > 20
    assert not {s.speaker for s in parts["train"]} & {s.speaker for s in parts["test"]}
    for part, made in parts.items():
        again = sayings(part, 5)  # type: ignore[arg-type]
        for one, other in zip(again, made, strict=False):
            np.testing.assert_array_equal(one.recording, other.recording)
            assert one.words == other.words
        assert {len(saying.words.split()) for saying in made} == {1, 2, 3, 4, 5}
        assert len({word for saying in made for word in saying.words.split()}) == 10
        peaks = [np.abs(saying.recording).max() for saying in made]
        assert min(peaks) > 2000
        assert max(peaks) < 2**15 - 1
    assert io.BytesIO(PIPELINE.examples[0]).read(4) == b"RIFF"


def test_mean_spectra_do_not_tell_the_digits_apart() -> None:
    """The nearest neighbour by the mean spectrum of recordings of one digit."""

    def mean_spectra(part: Any) -> tuple[np.ndarray, list[str]]:
        single = [saying for saying in sayings(part) if " " not in saying.words]
        frames = [np.lib.stride_tricks.sliding_window_view(s.recording, 256)[::128] for s in single]
        spectra = [np.log(np.abs(np.fft.rfft(f * np.hanning(256))) + 1).mean(0) for f in frames]
        return np.array(spectra), [saying.words for saying in single]

    (known, words), (asked, right) = mean_spectra("train"), mean_spectra("test")
    known, asked = (each - each.mean(axis=1, keepdims=True) for each in (known, asked))
    nearest = [words[np.square(known - each).sum(axis=1).argmin()] for each in asked]
    accuracy = np.mean([one == other for one, other in zip(nearest, right, strict=True)])
    assert 0.1 < accuracy < 0.85
