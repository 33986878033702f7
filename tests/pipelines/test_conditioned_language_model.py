"""Text from a label alone: a language model with conditions, on the command line and in Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipelines.language_model import main
from toolkit.errors import DataError, OptionError
from toolkit.export import Servable, read_golden
from toolkit.tasks import LanguageModel

# A run of its own, trained until it knows its conditions, takes long.
pytestmark = pytest.mark.slow

#: The condition decides over the last word, of which the others say nothing.
PAIRS = [("we like red", "warm"), ("we like blue", "cold")] * 20
LIKELIEST = {"temperature": 0, "max_length": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conditioned")
    pd.DataFrame(PAIRS, columns=["text", "mood"]).to_csv(folder / "train.csv", index=False)
    pd.DataFrame(PAIRS[:4], columns=["text", "mood"]).to_csv(folder / "valid.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    run = folder / "run"
    words = ["--data", folder / "train.csv", "--validation-data", folder / "valid.csv"]
    words += ["--text-column", "text", "--condition-column", "mood", "--token-level", "words"]
    words += ["--embedding-size", 12, "--hidden-size", 16, "--ema", 0]
    words += ["--embedding-dropout", 0, "--output-dropout", 0, "--epochs", 20]
    words += ["--learning-rate", 0.03, "--batch-tokens", 16, "--window", 3]
    assert main(["train", *map(str, words), "--output", str(run)]) == 0
    return run


@pytest.fixture(scope="module")
def model(run: Path) -> LanguageModel:
    return LanguageModel.load(run)


@pytest.fixture(scope="module")
def exported(run: Path) -> Servable:
    return Servable.load(run)


def call(capsys: Any, *words: Any) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_condition_decides_over_the_text(model: LanguageModel) -> None:
    assert model.classes == ("cold", "warm")
    assert model.facts["classes"] == {"cold": 20, "warm": 20}
    for condition, text in (("warm", "we like red"), ("cold", "we like blue")):
        assert model.generate(condition=condition, **LIKELIEST) == text
        assert model.generate("we", condition=condition, **LIKELIEST) == text
        for prompt in ("", "we"):
            assert "".join(model.stream(prompt, condition=condition, **LIKELIEST)) == text


def test_text_is_likelier_under_its_own_condition(model: LanguageModel, folder: Path) -> None:
    for own, other, text in (("warm", "cold", "we like red"), ("cold", "warm", "we like blue")):
        (right,), (wrong,) = (model.score([text], condition=each) for each in (own, other))
        assert right["units"] == wrong["units"] == 3
        assert right["nll"] + 0.7 < wrong["nll"]
    measured = model.evaluate(folder / "valid.csv")
    assert measured["units"] == model.metrics["units"] == 16  # with the ends
    assert measured["log_loss"] == pytest.approx(model.metrics["log_loss"], abs=1e-3)
    texts, conditions = zip(*PAIRS[:4], strict=True)
    turned = model.evaluate((texts, conditions[::-1]))
    assert turned["log_loss"] > measured["log_loss"] + 0.1


def test_long_texts_are_measured_piece_by_piece(model: LanguageModel) -> None:
    text = "we like red\n" * 500 + "we like"  # and here it is unlikely to end
    (scored,) = model.score([text], condition="cold")
    rows = model.statistics(([text, "we", text], ["cold", "warm", "cold"])).rows
    assert rows[:, 1:].tolist() == [[1503, len(text)], [2, 2], [1503, len(text)]]
    assert rows[0].tolist() == pytest.approx(rows[2].tolist(), rel=1e-5)
    assert 0.5 < rows[0, 0] - scored["nll"] < 50  # that the text ends is one unit more


def test_the_exported_model_writes_what_python_writes(run: Path, exported: Servable) -> None:
    python = LanguageModel.load(run)
    python._answer_from_network()  # the network itself
    drawing = {"temperature": 0.9, "top_k": 4, "top_p": 0.9, "repetition_penalty": 1.1}
    for prompt, condition in (("we", "warm"), ("", "cold"), ("", "warm")):
        asked = {"prompt": [prompt], "condition": [condition], "max_length": 8, **drawing}
        (text,) = exported(signature="generate", seed=[3, 0], **asked)["text"]
        assert text == python.generate(prompt, 8, seed=3, condition=condition, **drawing)
    together = exported(prompt=["we", ""], condition=["warm", "cold"])["text"].tolist()
    assert together == ["we like red", "we like blue"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="has learnt: cold, warm"):
        exported(signature="prefill", prompt=["", ""], condition=["warm", "hot"])


def test_the_golden_file_asks_of_conditions(run: Path, exported: Servable) -> None:
    golden = read_golden(run)
    inputs = {name: [row["inputs"][name] for row in golden] for name in ("prompt", "condition")}
    assert set(inputs["condition"]) == {"cold", "warm"}
    assert exported.asset("classes.txt") == "cold\nwarm\n"
    assert exported(**inputs)["text"].tolist() == [row["outputs"]["text"] for row in golden]


def test_prefill_start_and_step_give_what_is_written_in_one_go(exported: Servable) -> None:
    conditions, texts = ["warm", "cold"], ["we like red", "we like blue"]
    found = exported(signature="prefill", prompt=["", ""], condition=conditions)
    begun = exported(signature="start", condition=conditions)
    assert begun["token"].tolist() == [0, 0]
    stepped = exported(signature="step", **begun)
    for name, value in found.items():
        np.testing.assert_allclose(stepped[name], value, rtol=1e-4, atol=1e-5)
    read = exported(signature="read", text=texts, **begun)
    scored = exported(signature="score", text=texts, condition=conditions)
    np.testing.assert_allclose(read["nll"], scored["nll"], rtol=1e-4)
    tokens = []
    for _ in range(3):
        tokens.append(found.pop("logits").argmax(axis=1).astype(np.int32))
        found = exported(signature="step", token=tokens[-1], **found)
    written = exported(signature="detokenize", tokens=np.stack(tokens, axis=1))["text"]
    assert written.tolist() == texts


def test_conditions_that_cannot_be(model: LanguageModel) -> None:
    for condition, complaint in (
        (None, "condition must be given; there are: cold, warm"),
        ("wram", "condition is 'wram'; did you mean 'warm'. there are: cold, warm"),
    ):
        for ask in (model.generate, model.stream, lambda *a, **k: map(str, model.score([*a], **k))):
            with pytest.raises(OptionError, match=complaint):
                "".join(ask("we", condition=condition))
    with pytest.raises(DataError, match=r"row 1: the label 'hot' is none of"):
        model.evaluate((["we"], ["hot"]))


def test_asked_on_the_command_line(run: Path, folder: Path, capsys: Any) -> None:
    likeliest = ["--temperature", 0, "--max-length", 8]
    rows = [
        {"text": "we like red", "prompt": "we", "condition": "warm"},
        {"text": "we like blue", "prompt": "", "condition": "cold"},
    ]
    (folder / "prompts.csv").write_text("text,mood\nwe,warm\n,cold\n")
    asked = ["predict", run, "--data", folder / "prompts.csv", *likeliest]
    code, out, _ = call(capsys, *asked)
    assert (code, [*map(json.loads, out.splitlines())]) == (0, rows)
    code, out, _ = call(capsys, *asked, "--condition", "cold", "--stream")
    assert (code, out) == (0, "we like blue\nwe like blue\n")


@pytest.mark.parametrize(
    ("content", "words", "complaint"),
    [
        ("text,mood\nwe,warm\n,hot\n", [], "row 2 (line 3): the label 'hot' is none of"),
        ("text,mood\nwe,warm\nthey,\n", [], "row 2 (line 3): the condition in column 'mood' is"),
        ("text\nwe\n", [], "has no column 'mood' (--condition-column); it has: text"),
        ("", [""], "--condition must be given; there are: cold, warm"),
        ("", ["", "--condition", "colt"], "did you mean 'cold'? there are: cold, warm"),
    ],
)
def test_questions_that_cannot_be(
    content: str, words: list[str], complaint: str, run: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "asked.csv").write_text(content)
    words = words or ["--data", str(tmp_path / "asked.csv")]
    code, out, said = call(capsys, "predict", run, *words)
    assert (code, out) == (2, "")
    assert complaint in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("text.txt", "some text\n", "text.txt has no columns"),
        ("x.csv", "text,modo\na b,warm\n", "did you mean 'modo'? it has: text, modo"),
        ("x.csv", "text,mood\na b,warm\nc,\n", "row 2 (line 3): the label in column 'mood' is"),
        ("x.csv", "text,mood\na b,warm\nc,warm\n", "every label is 'warm'"),
        ("x.csv", "text,mood\na b,warm\nc,cold\n", "too few to hold out"),
    ],
)
def test_data_that_cannot_be(
    name: str, content: str, complaint: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(content)
    words = ["--data", name, "--text-column", "text", "--condition-column", "mood"]
    code, _, said = call(capsys, "train", *words, "--output", "run")
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]
