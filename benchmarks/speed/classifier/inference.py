"""Inference speed of the exported text classifier beside the same model in PyTorch."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.torch_classifier import PythonTokenizer, from_toolkit, predictor
from benchmarks.peers.torch_gru import Variant, variants
from benchmarks.speed.classifier.network import classifier
from benchmarks.speed.classifier.workload import BATCH, MAX_LENGTH, Workload
from benchmarks.timing import Seconds, fastest, interleaved, latencies, rate, say, speedup
from toolkit.errors import WorkError
from toolkit.export import Servable, write_saved_model
from toolkit.models import ManyToOne, SequenceModel
from toolkit.tasks.classification.serving import answer_all, signature

CLASSES = ("neg", "pos")
TOLERANCE = 1e-4

NOTES = f"""\
The model of the training benchmark in float32, with the reset gate after the product, as in
PyTorch, and with random weights. The toolkit: the exported SavedModel, from strings to
probabilities. PyTorch: the same weights; the tokenizer is a regular expression, `str.lower` and a
dictionary in Python. Batches: sorted by length, {BATCH} texts each; for PyTorch the faster of
packed sequences and aligned ones (padded, but each text reversed within its own length), which are
both exact; plain padding would change the probabilities. Both run in the same process, in turns."""

Predict = Callable[[Sequence[str]], NDArray[Any]]


@dataclass(frozen=True)
class Result:
    """One size of model.

    Attributes:
        hidden_size: H.
        single: Seconds of each text by itself, by name.
        batched: Seconds of all texts in batches, by name.
        texts: The number of texts in batches.
        torch_variants: The fastest ways to run PyTorch, for one text and for batches.
        agreement: The differences of the probabilities, in words.
    """

    hidden_size: int
    single: Seconds
    batched: Seconds
    texts: int
    torch_variants: tuple[Variant, Variant]
    agreement: str


def measure(workload: Workload, threads: int, quick: bool = False) -> list[Result]:
    """Compare both sizes.

    Args:
        workload: The texts, and the tokenizer that is exported.
        threads: The number of threads that each library may use.
        quick: Whether to run on tiny data, to test the benchmark itself.

    Raises:
        WorkError: The models do not give the same probabilities.
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
    network = _with_large_weights(classifier("toolkit", hidden_size, reset_after=True))
    python = PythonTokenizer(workload.tokenizer)
    model = from_toolkit(network)

    def torch_predict(variant: Variant) -> Predict:
        return predictor(model, python, variant)

    with tempfile.TemporaryDirectory() as folder:
        say(f"H = {hidden_size}: exporting")
        sequence_model = SequenceModel(workload.tokenizer, network)
        signatures = {"serving_default": signature(sequence_model, CLASSES, MAX_LENGTH)}
        servable = Servable.load(write_saved_model(folder, signatures, [sequence_model]))

        def toolkit_predict(texts: Sequence[str]) -> NDArray[Any]:
            return servable(text=texts)["probabilities"]

        say(f"H = {hidden_size}: PyTorch on single texts, and on {BATCH}")
        some = texts[: max(1, singles // 10)]
        trials: dict[Variant, Callable[[], object]]
        trials = {
            variant: partial(_one_by_one, some, torch_predict(variant))
            for variant in variants(threads, "padded")
        }
        single_variant = fastest(trials, len(some), "texts/s")
        trials = {
            variant: partial(_in_batches, texts[:BATCH], torch_predict(variant))
            for variant in variants(threads, "packed", "aligned")
        }
        batch_variant = fastest(trials, BATCH, "texts/s")

        say(f"H = {hidden_size}: {singles} single texts, {len(texts)} in batches, {rounds} rounds")
        peers = {"toolkit": toolkit_predict, "PyTorch": torch_predict(batch_variant)}
        agreement = _agreement(workload, python, texts, peers)
        batched = interleaved(
            {name: partial(_in_batches, texts, predict) for name, predict in peers.items()}, rounds
        )
        peers = {"toolkit": toolkit_predict, "PyTorch": torch_predict(single_variant)}
        single = latencies(texts[:singles], peers, rounds)
    torch_variants = (single_variant, batch_variant)
    return Result(hidden_size, single, batched, len(texts), torch_variants, agreement)


def table(results: Sequence[Result]) -> str:
    """Return the results as a Markdown table."""
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
        single, batch = result.torch_variants
        lines += [
            "",
            f"H = {result.hidden_size}: {result.agreement}. PyTorch's fastest variants: one text "
            f"{single}; batches {batch}.",
        ]
    return "\n".join(lines)


def _with_large_weights(network: ManyToOne) -> ManyToOne:
    """Set larger random weights, so that the probabilities are not all close to one half."""
    rng = np.random.default_rng(0)
    for layer, scale in ((network.front.embedding, 0.3), (network.output_layer, 0.5)):
        layer.set_weights([rng.normal(0, scale, weight.shape) for weight in layer.get_weights()])
    return network


def _one_by_one(texts: Sequence[str], predict: Predict) -> None:
    for text in texts:
        predict([text])


def _in_batches(texts: Sequence[str], predict: Predict) -> NDArray[Any]:
    """Return probabilities in the texts' order, computed in the toolkit's batches."""
    return answer_all(texts, lambda batch: {"": predict(batch)})[""]


def _agreement(
    workload: Workload,
    python: PythonTokenizer,
    texts: Sequence[str],
    peers: Mapping[str, Predict],
) -> str:
    """Return in words how much the probabilities differ where both tokenizers give the same ids.

    Raises:
        WorkError: They differ by more than ``TOLERANCE``: these are not the same models.
    """
    tokenizer = workload.tokenizer
    same = np.array([np.array_equal(tokenizer(text), python(text)) for text in texts])
    ours, theirs = (_in_batches(texts, predict)[same] for predict in peers.values())
    difference = float(np.abs(ours - theirs).max(initial=0))
    if difference > TOLERANCE or not same.any():
        raise WorkError(f"PyTorch's probabilities differ from the toolkit's by {difference}")
    return (
        f"both tokenizers give the same ids for {same.mean():.1%} of {len(texts):,} texts, and "
        f"there the probabilities (from {ours.min():.2f} to {ours.max():.2f}) differ by at most "
        f"{difference:.0e}"
    )
