"""Sequences from a network's steps: callables over ``next(tokens, state) -> logits, state``."""

from toolkit.decoding.sampling import Drawing, choose, sample

__all__ = ["Drawing", "choose", "sample"]
