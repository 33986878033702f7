"""Interleaved timing, so that ratios hold although the machine's speed varies."""

import statistics
import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TypeVar

#: Seconds of rest before each run. The threads of the library that ran before spin for a while
#: and wait for more work; this lets them go to sleep.
SETTLE = 0.3

Seconds = dict[str, list[float]]
Name = TypeVar("Name", bound=Hashable)
Item = TypeVar("Item")


def interleaved(runs: Mapping[str, Callable[[], object]], rounds: int) -> Seconds:
    """Return the seconds of each run in each round; the order is rotated from round to round.

    Args:
        runs: The functions to time, by name; warmed up already.
        rounds: The number of rounds.
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


def latencies(
    items: Sequence[Item], functions: Mapping[str, Callable[[list[Item]], object]], rounds: int
) -> Seconds:
    """Return the seconds that each function takes for each item alone, after a warm-up round.

    Args:
        items: The items.
        functions: Functions of a list of items, by name.
        rounds: The number of rounds that count.
    """
    seconds: Seconds = {name: [] for name in functions}

    def one_by_one(name: str) -> None:
        for item in items:
            start = time.perf_counter()
            functions[name]([item])
            seconds[name].append(time.perf_counter() - start)

    interleaved({name: partial(one_by_one, name) for name in functions}, rounds + 1)
    return {name: times[len(items) :] for name, times in seconds.items()}


def fastest(runs: Mapping[Name, Callable[[], object]], amount: float, unit: str) -> Name:
    """Return the name of the fastest run, each timed once after a warm-up.

    Args:
        runs: The functions to choose from, by name.
        amount: The amount of work in a run, to report its rate.
        unit: The unit of the rate.
    """
    seconds: dict[Name, float] = {}
    for name, run in runs.items():
        run()
        (seconds[name],) = interleaved({"run": run}, rounds=1)["run"]
        say(f"  {name}: {amount / seconds[name]:,.0f} {unit}")
    return min(seconds, key=seconds.__getitem__)


def speedup(seconds: Seconds, name: str, over: str) -> float:
    """Return how many times faster one run is than another: the median of the rounds' ratios."""
    return statistics.median(b / a for a, b in zip(seconds[name], seconds[over], strict=True))


def rate(amount: float, seconds: list[float]) -> float:
    """Return the amount of work per second, by the median."""
    return amount / statistics.median(seconds)


def say(message: str) -> None:
    """Print progress on standard error."""
    print(message, file=sys.stderr, flush=True)


class Stopwatch:
    """Elapsed time since the object was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        wall, cpu = self._start
        return (
            f"{time.perf_counter() - wall:,.0f} s ({time.process_time() - cpu:,.0f} s of one core)"
        )
