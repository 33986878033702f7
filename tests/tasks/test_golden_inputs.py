"""Golden files ask what the model itself contains, and cards say what the files contain."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from toolkit.errors import OptionError
from toolkit.export import read_golden
from toolkit.tasks import EntityTagger, LanguageModel, TextClassifier, Translator
from toolkit.tasks.golden import (
    SOME,
    golden_explanations,
    origin_of,
    tolerance_of,
    unpadded,
    vocabulary_texts,
)
from toolkit.text import SubwordTokenizer, TokenFeatures, Tokenizer

ANIMALS = ["owl", "fox", "hare", "elk", "newt", "wren"]
TEXTS = [f"the {animal} sees {n} stones" for n in range(8) for animal in ANIMALS]
LABELS = ["bird" if "owl" in text or "wren" in text else "other" for text in TEXTS]
SMALL: dict[str, Any] = {"hidden_size": 4, "embedding_size": 4}


def words_of(texts: Any) -> set[str]:
    return {word for text in texts for word in text.split()}


@pytest.mark.parametrize("level", ["words", "treebank_words", "characters"])
def test_texts_are_made_of_the_vocabulary(level: Any) -> None:
    layer = Tokenizer(token_level=level)
    layer.adapt(["¿Por qué? 7 , , , , never " + text for text in TEXTS])
    texts = vocabulary_texts(layer)
    assert texts == vocabulary_texts(layer)
    assert texts[0]
    assert texts[-1] == ""
    parts = set("".join(texts)) - {" "} if level == "characters" else words_of(texts)
    assert parts <= set(layer.vocabulary)
    assert all(any(map(str.isalpha, part)) for part in parts)
    assert len(parts) > 3


def test_texts_are_made_of_subwords() -> None:
    layer = SubwordTokenizer(300)
    layer.adapt(TEXTS)
    texts = vocabulary_texts(layer)
    assert len({*texts}) == 5
    assert set("".join(texts)) <= set("".join(layer.vocabulary[258:]))


def test_texts_are_made_of_the_words_of_a_tagger() -> None:
    layer = TokenFeatures()
    layer.adapt(Counter(word for text in TEXTS for word in text.split()))
    assert words_of(vocabulary_texts(layer)) <= set(layer.words)


def test_without_words_there_is_the_empty_text() -> None:
    assert vocabulary_texts(Tokenizer()) == ("",)
    layer = Tokenizer()
    layer.adapt(["1 2 3"])
    assert words_of(vocabulary_texts(layer)) <= {"1", "2", "3"}


def test_large_numbers_have_a_larger_tolerance() -> None:
    assert (
        tolerance_of([{"label": "a", "score": np.float32(0.9), "count": np.int32(70_000)}]) == 1e-4
    )
    answers = [{"value": np.float32(5_000)}, {"value": np.array([-7_000.0, np.inf, np.nan])}, {}]
    assert tolerance_of(answers) == pytest.approx(0.07)
    assert tolerance_of([{"none": np.zeros(0)}]) == 1e-4


def test_padding_is_taken_off_what_is_empty_too() -> None:
    assert unpadded(np.array([b"a", b"", b"b", b""], object), b"").tolist() == [b"a", b"", b"b"]
    assert unpadded(np.array([[1, -1], [-1, -1]]), -1).tolist() == [[1, -1]]
    for shape in ((0,), (0, 3), (3, 0), (0, 0)):
        assert len(unpadded(np.zeros(shape), -1.0)) == 0


def test_answers_without_an_entity_are_written(not_trained: None) -> None:
    task = EntityTagger(validation_split=0.0, **SMALL)
    task.fit([{"text": TEXTS[0], "entities": [{"start": 4, "end": 7, "label": "X"}]}])
    (answer,) = task._golden_answers([{"text": ""}])
    assert {len(answer[name]) for name in task.PADDING} == {0}


def test_the_origin_of_questions_is_told_beside_explanations(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"inputs": {"text": "a"}, "outputs": {}, "origin": "held-out"},
        {"inputs": {"text": "a", "target": ""}, "outputs": {}, "signature": "explain"},
    ]
    (tmp_path / "golden.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert origin_of(["a"], [{"text": "a"}], tmp_path, "vocabulary") == "held-out"
    assert origin_of(["b"], [{"text": "b"}], tmp_path, "vocabulary") == "given"


def test_explanations_of_numbers_have_a_tolerance_in_their_unit() -> None:
    def ask(**_: Any) -> dict[str, Any]:
        return {"attributions": np.array([[0.5, 1.0, 0.0]], np.float32), "complete": [True]}

    questions, (answer,), tolerance = golden_explanations(ask, ["text"], [{"text": "a"}], 50.0)
    assert questions == [{"text": "a"}]
    assert answer["attributions"].tolist() == [0.5, 1.0]
    assert tolerance == pytest.approx(0.1)
    assert golden_explanations(ask, ["text"], [{"text": "a"}])[2] == pytest.approx(2e-3)


def fitted() -> dict[str, Any]:
    """Tasks that hold something out, each with the held-out inputs."""
    entities = [
        {"text": text, "entities": [{"start": 4, "end": 7, "label": "X"}]} for text in TEXTS
    ]
    tokens = [text.split() for text in TEXTS]
    tags = [["O", "B-X", *["O"] * 3]] * len(TEXTS)
    of_tokens = (tokens, tags)
    options = SMALL | {"validation_split": 0.2}
    language = LanguageModel(token_level="words", **options)
    conditioned = LanguageModel(condition_column="label", **options)
    return {
        "classifier": TextClassifier(**options).fit((TEXTS, LABELS)),
        "tagger": EntityTagger(**options).fit(entities),
        "tagger of tokens": EntityTagger(**options).fit(of_tokens, (tokens[:3], tags[:3])),
        "translator": Translator(token_level="words", **options).fit((TEXTS, TEXTS[::-1])),
        "language model": language.fit(TEXTS),
        "conditioned": conditioned.fit((TEXTS, LABELS)),
    }


@pytest.mark.slow
def test_each_task_asks_its_own_vocabulary_or_held_out_texts(not_trained: None) -> None:
    for name, task in fitted().items():
        own = [question[task.input_name] for question in task._questions(None)]
        known = set("".join(TEXTS)) if name == "conditioned" else words_of(TEXTS)
        used = set("".join(own)) if name == "conditioned" else words_of(own)
        assert used <= known, name
        held = task._questions("held-out")
        assert 1 <= len(held) <= SOME
        for question in held:
            assert any(text.startswith(question[task.input_name]) for text in TEXTS), name
        if name == "conditioned":
            labels = dict(zip(TEXTS, LABELS, strict=True))
            starts = {(text[: len(q["prompt"])], labels[text]) for q in held for text in TEXTS}
            assert all((q["prompt"], q["condition"]) in starts for q in held)
        if name == "tagger of tokens":
            assert [question["text"] for question in held] == TEXTS[:3]
        assert task._card_words()["contents"], name


@pytest.mark.slow
def test_what_is_held_out_is_not_in_training(not_trained: None) -> None:
    task = TextClassifier(validation_split=0.2, min_count=1, **SMALL)
    texts = [f"{text} word{number}" for number, text in enumerate(TEXTS)]
    task.fit((texts, LABELS))
    vocabulary = set(task.sequence_model.preprocessing.vocabulary)
    for question in task._questions("held-out"):
        assert question["text"].split()[-1] not in vocabulary
    other = TextClassifier(**SMALL).fit((TEXTS, LABELS), (["a newt"] * 9 + ["an owl"], LABELS[:10]))
    assert [q["text"] for q in other._questions("held-out")] == ["a newt"] * SOME


def test_golden_inputs_that_cannot_be(not_trained: None) -> None:
    task = TextClassifier(validation_split=0.0, **SMALL).fit((TEXTS, LABELS))
    with pytest.raises(OptionError, match="golden is 'held-out', but no held-out inputs are known"):
        task._questions("held-out")
    with pytest.raises(OptionError, match="golden is 'the owl'; it can be 'held-out' or a list"):
        task._questions("the owl")


@pytest.mark.slow
def test_the_card_says_what_the_files_hold(not_trained: None, tmp_path: Path) -> None:
    task = TextClassifier(validation_split=0.2, data_licence="CC BY 4.0", **SMALL)
    task.fit((TEXTS, LABELS))
    task.save(tmp_path)
    task.export(tmp_path, golden="held-out")
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    size = task.sequence_model.preprocessing.vocabulary_size
    assert "Licence: CC BY 4.0.\n" in card
    assert (
        f"| `1/assets/vocabulary.txt` | the most frequent words of the training texts | {size} |\n"
        in card
    )
    assert "| `1/assets/classes.txt` | the names of the classes | 2 |\n" in card
    held_out = "| inputs that were held out from the training data, or validation data, with"
    assert f"| `golden.jsonl` {held_out} the model's answers | {SOME} |\n" in card
    # Another export that asks the same says the same; the licence can be stated then.
    loaded = TextClassifier.load(tmp_path)
    assert loaded.data_licence == "CC BY 4.0"
    loaded.data_licence = "CC0\n1.0."
    golden = [line["inputs"] for line in read_golden(tmp_path)]
    loaded.export(tmp_path, golden=golden)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert held_out in card
    assert "Licence: CC0 1.0.\n" in card
    options = yaml.safe_load((tmp_path / "2/assets/config.yaml").read_text())["options"]
    assert options["data_licence"] == "CC0\n1.0."
    loaded.export(tmp_path, golden=["my own"])
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| inputs that were given for it, with" in card
    assert f"tf.constant([{'my own'!r}])" in card
