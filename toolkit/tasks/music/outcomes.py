"""The outcomes of a model of music on pieces: losses, likeliest frames, and their metrics."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import MusicExample
from toolkit.evaluation import Metric, Statistics
from toolkit.files import atomic_write
from toolkit.music.rolls import KEYS as KEYS_OF_PIANO
from toolkit.report.answered import Answered
from toolkit.report.blocks import Cell, Section
from toolkit.report.rolls import roll_examples
from toolkit.tasks.outcomes import Outcomes

#: The number of hardest pieces whose rolls are shown.
PLAYED = 4
#: The sums of a piece: nats, nats after the first frame, frames, frames after the first, keys that
#: sound and were predicted, and keys that sound or were predicted.
NATS, LATER_NATS, FRAMES, LATER_FRAMES, HITS, KEYS = range(6)

_METRICS = {
    "log_loss": Metric(
        lambda s: s[..., NATS] / np.maximum(s[..., FRAMES], 1), lower_is_better=True, counts=FRAMES
    ),
    "log_loss_after_first": Metric(
        lambda s: s[..., LATER_NATS] / np.maximum(s[..., LATER_FRAMES], 1),
        lower_is_better=True,
        counts=LATER_FRAMES,
    ),
    "frame_accuracy": Metric(lambda s: s[..., HITS] / np.maximum(s[..., KEYS], 1)),
}


def piece_sums(
    nll: NDArray[Any], likeliest: NDArray[Any], frames: NDArray[Any], length: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the sums of pieces, float64 [B, 6].

    Args:
        nll: The negative log probability of each frame in nats [B, T].
        likeliest: The predicted frames [B, T, 88].
        frames: The frames [B, T, 88].
        length: The number of frames of each piece [B].
    """
    steps = np.arange(nll.shape[1])
    real = steps < np.asarray(length)[:, None]
    later = real & (steps > 0)
    nll = np.asarray(nll, np.float64)
    likeliest, frames = (np.asarray(each) > 0 for each in (likeliest, frames))
    hits, either = (
        (both & real[:, :, None]).sum(axis=(1, 2))
        for both in (likeliest & frames, likeliest | frames)
    )
    return np.stack(
        [
            np.where(real, nll, 0).sum(axis=1),
            np.where(later, nll, 0).sum(axis=1),
            real.sum(axis=1),
            later.sum(axis=1),
            hits,
            either,
        ],
        axis=1,
    ).astype(np.float64)


def music_metrics(sums: NDArray[np.float64]) -> dict[str, Any]:
    """Return the metrics of the sums of pieces [N, 6].

    Returns:
        ``log_loss`` in nats a frame; ``log_loss_after_first``, the same without the first frame of
        each piece, as in Bai et al. 2018; ``frame_accuracy`` (Bay et al. 2009), the keys that sound
        and were predicted among those that sound or were predicted; and ``frames``.
    """
    total = sums.sum(axis=0)
    metrics: dict[str, Any] = {name: float(m.of(total)) for name, m in _METRICS.items()}
    return metrics | {"frames": int(total[FRAMES])}


@dataclass(frozen=True)
class Pieces:
    """The pieces that a report shows.

    Attributes:
        places: Their places in the data.
        sounding: The number of frames in which each key sounds [88].
        step_seconds: The seconds of a frame.
        rolls: Returns those of the pieces with some numbers, in increasing order.
    """

    places: Sequence[str]
    sounding: NDArray[np.float64]
    step_seconds: float
    rolls: Callable[[Sequence[int]], Sequence[NDArray[Any]]]


@dataclass(frozen=True)
class MusicOutcomes(Outcomes):
    """The losses and predictions on pieces.

    Attributes:
        sums: The sums of each piece [N, 6]; see ``piece_sums``.
        checksum: The checksum of the pieces as read.
        pieces: What a report shows of the pieces; None for no report.
    """

    sums: NDArray[np.float64]
    checksum: int
    pieces: Pieces | None = None

    def metrics(self) -> dict[str, Any]:
        """Return the metrics by name; see ``music_metrics``."""
        return music_metrics(self.sums)

    def statistics(self) -> Statistics:
        """Return the statistics, one row a piece."""
        return Statistics(self.sums, _METRICS)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``."""
        atomic_write(folder / "metrics.json", json.dumps(metrics, indent=2) + "\n")

    def answered(self, facts: Mapping[str, Any]) -> Answered | None:
        """Return the pieces; the loss is in nats a frame."""
        pieces = self.pieces
        if pieces is None:
            return None
        loss = self.sums[:, NATS] / np.maximum(self.sums[:, FRAMES], 1)
        accuracy = self.sums[:, HITS] / np.maximum(self.sums[:, KEYS], 1)

        def show(numbers: Sequence[int]) -> list[Mapping[str, Cell]]:
            return [
                {
                    "piece": pieces.places[number],
                    "frames": int(self.sums[number, FRAMES]),
                    "nats a frame": float(loss[number]),
                    "frame accuracy": float(accuracy[number]),
                }
                for number in numbers
            ]

        shares = np.clip(pieces.sounding / max(1.0, self.sums[:, FRAMES].sum()), 1e-12, 1 - 1e-12)
        entropy = -(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)).sum()
        return Answered(
            noun="piece",
            loss=loss,
            graded="hardest pieces",
            show=show,
            texts=frozenset({"piece"}),
            keys={"length in frames": self.sums[:, FRAMES].astype(int).tolist()},
            baselines={"each key by its frequency in this data": {"log_loss": float(entropy)}},
        )

    def sections(self, texts: bool) -> list[Section]:
        """Return the section with the rolls of the hardest pieces, which play."""
        if self.pieces is None or not texts:
            return []
        loss = self.sums[:, NATS] / np.maximum(self.sums[:, FRAMES], 1)
        hardest = np.argsort(-loss, kind="stable")[:PLAYED].tolist()
        rolls = self.pieces.rolls(hardest)
        names = [f"{self.pieces.places[n]}: {loss[n]:.2f} nats a frame" for n in hardest]
        played = roll_examples(rolls, names, self.pieces.step_seconds)
        return [Section("rolls", "Rolls", [played])]


def shown_pieces(examples: Iterable[MusicExample], step_seconds: float) -> Pieces:
    """Return what a report shows of pieces, which are read again for their rolls.

    Args:
        examples: The pieces.
        step_seconds: The seconds of a frame.
    """
    places: list[str] = []
    sounding = np.zeros(KEYS_OF_PIANO)
    for example in examples:
        places.append(example.place)
        sounding += example.roll.sum(axis=0)

    def rolls(numbers: Sequence[int]) -> list[NDArray[Any]]:
        wanted = {*numbers}
        found = {place: each.roll for place, each in enumerate(examples) if place in wanted}
        return [found[number] for number in numbers]

    return Pieces(places, sounding, step_seconds, rolls)
