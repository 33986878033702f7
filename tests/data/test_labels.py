"""Class names of labels of any type, and their encoding as numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import (
    ColumnOptions,
    LabelCounter,
    LabelEncoder,
    LabelRule,
    TextExamples,
    open_source,
)
from toolkit.data.labels import class_name
from toolkit.data.sources.natural_order import natural_order
from toolkit.errors import DataError, OptionError


def read(labels: list[object], **options) -> TextExamples:
    return TextExamples(open_source((["text"] * len(labels), labels)), ColumnOptions(**options))


def learn(labels: list[object], **options) -> LabelEncoder:
    counter = LabelCounter(options.get("target", "classes"))
    assert len(list(counter.watch(read(labels, **options)))) == len(labels)
    return counter.encoder()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *[("pos", "pos"), (" pos\n", "pos"), (b"pos", "pos"), (np.str_("pos"), "pos")],
        *[(1, "1"), (1.0, "1"), (np.float32(1), "1"), (np.int8(-1), "-1"), (0.5, "0.5")],
        *[(True, "True"), (np.bool_(False), "False")],
    ],
)
def test_class_names(value: object, name: str) -> None:
    assert class_name(value) == name


@pytest.mark.parametrize(
    "names",
    [
        ["-1", "0", "0.5", "2", "10"],
        ["class 2", "class 10", "other"],
        ["1", "2", "nan", "x"],
        ["neg", "pos"],
    ],
)
def test_natural_order(names: list[str]) -> None:
    assert natural_order(reversed(names)) == names


@given(st.lists(st.text(max_size=5), unique=True), st.randoms())
def test_natural_order_is_one_order(names: list[str], random) -> None:
    expected = natural_order(names)
    random.shuffle(names)
    assert natural_order(names) == expected


def test_classes() -> None:
    encoder = learn([10, 2, 2, 1.0])
    assert encoder.classes == ("1", "2", "10")
    assert encoder.outputs == 3
    encoded = encoder.encode(["10", "1"])
    assert encoded.dtype == np.int32
    assert encoded.tolist() == [2, 0]


def test_classes_of_an_earlier_version_keep_their_numbers() -> None:
    counter = LabelCounter("classes", ("0.0", "1.0"))
    list(counter.watch(read([0, 1, 2])))
    encoder = counter.encoder()
    assert encoder.classes == ("0.0", "1.0", "2")
    assert encoder.encode(["0", "1", "2"]).tolist() == [0, 1, 2]


def test_several_labels() -> None:
    encoder = learn([["b", "a"], "c|a", "", []], target="labels")
    assert encoder.classes == ("a", "b", "c")
    encoded = encoder.encode([example.label for example in read(["c | b", ""], target="labels")])
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_several_labels_with_another_separator() -> None:
    examples = read(["a;b", "a|b"], target="labels", label_separator=";")
    assert [example.label for example in examples] == [["a", "b"], ["a|b"]]


def test_numbers() -> None:
    encoder = learn(["1.5", 2, np.float32(0.5)], target="number")
    assert (encoder.classes, encoder.outputs) == ((), 1)
    encoded = encoder.encode([1.5, 2.0])
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [1.5, 2.0]


@pytest.mark.parametrize("value", ["1,250", "inf", float("inf"), "many"])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(DataError, match=r"row 2: the label in column 'label' is .*, not a number"):
        list(read([1, value], target="number"))
    with pytest.raises(DataError, match="not a number"):
        list(read([1, value], label_rule="a:<=2,b:>2"))


def test_at_least_two_classes() -> None:
    with pytest.raises(DataError, match="every label is 'pos'"):
        learn(["pos", "pos"])


def test_unknown_classes_are_bad_rows() -> None:
    encoder = learn(["neg", "pos"])
    with pytest.raises(DataError, match=r"row 2: the label 'meh' is none of .*: neg, pos"):
        list(read(["pos", "meh"]).known(encoder))
    lenient = read(["pos", "meh", "neg"], skip_bad_rows=True)
    assert [example.label for example in lenient.known(encoder)] == ["pos", "neg"]
    assert lenient.bad_rows == 1
    several = learn([["a"], ["b"]], target="labels")
    with pytest.raises(DataError, match="the label 'z' is none of"):
        list(read([["a", "z"]], target="labels").known(several))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("neg:<=4,pos:>=7", {4: "neg", 4.5: None, 6: None, 7: "pos"}),
        ("neg:<4, pos:>7", {4: None, 3.9: "neg", 7: None, 8: "pos"}),
        ("low:1..3,high:4..5", {0: None, 1: "low", 3: "low", 3.5: None, 5: "high"}),
        ("zero:==0,below:-5..-0.5", {0: "zero", -5: "below", -0.4: None}),
        ("first:<=2,second:<=4", {2: "first", 3: "second"}),
        ("odd:==1,even:==2,odd:==3", {1: "odd", 2: "even", 3: "odd"}),
        ("a:b:<1", {0: "a:b"}),
    ],
)
def test_rules(rule: str, expected: dict[float, str | None]) -> None:
    assert {value: LabelRule(rule)(value) for value in expected} == expected


@pytest.mark.parametrize("rule", ["neg", "neg:", ":<=4", "neg:4", "neg:=<4", "neg:<=4,", "a:1..x"])
def test_bad_rules(rule: str) -> None:
    with pytest.raises(OptionError, match="write it like 'neg:<=4,pos:>=7'"):
        LabelRule(rule)


def test_rows_outside_the_rule_are_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    examples = read(["1", 5, 10.0, 6], label_rule="neg:<=4,pos:>=7")
    with caplog.at_level("INFO", "toolkit"):
        assert [(e.row, e.label) for e in examples] == [(1, "neg"), (3, "pos")]
    assert (examples.outside_rule, examples.bad_rows) == (2, 0)
    assert "2 rows left out that no part of the label rule takes" in caplog.text


def test_a_rule_makes_classes_only() -> None:
    with pytest.raises(OptionError, match="does not go with another target"):
        read([1], label_rule="a:<1,b:>1", target="number")
