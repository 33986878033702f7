"""BLEU and chrF, against sacreBLEU: of a corpus, from sums, and by the length of the source."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from toolkit.errors import DataError
from toolkit.evaluation import (
    bleu_by_length,
    draw_attention,
    draw_bleu_by_length,
    translation_metrics,
    translation_statistics,
)
from toolkit.evaluation.translation import sentence_chrf

WORDS = st.sampled_from(["a", "the", "The", "cat", "cats", "sat,", "on", "mat.", "é", "", "  "])
TEXT = st.lists(WORDS, max_size=12).map(" ".join)
PNG = b"\x89PNG"


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_sums_give_what_sacrebleu_gives(pairs: list[tuple[str, str]]) -> None:
    given, right = (list(side) for side in zip(*pairs, strict=True))
    found = translation_statistics(given, right)
    sums = found.rows.sum(axis=0)
    metrics = {name: float(metric.of(sums)) for name, metric in found.metrics.items()}
    assert metrics["bleu"] == pytest.approx(BLEU().corpus_score(given, [right]).score, abs=1e-9)
    assert metrics["chrf"] == pytest.approx(CHRF().corpus_score(given, [right]).score, abs=1e-9)
    many = found.metrics["bleu"].of(np.stack([sums, 2 * sums, 0 * sums]))
    assert many[2] == 0
    assert many.shape == (3,)


def test_metrics_and_their_signatures() -> None:
    given = ["the cat sat on a mat.", "a dog runs"]
    right = ["The cat sat on the mat.", "a dog runs"]
    found = translation_metrics(given, right)
    assert found["bleu"] == BLEU().corpus_score(given, [right]).score
    assert found["bleu_lowercase"] == BLEU(lowercase=True).corpus_score(given, [right]).score
    assert found["bleu"] < found["bleu_lowercase"]
    assert found["chrf"] == CHRF().corpus_score(given, [right]).score
    assert found["exact_match"] == 0.5
    assert "case:mixed" in str(found["bleu_signature"])
    assert "case:lc" in str(found["bleu_lowercase_signature"])
    with pytest.raises(DataError, match="no translations"):
        translation_metrics([], [])
    with pytest.raises(DataError, match="no translations"):
        translation_statistics([], [])


def test_chrf_of_one_translation() -> None:
    pair = "the cats sat", "The cat sat on it"
    right = CHRF().corpus_score([pair[0]], [[pair[1]]]).score
    assert sentence_chrf(*pair) == pytest.approx(right, abs=1e-9)


def test_by_length() -> None:
    sources = [" ".join(["w"] * count) for count in (8, 9, 12, 13, 20, 21, 90)]
    right = ["one two three four five"] * 7
    given = [*right[:2], "nothing of it is so", *right[3:]]
    rows = bleu_by_length(sources, given, right)
    assert [row.words for row in rows] == [
        "at most 8",
        "9 to 12",
        "13 to 16",
        "17 to 20",
        "over 20",
    ]
    assert [row.pairs for row in rows] == [1, 2, 1, 1, 2]
    assert [row.bleu == pytest.approx(100) for row in rows] == [True, False, True, True, True]
    assert bleu_by_length(sources[:1], right[:1], right[:1])[-1].bleu is None


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (
            ["Größe", " naïve", "."],
            [" 大きさ", "سلام", " Rindfleischetikettierungsgesetz", "🙂", "\n"],
        ),
        ([], ["a"]),
        (["x"] * 60, ["y"] * 60),
    ],
)
def test_attention_is_drawn(source: list[str], target: list[str], tmp_path: Path) -> None:
    path = tmp_path / "attention.png"
    random = np.random.default_rng(0)
    draw_attention(source, target, random.random((len(target), len(source))), path)
    assert path.read_bytes()[:4] == PNG


def test_curves_are_drawn(tmp_path: Path) -> None:
    rows = bleu_by_length(["a b"], ["x y"], ["x y"])
    draw_bleu_by_length({"with": rows, "without": rows}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == PNG
