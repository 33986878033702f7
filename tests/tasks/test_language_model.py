"""The language model, from text to a SavedModel that writes more of it."""

import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from trained import LANGUAGE_MODEL as SMALL
from trained import TEXT, TrainedRun, load_archive

from toolkit.errors import DataError, ModelError, OptionError
from toolkit.export import Servable, read_golden
from toolkit.export.options import GenerationOptions
from toolkit.export.verify import _compare
from toolkit.tasks import EntityTagger, LanguageModel, LanguageModelOptions, TextClassifier

pytestmark = pytest.mark.xdist_group("language_model")

TEXTS = [f"the {size} {what}" for size in ("old", "new", "big") for what in ("bird", "tree")] * 20
WRITING = {
    "max_length": 25,
    "temperature": 0.7,
    "top_k": 6,
    "top_p": 0.9,
    "repetition_penalty": 1.5,
    "seed": 5,
}


@pytest.fixture(scope="module")
def fitted(
    language_model_run: TrainedRun, tmp_path_factory: pytest.TempPathFactory
) -> LanguageModel:
    return load_archive(LanguageModel, language_model_run, tmp_path_factory.mktemp("lm") / "run")


@pytest.fixture(scope="module")
def of_texts() -> LanguageModel:
    """A model of many short texts, which end."""
    return LanguageModel(token_level="words", epochs=30, validation_split=0, **SMALL).fit(TEXTS)


@pytest.fixture(scope="module")
def run(language_model_run: TrainedRun) -> Path:
    return language_model_run.path


@pytest.fixture(scope="module")
def loaded(run: Path) -> LanguageModel:
    return LanguageModel.load(run)


@pytest.fixture(scope="module")
def servable(run: Path) -> Servable:
    return Servable.load(run)


def test_it_learns_and_says_how_well(fitted: LanguageModel) -> None:
    metrics = fitted.metrics
    assert 0 < metrics["log_loss"] < 2.2  # by letters alone about 2.6
    assert metrics["perplexity"] == pytest.approx(math.exp(metrics["log_loss"]))
    assert metrics["bits"] == pytest.approx(metrics["log_loss"] / math.log(2))
    assert metrics["units"] == round(0.1 * len(TEXT))


@pytest.mark.slow
def test_the_same_seed_writes_the_same_text_everywhere(
    fitted: LanguageModel, loaded: LanguageModel, servable: Servable, run: Path
) -> None:
    text = fitted.generate("7 and ", **WRITING)
    assert text.startswith("7 and ")
    assert len(text) == len("7 and ") + 25
    assert text != fitted.generate("7 and ", **{**WRITING, "seed": 6})
    assert "".join(fitted.stream("7 and ", **WRITING)) == text
    # Weights are stored in half precision, so the exported model is another by a hair.
    again = loaded.generate("7 and ", **WRITING)
    assert "".join(loaded.stream("7 and ", **WRITING)) == again
    (row,) = loaded.predict(["7 and "], **WRITING)
    assert row == {"text": again, "prompt": "7 and "}
    asked = {**WRITING, "seed": [5, 0]}
    assert servable(signature="generate", prompt=["7 and "], **asked)["text"].tolist() == [again]
    assert _compare(servable.signatures["serving_default"], read_golden(run), "at once") is None


def test_prefill_and_step_give_what_is_written_in_one_go(servable: Servable) -> None:
    model = servable
    prompts = ["7 and ", "12"]
    found = model(signature="prefill", prompt=prompts)
    tokens = []
    for _ in range(200):
        tokens.append(found["logits"].argmax(axis=1).astype(np.int32))
        state = {name: value for name, value in found.items() if name != "logits"}
        found = model(signature="step", token=tokens[-1], **state)
    written = model(signature="detokenize", tokens=np.stack(tokens, axis=1))["text"]
    texts = model(prompt=prompts)["text"]
    assert texts.tolist() == [a + b for a, b in zip(prompts, written, strict=True)]
    for prompt, text in zip(prompts, texts, strict=True):  # alone as in a batch
        assert model(prompt=[prompt])["text"][0] == text


def test_without_conditions_none_is_asked_for(fitted: LanguageModel, servable: Servable) -> None:
    signatures = servable.signatures
    takes = {
        name: sorted(found.structured_input_signature[1]) for name, found in signatures.items()
    }
    writing = ["max_length", "prompt", "repetition_penalty", "seed", "temperature"]
    assert takes == {
        "serving_default": ["prompt"],
        "generate": [*writing, "top_k", "top_p"],
        "score": ["text"],
        "read": ["state_0", "text", "token"],
        "prefill": ["prompt"],
        "step": ["state_0", "token"],
        "detokenize": ["tokens"],
    }
    with pytest.raises(OptionError, match="has learnt no conditions"):
        fitted.generate("x", condition="warm")


def test_scores_are_sums_of_the_units_surprises(fitted: LanguageModel, servable: Servable) -> None:
    model = servable
    tokenizer = fitted._needs_model("x").preprocessing
    text = "3 and 4"
    sizes = {"state_0": np.zeros((1, SMALL["hidden_size"]), np.float32)}
    found = model(signature="read", text=[""], token=[0], **sizes)
    wanted = one_by_one = 0.0
    for letter in text:
        wanted -= tf.nn.log_softmax(found["logits"][0])[int(tokenizer([letter])[0, 0])]
        state = {name: found[name] for name in ("token", "state_0")}
        found = model(signature="read", text=[letter], **state)
        one_by_one += found["nll"][0]
    scored = model(signature="score", text=[text, ""])
    assert scored["units"].tolist() == [len(text), 0]
    np.testing.assert_allclose(scored["nll"], [wanted, 0], rtol=1e-4)
    assert one_by_one == pytest.approx(float(wanted), rel=1e-4)
    # What is never written takes some of the share of the rest.
    before = model(signature="prefill", prompt=["3"])["logits"][0]
    assert (before[:2] == np.finfo(np.float32).min).all()
    assert (before[2:] > -100).all()


def test_evaluation_is_one_pass(loaded: LanguageModel, tmp_path: Path) -> None:
    model = loaded
    text = TEXT[:500]
    (scored,) = model.score([text])
    measured = model.evaluate([text], tmp_path / "report")
    assert measured["units"] == scored["units"] == len(text)
    assert measured["log_loss"] * len(text) == pytest.approx(scored["nll"], rel=1e-4)
    assert (tmp_path / "report" / "metrics.json").is_file()
    path = tmp_path / "long.txt"
    path.write_text(TEXT)  # more than is read at once
    (whole,) = model.score([TEXT])
    found = model.evaluate(path)
    assert found["log_loss"] * len(TEXT) == pytest.approx(whole["nll"], rel=1e-4)
    statistics = model.statistics(path)
    assert len(statistics.rows) > 1
    assert statistics.rows.sum(axis=0)[1:].tolist() == [len(TEXT), len(TEXT)]


def test_texts_end(of_texts: LanguageModel) -> None:
    for seed in range(4):
        text = of_texts.generate("the", temperature=0.5, seed=seed, max_length=50)
        assert len(text.split()) < 8
        assert text.startswith("the ")
        assert "".join(of_texts.stream("the", temperature=0.5, seed=seed, max_length=50)) == text
    found = of_texts.evaluate(["the old bird", "the new tree"])
    assert found["units"] == 8  # with the ends
    assert found["log_loss"] < 1


@pytest.mark.slow
def test_several_texts_are_measured_as_in_training(not_trained: None) -> None:
    held_out = TEXTS[:7]
    model = LanguageModel(token_level="words", **SMALL).fit(TEXTS, held_out)
    assert model.metrics["units"] == 7 * 4
    measured = model.evaluate(held_out)
    assert measured["units"] == model.metrics["units"]
    assert measured["log_loss"] == pytest.approx(model.metrics["log_loss"], rel=1e-5)


@pytest.mark.slow
def test_where_no_end_was_learnt_none_is_measured(not_trained: None) -> None:
    model = LanguageModel(token_level="words", **SMALL).fit([" ".join(TEXTS)], TEXTS[:7])
    assert model.metrics["units"] == 7 * 3
    assert model.evaluate(TEXTS[:7])["log_loss"] == pytest.approx(model.metrics["log_loss"])


def test_the_last_of_a_few_texts_is_held_out(not_trained: None) -> None:
    model = LanguageModel(**SMALL).fit([TEXT[:900], TEXT[900:1800], TEXT[1800:2700]])
    assert model.metrics["units"] == 900
    with pytest.raises(DataError, match="is more than half of it"):
        LanguageModel(**SMALL).fit(["short", "short too", TEXT])


def test_words_need_no_second_space(of_texts: LanguageModel) -> None:
    for prompt in ("the ", "the\n"):
        text = of_texts.generate(prompt, max_length=2, seed=1)
        assert text.startswith(prompt)
        assert not text[len(prompt)].isspace()
        assert "".join(of_texts.stream(prompt, max_length=2, seed=1)) == text


def test_prompts_of_every_kind(fitted: LanguageModel) -> None:
    for prompt in ("", "好看 👍🏽 \ud800", "x" * 5_000):
        text = fitted.generate(prompt, max_length=5)
        assert len(text) == len(prompt) + 5
    assert fitted.generate("1", max_length=0) == "1"
    assert fitted.generate("1", temperature=0) == fitted.generate("1", temperature=0, seed=9)
    assert "[UNK]" not in fitted.generate("", temperature=50, max_length=300)


@pytest.mark.slow
def test_subwords_and_sampled_softmax() -> None:
    model = LanguageModel(
        token_level="subwords", epochs=1, max_tokens=300, sampled_softmax=5, **SMALL
    )
    model.fit([TEXT])
    assert math.isfinite(model.metrics["log_loss"])
    text = model.generate("1 and", max_length=5, seed=1)
    assert "".join(model.stream("1 and", max_length=5, seed=1)) == text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"token_level": "subwords", "lowercase": True}, "lowercase"),
        ({"monitor": "accuracy"}, "monitor"),
        ({"window": 0}, "window"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        LanguageModelOptions(**options)


@pytest.mark.parametrize(
    "options",
    [
        *({"temperature": -1}, {"top_p": 1.5}, {"top_p": 0}, {"max_length": 10**6}),
        *({"top_k": -1}, {"repetition_penalty": 0}, {"seed": -1}),
        *({"temperature": float("inf")}, {"temperature": float("nan")}),
    ],
)
def test_writing_that_cannot_be(options: dict[str, float], fitted: LanguageModel) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        GenerationOptions(**options)
    with pytest.raises(OptionError, match=next(iter(options))):
        fitted.generate("x", **options)


def test_a_prompt_and_more_than_a_condition(fitted: LanguageModel) -> None:
    with pytest.raises(DataError, match="not a pair of a prompt and its condition"):
        fitted.predict([("x", "y", "z")])


@pytest.mark.slow
def test_too_little_text(not_trained: None) -> None:
    for text in ("", "a"):
        with pytest.raises(DataError, match=r"no text|too little"):
            LanguageModel(**SMALL).fit([text])
    one_letter = LanguageModel(epochs=1, **SMALL).fit(["a" * 200])
    assert one_letter.generate("", max_length=4) == "aaaa"
    with pytest.raises(ModelError, match="nothing has been learnt"):
        LanguageModel().generate("x")


@pytest.mark.slow
def test_a_classifier_starts_from_a_language_model(
    of_texts: LanguageModel, tmp_path: Path, not_trained: None
) -> None:
    of_texts.save(tmp_path / "lm")
    data = (TEXTS, [text.split()[1] for text in TEXTS])
    options = {"pretrained": str(tmp_path / "lm"), "min_count": 1, "validation_split": 0}
    begun = TextClassifier(**options).fit(data)
    network = begun.sequence_model.network
    language = of_texts.sequence_model.network
    assert (
        begun.sequence_model.preprocessing.vocabulary
        == of_texts.sequence_model.preprocessing.vocabulary
    )
    for one, other in zip(
        network.recurrent[0].forward_layer.get_weights(),
        language.recurrent[0].get_weights(),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    ids = of_texts.sequence_model.preprocessing(["the old bird"])
    np.testing.assert_allclose(
        network.front.embedding(ids), language.front.embedding(ids), atol=1e-5
    )
    assert begun.facts["hidden_size"] == SMALL["hidden_size"]
    report = TextClassifier(**options).inspect(data)
    assert report["vocabulary"]["entries"] == len(of_texts.sequence_model.preprocessing.vocabulary)
    assert report["training"]["parameters"] == network.count_params()
    with pytest.raises(OptionError, match="token_level is characters"):
        TextClassifier(token_level="characters", **options).inspect(data)
    begun.export(tmp_path / "run")
    assert TextClassifier.load(tmp_path / "run").predict(["the old bird"])[0]["label"]
    with pytest.raises(OptionError, match=r"cell is lstm; that of the pretrained model is gru"):
        TextClassifier(cell="lstm", **options).fit(data)
    with pytest.raises(OptionError, match="token_level is characters"):
        TextClassifier(token_level="characters", **options).fit(data)
    with pytest.raises(ModelError, match=r"model\.keras, which is missing"):
        TextClassifier(pretrained=str(tmp_path / "run")).fit(data)
    begun.save(tmp_path / "run")
    with pytest.raises(ModelError, match="is not a language model"):
        TextClassifier(pretrained=str(tmp_path / "run")).fit(data)


@pytest.mark.slow
def test_a_tagger_starts_from_a_language_model(
    of_texts: LanguageModel, tmp_path: Path, not_trained: None
) -> None:
    of_texts.save(tmp_path / "lm")
    marked = [
        {"text": text, "entities": [{"start": 0, "end": len(text.split()[0]), "label": "X"}]}
        for text in TEXTS
    ]
    options = {"pretrained": str(tmp_path / "lm"), "character_size": 4, "validation_split": 0}
    tagger = EntityTagger(**options).fit(marked)
    network, language = tagger.sequence_model.network, of_texts.sequence_model.network
    ours, theirs = (
        layer.get_weights() for layer in (network.recurrent[0].forward_layer, language.recurrent[0])
    )
    np.testing.assert_array_equal(ours[0][: len(theirs[0])], theirs[0])
    assert len(ours[0]) > len(theirs[0])  # what else is known of a word
    assert np.abs(ours[0][len(theirs[0]) :]).max() > 0
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    words = [word for word in ("the", "old", "bird") if word in " ".join(TEXTS)]
    ids = of_texts.sequence_model.preprocessing([" ".join(words)])
    places = [tagger.sequence_model.preprocessing.words.index(word) for word in words]
    vectors = network.front.embedding.embeddings.numpy()[places]
    np.testing.assert_allclose(vectors, language.front.embedding(ids)[0], atol=1e-5)
    assert tagger.facts["hidden_size"] == SMALL["hidden_size"]
    assert tagger.predict([TEXTS[0]])
    with pytest.raises(OptionError, match="vectors come from pretrained or from a file"):
        EntityTagger(vectors="glove.txt", **options)
