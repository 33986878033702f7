"""Explanations as plain Python values: numbers, parts, and texts without one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: The least probability whose logarithm is taken of an answer in single precision.
LEAST = float(np.finfo(np.float32).tiny)
#: The significant digits of the numbers in explanations.
DIGITS = 6


def log_of(probabilities: Any) -> Any:
    """Return the logarithms of probabilities, of which none counts as less than ``LEAST``."""
    return np.log(np.maximum(probabilities, LEAST))


def integrated_answer(outputs: Mapping[str, Any], baseline: str) -> dict[str, Any]:
    """Return the scores of an explanation by integrated gradients as plain values.

    Args:
        outputs: The outputs of ``explain`` for one input.
        baseline: The baseline in words.
    """
    name = "log_probability" if "log_probability" in outputs else "value"
    return {
        name: rounded(outputs[name]),
        "baseline": baseline,
        f"baseline_{name}": rounded(outputs[f"baseline_{name}"]),
        "completeness_error": rounded(outputs["completeness_error"]),
        "complete": bool(outputs["complete"]),
    }


def token_columns(text: str, starts: Sequence[int], ends: Sequence[int]) -> dict[str, list[Any]]:
    """Return ``tokens`` as they stand in a text, with their ``starts`` and ``ends``.

    Args:
        text: The text.
        starts: Their places in code points, padded with -1.
        ends: Their ends, exclusive.
    """
    places = [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if a >= 0]
    return {
        "tokens": [text[start:end] for start, end in places],
        "starts": [start for start, _ in places],
        "ends": [end for _, end in places],
    }


def without_token(text: str, start: int, end: int, level: str) -> str:
    """Return a text without one of its tokens.

    Unless tokens are characters, neighbours that it separates do not merge: one space stays, or
    comes, between them.

    Args:
        text: The text.
        start: The place of the token in code points.
        end: Its end, exclusive.
        level: What a token is.
    """
    before, after = text[:start], text[end:]
    if level == "characters" or not before or not after:
        return before + after
    if before.endswith(" ") and after[0].isspace():
        return before[:-1] + after
    touching = not before[-1].isspace() and not after[0].isspace()
    return before + " " * touching + after


def nothing_to_explain() -> dict[str, Any]:
    """Return the answer to an input without parts."""
    return {"error": "the input is empty; there is nothing to explain"}


def rounded(values: Any) -> Any:
    """Return a number, or an array of numbers as nested lists, with ``DIGITS`` digits."""
    if np.ndim(values):
        return [rounded(value) for value in values]
    return float(f"{values:.{DIGITS}g}")
