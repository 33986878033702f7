"""Training tokens a second of the whole sentiment model, ours beside Keras's and PyTorch's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks.keras_learning import keras_pass
from benchmarks.matmul import PRECISIONS, Rates
from benchmarks.networks import EMBEDDING_SIZE, products, sentiment_network
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from benchmarks.torch_models import Manner, TorchSentiment, manners, trainer
from benchmarks.workload import BATCH, VOCABULARY, Batch, Workload
from toolkit.models import ManyToOne

CLIP_NORM = 1.0

NOTES = f"""\
Vocabulary {VOCABULARY:,}, embedding {EMBEDDING_SIZE}, one bidirectional GRU of H units a direction,
maximum over the words, two classes; Adam, clipping by the norm of all gradients together;
{BATCH} texts a batch, each batch of similar lengths, cut at 400. Tokens are words, without padding.

- toolkit: `toolkit.layers.GRU`. RNN(cell): `keras.layers.RNN` with `toolkit.cells.GRUCell`. Both
  with the toolkit's `Embedding`, whose gradient is dense, so that clipping is right; the column
  Keras has `keras.layers.GRU` and `keras.layers.Embedding`. All three are the same `ManyToOne`,
  trained by the compiled `train_step` of `Model.fit`.
- PyTorch: `torch.nn.GRU`, which has the reset gate after the product only, in the ordinary loop
  with fused Adam; at its best of padded and packed batches, with all threads or one, as found on
  the shortest batch. (Padded, its backward direction reads the padding first, as if it were words.)
- bfloat16: `mixed_bfloat16` in Keras, `torch.autocast` in PyTorch.
- Rates are medians over interleaved rounds; ratios the medians of the rounds' own ratios.
- share: the FLOP of the model's matrix products, forwards and backwards, without padding, that the
  toolkit does a second, of what the faster library reaches in one large product."""


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        hidden_size: H.
        precision: ``float32`` or ``bfloat16``.
        reset_after: Whether the reset gate comes after the matrix product.
        tokens: How many tokens a pass has.
        texts: How many texts a pass has.
        seconds: The seconds of each pass by name.
        torch: How PyTorch was at its best.
    """

    hidden_size: int
    precision: str
    reset_after: bool
    tokens: int
    texts: int
    seconds: Seconds
    torch: Manner


def measure(workload: Workload, threads: int, quick: bool = False) -> list[Result]:
    """All sizes, precisions and places of the reset gate.

    Args:
        workload: The texts.
        threads: How many each library may use.
        quick: Whether a tiny setting will do, to see that it runs.
    """
    batches = workload.batches(2 if quick else 6)
    if quick:
        batches = [Batch(batch.ids[:8, :20], batch.labels[:8]) for batch in batches]
    return [
        result
        for hidden_size in (64, 256)
        for precision in PRECISIONS
        for result in _compare(batches, hidden_size, precision, threads, rounds=2 if quick else 5)
    ]


def _compare(
    batches: list[Batch], hidden_size: int, precision: str, threads: int, rounds: int
) -> Iterator[Result]:
    """Before and after, all in the same rounds."""
    peers = [("toolkit", False), ("Keras", False), ("Keras RNN", False)]
    peers += [("toolkit", True), ("Keras", True)]
    passes: dict[tuple[str, bool], Callable[[], None]] = {}
    for name, after in peers:
        network = sentiment_network(name, hidden_size, after, precision)  # type: ignore[arg-type]
        passes[name, after] = keras_trainer(network, batches)
    say(f"H = {hidden_size}, {precision}: PyTorch on the shortest batch")
    torch, passes["PyTorch", True] = _torch_trainer(batches, hidden_size, precision, threads)
    say(f"H = {hidden_size}, {precision}: warming up {len(passes)} models")
    for one_pass in passes.values():
        one_pass()
    say(f"H = {hidden_size}, {precision}: {rounds} rounds")
    seconds = interleaved({f"{name} {after}": run for (name, after), run in passes.items()}, rounds)
    tokens = sum(int(batch.lengths.sum()) for batch in batches)
    texts = sum(len(batch.labels) for batch in batches)
    for after in (False, True):
        own = {name: seconds[f"{name} {after}"] for name, a in passes if a == after}
        yield Result(hidden_size, precision, after, tokens, texts, own, torch)


def keras_trainer(network: ManyToOne, batches: Sequence[Batch]) -> Callable[[], None]:
    """One pass over the batches; see ``keras_pass``."""
    network.compile(
        optimizer=keras.optimizers.Adam(global_clipnorm=CLIP_NORM),
        loss=network.output_layer.loss(),
        jit_compile=False,
    )
    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int64)]
    return keras_pass(network, [(batch.ids, batch.labels) for batch in batches], signature)


def _torch_trainer(
    batches: list[Batch], hidden_size: int, precision: str, threads: int
) -> tuple[Manner, Callable[[], None]]:
    """The pass over the batches in PyTorch, at its best on the shortest batch, and what that is."""
    model = TorchSentiment(VOCABULARY, EMBEDDING_SIZE, hidden_size)
    shortest = min(batches, key=lambda batch: batch.ids.shape[1])
    trials = {
        manner: trainer(model, [shortest], manner, precision, CLIP_NORM)
        for manner in manners(threads, "padded", "packed")
    }
    best = fastest(trials, amount=int(shortest.lengths.sum()), unit="tokens/s")
    return best, trainer(model, batches, best, precision, CLIP_NORM)


def table(results: Sequence[Result], rates: Rates) -> str:
    """The results in Markdown."""
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
        flop = products(result.tokens, result.texts, result.hidden_size)
        reached = rate(flop, result.seconds["toolkit"]) / max(rates[result.precision].values())
        place = "after" if result.reset_after else "before"
        cells = [str(result.hidden_size), result.precision, place, *speeds, *ratios]
        lines.append(f"| {' | '.join(cells)} | {reached:.0%} |")
    best = {f"H = {r.hidden_size}, {r.precision}: {r.torch}": None for r in results}
    return "\n".join([*lines, "", f"PyTorch's best: {'; '.join(best)}."])


def _speed(result: Result, name: str) -> str:
    if name not in result.seconds:
        return "–"
    return f"{rate(result.tokens, result.seconds[name]):,.0f}"
