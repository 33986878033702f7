"""Interleaved timing: ratios that hold although the machine's speed wanders."""

import statistics
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

#: Seconds of rest before each turn, in which the threads of the library that ran before, which
#: spin for a while in the hope of more work, go to sleep.
SETTLE = 0.3

Seconds = dict[str, list[float]]
Name = TypeVar("Name", bound=Hashable)


def interleaved(runs: Mapping[str, Callable[[], object]], rounds: int) -> Seconds:
    """The seconds that each run takes, round by round; each round has another order.

    Args:
        runs: What to time, by name; warmed up already.
        rounds: How often.
    """
    seconds: Seconds = {name: [] for name in runs}
    names = list(runs)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            time.sleep(SETTLE)
            start = time.perf_counter()
            runs[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def fastest(runs: Mapping[Name, Callable[[], object]], amount: float, unit: str) -> Name:
    """The name of the fastest run, each timed once after a run to warm up.

    Args:
        runs: What to choose from, by name.
        amount: How much work a run is, to say its rate.
        unit: Of the rate.
    """
    seconds: dict[Name, float] = {}
    for name, run in runs.items():
        run()
        (seconds[name],) = interleaved({"run": run}, rounds=1)["run"]
        say(f"  {name}: {amount / seconds[name]:,.0f} {unit}")
    return min(seconds, key=seconds.__getitem__)


def speedup(seconds: Seconds, name: str, over: str) -> float:
    """How many times faster one run is than another: the median over the rounds' own ratios."""
    return statistics.median(b / a for a, b in zip(seconds[name], seconds[over], strict=True))


def rate(amount: float, seconds: list[float]) -> float:
    """An amount of work a second, by the median."""
    return amount / statistics.median(seconds)


def say(message: str) -> None:
    """Progress, on standard error."""
    print(message, file=sys.stderr, flush=True)
