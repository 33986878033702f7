"""Error messages: one line each, whatever text they quote."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import MAX_MESSAGE_LENGTH, DataError, quoted


def test_white_space_and_what_is_invisible() -> None:
    assert str(DataError("a\r\n b\u2028c\x1b[1m \u202e\ud800é👍")) == (
        "a b c\\x1b[1m \\u202e\\ud800é👍"
    )


def test_the_middle_of_a_long_message_is_left_out() -> None:
    message = str(DataError("begin " + "x" * 10**7 + " end"))
    assert message.startswith("begin xx")
    assert message.endswith("xx end")
    assert len(message) == MAX_MESSAGE_LENGTH + 3


@given(st.text())
def test_any_message_is_one_line(text: str) -> None:
    error = DataError(text)
    assert str(error).isprintable()
    assert str(DataError(str(error))) == str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_quoted_values_are_short() -> None:
    assert quoted("good\n") == r"'good\n'"
    assert quoted(np.float32(1.5)) == repr(np.float32(1.5))
    nested: list = []
    for _ in range(5000):
        nested = [nested]
    for value in ("x" * 10**7, ["x" * 10**6] * 10**5, nested, np.zeros(10**6)):
        assert len(quoted(value)) < 500
