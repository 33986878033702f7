"""The findings that a training says without ``inspect``."""

import numpy as np
import pytest

from toolkit.data import LabelEncoder, PackedCorpus, PackedSequences
from toolkit.inspection.before_training import training_findings
from toolkit.inspection.findings import Warnings
from toolkit.inspection.similar_labels import warn_of_similar_labels


def corpus(sequences: list[list[int]], labels: list[int], classes: int) -> PackedCorpus:
    """Return sequences with labels, of which there are so many."""
    encoder = LabelEncoder("classes", [f"class {number}" for number in range(classes)])
    packed = PackedSequences.from_sequences([np.array(each, np.int32) for each in sequences])
    return PackedCorpus(packed, np.array(labels, np.int32), encoder=encoder)


def kinds(train: PackedCorpus, held_out: PackedCorpus | None = None) -> list[str]:
    found = training_findings(train, held_out, train.encoder.classes, "text")
    return [finding["kind"] for finding in found]


def test_a_column_of_dates_is_no_column_of_classes() -> None:
    many = corpus([[n] for n in range(60)], list(range(60)), 60)
    (finding,) = training_findings(many, None, many.encoder.classes, "text")
    assert finding["message"].startswith(
        "60 labels, 60 of them with fewer than 10 training texts, such as class 0, class 1, "
    )
    assert "label_column names another column" in finding["message"]
    assert kinds(corpus([[n] for n in range(600)], [n % 60 for n in range(600)], 60)) == []


def test_rare_classes_and_those_that_nothing_measures_are_said() -> None:
    train = corpus([[n] for n in range(130)], [0] * 100 + [1] * 21 + [2] * 9, 3)
    assert kinds(train) == ["imbalance", "rare_labels"]
    held_out = corpus([[200], [201]], [0, 2], 3)
    assert kinds(train, held_out) == ["imbalance", "rare_labels", "missing_labels"]


@pytest.mark.parametrize(("known", "said"), [(0, False), (1, False), (2, True), (200, True)])
def test_held_out_sequences_that_were_learnt_are_said(known: int, said: bool) -> None:
    train = corpus([[n, 1] for n in range(200)], [n % 2 for n in range(200)], 2)
    numbers = [n if n < known else n + 500 for n in range(200)]
    held_out = corpus([[n, 1] for n in numbers], [n % 2 for n in range(200)], 2)
    assert kinds(train, held_out) == ["overlap"] * said


def similar(labels: list[str], counts: list[list[int]] | None = None) -> list[str]:
    warnings = Warnings()
    parts = {str(n): np.array(part) for n, part in enumerate(counts or [])}
    warn_of_similar_labels(labels, parts, warnings)
    assert {warning["kind"] for warning in warnings} <= {"similar_labels"}
    return [warning["message"] for warning in warnings]


@pytest.mark.parametrize(
    ("labels", "way"),
    [
        (["Lieferung", "lieferung"], "case"),
        (["Stra\u00dfe", "STRASSE"], "case"),
        (["on time", "on  time"], "white space"),
        (["on time", "on\u00a0time"], "white space"),
        (["caf\u00e9", "cafe\u0301"], "Unicode form"),
        (["caf\u00e9", "Cafe\u0301"], "case, white space or Unicode form"),
    ],
)
def test_spellings_of_one_label_are_said(labels: list[str], way: str) -> None:
    first, second = map(repr, labels)
    assert similar(["other", *labels], [[9, 1300, 20], [1, 80, 7]]) == [
        f"the labels {first} (1,380) and {second} (27) differ only in {way}; are they one class?"
    ]


def test_labels_that_are_no_spellings_of_one_are_not_said() -> None:
    assert similar(["late", "later", "la te", "l\u00e4te", "1", "-1"]) == []


def test_many_labels_with_several_spellings_are_one_finding() -> None:
    labels = [name for letter in "abcd" for name in (letter, letter.upper())]
    assert similar(labels) == [
        "the labels 'a' and 'A'; 'b' and 'B'; 'c' and 'C'; and 1 more differ only in case; is each "
        "of these one class?"
    ]


def test_a_training_says_spellings_of_classes_and_of_the_labels_of_spans() -> None:
    train = corpus([[n] for n in range(40)], [0] * 20 + [1] * 20, 2)
    held_out = corpus([[90], [91]], [0, 1], 2)
    (finding,) = training_findings(train, held_out, ["No", "no"], "text")
    assert "'No' (21) and 'no' (21) differ only in case" in finding["message"]
    spans = PackedCorpus(train.sequences, rows=train.rows)
    (finding,) = training_findings(spans, None, ["Person", "person", "place"], "sentence")
    assert "'Person' and 'person' differ only in case" in finding["message"]
