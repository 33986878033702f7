"""The recogniser of speech from recordings to answers: fitted, exported, in pieces."""

import csv
import itertools
import logging
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.audio.frames import Framing
from toolkit.data.audio.recording import Recording, open_recording
from toolkit.data.audio.wav import wav_bytes
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.export import Servable
from toolkit.tasks import SpeechRecognizer
from toolkit.tasks.speech import alignment, recognition
from toolkit.tasks.speech.prepared import symbol_layer
from toolkit.tasks.speech.recognition import Recognition, batches, pieces
from toolkit.tasks.speech.serving import step_signature

RATE = 2000
TONES = {"do": 200, "mi": 450, "so": 800}
SMALL: dict[str, Any] = {
    "mel_bands": 12,
    "hidden_size": 16,
    "layers": 1,
    "epochs": 30,
    "batch_tokens": 300,
    "learning_rate": 0.02,
    "ema": 0.0,
    "dropout": 0.0,
    "output_dropout": 0.0,
    "symbols": "words",
    "stack": 2,
}

Samples = NDArray[np.int16]


def sung(words: str, random: np.random.Generator) -> Samples:
    """Tones, of which each is a word."""
    parts = [np.zeros(random.integers(40, 120))]
    for word in words.split():
        time = np.arange(random.integers(200, 320)) / RATE
        parts += [np.sin(2 * np.pi * TONES[word] * time), np.zeros(random.integers(60, 120))]
    wave = 9_000 * np.concatenate(parts)
    return (wave + random.normal(0, 200, len(wave))).astype(np.int16)


def songs(number: int, seed: int) -> tuple[list[Any], list[str]]:
    """Recordings with transcripts."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice([*TONES], random.integers(1, 5))) for _ in range(number)]
    return [(RATE, sung(text, random)) for text in texts], texts


@pytest.fixture(scope="module")
def fitted() -> SpeechRecognizer:
    return SpeechRecognizer(**SMALL).fit(songs(120, seed=1))


@pytest.fixture(scope="module")
def run(fitted: SpeechRecognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "songs"
    fitted.export(folder)
    return folder


def test_it_learns_what_is_sung(fitted: SpeechRecognizer, tmp_path: Path) -> None:
    metrics = fitted.evaluate(songs(40, seed=2), output=tmp_path)
    assert metrics["word_accuracy"] > 0.95
    assert metrics["wer"] == pytest.approx(1 - metrics["word_accuracy"])
    with (tmp_path / "recordings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    errors = [int(row["errors"]) for row in rows]
    assert errors == sorted(errors, reverse=True)
    total = sum(metrics[name] for name in ("substitutions", "insertions", "deletions"))
    assert sum(errors) == total


def test_words_come_with_their_times(fitted: SpeechRecognizer) -> None:
    random = np.random.default_rng(9)
    parts, begins = [], []
    for number in range(3):
        begins.append(sum(map(len, parts)) / RATE + 0.05)
        tone = np.sin(2 * np.pi * [*TONES.values()][number] * np.arange(260) / RATE)
        parts.append(np.concatenate([np.zeros(100), 9_000 * tone]))
    wave = np.concatenate([*parts, np.zeros(80)])
    wave += random.normal(0, 200, len(wave))
    (answer,) = fitted.predict([(RATE, wave.astype(np.int16))], words=True)
    assert answer["text"] == "do mi so"
    assert [word["word"] for word in answer["words"]] == ["do", "mi", "so"]
    for word, begin in zip(answer["words"], begins, strict=True):
        assert begin - 0.05 < word["start"] < word["end"] < begin + 0.25


def test_each_form_of_a_recording_is_answered_alike(
    fitted: SpeechRecognizer, run: Path, tmp_path: Path
) -> None:
    (_, samples), *_ = songs(1, seed=3)[0]
    content = wav_bytes(samples, RATE)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    forms = [path, str(path), content, (RATE, samples), (samples / 2**15, RATE), samples]
    answers = fitted.predict(forms)
    assert len({answer["text"] for answer in answers}) == 1
    model = Servable.load(run)
    served = model(wav=[content, wav_bytes(samples[:0], RATE)])
    assert served["text"].tolist() == [answers[0]["text"], ""]
    assert served["score"][0] == pytest.approx(answers[0]["score"], abs=1e-5)
    waveform = model(signature="waveform", audio=[samples / 2**15], length=[len(samples)])
    assert waveform["text"][0] == answers[0]["text"]


def test_a_beam_search_answers_with_likely_texts(fitted: SpeechRecognizer, run: Path) -> None:
    recordings, texts = songs(6, seed=10)
    greedy = fitted.predict(recordings)
    found = fitted.predict(recordings, beam_size=8, n_best=3, words=True)
    for answer, text in zip(found, texts, strict=True):
        assert answer["texts"][0] == answer["text"]
        assert len(set(answer["texts"])) == len(answer["texts"]) == 3
        assert answer["scores"] == sorted(answer["scores"], reverse=True)
        assert sum(np.exp(answer["scores"])) < 1.0001
        assert [word["word"] for word in answer["words"]] == answer["text"].split()
        assert len(answer["text"].split()) == len(text.split())
    assert [one["text"] for one in greedy] == [one["text"] for one in found]
    samples = recordings[0][1] / 2**15
    served = Servable.load(run)(
        signature="beam", audio=[samples], length=[len(samples)], beam_size=8
    )
    assert served["texts"][0, :3].tolist() == found[0]["texts"]
    np.testing.assert_allclose(served["scores"][0, :3], found[0]["scores"], atol=1e-4)
    with pytest.raises(Exception, match="beam_size must be 1 to 100, and is"):
        Servable.load(run)(signature="beam", audio=[samples], length=[9], beam_size=101)
    with pytest.raises(OptionError, match="n_best is 3"):
        fitted.predict(recordings, n_best=3)


def test_the_signatures_refuse_what_they_cannot_read(run: Path) -> None:
    model = Servable.load(run)
    with pytest.raises(Exception, match="must have 2000 samples a second, and has"):
        model(wav=[wav_bytes(np.zeros(50, np.int16), 8000)])
    with pytest.raises(Exception, match="length must be 0 to the number of samples"):
        model(signature="waveform", audio=[[0.0, 0.1]], length=[3])


def test_what_cannot_be_read_is_answered_with_an_error(fitted: SpeechRecognizer) -> None:
    good = songs(1, seed=4)[0][0]
    first, second, third = fitted.predict([good, b"no recording", "none.wav"])
    assert "error" not in first
    assert second["text"] == third["text"] == ""
    assert second["error"].startswith("row 2: ")
    assert third["error"] == "row 3: none.wav does not exist"
    with pytest.raises(ModelError, match="nothing has been learnt"):
        SpeechRecognizer().predict([good])


# While a recording goes on


@pytest.fixture(scope="module")
def one_way() -> SpeechRecognizer:
    options = SMALL | {"bidirectional": False, "symbols": "characters", "epochs": 12, "layers": 2}
    return SpeechRecognizer(**options).fit(songs(60, seed=11))


@pytest.mark.parametrize("size", [1, 7, 33, 400, 10_000])
def test_parts_of_any_length_are_answered_as_the_whole(
    one_way: SpeechRecognizer, size: int
) -> None:
    samples = songs(1, seed=12)[0][0][1][: 900 if size == 1 else None]
    whole = one_way.predict([(RATE, samples)])[0]["text"]
    assert whole
    parts = [samples[start : start + size] for start in range(0, len(samples), size)]
    assert "".join(one_way.stream(parts)) == whole
    floats = [part / 2**15 for part in parts]
    assert "".join(one_way.stream(floats)) == whole


def test_a_word_is_what_stands_between_spaces_also_in_parts() -> None:
    """By a network whose audio is the numbers of the classes."""
    settings: Any = SimpleNamespace(previous=None, symbols="words")
    texts = ["don't go, e.g. to o'clock (now)", "go don't"]
    symbols = symbol_layer(settings, texts)
    assert "don't" in symbols.vocabulary
    ids = symbols([texts[0]])[0]
    assert symbols.detokenize(ids).numpy().decode() == texts[0]
    classes = symbols.vocabulary_size
    network = SimpleNamespace(
        step_sizes=[],
        step=lambda audio, tail, _: (tf.one_hot(tf.cast(audio, tf.int32), classes), tail, []),
    )
    step = step_signature(network, symbols)
    path = np.repeat([[*ids.numpy() - 1, classes - 1, ids[0] - 1]], 2, axis=1)
    path = np.insert(path, [0, 2, 2, 6], classes - 1, axis=1)
    for size in (1, 2, 3, 50):
        last, found = np.zeros(1, np.int32), ""
        for start in range(0, path.shape[1], size):
            part = tf.constant(path[:, start : start + size], tf.float32)
            outputs = step(part, tf.zeros((1, 0)), tf.constant(last))
            last = outputs["last"].numpy()
            found += outputs["text"].numpy()[0].decode()
        assert found == f"{texts[0]} don't"


def test_the_logits_of_steps_are_those_of_the_whole(one_way: SpeechRecognizer) -> None:
    network = one_way.sequence_model.network  # type: ignore[union-attr]
    audio = (songs(1, seed=13)[0][0][1][None] / 2**15).astype(np.float32)
    whole = network({"values": audio, "length": np.array([audio.shape[1]], np.int32)})
    states = [np.zeros((1, size), np.float32) for size in network.step_sizes]
    tail, found = np.zeros((1, 0), np.float32), []
    for start in range(0, audio.shape[1], 150):
        logits, tail, states = network.step(audio[:, start : start + 150], tail, states)
        found.append(logits.numpy())
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, atol=1e-4)


def test_a_network_of_both_directions_has_no_steps(fitted: SpeechRecognizer) -> None:
    with pytest.raises(ModelError, match="train one with bidirectional=False"):
        fitted.stream([])
    with pytest.raises(OptionError, match="needs the whole recording"):
        SpeechRecognizer(mean="recording", bidirectional=False)


# Transcripts that are given


def test_a_text_that_is_heard_is_where_it_is_heard(fitted: SpeechRecognizer) -> None:
    recordings, _ = songs(6, seed=8)
    heard = fitted.predict(recordings, words=True)
    aligned = fitted.align(recordings, [answer["text"] for answer in heard])
    assert all(heard[number]["text"] for number in range(6))
    for there, here in zip(heard, aligned, strict=True):
        assert here["text"] == there["text"]
        assert here["words"] == there["words"]
        assert [each["symbol"] for each in here["symbols"]] == there["text"].split()
        assert here["score"] == pytest.approx(there["score"], abs=1e-4)


def test_a_long_recording_is_aligned_as_a_whole_one(
    fitted: SpeechRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(6)
    text = " ".join(random.choice([*TONES], 60))
    recording = (RATE, sung(text, random))
    whole = fitted.align([recording], [text])[0]
    monkeypatch.setattr(recognition, "PIECE", 4.03)  # no whole number of steps
    monkeypatch.setattr(recognition, "OVERLAP", 0.8)
    monkeypatch.setattr(recognition, "WAITING", 20_000)
    in_pieces = fitted.align([recording, recording], [text, "do"])[0]
    for name in ("start", "end"):
        times = [[word[name] for word in answer["words"]] for answer in (whole, in_pieces)]
        np.testing.assert_allclose(*times, atol=0.041)
    assert in_pieces["score"] == pytest.approx(whole["score"], abs=0.02)


def test_what_cannot_be_aligned_is_answered_in_its_place(
    fitted: SpeechRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recording,), (text,) = songs(1, seed=8)
    texts = [text, "do re", "", "do do " * 100, "do", text]
    answers = fitted.align([recording] * 4 + ["none.wav", recording], texts)
    problems = [
        "row 2: the transcript has 're', which the model does not know",
        "row 3: the transcript in column 'transcript' is empty",
        "its transcript needs 399: it is too short for so many symbols",
        "row 5: none.wav does not exist",
    ]
    for answer, problem in zip(answers[1:5], problems, strict=True):
        assert problem in answer["error"]
        assert "words" not in answer
    assert answers[0]["words"] == answers[5]["words"] != []
    monkeypatch.setattr(alignment, "MOST_CELLS", 10)
    assert "too many to be aligned at once" in fitted.align([recording], [text])[0]["error"]
    with pytest.raises(DataError, match="recordings without transcripts"):
        fitted.align([recording])


# Long recordings


def test_pieces_cover_a_recording_and_count_each_time_once() -> None:
    framing = Framing(RATE, stack=7)
    for seconds in (0.5, 29.9, 30.1, 57, 100, 311.7):
        samples = (np.arange(round(seconds * RATE)) % 1000).astype(np.int16)
        recording = open_recording((RATE, samples))
        parts = list(pieces(recording, framing))
        assert parts[0].start == 0
        assert parts[-1].stop == np.inf
        for before, after in itertools.pairwise(parts):
            assert before.stop == pytest.approx(after.start)
            steps = (after.offset - before.offset) / framing.step_seconds
            assert steps == pytest.approx(round(steps))
            assert len(before.samples) == RATE * recognition.PIECE
        for part in parts:
            first = round(part.offset * RATE)
            np.testing.assert_array_equal(part.samples, samples[first : first + len(part.samples)])
        last = parts[-1]
        assert last.offset + len(last.samples) / RATE == pytest.approx(seconds)


def test_a_long_recording_is_answered_as_a_whole_one(
    fitted: SpeechRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(5)
    text = " ".join(random.choice([*TONES], 60))
    samples = sung(text, random)
    whole = fitted.predict([(RATE, samples)], words=True)[0]
    monkeypatch.setattr(recognition, "PIECE", 4.0)
    monkeypatch.setattr(recognition, "OVERLAP", 0.8)
    monkeypatch.setattr(recognition, "WAITING", 20_000)
    in_pieces = fitted.predict([(RATE, samples), (RATE, samples[:900])], words=True)[0]
    assert in_pieces["text"] == whole["text"] == text
    starts = [[word["start"] for word in answer["words"]] for answer in (whole, in_pieces)]
    np.testing.assert_allclose(*starts, atol=0.041)
    assert in_pieces["score"] == pytest.approx(whole["score"], abs=0.02)


def test_long_recordings_are_read_part_by_part(fitted: SpeechRecognizer) -> None:
    """Ten hours of silence, of which no array exists."""
    asked: list[int] = []

    def read(start: int, stop: int) -> NDArray[np.float32]:
        asked.append(stop - start)
        return np.zeros((stop - start, 1), np.float32)

    def ask(audio: Any, length: Any) -> dict[str, Any]:
        empty = np.zeros((len(length), 0))
        return {"text": [""] * len(length), "score": 0 * length, "symbol": empty} | {
            "start": empty,
            "end": empty,
        }

    hours = Recording(RATE, 10 * 3600 * RATE, 1, read)
    reader = Recognition(Framing(RATE), False, ask)
    spoken = reader.add(hours)
    reader.finish()
    assert reader.text(spoken) == ""
    assert max(asked) <= recognition.PIECE * RATE
    assert sum(asked) < 1.2 * 10 * 3600 * RATE


@pytest.mark.parametrize("word_by_word", [False, True])
@pytest.mark.parametrize("late", [0, 1, 2])
def test_no_word_is_cut_or_heard_twice_where_pieces_meet(word_by_word: bool, late: int) -> None:
    """Words of which each piece writes each symbol up to some steps late."""
    random = np.random.default_rng(late)
    framing = Framing(RATE, stack=3)
    words = random.choice(["a", "two", "three", "nineteen"], 1000).tolist()
    symbols = words if word_by_word else [*" ".join(words)]
    if word_by_word:
        spans = [0.06 * len(word) + 0.09 for word in symbols]
    else:
        spans = [0.06 if symbol.strip() else 0.09 for symbol in symbols]
    times = np.cumsum([0.3, *spans])
    audio = np.zeros(int(times[-1] * RATE), np.int16)
    recording = Recording(RATE, len(audio), 1, lambda start, stop: audio[start:stop, None] / 1.0)
    offsets = iter([piece.offset for piece in pieces(recording, framing)])

    def ask(audio: Any, length: Any) -> dict[str, Any]:
        (offset,), step = [next(offsets) for _ in length], framing.step_seconds
        inside = (times[:-1] >= offset) & (times[:-1] < offset + length[0] / RATE)
        starts = (times[:-1][inside] - offset) // step
        starts = np.maximum.accumulate(starts + random.integers(0, late + 1, len(starts)))
        said = [symbol for symbol, is_in in zip(symbols, inside, strict=True) if is_in]
        return {
            "text": np.array(["some"]),
            "score": np.zeros(1),
            "symbol": np.array([said]),
            "start": step * starts[None],
            "end": step * (starts[None] + 1),
        }

    reader = Recognition(framing, word_by_word, ask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognition, "BATCH", 1)
        patch.setattr(recognition, "WAITING", 1)
        spoken = reader.add(recording)
    reader.finish()
    assert reader.text(spoken).split() == words
    assert [each["word"] for each in reader.words(spoken)] == words


def test_words_of_pieces_stay_apart_where_there_is_a_pause() -> None:
    before = [("a", 0.5, 0.6), (" ", 0.6, 0.7), ("b", 0.7, 0.8)]
    text = "".join(symbol for symbol, _, _ in recognition.joined(before, [("c", 5, 5.1)], 3.0))
    assert text == "a b c"
    alone = recognition.joined([("a", 1.9, 2.0)], [("a", 1.9, 2.0), ("b", 4, 4.1)], 3.0)
    assert [symbol for symbol, _, _ in alone] == ["a", "b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("a", 2.0, 3.2), (" ", 3.3, 3.4)], [("x", 2.9, 3.0), (" ", 3.1, 3.2), ("b", 3.2, 3.4)]),
        ([("a", 2.0, 3.4), ("b", 3.8, 3.9)], [("c", 3.2, 3.6)]),
    ],
)
def test_times_of_pieces_do_not_overlap(
    before: list[recognition.Symbol], after: list[recognition.Symbol]
) -> None:
    found = recognition.joined(before, after, 3.0)
    times = [time for _, start, end in found for time in (start, end)]
    assert found[0][:2] == before[0][:2]
    assert times == sorted(times)


def test_characters_become_words() -> None:
    reader = Recognition(Framing(RATE), False, lambda **_: {})
    spoken = recognition.Spoken(
        [(c, n, n + 0.5) for n, c in enumerate(" ab  c ")], [(0.0, 1.0)] * 2, ["", ""]
    )
    assert reader.text(spoken) == "ab c"
    assert reader.words(spoken) == [
        {"word": "ab", "start": 1, "end": 2.5},
        {"word": "c", "start": 5, "end": 5.5},
    ]


def test_batches_hold_each_row_once_within_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "SAMPLES", 100)
    lengths = np.random.default_rng(0).integers(0, 60, 50).astype(np.int32)
    lengths[7] = 500
    dealt = list(batches(lengths))
    assert sorted(np.concatenate(dealt).tolist()) == [*range(50)]
    assert all(len(rows) * lengths[rows].max() <= 100 or len(rows) == 1 for rows in dealt)


# Data


def test_recordings_too_short_for_their_words_are_left_out_and_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
    recordings, texts = songs(20, seed=6)
    recordings[4] = (RATE, recordings[4][1][:100])
    texts[4] = "do do so mi"
    with caplog.at_level(logging.WARNING):
        task = SpeechRecognizer(**SMALL | {"validation_split": 0.0}).fit((recordings, texts))
    assert task.facts["rows"] == 19
    assert "1 recording left out, which CTC cannot align" in caplog.text
    assert "the list, row 5" in caplog.text
    report = SpeechRecognizer(**SMALL).inspect((recordings, texts))
    found = {warning["kind"]: warning for warning in report["warnings"]}
    assert found["unalignable"]["rows"] == [5]


def test_inspect_finds_what_harms_a_training() -> None:
    recordings, texts = songs(30, seed=7)
    recordings[2] = (RATE, (6 * recordings[2][1].astype(int)).clip(-32768, 32767).astype(np.int16))
    recordings[3] = (RATE, np.zeros(3000, np.int16))
    recordings[5], texts[5] = recordings[6], texts[6]
    texts[8] = "do fa"
    report = SpeechRecognizer(**SMALL | {"validation_split": 0.2}).inspect((recordings, texts))
    kinds = {warning["kind"]: warning["rows"] for warning in report["warnings"]}
    assert kinds["clipping"] == [3]
    assert kinds["silence"] == [4]
    assert sorted(kinds) == ["clipping", "duplicates", "rare_symbols", "silence"]
    assert kinds["duplicates"] == [[7, 6]]
    assert report["recordings"] == [{"rate": RATE, "channels": 1, "recordings": 30}]
    held_out = (recordings[6:10], texts[6:10])
    rest = (recordings[10:] + recordings[6:7], texts[10:] + texts[6:7])
    report = SpeechRecognizer(**SMALL).inspect(rest, held_out)
    assert {warning["kind"] for warning in report["warnings"]} == {"unseen_symbols", "overlap"}


def test_evaluation_holds_no_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
    recordings, texts = songs(20, seed=8)
    task = SpeechRecognizer(**SMALL).fit((recordings, texts))
    paths = [tmp_path / f"{number}.wav" for number in range(20)]
    for path, (_, samples) in zip(paths, recordings, strict=True):
        path.write_bytes(wav_bytes(samples, RATE))
    opened: list[weakref.ref[Recording]] = []

    def add(self: Recognition, recording: Recording) -> Any:
        opened.append(weakref.ref(recording))
        return whole(self, recording)

    whole = Recognition.add
    monkeypatch.setattr(Recognition, "add", add)
    finish = Recognition.finish

    def finished(self: Recognition) -> None:
        assert sum(each() is not None for each in opened) <= 1
        finish(self)

    monkeypatch.setattr(Recognition, "finish", finished)
    metrics = task.evaluate((paths, texts))
    assert len(opened) == 20
    assert metrics["words"] == sum(len(text.split()) for text in texts)


def test_the_speakers_of_the_held_out_part_are_not_in_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pandas as pd

    monkeypatch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
    recordings, texts = songs(20, seed=8)
    table = pd.DataFrame({"audio": recordings, "text": texts, "speaker": [*"abcde"] * 4})
    task = SpeechRecognizer(**SMALL | {"validation_split": 0.2}).fit(table)
    assert task.facts["validation"] == "4 rows held out, by speaker, seed 0"
    metrics = task.evaluate(table)
    assert [row["group"] for row in metrics["by_group"]] == [*"abcde"]
    edits = sum(row["wer"] * row["words"] for row in metrics["by_group"])
    assert edits == pytest.approx(metrics["wer"] * metrics["words"])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (([(RATE, np.ones(900, np.int16))], ["do"]), "too few to hold out"),
        (([(RATE, np.ones(90_000, np.int16))] * 3, ["do"] * 3), "takes 45.0 s, more than 30 s"),
        (([(RATE, np.ones(10, np.int16))] * 9, ["do mi so"] * 9), "that can be learnt from"),
        (([np.ones(900, np.int16)] * 9, ["do"] * 9), "give (rate, array), or set sample_rate"),
        (([(RATE, np.array([0, np.nan]))] * 3, ["do"] * 3), "samples that are no numbers"),
    ],
)
def test_data_that_cannot_be_learnt_from(data: Any, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        SpeechRecognizer(**SMALL).fit(data)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
