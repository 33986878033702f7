"""Fuzz the data readers with malformed files, and tokenizers and models with random strings.

Run ``python -m benchmarks.robustness.fuzz``, with the numbers of files and strings as options. The
report is Markdown on standard output; the exit code is 1 if there are defects.

A file must be read or refused with an error of one line, within seconds. A string must be split
into tokens at their stated offsets, and must get the same output by itself and in a batch.
"""

import argparse
import logging
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.robustness import (
    malformed_entity_files,
    malformed_pair_files,
    malformed_running_texts,
    malformed_text_files,
)
from benchmarks.robustness.malformed_text_files import OUTCOMES
from benchmarks.timing import Stopwatch, say

#: Seconds between two progress messages.
PROGRESS_SECONDS = 30
#: The number of strings that are checked together.
CHUNK = 512


def main() -> int:
    """Run the command line; return 1 if there are defects."""
    parser = argparse.ArgumentParser("python -m benchmarks.robustness.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=2_000, metavar="N", help="files of texts")
    parser.add_argument(
        "--entities", type=int, default=2_000, metavar="N", help="files of entities"
    )
    parser.add_argument("--pairs", type=int, default=2_000, metavar="N", help="files of pairs")
    parser.add_argument(
        "--running-texts", type=int, default=2_000, metavar="N", help="files of running text"
    )
    parser.add_argument(
        "--strings", type=int, default=2_000, metavar="N", help="strings for each model"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--run",
        type=Path,
        default=Path("saved_models/imdb_sentiment"),
        help="the text classifier for the strings",
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="*",
        default=[],
        metavar="RUN",
        help="taggers, translators and language models for as many strings each",
    )
    options = parser.parse_args()
    warnings.simplefilter("error")
    logging.getLogger("toolkit").setLevel(logging.CRITICAL)
    defects = []
    for what, count, check in (
        ("files of texts", options.files, malformed_text_files.check),
        ("files of entities", options.entities, malformed_entity_files.check),
        ("files of pairs", options.pairs, malformed_pair_files.check),
        ("files of running text", options.running_texts, malformed_running_texts.check),
    ):
        defects += check_files(what, count, options.seed, check) if count else []
    warnings.simplefilter("default")  # importing TensorFlow raises some
    if options.strings:
        defects += check_strings(options.strings, options.seed, options.run)
        for run in options.models:
            defects += check_model(options.strings, options.seed, run)
    print(*defects, sep="\n")
    return 1 if defects else 0


def check_files(what: str, count: int, seed: int, check: Callable[[int, int], str]) -> list[str]:
    """Check the readers on malformed files; return the defects."""
    stopwatch = Stopwatch()
    outcomes: Counter[str] = Counter()
    defects = []
    slowest = 0.0
    for number in _with_progress(what, range(count)):
        start = time.perf_counter()
        outcome = check(seed, number)
        slowest = max(slowest, time.perf_counter() - start)
        if outcome in OUTCOMES:
            outcomes[outcome] += 1
        else:
            defects.append(outcome)
            say(outcome)
    summary = ", ".join(f"{outcomes[name]:,} {name}" for name in OUTCOMES)
    print(
        f"{count:,} malformed {what} in {stopwatch}: {summary}; {len(defects)} defects. "
        f"The slowest took {slowest:.1f} s."
    )
    return defects


def check_strings(count: int, seed: int, run: Path) -> list[str]:
    """Check tokenizers and a model on random strings; return the defects."""
    from benchmarks.robustness.random_strings import SINGLE_EVERY, TOLERANCE, StringChecks
    from toolkit.training import set_threads

    set_threads(1)
    checks = StringChecks(run)
    stopwatch = Stopwatch()
    for start in _with_progress("strings", range(0, count, CHUNK)):
        checks.check(seed, range(start, min(count, start + CHUNK)))
    result = checks.result
    print(
        f"{result.strings:,} strings of {result.code_points:,} code points in {stopwatch}: "
        f"{result.tokens:,} tokens with correct offsets; each string's probabilities by itself "
        f"differ from those in a batch by at most {result.largest_difference:.1e} ({TOLERANCE:g} "
        f"is allowed), the ids of one in {SINGLE_EVERY} not at all; {len(result.defects)} defects. "
        f"The slowest prediction took {result.slowest:.1f} s."
    )
    return result.defects


def check_model(count: int, seed: int, run: Path) -> list[str]:
    """Check a tagger, translator or language model on random strings; return the defects."""
    from benchmarks.robustness.exported_models import BATCH, SINGLE_EVERY, ModelChecks

    checks = ModelChecks(run)
    stopwatch = Stopwatch()
    for start in _with_progress(run.name, range(0, count, CHUNK)):
        checks.check(seed, range(start, min(count, start + CHUNK)))
    result = checks.result
    print(
        f"{run.name}: {result.strings:,} strings of {result.code_points:,} code points in "
        f"{stopwatch}; the answers to one in {SINGLE_EVERY} by itself and in a batch differ by at "
        f"most {result.largest_difference:.1e}; {len(result.defects)} defects. The slowest batch "
        f"of up to {BATCH} took {result.slowest:.1f} s."
    )
    return result.defects


def _with_progress(what: str, numbers: range) -> Iterator[int]:
    """Yield the numbers and print progress from time to time."""
    start = last = time.perf_counter()
    for number in numbers:
        yield number
        now = time.perf_counter()
        if now - last > PROGRESS_SECONDS:
            last = now
            say(f"{what}: {number:,} of {numbers.stop:,} after {now - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
