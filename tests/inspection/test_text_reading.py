"""Statistics and fingerprints of labelled texts, collected in one pass."""

from collections import Counter

import numpy as np

from toolkit.data import ColumnOptions, TextExamples, open_source, scan
from toolkit.data.fingerprints import fingerprint, normal_form
from toolkit.inspection.leaks import members
from toolkit.inspection.text_reading import TEXTS_AT_ONCE, Reading


def cut(texts):
    """Cut texts at spaces; return distinct tokens, the index of each token, and lengths."""
    words = [text.encode().split() for text in texts]
    units = sorted({unit for of_text in words for unit in of_text})
    index = [units.index(unit) for of_text in words for unit in of_text]
    return units, np.array(index, np.int32), np.array([len(of_text) for of_text in words])


def read(data, **options) -> TextExamples:
    return TextExamples(open_source(data), ColumnOptions(skip_bad_rows=True, **options))


def test_what_is_kept_of_each_text_over_many_chunks() -> None:
    count = 2 * TEXTS_AT_ONCE + 9
    texts = [f"text {n % 40} " + "so " * (n % 5) for n in range(count)]
    labels = [["b", "a", "c"][n % 3] for n in range(count)]
    examples = read((texts, labels))
    found = scan(examples, "classes")
    training = np.arange(count) % 4 > 0
    sample = np.arange(count) % 7 == 0
    reading = Reading(cut, found.encoder)
    kept = reading.read(examples, training, sample)

    assert kept.rows.tolist() == list(range(1, count + 1))
    assert kept.lengths.tolist() == [len(text.split()) for text in texts]
    assert kept.fingerprints.tolist() == [fingerprint(text) for text in texts]
    assert kept.normal_fingerprints.tolist() == [fingerprint(normal_form(text)) for text in texts]
    assert kept.labels.tolist() == ["abc".index(label) for label in labels]
    assert len(set(kept.label_fingerprints.tolist())) == 3
    counted = {
        part: Counter(
            word.encode()
            for n, text in enumerate(texts)
            if training[n] == part
            for word in text.split()
        )
        for part in (True, False)
    }
    assert reading.training_tokens == counted[True]
    assert reading.held_out_tokens == counted[False]
    assert reading.features.count == sample.sum()


def test_the_sample_is_what_features_come_from() -> None:
    texts = [f"all {'in' if n % 2 else 'out'} {'leak' if n % 4 == 1 else 'no'}" for n in range(400)]
    labels = [n % 4 == 1 for n in range(400)]
    examples = read((texts, labels))
    found = scan(examples, "classes")
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
    examples = read((["a", "b", "c"], ["x|y", "y|x", "x"]), target="labels")
    kept = Reading(cut, scan(examples, "labels").encoder).read(examples)
    one, other, third = kept.label_fingerprints.tolist()
    assert one == other != third
    assert kept.labels.tolist() == [[1, 1], [1, 1], [1, 0]]
