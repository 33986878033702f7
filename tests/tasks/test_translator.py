"""The translator, from pairs of texts to the SavedModel: what it learns, answers and keeps."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from trained import TRANSLATOR as SMALL
from trained import TrainedRun, load_archive, pairs

from toolkit.data import PairExamples, open_pairs
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.evaluation import compare
from toolkit.export import read_golden
from toolkit.export.verify import _compare
from toolkit.tasks import Translator
from toolkit.tasks.settings import Settings
from toolkit.tasks.translation.prepared import prepare_pairs
from toolkit.tasks.translation.serving import SPARE, _best, limits, signatures
from toolkit.training.cost import Trial

# They are slow together, so that the run that they share is trained once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("translation")]


@pytest.fixture(scope="module")
def fitted(translator_run: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> Translator:
    return load_archive(Translator, translator_run, tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture(scope="module")
def run(translator_run: TrainedRun) -> Path:
    return translator_run.path


@pytest.fixture(scope="module")
def loaded(run: Path) -> Translator:
    return Translator.load(run)


def test_it_translates(fitted: Translator) -> None:
    assert fitted.metrics["bleu"] > 80
    assert fitted.metrics["exact_match"] > 0.8
    found = fitted.predict(["old Bird", "house"])
    assert [answer["translation"] for answer in found] == ["Vogel, alt!", "Häuschen!"]
    assert all(-1 < answer["score"] < 0 for answer in found)


def test_nothing_is_made_of_nothing(fitted: Translator) -> None:
    texts = ["", " \t\u3000\x0b\x1d\x85", "house"]
    found = fitted.predict(texts)
    assert [answer["translation"] for answer in found] == ["", "", "Häuschen!"]
    assert [answer["score"] for answer in found[:2]] == [0, 0]
    found = fitted.predict(texts, n_best=2)
    assert found[1] == {
        "translation": "",
        "score": 0,
        "translations": [""],
        "scores": [0],
        "truncated": False,
    }
    assert len(found[2]["translations"]) == 2


def test_scores_and_lengths_of_translations(fitted: Translator) -> None:
    text_model = fitted.sequence_model
    (each,) = fitted.predict(["old Bird"], beam_size=1)
    whole = signatures(text_model, beam_size=1, length_penalty=0.0, length_ratio=9.0)
    found = whole["serving_default"](tf.constant(["old Bird"]))
    assert found["translation"].numpy()[0].decode() == each["translation"]
    units = tf.math.count_nonzero(text_model.target_preprocessing([each["translation"]])).numpy()
    assert found["score"].numpy()[0] == pytest.approx(each["score"] * (units + 1), rel=1e-3)
    assert limits(tf.constant([3, 0]), 1.5).numpy().tolist() == [5 + SPARE, SPARE]


def test_equal_translations_count_once() -> None:
    scores = np.array([-0.5, -0.75, -1.0, -np.inf])
    found = _best(["a", "a", "b", ""], scores, n_best=4)
    assert found["translations"] == ["a", "b"]
    assert found["scores"] == [-0.5, -1.0]
    assert _best(["a", "a", "b", ""], scores, n_best=1) == {"translation": "a", "score": -0.5}


def test_any_text_is_answered_alone_as_in_a_batch(fitted: Translator) -> None:
    texts = ["old Bird", "", "новости 🙂\0", "word " * 300, "house", "\ud800", "red\nred"]
    together = fitted.predict(texts)
    for text, answer in zip(texts, together, strict=True):
        (alone,) = fitted.predict([text])
        assert alone["translation"] == answer["translation"]
        assert alone["score"] == pytest.approx(answer["score"], abs=1e-4)
    assert fitted.predict([]) == []


def test_several_translations(fitted: Translator) -> None:
    (answer,) = fitted.predict(["old tree house"], beam_size=6, n_best=4)
    assert len(set(answer["translations"])) == 4
    assert answer["scores"] == sorted(answer["scores"], reverse=True)
    assert answer["translation"] == answer["translations"][0] == "Häuschen, Baum, alt!"
    (greedy,) = fitted.predict(["old tree house"], beam_size=1)
    assert greedy["translation"] == answer["translation"]
    (answer,) = fitted.predict(["old tree house"], n_best=7)  # of a beam of five
    assert len(answer["translations"]) == 7
    with pytest.raises(OptionError, match="n_best is 3; beam_size, 2, is the most"):
        fitted.predict(["x"], beam_size=2, n_best=3)
    for size in (0, 1000):
        with pytest.raises(OptionError, match=f"beam_size is {size}"):
            fitted.predict(["x"], beam_size=size)


def test_where_it_looks(fitted: Translator, loaded: Translator) -> None:
    for translator in (fitted, loaded):
        found = translator.align("old Bird")
        assert "".join(found["source"]) == "old Bird"
        assert "".join(found["target"]) == "Vogel, alt!"
        assert found["weights"].shape == (len(found["target"]), len(found["source"]))
        np.testing.assert_allclose(found["weights"].sum(axis=1), 1, atol=1e-5)
        other = translator.align("old Bird", "neu")
        assert "".join(other["target"]) == "neu"
        # Before a unit is written: the last one changes nothing.
        other = translator.align("old Bird", "Vogel, alt,")
        np.testing.assert_allclose(other["weights"], found["weights"], atol=1e-5)


def test_the_saved_model_answers_and_is_measured(fitted: Translator, loaded: Translator) -> None:
    data = pairs(50, seed=3)
    assert loaded.predict(data[0]) == fitted.predict(data[0])
    metrics = loaded.evaluate(data)
    assert metrics == fitted.evaluate(data)
    assert metrics["bleu"] > 80
    assert sum(row["pairs"] for row in metrics["by_length"]) == 50
    assert loaded.metrics["bleu"] == pytest.approx(fitted.metrics["bleu"])


def test_a_report_is_written(loaded: Translator, tmp_path: Path) -> None:
    data = pairs(20, seed=3)
    metrics = loaded.evaluate(data, output=tmp_path / "report")
    assert json.loads((tmp_path / "report/metrics.json").read_text())["bleu"] == metrics["bleu"]
    rows = pd.read_csv(tmp_path / "report/translations.csv", keep_default_na=False)
    assert sorted(rows["source"]) == sorted(data[0])
    assert rows["chrf"].is_monotonic_increasing
    assert (tmp_path / "report/bleu_by_length.png").read_bytes()[:4] == b"\x89PNG"


def test_the_signatures_have_names_shapes_and_types(run: Path) -> None:
    signatures = tf.saved_model.load(str(run / "1")).signatures
    golden = read_golden(run)
    assert [row["inputs"]["text"] for row in golden] == ["old Bird", "", "🙂 new"]
    assert _compare(signatures["serving_default"], golden, "at once") is None
    assert sorted(signatures) == ["align", "beam", "serving_default"]
    found = signatures["serving_default"](text=tf.constant(["old Bird", ""]))
    assert found["translation"].numpy()[0] == b"Vogel, alt!"
    assert (found["translation"].dtype, found["score"].shape) == (tf.string, (2,))
    found = signatures["beam"](text=tf.constant(["old Bird"]), beam_size=tf.constant(3))
    assert found["translations"].shape == found["scores"].shape == (1, 3)
    found = signatures["beam"](text=tf.constant(["x"]), beam_size=tf.constant(0))
    assert found["scores"].shape == (1, 1)


def test_a_run_is_loaded_to_be_exported_again(run: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(run, tmp_path / "run")
    loaded = Translator.load(copied)
    before = loaded.predict(["old Bird"])
    assert loaded.export(copied).name == "2"
    assert loaded.predict(["old Bird"])[0]["translation"] == before[0]["translation"]


def test_onnx_is_refused(fitted: Translator, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be exported as onnx"):
        fitted.export(tmp_path, format="onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {
            "attention": "none",
            "token_level": "words",
            "shared_vocabulary": False,
            "cell": "simple_rnn",
        },
        {
            "attention": "multiplicative",
            "cell": "lstm",
            "token_level": "characters",
            "layers": 2,
            "precision": "mixed_bfloat16",
        },
    ],
    ids=str,
)
def test_options_do_what_they_say(options: dict[str, Any], tmp_path: Path) -> None:
    translator = Translator(**SMALL | {"epochs": 2} | options).fit(pairs(120, seed=1))
    assert translator.history[-1]["loss"] < 0.9 * translator.history[0]["loss"]
    translator.save(tmp_path)
    translator.export(tmp_path)
    texts = ["old Bird", "unheard-of"]
    loaded = Translator.load(tmp_path)
    assert loaded.predict(texts) == translator.predict(texts)
    if options.get("attention") == "none":
        for each in (translator, loaded):
            with pytest.raises(ModelError, match="has no attention"):
                each.align("old Bird")


def test_two_translators_are_compared(fitted: Translator, not_trained: None) -> None:
    other = Translator(**SMALL).fit(pairs(80, seed=1))
    found = compare(other, fitted, pairs(60, seed=4))
    for name in ("bleu", "chrf"):
        assert found["metrics"][name]["better"] == "b"
        right = fitted.evaluate(pairs(60, seed=4))[name]
        assert found["metrics"][name]["b"] == pytest.approx(right)


def test_pairs_of_the_same_source_are_held_out_together() -> None:
    sources, targets = pairs(40, seed=1)
    translator = Translator(**SMALL)
    everything = open_pairs((sources * 3, targets * 3), "train", translator)
    prepared = prepare_pairs(Settings(translator), PairExamples(everything, translator))
    held = [pair.source for pair in prepared.held_out_pairs]
    assert held
    assert len(held) == 3 * sum(source in held for source in sources)


def test_long_pairs_are_left_out_of_training(caplog: pytest.LogCaptureFixture) -> None:
    sources, targets = pairs(60, seed=1)
    options = SMALL | {"validation_split": 0.0, "max_length": 40}
    translator = Translator(**options)
    both = (["red " * 99, *sources], ["rot " * 99, *targets])
    examples = PairExamples(open_pairs(both, "train", translator), translator)
    assert len(prepare_pairs(Settings(translator), examples).train) == 60
    assert "1 pair has a side of more than 40 tokens, and is left out" in caplog.text
    with pytest.raises(DataError, match="no pair that can be learnt from"):
        Translator(**options | {"max_length": 1}).fit((sources, targets))


def test_a_report_on_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.tasks.task.try_steps", lambda *_, **__: Trial(1, 100, 0.5))
    sources, targets = pairs(60, seed=1)
    odd = [("same", "same"), ("red", "rot " * 60), (sources[0], "anders")]
    both = tuple(
        list(side) + [pair[n] for pair in odd] for n, side in enumerate((sources, targets))
    )
    found = Translator(**SMALL).inspect(both, (sources[:2], targets[:2]))
    assert [file["rows"] for file in found["files"]] == [63, 2]
    assert found["lengths"]["held_out_source"]["max"] <= 4
    assert found["duplicates"]["exact"]["across"] == 2
    assert found["training"]["parameters"] > 1000
    kinds = {warning["kind"]: warning["message"] for warning in found["warnings"]}
    assert {"identical", "lengths", "overlap", "contradiction"} <= set(kinds)
    assert "row 61" in kinds["identical"]
    assert "1 pair with a side over 9 times longer" in kinds["lengths"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"attention": "dot"}, "attention is 'dot'"),
        ({"monitor": "f1"}, "monitor is 'f1'"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"max_tokens": 258}, "max_tokens is 258; subwords need more than 258"),
        ({"length_penalty": -1.0}, "length_penalty is -1.0"),
    ],
)
def test_impossible_options(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        Translator(**options)
