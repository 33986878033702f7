"""BLEU of scripts that are written without spaces, by the tokenizer that suits the references."""

import logging
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from toolkit.errors import OptionError
from toolkit.evaluation import (
    bleu_by_length,
    bleu_is_telling,
    compare,
    resolve_tokenizer,
    translation_metrics,
    translation_statistics,
)
from toolkit.evaluation.translation import bleu_tokenizer
from toolkit.options import on_the_command_line
from toolkit.tasks.translation.outcomes import TranslatorOutcomes

# A reference, and the same with another last noun.
SENTENCES = {
    "zh": ("今天早上我们在河边看见三只白鸟。", "今天早上我们在河边看见三只白马。"),
    "ja": ("けさ、川のそばで白い鳥を三羽見ました。", "けさ、川のそばで白い馬を三羽見ました。"),
    "th": ("เช้านี้เราเห็นนกสีขาวที่ริมแม่น้ำ", "เช้านี้เราเห็นม้าสีขาวที่ริมแม่น้ำ"),
    "lo": ("ເຊົ້ານີ້ພວກເຮົາເຫັນນົກສີຂາວ", "ເຊົ້ານີ້ພວກເຮົາເຫັນມ້າສີຂາວ"),
    "km": ("ព្រឹកនេះយើងឃើញបក្សីពណ៌ស", "ព្រឹកនេះយើងឃើញសេះពណ៌ស"),
    "my": ("ဒီမနက်ငှက်ဖြူသုံးကောင်ကိုမြင်တယ်", "ဒီမနက်မြင်းဖြူသုံးကောင်ကိုမြင်တယ်"),
    "ko": (
        "오늘 아침 강가에서 하얀 새 세 마리를 보았다.",
        "오늘 아침 강가에서 하얀 말 세 마리를 보았다.",
    ),
    "en": ("This morning we saw three white birds.", "This morning we saw three white horses."),
    "ru": ("Сегодня утром мы видели трёх белых птиц.", "Сегодня утром мы видели трёх белых коней."),
}
TOKENIZERS = {"zh": "zh", "ko": "13a", "en": "13a", "ru": "13a"}  # char otherwise


@pytest.mark.parametrize("language", SENTENCES)
def test_the_tokenizer_goes_by_the_script(language: str) -> None:
    reference, other = SENTENCES[language]
    tokenizer = TOKENIZERS.get(language, "char")
    right = BLEU(tokenize=tokenizer)
    found = translation_metrics([other], [reference])
    assert found["bleu"] == right.corpus_score([other], [[reference]]).score > 30
    assert found["bleu_signature"] == str(right.get_signature())
    assert f"tok:{tokenizer}|" in str(found["bleu_lowercase_signature"])
    statistics = translation_statistics([other], [reference])
    bleu = statistics.metrics["bleu"].of(statistics.rows.sum(axis=0))
    assert bleu == pytest.approx(found["bleu"], abs=1e-9)
    (*_, row) = [r for r in bleu_by_length([reference], [other], [reference]) if r.pairs]
    assert row.bleu == found["bleu"]


def test_names_and_numbers_do_not_change_the_script() -> None:
    dated = "2031 年 5 月 4 日，Ada Lovelace 在河边看见三只白鸟。"
    assert bleu_tokenizer([dated]) == "zh"
    # Another sentence with the right date is not half right.
    wrong = "2031 年 5 月 4 日，Ada Lovelace 买书。"
    found = translation_metrics([wrong], [dated])["bleu"]
    assert found == BLEU(tokenize="zh").corpus_score([wrong], [[dated]]).score
    assert bleu_tokenizer(["The word 鸟 means bird."] * 9 + ["鸟"]) == "13a"
    assert bleu_tokenizer(["漢字の新聞を読む。", "東京都知事会見全文掲載"]) == "char"
    assert bleu_tokenizer([]) == bleu_tokenizer(["", "1, 2"]) == "13a"


def test_a_tokenizer_can_be_chosen() -> None:
    reference, other = SENTENCES["zh"]
    for name in ("13a", "intl", "char", "none"):
        found = translation_metrics([other], [reference], name)
        assert found["bleu"] == BLEU(tokenize=name).corpus_score([other], [[reference]]).score
        assert f"tok:{name}|" in str(found["bleu_signature"])


def test_a_tokenizer_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with on_the_command_line(), pytest.raises(OptionError) as caught:
        resolve_tokenizer("flores200", ())
    assert "--bleu-tokenizer is 'flores200': " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sources_without_spaces_have_lengths() -> None:
    sources = ["白鸟" * 2, "白鸟" * 5, "the 白鸟 sings", "เช้านี้เราเห็นนกสีขาวที่ริมแม่น้ำ"]
    rows = bleu_by_length(sources, ["x"] * 4, ["x"] * 4)
    assert [row.pairs for row in rows] == [2, 1, 0, 0, 1]


def test_bleu_says_nothing_of_short_references() -> None:
    assert not bleu_is_telling(["a cat", "two black cats"], "13a")
    assert bleu_is_telling(["a cat sat."], "13a")
    assert bleu_is_telling(["白鸟。唱"], "zh")
    assert not bleu_is_telling(["a cat"] * 19 + ["one cat sat down"], "13a")
    assert bleu_is_telling(["a cat"] * 9 + ["one cat sat down"], "13a")


def test_runs_with_other_tokenizers_are_not_compared_by_bleu(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reference, other = SENTENCES["zh"]
    outcomes = TranslatorOutcomes(["x"] * 3, [other] * 3, [reference] * 3, 1, "zh")

    def run(tokenizer: str) -> Any:
        statistics = replace(outcomes, tokenizer=tokenizer).statistics()
        return SimpleNamespace(classes=(), statistics=lambda data: statistics)

    with caplog.at_level(logging.WARNING, logger="toolkit"):
        found = compare(run("zh"), run("13a"), None)
    assert list(found["metrics"]) == ["chrf"]
    assert "bleu is left out" in caplog.text
    assert list(compare(run("zh"), run("zh"), None)["metrics"]) == ["bleu", "chrf"]
    assert np.isfinite(found["metrics"]["chrf"]["a"])
