"""Cutting strings by characters is Python's slicing, in linear time."""

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.text.strings import place_in_whole, shorten

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=4)


def cut(text: str, most: int, part: str) -> str:
    if len(text) <= most:
        return text
    half = (most + 1) // 2
    ends = {"head": (most, 0), "tail": (0, most)}.get(part, (half, most - half))
    return " ".join(end for end in (text[: ends[0]], text[len(text) - ends[1] :]) if end)


@given(
    texts=TEXTS, most=st.integers(1, 13), part=st.sampled_from(["head", "tail", "head_and_tail"])
)
def test_it_is_slicing(texts: list[str], most: int, part: str) -> None:
    found, longer = shorten(tf.constant([t.encode() for t in texts], tf.string), most, part)
    assert [text.decode() for text in found.numpy()] == [cut(text, most, part) for text in texts]
    assert longer.numpy().tolist() == [len(text) > most for text in texts]


@pytest.mark.parametrize(
    "content", [b"\xff", b"\x80\x80abc", b"ab\xc3", b"\xf0\x9f\x91a\xed\xa0\x80"]
)
def test_bytes_that_are_no_text_are_replaced_first(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    for most in range(1, len(text) + 2):
        for part in ("head", "tail", "head_and_tail"):
            found, _ = shorten(tf.constant([content]), most, part)
            assert found.numpy()[0].decode() == cut(text, most, part)


@pytest.mark.parametrize("part", ["head", "tail", "head_and_tail"])
@pytest.mark.parametrize("most", [1, 4, 5, 9, 20])
def test_places_are_those_in_the_whole_text(part: str, most: int) -> None:
    text = "abcdefghi"
    found = cut(text, most, part)
    starts = [place for place, character in enumerate(found) if character != " "]
    length = tf.constant(len(text))
    whole = place_in_whole(tf.constant(starts), length, most, part).numpy()
    assert [text[place] for place in whole] == [found[place] for place in starts]
    ends = place_in_whole(tf.constant(starts) + 1, length, most, part).numpy()
    assert (ends == whole + 1).all()
