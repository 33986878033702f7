"""Language models that help to recognise speech, against brute force over all texts."""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from tests.audio.test_fusion import by_all_paths
from toolkit.audio.fusion import fused_search
from toolkit.errors import ModelError, OptionError
from toolkit.export import Servable
from toolkit.tasks import LanguageModel
from toolkit.tasks.speech import language_model
from toolkit.tasks.speech.language_model import fused_beam, open_scores
from toolkit.tasks.speech.options import SearchOptions

TEXTS = ["ab b", "b ab", "a b ab", "ab ab", "b"] * 8
SMALL: dict[str, Any] = {
    "hidden_size": 6,
    "embedding_size": 4,
    "epochs": 2,
    "validation_split": 0,
    "learning_rate": 0.05,
    "storage": "float32",
}
LEVELS = ("characters", "words")
#: The symbols of recognisers; the first stands for unknown ones.
CHARACTERS, WORDS = ["[UNK]", "a", "b", " "], ["[UNK]", "ab", "b"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Exported language models by their token levels."""
    folder = tmp_path_factory.mktemp("language_models")
    for level in LEVELS:
        LanguageModel(token_level=level, **SMALL).fit(TEXTS).export(folder / level)
    return {level: folder / level for level in LEVELS}


@pytest.fixture(scope="module", autouse=True)
def _each_is_loaded_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        load = functools.cache(Servable.load)
        patch.setattr(language_model, "Servable", SimpleNamespace(load=load))
        yield


def text_of(classes: tuple[int, ...], symbols: list[str]) -> str:
    """The text of classes."""
    return (" " if symbols == WORDS else "").join(symbols[c] for c in classes)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("symbols", [CHARACTERS, pytest.param(WORDS, marks=pytest.mark.slow)])
def test_texts_are_ranked_by_both_models(
    runs: dict[str, Path], level: str, symbols: list[str]
) -> None:
    options = SearchOptions(
        beam_size=100,
        language_model=str(runs[level]),
        language_model_weight=0.7,
        word_bonus=0.3,
    )
    model = LanguageModel.load(runs[level])

    @functools.cache
    def following(prompt: str) -> Any:
        """The log probabilities of tokens after a text, which is read from its beginning."""
        return log_softmax(model._serve("prefill", prompt=[prompt])["logits"].astype(float))[0]

    def of(classes: tuple[int, ...]) -> float:
        if 0 in classes:
            return -np.inf
        text = text_of(classes, symbols)
        score = following(text)[0]  # of the end
        if level == "characters" and symbols == CHARACTERS:
            tokens = {c: i for i, c in enumerate(vocabulary) if i > 1}
            parts = [text[:place] for place in range(len(text))]
            score += sum(following(part)[tokens[text[len(part)]]] for part in parts)
        else:
            score -= model.score([text])[0]["nll"]
        return float(0.7 * score + 0.3 * len(text.split()))

    vocabulary = [
        str(model._serve("detokenize", tokens=[[token]])["text"][0])
        for token in range(len(following("")))
    ]
    random = np.random.default_rng(3)
    matrix = log_softmax(random.normal(size=(4, len(symbols) + 1)), axis=1)
    scores = open_scores(options, symbols, word_by_word=symbols == WORDS)
    (found,) = fused_search([matrix], 1000, scores, least=-np.inf)
    expected = by_all_paths(matrix, of)
    assert len(found) == len(expected) > 10
    by_text = {text.symbols: text.score for text in found}
    for classes, score in expected:
        assert by_text[classes] == pytest.approx(score, abs=1e-4)
    assert [*by_text.values()] == sorted(by_text.values(), reverse=True)


def test_answers_are_those_of_a_beam_with_times(runs: dict[str, Path]) -> None:
    def ask(audio: Any, length: Any) -> dict[str, Any]:
        steps = np.array([[1, 1, 4, 3, 2, 4]])  # "a b", the blank last
        logits = np.repeat(12 * np.eye(5)[steps], len(audio), axis=0)
        return {
            "log_probabilities": log_softmax(logits, axis=2),
            "steps": np.full(len(audio), 6),
            "symbols": np.array(CHARACTERS, object),
        }

    options = SearchOptions(beam_size=3, language_model=str(runs["characters"]))
    outputs = fused_beam(ask, options, 0.02, word_by_word=False)(np.zeros((2, 9)), np.array([9, 0]))
    assert outputs["texts"][0].tolist()[0] == "a b"
    assert outputs["texts"][1].tolist() == [""]
    assert outputs["symbol"][0].tolist() == ["a", " ", "b"]
    np.testing.assert_allclose(outputs["start"][0], [0.0, 0.06, 0.08])
    np.testing.assert_allclose(outputs["end"][0] - outputs["start"][0], 0.02)
    assert all(a >= b for a, b in itertools.pairwise(outputs["scores"][0]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"beam_size": 1}, "texts of a beam search; set beam_size=10"),
        ({"language_model_weight": -1.0}, "must be at least 0"),
        ({"language_model": None, "word_bonus": 1.0}, "word_bonus needs language_model='RUN'"),
        ({"language_model": "nowhere"}, "nowhere"),
    ],
)
def test_a_language_model_that_cannot_help(
    runs: dict[str, Path], change: dict[str, Any], problem: str
) -> None:
    values: dict[str, Any] = {"beam_size": 5, "language_model": str(runs["words"])}
    with pytest.raises((OptionError, ModelError), match=problem):
        SearchOptions(**{**values, **change})


def test_a_language_model_must_know_the_symbols(
    runs: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    values = {level: SearchOptions(beam_size=5, language_model=str(runs[level])) for level in runs}
    with pytest.raises(OptionError, match="does not know 'é', 'q', which the recogniser writes"):
        open_scores(values["characters"], [*CHARACTERS, "é", "q"], word_by_word=False)
    with pytest.raises(OptionError, match="does not know 'q'"):
        open_scores(values["characters"], ["[UNK]", "ab", "qa"], word_by_word=True)
    with pytest.raises(OptionError, match="does not know 'nine'"):
        open_scores(values["words"], ["[UNK]", "nine"], word_by_word=True)
    open_scores(values["words"], ["[UNK]", "ab", "nine"], word_by_word=True)
    assert "does not know these words: 'nine'" in caplog.text
