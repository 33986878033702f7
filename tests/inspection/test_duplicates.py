"""Duplicate texts: which texts count as equal, and the numbers of duplicates."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data.fingerprints import fingerprint, normal_form
from toolkit.inspection.duplicates import find_repeats


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's  GOOD!", "its good"),
        ("A good<br />film.", "a good film"),
        ("Straße", "STRASSE"),
        ("caf\u00e9", "Cafe\u0301!"),
        ("ﬁne\u200b film", "Fine film"),
        ("“Very” – well\t", "very well"),
    ],
)
def test_case_spacing_and_punctuation_make_no_difference(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("good 👍", "good 👎"), ("कि", "का"), ("!!", "??"), ("3 + 4", "3 4"), ("no", "not")],
)
def test_what_is_said_makes_a_difference(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_fingerprints_are_the_same_in_every_process() -> None:
    assert fingerprint("film 0") == 1209052116219677493
    assert fingerprint("\ud83d") != fingerprint("\ud83e")  # lone surrogates


texts = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=30
)


@given(texts)
def test_repeats_as_counted_by_hand(found: list[tuple[int, int, bool]]) -> None:
    repeats = find_repeats(*(np.array(column) for column in zip(*found, strict=True)))

    seen: dict[bool, list[int]] = {False: [], True: []}
    again = {False: 0, True: 0}
    labels = defaultdict(set)
    for text, label, held_out in found:
        again[held_out] += text in seen[held_out]
        seen[held_out].append(text)
        labels[text].add(label)
    assert (repeats.training, repeats.held_out) == (again[False], again[True])
    assert repeats.across == sum(text in seen[False] for text in seen[True])
    assert repeats.contradicting == sum(len(of_text) > 1 for of_text in labels.values())

    for pairs, count, parts, differ in (
        (repeats.training_pairs, repeats.training, (False, False), False),
        (repeats.held_out_pairs, repeats.held_out, (True, True), False),
        (repeats.across_pairs, repeats.across, (True, False), False),
        (repeats.contradicting_pairs, repeats.contradicting, None, True),
    ):
        assert len(pairs) >= min(count, 3)
        for later, earlier in pairs:
            assert found[later][0] == found[earlier][0]
            assert parts is None or (found[later][2], found[earlier][2]) == parts
            assert not differ or found[later][1] != found[earlier][1]


def test_the_first_examples_are_given() -> None:
    prints = np.array([7, 8, 7, 9, 7, 8, 9, 9])
    repeats = find_repeats(prints, np.zeros(8, int), np.zeros(8, bool))
    assert repeats.training == 5
    assert repeats.training_pairs.tolist() == [[2, 0], [4, 2], [5, 1]]
