"""Parts that are left out: what is read without each of them, and how much at once."""

from types import SimpleNamespace

import numpy as np
import pytest

from toolkit.data import Example
from toolkit.tasks.classification.explanation import parts_of
from toolkit.tasks.explaining.answers import without_token
from toolkit.tasks.explaining.classes import AT_ONCE, ClassExplanations, Parts
from toolkit.text import Tokenizer


def example(text):
    """An example of a text."""
    return Example(row=1, text=text)


def options(level="words", truncation="head"):
    """The options that say how texts are cut."""
    return SimpleNamespace(token_level=level, html_breaks=True, truncation=truncation)


def read(texts, level, truncation, most=None):
    """The tokens that are read of texts."""
    kept = Tokenizer(token_level=level, html_breaks=True, truncation=truncation).kept(texts, most)
    return [[token.decode() for token in row] for row in kept.tokens.to_list()]


@pytest.mark.parametrize("level", ["words", "characters"])
@pytest.mark.parametrize(
    ("truncation", "most"),
    [("head", 4), ("tail", 4), ("head_and_tail", 4), ("head_and_tail", 5), ("head", 400)],
)
def test_without_a_token_the_others_are_read(level, truncation, most):
    text = "a state-of-the-art film: good,poor, 10/10 and 3/4; (Paris-based)-2 don't"
    parts = parts_of(example(text), options(level, truncation), most)
    tokens = parts.shown["tokens"]
    without = [each.text for each in parts.without]
    expected = [tokens, *(tokens[:n] + tokens[n + 1 :] for n in range(len(tokens)))]
    assert read([text, *without], level, truncation, most) == expected


def test_one_space_stays_between_neighbours():
    assert without_token("good,poor", 4, 5, "words") == "good poor"
    assert without_token("to be or", 3, 5, "subwords") == "to or"
    assert without_token("to be, or", 3, 5, "subwords") == "to , or"
    assert without_token("ab", 0, 1, "words") == "b"
    assert without_token("abc", 1, 2, "characters") == "ac"


def test_few_inputs_are_made_and_answered_at_once():
    sizes, made = [], []

    class Sums(ClassExplanations):
        """Answer the sum of a series."""

        WITHOUT = "the frame"
        classes = ()

        def _parts(self, series):
            def without():
                for number in range(len(series)):
                    made.append(number)
                    yield np.delete(series, number)

            return Parts({"frames": [*range(len(series))]}, without())

        def _answers(self, batch):
            assert len(made) - sum(sizes) <= AT_ONCE
            sizes.append(len(batch))
            return {"value": [each.sum() for each in batch]}

    series = np.arange(2.5 * AT_ONCE)
    found = Sums()._left_out(series, None)
    assert found["attributions"] == series.tolist()
    assert max(sizes) == AT_ONCE
    assert Sums()._left_out(series[:0], None)["error"].startswith("the input is empty")
