"""Pictures of recordings, with the probabilities of symbols over time."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from toolkit.audio.frames import Framing, band_edges, log_mel
from toolkit.data.audio.recording import Recording
from toolkit.evaluation import HeardRecording
from toolkit.tasks.speech.recognition import PIECE, pieces


def heard_recording(
    recording: Recording, framing: Framing, bands: int, ask: Callable[..., dict[str, Any]]
) -> HeardRecording:
    """Return what a picture shows of a recording; of a long one its first piece.

    Args:
        recording: The recording.
        framing: The steps of the model.
        bands: The number of its mel bands.
        ask: Answers ``audio`` [1, N] and ``length`` [1] as the signature ``probabilities``.

    Raises:
        BadRowError: It cannot be decoded.
    """
    (piece,) = islice(pieces(recording, framing), 1)
    audio = np.zeros((1, max(1, len(piece.samples))), np.float32)
    audio[0, : len(piece.samples)] = piece.samples / np.float32(2**15)
    outputs = ask(audio=audio, length=[len(piece.samples)])
    is_cut = recording.seconds > PIECE
    return HeardRecording(
        f"the first {PIECE:g} of {recording.seconds:,.1f} s" if is_cut else "",
        log_mel(audio, framing, bands)[0].numpy(),
        band_edges(bands, framing.rate)[1:-1],
        framing.hop_size / framing.rate,
        np.exp(outputs["log_probabilities"][0, : outputs["steps"][0]]),
        tuple(outputs["symbols"].tolist()),
        framing.step_seconds,
    )
