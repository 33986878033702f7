"""The scan: classes in natural order, groups as numbers, and splits by both."""

import numpy as np
import pandas as pd
import pytest

from toolkit.data import ColumnOptions, TextExamples, open_source, scan
from toolkit.errors import DataError


def look(data, **options):
    columns = ColumnOptions(**options)
    return scan(TextExamples(open_source(data), columns), columns.target)


def test_classes_are_numbered_in_natural_order_wherever_they_come_first() -> None:
    found = look((["a", "b", "c", "d"], ["10", "2", "10", "1"]))
    assert found.encoder.classes == ("1", "2", "10")
    assert found.classes is not None
    assert found.classes.tolist() == [2, 1, 2, 0]
    assert found.groups is None


def test_split_is_stratified() -> None:
    found = look(([f"text {n}" for n in range(100)], [n % 2 for n in range(100)]))
    train, held = found.split(0.2, seed=0)
    assert found.classes is not None
    assert np.bincount(found.classes[train]).tolist() == [40, 40]
    assert np.bincount(found.classes[held]).tolist() == [10, 10]
    assert sorted([*train, *held]) == list(range(100))


def test_groups_stay_whole() -> None:
    films = [f"film {n // 5}" for n in range(100)]
    frame = pd.DataFrame({"text": "some words", "label": [n % 2 for n in range(100)]})
    found = look(frame.assign(film=films), group_column="film")
    assert found.groups is not None
    assert found.groups[0] == 1209052116219677493  # the same in every process
    train, held = found.split(0.2, seed=1)
    assert 10 <= len(held) <= 30
    assert not {films[i] for i in train} & {films[i] for i in held}


@pytest.mark.parametrize(("target", "labels"), [("number", [0.5, 2.0]), ("labels", ["x|y", "y"])])
def test_other_targets_have_no_classes_to_stratify(target: str, labels: list) -> None:
    found = look((["a", "b"], labels), target=target)
    assert (found.count, found.classes) == (2, None)


def test_one_class_is_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="every label is 'x'"):
        look((["a", "b"], ["x", "x"]))


def test_data_in_another_order_is_refused() -> None:
    def examples(*texts: str) -> TextExamples:
        return TextExamples(open_source((list(texts), ["x", "y", "x"][: len(texts)])), columns)

    columns = ColumnOptions()
    found = scan(examples("a", "b", "c"), "classes")
    assert [example.text for example in found.reread(examples("a", "b", "c"))] == ["a", "b", "c"]
    for others in (("b", "a", "c"), ("a", "b"), ("a", "b", "d")):
        with pytest.raises(DataError, match="came in another order when it was read again; cache"):
            list(found.reread(examples(*others)))
    with pytest.raises(DataError, match="came in another order"):
        list(scan(examples("a", "b"), "classes").reread(examples("a", "b", "c")))
