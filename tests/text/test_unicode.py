"""Normal forms and lower case, against Python's ``unicodedata``."""

import sys
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.text.unicode import normalise

FORMS = ["NFC", "NFKC"]
CODE_POINTS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
COMPOSABLE = [
    character
    for character in CODE_POINTS
    if unicodedata.combining(character)
    or unicodedata.normalize("NFKD", character) != character
    or "\u1100" <= character <= "\u11ff"
]

# Few characters, so that marks of equal and of different classes often stand side by side.
FEW = "aΑ=\u0301\u0305\u0308\u0313\u0323\u0327\u0338\u0345\u1100\u1161\u11a8가"

PAIRS = [
    ("NFC", False, "e\u0301", "é"),
    ("NFC", False, "a\u0323\u0307 a\u0307\u0323", "ạ̇ ạ̇"),
    ("NFC", False, "a\u0305\u0301", "a\u0305\u0301"),
    ("NFC", False, "\u1112\u1161\u11ab", "한"),
    ("NFC", False, "Å", "Å"),
    ("NFC", False, "\u0958", "\u0915\u093c"),
    ("NFC", True, "ÜNÏ", "ünï"),
    ("NFC", True, "J\u030c", "ǰ"),
    ("NFC", True, "ΟΔΟΣ", "οδος"),
    ("NFC", True, "TITLE", "title"),
    ("NFC", True, "İ", "i\u0307"),
    ("NFC", True, "ﬁ", "ﬁ"),
    ("NFKC", True, "ﬁＡ①", "fia1"),
    ("NFKC", True, "ℋ™", "htm"),
    ("none", False, "E\u0301", "E\u0301"),
    ("none", True, "E\u0301É", "e\u0301é"),
    ("NFC", True, "", ""),
    ("NFC", True, "\0É\0", "\0é\0"),
]


def normal(texts, form, lowercase=False):
    values = normalise(tf.constant(texts, tf.string), form, lowercase).numpy()
    return [value.decode() for value in values]


@pytest.mark.parametrize(("form", "lowercase", "text", "expected"), PAIRS)
def test_literal_pairs(form, lowercase, text, expected):
    assert normal([text, "Plain"], form, lowercase) == [expected, "plain" if lowercase else "Plain"]


@pytest.mark.parametrize("form", FORMS)
def test_every_code_point(form):
    assert normal(CODE_POINTS, form) == [unicodedata.normalize(form, c) for c in CODE_POINTS]


@pytest.mark.slow
@pytest.mark.parametrize("form", [*FORMS, "none"])
def test_every_code_point_in_lower_case(form):
    def expected(character):
        if form == "NFKC":
            character = unicodedata.normalize("NFKC", character)
        character = "".join(map(str.lower, character))
        return character if form == "none" else unicodedata.normalize(form, character)

    lowered = [expected(character) for character in CODE_POINTS]
    assert normal(CODE_POINTS, form, lowercase=True) == lowered


@pytest.mark.parametrize("form", FORMS)
@example(texts=["\u0dd9\u0dcf\u0dca", "\u1100\u1161\u11a8\u11a8", "\u0301\u0327a"])
@given(texts=st.lists(st.one_of(st.text(), st.text(st.sampled_from(COMPOSABLE)), st.text(FEW))))
def test_strings(form, texts):
    assert normal(texts, form) == [unicodedata.normalize(form, text) for text in texts]
    decomposed = [unicodedata.normalize("NFD", text) for text in texts]
    assert normal(decomposed, form) == [unicodedata.normalize(form, text) for text in texts]


@given(texts=st.lists(st.text(st.characters(exclude_characters="Σσς", codec="utf-8"))))
def test_lower_case_is_pythons(texts):
    lowered = [unicodedata.normalize("NFC", text.lower()) for text in texts]
    assert normal(texts, "NFC", lowercase=True) == lowered
