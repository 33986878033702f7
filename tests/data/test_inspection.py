"""A reading that looks: what is kept of each text, what is counted, and bad rows noted."""

from collections import Counter

import numpy as np
import pytest

from toolkit.data import ColumnOptions, open_source, survey
from toolkit.data.duplicates import fingerprint, normal_form
from toolkit.data.inspection import TEXTS_AT_ONCE, NotedExamples, Reading
from toolkit.data.leaks import members
from toolkit.errors import DataError


def cut(texts):
    """Cuts at spaces."""
    words = [text.encode().split() for text in texts]
    units = sorted({unit for of_text in words for unit in of_text})
    index = [units.index(unit) for of_text in words for unit in of_text]
    return units, np.array(index, np.int32), np.array([len(of_text) for of_text in words])


def noted(data, **options) -> NotedExamples:
    return NotedExamples(open_source(data), ColumnOptions(**options))


def test_what_is_kept_of_each_text_over_many_chunks() -> None:
    count = 2 * TEXTS_AT_ONCE + 9
    texts = [f"text {n % 40} " + "so " * (n % 5) for n in range(count)]
    labels = [["b", "a", "c"][n % 3] for n in range(count)]
    examples = noted((texts, labels))
    found = survey(examples, "classes")
    training = np.arange(count) % 4 > 0
    sample = np.arange(count) % 7 == 0
    reading = Reading(cut, found.encoder)
    kept = reading.read(examples, training, sample)

    assert kept.rows.tolist() == list(range(1, count + 1))
    assert kept.lengths.tolist() == [len(text.split()) for text in texts]
    assert kept.prints.tolist() == [fingerprint(text) for text in texts]
    assert kept.normal_prints.tolist() == [fingerprint(normal_form(text)) for text in texts]
    assert kept.labels.tolist() == ["abc".index(label) for label in labels]
    assert len(set(kept.label_prints.tolist())) == 3
    counted = {
        part: Counter(
            word.encode()
            for n, text in enumerate(texts)
            if training[n] == part
            for word in text.split()
        )
        for part in (True, False)
    }
    assert reading.training_units == counted[True]
    assert reading.held_out_units == counted[False]
    assert reading.features.count == sample.sum()


def test_the_sample_is_what_features_come_from() -> None:
    texts = [f"all {'in' if n % 2 else 'out'} {'leak' if n % 4 == 1 else 'no'}" for n in range(400)]
    labels = [n % 4 == 1 for n in range(400)]
    examples = noted((texts, labels))
    found = survey(examples, "classes")
    sample = np.arange(400) % 2 == 1
    reading = Reading(cut, found.encoder)
    kept = reading.read(examples, np.ones(400, bool), sample)
    leak, *others = reading.features.associations(
        members(kept.labels[sample], found.encoder.classes), 10
    )
    assert (leak.feature, leak.label, leak.texts, leak.decides) == ("leak", "True", 100, True)
    assert [kept.rows[sample][n] for n in leak.examples] == [2, 6, 10]
    assert all("out" not in association.feature.split() for association in others)


def test_label_prints_are_of_sets_of_labels() -> None:
    examples = noted((["a", "b", "c"], ["x|y", "y|x", "x"]), target="labels")
    kept = Reading(cut, survey(examples, "labels").encoder).read(examples)
    one, other, third = kept.label_prints.tolist()
    assert one == other != third
    assert kept.labels.tolist() == [[1, 1], [1, 1], [1, 0]]


def test_bad_rows_are_noted_not_stopped_at() -> None:
    examples = noted((["a", "", None, "b", " ", "c"], ["x", "x", "x", "", "y", "y"]))
    for _ in range(2):  # however often the data is read
        assert [example.row for example in examples] == [1, 6]
    assert examples.bad_rows == 4
    assert examples.problems == {
        "row 2": "the text in column 'text' is empty",
        "row 3": "the text in column 'text' is empty",
        "row 4": "the label in column 'label' is missing",
    }


def test_a_label_that_was_never_learnt_is_noted() -> None:
    encoder = survey(noted((["a", "b"], ["x", "y"])), "classes").encoder
    others = noted((["c", "d"], ["x", "z"]))
    assert [example.row for example in others.known(encoder)] == [1]
    assert others.problems == {
        "row 2": "the label 'z' is none of the known classes: x, y",
    }


def test_where_nothing_can_be_used_the_first_reason_is_given() -> None:
    examples = noted((["a", "b"], ["low", "high"]), target="number")
    with pytest.raises(DataError, match=r"no row that can be used; row 1: .*'low', not a number"):
        list(examples)
