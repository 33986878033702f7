"""The metrics of a translator go by its references: the tokenizer of BLEU, and who chooses."""

import logging
from typing import Any

import pytest

from toolkit.data import PairExamples, open_pairs
from toolkit.errors import OptionError
from toolkit.tasks import Translator
from toolkit.tasks.settings import Settings
from toolkit.tasks.translation.prepared import PreparedPairs, prepare_pairs

NUMBERS = "零一二三四五六七八九"


def prepared_with(targets: list[str], **options: Any) -> tuple[Translator, PreparedPairs]:
    translator = Translator(token_level="words", **options)
    data = ([f"text {number}" for number in range(len(targets))], targets)
    examples = PairExamples(open_pairs(data, "train", translator), translator)
    return translator, prepare_pairs(Settings(translator), examples)


@pytest.mark.slow
def test_the_tokenizer_is_chosen_once_and_recorded(caplog: pytest.LogCaptureFixture) -> None:
    targets = [f"我们看见{NUMBERS[n % 10]}只白鸟。" for n in range(30)]
    with caplog.at_level(logging.INFO, logger="toolkit"):
        translator, prepared = prepared_with(targets)
    assert prepared.settings.resolved["bleu_tokenizer"] == "zh"
    assert "bleu_tokenizer='zh'" in caplog.text
    assert translator._monitor(prepared) == "bleu"
    _, prepared = prepared_with(targets, bleu_tokenizer="char")
    assert prepared.settings.bleu_tokenizer == "char"


@pytest.mark.slow
def test_chrf_chooses_where_bleu_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    targets = [f"bird{n} house" for n in range(30)]
    translator, prepared = prepared_with(targets)
    with caplog.at_level(logging.INFO, logger="toolkit"):
        assert translator._monitor(prepared) == "chrf"
    assert "monitor: chrf (chosen; set monitor)" in caplog.text
    translator, prepared = prepared_with(targets, monitor="bleu")
    assert translator._monitor(prepared) == "bleu"
    translator, prepared = prepared_with(targets, bleu_tokenizer="char")
    assert translator._monitor(prepared) == "bleu"
    translator, prepared = prepared_with(targets, validation_split=0.0)
    assert "bleu_tokenizer" not in prepared.settings.resolved


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(OptionError, match="bleu_tokenizer is 'moses'; it can be auto, 13a"):
        Translator(bleu_tokenizer="moses")
