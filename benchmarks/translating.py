"""The translator's speed beside PyTorch: Markdown on standard output, progress on standard error.

Run ``python -m benchmarks.translating``, or with ``--quick`` to see in a minute that it works.
"""

import argparse
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed import BUSY
from benchmarks.timing import fastest, interleaved, rate, say, speedup
from pipelines import console

#: How many batches are learnt in a pass, and how often the passes and the answers are timed.
BATCHES, ROUNDS = 20, 5
#: How many sentences are translated one at a time, and in one call.
ALONE = 64
#: How many passes are learnt, untimed, before anything is translated.
LEARNT = 4

NOTES = """\
The default translator: subwords, vectors of {embedding_size}, a bidirectional encoder of
{hidden_size} units a direction, additive attention, two decoder layers, tied vectors. GRUs with the
reset gate after the product, as PyTorch has it. float32; the default dropouts and label smoothing;
Adam, clipping by the norm of all gradients together, averaged weights; {tokens} target units a
batch, of similar lengths. Rates are of target units, ends included, padding not.

- toolkit: training by the compiled `train_step` of `Model.fit`; translating by `serving_default` of
  the exported SavedModel, strings in, strings out.
- PyTorch: `torch.nn.GRU`, the ordinary training loop with fused Adam; the beam search in plain
  PyTorch, which leaves out the rows that are done. It is given ids and gives ids: cutting and
  joining the text is not counted. At its best of padded, packed and aligned batches, with all
  threads or one.
- Both translate the same batches (sorted by length) with a beam of {beam_size}, in the same
  process, in turns. Rates are medians over {rounds} interleaved rounds; ratios the medians of the
  rounds' own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    options = _parser().parse_args(arguments)
    console.set_up(debug=False)
    if importlib.util.find_spec("torch") is None:
        say("PyTorch is missing; it comes with the extra: pip install 'recurrent-toolkit[bench]'")
        return 2
    return console.exit_code(lambda: _report(options), debug=options.debug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.translating", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny setting; figures mean nothing")
    parser.add_argument(
        "--data", nargs=2, metavar="PATH", help="two parallel files to learn, not number words"
    )
    parser.add_argument("--texts", metavar="PATH", help="what to translate, a text a line")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each library (default: all cores)"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _report(options: argparse.Namespace) -> int:
    with console.standard_error_shut():
        import torch

        from benchmarks import machine
        from benchmarks.translators import Work, agreement, both
        from toolkit.training import set_threads
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it dislikes many models at once
    set_threads(options.threads)
    torch.set_num_threads(options.threads)
    if os.getloadavg()[0] > BUSY:
        say("the machine is busy: what is measured now means little")
    say("reading")
    work = Work.read(options.data, options.texts, 4 if options.quick else BATCHES)
    network, model = both(work)
    print("## Speed of the translator", "(--quick)" if options.quick else "", "\n")
    print(machine.description(options.threads), "\n")
    print(f"{work.description}; {agreement(network, model, work)}.\n")
    print("| | toolkit | PyTorch | ratio |", "|---|---:|---:|---:|", sep="\n", flush=True)
    rounds = 2 if options.quick else ROUNDS
    print(_training(work, network, model, options.threads, rounds), flush=True)
    for line in _translating(work, network, options.threads, rounds):
        print(line, flush=True)
    print()
    facts = {"beam_size": work.beam_size, "rounds": rounds, "tokens": work.batch_tokens}
    print(NOTES.format(**(network.config | facts)), flush=True)
    return 0


def _training(work: Any, network: Any, model: Any, threads: int, rounds: int) -> str:
    from benchmarks.torch_models import manners
    from benchmarks.torch_translator import trainer
    from benchmarks.translators import OPTIONS, keras_trainer

    say("PyTorch on a few batches")
    trials = {
        manner: trainer(model, work.batches[:4], manner, OPTIONS)
        for manner in manners(threads, "padded", "packed", "aligned")
    }
    best = fastest(trials, work.units(work.batches[:4]), "units/s")
    passes: dict[str, Callable[[], None]] = {
        "toolkit": keras_trainer(network, work.batches),
        "PyTorch": trainer(model, work.batches, best, OPTIONS),
    }
    say("warming up")
    for one_pass in passes.values():
        one_pass()
    say(f"{rounds} rounds")
    seconds = interleaved(passes, rounds)
    say(f"{LEARNT} more passes, so that there is something to translate with")
    for _ in range(LEARNT if rounds == ROUNDS else 0):
        passes["toolkit"]()
    speeds = [rate(work.units(work.batches), seconds[peer]) for peer in passes]
    ratio = speedup(seconds, "toolkit", over="PyTorch")
    return f"| training, units/s | {speeds[0]:,.0f} | {speeds[1]:,.0f} ({best}) | **{ratio:.2f}** |"


def _translating(work: Any, network: Any, threads: int, rounds: int) -> Iterator[str]:
    import torch

    from benchmarks.torch_models import manners
    from benchmarks.torch_translator import beam_search, from_ours
    from toolkit.export import Servable, write_saved_model
    from toolkit.models import TextModel
    from toolkit.tasks.translator_serving import signatures, translate_all

    model = from_ours(network)
    with tempfile.TemporaryDirectory() as folder:
        say("exporting")
        text_model = TextModel(work.layer, network)
        found = signatures(text_model, work.beam_size, 1.0, work.length_ratio)
        servable = Servable.load(write_saved_model(folder, found, [text_model]))

        def ours(texts: Sequence[str]) -> Any:
            return translate_all(texts, lambda some: servable(text=some), work.beam_size)

        sources = [work.ids(batch) for batch in work.text_batches]

        def theirs(manner: Any, sources: Sequence[Any] = sources) -> list[list[int]]:
            torch.set_num_threads(manner.threads)
            args = (work.beam_size, work.length_ratio, manner.reading)
            return [ids for each in sources for ids in beam_search(model, each, *args)]

        # Padding is read before a sentence backwards unless it is packed or aligned.
        trials = {m: partial(theirs, m, sources[:2]) for m in manners(threads, "packed", "aligned")}
        say("PyTorch on two batches")
        best = fastest(trials, sum(len(each) for each in sources[:2]), "sentences/s")
        runs: dict[str, Callable[[], Any]] = {
            "toolkit": partial(ours, work.texts),
            "PyTorch": partial(theirs, best),
        }
        say("warming up, comparing")
        same = _same(work, runs["toolkit"](), runs["PyTorch"]())
        say(f"{rounds} rounds")
        seconds = interleaved(runs, rounds)
        speeds = [rate(len(work.texts), seconds[peer]) for peer in runs]
        ratio = speedup(seconds, "toolkit", over="PyTorch")
        yield (
            f"| translating in batches, sentences/s | {speeds[0]:,.0f} | {speeds[1]:,.0f} ({best}) "
            f"| **{ratio:.2f}** |"
        )
        some = work.texts[:ALONE]
        alone = [work.ids([text]) for text in some]
        # In one call, unlike translate_all, which deals them into batches.
        calls: dict[str, Callable[[], Any]] = {
            "alone": lambda: [servable(text=[text]) for text in some],
            "together": lambda: servable(text=some),
            "PyTorch": partial(theirs, best, alone),
        }
        for call in calls.values():
            call()
        times = interleaved(calls, rounds)
        each = [1000 / rate(len(some), times[peer]) for peer in ("alone", "PyTorch")]
        single = speedup(times, "alone", over="PyTorch")
        gain = speedup(times, "together", over="alone")
    yield f"| one sentence at a time, ms | {each[0]:.1f} | {each[1]:.1f} | **{single:.2f}** |"
    yield (
        f"\n{same}. One call of `serving_default` for {len(some)} sentences is **{gain:.1f}** "
        "times as fast as as many calls for one."
    )


def _same(work: Any, answers: Any, theirs: Sequence[Sequence[int]]) -> str:
    given = work.join(theirs)
    order = [text for batch in work.text_batches for text in batch]
    ours = dict(zip(work.texts, answers["translation"], strict=True))
    share = np.mean([ours[text] == other for text, other in zip(order, given, strict=True)])
    words = np.mean([len(ids) for ids in theirs])
    return (
        f"{len(given):,} sentences are translated into {words:.1f} units each; {share:.1%} of the "
        "translations are the same"
    )


if __name__ == "__main__":
    sys.exit(main())
