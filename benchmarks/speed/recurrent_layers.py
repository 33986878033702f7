"""Measure the training speed of the toolkit's recurrent layers, alone and in the text classifier.

Run ``python -m benchmarks.speed.recurrent_layers``. ``--quick`` tests the benchmark itself. The
report is Markdown on standard output. A pass of a layer alone is its output for a batch and the
gradients of inputs and weights; one of the classifier (``benchmarks.speed.classifier``) is training
steps with the toolkit's Adam over batches of all lengths.
"""

import argparse
import logging
import os
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.machine import description
from benchmarks.timing import Seconds, interleaved, say, speedup

#: The cell that others are compared with, and the others.
BASE, CELLS = "gru", ("simple_rnn", "simplified_gru", "min_gru", "lstm")
#: T, B, D and H of the layers alone.
SIZES = ((240, 64, 64, 64), (240, 64, 64, 256))
HIDDEN_SIZES = (64, 256)
ROUNDS = 9


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.speed.recurrent_layers", description=__doc__
    )
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=["min_gru", "lstm"])
    parser.add_argument("--only", choices=["layers", "classifier"])
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()

    from toolkit.training import set_threads

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many models in a process
    set_threads(options.threads)
    print(description(options.threads), end="\n\n")
    cells, rounds = [BASE, *options.cells], 2 if options.quick else ROUNDS
    print(f"| | {' | '.join(cells)} | {' | '.join(f'{c} to {BASE}' for c in cells[1:])} |")
    print("|---|" + "---:|" * (2 * len(cells) - 1))
    if options.only != "classifier":
        for sizes in [(9, 2, 3, 4)] if options.quick else SIZES:
            say(f"layers of T, B, D, H = {sizes}")
            runs = {cell: layer_pass(cell, *sizes) for cell in cells}
            _print_row("layer, T, B, D, H = {}, {}, {}, {}".format(*sizes), _timed(runs, rounds))
    if options.only != "layers":
        for hidden_size in [4] if options.quick else HIDDEN_SIZES:
            say(f"classifier of H = {hidden_size}")
            runs = {cell: classifier_pass(cell, hidden_size, options.quick) for cell in cells}
            _print_row(f"bidirectional classifier, H = {hidden_size}", _timed(runs, rounds))


def layer_pass(cell: str, steps: int, batch: int, inputs: int, units: int) -> Callable[[], None]:
    """Return a pass of a layer, forward and backward, on a batch of random inputs."""
    import tensorflow as tf

    from toolkit.layers import recurrent_layer

    layer = recurrent_layer(cell, units)
    x = tf.random.stateless_normal([batch, steps, inputs], seed=[0, 0])
    upstream = tf.random.stateless_normal([batch, steps, units], seed=[0, 1])
    layer.build(x.shape)

    @tf.function(autograph=False)
    def gradients() -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            states = layer(x, training=True)
        sources = [x, *(variable.value for variable in layer.trainable_variables)]
        found: list[Any] = tape.gradient(states, sources, upstream)
        return found

    return lambda: gradients()[0].numpy()


def classifier_pass(cell: str, hidden_size: int, quick: bool) -> Callable[[], None]:
    """Return a training pass of the text classifier with a bidirectional layer of the cell."""
    import tensorflow as tf

    from benchmarks.peers.keras_training import training_pass
    from benchmarks.speed.classifier.network import EMBEDDING_SIZE
    from benchmarks.speed.classifier.workload import VOCABULARY, generated
    from toolkit.models import ManyToOne
    from toolkit.training import TrainingOptions, make_optimizer

    sizes: dict[str, Any] = {"embedding_size": EMBEDDING_SIZE, "hidden_size": hidden_size}
    network = ManyToOne(VOCABULARY, 2, cell=cell, bidirectional=True, pooling="max", **sizes)
    network.build()
    rate = TrainingOptions(learning_rate=0.001, schedule="constant", warmup=0)
    optimizer = make_optimizer(rate, steps=1)
    network.compile(optimizer, network.output_layer.loss(), jit_compile=False)
    ids, length = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
    signature = [{"values": ids, "length": length}, tf.TensorSpec([None], tf.int64)]
    batches = generated().batches(1 if quick else 6)
    return training_pass(network, [(each.inputs, each.labels) for each in batches], signature)


def _timed(runs: dict[str, Callable[[], None]], rounds: int) -> Seconds:
    for run in runs.values():
        run()  # makes the graph
    return interleaved(runs, rounds)


def _print_row(name: str, seconds: Seconds) -> None:
    """Print the median milliseconds of each cell, and how many times faster than the base it is."""
    times = [f"{1000 * statistics.median(each):.1f} ms" for each in seconds.values()]
    others: Sequence[str] = [cell for cell in seconds if cell != BASE]
    ratios = [f"**{speedup(seconds, cell, over=BASE):.2f}**" for cell in others]
    print(f"| {' | '.join([name, *times, *ratios])} |", flush=True)


if __name__ == "__main__":
    main()
