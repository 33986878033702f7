"""Choice of columns: by name, or by a guess that is logged."""

import logging

import pandas as pd
import pytest

from toolkit.data import ColumnOptions, TextExamples, open_source
from toolkit.errors import DataError


def chosen(columns: dict[str, object], **options) -> tuple[str, str | None]:
    frame = pd.DataFrame({name: [value] for name, value in columns.items()})
    examples = TextExamples(open_source(frame), ColumnOptions(**options))
    assert list(examples)
    return examples.text_column, examples.label_column


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"id": "1", "text": "a b", "label": "x"}, ("text", "label")),
        ({"Review": "a b", "Sentiment": "x"}, ("Review", "Sentiment")),
        ({"opinion": "long enough", "x": "1"}, ("opinion", "x")),
        ({"a": "1", "what they wrote": "long enough"}, ("what they wrote", "a")),
        ({"text": "a", "label": "x", "rating": 3}, ("text", "label")),
        ({"id": "a much longer id than the text", "text": "a", "stars": 3}, ("text", "stars")),
        ({"link": "https://example.org/long", "story": "a b", "label": 1}, ("story", "label")),
        ({"link": "https://example.org", "story": "長い", "label": 1}, ("story", "label")),
        ({"id": "1", "word": "good", "label": "x"}, ("word", "label")),
        ({"note": "longer than it", "headline": "a b", "label": 1}, ("headline", "label")),
    ],
)
def test_guesses(columns: dict[str, object], expected: tuple[str, str]) -> None:
    assert chosen(columns) == expected


def test_numbers_come_first_where_numbers_are_meant() -> None:
    columns = {"text": "a", "label": "x", "rating": 4}
    assert chosen(columns, target="number")[1] == "rating"
    assert chosen(columns, label_rule="neg:<3,pos:>3")[1] == "rating"


def test_named_columns_are_not_guessed_as_something_else() -> None:
    columns = {"text": "the film's name", "review": "a", "label": "x", "class": "y"}
    assert chosen(columns, label_column="text")[0] == "review"
    assert chosen(columns, group_column="label")[1] == "class"


def test_guesses_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "toolkit"):
        chosen({"review": "a", "stars": 1})
    assert [record.getMessage() for record in caplog.records] == [
        "text column: 'review' (guessed; set text_column)",
        "label column: 'stars' (guessed; set label_column)",
    ]


def test_what_cannot_be_guessed_is_asked_for() -> None:
    with pytest.raises(DataError, match="set label_column to one of: text, a, b"):
        chosen({"text": "x", "a": "1", "b": "2"})
    with pytest.raises(DataError, match=r"no column 'film' \(group_column\); it has: text, lab"):
        chosen({"text": "x", "label": "1"}, group_column="film")


def test_groups_are_looked_for_only_where_a_split_is_made() -> None:
    examples = TextExamples(
        open_source((["a", "b"], [1, 2])), ColumnOptions(group_column="film"), grouped=False
    )
    assert [example.group for example in examples] == [None, None]


def test_no_label_column_is_looked_for_without_labels() -> None:
    examples = TextExamples(open_source(["a", "b"]), ColumnOptions(), labelled=False)
    assert examples.label_column is None
    assert [example.text for example in examples] == ["a", "b"]


def test_lists_have_no_column_names_to_be_wrong_about(caplog: pytest.LogCaptureFixture) -> None:
    options = ColumnOptions(text_column="review", label_column="stars")
    with caplog.at_level(logging.INFO, "toolkit"):
        examples = TextExamples(open_source((["a", "b"], [1, 2])), options)
    assert [example.label for example in examples] == ["1", "2"]
    assert not caplog.records
    with pytest.raises(DataError, match="texts alone; give a pair"):
        TextExamples(open_source(["a"]), ColumnOptions())
