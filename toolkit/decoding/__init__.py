"""Sequences from a network's steps: callables over ``next(tokens, state) -> logits, state``.

A search also hands on a memory, which stays the same: ``next(tokens, state, memory)``.
"""

from toolkit.decoding.sampling import Drawing, choose, sample
from toolkit.decoding.search import Decoded, beam_search, greedy

__all__ = ["Decoded", "Drawing", "beam_search", "choose", "greedy", "sample"]
