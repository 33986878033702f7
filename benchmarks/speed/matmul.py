"""The machine's rate of matrix products: an upper bound of a network's speed."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import torch

from benchmarks.timing import interleaved, rate, say

SIZE = 2048
PRECISIONS = ("float32", "bfloat16")

#: FLOP per second of one large product, by precision and library.
Rates = dict[str, dict[str, float]]


def measure(quick: bool = False) -> Rates:
    """Return the rates of products of square matrices in both libraries.

    Args:
        quick: Whether to use small matrices, to test the benchmark itself.
    """
    size, rounds = (256, 2) if quick else (SIZE, 9)
    rates: Rates = {}
    for precision in PRECISIONS:
        say(f"matrix products in {precision}")
        runs = {"TensorFlow": _tensorflow(size, precision), "PyTorch": _pytorch(size, precision)}
        for run in runs.values():
            run()
        seconds = interleaved(runs, rounds)
        rates[precision] = {name: rate(2 * size**3, seconds[name]) for name in runs}
    return rates


def table(rates: Rates) -> str:
    """Return the rates in GFLOP/s as a Markdown table."""
    rows = [
        f"| {precision} | {by['TensorFlow'] / 1e9:,.0f} | {by['PyTorch'] / 1e9:,.0f} |"
        for precision, by in rates.items()
    ]
    head = f"| product of {SIZE} x {SIZE} matrices, GFLOP/s | TensorFlow | PyTorch |"
    return "\n".join([head, "|---|---:|---:|", *rows])


def _tensorflow(size: int, precision: str) -> Callable[[], Any]:
    a = tf.cast(tf.random.normal([size, size]), precision)
    return lambda: tf.matmul(a, a).numpy()


def _pytorch(size: int, precision: str) -> Callable[[], Any]:
    a = torch.randn(size, size, dtype=getattr(torch, precision))
    return lambda: torch.mm(a, a)
