"""Fuzzing: malformed files through the readers, random strings through text layer and model.

A file must be read or complained about in one line, within seconds; a string must be cut into
tokens that stand where they are said to stand, and must get the same answer alone and in a batch.

Run ``python -m benchmarks.fuzz --files 100000 --entities 100000 --strings 100000 --seed 0``.
"""

import argparse
import logging
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import broken_entities, broken_files
from benchmarks.broken_files import OUTCOMES
from benchmarks.timing import say

_SAY_EVERY = 30  # seconds
_STRINGS_AT_ONCE = 512


def main() -> int:
    """Print what was found in Markdown; return 1 if there are defects."""
    parser = argparse.ArgumentParser("python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=2_000, metavar="N")
    parser.add_argument("--entities", type=int, default=2_000, metavar="N")
    parser.add_argument("--strings", type=int, default=2_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, default=Path("saved_models/imdb_sentiment"))
    given = parser.parse_args()
    warnings.simplefilter("error")
    logging.getLogger("toolkit").setLevel(logging.CRITICAL)
    defects = []
    for what, count, check in (
        ("files of texts", given.files, broken_files.check),
        ("files of entities", given.entities, broken_entities.check),
    ):
        defects += files(what, count, given.seed, check) if count else []
    warnings.simplefilter("default")  # TensorFlow's import has some
    defects += strings(given.strings, given.seed, given.run) if given.strings else []
    print(*defects, sep="\n")
    return 1 if defects else 0


def files(what: str, count: int, seed: int, check: Callable[[int, int], str]) -> list[str]:
    """Try malformed files; return the defects."""
    began = _clocks()
    outcomes: Counter[str] = Counter()
    defects = []
    slowest = 0.0
    for number in _said(what, range(count)):
        start = time.perf_counter()
        outcome = check(seed, number)
        slowest = max(slowest, time.perf_counter() - start)
        if outcome in OUTCOMES:
            outcomes[outcome] += 1
        else:
            defects.append(outcome)
            say(outcome)
    found = ", ".join(f"{outcomes[name]:,} {name}" for name in OUTCOMES)
    print(
        f"{count:,} malformed {what} in {_since(began)}: {found}; {len(defects)} defects. "
        f"The slowest took {slowest:.1f} s."
    )
    return defects


def strings(count: int, seed: int, run: Path) -> list[str]:
    """Try random strings; return the defects."""
    from benchmarks.any_strings import ALONE, TOLERANCE, Campaign
    from toolkit.training import set_threads

    set_threads(1)
    campaign = Campaign(run)
    began = _clocks()
    for start in _said("strings", range(0, count, _STRINGS_AT_ONCE)):
        campaign.check(seed, range(start, min(count, start + _STRINGS_AT_ONCE)))
    result = campaign.result
    print(
        f"{result.strings:,} strings of {result.code_points:,} code points in {_since(began)}: "
        f"{result.tokens:,} tokens are what stands at their places; each string's probabilities "
        f"alone differ from those in a batch by at most {result.largest:.1e} ({TOLERANCE:g} is "
        f"allowed), the ids of one in {ALONE} not at all; {len(result.defects)} defects. "
        f"The slowest answer took {result.slowest:.1f} s."
    )
    return result.defects


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> str:
    """How long it took, and how long the processor worked on it."""
    seconds, busy = (now - then for now, then in zip(_clocks(), began, strict=True))
    return f"{seconds:,.0f} s ({busy:,.0f} s of one core)"


def _said(what: str, numbers: range) -> Iterator[int]:
    """The numbers; how far they are is said now and then."""
    began = said = time.perf_counter()
    for number in numbers:
        yield number
        now = time.perf_counter()
        if now - said > _SAY_EVERY:
            said = now
            say(f"{what}: {number:,} of {numbers.stop:,} after {now - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
