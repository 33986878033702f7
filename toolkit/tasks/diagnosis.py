"""What the gradients of a task's network do on data, as a report, pictures and numbers."""

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

from toolkit.diagnostics import (
    Flow,
    draw_activations,
    draw_flows,
    draw_norms,
    draw_shares,
    gradient_flows,
    gradient_norms,
    recurrent_layers,
    write_flows,
)
from toolkit.errors import DataError, ModelError
from toolkit.files import atomic_write

#: At the most so many texts are followed, and the gradients of so many batches measured.
TEXTS, BATCHES = 16, 40
#: The distances that the report tells of.
DISTANCES = (0, 1, 2, 5, 10, 20, 50, 100, 199)
#: A limit that this share of the gradients is within is suggested.
WITHIN = 0.95


@dataclass(frozen=True)
class Window:
    """Some texts of one length, without padding.

    Attributes:
        inputs: What the network is given, the texts first.
        targets: What it is to learn of them.
        units: The units of the first text, by the names of the tracks.
    """

    inputs: Any
    targets: Any
    units: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Track:
    """Recurrent layers that take the same steps.

    Attributes:
        layers: The layers.
        at_end: Whether all that is lost is lost at the end, as it is where a task has one loss for
            a whole text; otherwise each step has its own loss.
    """

    layers: Sequence[Any]
    at_end: bool


@dataclass(frozen=True)
class Subject:
    """What of a task is looked at.

    Attributes:
        network: The network.
        batches: Inputs and targets as training is given them, perhaps with weights [B, J].
        losses: Gives, of inputs and targets, the losses [B, J] without dropout, in nats, and their
            weights [B, J], 0 at padding.
        window: Gives so many texts of one length, of at most so many steps.
        tracks: The layers that are followed, by the names of what they read.
    """

    network: keras.Model
    batches: Iterable[tuple[Any, ...]]
    losses: Callable[[Any, Any], tuple[Any, Any]]
    window: Callable[[int, int], Window]
    tracks: Mapping[str, Track]


def longest(lengths: NDArray[np.integer[Any]], texts: int, steps: int) -> tuple[Any, int]:
    """Which texts are followed, the longest; and over how many steps, as many as each of them has.

    Args:
        lengths: The lengths of all texts [N].
        texts: How many are wanted; of few no more than half, so that the shortest do not decide.
        steps: The most steps.

    Raises:
        DataError: There is nothing.
    """
    some = np.argsort(-lengths, kind="stable")[: max(1, min(texts, len(lengths) // 2))]
    some = some[lengths[some] > 0]
    if not len(some):
        raise DataError("there is no text whose gradients could be followed")
    return some, int(min(steps, lengths[some].min()))


def fresh_network(network: keras.Model, seed: int) -> keras.Model:
    """The same network with new random weights."""
    keras.utils.set_random_seed(seed)
    fresh = type(network).from_config(network.get_config())
    fresh.build()
    return fresh


def diagnose(
    subject: Subject, limit: tuple[str, float], steps: int, output: str | Path | None = None
) -> dict[str, Any]:
    """Follows gradients back through time, and measures those of whole batches.

    Args:
        subject: What of a task is looked at.
        limit: What clips, ``clipnorm`` or ``global_clipnorm``, and where; infinite for nowhere.
        steps: The most steps that are followed back.
        output: A folder that gets pictures and numbers.

    Returns:
        Sections of plain values, ``warnings`` among them, as ``report_table`` takes them.

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
    every = [flow for of_track in flows.values() for flow in of_track]
    clipping, warnings = _clipping(norms, *limit)
    report: dict[str, Any] = {
        "followed": {
            name: {"texts": len(window.targets), "steps": len(units)}
            for name, units in window.units.items()
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
    """The flows through the layers of a track."""
    track = subject.tracks[name]

    def losses() -> Any:
        found, _ = subject.losses(window.inputs, window.targets)
        return tf.reduce_sum(found, axis=1, keepdims=True) if track.at_end else found

    places = [len(window.units[name]) - 1] if track.at_end else None
    return gradient_flows(subject.network, losses, recurrent_layers(track.layers), places)


def _mean(losses: Any, weights: Any, *more: Any) -> Any:
    """The mean of the losses that count, by all their weights."""
    for others in more:
        weights = weights * others
    return tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def _at_distances(flow: Flow) -> dict[str, float]:
    """The norms at some distances, and what is left of that of the nearest at the farthest."""
    norms = flow.by_distance()
    found = {
        str(distance): float(norms[distance])
        for distance in DISTANCES
        if distance < len(norms) and np.isfinite(norms[distance])
    }
    seen = list(found.values())
    if len(seen) > 1 and seen[0] > 0:
        found["far_to_near"] = seen[-1] / seen[0]
    return found


def _by_part(flow: Flow) -> dict[str, float | None]:
    """What the first, second, third and last quarter of the steps add to the gradient.

    None where it is not known, as of a cell without a ``recurrent_kernel``.
    """
    names = ("first", "second", "third", "last")
    sums = [float(part.sum()) for part in np.array_split(flow.shares, len(names))]
    return {
        f"{name}_quarter_share": share if np.isfinite(share) else None
        for name, share in zip(names, sums, strict=True)
    }


def _clipping(norms: Any, kind: str, limit: float) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """How the norms of gradients are distributed, how many are clipped, and what would suit.

    A limit of about the size that gradients usually have keeps the few that are far larger from
    undoing what was learnt; Pascanu et al. 2013 (section 3.2) look at the average norm, and found
    half to ten times that to do.
    """
    together = np.sqrt((norms**2).sum(axis=1))
    largest = norms.max(axis=1, initial=0)
    finite = np.isfinite(together)
    clipped = together if kind == "global_clipnorm" else largest
    found: dict[str, Any] = {"batches": len(norms)}
    warnings = []
    if finite.any():
        found |= {
            f"norm_{name}": float(np.quantile(together[finite], share))
            for name, share in (("median", 0.5), ("95th_percentile", WITHIN), ("largest", 1.0))
        }
        found["suggested_global_clipnorm"] = _rounded(np.quantile(together[finite], WITHIN))
        found["suggested_clipnorm"] = _rounded(np.quantile(largest[finite], WITHIN))
    if np.isfinite(limit):
        found |= {kind: limit, "clipped_share": float((~finite | (clipped > limit)).mean())}
    if not finite.all():
        count = int((~finite).sum())
        warnings.append(
            {
                "kind": "not_finite",
                "message": f"{count} of {len(norms)} batches have a gradient that is not finite",
            }
        )
    return found, warnings


def _rounded(value: Any) -> float:
    """To two digits."""
    return float(f"{value:.2g}")


def _write(
    folder: Path,
    report: Mapping[str, Any],
    flows: Mapping[str, Sequence[Flow]],
    window: Window,
    norms: Any,
    clipping: Mapping[str, Any],
) -> None:
    """Writes pictures (PNG), numbers (CSV) and the report (JSON) into a folder."""
    every = [flow for of_track in flows.values() for flow in of_track]
    draw_flows({flow.name: flow.by_distance() for flow in every}, folder / "gradients.png")
    draw_shares(every, folder / "shares.png")
    write_flows(every, folder / "gradients.csv")
    for name, of_track in flows.items():
        for flow in of_track:
            draw_activations(flow, window.units[name], folder / f"activations_{flow.name}.png")
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
