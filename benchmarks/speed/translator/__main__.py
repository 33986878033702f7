"""Measure training and inference speed of the translator beside PyTorch.

Run ``python -m benchmarks.speed.translator``. ``--quick`` tests the benchmark itself in a minute.
The report is Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed import report
from benchmarks.timing import fastest, interleaved, rate, say, speedup
from toolkit.quiet import suppress_stderr

#: The number of batches in a pass, and of rounds in which passes and translations are timed.
BATCHES, ROUNDS = 20, 5
#: The number of batches on which PyTorch's variants are tried.
TRIAL_BATCHES = 4
#: The number of sentences that are translated one by one, and in one call.
SINGLE_SENTENCES = 64
#: The number of further training passes, not timed, before translation is measured.
EXTRA_PASSES = 4

NOTES = """\
The default translator: subwords, vectors of {embedding_size}, a bidirectional encoder of
{hidden_size} units a direction, additive attention, two decoder layers, tied vectors. GRUs with the
reset gate after the product, as in PyTorch. float32; the default dropout rates and label smoothing;
Adam, clipping by the global norm of the gradients, averaged weights; {tokens} target tokens a
batch, of similar lengths. Rates count target tokens, including the end tokens, without padding.

- toolkit: training by the compiled `train_step` of `Model.fit`; translation by `serving_default` of
  the exported SavedModel, from strings to strings.
- PyTorch: `torch.nn.GRU`, the usual training loop with fused Adam; the beam search in plain
  PyTorch, which drops finished sentences. It maps ids to ids: tokenizing and detokenizing are not
  timed. The fastest of padded, packed and aligned batches, with all threads or one.
- Both translate the same batches (sorted by length) with a beam of {beam_size}, in the same
  process, in turns. Rates are medians over {rounds} interleaved rounds; ratios are medians of the
  rounds' ratios."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = report.argument_parser("translator", __doc__)
    parser.add_argument(
        "--data", nargs=2, metavar="PATH", help="two parallel files (default: number words)"
    )
    parser.add_argument("--texts", metavar="PATH", help="texts to translate, one a line")
    return report.run(_report, parser.parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    """Print each part as soon as it is measured."""
    with suppress_stderr():
        from benchmarks.speed.translator.data_and_models import Workload, agreement, models
    say("reading")
    work = Workload.read(options.data, options.texts, 4 if options.quick else BATCHES)
    network, model = models(work)
    report.print_header("Speed of the translator", options)
    print(f"\n{work.description}; {agreement(network, model, work)}.\n")
    print("| | toolkit | PyTorch | ratio |", "|---|---:|---:|---:|", sep="\n", flush=True)
    rounds = 2 if options.quick else ROUNDS
    print(_training(work, network, model, options.threads, rounds), flush=True)
    for line in _translation(work, network, options.threads, rounds):
        print(line, flush=True)
    facts = {"beam_size": work.beam_size, "rounds": rounds, "tokens": work.batch_tokens}
    print("\n" + NOTES.format(**(network.config | facts)), flush=True)


def _training(work: Any, network: Any, model: Any, threads: int, rounds: int) -> str:
    """Train both models and return a row of the table."""
    from benchmarks.peers.torch_gru import variants
    from benchmarks.peers.torch_translator import training_pass
    from benchmarks.speed.translator.data_and_models import OPTIONS, TASK, toolkit_pass

    say("trying PyTorch's variants on a few batches")
    some = work.batches[:TRIAL_BATCHES]
    trials = {
        variant: training_pass(model, some, variant, OPTIONS, TASK.label_smoothing)
        for variant in variants(threads, "padded", "packed", "aligned")
    }
    best = fastest(trials, work.count_tokens(some), "tokens/s")
    passes: dict[str, Callable[[], None]] = {
        "toolkit": toolkit_pass(network, work.batches),
        "PyTorch": training_pass(model, work.batches, best, OPTIONS, TASK.label_smoothing),
    }
    say("warming up")
    for one_pass in passes.values():
        one_pass()
    say(f"{rounds} rounds")
    seconds = interleaved(passes, rounds)
    if rounds == ROUNDS:
        say(f"{EXTRA_PASSES} further passes, so that translations are not random")
        for _ in range(EXTRA_PASSES):
            passes["toolkit"]()
    speeds = [rate(work.count_tokens(work.batches), seconds[peer]) for peer in passes]
    ratio = speedup(seconds, "toolkit", over="PyTorch")
    return (
        f"| training, tokens/s | {speeds[0]:,.0f} | {speeds[1]:,.0f} ({best}) | **{ratio:.2f}** |"
    )


def _translation(work: Any, network: Any, threads: int, rounds: int) -> Iterator[str]:
    """Translate with both models; yield rows of the table and a paragraph."""
    import torch

    from benchmarks.peers.torch_gru import Variant, variants
    from benchmarks.peers.torch_translator import beam_search, from_toolkit
    from toolkit.export import Servable, write_saved_model
    from toolkit.models import SequenceModel
    from toolkit.tasks.translation.serving import signatures, translate_all

    model = from_toolkit(network)
    with tempfile.TemporaryDirectory() as folder:
        say("exporting")
        sequence_model = SequenceModel(work.tokenizer, network)
        served = signatures(sequence_model, work.beam_size, 1.0, work.length_ratio)
        servable = Servable.load(write_saved_model(folder, served, [sequence_model]))

        def toolkit_translate(texts: Sequence[str]) -> Any:
            return translate_all(texts, servable, work.beam_size)

        sources = [work.ids(batch) for batch in work.text_batches]

        def torch_translate(variant: Variant, sources: Sequence[Any] = sources) -> list[list[int]]:
            torch.set_num_threads(variant.threads)
            arguments = (work.beam_size, work.length_ratio, variant.padding)
            return [ids for batch in sources for ids in beam_search(model, batch, *arguments)]

        say("trying PyTorch's variants on two batches")
        trials = {  # plain padding would change the translations
            variant: partial(torch_translate, variant, sources[:2])
            for variant in variants(threads, "packed", "aligned")
        }
        best = fastest(trials, sum(len(batch) for batch in sources[:2]), "sentences/s")
        runs: dict[str, Callable[[], Any]] = {
            "toolkit": partial(toolkit_translate, work.texts),
            "PyTorch": partial(torch_translate, best),
        }
        say("warming up and comparing translations")
        agreement = _agreement(work, runs["toolkit"](), runs["PyTorch"]())
        say(f"{rounds} rounds")
        seconds = interleaved(runs, rounds)
        speeds = [rate(len(work.texts), seconds[peer]) for peer in runs]
        ratio = speedup(seconds, "toolkit", over="PyTorch")
        yield (
            f"| translation in batches, sentences/s | {speeds[0]:,.0f} | {speeds[1]:,.0f} ({best}) "
            f"| **{ratio:.2f}** |"
        )
        some = work.texts[:SINGLE_SENTENCES]
        single_sources = [work.ids([text]) for text in some]
        # The servable is called directly, since translate_all would split the texts into batches.
        calls: dict[str, Callable[[], Any]] = {
            "one by one": lambda: [servable(text=[text]) for text in some],
            "one call": lambda: servable(text=some),
            "PyTorch": partial(torch_translate, best, single_sources),
        }
        for call in calls.values():
            call()
        times = interleaved(calls, rounds)
    latencies = [1000 / rate(len(some), times[peer]) for peer in ("one by one", "PyTorch")]
    ratio = speedup(times, "one by one", over="PyTorch")
    yield f"| one sentence, ms | {latencies[0]:.1f} | {latencies[1]:.1f} | **{ratio:.2f}** |"
    gain = speedup(times, "one call", over="one by one")
    yield (
        f"\n{agreement}. One call of `serving_default` for {len(some)} sentences is **{gain:.1f}** "
        f"times as fast as {len(some)} calls."
    )


def _agreement(work: Any, answers: Any, torch_ids: Sequence[Sequence[int]]) -> str:
    """Return in words how many translations are equal."""
    texts = [text for batch in work.text_batches for text in batch]
    ours = dict(zip(work.texts, answers["translation"], strict=True))
    theirs = dict(zip(texts, work.detokenize(torch_ids), strict=True))
    share = np.mean([ours[text] == theirs[text] for text in texts])
    length = np.mean([len(ids) for ids in torch_ids])
    return (
        f"{len(texts):,} sentences have translations of {length:.1f} tokens on average, of which "
        f"{share:.1%} are equal"
    )


if __name__ == "__main__":
    sys.exit(main())
