"""Language models that help to recognise speech, against brute force over all texts."""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.special import log_softmax

from tests.audio.test_fusion import by_all_paths
from toolkit.audio.fusion import fused_search
from toolkit.errors import ModelError, OptionError
from toolkit.export import Servable
from toolkit.tasks import LanguageModel
from toolkit.tasks.speech import language_model
from toolkit.tasks.speech.language_model import WordScores, fused_beam, open_scores
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


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("symbols", [CHARACTERS, WORDS])
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
        if level == "characters" and symbols == CHARACTERS:
            tokens = {c: i for i, c in enumerate(vocabulary) if i > 1}
            parts = [text[:place] for place in range(len(text))]
            score = sum(following(part)[tokens[text[len(part)]]] for part in parts)
            score += following(text)[0]  # the end
        else:
            known = {*vocabulary} if level == "words" else {*text.split()}
            unknown = sum(word not in known for word in text.split())
            score = -model.score([text])[0]["nll"] - np.log(language_model.SPELLINGS) * unknown
            logits = model._serve("read", text=[text], token=[0], state_0=nothing)["logits"]
            score += log_softmax(logits.astype(float))[0, 0]
        return float(0.7 * score + 0.3 * len(text.split()))

    nothing = np.zeros((1, SMALL["hidden_size"]))
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


class Unigrams:
    """A language model of words by their shares, in which half of all words are unknown."""

    shares = np.array([0.1, 0.5, 0.3, 0.0999, 0.0001])
    words = ("[END]", "[UNK]", "no", "known", "rare")
    signatures: ClassVar[dict[str, Any]] = {
        "step": SimpleNamespace(
            structured_input_signature=[SimpleNamespace(name="state_0", shape=(None, 1))]
        )
    }

    def __init__(self) -> None:
        self.most_rows = 0

    def __call__(self, signature: str, text: Any, token: Any, state_0: Any) -> dict[str, Any]:
        assert signature == "read"
        self.most_rows = max(self.most_rows, len(text))
        parts = [part.replace("-", " - ").split() for part in text]
        ids = [[self.words.index(w) if w in self.words else 1 for w in part] for part in parts]
        return {
            "nll": np.array([-np.log(self.shares[row]).sum() for row in ids], np.float32),
            "units": np.array([*map(len, ids)]),
            "token": np.array([[before, *row][-1] for before, row in zip(token, ids, strict=True)]),
            "state_0": state_0,
            "logits": np.tile(np.log(self.shares), (len(text), 1)).astype(np.float32),
        }


@pytest.mark.parametrize("word_by_word", [False, True])
def test_unknown_words_lose_to_known_ones(word_by_word: bool) -> None:
    model: Any = Unigrams()
    symbols = ["[UNK]", *(("rare", "rage", "raga") if word_by_word else "raeg ")]
    options = SearchOptions()
    options.language_model_weight, options.word_bonus = 1.0, 0.0
    scores = WordScores(model, True, options, symbols, word_by_word, "words")
    logits = np.full((len("rage"), len(symbols) + 1), -30.0)
    for step, letter in enumerate("rage"):  # the last ones are blanks of words
        logits[step, (2 if step == 0 else -1) if word_by_word else symbols.index(letter)] = 0
    alike = (0, 1) if word_by_word else (2, symbols.index("r"))  # rare for rage
    logits[alike] = -2.0
    matrix = log_softmax(logits, axis=1)
    (found,) = fused_search([matrix], 5, scores)
    texts = {"".join(symbols[c] for c in text.symbols): text.score for text in found}
    assert next(iter(texts)) == "rare"
    heard = matrix.max(axis=1).sum()
    of_words = np.log([0.5 / language_model.SPELLINGS, 0.1])  # of an unknown word and of the end
    assert texts["rage"] == pytest.approx(heard + of_words.sum(), abs=1e-4)
    assert texts["rare"] == pytest.approx(heard - 2 + np.log([0.0001, 0.1]).sum(), abs=1e-4)


def test_each_unknown_part_of_a_word_counts() -> None:
    model: Any = Unigrams()
    options = SearchOptions()
    options.language_model_weight, options.word_bonus = 1.0, 0.0
    scores = WordScores(model, True, options, ["[UNK]", " "], False, "words")
    words = ["known", "-", "known-no", "un-known", "un-un"]
    found = [score for score, _ in scores._scores([scores.start()] * len(words), words)]
    unknown = -np.log(language_model.SPELLINGS) + np.log(0.5)
    parts = [[2], [1], [2, 1, 3], [1, 1, 2], [1, 1, 1]]
    shares = np.log([1, 0.5 / language_model.SPELLINGS, 0.0999, 0.3])
    expected = [shares[part].sum() for part in parts]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found[1] == pytest.approx(unknown, abs=1e-4)
    many = [f"word{number}" for number in range(1000)]
    scores._scores([scores.start()] * len(many), many)
    assert model.most_rows <= language_model.ROWS


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
