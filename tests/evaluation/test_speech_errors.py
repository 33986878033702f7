"""Word, character and sentence errors, against jiwer."""

import tracemalloc

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.evaluation import edits, speech_metrics, speech_statistics

TEXT = st.lists(st.sampled_from(["a", "b", "ab", "ö"]), max_size=6).map(" ".join)
PAIRS = st.lists(st.tuples(TEXT.filter(bool), TEXT), min_size=1, max_size=5)


@given(PAIRS)
def test_the_errors_are_those_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    references, answers = ([pair[side] for pair in pairs] for side in (0, 1))
    metrics = speech_metrics(references, answers)
    words = jiwer.process_words(references, answers)
    assert metrics["wer"] == pytest.approx(words.wer)
    assert metrics["cer"] == pytest.approx(jiwer.cer(references, answers))
    assert metrics["word_accuracy"] == pytest.approx(max(0, 1 - words.wer))
    wrong = sum(one != other for one, other in pairs)
    assert metrics["sentence_error"] == pytest.approx(wrong / len(pairs))
    total = sum(metrics[name] for name in ("substitutions", "insertions", "deletions"))
    assert total == words.substitutions + words.insertions + words.deletions
    assert metrics["insertions"] - metrics["deletions"] == words.insertions - words.deletions
    assert metrics["words"] == words.hits + words.substitutions + words.deletions
    assert sum(row["count"] for row in metrics["confused"]) == total


@given(PAIRS)
def test_statistics_add_up_to_the_metrics(pairs: list[tuple[str, str]]) -> None:
    references, answers = ([pair[side] for pair in pairs] for side in (0, 1))
    statistics = speech_statistics(references, answers)
    metrics = speech_metrics(references, answers)
    for name, metric in statistics.metrics.items():
        assert float(metric.of(statistics.rows.sum(axis=0))) == pytest.approx(metrics[name])


def test_edits_name_what_was_confused() -> None:
    found = edits(["one", "two", "three", "four"], ["one", "too", "three", "four", "five"])
    assert found[:3] == (1, 1, 0)
    assert found.pairs == (("two", "too"), ("", "five"))
    assert edits("abc", "") == (0, 0, 3, (("a", ""), ("b", ""), ("c", "")))
    assert edits("", "") == (0, 0, 0, ())


def test_long_texts_are_measured_by_characters_in_little_memory() -> None:
    reference = "abcde " * 500
    answer = reference[:700] + reference[720:]
    tracemalloc.start()
    metrics = speech_metrics([reference], [answer])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert metrics["cer"] == pytest.approx(20 / len(reference))
    assert most < 5_000_000


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(DataError, match="no recordings"):
        speech_metrics([], [])
