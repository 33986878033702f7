"""Explanations of the worst answers: which are asked for, how they are drawn."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from page_reader import EVIL, Reader

from toolkit.errors import ModelError, OptionError
from toolkit.evaluation import Tagged
from toolkit.evaluation.pages.coloured import coloured_input
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Examples, Prose
from toolkit.report.spans import tag_questions
from toolkit.tagging import Span
from toolkit.tasks.explaining import errors
from toolkit.tasks.explaining.errors import explained_errors
from toolkit.tasks.language_modelling.surprise import ReadText, ReadTexts
from toolkit.tasks.outcomes import ClassifierOutcomes, Shown


@pytest.fixture(autouse=True)
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two answers be explained."""
    monkeypatch.setattr(errors, "MOST", 2)


def answer(text: str, **more: Any) -> dict[str, Any]:
    """Return an explanation by leave-one-out, in which each word has its place."""
    tokens = text.split()
    starts = [text.index(token) for token in tokens]
    return {
        "log_probability": -0.5,
        "baseline": "the text without it",
        "tokens": tokens,
        "starts": starts,
        "ends": [start + len(token) for start, token in zip(starts, tokens, strict=True)],
        "attributions": [float(place) for place in range(len(tokens))],
        **more,
    }


def task(explain: Any = None) -> Any:
    """Return a task that keeps what it is asked, and explains it."""
    asked: list[Any] = []

    def explained(values: list[str], **options: Any) -> list[Any]:
        asked.append((values, options))
        return [(explain or answer)(value) for value in values]

    return SimpleNamespace(explanation_method="leave-one-out", explain=explained, asked=asked)


def answered(*texts: str) -> Answered:
    """Return answers to texts, with two questions on each."""

    def asked(numbers: Any) -> Any:
        for number in numbers:
            yield [Question(w, texts[number], {"target": w}) for w in ("answer b", "right a")]

    return Answered(noun="text", loss=np.ones(len(texts)), show=lambda _: [], asked=asked)


def test_the_worst_are_explained_in_their_order() -> None:
    asked = task()
    (block,) = explained_errors(asked, answered("one two", f"{EVIL} x", "three"), [1, 0, 2])
    assert isinstance(block, Examples)
    assert block.caption.startswith("2 of these 3 texts explained, by leave-one-out")
    assert [values for values, _ in asked.asked] == [[f"{EVIL} x"]] * 2 + [["one two"]] * 2
    assert [o["target"] for _, o in asked.asked] == ["answer b", "right a"] * 2
    assert {o["method"] for _, o in asked.asked} == {"leave-one-out"}
    assert len(block.items) == 2
    page = Reader("".join(block.items))
    assert page.of("bdi") == ["Text 1", "Text 2"]
    assert page.of("b") == ["answer b", "right a"] * 2
    assert "script" not in [tag for tag, _ in page.tags]
    strongest = [text for text in page.of("small") if text.startswith("Strongest")]
    assert strongest[-1] == "Strongest: two (4) +1.000; one (0) +0.000"


def test_no_further_one_is_begun_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 29.0, 31.0])
    monkeypatch.setattr(errors, "time", SimpleNamespace(monotonic=lambda: next(times)))
    (block,) = explained_errors(task(), answered("one", "two"), [0, 1])
    assert isinstance(block, Examples)
    assert len(block.items) == 1
    assert Reader("".join(block.items)).of("b") == ["answer b", "right a"]
    assert "1 of these 2 texts explained (no further one is begun after 30 seconds)" in (
        block.caption
    )


def test_where_nothing_can_be_explained_the_report_says_why() -> None:
    def missing(_: str) -> Any:
        raise ModelError("explain needs model.keras, which is missing")

    (block,) = explained_errors(task(missing), answered("one"), [0])
    assert block == Prose(
        "None of these answers is explained: explain needs model.keras, which is missing."
    )

    def unknown(_: str) -> Any:
        raise OptionError("there is no token 'é' in the vocabulary")

    for nothing, why in (
        (unknown, "there is no token 'é' in the vocabulary"),
        (lambda _: {"error": "the input is empty"}, "the input is empty"),
    ):
        (block,) = explained_errors(task(nothing), answered(""), [0])
        assert block == Prose(f"None of these answers is explained: {why}.")


def test_what_could_not_be_explained_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "LONGEST", 10)
    asked = task(lambda text: answer(text) if text != "odd" else {"error": "it is odd"})
    (block,) = explained_errors(asked, answered("one two", "odd"), [0, 1])
    assert isinstance(block, Examples)
    assert len(block.items) == 1
    assert block.caption.endswith(" 2 questions could not be answered: it is odd.")
    (block,) = explained_errors(task(), answered("a long text"), [0])
    assert block == Prose("None of these answers is explained: an input is longer than 10.")


def test_time_is_over_where_nothing_can_be_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 31.0])
    monkeypatch.setattr(errors, "time", SimpleNamespace(monotonic=lambda: next(times)))
    (block,) = explained_errors(task(lambda _: {"error": "no"}), answered("one", "two"), [0, 1])
    said = "None of these answers is explained (no further one is begun after 30 seconds): no."
    assert block == Prose(said)


def test_of_a_long_text_what_is_around_the_strongest_part_is_drawn() -> None:
    text = " ".join(f"w{number:02}" for number in range(40))
    strengths = [0.1] * 40
    strengths[20] = -2.0
    drawn = coloured_input(text, answer(text, attributions=strengths), most=31)
    page = Reader(f"<p>{drawn}</p>")
    assert (page.of("p")[0], page.of("p")[-1]) == ("… ", " …")
    assert "".join(page.of("span")) == "w17w18w19w20w21w22w23"
    assert [a["class"] for t, a in page.tags if t == "span"].count("coloured minus") == 1
    whole = Reader(f"<p>{coloured_input(text, answer(text, attributions=strengths))}</p>")
    long = coloured_input("a " + "b" * 99, answer("a " + "b" * 99), most=31)
    assert Reader(f"<p>{long}</p>").of("span") == ["b" * 31]
    assert len(whole.of("span")) == 40


def test_what_is_too_faint_to_be_seen_is_not_underlined() -> None:
    page = Reader(f"<p>{coloured_input('a b', answer('a b', attributions=[-0.04, 1.0]))}</p>")
    assert page.attributes("span", "class") == ["coloured", "coloured"]


def test_the_first_wrong_tag_is_asked_for() -> None:
    tokens = ["Ada", "met", "Bo", "Ng"]
    sentence = Tagged(tokens, [Span(0, 1, "PER"), Span(2, 4, "PER")], [Span(0, 1, "PER")], [0.9])
    first, second = tag_questions(sentence, "Ada met Bo Ng", lambda place: 10 * place)
    assert first == ("answer O at “Bo”", "Ada met Bo Ng", {"target": "O", "token": 20})
    assert second == ("right B-PER at “Bo”", "Ada met Bo Ng", {"target": "B-PER", "token": 20})
    assert tag_questions(sentence._replace(predicted=sentence.gold), "", int) == []


OF_CLASSES = [("answer b", {"target": "b"}), ("right a", {"target": "a"})]


@pytest.mark.parametrize(
    ("target", "labels", "answers", "expected"),
    [
        ("classes", [0], [[0.2, 0.8]], OF_CLASSES),
        ("labels", [[1, 0]], [[0.9, 0.7]], [("b, which is not right", {"target": "b"})]),
        ("labels", [[1, 0]], [[0.1, 0.3]], [("a, which is right", {"target": "a"})]),
        ("number", [2.0], [[3.5]], [("answer 3.5, right 2", {})]),
    ],
)
def test_what_is_asked_of_a_classifier(
    target: str, labels: Any, answers: Any, expected: Any
) -> None:
    shown = Shown("text", {}, frozenset(), list, lambda _: ["a text"], lambda _: None)
    outcomes = ClassifierOutcomes(
        *(target, ["a", "b"], np.array(labels), np.array(answers)), None, 1, shown
    )
    found = outcomes.answered({})
    assert found is not None
    assert found.asked is not None
    (questions,) = found.asked([0])
    assert questions == [(what, "a text", options) for what, options in expected]


def test_a_language_model_is_asked_what_stands_at_the_hardest_unit() -> None:
    nats = {"l": 1.0, "lo": 1.5, "low": 9.0, "low!": 9.5}
    read = ReadTexts(
        lambda: iter([ReadText("low!", "sad"), ReadText("x", None)]),
        lambda _, text, **__: {"nll": np.array([nats.get(each, 0.0) for each in text])},
        "characters",
    )
    likeliest, right = next(iter(read.asked([0])))
    assert likeliest == ("answer before 'w', which has 7.5 nats", "lo", {"condition": "sad"})
    assert right == ("right 'w'", "lo", {"condition": "sad", "target": "w"})
    assert [*read.asked([1])] == [[]]  # nothing stands before it
