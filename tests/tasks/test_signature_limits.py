"""The limits of the signatures: what is cut is said, and the rest is answered as if it were all."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.models import EncoderDecoder, ManyToOne, OneToMany, OneToOne, SequenceModel
from toolkit.tasks import LanguageModel, TextClassifier, Translator
from toolkit.tasks.classification.card import card_words as classifier_words
from toolkit.tasks.classification.serving import signature
from toolkit.tasks.language_modelling.card import card_words as writer_words
from toolkit.tasks.language_modelling.serving import signatures as writing_signatures
from toolkit.tasks.translation.card import card_words as translator_words
from toolkit.tasks.translation.serving import SPARE, signatures
from toolkit.text import SubwordTokenizer, Tokenizer

WORDS = ["a", "b", "c", "d", "e", "f"]
TEXTS = ["", "a", "a b c d", "a b c d e", "f e d c b a f", "a " * 99, "b" * 400, "c " + "\n" * 450]


def random_weights(network: keras.Model) -> keras.Model:
    """A network with other weights than zeros, so that each token matters."""
    network.build()
    random = np.random.default_rng(0)
    network.set_weights([random.normal(size=w.shape) for w in network.get_weights()])
    return network


def of_texts(function: Any) -> Callable[[Sequence[str]], dict[str, Any]]:
    """A signature of texts alone, as a function of strings."""
    return lambda texts: {k: v.numpy() for k, v in function(tf.constant(texts)).items()}


@pytest.mark.usefixtures("eager")
class TestClassifier:
    def serving(self, truncation: str, most: int, network: keras.Model | None = None, **window):
        tokenizer = Tokenizer(vocabulary=WORDS, max_length=9, truncation=truncation)
        network = network or random_weights(ManyToOne(8, 2, embedding_size=3, hidden_size=3))
        model = SequenceModel(tokenizer, network)
        return of_texts(signature(model, ("no", "yes"), most, **window))

    @pytest.mark.parametrize("truncation", ["head", "tail", "head_and_tail"])
    def test_what_is_kept_is_answered_as_if_it_were_all(self, truncation: str) -> None:
        ask = self.serving(truncation, 4)
        found = ask(TEXTS)
        first = {"head": 400, "tail": 0, "head_and_tail": 200}[truncation]
        texts = [t if len(t) <= 400 else t[:first] + t[len(t) - 400 + first :] for t in TEXTS]
        words = [text.split() for text in texts]
        longer = [len(each) > 4 or len(text) > 400 for each, text in zip(words, TEXTS, strict=True)]
        assert found["truncated"].tolist() == longer
        assert found["truncated"].dtype == bool
        first = {"head": 4, "tail": 0, "head_and_tail": 2}[truncation]
        kept = [
            " ".join(each if len(each) <= 4 else each[:first] + each[len(each) - 4 + first :])
            for each in words
        ]
        again = ask([text for text in kept if len(text) <= 400])
        assert not again["truncated"].any()
        np.testing.assert_allclose(found["probabilities"], again["probabilities"], atol=1e-6)

    def test_a_million_characters_are_read_as_their_ends(self) -> None:
        ask = self.serving("head_and_tail", 4)
        middle = "d e f " * 166_666
        found = ask([f"a b {middle} b c", "a b b c"])
        assert found["truncated"].tolist() == [True, False]
        np.testing.assert_allclose(found["probabilities"][0], found["probabilities"][1], atol=1e-6)

    def test_more_tokens_than_in_training_may_be_read(self) -> None:
        found = self.serving("head", 99)(TEXTS)
        assert not found["truncated"].any()

    def test_a_window(self) -> None:
        network = random_weights(OneToOne(8, 2, window=2, embedding_size=3, hidden_size=3))
        found = self.serving("head", 9, network, window=2)(["", "a", "a b", "a b c", "a " * 20])
        assert found["truncated"].tolist() == [False, False, False, True, True]

    def test_the_card_says_it(self) -> None:
        task = TextClassifier(max_text_length=1000)
        words = classifier_words(task, {"max_length": 400})["long_texts"]
        assert words.startswith("Of a text of more than 1,000 words, or 100 times as many charact")
        words = classifier_words(TextClassifier(), {"max_length": 400})["long_texts"]
        assert "more than 400 words" in words
        assert "`truncated`" in words

    def test_impossible_limits(self) -> None:
        with pytest.raises(OptionError, match="max_text_length is 0; it must be at least 1"):
            TextClassifier(max_text_length=0)


@pytest.fixture(scope="module", params=["subwords", pytest.param("words", marks=pytest.mark.slow)])
def model(request: pytest.FixtureRequest) -> SequenceModel:
    """A translator that has learnt nothing."""
    if request.param == "words":
        layer: Any = Tokenizer(vocabulary=WORDS)
    else:
        layer = SubwordTokenizer(300)
        layer.adapt(["a b c d e f"] * 9)
    size = layer.vocabulary_size
    network = EncoderDecoder(size, size, embedding_size=3, hidden_size=3)
    return SequenceModel(layer, random_weights(network))


class TestTranslator:
    def count(self, model: SequenceModel, text: str) -> int:
        return int(tf.math.count_nonzero(model.preprocessing(tf.constant([text]))))

    @pytest.mark.usefixtures("eager")
    def test_the_beginning_is_translated_as_if_it_were_all(self, model: SequenceModel) -> None:
        served = signatures(model, 2, 1.0, 1.0, max_text_length=7, max_beam_size=3)
        texts = [*TEXTS, "a b c d e f " * 80_000, "e" * 1_000_000]
        counts = [min(self.count(model, text[:900]), 99) for text in texts]
        long = [n > 7 or len(text) > 700 for n, text in zip(counts, texts, strict=True)]
        whole = signatures(model, 2, 1.0, 1.0)
        found = of_texts(served["serving_default"])(texts)
        assert found["truncated"].tolist() == long
        layer = model.preprocessing
        if isinstance(layer, Tokenizer):
            beginnings = [" ".join(text[:700].split()[:7]) for text in texts]
        else:
            ids = [layer(tf.constant([text[:700]]))[0, :7] for text in texts]
            beginnings = [layer.detokenize(each).numpy() for each in ids]
        expected = of_texts(whole["serving_default"])(beginnings)
        assert not expected["truncated"].any()
        assert found["translation"].tolist() == expected["translation"].tolist()
        np.testing.assert_allclose(found["score"], expected["score"], atol=1e-5)

        several = served["beam"](tf.constant(texts), tf.constant(3))
        assert several["translations"].shape == (len(texts), 3)
        assert several["truncated"].numpy().tolist() == long

    def test_a_beam_that_is_too_large(self, model: SequenceModel) -> None:
        beam = signatures(model, 2, 1.0, 1.0, max_text_length=7, max_beam_size=3)["beam"]
        text = tf.constant(["a b"])
        for size in (4, 10_000, 2**31 - 1):
            message = rf"beam_size must be at most 3, and is\] \[{size}\]"
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                beam(text, tf.constant(size))
        assert [beam(text, tf.constant(size))["scores"].shape[1] for size in (-1, 0, 1, 3)] == [
            *(1, 1, 1, 3)
        ]

    @pytest.mark.usefixtures("eager")
    def test_the_attention_of_a_long_pair(self, model: SequenceModel) -> None:
        align = signatures(model, 2, 1.0, 1.0, max_text_length=7)["align"]
        text, other = tf.constant(["a b c", "d e " * 500]), tf.constant(["f " * 10_000, "a"])
        found = align(text, other)
        assert found["truncated"].numpy().tolist() == [True, True]
        assert found["weights"].shape == (2, 7 + SPARE, 7)
        assert align(text[:1], other[1:])["truncated"].numpy().tolist() == [False]

    def test_the_card_says_it(self) -> None:
        words = translator_words(Translator(max_beam_size=20), {"data": "a.en and a.de"})
        assert words["limits"][0] == "`beam_size` is at most 20."
        assert "more than 300 subwords" in words["long_texts"]
        assert "`truncated`" in words["long_texts"]
        words = translator_words(Translator(max_text_length=50), {"data": "a.en and a.de"})
        assert "more than 50 subwords" in words["long_texts"]

    def test_impossible_limits(self) -> None:
        with pytest.raises(OptionError, match="max_beam_size is 101; it must be at least 1 and"):
            Translator(max_beam_size=101)

    def test_a_search_that_the_model_does_not_make(self) -> None:
        task = Translator(max_beam_size=8)
        for asked in ({"beam_size": 9}, {"n_best": 9}):
            name = next(iter(asked))
            with pytest.raises(OptionError, match=f"{name} is 9; this model searches with"):
                task.predict(["a"], **asked)

    def test_a_beam_below_that_of_the_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        task, asked = Translator(max_beam_size=3), []
        monkeypatch.setattr(task, "_check_fitted", lambda: None)

        def serve(signature: str, **inputs: Any) -> dict[str, Any]:
            asked.append((signature, inputs.get("beam_size")))
            if signature == "beam":
                return {"translations": [["b"]], "scores": np.zeros([1, 1])}
            return {"translation": ["b"], "score": np.zeros([1])}

        monkeypatch.setattr(task, "_serve", serve)
        for options in ({}, {"n_best": 2}, {"beam_size": 3}, {"beam_size": 5}):
            task.predict(["a"], **options)
        assert asked == [
            *(("serving_default", None), ("beam", 3), ("beam", 3), ("serving_default", None)),
        ]
        with pytest.raises(OptionError, match="beam_size is 4; this model searches with at most 3"):
            task.predict(["a"], beam_size=4)


class TestLanguageModel:
    def test_a_text_that_is_too_long_to_be_generated(self) -> None:
        network = random_weights(OneToMany(5, embedding_size=3, hidden_size=3))
        model = SequenceModel(Tokenizer("characters", vocabulary=[*"abc"]), network)
        generate = writing_signatures(model, ends=False, max_generated_length=6)["generate"]
        options = [tf.constant(x) for x in (1.0, 0, 1.0, 1.0, [0, 0])]
        for most, length in ((0, 1), (6, 7)):
            (text,) = generate(tf.constant(["a"]), tf.constant(most), *options)["text"].numpy()
            assert len(text.decode()) == length
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"at most 6, and is\] \[7\]"):
            generate(tf.constant(["a"]), tf.constant(7), *options)

    def test_it_is_said(self) -> None:
        task = LanguageModel(max_generated_length=6)
        with pytest.raises(OptionError, match="max_length is 7; this model generates at most 6"):
            task.generate("a", max_length=7)
        assert writer_words(task, {})["limits"][0] == "`max_length` is at most 6."
        with pytest.raises(OptionError, match="max_generated_length is 0; it must be at least 1"):
            LanguageModel(max_generated_length=0)
