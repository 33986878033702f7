"""Inference speed of the exported entity tagger beside the same model in PyTorch."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.peers.python_features import PythonFeatures
from benchmarks.peers.torch_crf import PartitionMethod
from benchmarks.peers.torch_gru import Padding
from benchmarks.peers.torch_tagger import Tagged, Variant, from_toolkit, predictor, variants
from benchmarks.speed.tagger.workload import Workload
from benchmarks.timing import Seconds, fastest, interleaved, latencies, rate, say, speedup
from toolkit.errors import WorkError
from toolkit.export import Servable, write_saved_model
from toolkit.models import ManyToMany, SequenceModel
from toolkit.tasks.entities.serving import signatures, tag_all
from toolkit.tasks.span_outputs import BATCH, BATCH_TOKENS, by_length

#: The largest difference of probabilities from PyTorch's, and the largest share of other tags.
TOLERANCE = 1e-3

NOTES = f"""\
The network that was trained above, with the reset gate after the product and the CRF, in float32,
from strings to tags, on sentences that it was not trained on. The toolkit: `tag_tokens` of the
exported SavedModel, with features and Viterbi paths in its graph; it always computes the tags'
probabilities too. PyTorch: the same weights; features by string methods, regular expressions and
dictionaries in Python, with those of all training tokens cached; Viterbi paths in plain PyTorch,
probabilities as the gradient of the log-partition function; the fastest of packed and aligned
batches (plain padding would change the outputs), of vectors of a batch's distinct tokens or of each
token, of the partition function by `logsumexp` or by matrix products, with all threads or one.
Batches: sorted by length, at most {BATCH} sentences and {BATCH_TOKENS:,} tokens each, for both. All
run in the same process, in turns."""

Sentence = Sequence[str]
Tag = Callable[[Sequence[Sentence]], Tagged]
PEERS = ("toolkit", "PyTorch", "PyTorch, tags only")
#: The prefixes of BIOES tags in IOB2.
IOB2 = {"O": "O", "B": "B", "I": "I", "E": "I", "S": "B"}


@dataclass(frozen=True)
class Result:
    """The results of the measurement of tagging.

    Attributes:
        batched: Seconds of all sentences in batches, by name.
        single: Seconds of each sentence by itself, by name.
        sentences: The number of sentences in batches.
        torch_variants: The fastest way to run PyTorch, by name and request.
        agreement: The differences of the outputs, in words.
    """

    batched: Seconds
    single: Seconds
    sentences: int
    torch_variants: dict[str, Variant]
    agreement: str


def measure(work: Workload, network: ManyToMany, threads: int, quick: bool = False) -> Result:
    """Tag all sentences in batches, and some one at a time.

    Args:
        work: The sentences.
        network: The tagger.
        threads: The number of threads that each library may use.
        quick: Whether to run on tiny data, to test the benchmark itself.

    Raises:
        WorkError: The models do not give the same outputs.
    """
    rounds, every = (2, 100) if quick else (5, 10)
    sentences, some = work.texts, work.texts[::every]
    say("caching the features of the training tokens")
    python = PythonFeatures(work.vocabulary[0], work.counts)
    model = from_toolkit(network)
    tags = [IOB2[tag[0]] + tag[1:] for tag in network.tags]
    best: dict[str, Variant] = {}

    def torch_tag(peer: str, in_batches: bool) -> Tag:
        """Return PyTorch's fastest variant on sentences in batches, or on each by itself."""
        probabilities = peer == "PyTorch"
        paddings: tuple[Padding, ...] = ("packed", "aligned") if in_batches else ("padded",)
        methods: tuple[PartitionMethod, ...] = ("logsumexp", "matmul")
        methods = methods if probabilities else methods[:1]
        trial, run = (sentences, _in_batches) if in_batches else (some[::10], _one_by_one)
        predictors = {
            variant: predictor(model, python, tags, variant, probabilities)
            for variant in variants(threads, paddings, methods)
        }
        name = f"{peer}, {'batches' if in_batches else 'one sentence'}"
        say(f"{name}: {len(trial)} sentences")
        trials = {variant: partial(run, trial, tag) for variant, tag in predictors.items()}
        best[name] = fastest(trials, len(trial), "sentences/s")
        return predictors[best[name]]

    with tempfile.TemporaryDirectory() as folder:
        say("exporting")
        sequence_model = SequenceModel(work.vocabulary[0], network)
        served = signatures(sequence_model, work.labels, sentences=False)
        servable = Servable.load(write_saved_model(folder, served, [sequence_model]))

        def toolkit_tag(sentences: Sequence[Sentence]) -> Tagged:
            return tag_all(sentences, lambda rows: servable(signature="tag_tokens", tokens=rows))

        torch_peers = {
            peer: partial(_in_batches, tag=torch_tag(peer, in_batches=True)) for peer in PEERS[1:]
        }
        peers: dict[str, Tag] = {"toolkit": toolkit_tag, **torch_peers}
        agreement = _agreement(sentences, work.unknown_share, peers)
        say(f"{len(sentences)} sentences in batches, {len(some)} one by one, {rounds} rounds")
        batched = interleaved(
            {peer: partial(tag, sentences) for peer, tag in peers.items()}, rounds
        )
        peers = {"toolkit": toolkit_tag}
        peers |= {peer: torch_tag(peer, in_batches=False) for peer in PEERS[1:]}
        single = latencies(some, peers, rounds)
    return Result(batched, single, len(sentences), best, agreement)


def table(result: Result) -> str:
    """Return the result as a Markdown table."""
    lines = [
        "| | toolkit | PyTorch | ratio | PyTorch, tags only | ratio |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    speeds = {peer: f"{rate(result.sentences, s):,.0f}" for peer, s in result.batched.items()}
    ratios = {
        peer: f"**{speedup(result.batched, 'toolkit', over=peer):.2f}**" for peer in PEERS[1:]
    }
    lines.append(_row("batches, sentences/s", speeds, ratios))
    for percent, name in ((50, "median"), (95, "95th percentile")):
        times = {p: 1000 * float(np.percentile(s, percent)) for p, s in result.single.items()}
        ratios = {peer: f"**{times[peer] / times['toolkit']:.2f}**" for peer in PEERS[1:]}
        shown = {peer: f"{time:.1f}" for peer, time in times.items()}
        lines.append(_row(f"one sentence, ms: {name}", shown, ratios))
    best = "; ".join(f"{name}: {variant}" for name, variant in result.torch_variants.items())
    return "\n".join(
        [*lines, "", f"{result.agreement}.", "", f"PyTorch's fastest variants: {best}."]
    )


def _row(name: str, values: Mapping[str, str], ratios: Mapping[str, str]) -> str:
    cells = [cell for peer in PEERS[1:] for cell in (values[peer], ratios[peer])]
    return f"| {' | '.join([name, values['toolkit'], *cells])} |"


def _in_batches(sentences: Sequence[Sentence], tag: Tag) -> Tagged:
    """Return tags and probabilities in the sentences' order, computed in the toolkit's batches."""
    tags: list[list[str]] = [[] for _ in sentences]
    confidences: list[list[float]] = [[] for _ in sentences]
    for batch in by_length([len(sentence) for sentence in sentences]):
        tagged = tag([sentences[index] for index in batch])
        for index, path, probabilities in zip(batch, *tagged, strict=True):
            tags[index], confidences[index] = path, probabilities
    return tags, confidences


def _one_by_one(sentences: Sequence[Sentence], tag: Tag) -> None:
    for sentence in sentences:
        tag([sentence])


def _agreement(sentences: Sequence[Sentence], unknown: float, peers: Mapping[str, Tag]) -> str:
    """Return in words how much the outputs differ.

    Raises:
        WorkError: They differ by more than ``TOLERANCE``: these are not the same models.
    """
    outputs = {peer: tag(sentences) for peer, tag in peers.items()}
    tags = {peer: np.concatenate(tagged[0]) for peer, tagged in outputs.items()}
    same = {peer: tags["toolkit"] == tags[peer] for peer in PEERS[1:]}
    ours, theirs = (np.concatenate(outputs[peer][1]) for peer in PEERS[:2])
    difference = float(np.abs(ours - theirs)[same["PyTorch"]].max())
    other_tags = max(1 - float(equal.mean()) for equal in same.values())
    if max(difference, other_tags) > TOLERANCE:
        raise WorkError(
            f"{other_tags:.1%} of PyTorch's tags differ from the toolkit's, and the probabilities "
            f"by up to {difference}"
        )
    return (
        f"{len(sentences):,} sentences of {len(ours):,} tokens, {unknown:.0%} of which are not in "
        f"the training data: {same['PyTorch'].sum():,} tags are equal, their probabilities (from "
        f"{ours.min():.2f} to {ours.max():.2f}) differ by at most {difference:.0e}"
    )
