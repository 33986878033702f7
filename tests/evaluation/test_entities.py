"""Metrics of predicted entities, against counts by hand, another library, and properties."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator

from toolkit.data import spans_of, tags_of
from toolkit.errors import DataError
from toolkit.evaluation import (
    NOTHING,
    Tagged,
    comparison_table,
    entity_fingerprint,
    entity_metrics,
    entity_statistics,
    metrics_table,
    over_seeds,
    paired_bootstrap,
    worst_entities,
    write_report,
)
from toolkit.tagging import Span

LABELS = ("LOC", "ORG", "PER")


def sentence(right: str, given_tags: str, tokens: Sequence[str] | None = None) -> Tagged:
    """Return a sentence of gold and predicted IOB2 tags; the scores of its entities fall."""
    right_spans, given_spans = spans_of(right.split()), spans_of(given_tags.split())
    words = tokens or [f"w{number}" for number in range(len(right.split()))]
    return Tagged(words, right_spans, given_spans, [0.9 - 0.1 * n for n in range(len(given_spans))])


SOME = [
    sentence("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC"),  # both right
    sentence("B-PER I-PER O B-LOC", "B-PER O O B-ORG"),  # wrong borders; another label
    sentence("O O O", "O B-ORG O"),  # spurious
    sentence("B-ORG O B-LOC", "O O B-LOC"),  # one missed
]


def test_counts_by_hand() -> None:
    metrics = entity_metrics(SOME, LABELS)
    # 3 true positives, 6 predicted and 6 gold entities.
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (0.5, 0.5, 0.5)
    assert metrics["entities"] == 6
    assert metrics["wrong_borders"] == 1
    assert metrics["per_class"] == {
        "LOC": {"f1": 0.8, "precision": 1.0, "recall": pytest.approx(2 / 3), "support": 3},
        "ORG": {"f1": 0.0, "precision": 0.0, "recall": 0.0, "support": 1},
        "PER": {"f1": 0.5, "precision": 0.5, "recall": 0.5, "support": 2},
    }
    assert metrics["macro_f1"] == pytest.approx((0.8 + 0 + 0.5) / 3)
    assert metrics["confusion"] == [[2, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 0]]
    assert metrics["token_accuracy"] == pytest.approx(10 / 14)


def tag_sequences(label_count: int = 3) -> st.SearchStrategy[list[tuple[list[str], list[str]]]]:
    tag = st.sampled_from(["O", *(f"{p}-{label}" for p in "BI" for label in LABELS[:label_count])])
    pair = st.lists(st.tuples(tag, tag), min_size=1, max_size=9).map(
        lambda pairs: tuple(map(list, zip(*pairs, strict=True)))
    )
    return st.lists(pair, min_size=1, max_size=5)


def legal(tags: list[str]) -> list[str]:
    return tags_of(spans_of(tags), len(tags))


@given(tag_sequences())
def test_nervaluate_gives_the_same(pairs: list[tuple[list[str], list[str]]]) -> None:
    pairs = [(legal(right), legal(answer)) for right, answer in pairs]
    sentences = [sentence(" ".join(right), " ".join(answer)) for right, answer in pairs]
    if not any(tag != "O" for pair in pairs for tags in pair for tag in tags):
        assert entity_metrics(sentences, LABELS)["f1"] is None
        return
    found = Evaluator(*map(list, zip(*pairs, strict=True)), tags=LABELS, loader="list").evaluate()
    strict = found["overall"]["strict"]
    metrics = entity_metrics(sentences, LABELS)
    for name in ("precision", "recall", "f1"):
        assert metrics[name] == pytest.approx(getattr(strict, name))
    for label in LABELS:
        own = found["entities"].get(label)
        if own is not None and metrics["per_class"][label]["f1"] is not None:
            for name in ("precision", "recall", "f1"):
                other = getattr(own["strict"], name)
                assert metrics["per_class"][label][name] == pytest.approx(other)


@given(tag_sequences())
def test_statistics_add_up_to_the_metrics(pairs: list[tuple[list[str], list[str]]]) -> None:
    sentences = [sentence(" ".join(right), " ".join(answer)) for right, answer in pairs]
    metrics = entity_metrics(sentences, LABELS)
    statistics = entity_statistics(sentences, LABELS)
    assert statistics.rows.dtype == np.uint8
    sums = statistics.rows.sum(axis=0, dtype=np.int64)
    for name, metric in statistics.metrics.items():
        assert float(metric.of(sums)) == pytest.approx(metrics[name] or 0.0)
    many = np.stack([sums, 2 * sums, 0 * sums])
    assert statistics.metrics["f1"].of(many).shape == (3,)
    confusion = np.array(metrics["confusion"])
    assert confusion[:-1].sum() == sum(len(each.gold) for each in sentences)
    assert confusion[:, :-1].sum() == sum(len(each.predicted) for each in sentences)


def test_entities_of_the_training_data_are_told_from_others() -> None:
    seen = {entity_fingerprint(["Ada", "Moss"], "PER"), entity_fingerprint(["Cork"], "LOC")}
    sentences = [
        sentence("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", ["Ada", "Moss", "in", "Ulm"]),
        sentence("B-LOC O B-LOC", "B-LOC O O", ["Cork", "or", "Bray"]),
        sentence("O B-LOC", "B-PER O", ["Cork", "Cork"]),  # 'Cork' as PER was not seen
    ]
    metrics = entity_metrics(sentences, LABELS, seen)
    # Seen: Ada Moss, Cork, Cork (missed); unseen: Ulm, Bray (missed), and 'Cork' as PER (spurious).
    assert metrics["seen_recall"] == pytest.approx(2 / 3)
    assert metrics["seen_precision"] == 1
    assert metrics["unseen_recall"] == 0.5
    assert metrics["unseen_precision"] == 0.5
    assert entity_metrics(sentences[:1], LABELS, {*seen})["unseen_f1"] == 1
    assert entity_metrics(sentences, LABELS, set())["seen_f1"] is None


def test_a_fingerprint_is_of_the_characters_and_the_label() -> None:
    assert entity_fingerprint(["O'", "Neil"], "PER") == entity_fingerprint(
        ["O", "'", "Neil"], "PER"
    )
    assert entity_fingerprint(["Cork"], "PER") != entity_fingerprint(["Cork"], "LOC")
    assert entity_fingerprint(["Cork"], "PER") != entity_fingerprint(["cork"], "PER")


def test_the_worst_errors_with_what_stands_around_them() -> None:
    words = [f"w{number}" for number in range(20)]
    right, answer = ["O"] * 20, ["O"] * 20
    right[9:11] = ["B-PER", "I-PER"]
    answer[9] = "B-PER"
    long = Tagged(words, spans_of(right), spans_of(answer), [0.7])
    errors = worst_entities([*SOME, long], n=10)
    assert errors["kind"].tolist() == ["borders", "spurious", "label", "borders", "missed"]
    assert errors["score"].tolist()[:4] == [0.9, 0.9, 0.8, 0.7]
    assert np.isnan(errors["score"][4])
    assert errors.loc[3, ["right", "given", "sentence"]].tolist() == ["w9 w10", "w9", 5]
    assert errors["context"][3] == "w3 w4 w5 w6 w7 w8 [w9] w10 w11 w12 w13 w14 w15"
    assert errors.loc[2, ["label", "answer", "right", "given"]].tolist() == [
        *("LOC", "ORG", "w3", "w3")
    ]
    assert errors["context"][2] == "w0 w1 w2 [w3]"
    assert errors.loc[4, ["label", "answer", "given", "context"]].tolist() == [
        *("ORG", "", "", "[w0] w1 w2")
    ]
    assert len(worst_entities(SOME, n=2)) == 2
    assert worst_entities(SOME[:1]).empty
    equals = worst_entities(SOME[1:3] * 30, n=60)
    assert equals["sentence"].tolist() == list(range(1, 61))


def test_errors_on_characters_have_no_spaces_between() -> None:
    strand = Tagged("ACGTACGT", [Span(1, 4, "x")], [Span(2, 4, "x")], [0.5])
    errors = worst_entities([strand], between="")
    assert errors.loc[0, ["right", "given", "context"]].tolist() == ["CGT", "GT", "AC[GT]ACGT"]


def test_reports_are_written_and_laid_out(tmp_path) -> None:
    metrics = entity_metrics(SOME, LABELS, set())
    write_report(tmp_path, metrics, [*LABELS, NOTHING], worst_entities(SOME))
    assert {path.name for path in tmp_path.iterdir()} == {
        *("metrics.json", "confusion.png", "errors.csv")
    }
    table = metrics_table(metrics)
    assert "seen_f1" in table
    assert "undefined" in table  # no entity was seen in training
    assert "PER" in table


def test_nothing_to_measure() -> None:
    with pytest.raises(DataError, match="no examples"):
        entity_metrics([], LABELS)
    with pytest.raises(DataError, match="no examples"):
        entity_statistics([], LABELS)
    nothing = entity_metrics([sentence("O O", "O O")], LABELS)
    assert [nothing[name] for name in ("f1", "precision", "recall", "macro_f1")] == [None] * 4
    missed = entity_metrics([sentence("B-PER O", "O O")], LABELS)
    assert [missed[name] for name in ("f1", "precision", "recall")] == [0.0] * 3
    assert entity_metrics([Tagged([], [], [], [])], LABELS)["token_accuracy"] is None


@given(tag_sequences())
def test_every_error_is_told_once(pairs: list[tuple[list[str], list[str]]]) -> None:
    sentences = [sentence(" ".join(right), " ".join(answer)) for right, answer in pairs]
    expected, near = [], 0
    for number, (_, right, answers, scores) in enumerate(sentences, start=1):
        touched = set()
        for answer, score in zip(answers, scores, strict=True):
            if answer in right:
                touched.add(answer)
                continue
            others = [o for o in right if {*range(*o[:2])} & {*range(*answer[:2])}]
            touched.update(others)
            near += any(o.label == answer.label for o in others)
            same = [o for o in others if o[:2] == answer[:2]]
            kind = "label" if same else "borders" if others else "spurious"
            expected.append((kind, number, answer.label, score))
        expected += [("missed", number, "", None) for span in right if span not in touched]
    errors = worst_entities(sentences, n=1000)
    columns = errors[["kind", "sentence", "answer", "score"]]
    rows = [(*row[:3], None if np.isnan(row[3]) else row[3]) for row in columns.to_numpy()]
    assert sorted(rows, key=str) == sorted(expected, key=str)
    known = errors["score"].dropna().tolist()
    assert known == sorted(known, reverse=True)
    assert errors["score"].tolist()[: len(known)] == known  # missed entities come last
    assert entity_metrics(sentences, LABELS)["wrong_borders"] == near


def test_runs_are_compared_and_seeds_brought_together() -> None:
    worse = [SOME[0]._replace(predicted=[], scores=[]), *SOME[1:]]
    a, b = (entity_statistics(each * 30, LABELS) for each in (worse, SOME))
    found = paired_bootstrap(a.rows, b.rows, b.metrics)
    for name, difference in found.items():
        assert difference.a == pytest.approx(entity_metrics(worse, LABELS)[name])
        assert difference.b == pytest.approx(entity_metrics(SOME, LABELS)[name])
    assert (found["f1"].better, found["f1"].more_than_chance) == ("b", True)
    comparison = {"confidence": 0.95, "metrics": {n: asdict(d) for n, d in found.items()}}
    assert "f1: B is better, by more than chance" in comparison_table(comparison)

    seeds = over_seeds({1: entity_metrics(worse, LABELS, ()), 2: entity_metrics(SOME, LABELS, ())})
    assert seeds["mean"]["recall"] == pytest.approx((1 / 6 + 3 / 6) / 2)
    assert seeds["mean"]["seen_f1"] is None
    assert "mean of 2 seeds" in metrics_table({**entity_metrics(SOME, LABELS, ()), "seeds": seeds})
