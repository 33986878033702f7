"""The findings that a training says without ``inspect``."""

import numpy as np
import pytest

from toolkit.data import LabelEncoder, PackedCorpus, PackedSequences
from toolkit.inspection.before_training import training_findings


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
