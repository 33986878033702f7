"""Names of tokens, and the signature, of language models; they are not trained."""

import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.explanation.options import TokenExplanationOptions
from toolkit.tasks import LanguageModel
from toolkit.text.options import FIRST_SUBWORD

TEXT = "a rose is a rose is a rose,\nand so on. " * 9


@pytest.fixture(scope="module")
def model():
    """A language model of subwords with its first weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        options = {"hidden_size": 4, "embedding_size": 4, "max_tokens": 290}
        task = LanguageModel(token_level="subwords", validation_split=0, **options)
        return task.fit([TEXT] * 4)


@pytest.mark.parametrize("method", ["integrated-gradients", "leave-one-out"])
def test_a_subword_is_not_taken_for_its_byte(model, method):
    number = model.sequence_model.preprocessing.vocabulary.index("a")
    assert number >= FIRST_SUBWORD
    logits = model._serve("prefill", prompt=["so "])["logits"][0].astype(float)
    logs = logits - np.log(np.exp(logits).sum())
    for target, name, token in (("a", "a", number), ("<0x61>", "<0x61>", 2 + 0x61)):
        (row,) = model.explain(["so "], target=target, method=method)
        assert row["target"] == name
        assert row["log_probability"] == pytest.approx(logs[token], abs=1e-4)
    (row,) = model.explain(["so "], target="z", method=method)
    assert row["target"] == "<0x7A>"  # no subword: it is not in the text
    with pytest.raises(OptionError, match="there is no token 'é'"):
        model.explain(["so "], target="é", method=method)


def test_the_vocabulary_is_named_once(model, monkeypatch):
    names = model._tokens()
    assert names == model.sequence_model.preprocessing.vocabulary
    monkeypatch.setitem(model._calls, "prefill", None)
    assert model._tokens() is names


def test_a_token_that_never_follows_has_no_explanation(model):
    assert model.facts["ends"]
    explain = model._explain_call("integrated-gradients")
    with pytest.raises(tf.errors.InvalidArgumentError, match="a token that is generated"):
        explain(prompt=["so "], token=[1])
    found = explain(prompt=["so "], token=[0])
    assert np.isfinite(found["log_probability"]).all()


def test_a_condition_is_checked_by_the_facts_alone():
    TokenExplanationOptions(condition="b").check_for(["a", "b"])
    with pytest.raises(OptionError, match="is 'c'; there are: a, b"):
        TokenExplanationOptions(condition="c").check_for(["a", "b"])
    with pytest.raises(OptionError, match="has learnt none"):
        TokenExplanationOptions(condition="c").check_for([])
