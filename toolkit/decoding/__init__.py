"""Decoding by a step function ``next(tokens, state) -> logits, state``.

A search also passes a memory, which does not change: ``next(tokens, state, memory)``.
"""

from toolkit.decoding.sampling import SamplingOptions, choose, row_seeds, sample, uniform
from toolkit.decoding.search import Decoded, beam_search, greedy

__all__ = [
    "Decoded",
    "SamplingOptions",
    "beam_search",
    "choose",
    "greedy",
    "row_seeds",
    "sample",
    "uniform",
]
