"""Drawings of classes, spans, translations, texts, recordings and music in reports."""

import base64
import io
import json
import re
import wave
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from page_reader import EVIL, Reader

from toolkit.evaluation import HeardRecording, Tagged, classification_metrics
from toolkit.report.classes import class_sections, confusion_table
from toolkit.report.recordings import MOST_SECONDS, RATE, recording
from toolkit.report.rolls import roll_examples
from toolkit.report.spans import LONGEST, answered_spans, marked_example, span_sections
from toolkit.report.surprise import surprise_examples
from toolkit.report.translations import answered_translations, attention_section
from toolkit.tagging import Span
from toolkit.tasks.language_modelling.surprise import ReadText, ReadTexts
from toolkit.tasks.music.outcomes import shown_pieces
from toolkit.tasks.speech.outcomes import SpeechOutcomes

RANDOM = np.random.default_rng(3)
CLASSES = ["a", "b_", "$c$"]
GOLD = RANDOM.integers(3, size=60)
ANSWERS = RANDOM.dirichlet([1, 1, 1], 60)


def test_confusions_and_areas_are_those_of_the_metrics() -> None:
    (section,) = class_sections("classes", GOLD, ANSWERS, CLASSES)
    table, reliability, curves = section.blocks
    metrics = classification_metrics(GOLD, ANSWERS, CLASSES)
    assert [row[1:] for row in table.rows] == metrics["confusion"]
    areas = [float(each) for each in re.findall(r" (\d\.\d+)", curves.description)]
    assert np.mean(areas) == pytest.approx(metrics["roc_auc"], abs=6e-4)
    assert "$c$" in curves.picture
    pairs = re.findall(r"(\d\.\d+) at (\d\.\d+)", reliability.description)
    best, right = ANSWERS.max(axis=1), ANSWERS.argmax(axis=1) == GOLD
    bins = np.ceil(best * 15)
    own = [(right[bins == n].mean(), best[bins == n].mean()) for n in np.unique(bins)]
    assert [(float(a), float(b)) for a, b in pairs] == [
        pytest.approx(pair, abs=0.006) for pair in own
    ]


def test_of_many_classes_the_most_frequent_are_shown() -> None:
    counts = np.diag(np.arange(50))
    table = confusion_table(counts, [f"c{n}" for n in range(50)])
    assert [row[0] for row in table.rows] == [f"c{n}" for n in range(20, 50)]
    assert "30 most frequent of 50" in table.caption


@pytest.mark.parametrize("target", ["labels", "number"])
def test_other_targets(target: str) -> None:
    labels = RANDOM.integers(2, size=(60, 3)).astype(float)
    given = (labels, ANSWERS) if target == "labels" else (labels[:, 0] + 4, ANSWERS[:, :1] + 4)
    (section,) = class_sections(target, *given, CLASSES)
    assert section.blocks


def test_examples_of_one_class_have_no_curve() -> None:
    (section,) = class_sections("classes", np.zeros(9, int), ANSWERS[:9], CLASSES)
    assert len(section.blocks) == 3


SENTENCE = Tagged(
    ["we", "saw", "Ada", "Moss", "in", EVIL],
    [Span(2, 4, "PER"), Span(5, 6, "LOC")],
    [Span(2, 3, "PER")],
    [0.75],
)


def test_spans_are_marked_where_they_are() -> None:
    reader = Reader(marked_example(SENTENCE, {"PER": 0, "LOC": 1}))
    evil = EVIL.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert reader.of("mark") == ["Ada Moss", evil, "Ada"]
    assert reader.of("bdi") == ["PER", "LOC", "PER"]
    assert reader.attributes("mark", "title") == ["0.750"]


def test_of_a_long_text_the_part_with_the_first_error_is_marked() -> None:
    tokens = [f"token{n}" for n in range(500)]
    sentence = Tagged(tokens, [Span(5, 6, "PER"), Span(300, 301, "PER")], [Span(5, 6, "PER")], [1])
    reader = Reader(marked_example(sentence, {"PER": 0}))
    assert reader.of("mark") == ["token300"]
    text = "".join(text for _, text in reader.texts)
    assert "token280" in text
    assert "token279" not in text
    assert len(text) < 2 * LONGEST + 200


def test_the_loss_of_a_sentence_is_its_number_of_errors() -> None:
    right = SENTENCE._replace(predicted=SENTENCE.gold, scores=[1.0, 1.0])
    answered = answered_spans([SENTENCE, right], ["PER", "LOC"], "sentence", "tokens")
    assert answered.loss.tolist() == [3, 0]
    assert answered.show([0])[0]["answer"] == "Ada (PER)"
    assert answered.baselines["no entity"]["token_accuracy"] == 0.5
    assert answered.keys == {"length in tokens": [6, 6]}


def test_without_texts_there_are_only_the_confusions_of_spans() -> None:
    metrics = {"confusion": [[1, 0], [0, 0]]}
    (section,) = span_sections([SENTENCE], ["PER"], metrics, texts=False)
    assert len(section.blocks) == 1


def test_translations() -> None:
    answered = answered_translations(["a b", "c"], ["x", "the same"], ["xy", "the same"], "13a")
    assert answered.loss[1] == 0
    assert 0 < answered.loss[0] <= 100
    assert answered.baselines["copy of the source"]["exact_match"] == 0

    def align(source: str, target: str) -> dict[str, Any]:
        tokens = [*source]
        return {"source": tokens, "target": [target], "weights": np.full((1, len(tokens)), 0.25)}

    section = attention_section([("long " * 9, "x"), ("abcd", "y")], align)
    (table,) = section.blocks
    assert table.rows == [["y", 25, 25, 25, 25]]


@pytest.mark.parametrize(
    ("level", "units"),
    [("characters", ["a", " ", "b", "!"]), ("words", ["a", " b", "!"])],
)
def test_the_surprise_of_a_unit_is_what_it_adds(level: str, units: list[str]) -> None:
    def ask(signature: str, text: list[str], **more: Any) -> dict[str, Any]:
        assert signature == "score"
        assert more == {"condition": ["good"] * len(text)}
        return {"nll": np.array([len(each) ** 2 for each in text], np.float32)}

    texts = ReadTexts(lambda: iter([ReadText("none", None), ReadText("a b!", "good")]), ask, level)
    (read,) = texts.chosen([1])
    found = texts.units(read)
    ends = np.cumsum([len(unit) for unit in units])
    assert found == [*zip(units, np.diff(ends**2, prepend=0).tolist(), strict=True)]


def test_the_entropy_of_characters() -> None:
    texts = ReadTexts(lambda: iter([ReadText("aab", None), ReadText("b", None)]), None, "words")
    assert texts.character_entropy() == pytest.approx(np.log(2))


def test_units_are_coloured_by_their_surprise() -> None:
    (item,) = surprise_examples([[("<b>", 4.0), ("x", 99.0), ("y", -1.0)]]).items
    styles = Reader(item).attributes("span", "style")
    assert styles == ["--share: 0.30", "--share: 0.60", "--share: 0.00"]
    assert "<b>" not in item


def test_a_roll_has_its_notes() -> None:
    roll = np.zeros((300, 88), np.uint8)
    roll[1:4, 39] = roll[250:, 40] = 1
    (item,) = roll_examples([roll], [EVIL], 0.5).items
    (data,) = Reader(item).of("script")
    assert json.loads(data) == {"notes": [[60, 1, 4]], "step": 0.5, "frames": 200}
    (silence,) = roll_examples([roll[:0]], ["none"], 0.5).items
    assert json.loads(Reader(silence).of("script")[0])["notes"] == []


def test_rolls_are_read_in_the_order_in_which_they_are_asked_for() -> None:
    rolls = [np.full((n + 1, 88), n, np.uint8) for n in range(4)]
    pieces = shown_pieces([SimpleNamespace(place=f"p{n}", roll=rolls[n]) for n in range(4)], 0.5)
    assert [len(roll) for roll in pieces.rolls([3, 0, 2])] == [4, 1, 3]


def test_the_worst_recordings_come_first_and_perfect_ones_are_left_out() -> None:
    said = ["a b c", "a b c", "a b c"]
    answers = ["a b x", "a b c", "x y z"]
    mel = np.zeros((5, 8))

    def pictured(numbers: Any) -> Any:
        assert numbers == sorted(numbers)
        for number in numbers:
            heard = HeardRecording(f"r{number}", mel, mel[0], 0.01, np.zeros((5, 1)), (), 0.1)
            yield heard, np.zeros(80, np.int16)

    outcomes = SpeechOutcomes(
        references=said,
        answers=answers,
        places=["one", "two", "three"],
        speakers=(),
        seconds=[1.0] * 3,
        checksum=1,
        pictured=pictured,
    )
    drawn = outcomes.sections(True)[0].blocks[-1]
    assert [item.split("<p")[1].split(">")[1].split("<")[0] for item in drawn.items] == [
        "three, r2",
        "one, r0",
    ]


def test_a_recording_is_heard_and_seen() -> None:
    mel = np.linspace(0, 1, 400).reshape(50, 8)
    frequencies, symbols = np.arange(8), np.zeros((5, 1))
    heard = HeardRecording(f"{EVIL}\nsaid", mel, frequencies, 0.01, symbols, (), 0.1)
    samples = np.arange(9 * RATE, dtype=np.int16)
    reader = Reader(recording(heard, samples))
    sound = base64.b64decode(reader.attributes("audio", "src")[0].partition("base64,")[2])
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, MOST_SECONDS * RATE)
    assert reader.attributes("img", "alt") == ["Log-mel spectrogram of 9.0 seconds"]
    assert reader.attributes("img", "src")[0].startswith("data:image/png;base64,")
    assert "onerror" not in dict(reader.tags)["img"]
