"""A classifier as ONNX: what is written says how to use it, and using it so gives its answers."""

from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from toolkit.errors import ModelError, OptionError
from toolkit.export import read_golden
from toolkit.models import ManyToOne, OneToOne, SequenceModel
from toolkit.tasks import TextClassifier
from toolkit.tasks.classification.core import text_core
from toolkit.text import Tokenizer

WORDS = ["the", "film", "is", "good", "bad", ".", "\n"]
TEXTS = ["The film is good.", "", "bad<br />film!", "the " * 20]


@keras.saving.register_keras_serializable("tests")
class OwnCell(keras.layers.SimpleRNNCell):
    """A cell of a user's own."""


def classifier(cell: str = "simple_rnn", **options: object) -> TextClassifier:
    """One as it is after ``fit``, with random weights."""
    keras.utils.set_random_seed(0)
    task = TextClassifier(**{"max_length": 12, "cell": cell, "bidirectional": False} | options)
    task.classes = () if task.target == "number" else ("neg", "pos")
    tokenizer = Tokenizer(task.token_level, max_length=12, vocabulary=WORDS)
    sizes = {"vocabulary_size": 9, "outputs": 1 if task.target == "number" else 2}
    sizes |= {"embedding_size": 4, "hidden_size": 4}
    output = {"classes": "softmax", "labels": "sigmoid", "number": "linear"}[task.target]
    network = (
        OneToOne(**sizes, output=output, window=5)
        if task.model == "one_to_one"
        else ManyToOne(**sizes, output=output, cell=cell, bidirectional=False)
    )
    task.sequence_model = SequenceModel(tokenizer, network)
    task.sequence_model.build()
    task.facts = {"max_length": 12, "data": "d", "rows": 1, "classes": {}, "validation": "none"}
    task.facts["command"] = "fit"
    return task


def expected(task: TextClassifier, texts: list[str]) -> np.ndarray:
    answers = task.sequence_model.answer(np.array(texts, object)).numpy()
    return answers[:, 0] if task.target == "number" else answers


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target": "labels", "token_level": "characters"},
        {"target": "number"},
        {"model": "one_to_one", "window": 5},
    ],
)
def test_the_tokenizers_ids_give_the_classifiers_answers(tmp_path: Path, options: dict) -> None:
    task = classifier(**options)
    version = task.export(tmp_path, format="onnx", golden=[*TEXTS, "\ud800"])
    files = {"model.onnx", "vocabulary.txt", "golden.jsonl", "README.md"}
    assert {path.name for path in version.iterdir()} - {"classes.txt"} == files
    ids = task.sequence_model.preprocessing(TEXTS).numpy()
    session = onnxruntime.InferenceSession(version / "model.onnx")
    (answers,) = session.run(None, {"ids": ids.astype("int64")})
    np.testing.assert_allclose(answers, expected(task, TEXTS), atol=1e-6)
    assert [example["inputs"]["text"] for example in read_golden(version)] == [*TEXTS, "\ufffd"]


def test_what_is_written_says_how_to_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = classifier()
    task.save(tmp_path)
    version = task.export(tmp_path, format="onnx")
    assert (version / "classes.txt").read_text() == "neg\npos\n"
    lines = (version / "vocabulary.txt").read_text().split("\n")
    assert [lines.index("good"), lines.index("\\n")] == [5, 8]
    readme = (version / "README.md").read_text()
    for words in ("[batch, 2]", "0 to 8;", "`<br />`", "more than 12 words, half of each end"):
        assert words in readme
    answering, cutting = (block.split("```")[0] for block in readme.split("```python\n")[1:])
    names: dict = {}
    monkeypatch.chdir(version)
    exec(answering, names)
    assert names["answers"]["probabilities"].shape == (1, 2)
    monkeypatch.chdir(tmp_path)
    exec(cutting, names)
    assert names["ids"].shape[0] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token_level": "characters"}, "user-perceived characters"),
        ({"html_breaks": False}, "1. Cut the text"),
        ({"lowercase": False, "normalization": "none"}, "3. Of a text"),
        ({"truncation": "tail"}, "its tail is kept"),
        ({"model": "one_to_one", "window": 5}, "The network sees the first 5"),
    ],
)
def test_the_steps_are_those_of_the_tokenizer(options: dict, words: str) -> None:
    task = classifier(**options)
    assert words in text_core(task.sequence_model, task, 12, task.classes, []).preparation


def test_what_is_not_possible(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="OwnCell cannot be written as ONNX"):
        classifier(f"{__name__}:OwnCell").export(tmp_path, format="onnx")
    with pytest.raises(OptionError, match="saved_model, onnx, litert"):
        classifier().export(tmp_path, format="tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_saved_run_is_exported_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    task = classifier()
    task.save(tmp_path)
    task.export(tmp_path, golden=TEXTS)
    TextClassifier.load(tmp_path).export(tmp_path, format="onnx", golden=TEXTS)
    printed = capfd.readouterr()
    of_tensorflow = "I0000 "  # its own information, which a command leaves out
    said = [line for line in printed.err.splitlines() if not line.startswith(of_tensorflow)]
    assert (printed.out, said, caplog.messages) == ("", [], [])
    of_strings, of_ids = (read_golden(folder) for folder in (tmp_path, tmp_path / "onnx" / "1"))
    for one, other in zip(of_strings, of_ids, strict=True):
        assert other["inputs"]["text"] == one["inputs"]["text"]
        assert other["outputs"]["probabilities"] == pytest.approx(
            one["outputs"]["probabilities"], abs=1e-6
        )
