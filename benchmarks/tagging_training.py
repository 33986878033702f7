"""Training tokens a second of the tagger, beside PyTorch's; with its random field and without."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.keras_learning import keras_pass
from benchmarks.sentences import BATCH_TOKENS, Sentences
from benchmarks.taggers import OPTIONS, SUITED, TASK, Batch, agreement, loss, tagger
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from benchmarks.torch_crf import Sums
from benchmarks.torch_tagger import Manner, TorchTagger, from_ours, manners, trainer
from toolkit.models import ManyToMany
from toolkit.training.optimizer import make_optimizer

#: How many batches PyTorch's manners are tried on.
TRIED = 4

NOTES = f"""\
The tagger with its default sizes: words {SUITED.embedding_size}, a convolution over characters
{TASK.character_size}, shapes {TASK.shape_size}, eight affixes of {TASK.affix_size}; one
bidirectional GRU of {SUITED.hidden_size} units a direction; a linear-chain CRF over BIOES tags,
or softmax alone. float32; the default dropouts; Adam, clipping by the norm of all gradients
together, averaged weights; at most {BATCH_TOKENS} tokens a batch, padding included, of similar
lengths. Features are numbers before the clock runs, for both. Rates are of tokens without
padding.

- toolkit: `ManyToMany`, trained by the compiled `train_step` of `Model.fit`; the reset gate
  before the product, which is its default, or after it, as in PyTorch; ratios to PyTorch are of
  the latter.
- PyTorch: `torch.nn.GRU`; the CRF in plain PyTorch, whole batches in a loop over time; the
  ordinary training loop with fused Adam; at its best of padded, packed and aligned batches, of
  vectors of each batch's distinct tokens or of each token, of sums over paths by logarithms or by
  products, with all threads or one, as found on {TRIED} batches. (Padded, its backward direction
  reads the padding first, as if it were words.)
- Rates are medians over interleaved rounds; ratios and shares the medians of the rounds' own.
- share of the CRF: of a pass's time, what it takes longer than with softmax."""


PEERS = ("toolkit, before", "toolkit, after", "PyTorch")


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        tokens: How many tokens a pass has.
        seconds: The seconds of each pass with ``CRF`` and with ``softmax``, by whose it is.
        torch: How PyTorch was at its best with either.
        agreement: What the comparison of equal models found.
        learnt: What the two had learnt in the end.
        network: The trained network with the reset gate after the product and the CRF.
    """

    tokens: int
    seconds: dict[str, Seconds]
    torch: dict[str, Manner]
    agreement: str
    learnt: str
    network: ManyToMany


def measure(work: Sentences, threads: int, quick: bool = False) -> Result:
    """Both libraries, with the CRF and without, all in the same rounds.

    Args:
        work: The sentences.
        threads: How many each library may use.
        quick: Whether a tiny setting will do, to see that it runs.

    Raises:
        WorkError: Equal models do not give equal answers.
    """
    count, rounds = (TRIED, 2) if quick else (30, 5)
    batches = [
        (work.corpus.inputs(some), work.corpus.targets(some)) for some in work.batches(count)
    ]
    passes: dict[str, Callable[[], None]] = {}
    torch: dict[str, Manner] = {}
    for kind in ("CRF", "softmax"):
        networks = [tagger(work, reset_after, kind == "CRF") for reset_after in (False, True)]
        for peer, network in zip(PEERS[:2], networks, strict=True):
            passes[f"{peer}, {kind}"] = keras_trainer(network, work, batches)
        say(f"{kind}: PyTorch on {TRIED} batches")
        torch[kind] = _best(from_ours(network), batches[:TRIED], kind, threads)
        model = from_ours(network)
        passes[f"PyTorch, {kind}"] = trainer(model, batches, torch[kind], OPTIONS)
        if kind == "CRF":
            ours, theirs, same = network, model, agreement(network, batches)
    say(f"warming up {len(passes)} models")
    for one_pass in passes.values():
        one_pass()
    say(f"{rounds} rounds")
    found = interleaved(passes, rounds)
    return Result(
        tokens=_tokens(batches),
        seconds={k: {peer: found[f"{peer}, {k}"] for peer in PEERS} for k in torch},
        torch=torch,
        agreement=same,
        learnt=(
            f"after {rounds + 1} passes the loss per token is {loss(ours, batches):.3f} with the "
            f"toolkit and {loss(theirs, batches):.3f} with PyTorch"
        ),
        network=ours,
    )


def keras_trainer(
    network: ManyToMany, work: Sentences, batches: Sequence[Batch]
) -> Callable[[], None]:
    """One pass over the batches; see ``keras_pass``."""
    network.compile(optimizer=make_optimizer(OPTIONS, 1), loss=None, jit_compile=False)
    signature = [work.corpus.input_signature, work.corpus.target_signature]
    return keras_pass(network, batches, signature)


def _best(model: TorchTagger, batches: Sequence[Batch], kind: str, threads: int) -> Manner:
    """The manner in which PyTorch learns the batches fastest."""
    sums: tuple[Sums, ...] = ("logarithms", "products") if kind == "CRF" else ("logarithms",)
    trials = {
        manner: trainer(model, batches, manner, OPTIONS)
        for manner in manners(threads, ("padded", "packed", "aligned"), sums)
    }
    return fastest(trials, _tokens(batches), "tokens/s")


def _tokens(batches: Sequence[Batch]) -> int:
    return sum(int((features["index"] != 0).sum()) for features, _ in batches)


def table(result: Result) -> str:
    """The result in Markdown."""
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
    best = "; ".join(f"{kind}: {manner}" for kind, manner in result.torch.items())
    return "\n".join(
        [*lines, "", f"PyTorch's best: {best}.", "", f"{result.agreement}; {result.learnt}."]
    )


def _share(result: Result, peer: str) -> float:
    """The share of a pass's time that the CRF takes."""
    pairs = zip(result.seconds["CRF"][peer], result.seconds["softmax"][peer], strict=True)
    return statistics.median(1 - without / whole for whole, without in pairs)
