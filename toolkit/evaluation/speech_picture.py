"""Pictures of recordings: what is in them, and what a recogniser writes when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.pictures import LONGEST_NAME, legible, one_line, save_figure, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches of a second, and the least and largest width of a picture.
SECOND, NARROWEST, WIDEST = 3.0, 8.0, 40.0
#: The largest number of symbols with a line of their own, the likeliest.
MOST_LINES = 20
#: The largest probability from which on a symbol has a line.
LEAST = 0.05
#: The probability from which on a spike has its symbol written beside it.
NAMED = 0.2
#: The number of heights at which symbols are written, so that neighbours can be read.
LEVELS = 4
#: The frequencies that are written beside a spectrogram, in Hz.
FREQUENCIES = (125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)


@dataclass(frozen=True)
class HeardRecording:
    """A recording, and the probabilities of symbols over time.

    Attributes:
        name: The title; each line of it is shortened.
        log_mel: The logarithms of the energies in bands [F, bands].
        frequencies: The middle of each band in Hz [bands].
        hop_seconds: The time from a frame to the next.
        probabilities: The probabilities at each step [T, C], the blank last.
        symbols: The symbols [C - 1], in any script.
        step_seconds: The time from a step to the next.
    """

    name: str
    log_mel: NDArray[np.floating[Any]]
    frequencies: NDArray[np.floating[Any]]
    hop_seconds: float
    probabilities: NDArray[np.floating[Any]]
    symbols: tuple[str, ...]
    step_seconds: float


def draw_spikes(heard: HeardRecording, path: str | Path) -> None:
    """Draw the log-mel spectrogram of a recording, and over it the spikes of CTC.

    A line is the probability of a symbol over time; each spike has its symbol beside it, and the
    blank is grey. Time is the same in both.

    Args:
        heard: The recording.
        path: The PNG file; it is written whole or not at all.
    """
    from matplotlib.figure import Figure

    seconds = max(
        len(heard.log_mel) * heard.hop_seconds, len(heard.probabilities) * heard.step_seconds
    )
    width = min(max(NARROWEST, 2 + SECOND * seconds), WIDEST)
    figure = Figure(figsize=(width, 6), layout="constrained")
    lines = [one_line(line, round(11 * width)) for line in heard.name.split("\n")]
    (title, *symbols), fonts = _written(["\n".join(lines), *heard.symbols])
    style: dict[str, Any] = {"fontfamily": fonts, "parse_math": False}
    figure.suptitle(title, fontsize=10, **style)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.2))
    _draw_lines(heard, symbols, upper, style)
    legend = figure.legend(
        *upper.get_legend_handles_labels(),
        loc="outside lower center",
        prop={"family": fonts, "size": 8},
        ncols=MOST_LINES // 2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    _draw_spectrogram(heard, lower)
    upper.set_xlim(0, seconds)
    save_figure(figure, path)


def _written(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return texts with codes for characters without a font, and the fonts to use."""
    characters = sorted({*"".join(texts)} - {"\n"})
    names, fonts = legible(characters)
    table = str.maketrans(dict(zip(characters, names, strict=True)))
    return [text.translate(table) for text in texts], fonts


def _draw_lines(
    heard: HeardRecording, symbols: Sequence[str], axes: "Axes", style: Mapping[str, Any]
) -> None:
    """Draw the probabilities of the likeliest symbols and of the blank over time.

    Args:
        heard: The recording.
        symbols: Its symbols as they are written [C - 1].
        axes: The axes.
        style: The style of text.
    """
    import matplotlib as mpl

    spoken = heard.probabilities[:, :-1]
    order = np.argsort(-spoken.max(axis=0, initial=0), kind="stable")
    shown = [n for n in order[:MOST_LINES].tolist() if spoken[:, n].max(initial=0) >= LEAST]
    names = [one_line(visible(symbols[number]), LONGEST_NAME) for number in shown]
    time = (np.arange(len(spoken)) + 0.5) * heard.step_seconds
    grey: dict[str, Any] = {"color": "0.6", "linestyle": ":", "linewidth": 1}
    axes.plot(time, heard.probabilities[:, -1], label="blank", **grey)
    colours = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
    for place, (number, name) in enumerate(zip(shown, names, strict=True)):
        colour, values = colours[place % len(colours)], spoken[:, number]
        axes.plot(time, values, label=name, color=colour, marker=".", markersize=3)
        for peak in peaks(values):  # neighbours are at different heights
            at = (time[peak], values[peak] + 0.03 + 0.08 * (peak % LEVELS))
            axes.text(
                *at, name, color=colour, ha="center", va="bottom", fontsize=9, clip_on=True, **style
            )
    left_out = int((spoken.max(axis=0, initial=0) >= LEAST).sum()) - len(shown)
    label = "probability of a symbol" + (f"\n({left_out} more not drawn)" if left_out else "")
    axes.set(ylabel=label, ylim=(0, 1.4), yticks=[0, 0.25, 0.5, 0.75, 1])


def _draw_spectrogram(heard: HeardRecording, axes: "Axes") -> None:
    """Draw the energies in bands over time, from the lowest band upwards."""
    bands = len(heard.frequencies)
    picture = axes.imshow(
        heard.log_mel.T * 10 / np.log(10),
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(0, len(heard.log_mel) * heard.hop_seconds, -0.5, bands - 0.5),
        cmap="magma",
    )
    lowest, highest = heard.frequencies[[0, -1]]
    ticks = [each for each in FREQUENCIES if lowest <= each <= highest]
    places = np.interp(ticks, heard.frequencies, np.arange(bands))
    axes.set_yticks(places, [f"{each:,}" for each in ticks])
    axes.set(xlabel="time in seconds", ylabel="frequency in Hz")
    axes.figure.colorbar(picture, ax=axes, label="energy in dB", pad=0.01)


def peaks(values: NDArray[np.floating[Any]]) -> list[int]:
    """Return the place of the largest of each run of values that are at least ``NAMED``."""
    inside = np.concatenate([[False], values >= NAMED, [False]])
    starts, ends = (np.flatnonzero(d) for d in (inside[1:] > inside[:-1], inside[1:] < inside[:-1]))
    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    return [start + int(np.argmax(values[start:end])) for start, end in pairs]
