"""The pieces in which long recordings are read."""

import itertools

import numpy as np
import pytest

from toolkit.audio.frames import Framing
from toolkit.data.audio.recording import Recording
from toolkit.tasks.speech.recognition import PIECE, pieces


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("stack", [1, 3, 7])
def test_pieces_cover_a_recording_once_and_the_last_one_ends_it(rate: int, stack: int) -> None:
    framing = Framing(rate, stack=stack)
    step = framing.step_seconds
    lengths = [*range(29 * rate, 31 * rate, rate // 8), 30 * rate + 1]
    inner = int((PIECE - 4) / step + 1e-6) * stack * framing.hop_size
    lengths += [
        30 * rate + number * inner + more for number in (1, 2, 5, 14) for more in (-1, 0, 1)
    ]
    lengths += [round(seconds * rate) for seconds in (289.80, 393.72, 575.58)]
    for length in lengths:
        nothing = np.zeros((length, 1), np.float32)
        recording = Recording(rate, length, 1, lambda start, stop, all=nothing: all[start:stop])
        found = [*pieces(recording, framing)]
        assert [piece.stop == np.inf for piece in found] == [*[False] * (len(found) - 1), True]
        assert found[0].start == 0
        for before, after in itertools.pairwise(found):
            assert before.stop == pytest.approx(after.start, abs=1e-6)
            for piece in (before, after):  # whole steps are cut out of each
                place = (after.start - piece.offset) / step
                assert place == pytest.approx(round(place), abs=1e-6)
            assert len(before.samples) == PIECE * rate
        last = found[-1]
        assert round(last.offset * rate) + len(last.samples) == length
        assert len(last.samples) <= PIECE * rate + 1
        assert len(found) == 1 or len(last.samples) > 3 * rate
