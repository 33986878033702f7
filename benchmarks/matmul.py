"""The machine's matrix-product rate: what a network could reach if it were products alone."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import torch

from benchmarks.timing import interleaved, rate, say

SIZE = 2048
PRECISIONS = ("float32", "bfloat16")

#: FLOP a second of one large product, by precision and library.
Rates = dict[str, dict[str, float]]


def measure(quick: bool = False) -> Rates:
    """The rates of products of square matrices in both libraries.

    Args:
        quick: Whether small matrices will do, to see that it runs.
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
    """The rates in GFLOP/s, in Markdown."""
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
