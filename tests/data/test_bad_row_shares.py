"""Commands say how many rows they leave out, and refuse too many unless told for the data."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit.data import (
    ColumnOptions,
    EntityColumnOptions,
    EntityExamples,
    LabelEncoder,
    PairColumnOptions,
    PairExamples,
    StreamColumnOptions,
    TextExamples,
    Unreadable,
    answer_readable,
    conditioned_examples,
    conditioned_prompts,
    open_entities,
    open_pairs,
    open_source,
    open_stream,
    prompts,
    source_texts,
)
from toolkit.data.bad_rows import ALL_BAD
from toolkit.data.options import is_inherited
from toolkit.errors import DataError
from toolkit.options import on_the_command_line


def texts(options: Any) -> Iterator[Any]:
    rows = [("fine", "a"), ("dull", "b"), (None, "a")]
    return iter(TextExamples(open_source(frame(rows, "text", "label")), options))


def known(options: Any) -> Iterator[Any]:
    rows = [("fine", "a"), ("dull", "b"), ("so so", "c")]
    examples = TextExamples(open_source(frame(rows, "text", "label")), options)
    return examples.known(LabelEncoder("classes", ["a", "b"]))


def entities(options: Any) -> Iterator[Any]:
    rows = [(["Ann"], ["B-PER"]), (["she"], ["O"]), (["he"], ["O", "O"])]
    return iter(
        EntityExamples(open_entities(tuple(zip(*rows, strict=True)), None, options), options)
    )


def pairs(options: Any) -> Iterator[Any]:
    rows = [("one", "eins"), ("two", "zwei"), ("three", None)]
    return iter(PairExamples(open_pairs(frame(rows, "source", "target"), None, options), options))


def conditions(options: Any) -> Iterator[Any]:
    rows = [("fine", "a"), ("dull", "b"), ("so so", None)]
    return iter(conditioned_examples(open_source(frame(rows, "text", "mood")), options))


def stream(options: Any) -> Iterator[Any]:
    return iter(open_stream(frame([("fine",), ("dull",), (7,)], "text"), None, options))


def frame(rows: list[tuple[Any, ...]], *columns: str) -> pd.DataFrame:
    """Ten times as many good rows as there are, and the last row once."""
    return pd.DataFrame([*rows[:-1] * GOOD, rows[-1]], columns=list(columns))


GOOD = 5
KINDS = [
    (texts, ColumnOptions),
    (known, ColumnOptions),
    (pairs, PairColumnOptions),
    (stream, StreamColumnOptions),
    (conditions, lambda **given: StreamColumnOptions(condition_column="mood", **given)),
]


@pytest.mark.parametrize(("read", "make"), KINDS)
def test_few_bad_rows_are_left_out_and_said(
    read: Callable[[Any], Iterator[Any]], make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    options = make(skip_bad_rows=True)
    options.inherited = frozenset({"skip_bad_rows"})
    assert len(list(read(options))) == 10
    assert "1 bad row left out, of 11 (9.1 %; row 11: the " in caplog.text
    with pytest.raises(DataError, match=r"row 11: .* \(or set skip_bad_rows; inspect counts"):
        list(read(make()))


@pytest.mark.parametrize(("read", "make"), KINDS)
def test_more_are_refused_unless_they_are_allowed_for_this_data(
    read: Callable[[Any], Iterator[Any]],
    make: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(globals(), "GOOD", 4)
    options = make(skip_bad_rows=True)
    options.inherited = frozenset({"skip_bad_rows", "text_column"})
    with on_the_command_line(), pytest.raises(DataError) as caught:
        list(read(options))
    message = str(caught.value)
    assert "1 bad row of 9 (11.1 %); more than 10 % are not left out" in message
    assert "set --skip-bad-rows for this data as well (row 9: the" in message
    assert not caplog.messages
    options.skip_bad_rows = True  # as the same option of this command
    assert not is_inherited(options, "skip_bad_rows")
    assert len(list(read(options))) == 8
    assert "1 bad row left out, of 9 (11.1 %; row 9" in caplog.text


def test_sentences_too() -> None:
    options = EntityColumnOptions(skip_bad_rows=True)
    assert len(list(entities(options))) == 2
    options.inherited = frozenset({"skip_bad_rows"})
    with pytest.raises(DataError, match=r"1 bad row of 3 \(33.3 %\); more than 10 %"):
        list(entities(options))


def test_the_share_is_said_once_for_repeated_readings(caplog: pytest.LogCaptureFixture) -> None:
    rows = frame([("fine", "a"), ("dull", "b"), (None, "a")], "text", "label")
    examples = TextExamples(open_source(rows), ColumnOptions(skip_bad_rows=True))
    for _ in range(2):
        assert len(list(examples)) == 10
    assert (examples.rows, examples.bad_rows) == (11, 1)
    assert len([message for message in caplog.messages if "left out" in message]) == 1


# Prediction


def test_each_row_is_a_text_or_says_why_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "a", "mood": "x"}\n{oops\n{"text": 5, "mood": "x"}\n'
        b'{"text": null, "mood": "x"}\n'
        b'{"text": "caf\xe9", "mood": "x"}\n{"text": "a\\ud83d b", "mood": "x"}\n'
    )
    options = StreamColumnOptions(condition_column="mood")
    found = {
        "classes": [
            Unreadable(e.problem) if e.problem else e.text
            for e in TextExamples(open_source(path), ColumnOptions(), labelled=False)
        ],
        "streams": list(prompts(open_stream(path))),
        "conditions": [
            each if isinstance(each, Unreadable) else each[0]
            for each in conditioned_prompts(open_source(path), options, ["x"])
        ],
        "pairs": list(
            source_texts(open_pairs(path, None, PairColumnOptions(source_column="text")))
        ),
    }
    for kind, rows in found.items():
        assert [*map(type, rows)] == [str, Unreadable, Unreadable, str, Unreadable, Unreadable], (
            kind
        )
        assert [row for row in rows if isinstance(row, str)] == ["a", ""], kind
        problems = [row.problem for row in rows if isinstance(row, Unreadable)]
        for place, what, problem in zip(
            (2, 3, 5, 6), ("not JSON", "is 5, not a", "byte 0xE9", "U+D83D"), problems, strict=True
        ):
            assert problem.startswith(f"row {place} (line {place}): "), kind
            assert what in problem, kind


def test_what_cannot_be_read_is_not_answered() -> None:
    asked: list[Any] = []

    def answer(readable: list[Any]) -> list[dict[str, Any]]:
        asked.extend(readable)
        return [{"label": str(each)} for each in readable]

    part = Unreadable("row 3: a token is missing", ["Ann", ""])
    inputs = ["a", Unreadable("row 2: no text"), part, "b"]
    assert answer_readable(inputs, answer) == [
        {"label": "a"},
        {"error": "row 2: no text"},
        {"label": str(part), "error": "row 3: a token is missing"},
        {"label": "b"},
    ]
    assert asked == ["a", part, "b"]
    assert answer_readable(inputs[1:2], answer, {"translation": ""}) == [
        {"translation": "", "error": "row 2: no text"}
    ]
    assert [each.value for each in (inputs[1], part)] == ["", ["Ann", ""]]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (1, "; inspect counts such rows)"),
        (ALL_BAD - 1, "(or set skip_bad_rows; "),
        (ALL_BAD, "; none of the first 100 rows can be used; is this the right data, and are its "),
    ],
)
def test_leaving_out_is_no_advice_where_all_first_rows_are_bad(bad: int, said: str) -> None:
    texts = [*[None] * bad, "fine", "dull"]
    table = pd.DataFrame({"text": texts, "label": ["a", *["b"] * (bad + 1)]})
    with pytest.raises(DataError) as error:
        list(TextExamples(open_source(table), ColumnOptions()))
    assert str(error.value).startswith("the DataFrame, row 1: the text in column 'text' is empty")
    assert said in str(error.value)
    assert ("set skip" in str(error.value)) is (bad < ALL_BAD)


def test_nothing_is_to_be_left_out_of_data_without_a_good_row() -> None:
    table = pd.DataFrame({"text": [None] * 3, "label": [*"aba"]})
    end = "; none of the 3 rows can be used; is this the right data, and are its columns right "
    columns = "(text_column, label_column)?"
    with pytest.raises(DataError) as error:
        list(TextExamples(open_source(table), ColumnOptions()))
    assert str(error.value).endswith(end + columns)
    with pytest.raises(DataError) as error:
        list(TextExamples(open_source(table), ColumnOptions(skip_bad_rows=True)))
    assert "has no row that can be used; row 1: " in str(error.value)
    assert str(error.value).endswith(columns)
    examples = TextExamples(open_source([("a", "x"), ("b", "y")]), ColumnOptions())
    with pytest.raises(DataError, match=r"'x' is none of .* 2 rows can be used; .* right data.$"):
        list(examples.known(LabelEncoder("classes", ["a", "b"])))


def test_each_kind_of_problem_is_listed_with_its_number() -> None:
    rows = [("fine", "a"), *[("", "a")] * 20, *[("dull", None)] * 15, ("so", "b")]
    options = ColumnOptions(skip_bad_rows=True)
    examples = TextExamples(open_source(pd.DataFrame(rows, columns=["text", "label"])), options)
    for _ in range(2):
        assert [example.text for example in examples] == ["fine", "so"]
        assert examples.listed_problems == [
            "row 2 and 19 more: the text in column 'text' is empty",
            "row 22 and 14 more: the label in column 'label' is missing",
        ]
