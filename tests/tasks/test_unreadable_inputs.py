"""``predict`` marks unreadable rows and reads text files by lines; the model is a stand-in."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.tasks import EntityTagger, LanguageModel, TextClassifier, Translator
from toolkit.tasks.task import Task

LINES = ["source", "good\tfilm", "\tgood", '"good', "a b\u2028c", ""]


class Model:
    """Answers in the form of each signature, and remembers the texts that it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def classify(self, text: list[str]) -> dict[str, Any]:
        self.asked += text
        half = np.full(len(text), 0.5)
        labels = np.array(["neg"] * len(text), object)
        return {"label": labels, "score": half, "probabilities": np.stack([half, half], 1)}

    def find(self, text: list[str]) -> dict[str, Any]:
        self.asked += text
        return {"entity_count": np.zeros(len(text), np.int32)}

    def tag(self, tokens: list[list[str]]) -> dict[str, Any]:
        self.asked += tokens
        shape = len(tokens), len(tokens[0])
        return {"tags": np.full(shape, "B-PER", object), "scores": np.ones(shape)}

    def translate(self, text: list[str]) -> dict[str, Any]:
        self.asked += text
        upper = np.array([each.upper() for each in text], object)
        return {"translation": upper, "score": np.zeros(len(text))}

    def generate(self, prompt: list[str], **_: Any) -> dict[str, Any]:
        self.asked += prompt
        return {"text": [f"{prompt[0]} and"]}


def stand_in(kind: type[Task], **options: Any) -> tuple[Any, Model]:
    """A task that a stand-in answers for."""
    task: Any = kind(**options)
    model = Model()
    task.classes = ("neg", "pos") if kind is TextClassifier else ()
    task._calls = {
        TextClassifier: {"serving_default": model.classify},
        EntityTagger: {"serving_default": model.find, "tag_tokens": model.tag},
        Translator: {"serving_default": model.translate},
        LanguageModel: {"generate": model.generate},
    }[kind]
    return task, model


KINDS = [TextClassifier, EntityTagger, Translator, LanguageModel]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_file_is_a_text_a_line(kind: type[Task], tmp_path: Path, packed: bool) -> None:
    task, model = stand_in(kind)
    content = "\r\n".join(LINES).encode() + b"\xff"
    path = tmp_path / ("texts.txt.gz" if packed else "texts.TXT")
    path.write_bytes(gzip.compress(content) if packed else content)
    for given in (path, str(path)):
        model.asked.clear()
        answers = task.predict(given)
        assert sorted(model.asked) == sorted([*LINES[:-1], "\ufffd"])
        assert len(answers) == len(LINES)
        assert not any("error" in answer for answer in answers)
    if kind is Translator:
        upper = [answer["translation"] for answer in answers]
        assert upper == [*map(str.upper, LINES[:-1]), "\ufffd"]


ROWS = (
    b'{"text": "one"}\n{oops\n{"text": 5}\n{"text": "caf\xe9"}\n{"text": "a\\ud83d b"}\n'
    b'{"text": null}\n{"text": "two"}\n'
)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_cannot_be_read_have_an_error_and_no_answer(
    kind: type[Task], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task, model = stand_in(kind)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS)
    answers = task.predict(path)
    assert sorted(model.asked) == ["", "one", "two"]
    bad = {1: "not JSON", 2: "is 5, not a", 3: "byte 0xE9", 4: "U+D83D"}
    assert [row for row, answer in enumerate(answers) if "error" in answer] == [*bad]
    for row, reason in bad.items():
        nothing = {"translation": ""} if kind is Translator else {}
        assert answers[row] == nothing | {"error": answers[row]["error"]}
        assert answers[row]["error"].startswith(f"row {row + 1} (line {row + 1}): ")
        assert reason in answers[row]["error"]
    names = [{*answer} for row, answer in enumerate(answers) if row not in bad]
    assert names[0] == names[1] == names[2]
    assert f"{path}: 4 bad rows answered with an error, of 7 (57.1 %; row 2 (line 2)" in caplog.text
    assert (
        f"{path}: 1 missing or blank text answered as empty, of 7 (the first: row 6" in caplog.text
    )


@pytest.mark.parametrize("kind", KINDS)
def test_blank_strings_of_a_list_are_meant_and_missing_ones_are_said(
    kind: type[Task], caplog: pytest.LogCaptureFixture
) -> None:
    task, _ = stand_in(kind)
    task.predict(["good", "", " "])
    assert not caplog.records
    missing = ["good", None, float("nan")]
    if kind is not LanguageModel:
        assert len(task.predict(missing)) == 3
        assert "the list: 2 missing or blank texts answered as empty, of 3 (the first: row 2)" in (
            caplog.text
        )


def test_tokens_that_can_be_read_have_their_tags() -> None:
    tagger, model = stand_in(EntityTagger)
    answers = tagger.predict([["Ann"], ["Bo", 5, "Cy"], "Dee", ["Eve"]])
    assert [answer.get("tags") for answer in answers] == [
        *(["B-PER"], ["B-PER", "O", "B-PER"], None, ["B-PER"])
    ]
    assert [{*answer} for answer in answers] == [
        *({"tags", "scores"}, {"tags", "scores", "error"}, {"error"}, {"tags", "scores"})
    ]
    assert answers[1]["error"] == "row 2, token 2: the token is 5, which is no word"
    assert len(model.asked) == 3


@pytest.mark.parametrize("kind", KINDS[:3])
def test_strings_are_answered_as_exported_models_do(kind: type[Task]) -> None:
    task, model = stand_in(kind)
    answers = task.predict(["a\ud83db", "c"])
    assert model.asked in (["a\ufffdb", "c"], ["c", "a\ufffdb"])
    assert not any("error" in answer for answer in answers)


def test_a_language_model_stops_at_bad_rows_of_texts_to_learn_or_measure(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS)
    for kind in ({}, {"token_level": "words"}):
        with pytest.raises(DataError, match=r"row 2 \(line 2\): not JSON.* \(or set skip_bad_rows"):
            LanguageModel(**kind).fit(path)
