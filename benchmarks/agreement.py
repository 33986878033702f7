"""How far back recurrent cells learn that a verb agrees with its subject, and why.

For each cell and each distance a network of its own is trained on sentences of that distance alone
(``benchmarks.agreement_sentences``): embedding, recurrent layer, softmax over 'was' and 'were' from
the last state. Printed are the accuracy on sentences whose subjects were not seen in training, and
the norm of dJ/dh(k) by distance, before and after training (Bengio, Simard and Frasconi 1994,
"Learning Long-Term Dependencies with Gradient Descent is Difficult").

All cells are trained alike: the same sentences, sizes, optimizer and number of steps, and recurrent
weights that begin uniform within 1/sqrt(H). The gates, which a simple RNN has none of, begin nearly
shut to what is new (``KEEP``). ``--starts`` trains with other beginnings, at one distance.

Run ``python -m benchmarks.agreement --pictures docs/pictures``.
"""

import argparse
import itertools
import math
import os
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement_sentences import IDS, VERBS, Sentence, pair, sentences
from benchmarks.machine import description
from benchmarks.timing import say

Array = NDArray[Any]

#: The cells by name, as in the tables.
CELLS = {
    "simple RNN": "simple_rnn",
    "simplified GRU": "simplified_gru",
    "GRU": "gru",
    "LSTM": "lstm",
}
DISTANCES = (2, 5, 10, 20, 50, 100)
#: Of this distance are the networks whose gradients are followed, and those of ``--starts``.
FAR = 50
#: At so many steps back gradients are told.
STEPS_BACK = (1, 10, 20, 50)

EMBEDDING, HIDDEN = 32, 32
PAIRS, TEST_PAIRS = 32, 400
#: A training ends after so many steps, or at the first multiple of ``EPOCH`` where the mean loss
#: of the last ``EPOCH`` steps is below ``LEARNT``.
STEPS, EPOCH, LEARNT = 500, 50, 0.01
LEARNING_RATE = 0.004
#: The gates begin with this bias, so that a step keeps sigmoid(4) = 0.982 of the state, as far as
#: the biases say (of the LSTM: Jozefowicz, Zaremba and Sutskever 2015).
KEEP = 4.0


class Start(NamedTuple):
    """How a network begins, and on which sentences it learns.

    Attributes:
        recurrent: How the recurrent weights begin: ``uniform`` within 1/sqrt(H), or ``orthogonal``.
        keep: The bias with which the gates keep the state; None for the layer's own.
        mixed: Whether training sentences are of all distances from 2 to the one that is tested,
            short ones more often: log-uniform.
    """

    recurrent: str = "uniform"
    keep: float | None = KEEP
    mixed: bool = False


#: What ``--starts`` looks at: the beginning of the main table, and others.
STARTS = {
    "as above": Start(),
    "as above, sentences of 2 to 50": Start(mixed=True),
    "the layers' own": Start("orthogonal", None),
    "the layers' own, sentences of 2 to 50": Start("orthogonal", None, True),
}


def main() -> None:
    """Prints the tables, and draws the pictures if a folder is given."""
    parser = argparse.ArgumentParser("python -m benchmarks.agreement", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="each a training")
    parser.add_argument("--starts", action="store_true", help="other beginnings, at one distance")
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    given = parser.parse_args()

    from toolkit.training import set_threads

    set_threads(given.threads)
    print(description(given.threads), end="\n\n")
    began, worked = time.perf_counter(), time.process_time()
    if given.starts:
        tell_starts(given.seeds)
    else:
        networks = tell_accuracies(given.seeds)
        flows = tell_flows(networks, given.seeds[0])
        if given.pictures:
            draw(flows, given.pictures)
    seconds = time.perf_counter() - began
    print(f"\n{seconds:.0f} s, of the processor {time.process_time() - worked:.0f} s")


def tell_accuracies(seeds: list[int]) -> dict[str, Any]:
    """Prints accuracy by cell and distance; returns the first seed's networks of ``FAR``."""
    networks = {}
    print(_row("cell", *DISTANCES))
    print("|---|" + "---:|" * len(DISTANCES))
    for name, cell in CELLS.items():
        found: list[list[float]] = []
        for distance in DISTANCES:
            found.append([])
            for seed in seeds:
                network = trained(cell, distance, seed)
                found[-1].append(accuracy(network, distance))
                say(f"{name}, distance {distance}, seed {seed}: {found[-1][-1]:.3f}")
                if (distance, seed) == (FAR, seeds[0]):
                    networks[name] = network
        print(_row(name, *map(_several, found)), flush=True)
    return networks


def tell_starts(seeds: list[int]) -> None:
    """Prints accuracy at ``FAR`` by beginning and cell."""
    print(_row("", *CELLS))
    print("|---|" + "---:|" * len(CELLS))
    for name, start in STARTS.items():
        row = []
        for cell in CELLS.values():
            row.append([accuracy(trained(cell, FAR, seed, start), FAR) for seed in seeds])
            say(f"{name}, {cell}: {row[-1]}")
        print(_row(name, *map(_several, row)), flush=True)


def tell_flows(networks: Mapping[str, Any], seed: int) -> dict[str, dict[str, Array]]:
    """Prints the norms of dJ/dh(k), fresh and trained; returns them by steps back."""
    flows = {
        "fresh": {name: flow(network(cell, seed)) for name, cell in CELLS.items()},
        "trained": {name: flow(each) for name, each in networks.items()},
    }
    orthogonal = network(CELLS["simple RNN"], seed, Start("orthogonal"))
    own = network(CELLS["GRU"], seed, Start(keep=None))
    flows["fresh"] |= {
        "simple RNN, orthogonal": flow(orthogonal),
        "GRU, gates half open": flow(own),
    }
    for when, of_cells in flows.items():
        print("\n" + _row(when, *(f"{steps} back" for steps in STEPS_BACK), "far / near"))
        print("|---|" + "---:|" * (len(STEPS_BACK) + 1))
        for name, norms in of_cells.items():
            far_to_near = norms[STEPS_BACK[-1]] / norms[STEPS_BACK[0]]
            print(_row(name, *(f"{norms[s]:.1e}" for s in STEPS_BACK), f"{far_to_near:.1e}"))
    return flows


def draw(flows: Mapping[str, Mapping[str, Array]], folder: Path) -> None:
    """Draws the norms of dJ/dh(k), a picture for fresh networks and one for trained ones."""
    from toolkit.diagnostics import draw_flows

    folder.mkdir(parents=True, exist_ok=True)
    for when, of_cells in flows.items():
        draw_flows(of_cells, folder / f"gradients_{when}.png")


def network(cell: str, seed: int, start: Start | None = None, **arguments: Any) -> Any:
    """A fresh network: ids [B, T] to the logits of ``VERBS`` [B, 2].

    Args:
        cell: A name of ``toolkit.layers.recurrent_layer``.
        seed: The seed of all weights.
        start: How the weights begin; as ``Start()`` when None.
        **arguments: Further arguments of the cell.
    """
    import keras

    from toolkit.layers import Embedding, recurrent_layer

    start = start or Start()
    keras.utils.set_random_seed(seed)
    if start.recurrent == "uniform":
        bound = 1 / math.sqrt(HIDDEN)
        uniform = keras.initializers.RandomUniform(-bound, bound)
        arguments = {"recurrent_initializer": uniform} | arguments
    layer = recurrent_layer(cell, HIDDEN, return_sequences=False, **arguments)
    made = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            Embedding(len(IDS) + 2, EMBEDDING),
            layer,
            keras.layers.Dense(len(VERBS)),
        ]
    )
    if start.keep is not None:
        _keep(cell, layer.cell, start.keep)
    return made


def _keep(cell: str, layer: Any, keep: float) -> None:
    """Sets the biases of the gates that keep the state or let the new in."""
    if cell == "simple_rnn":
        return
    bias = layer.bias.numpy()
    bias[:HIDDEN] = -keep  # the update gate, or the LSTM's input gate
    if cell == "lstm":
        bias[HIDDEN : 2 * HIDDEN] = keep  # the forget gate, which keeps
    layer.bias.assign(bias)


def trained(cell: str, distance: int, seed: int, start: Start | None = None) -> Any:
    """A network trained on sentences of a distance."""
    import keras

    from toolkit.training import TrainingOptions, make_optimizer

    start = start or Start()
    made = network(cell, seed, start)
    options = TrainingOptions(learning_rate=LEARNING_RATE, schedule="constant", warmup=0)
    made.compile(make_optimizer(options, STEPS), cross_entropy(), jit_compile=False)

    def stop_where_learnt(epoch: int, logs: dict[str, float]) -> None:
        made.stop_training = logs["loss"] < LEARNT

    made.fit(
        dataset(distance, seed, start.mixed),
        epochs=STEPS // EPOCH,
        steps_per_epoch=EPOCH,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop_where_learnt)],
        verbose=0,
    )
    return made


def cross_entropy() -> Any:
    """J, from logits."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def dataset(distance: int, seed: int, mixed: bool = False, pairs: int = PAIRS) -> Any:
    """Batches without end: ids [2 pairs, T] and verbs [2 pairs], all of one distance a batch."""
    import tensorflow as tf

    def batches() -> Iterator[tuple[Array, Array]]:
        for number in itertools.count():
            rng = random.Random(f"{seed} {number}")
            d = round(2 * (distance / 2) ** rng.random()) if mixed else distance
            yield arrays([each for _ in range(pairs) for each in pair(d, "train", rng)])

    ids, verbs = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)
    return tf.data.Dataset.from_generator(batches, output_signature=(ids, verbs)).prefetch(2)


def arrays(several: list[Sentence]) -> tuple[Array, Array]:
    """Ids [B, T] and the numbers of the verbs [B] of sentences of one length."""
    ids = [[IDS[word] for word in sentence.words] for sentence in several]
    verbs = [VERBS.index(sentence.verb) for sentence in several]
    return np.array(ids, np.int32), np.array(verbs, np.int32)


def accuracy(made: Any, distance: int) -> float:
    """The share of test sentences whose verb the network foretells; 0.5 is chance."""
    ids, verbs = arrays(sentences(distance, TEST_PAIRS, "test"))
    return float(np.mean(np.argmax(made(ids, training=False), axis=-1) == verbs))


def flow(made: Any) -> Array:
    """The norm of dJ/dh(k) [T] by steps back from the last state, on test sentences of ``FAR``."""
    import tensorflow as tf

    from toolkit.diagnostics import gradient_flows

    ids, verbs = arrays(sentences(FAR, PAIRS, "test"))

    def losses() -> Any:
        logits = made(ids)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(verbs, logits)[:, None]

    (found,) = gradient_flows(made, losses, places=[ids.shape[1] - 1])
    return found.by_distance()


def _several(values: list[float]) -> str:
    """One value, or the mean of several and the lowest and highest."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
