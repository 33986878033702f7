"""Measure how far back recurrent cells learn subject-verb agreement, and their gradients.

Run ``python -m benchmarks.quality.subject_verb_agreement``; ``--pictures FOLDER`` draws pictures.

For each cell and distance a network is trained on sentences of that distance
(``benchmarks.quality.agreement_sentences``): embedding, recurrent layer, softmax over 'was' and
'were' from the last state. The tables show the accuracy on sentences whose subjects do not occur in
training, and the norm of dJ/dh(k) by distance, before and after training (Bengio, Simard and
Frasconi 1994, "Learning Long-Term Dependencies with Gradient Descent is Difficult").

All cells have the same sentences, sizes, optimizer and maximum number of steps, and recurrent
weights that are initialized uniformly within 1/sqrt(H). Gates are initialized to keep the state
(``GATE_BIAS``); a simple RNN has none. ``--initializations`` compares other initial weights, at one
distance.
"""

import argparse
import itertools
import math
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import description
from benchmarks.quality.agreement_sentences import IDS, VERBS, Sentence, pair, sentences
from benchmarks.timing import Stopwatch, say

Array = NDArray[Any]

#: The cells by their names in the tables.
CELLS = {
    "simple RNN": "simple_rnn",
    "simplified GRU": "simplified_gru",
    "GRU": "gru",
    "LSTM": "lstm",
}
DISTANCES = (2, 5, 10, 20, 50, 100)
#: The distance at which gradients are measured, and that of ``--initializations``.
LONG_DISTANCE = 50
#: The numbers of steps back for which the table shows gradients.
STEPS_BACK = (1, 10, 20, 50)

EMBEDDING, HIDDEN = 32, 32
PAIRS, TEST_PAIRS = 32, 400
#: Training stops after ``STEPS`` steps, or after an epoch of ``EPOCH`` steps with a mean loss below
#: ``TARGET_LOSS``.
STEPS, EPOCH, TARGET_LOSS = 500, 50, 0.01
LEARNING_RATE = 0.004
#: The initial bias of the gates in favour of keeping the state: a step keeps sigmoid(4) = 0.982 of
#: it, as far as the bias decides (for the LSTM: Jozefowicz, Zaremba and Sutskever 2015).
GATE_BIAS = 4.0


class Setup(NamedTuple):
    """Initial weights and training sentences.

    Attributes:
        recurrent: The initial recurrent weights: ``uniform`` within 1/sqrt(H), or ``orthogonal``.
        gate_bias: The initial bias of the gates in favour of keeping the state; None for the
            layer's default.
        mixed: Whether training sentences have distances from 2 to the one that is tested, drawn
            log-uniformly, instead of that distance only.
        chrono: The longest distance for chrono initialization of the gates; None for none.
    """

    recurrent: str = "uniform"
    gate_bias: float | None = GATE_BIAS
    mixed: bool = False
    chrono: int | None = None


#: The setups that ``--initializations`` compares.
SETUPS = {
    "as above": Setup(),
    "as above, sentences of 2 to 50": Setup(mixed=True),
    "layers' defaults": Setup("orthogonal", None),
    "layers' defaults, sentences of 2 to 50": Setup("orthogonal", None, True),
    "layers' defaults, chrono": Setup("orthogonal", None, chrono=LONG_DISTANCE),
}


def main() -> None:
    """Run the command line: print the tables and draw the pictures."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.subject_verb_agreement", description=__doc__
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one training each")
    parser.add_argument(
        "--initializations", action="store_true", help="compare initial weights, at one distance"
    )
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()

    from toolkit.training import set_threads

    set_threads(options.threads)
    print(description(options.threads), end="\n\n")
    stopwatch = Stopwatch()
    if options.initializations:
        print_initializations(options.seeds)
    else:
        networks = print_accuracies(options.seeds)
        flows = print_gradients(networks, options.seeds[0])
        if options.pictures:
            draw(flows, options.pictures)
    print(f"\n{stopwatch}")


def print_accuracies(seeds: list[int]) -> dict[str, Any]:
    """Print accuracies; return the first seed's networks of ``LONG_DISTANCE`` by cell."""
    networks = {}
    print(_row("cell", *DISTANCES))
    print("|---|" + "---:|" * len(DISTANCES))
    for name, cell in CELLS.items():
        accuracies: list[list[float]] = []
        for distance in DISTANCES:
            accuracies.append([])
            for seed in seeds:
                network = trained(cell, distance, seed)
                accuracies[-1].append(accuracy(network, distance))
                say(f"{name}, distance {distance}, seed {seed}: {accuracies[-1][-1]:.3f}")
                if (distance, seed) == (LONG_DISTANCE, seeds[0]):
                    networks[name] = network
        print(_row(name, *map(_summary, accuracies)), flush=True)
    return networks


def print_initializations(seeds: list[int]) -> None:
    """Print accuracy at ``LONG_DISTANCE`` by setup and cell."""
    print(_row("", *CELLS))
    print("|---|" + "---:|" * len(CELLS))
    for name, setup in SETUPS.items():
        row = []
        for cell in CELLS.values():
            row.append(
                [
                    accuracy(trained(cell, LONG_DISTANCE, seed, setup), LONG_DISTANCE)
                    for seed in seeds
                ]
            )
            say(f"{name}, {cell}: {row[-1]}")
        print(_row(name, *map(_summary, row)), flush=True)


def print_gradients(networks: Mapping[str, Any], seed: int) -> dict[str, dict[str, Array]]:
    """Print the norms of dJ/dh(k) before and after training; return them by steps back."""
    flows = {
        "fresh": {name: gradient_norms(network(cell, seed)) for name, cell in CELLS.items()},
        "trained": {name: gradient_norms(each) for name, each in networks.items()},
    }
    orthogonal = network(CELLS["simple RNN"], seed, Setup("orthogonal"))
    own = network(CELLS["GRU"], seed, Setup(gate_bias=None))
    flows["fresh"] |= {
        "simple RNN, orthogonal": gradient_norms(orthogonal),
        "GRU, gates half open": gradient_norms(own),
    }
    for when, of_cells in flows.items():
        print("\n" + _row(when, *(f"{steps} back" for steps in STEPS_BACK), "far / near"))
        print("|---|" + "---:|" * (len(STEPS_BACK) + 1))
        for name, norms in of_cells.items():
            far_to_near = norms[STEPS_BACK[-1]] / norms[STEPS_BACK[0]]
            print(_row(name, *(f"{norms[s]:.1e}" for s in STEPS_BACK), f"{far_to_near:.1e}"))
    return flows


def draw(flows: Mapping[str, Mapping[str, Array]], folder: Path) -> None:
    """Draw the norms of dJ/dh(k), one picture for fresh networks and one for trained ones."""
    from toolkit.diagnostics import draw_flows

    folder.mkdir(parents=True, exist_ok=True)
    for when, of_cells in flows.items():
        draw_flows(of_cells, folder / f"gradients_{when}.png")


def network(cell: str, seed: int, setup: Setup | None = None, **arguments: Any) -> Any:
    """Return a fresh network that maps ids [B, T] to the logits of ``VERBS`` [B, 2].

    Args:
        cell: A name of ``toolkit.layers.recurrent_layer``.
        seed: The seed of all weights.
        setup: The initial weights; ``Setup()`` when None.
        **arguments: Further arguments of the cell.
    """
    import keras

    from toolkit.layers import Embedding, recurrent_layer

    setup = setup or Setup()
    keras.utils.set_random_seed(seed)
    if setup.recurrent == "uniform":
        bound = 1 / math.sqrt(HIDDEN)
        uniform = keras.initializers.RandomUniform(-bound, bound)
        arguments = {"recurrent_initializer": uniform} | arguments
    if setup.chrono is not None and cell != "simple_rnn":
        arguments = {"chrono": setup.chrono, "seed": seed} | arguments
    layer = recurrent_layer(cell, HIDDEN, return_sequences=False, **arguments)
    made = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            Embedding(len(IDS) + 2, EMBEDDING),
            layer,
            keras.layers.Dense(len(VERBS)),
        ]
    )
    if setup.gate_bias is not None:
        _set_gate_bias(cell, layer.cell, setup.gate_bias)
    return made


def _set_gate_bias(cell: str, layer: Any, gate_bias: float) -> None:
    """Set the biases of the gates in favour of keeping the state."""
    if cell == "simple_rnn":
        return
    bias = layer.bias.numpy()
    bias[:HIDDEN] = -gate_bias  # the update gate, or the LSTM's input gate
    if cell == "lstm":
        bias[HIDDEN : 2 * HIDDEN] = gate_bias  # the forget gate, which keeps the state
    layer.bias.assign(bias)


def trained(cell: str, distance: int, seed: int, setup: Setup | None = None) -> Any:
    """Return a network trained on sentences of a distance."""
    import keras

    from toolkit.training import TrainingOptions, make_optimizer

    setup = setup or Setup()
    made = network(cell, seed, setup)
    options = TrainingOptions(learning_rate=LEARNING_RATE, schedule="constant", warmup=0)
    made.compile(make_optimizer(options, STEPS), cross_entropy(), jit_compile=False)

    def stop_at_target(epoch: int, logs: dict[str, float]) -> None:
        made.stop_training = logs["loss"] < TARGET_LOSS

    made.fit(
        dataset(distance, seed, setup.mixed),
        epochs=STEPS // EPOCH,
        steps_per_epoch=EPOCH,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop_at_target)],
        verbose=0,
    )
    return made


def cross_entropy() -> Any:
    """Return the loss J of logits."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def dataset(distance: int, seed: int, mixed: bool = False, pairs: int = PAIRS) -> Any:
    """Return endless batches of one distance each: ids [2 pairs, T] and verbs [2 pairs]."""
    import tensorflow as tf

    def batches() -> Iterator[tuple[Array, Array]]:
        for number in itertools.count():
            rng = random.Random(f"{seed} {number}")
            d = round(2 * (distance / 2) ** rng.random()) if mixed else distance
            yield arrays([each for _ in range(pairs) for each in pair(d, "train", rng)])

    ids, verbs = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)
    return tf.data.Dataset.from_generator(batches, output_signature=(ids, verbs)).prefetch(2)


def arrays(examples: list[Sentence]) -> tuple[Array, Array]:
    """Return the ids [B, T] and class ids [B] of sentences of one length."""
    ids = [[IDS[word] for word in sentence.words] for sentence in examples]
    verbs = [VERBS.index(sentence.verb) for sentence in examples]
    return np.array(ids, np.int32), np.array(verbs, np.int32)


def accuracy(made: Any, distance: int) -> float:
    """Return the share of test sentences whose verb is predicted correctly; chance is 0.5."""
    ids, verbs = arrays(sentences(distance, TEST_PAIRS, "test"))
    return float(np.mean(np.argmax(made(ids, training=False), axis=-1) == verbs))


def gradient_norms(made: Any) -> Array:
    """Return the norms of dJ/dh(k) [T] by steps back, on test sentences of ``LONG_DISTANCE``."""
    import tensorflow as tf

    from toolkit.diagnostics import gradient_flows

    ids, verbs = arrays(sentences(LONG_DISTANCE, PAIRS, "test"))

    def losses() -> Any:
        logits = made(ids)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(verbs, logits)[:, None]

    (gradients,) = gradient_flows(made, losses, places=[ids.shape[1] - 1])
    return gradients.by_distance()


def _summary(values: list[float]) -> str:
    """Return one value, or the mean of several with the lowest and the highest."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
