"""Answering strings: the exported SavedModel beside the same model in PyTorch."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks import sentiment_network
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from benchmarks.torch_models import Manner, PythonTokenizer, answerer, from_ours, manners
from benchmarks.workload import BATCH, Workload
from toolkit.errors import WorkError
from toolkit.export import Servable, write_saved_model
from toolkit.models import ManyToOne, TextModel
from toolkit.tasks.serving import answer_all, signature

CLASSES = ("neg", "pos")
TOLERANCE = 1e-4

NOTES = f"""\
The model of the training benchmark in float32, with the reset gate after the product, as PyTorch
has it, and with random weights. The toolkit: the exported SavedModel, strings in, answers out.
PyTorch: the same weights, with a regular expression, `str.lower` and a dictionary in Python before
it. Batches: sorted by length, {BATCH} texts each; PyTorch at its best of packed sequences and of
aligned ones, padded but each text turned round in its own length, which is as exact; plain padding
would change the answers. Both answer in the same process, in turns."""

Answer = Callable[[Sequence[str]], NDArray[Any]]


@dataclass(frozen=True)
class Result:
    """One size of model.

    Attributes:
        hidden_size: H.
        single: Seconds of each text asked alone, by name.
        batched: Seconds of all texts in batches, by name.
        texts: How many texts that are.
        manners: How PyTorch was at its best, alone and in batches.
        agreement: What the comparison of the answers found.
    """

    hidden_size: int
    single: Seconds
    batched: Seconds
    texts: int
    manners: tuple[Manner, Manner]
    agreement: str


def measure(workload: Workload, threads: int, quick: bool = False) -> list[Result]:
    """Both sizes.

    Args:
        workload: The texts, and the tokenizer that is exported.
        threads: How many each library may use.
        quick: Whether a tiny setting will do, to see that it runs.

    Raises:
        WorkError: The models do not give the same answers.
    """
    singles, batched, rounds = (4, 2 * BATCH, 2) if quick else (100, 16 * BATCH, 5)
    texts = workload.texts[:batched]
    return [
        _compare(workload, texts, singles, hidden_size, threads, rounds)
        for hidden_size in (64, 256)
    ]


def _compare(
    workload: Workload,
    texts: Sequence[str],
    singles: int,
    hidden_size: int,
    threads: int,
    rounds: int,
) -> Result:
    network = _spread(sentiment_network("toolkit", hidden_size, reset_after=True))
    python = PythonTokenizer(workload.tokenizer)
    model = from_ours(network)

    def theirs(manner: Manner) -> Answer:
        return answerer(model, python, manner)

    with tempfile.TemporaryDirectory() as folder:
        say(f"H = {hidden_size}: exporting")
        text_model = TextModel(workload.tokenizer, network)
        signatures = {"serving_default": signature(text_model, CLASSES)}
        servable = Servable.load(write_saved_model(folder, signatures, [text_model]))

        def ours(texts: Sequence[str]) -> NDArray[Any]:
            return servable(text=texts)["probabilities"]

        say(f"H = {hidden_size}: PyTorch on single texts, and on {BATCH}")
        few = texts[: max(1, singles // 10)]
        trials: dict[Manner, Callable[[], object]]
        trials = {each: partial(_alone, few, theirs(each)) for each in manners(threads, "padded")}
        alone = fastest(trials, len(few), "texts/s")
        trials = {
            each: partial(_in_batches, texts[:BATCH], theirs(each))
            for each in manners(threads, "packed", "aligned")
        }
        together = fastest(trials, BATCH, "texts/s")

        say(f"H = {hidden_size}: {singles} single texts, {len(texts)} in batches, {rounds} rounds")
        peers = {"toolkit": ours, "PyTorch": theirs(together)}
        agreement = _agreement(workload, python, texts, peers)
        batched = interleaved(
            {name: partial(_in_batches, texts, answer) for name, answer in peers.items()}, rounds
        )
        peers = {"toolkit": ours, "PyTorch": theirs(alone)}
        single = _latencies(texts[:singles], peers, rounds)
    return Result(hidden_size, single, batched, len(texts), (alone, together), agreement)


def table(results: Sequence[Result]) -> str:
    """The results in Markdown."""
    lines = ["| H | | toolkit | PyTorch | ratio |", "|---:|---|---:|---:|---:|"]
    for result in results:
        for percent, name in ((50, "median"), (95, "95th percentile")):
            ours, theirs = (1000 * float(np.percentile(s, percent)) for s in result.single.values())
            lines.append(
                f"| {result.hidden_size} | one text, ms: {name} | {ours:.1f} | {theirs:.1f} "
                f"| **{theirs / ours:.2f}** |"
            )
        ours, theirs = (rate(result.texts, seconds) for seconds in result.batched.values())
        lines.append(
            f"| {result.hidden_size} | batches, texts/s | {ours:,.0f} | {theirs:,.0f} "
            f"| **{speedup(result.batched, 'toolkit', over='PyTorch'):.2f}** |"
        )
    for result in results:
        alone, together = result.manners
        lines += [
            "",
            f"H = {result.hidden_size}: {result.agreement}. PyTorch's best: one text {alone}; "
            f"batches {together}.",
        ]
    return "\n".join(lines)


def _spread(network: ManyToOne) -> ManyToOne:
    """Larger random weights, so that the answers are not all one half and can be told apart."""
    rng = np.random.default_rng(0)
    for layer, scale in ((network.embedding, 0.3), (network.output_layer, 0.5)):
        layer.set_weights([rng.normal(0, scale, weight.shape) for weight in layer.get_weights()])
    return network


def _alone(texts: Sequence[str], answer: Answer) -> None:
    for text in texts:
        answer([text])


def _in_batches(texts: Sequence[str], answer: Answer) -> NDArray[Any]:
    """Probabilities in the texts' order, asked as the toolkit asks many texts."""
    return answer_all(texts, lambda batch: {"": answer(batch)})[""]


def _latencies(texts: Sequence[str], peers: Mapping[str, Answer], rounds: int) -> Seconds:
    """The seconds of each text in each round, after a round to warm up."""
    seconds: Seconds = {name: [] for name in peers}

    def ask(name: str) -> None:
        for text in texts:
            start = time.perf_counter()
            peers[name]([text])
            seconds[name].append(time.perf_counter() - start)

    interleaved({name: partial(ask, name) for name in peers}, rounds + 1)
    return {name: times[len(texts) :] for name, times in seconds.items()}


def _agreement(
    workload: Workload,
    python: PythonTokenizer,
    texts: Sequence[str],
    peers: Mapping[str, Answer],
) -> str:
    """How far the answers are apart where both tokenizers give the same ids.

    Raises:
        WorkError: Farther than ``TOLERANCE``: these are not the same models.
    """
    tokenizer = workload.tokenizer
    same = np.array([np.array_equal(tokenizer(text), python(text)) for text in texts])
    ours, theirs = (_in_batches(texts, answer)[same] for answer in peers.values())
    apart = float(np.abs(ours - theirs).max(initial=0))
    if apart > TOLERANCE or not same.any():
        raise WorkError(f"the PyTorch model's probabilities are up to {apart} from the toolkit's")
    return (
        f"both tokenizers give the same ids for {same.mean():.1%} of {len(texts):,} texts, and "
        f"there the probabilities (from {ours.min():.2f} to {ours.max():.2f}) differ by at most "
        f"{apart:.0e}"
    )
