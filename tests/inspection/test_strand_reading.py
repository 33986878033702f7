"""Letters and opposite strands, beside counts by brute force."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.inspection.strand_reading import (
    StrandReading,
    find_opposites,
    gc_share,
    letter_shares,
)
from toolkit.text.bases import reverse_complement


def test_shares_of_letters() -> None:
    shares = letter_shares(Counter("AACGTUNNXRYSW-.*Q$"))
    assert shares.pop("letters") == 18
    assert shares.pop("gc_share") == pytest.approx(3 / 8)
    expected = {"A": 2, "C": 1, "G": 1, "T": 2, "N": 3, "other_codes": 4, "no_base": 5}
    assert shares == pytest.approx({f"{name}_share": n / 18 for name, n in expected.items()})


def test_letters_that_are_neither_pair_have_no_share_of_g_and_c() -> None:
    assert gc_share(Counter("NNRYKM-")) is None
    assert gc_share(Counter("NS")) == 1
    assert gc_share(Counter("WAC")) == pytest.approx(1 / 3)
    assert letter_shares(Counter())["gc_share"] is None


def test_figures_of_strands() -> None:
    reading = StrandReading()
    reading.add("acguN-", 3, 0, False, ["a", "b"])
    reading.add("NNX", 5, 1, True, ["a"])
    reading.add("ACGTN-", 6, 1, True)
    strands = reading.strands()
    assert strands.file.tolist() == [0, 1, 1]
    assert strands.rows.tolist() == [3, 5, 6]
    assert strands.held_out.tolist() == [False, True, True]
    assert strands.lengths.tolist() == [6, 3, 6]
    assert strands.known.tolist() == [4, 0, 4]
    assert strands.fingerprints[0] == strands.fingerprints[2] != strands.fingerprints[1]
    assert reading.letters["training"] == Counter("ACGUN-")
    assert reading.letters["held_out"] == Counter("NNXACGTN-")
    assert reading.label_letters == {"a": Counter("ACGUN-"), "b": Counter("ACGUN-")}


SMALL = st.lists(st.tuples(st.text("acgN", max_size=3), st.booleans()), min_size=1, max_size=40)


@given(drawn=SMALL)
def test_opposite_strands_in_the_other_part(drawn: list[tuple[str, bool]]) -> None:
    reading = StrandReading()
    for row, (strand, held_out) in enumerate(drawn, 1):
        reading.add(strand, row, 0, held_out)
    trained = [strand.upper() for strand, held_out in drawn if not held_out]
    expected = []
    for index, (strand, held_out) in enumerate(drawn):
        opposite = reverse_complement(strand.upper())
        if held_out and strand.upper() not in trained and opposite in trained:
            first = next(
                n for n, (s, held) in enumerate(drawn) if not held and s.upper() == opposite
            )
            expected.append([index, first])
    pairs = find_opposites(reading.strands())
    assert np.array(pairs).tolist() == expected
