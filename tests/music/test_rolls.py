"""Rolls from pitches and matrices, and the notes in them."""

from typing import Any

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.music.rolls import (
    MOST_STEPS,
    Note,
    empty_roll,
    notes_of,
    pitches_of,
    roll_of_matrix,
    roll_of_pitches,
    room,
)


def test_pitches_become_keys_and_back() -> None:
    steps = [[60, 21], [], [108, 60, 60], [-1, 64]]  # a voice that rests is -1
    roll = roll_of_pitches(steps)
    assert roll.shape == (4, 88)
    assert roll.dtype == np.uint8
    assert np.argwhere(roll).tolist() == [[0, 0], [0, 39], [2, 39], [2, 87], [3, 43]]
    assert pitches_of(roll) == [[21, 60], [], [60, 108], [64]]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([[60], [20]], "step 2: the pitch 20 is none of the 88 keys, whose pitches are 21 to 108"),
        ([[109]], "step 1: the pitch 109 is none"),
        ([[60.5]], "step 1: 60.5 is no MIDI pitch"),
        ([["C"]], "step 1: 'C' is no MIDI pitch"),
        ([[True]], "step 1: True is no MIDI pitch"),
        ([[None]], "step 1: None is no MIDI pitch"),
        ([60, 64], "step 1 is 60; it should be a list of MIDI pitches"),
        (["60"], "step 1 is '60'; it should be a list"),
    ],
)
def test_other_steps_are_refused(steps: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        roll_of_pitches(steps)


def test_a_matrix_of_velocities_is_a_roll() -> None:
    wide = np.zeros((3, 128))
    wide[0, 60], wide[2, 21] = 80, 1
    assert pitches_of(roll_of_matrix(wide)) == [[60], [], [21]]
    narrow = np.zeros((2, 88), bool)
    narrow[1, 0] = True
    assert pitches_of(roll_of_matrix(narrow)) == [[], [21]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((3, 87)), r"a roll of shape \[3, 87\] cannot be read"),
        (np.zeros(88), r"a roll of shape \[88\] cannot be read"),
        (np.full((1, 88), np.nan), "not finite"),
        (np.full((1, 88), -1), "negative"),
        (np.full((1, 88), "a"), "no.* hold numbers"),
        (np.ones((1, 128)), "the pitch 0 is none of the 88 keys"),
    ],
)
def test_other_matrices_are_refused(values: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        roll_of_matrix(values)


def test_a_piece_has_a_largest_length() -> None:
    with pytest.raises(DataError, match="1,000,001 time steps"):
        empty_roll(MOST_STEPS + 1)


def test_consecutive_steps_of_a_key_are_one_note() -> None:
    roll = roll_of_pitches([[60, 64], [60], [], [60], [64, 60]])
    assert notes_of(roll) == [
        Note(39, 0, 2),
        Note(43, 0, 1),
        Note(39, 3, 5),
        Note(43, 4, 5),
    ]
    assert notes_of(empty_roll(3)) == notes_of(empty_roll(0)) == []


def test_notes_cover_what_sounds() -> None:
    roll = (np.random.default_rng(1).random((40, 88)) < 0.3).astype(np.uint8)
    again = np.zeros_like(roll)
    for key, start, end in notes_of(roll):
        assert again[start:end, key].sum() == 0
        again[start:end, key] = 1
    np.testing.assert_array_equal(again, roll)


def test_room_is_what_the_keys_leave() -> None:
    assert room(roll_of_pitches([[60], [72]])) == (39, 36)
    assert room(roll_of_pitches([[21, 108]])) == (0, 0)
    assert room(empty_roll(2)) == (0, 0)
