"""Measure exploding gradients with and without clipping, under gradient descent and Adam.

Run ``python -m benchmarks.quality.exploding_gradients``, with ``--pictures FOLDER`` for a picture.

A simple RNN with ReLU, whose recurrent weights are initialized as twice an orthogonal matrix, so
that a step can double a state and a gradient, learns subject-verb agreement at a distance of 10
words (``benchmarks.quality.subject_verb_agreement``). The toolkit's optimizer skips and counts
steps whose gradient is not finite; here such a step, or a loss that is not finite, ends a run.

Clipping is that of Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent
neural networks", Algorithm 1, by the norm of each variable's gradient (``clipnorm``) or by the
global norm (``global_clipnorm``).
"""

import argparse
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import description
from benchmarks.quality.subject_verb_agreement import accuracy, cross_entropy, dataset, network
from benchmarks.timing import Stopwatch

DISTANCE = 10
GAIN = 2.0
STEPS, PAIRS = 300, 16
#: A run ends once the mean loss of the last ``WINDOW`` steps is below ``TARGET_LOSS``.
WINDOW, TARGET_LOSS = 25, 0.01

#: The optimizers with their learning rates.
OPTIMIZERS = (("sgd", 0.1), ("adam", 0.004), ("adam", 0.03))
#: The ways of clipping, as options of the optimizer.
CLIPPING: dict[str, dict[str, float | None]] = {
    "none": {"global_clipnorm": None},
    "clipnorm 1": {"clipnorm": 1.0},
    "global_clipnorm 1": {"global_clipnorm": 1.0},
}


class Run(NamedTuple):
    """The course of a training run.

    Attributes:
        losses: The loss of each step.
        norms: The norm of each step's gradient before clipping; NaN where it was not finite.
        clipped: The share of the steps that were clipped.
        accuracy: The accuracy on test sentences.
    """

    losses: list[float]
    norms: list[float]
    clipped: float
    accuracy: float

    @property
    def exploded(self) -> bool:
        """Return whether the last loss or the last gradient is not finite."""
        return not math.isfinite(self.losses[-1] + self.norms[-1])


def main() -> None:
    """Run the command line: print the table and draw the picture."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.exploding_gradients", description=__doc__
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one training each")
    parser.add_argument("--pictures", type=Path, help="a folder for the picture")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()

    from toolkit.training import set_threads

    set_threads(options.threads)
    print(description(options.threads), end="\n\n")
    stopwatch = Stopwatch()
    print("| optimizer | rate | clipping | seed | steps | end | last loss | largest norm |", end="")
    print(" clipped | accuracy |\n|---|---:|---|---:|---:|---|---:|---:|---:|---:|")
    runs = {}
    for seed in options.seeds:
        for optimizer, rate in OPTIMIZERS:
            for clipping in CLIPPING:
                run = train(optimizer, rate, clipping, seed)
                end = "exploded" if run.exploded else "finite"
                print(
                    f"| {optimizer} | {rate} | {clipping} | {seed} | {len(run.losses)} | {end} "
                    f"| {run.losses[-1]:.3g} | {largest(run.norms):.2g} | {run.clipped:.0%} "
                    f"| {run.accuracy:.3f} |",
                    flush=True,
                )
                runs[optimizer, rate, clipping, seed] = run
    if options.pictures:
        shown = {
            f"{optimizer} {rate}, clipping: {clipping}": run
            for (optimizer, rate, clipping, seed), run in runs.items()
            if seed == options.seeds[0] and (optimizer, rate) in OPTIMIZERS[:2]
        }
        options.pictures.mkdir(parents=True, exist_ok=True)
        draw(shown, options.pictures / "gradients_exploding.png")
    print(f"\n{stopwatch}")


def train(optimizer: str, rate: float, clipping: str, seed: int) -> Run:
    """Train until the target loss, the last step, or a loss or gradient that is not finite."""
    import keras

    from toolkit.training import TrainingOptions, make_optimizer

    start = keras.initializers.Orthogonal(GAIN)
    made = network("simple_rnn", seed, activation="relu", recurrent_initializer=start)
    options = TrainingOptions(
        optimizer=optimizer,  # type: ignore[arg-type]
        learning_rate=rate,
        schedule="constant",
        warmup=0,
        **CLIPPING[clipping],  # type: ignore[arg-type]
    )
    steps = make_optimizer(options, STEPS)
    made.compile(steps, cross_entropy(), jit_compile=False)
    losses: list[float] = []
    norms: list[float] = []
    clipped: list[float] = []
    for ids, verbs in dataset(DISTANCE, seed, pairs=PAIRS).take(STEPS):
        losses.append(float(made.train_on_batch(ids, verbs)))
        made.reset_metrics()
        record = steps.take_record()
        norms.append(math.nan if record["skipped_steps"] else record["gradient_norm"])
        clipped.append(record["clipped_share"])
        if not math.isfinite(losses[-1] + norms[-1]):
            break
        if len(losses) >= WINDOW and sum(losses[-WINDOW:]) < WINDOW * TARGET_LOSS:
            break
    return Run(losses, norms, sum(clipped) / len(clipped), accuracy(made, DISTANCE))


def largest(norms: list[float]) -> float:
    """Return the largest of the finite norms."""
    return max((norm for norm in norms if math.isfinite(norm)), default=math.nan)


def draw(runs: Mapping[str, Run], path: Path) -> None:
    """Draw the norms of the gradients before clipping by step; a cross marks an explosion."""
    from matplotlib.figure import Figure

    from toolkit.pictures import save_figure

    figure = Figure(figsize=(6.5, 4.0), layout="constrained")
    axes: Any = figure.add_subplot()
    for name, run in runs.items():
        norms = [norm for norm in run.norms if math.isfinite(norm)]
        (line,) = axes.plot(range(1, len(norms) + 1), norms, label=name, lw=1.0)
        if run.exploded and norms:
            axes.plot(len(norms), norms[-1], "x", color=line.get_color(), ms=10, mew=2)
    axes.set_yscale("log")
    axes.set_xlabel("training step")
    axes.set_ylabel("norm of the gradient before clipping")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save_figure(figure, path)


if __name__ == "__main__":
    main()
