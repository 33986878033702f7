"""Measure generated music beside the pieces that a run was trained on, or others.

Run ``python -m benchmarks.quality.generated_music --run RUN --data pieces.json``. As many pieces
are generated from nothing as there are in the data, at most ``--pieces``, each as long as one of
these. The report is a Markdown table on standard output.

A frame is consonant if no two of its keys are a second, a seventh or a tritone apart, in any
octave. The melody is the highest key of each frame.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.parser import Parser
from toolkit.data import MusicExamples, open_music
from toolkit.music.rolls import LOWEST

#: The intervals, in semitones within an octave, that are consonant.
CONSONANT = (0, 3, 4, 5, 7, 8, 9)
#: The semitones of a major scale; its modes have the same.
SCALE = (0, 2, 4, 5, 7, 9, 11)

Roll = NDArray[np.uint8]


def main() -> None:
    """Run the command line: print a table of measures."""
    parser = Parser("python -m benchmarks.quality.generated_music", "[options]", __doc__ or "")
    parser.add_argument("--run", "The folder of a run.", required=True)
    parser.add_argument("--data", "Pieces, as for pipelines.music.", required=True)
    parser.add_argument("--pieces", "The most pieces.", type=int, default=50)
    parser.add_argument("--temperature", "That of the sampling.", type=float, default=1.0)
    parser.add_argument("--seed", "The seed of the sampling.", type=int, default=0)
    options = parser.parse(sys.argv[1:])
    from toolkit.tasks import MusicModel

    model = MusicModel.load(options.run)
    source = open_music(options.data, "test", model)
    rolls = [example.roll for example in MusicExamples(source, model)][: options.pieces]
    generated = [
        model.generate(None, len(roll), options.temperature, options.seed + number)
        for number, roll in enumerate(rolls)
    ]
    print(f"| {len(rolls)} pieces | of the data | generated |\n|---|---:|---:|")
    of_generated = measures(generated)
    for name, value in measures(rolls).items():
        print(f"| {name} | {value} | {of_generated[name]} |")


def measures(rolls: list[Roll]) -> dict[str, Any]:
    """Return figures of pieces, as text, by what they measure."""
    frames = np.concatenate(rolls)
    keys = [np.flatnonzero(frame) for frame in frames]
    sounding = [found for found in keys if len(found)]
    pitches = np.concatenate(sounding) + LOWEST
    low, high = np.percentile(pitches, (1, 99), method="nearest")
    steps = np.concatenate([melody_steps(roll) for roll in rolls])
    same = [(roll[1:] == roll[:-1]).all(axis=1) for roll in rolls]
    return {
        "98 % of the pitches (1st to 99th percentile)": f"{low} to {high}",
        "keys in a frame": f"{np.mean([*map(len, keys)]):.2f}",
        "frames of four keys": f"{np.mean([len(found) == 4 for found in keys]):.3f}",
        "consonant frames": f"{np.mean([*map(is_consonant, sounding)]):.3f}",
        "frames like the one before": f"{np.concatenate(same).mean():.3f}",
        "steps of the melody, in semitones": f"{steps.mean():.2f}",
        "notes in the best scale of their piece": f"{np.mean([*map(in_scale, rolls)]):.3f}",
    }


def is_consonant(keys: NDArray[np.int64]) -> bool:
    """Return whether no two keys are a second, a seventh or a tritone apart."""
    return bool(np.isin((keys[:, None] - keys) % 12, [*CONSONANT]).all() or len(keys) < 2)


def melody_steps(roll: Roll) -> NDArray[np.int64]:
    """Return the semitones from each frame's highest key to the next one's."""
    highest = [int(np.flatnonzero(frame)[-1]) for frame in roll if frame.any()]
    return np.abs(np.diff(highest))


def in_scale(roll: Roll) -> float:
    """Return the share of keys that are of the scale that has most of them."""
    classes = np.bincount((np.nonzero(roll)[1] + LOWEST) % 12, minlength=12)
    shares = [classes[[(tonic + step) % 12 for step in SCALE]].sum() for tonic in range(12)]
    return float(max(shares) / max(1, classes.sum()))


if __name__ == "__main__":
    main()
