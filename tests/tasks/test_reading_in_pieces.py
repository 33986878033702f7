"""Taggers and language models read long texts in pieces, and short ones as before."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models import ManyToMany, OneToMany, SequenceModel
from toolkit.tasks import EntityTagger
from toolkit.tasks.entities.card import card_words
from toolkit.tasks.entities.serving import piece_lengths, signatures
from toolkit.tasks.language_modelling import serving as writing
from toolkit.text import TokenFeatures, Tokenizer

pytestmark = pytest.mark.usefixtures("eager")

#: The limit of the tests, in tokens.
MOST = 6
WORDS = ["Ada", "met", "Bo", "in", "Cork", "and", "left", "."]


def random_weights(network: keras.Model) -> None:
    """Give a network other weights than zeros, so that each token matters."""
    network.build()
    random = np.random.default_rng(0)
    network.set_weights([random.normal(size=w.shape) for w in network.get_weights()])


@given(lengths=st.lists(st.integers(0, 30), max_size=5), most=st.integers(1, 31))
def test_lengths_of_pieces(lengths: list[int], most: int) -> None:
    found = piece_lengths(tf.constant(lengths, tf.int64), most).numpy().tolist()
    ends = [[*range(0, n, most), n] for n in lengths]
    assert found == [b - a for each in ends for a, b in pairwise(each) if b > a]


@pytest.fixture(scope="module")
def tagger() -> SequenceModel:
    """A tagger that has learnt nothing."""
    features = TokenFeatures()
    features.adapt(dict.fromkeys(WORDS, 1))
    sizes = {"embedding_size": 4, "hidden_size": 4, "shape_size": 2, "affix_size": 0}
    network = ManyToMany(features.sizes, ["PER", "LOC"], characters="none", **sizes)
    random_weights(network)
    return SequenceModel(features, network)


@cache
def served(model: SequenceModel, sentences: bool, most: int | None) -> Any:
    """The signature that finds entities in texts."""
    return signatures(model, ["PER", "LOC"], sentences, most)["serving_default"]


class TestTagger:
    def ask(self, model: SequenceModel, sentences: bool, most: int | None, texts: Sequence[str]):
        serve = served(model, sentences, most)
        found = {name: value.numpy() for name, value in serve(tf.constant(texts)).items()}
        return [
            [
                tuple(
                    found[f"entity_{part}"][row][n] for part in ("start", "end", "label", "score")
                )
                for n in range(found["entity_count"][row])
            ]
            for row in range(len(texts))
        ]

    def assert_same(self, some: Any, others: Any) -> None:
        assert [[e[:3] for e in text] for text in some] == [[e[:3] for e in t] for t in others]
        for one, other in zip(some, others, strict=True):
            assert [e[3] for e in one] == pytest.approx([e[3] for e in other], abs=1e-5)

    TEXTS = ("", "Ada met Bo . Bo left", "Ada", ". " * 5, "Bo met Ada and left Cork")

    @pytest.mark.parametrize("sentences", [False, pytest.param(True, marks=pytest.mark.slow)])
    def test_what_is_within_the_limit_is_as_before(self, tagger, sentences: bool) -> None:
        before = self.ask(tagger, sentences, None, self.TEXTS)
        assert sum(map(len, before)) > 3
        self.assert_same(self.ask(tagger, sentences, MOST, self.TEXTS), before)

    def test_a_long_sentence_is_read_in_pieces(self, tagger: SequenceModel) -> None:
        words = np.random.default_rng(1).choice(WORDS[:-1], 23).tolist()
        pieces = [" ".join(words[n : n + MOST]) for n in range(0, 23, MOST)]
        apart = self.ask(tagger, True, None, pieces)
        starts = np.cumsum([0, *(len(piece) + 1 for piece in pieces)]).tolist()
        shifted = [
            (start + s, start + e, label, score)
            for start, found in zip(starts, apart, strict=False)
            for s, e, label, score in found
        ]
        text = " ".join(pieces)
        for sentences in (True, False):
            found = self.ask(tagger, sentences, MOST, ["Ada", text, text])
            self.assert_same(found[1:], [shifted, shifted])

    def test_a_long_text_is_read_sentence_by_sentence(self, tagger: SequenceModel) -> None:
        text = "Ada met Bo . Cork . Bo left in Cork ."
        by_sentence = self.ask(tagger, True, None, [text, "Ada . Bo ."])
        whole = self.ask(tagger, False, None, [text, "Ada . Bo ."])
        self.assert_same(
            self.ask(tagger, False, MOST, [text, "Ada . Bo ."]), [by_sentence[0], whole[1]]
        )

    @pytest.mark.slow
    def test_tokens_are_tagged_in_pieces(self, tagger: SequenceModel) -> None:
        words = np.random.default_rng(1).choice(WORDS[:-1], 23).tolist()
        rows = tf.constant([words, ["Ada", "", "met", *[""] * 20], [""] * 23])
        pieces = [words[n : n + MOST] for n in range(0, 23, MOST)]
        apart = tf.constant([[*piece, *[""] * (MOST - len(piece))] for piece in pieces])
        tag = signatures(tagger, ["PER", "LOC"], True, MOST)["tag_tokens"]
        found, expected = tag(rows), tag(apart)
        short = tag(rows[1:, :3])
        for name in ("tags", "scores"):
            whole, alone, few = (each[name].numpy() for each in (found, expected, short))
            same = list if name == "tags" else pytest.approx
            assert [*whole[0]] == same(alone.reshape(-1)[:23])
            assert [*whole[1:, :3].reshape(-1)] == same(few.reshape(-1))
            assert {*whole[1:, 3:].reshape(-1)} == ({b""} if name == "tags" else {0.0})

    def test_the_card_says_it(self) -> None:
        words = card_words(EntityTagger(max_sentence_length=50), {"token_level": "words"})
        assert "more than 50 of these is read in pieces" in words["long_texts"]


@pytest.fixture(scope="module", params=["gru", pytest.param("lstm", marks=pytest.mark.slow)])
def writer(request: pytest.FixtureRequest) -> SequenceModel:
    """A language model that has learnt nothing."""
    tokenizer = Tokenizer("characters", vocabulary=[*"abc"])
    network = OneToMany(5, cell=request.param, layers=2, embedding_size=3, hidden_size=4)
    random_weights(network)
    return SequenceModel(tokenizer, network)


class TestLanguageModel:
    TEXTS = ("abcab", "", "cab" * 9, "b")

    def test_the_state_is_carried_from_piece_to_piece(
        self, writer: SequenceModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = []
        for piece in (1000, 1, 27):
            monkeypatch.setattr(writing, "PIECE", piece)
            served = writing.signatures(writer, ends=True)
            text = tf.constant(self.TEXTS)
            states = [tf.ones([4, size]) * 0.1 for size in writer.network.sizes]
            token = tf.constant([0, 2, 3, 4])
            answers = [
                *served["score"](text).values(),
                *served["read"](text, token, *states).values(),
            ]
            found.append([answer.numpy() for answer in answers])
        for other in found[1:]:
            for a, b in zip(found[0], other, strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5)
        assert found[0][1].tolist() == [5, 0, 27, 1]
        assert found[0][0][1] == 0
