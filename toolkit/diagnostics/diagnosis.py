"""A report on the gradients of a task's network, with pictures and numbers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.diagnostics.plot import (
    draw_activations,
    draw_flows,
    draw_norms,
    draw_shares,
    write_flows,
)
from toolkit.diagnostics.record import Flow, gradient_flows, gradient_norms, recurrent_layers
from toolkit.errors import DataError, ModelError
from toolkit.files import atomic_write

#: The largest number of texts in a window, and of batches whose gradients are measured.
TEXTS, BATCHES = 16, 40
#: The distances in the report.
DISTANCES = (0, 1, 2, 5, 10, 20, 50, 100, 199)
#: The share of gradients within the suggested limits.
WITHIN = 0.95


@dataclass(frozen=True)
class Window:
    """Sequences of one length, without padding.

    Attributes:
        inputs: The inputs of the network, the batch first.
        targets: The targets, the batch first.
        tokens: The tokens of the first sequence, by the names of the tracks.
    """

    inputs: Any
    targets: Any
    tokens: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Track:
    """Recurrent layers that read the same time steps.

    Attributes:
        layers: The layers.
        at_end: Whether there is one loss at the end of a sequence; otherwise each step has its own
            loss.
    """

    layers: Sequence[Any]
    at_end: bool


@dataclass(frozen=True)
class Subject:
    """The network and data of a diagnosis.

    Attributes:
        network: The network.
        batches: Inputs and targets as in training, optionally with weights [B, J].
        losses: Maps inputs and targets to the losses [B, J] without dropout, in nats, and their
            weights [B, J], 0 at padding.
        window: Maps a number of sequences and the largest number of steps to a window.
        tracks: The layers, by the names of the sequences that they read.
    """

    network: keras.Model
    batches: Iterable[tuple[Any, ...]]
    losses: Callable[[Any, Any], tuple[Any, Any]]
    window: Callable[[int, int], Window]
    tracks: Mapping[str, Track]


def longest(lengths: NDArray[np.integer[Any]], texts: int, steps: int) -> tuple[Any, int]:
    """Return the indices of the longest texts, and their common number of steps.

    Args:
        lengths: The lengths of all texts [N].
        texts: The number of texts; at most half of all, so that short texts do not limit the steps.
        steps: The largest number of steps.

    Raises:
        DataError: All texts are empty.
    """
    chosen = np.argsort(-lengths, kind="stable")[: max(1, min(texts, len(lengths) // 2))]
    chosen = chosen[lengths[chosen] > 0]
    if not len(chosen):
        raise DataError("there is no text for a diagnosis of gradients")
    return chosen, int(min(steps, lengths[chosen].min()))


def shortened(inputs: Mapping[str, Any], steps: int, **lengths: str) -> dict[str, Any]:
    """Return a network's inputs, truncated to their first steps.

    Args:
        inputs: Arrays by name, the batch first.
        steps: The number of steps to keep.
        lengths: For each input that is a sequence [B, T, ...], the name of its lengths [B].
    """
    cut = {name: inputs[name][:, :steps] for name in lengths}
    new_lengths = {n: np.minimum(inputs[n], np.int32(steps)) for n in lengths.values()}
    return {**inputs, **cut, **new_lengths}


def untrained_copy(network: keras.Model, seed: int) -> keras.Model:
    """Return the same network with new random weights."""
    keras.utils.set_random_seed(seed)
    fresh = type(network).from_config(network.get_config())
    fresh.build()
    return fresh


def diagnose(
    subject: Subject, limit: tuple[str, float], steps: int, output: str | Path | None = None
) -> dict[str, Any]:
    """Compute gradients through time, and the gradient norms of whole batches.

    Args:
        subject: The network and data.
        limit: The kind of clipping, ``clipnorm`` or ``global_clipnorm``, and its limit; infinite
            for none.
        steps: The largest number of time steps.
        output: A folder for pictures and numbers.

    Returns:
        Sections of plain values, ``warnings`` among them, for ``report_table``.

    Raises:
        DataError: There is no text.
        ModelError: The network has no recurrent layer.
    """
    if not any(recurrent_layers(track.layers) for track in subject.tracks.values()):
        raise ModelError("the network has no recurrent layer, through which a gradient could flow")
    window = subject.window(TEXTS, steps)
    flows = {name: _follow(subject, name, window) for name in subject.tracks}
    norms = gradient_norms(
        [weight.value for weight in subject.network.trainable_variables],
        lambda inputs, targets, *weights: _mean(*subject.losses(inputs, targets), *weights),
        islice(subject.batches, BATCHES),
    )
    every = [flow for track_flows in flows.values() for flow in track_flows]
    clipping, warnings = _clipping(norms, *limit)
    report: dict[str, Any] = {
        "followed": {
            name: {"texts": len(window.targets), "steps": len(tokens)}
            for name, tokens in window.tokens.items()
        },
        "gradient_at_distance": {flow.name: _at_distances(flow) for flow in every},
        "gradient_of_recurrent_weights": {flow.name: _by_part(flow) for flow in every},
        "saturated": {
            flow.name: {f"{name}_share": share for name, share in flow.saturation.items()}
            for flow in every
            if flow.saturation
        },
        "clipping": clipping,
        "warnings": warnings,
    }
    if output is not None:
        _write(Path(output), report, flows, window, norms, clipping)
    return report


def _follow(subject: Subject, name: str, window: Window) -> list[Flow]:
    """Return the gradient flows through the layers of a track."""
    track = subject.tracks[name]

    def losses() -> Any:
        values, _ = subject.losses(window.inputs, window.targets)
        return tf.reduce_sum(values, axis=1, keepdims=True) if track.at_end else values

    places = [len(window.tokens[name]) - 1] if track.at_end else None
    return gradient_flows(subject.network, losses, recurrent_layers(track.layers), places)


def _mean(losses: Any, weights: Any, *more: Any) -> Any:
    """Return the weighted mean of losses, by the product of all weights."""
    for factor in more:
        weights = weights * factor
    return tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def _at_distances(flow: Flow) -> dict[str, float]:
    """Return the norms at some distances, and the ratio of the farthest to the nearest."""
    norms = flow.by_distance()
    by_distance = {
        str(distance): float(norms[distance])
        for distance in DISTANCES
        if distance < len(norms) and np.isfinite(norms[distance])
    }
    values = list(by_distance.values())
    if len(values) > 1 and values[0] > 0:
        by_distance["far_to_near"] = values[-1] / values[0]
    return by_distance


def _by_part(flow: Flow) -> dict[str, float | None]:
    """Return the share of each quarter of the steps in the gradient.

    A share is None if it is not known, as for a cell without a ``recurrent_kernel``.
    """
    names = ("first", "second", "third", "last")
    sums = [float(part.sum()) for part in np.array_split(flow.shares, len(names))]
    return {
        f"{name}_quarter_share": share if np.isfinite(share) else None
        for name, share in zip(names, sums, strict=True)
    }


def _clipping(norms: Any, kind: str, limit: float) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the distribution of gradient norms, the share of clipped ones, and suggested limits.

    A limit of about the usual norm keeps a few much larger gradients from undoing the training;
    Pascanu et al. 2013 (section 3.2) use half to ten times the average norm.
    """
    together = np.sqrt((norms**2).sum(axis=1))
    largest = norms.max(axis=1, initial=0)
    finite = np.isfinite(together)
    clipped = together if kind == "global_clipnorm" else largest
    section: dict[str, Any] = {"batches": len(norms)}
    warnings = []
    if finite.any():
        section |= {
            f"norm_{name}": float(np.quantile(together[finite], share))
            for name, share in (("median", 0.5), ("95th_percentile", WITHIN), ("largest", 1.0))
        }
        section["suggested_global_clipnorm"] = _rounded(np.quantile(together[finite], WITHIN))
        section["suggested_clipnorm"] = _rounded(np.quantile(largest[finite], WITHIN))
    if np.isfinite(limit):
        section |= {kind: limit, "clipped_share": float((~finite | (clipped > limit)).mean())}
    if not finite.all():
        count = int((~finite).sum())
        warnings.append(
            {
                "kind": "not_finite",
                "message": f"{count} of {len(norms)} batches have a gradient that is not finite",
            }
        )
    return section, warnings


def _rounded(value: Any) -> float:
    """Round to two digits."""
    return float(f"{value:.2g}")


def _write(
    folder: Path,
    report: Mapping[str, Any],
    flows: Mapping[str, Sequence[Flow]],
    window: Window,
    norms: Any,
    clipping: Mapping[str, Any],
) -> None:
    """Write pictures (PNG), numbers (CSV) and the report (JSON) into a folder."""
    every = [flow for track_flows in flows.values() for flow in track_flows]
    draw_flows({flow.name: flow.by_distance() for flow in every}, folder / "gradients.png")
    draw_shares(every, folder / "shares.png")
    write_flows(every, folder / "gradients.csv")
    for name, track_flows in flows.items():
        for flow in track_flows:
            draw_activations(flow, window.tokens[name], folder / f"activations_{flow.name}.png")
    limits = {
        name.replace("_", " "): clipping[name]
        for name in ("global_clipnorm", "suggested_global_clipnorm")
        if name in clipping
    }
    together = np.sqrt((norms**2).sum(axis=1))
    draw_norms(together, limits, folder / "norms.png")
    rows = ["batch,norm,largest_of_a_weight"]
    rows += [
        f"{number},{norm:.6g},{largest:.6g}"
        for number, (norm, largest) in enumerate(
            zip(together, norms.max(axis=1, initial=0), strict=True), 1
        )
    ]
    atomic_write(folder / "norms.csv", "".join(f"{row}\n" for row in rows))
    content = json.dumps(report, indent=2, ensure_ascii=False)
    atomic_write(folder / "diagnosis.json", content + "\n")
