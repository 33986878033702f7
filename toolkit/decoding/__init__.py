"""Sequences from a network's steps: callables over ``next(tokens, state) -> logits, state``."""

from toolkit.decoding.sampling import Drawing, choose, sample
from toolkit.decoding.search import Decoded, beam_search, greedy

__all__ = ["Decoded", "Drawing", "beam_search", "choose", "greedy", "sample"]
