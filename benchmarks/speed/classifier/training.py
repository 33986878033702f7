"""Training speed of the text classifier beside Keras and PyTorch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks.peers import keras_training, torch_classifier
from benchmarks.peers.torch_classifier import TorchClassifier
from benchmarks.peers.torch_gru import Variant, variants
from benchmarks.speed.classifier.network import EMBEDDING_SIZE, classifier, training_flop
from benchmarks.speed.classifier.workload import BATCH, VOCABULARY, Batch, Workload
from benchmarks.speed.matmul import PRECISIONS, Rates
from benchmarks.speed.options import constant_rate, toolkit_optimizer
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from toolkit.models import ManyToOne
from toolkit.tasks.classification import defaults
from toolkit.tasks.defaults import DataSize

#: The options of training on film reviews, such as the workload's.
OPTIONS = constant_rate(defaults.network(DataSize(25_000, 6_000_000)))

NOTES = f"""\
Vocabulary {VOCABULARY:,}, embedding {EMBEDDING_SIZE}, one bidirectional GRU of H units a direction,
max pooling over time, two classes; Adam, clipping by the global norm of the gradients, averaged
weights, with the values for film reviews; {BATCH} texts a batch, of similar lengths, at most 400.
Tokens are words, without padding.

- With `--cell lstm` the layers are `LSTM`, `LSTMCell`, `keras.layers.LSTM` and `torch.nn.LSTM`.
- toolkit: `toolkit.layers.GRU`. RNN(cell): `keras.layers.RNN` with `toolkit.cells.GRUCell`. Both
  with the toolkit's `Embedding`, whose gradient is dense, so that clipping is correct; the column
  Keras has `keras.layers.GRU`, `keras.layers.Embedding` and `keras.optimizers.Adam`. All three are
  the same `ManyToOne`, trained by the compiled `train_step` of `Model.fit`.
- PyTorch: `torch.nn.GRU`, which applies the reset gate after the product only, in the usual loop
  with fused Adam; the fastest of padded and packed batches, with all threads or one, as found on
  the shortest batch. (Padded, its backward direction reads the padding first, as if it were words.)
- bfloat16: `mixed_bfloat16` in Keras, `torch.autocast` in PyTorch.
- Rates are medians over interleaved rounds; ratios are medians of the rounds' ratios.
- share: the FLOP per second of the model's matrix products, forward and backward, without padding,
  in the toolkit, as a share of the rate of the faster library in one large product."""


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        hidden_size: H.
        precision: ``float32`` or ``bfloat16``.
        reset_after: Whether the reset gate is applied after the matrix product; None for an LSTM.
        tokens: The number of tokens in a pass.
        texts: The number of texts in a pass.
        seconds: The seconds of each pass, by name.
        torch_variant: The fastest way to run PyTorch.
    """

    hidden_size: int
    precision: str
    reset_after: bool | None
    tokens: int
    texts: int
    seconds: Seconds
    torch_variant: Variant


def measure(
    workload: Workload, threads: int, quick: bool = False, cell: str = "gru"
) -> list[Result]:
    """Compare all sizes, precisions and places of the reset gate.

    Args:
        workload: The texts.
        threads: The number of threads that each library may use.
        quick: Whether to run on tiny data, to test the benchmark itself.
        cell: ``gru`` or ``lstm``.
    """
    batches = workload.batches(2 if quick else 6)
    if quick:
        batches = [Batch(batch.ids[:8, :20], batch.labels[:8]) for batch in batches]
    return [
        result
        for hidden_size in (64, 256)
        for precision in PRECISIONS
        for result in _compare(
            batches, hidden_size, precision, threads, rounds=2 if quick else 5, cell=cell
        )
    ]


def _compare(
    batches: list[Batch],
    hidden_size: int,
    precision: str,
    threads: int,
    rounds: int,
    cell: str,
) -> Iterator[Result]:
    """Compare both places of the reset gate in the same rounds."""
    places = (False, True) if cell == "gru" else (None,)
    peers: list[tuple[str, bool | None]]
    peers = [(name, places[0]) for name in ("toolkit", "Keras", "Keras RNN")]
    peers += [(name, after) for after in places[1:] for name in ("toolkit", "Keras")]
    passes: dict[tuple[str, bool | None], Callable[[], None]] = {}
    for name, after in peers:
        network = classifier(name, hidden_size, after, precision, cell)  # type: ignore[arg-type]
        make = keras_training.keras_optimizer if name == "Keras" else toolkit_optimizer
        passes[name, after] = training_pass(network, batches, make(OPTIONS))
    say(f"H = {hidden_size}, {precision}: PyTorch on the shortest batch")
    variant, torch_pass = _torch_pass(batches, hidden_size, precision, threads, cell)
    passes["PyTorch", places[-1]] = torch_pass
    say(f"H = {hidden_size}, {precision}: warming up {len(passes)} models")
    for one_pass in passes.values():
        one_pass()
    say(f"H = {hidden_size}, {precision}: {rounds} rounds")
    seconds = interleaved({f"{name} {after}": run for (name, after), run in passes.items()}, rounds)
    tokens = sum(int(batch.lengths.sum()) for batch in batches)
    texts = sum(len(batch.labels) for batch in batches)
    for after in places:
        own = {name: seconds[f"{name} {after}"] for name, a in passes if a == after}
        yield Result(hidden_size, precision, after, tokens, texts, own, variant)


def training_pass(
    network: ManyToOne, batches: Sequence[Batch], optimizer: keras.optimizers.Optimizer
) -> Callable[[], None]:
    """Return a training pass over the batches; see ``keras_training.training_pass``."""
    network.compile(optimizer=optimizer, loss=network.output_layer.loss(), jit_compile=False)
    ids, length = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
    signature = [{"values": ids, "length": length}, tf.TensorSpec([None], tf.int64)]
    data = [(batch.inputs, batch.labels) for batch in batches]
    return keras_training.training_pass(network, data, signature)


def _torch_pass(
    batches: list[Batch], hidden_size: int, precision: str, threads: int, cell: str
) -> tuple[Variant, Callable[[], None]]:
    """Return PyTorch's fastest variant, as found on the shortest batch, and its training pass."""
    model = TorchClassifier(VOCABULARY, EMBEDDING_SIZE, hidden_size, cell)

    def one_pass(batches: Sequence[Batch], variant: Variant) -> Callable[[], None]:
        data = [(batch.ids, batch.lengths, batch.labels) for batch in batches]
        return torch_classifier.training_pass(model, data, variant, precision, OPTIONS)

    shortest = min(batches, key=lambda batch: batch.ids.shape[1])
    trials = {
        variant: one_pass([shortest], variant) for variant in variants(threads, "padded", "packed")
    }
    best = fastest(trials, amount=int(shortest.lengths.sum()), unit="tokens/s")
    return best, one_pass(batches, best)


def table(results: Sequence[Result], rates: Rates, cell: str = "gru") -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| H | precision | reset gate | toolkit | Keras | RNN(cell) | PyTorch "
        "| to Keras | to RNN(cell) | to PyTorch | share |",
        "|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        peers = ("Keras", "Keras RNN", "PyTorch")
        speeds = [_speed(result, name) for name in ("toolkit", *peers)]
        ratios = [
            f"**{speedup(result.seconds, 'toolkit', over=name):.2f}**"
            if name in result.seconds
            else "–"
            for name in peers
        ]
        flop = training_flop(result.tokens, result.texts, result.hidden_size, cell)
        reached = rate(flop, result.seconds["toolkit"]) / max(rates[result.precision].values())
        place = {True: "after", False: "before", None: "–"}[result.reset_after]
        cells = [str(result.hidden_size), result.precision, place, *speeds, *ratios]
        lines.append(f"| {' | '.join(cells)} | {reached:.0%} |")
    best = {f"H = {r.hidden_size}, {r.precision}: {r.torch_variant}": None for r in results}
    return "\n".join([*lines, "", f"PyTorch's fastest variants: {'; '.join(best)}."])


def _speed(result: Result, name: str) -> str:
    if name not in result.seconds:
        return "–"
    return f"{rate(result.tokens, result.seconds[name]):,.0f}"
