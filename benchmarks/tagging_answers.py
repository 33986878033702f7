"""Tagging sentences of tokens: the exported SavedModel beside the same model in PyTorch."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.python_features import PythonFeatures
from benchmarks.sentences import Sentences
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from benchmarks.torch_crf import Sums
from benchmarks.torch_models import Reading
from benchmarks.torch_tagger import Manner, Tagged, answerer, from_ours, manners
from toolkit.errors import WorkError
from toolkit.export import Servable, write_saved_model
from toolkit.models import ManyToMany, TextModel
from toolkit.tasks.entity_serving import BATCH, BATCH_TOKENS, by_length, signatures, tag_all

#: How far probabilities, and the share of other tags, may be from PyTorch's.
TOLERANCE = 1e-3

NOTES = f"""\
The network that was trained above, with the reset gate after the product and the CRF, in float32;
strings in, tags out; the tokens to tag are of sentences that were not learnt. The toolkit:
`tag_tokens` of the exported SavedModel, with features and best paths in its graph; it always
gives the tags' probabilities too. PyTorch: the same weights; features by string methods, regular
expressions and dictionaries in Python, those of all tokens that were learnt kept in a table
beforehand; best paths in plain PyTorch, and probabilities as the derivative of the sum over all
paths. It is at its best of packed and aligned batches (plain padding would change the answers),
of vectors of a batch's distinct tokens or of each token, of sums by logarithms or by products,
and of all threads or one. Batches: sorted by length, at most {BATCH} sentences and
{BATCH_TOKENS:,} tokens each, for both. All answer in the same process, in turns."""

Sentence = Sequence[str]
Tag = Callable[[Sequence[Sentence]], Tagged]
PEERS = ("toolkit", "PyTorch", "PyTorch, tags alone")
#: What BIOES calls the first tag of an entity and the others, in IOB2.
IOB2 = {"O": "O", "B": "B", "I": "I", "E": "I", "S": "B"}


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        batched: Seconds of all sentences in batches, by name.
        single: Seconds of each sentence asked alone, by name.
        sentences: How many sentences there are in all.
        torch: How PyTorch was at its best, by what was asked.
        agreement: What the comparison of the answers found.
    """

    batched: Seconds
    single: Seconds
    sentences: int
    torch: dict[str, Manner]
    agreement: str


def measure(work: Sentences, network: ManyToMany, threads: int, quick: bool = False) -> Result:
    """All sentences in batches, and some one at a time.

    Args:
        work: The sentences.
        network: What tags them.
        threads: How many threads each library may use.
        quick: Whether a tiny setting will do, to see that it runs.

    Raises:
        WorkError: The models do not give the same answers.
    """
    rounds, every = (2, 100) if quick else (5, 10)
    sentences, some = work.texts, work.texts[::every]
    say("features of the training's tokens in Python")
    python = PythonFeatures(work.vocabulary[0], work.counts)
    model = from_ours(network)
    tags = [IOB2[tag[0]] + tag[1:] for tag in network.tags]
    best: dict[str, Manner] = {}

    def theirs(peer: str, many: bool) -> Tag:
        """PyTorch at its best: on all sentences in batches, or on each alone."""
        probabilities = peer == "PyTorch"
        readings: tuple[Reading, ...] = ("packed", "aligned") if many else ("padded",)
        sums: tuple[Sums, ...] = ("logarithms", "products") if probabilities else ("logarithms",)
        asked, ask = (sentences, _in_batches) if many else (some[::10], _alone)
        answers = {
            manner: answerer(model, python, tags, manner, probabilities)
            for manner in manners(threads, readings, sums)
        }
        name = f"{peer}, {'batches' if many else 'one sentence'}"
        say(f"{name}: {len(asked)} sentences")
        trials = {manner: partial(ask, asked, answer) for manner, answer in answers.items()}
        best[name] = fastest(trials, len(asked), "sentences/s")
        return answers[best[name]]

    with tempfile.TemporaryDirectory() as folder:
        say("exporting")
        text_model = TextModel(work.vocabulary[0], network)
        found = signatures(text_model, work.labels, sentences=False)
        servable = Servable.load(write_saved_model(folder, found, [text_model]))

        def ours(sentences: Sequence[Sentence]) -> Tagged:
            return tag_all(sentences, lambda rows: servable(signature="tag_tokens", tokens=rows))

        together = {peer: partial(_in_batches, answer=theirs(peer, True)) for peer in PEERS[1:]}
        peers: dict[str, Tag] = {"toolkit": ours, **together}
        agreement = _agreement(sentences, work.unknown_share, peers)
        say(f"{len(sentences)} sentences in batches, {len(some)} alone, {rounds} rounds")
        batched = interleaved(
            {peer: partial(answer, sentences) for peer, answer in peers.items()}, rounds
        )
        alone = {"toolkit": ours} | {peer: theirs(peer, False) for peer in PEERS[1:]}
        single = _latencies(some, alone, rounds)
    return Result(batched, single, len(sentences), best, agreement)


def table(result: Result) -> str:
    """The result in Markdown."""
    lines = [
        "| | toolkit | PyTorch | ratio | PyTorch, tags alone | ratio |",
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
    best = "; ".join(f"{name}: {manner}" for name, manner in result.torch.items())
    return "\n".join([*lines, "", f"{result.agreement}.", "", f"PyTorch's best: {best}."])


def _row(name: str, values: Mapping[str, str], ratios: Mapping[str, str]) -> str:
    cells = [cell for peer in PEERS[1:] for cell in (values[peer], ratios[peer])]
    return f"| {' | '.join([name, values['toolkit'], *cells])} |"


def _in_batches(sentences: Sequence[Sentence], answer: Tag) -> Tagged:
    """Answers in the sentences' order, asked in the batches in which the toolkit asks."""
    tags: list[list[str]] = [[] for _ in sentences]
    sure: list[list[float]] = [[] for _ in sentences]
    for batch in by_length([len(sentence) for sentence in sentences]):
        found = answer([sentences[index] for index in batch])
        for index, path, probabilities in zip(batch, *found, strict=True):
            tags[index], sure[index] = path, probabilities
    return tags, sure


def _alone(sentences: Sequence[Sentence], answer: Tag) -> None:
    for sentence in sentences:
        answer([sentence])


def _latencies(sentences: Sequence[Sentence], peers: Mapping[str, Tag], rounds: int) -> Seconds:
    """The seconds of each sentence in each round, after a round to warm up."""
    seconds: Seconds = {name: [] for name in peers}

    def ask(name: str) -> None:
        for sentence in sentences:
            start = time.perf_counter()
            peers[name]([sentence])
            seconds[name].append(time.perf_counter() - start)

    interleaved({name: partial(ask, name) for name in peers}, rounds + 1)
    return {name: times[len(sentences) :] for name, times in seconds.items()}


def _agreement(sentences: Sequence[Sentence], unknown: float, peers: Mapping[str, Tag]) -> str:
    """How far the answers are apart.

    Raises:
        WorkError: Farther than ``TOLERANCE``: these are not the same models.
    """
    answers = {peer: answer(sentences) for peer, answer in peers.items()}
    tags = {peer: np.concatenate(found[0]) for peer, found in answers.items()}
    same = {peer: tags["toolkit"] == tags[peer] for peer in PEERS[1:]}
    ours, theirs = (np.concatenate(answers[peer][1]) for peer in PEERS[:2])
    apart = float(np.abs(ours - theirs)[same["PyTorch"]].max())
    other = max(1 - float(equal.mean()) for equal in same.values())
    if max(apart, other) > TOLERANCE:
        raise WorkError(
            f"{other:.1%} of PyTorch's tags are others than the toolkit's, and the probabilities "
            f"up to {apart} apart"
        )
    return (
        f"{len(sentences):,} sentences of {len(ours):,} tokens, {unknown:.0%} of which were not "
        f"learnt: {same['PyTorch'].sum():,} tags are the same, their probabilities (from "
        f"{ours.min():.2f} to {ours.max():.2f}) differ by at most {apart:.0e}"
    )
