"""Training speed of the entity tagger beside PyTorch, with and without the CRF."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.peers import keras_training, torch_tagger
from benchmarks.peers.torch_crf import PartitionMethod
from benchmarks.peers.torch_tagger import TorchTagger, Variant, from_toolkit, variants
from benchmarks.speed.options import toolkit_optimizer
from benchmarks.speed.tagger.network import DEFAULTS, OPTIONS, TASK, Batch, agreement, loss, tagger
from benchmarks.speed.tagger.workload import BATCH_TOKENS, Workload
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from toolkit.models import ManyToMany

#: The number of batches on which PyTorch's variants are tried.
TRIAL_BATCHES = 4

NOTES = f"""\
The tagger with its default sizes: words {DEFAULTS.embedding_size}, a convolution over characters
{TASK.character_size}, shapes {TASK.shape_size}, eight affixes of {TASK.affix_size}; one
bidirectional GRU of {DEFAULTS.hidden_size} units a direction; a linear-chain CRF over BIOES tags,
or a softmax. float32; the default dropout rates; Adam, clipping by the global norm of the
gradients, averaged weights; at most {BATCH_TOKENS} tokens a batch, padding included, of similar
lengths. Computing features is not timed. Rates count tokens without padding.

- toolkit: `ManyToMany`, trained by the compiled `train_step` of `Model.fit`; the reset gate
  before the product, which is the default, or after it, as in PyTorch; ratios to PyTorch are of
  the latter.
- PyTorch: `torch.nn.GRU`; the CRF in plain PyTorch, batched, with a loop over time; the usual
  training loop with fused Adam; the fastest of padded, packed and aligned batches, of vectors of
  each batch's distinct tokens or of each token, of the partition function by `logsumexp` or by
  matrix products, with all threads or one, as found on {TRIAL_BATCHES} batches. (Padded, its
  backward direction reads the padding first, as if it were words.)
- Rates are medians over interleaved rounds; ratios and shares are medians of the rounds' own.
- share of the CRF: the part of a pass's time by which it is slower than with softmax."""


PEERS = ("toolkit, before", "toolkit, after", "PyTorch")


@dataclass(frozen=True)
class Result:
    """The results of the measurement of training.

    Attributes:
        tokens: The number of tokens in a pass.
        seconds: The seconds of each pass with ``CRF`` and with ``softmax``, by peer.
        torch_variants: The fastest way to run PyTorch with each.
        agreement: The differences of models with equal weights, in words.
        losses: The losses after training, in words.
        network: The trained network with the reset gate after the product and the CRF.
    """

    tokens: int
    seconds: dict[str, Seconds]
    torch_variants: dict[str, Variant]
    agreement: str
    losses: str
    network: ManyToMany


def measure(work: Workload, threads: int, quick: bool = False) -> Result:
    """Compare both libraries with the CRF and without, all in the same rounds.

    Args:
        work: The sentences.
        threads: The number of threads that each library may use.
        quick: Whether to run on tiny data, to test the benchmark itself.

    Raises:
        WorkError: Models with equal weights do not give equal outputs.
    """
    count, rounds = (TRIAL_BATCHES, 2) if quick else (30, 5)
    batches = [
        (work.corpus.inputs(some), work.corpus.targets(some)) for some in work.batches(count)
    ]
    passes: dict[str, Callable[[], None]] = {}
    best: dict[str, Variant] = {}
    for kind in ("CRF", "softmax"):
        networks = [tagger(work, reset_after, kind == "CRF") for reset_after in (False, True)]
        for peer, network in zip(PEERS[:2], networks, strict=True):
            passes[f"{peer}, {kind}"] = toolkit_pass(network, work, batches)
        say(f"{kind}: PyTorch on {TRIAL_BATCHES} batches")
        best[kind] = _fastest(from_toolkit(network), batches[:TRIAL_BATCHES], kind, threads)
        model = from_toolkit(network)
        one_pass = torch_tagger.training_pass(model, batches, best[kind], OPTIONS)
        passes[f"PyTorch, {kind}"] = one_pass
        if kind == "CRF":
            ours, theirs, same = network, model, agreement(network, batches)
    say(f"warming up {len(passes)} models")
    for one_pass in passes.values():
        one_pass()
    say(f"{rounds} rounds")
    seconds = interleaved(passes, rounds)
    return Result(
        tokens=_tokens(batches),
        seconds={kind: {peer: seconds[f"{peer}, {kind}"] for peer in PEERS} for kind in best},
        torch_variants=best,
        agreement=same,
        losses=(
            f"after {rounds + 1} passes the loss per token is {loss(ours, batches):.3f} with the "
            f"toolkit and {loss(theirs, batches):.3f} with PyTorch"
        ),
        network=ours,
    )


def toolkit_pass(
    network: ManyToMany, work: Workload, batches: Sequence[Batch]
) -> Callable[[], None]:
    """Return a training pass over the batches; see ``keras_training.training_pass``."""
    network.compile(optimizer=toolkit_optimizer(OPTIONS), loss=None, jit_compile=False)
    signature = [work.corpus.input_signature, work.corpus.target_signature]
    return keras_training.training_pass(network, batches, signature)


def _fastest(model: TorchTagger, batches: Sequence[Batch], kind: str, threads: int) -> Variant:
    """Return the variant with which PyTorch trains fastest on the batches."""
    methods: tuple[PartitionMethod, ...] = ("logsumexp", "matmul")
    methods = methods if kind == "CRF" else methods[:1]
    trials = {
        variant: torch_tagger.training_pass(model, batches, variant, OPTIONS)
        for variant in variants(threads, ("padded", "packed", "aligned"), methods)
    }
    return fastest(trials, _tokens(batches), "tokens/s")


def _tokens(batches: Sequence[Batch]) -> int:
    return sum(int((features["index"] != 0).sum()) for features, _ in batches)


def table(result: Result) -> str:
    """Return the result as a Markdown table."""
    lines = [
        "| | toolkit, reset before | toolkit, reset after | PyTorch, reset after | to PyTorch |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, seconds in result.seconds.items():
        speeds = [f"{rate(result.tokens, seconds[peer]):,.0f}" for peer in PEERS]
        ratio = speedup(seconds, PEERS[1], over="PyTorch")
        lines.append(f"| {kind}, tokens/s | {' | '.join(speeds)} | **{ratio:.2f}** |")
    shares = [f"{_share(result, peer):.0%}" for peer in PEERS]
    lines.append(f"| share of the CRF | {' | '.join(shares)} | |")
    best = "; ".join(f"{kind}: {variant}" for kind, variant in result.torch_variants.items())
    return "\n".join(
        [
            *lines,
            "",
            f"PyTorch's fastest variants: {best}.",
            "",
            f"{result.agreement}; {result.losses}.",
        ]
    )


def _share(result: Result, peer: str) -> float:
    """Return the share of a pass's time that the CRF takes."""
    pairs = zip(result.seconds["CRF"][peer], result.seconds["softmax"][peer], strict=True)
    return statistics.median(1 - without / whole for whole, without in pairs)
