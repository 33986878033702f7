"""Pictures and numbers of gradient flows; matplotlib is imported when one is drawn."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.files import atomic_write
from toolkit.pictures import legible, save_figure, visible

if TYPE_CHECKING:
    from toolkit.diagnostics.record import Flow

#: The largest numbers of units and of time steps in a picture; the units vary most.
UNITS, STEPS = 24, 80


def draw_flows(flows: Mapping[str, Any], path: str | Path) -> None:
    """Draw the norm of dJ(t)/dh(k) against |t - k|, one line per layer or network.

    Args:
        flows: Means by distance [T], such as those of ``Flow.by_distance``, by name.
        path: The PNG file.
    """
    figure, axes = _figure()
    for name, norms in flows.items():
        seen = np.asarray(norms, np.float64)
        axes.plot(np.arange(len(seen)), np.where(seen > 0, seen, np.nan), label=name, lw=1.5)
    axes.set_yscale("log")
    axes.set_xlabel("distance |t - k| in time steps")
    axes.set_ylabel("norm of dJ(t)/dh(k)")
    axes.set_title("Gradient of the loss by distance")
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)


def draw_shares(flows: Sequence["Flow"], path: str | Path) -> None:
    """Draw each time step's share of the gradient of the recurrent weights, by layer."""
    figure, axes = _figure()
    for flow in flows:
        axes.plot(np.arange(len(flow.shares)), flow.shares, label=flow.name, lw=1.5)
    axes.axhline(0, color="black", lw=0.5)
    axes.set_xlabel("time step")
    axes.set_ylabel("share of the gradient of the recurrent weights")
    axes.set_title("Where the gradient comes from")
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)


def draw_activations(flow: "Flow", tokens: Sequence[str], path: str | Path) -> None:
    """Draw the states of a layer over a text, for the units that vary most.

    Args:
        flow: The recorded flow.
        tokens: The tokens of the text, one per step.
        path: The PNG file.
    """
    states = flow.activations[: len(tokens)][:STEPS]
    chosen = np.argsort(-states.std(axis=0))[:UNITS]
    names, fonts = legible([visible(token) for token in tokens[:STEPS]])
    figure, axes = _figure(width=max(5.0, 0.16 * len(states) + 1.5), height=0.18 * len(chosen) + 1)
    image = axes.imshow(states[:, chosen].T, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    style: dict[str, Any] = {"fontfamily": fonts, "fontsize": 7, "parse_math": False}
    horizontal = max(map(len, names), default=1) <= 1
    axes.set_xticks(range(len(names)), names, rotation=0 if horizontal else 90, **style)
    axes.set_yticks(range(len(chosen)), [str(number) for number in chosen], fontsize=6)
    axes.set_xlabel("tokens")
    axes.set_ylabel(f"units of {flow.name}")
    axes.set_title("States that vary most")
    figure.colorbar(image, ax=axes, shrink=0.8, label="state")
    save_figure(figure, path)


def draw_norms(norms: Any, limits: Mapping[str, float], path: str | Path) -> None:
    """Draw a histogram of gradient norms, with limits of clipping.

    Args:
        norms: The norm of each batch's gradient [N].
        limits: Limits by name.
        path: The PNG file.
    """
    values = np.asarray(norms, np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    figure, axes = _figure()
    if values.size:
        low, high = values.min(), values.max()
        axes.hist(values, bins=np.geomspace(low * 0.99, high * 1.01, 25).tolist(), color="0.6")
    for number, (name, limit) in enumerate(limits.items()):
        axes.axvline(limit, color=f"C{number}", ls="--", label=f"{name} {limit:.3g}")
    axes.set_xscale("log")
    axes.set_xlabel("norm of the gradient of a batch")
    axes.set_ylabel("batches")
    axes.set_title("Norms of gradients, and limits of clipping")
    if limits:  # beside the bars
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    save_figure(figure, path)


def write_flows(flows: Sequence["Flow"], path: str | Path) -> None:
    """Write the numbers of ``draw_flows`` and ``draw_shares`` as CSV, one row per step."""
    import pandas as pd

    rows = [
        {
            "layer": flow.name,
            "steps": step,
            "norm_at_distance": norm,
            "share_of_step": share,
            "norm_of_step": weight,
        }
        for flow in flows
        for step, (norm, share, weight) in enumerate(
            zip(flow.by_distance(), flow.shares, flow.weights, strict=True)
        )
    ]
    content = io.StringIO()
    pd.DataFrame(rows).to_csv(content, index=False, float_format="%.6g")
    atomic_write(path, content.getvalue())


def _figure(width: float = 6.5, height: float = 4.0) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
