"""The inputs of a golden file: given, held out, or made of the model's own vocabulary."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import OptionError
from toolkit.export import read_golden
from toolkit.export.verify import DEFAULT, TOLERANCE
from toolkit.tasks.options import HELD_OUT
from toolkit.text import SubwordTokenizer
from toolkit.text.options import FIRST_SUBWORD

#: The largest number of held-out inputs.
SOME = 5
#: What a golden file holds, by the origin of its inputs.
ORIGINS = {
    "vocabulary": "short texts made of the vocabulary",
    "channels": "series computed from the means of the channels",
    "squares": "videos of a moving square",
    "chords": "beginnings of music made by rule",
    "tones": "recordings of tones that glide, and an empty one",
    HELD_OUT: "inputs that were held out from the training data, or validation data",
    "given": "inputs that were given for it",
}
#: The numbers of tokens of the texts that are made of the vocabulary.
LENGTHS = (6, 1, 3, 12)
#: The number of the most frequent tokens of which texts are made.
FREQUENT = 500
#: The tolerance of a float by its size; float32 sums taken in another order differ by far less.
RELATIVE = 1e-5
#: The number of characters that are put together like a word.
WORD = 4
#: The value that pads each output of ``explain``, and that of an input for the usual answer.
EXPLANATION_PADDING = {
    "tokens": "",
    "starts": -1,
    "ends": -1,
    "attributions": 0.0,
    "channel_attributions": 0.0,
    "path": 0.0,
}
USUAL = {"target": "", "token": -1}
#: The tolerance of explanations in their unit: another order of sums may choose other points.
EXPLANATION_TOLERANCE = 2e-3


def first_inputs(inputs: Iterable[Any]) -> list[Any]:
    """Return the first held-out inputs for a golden file."""
    return list(islice(inputs, SOME))


def vocabulary_texts(layer: Any) -> tuple[str, ...]:
    """Return short texts of frequent tokens with a letter, and an empty one.

    Args:
        layer: The model's ``Tokenizer``, ``SubwordTokenizer`` or ``TokenFeatures``.
    """
    if isinstance(layer, SubwordTokenizer):
        tokens, level = layer.vocabulary[FIRST_SUBWORD:], "subwords"
    else:
        tokens = layer.words[2:] if hasattr(layer, "words") else layer.vocabulary[2:]
        level = layer.token_level
    frequent = tokens[:FREQUENT]
    tokens = [token for token in frequent if any(map(str.isalpha, token))] or frequent
    if not tokens:
        return ("",)
    draw = random.Random(0)
    texts = []
    for length in LENGTHS:
        if level == "characters":
            words = ["".join(draw.choices(tokens, k=WORD)) for _ in range(length)]
        else:
            words = draw.choices(tokens, k=length)
        texts.append(("" if level == "subwords" else " ").join(words).strip())
    return (*texts, "")


def tolerance_of(answers: Iterable[Mapping[str, Any]]) -> float:
    """Return the tolerance of floats in a golden file, larger for numbers on a scale of their own.

    Args:
        answers: The outputs of the model for each question.
    """
    values = [np.asarray(value) for answer in answers for value in answer.values()]
    floats = [np.abs(value[np.isfinite(value)]) for value in values if value.dtype.kind == "f"]
    return max([TOLERANCE, *(RELATIVE * float(each.max(initial=0.0)) for each in floats)])


def chosen_inputs(
    golden: Sequence[Any] | str | None, held_out: Callable[[], Sequence[Any]] | None
) -> Sequence[Any]:
    """Return the inputs that the argument ``golden`` of ``export`` names; none for the default.

    Args:
        golden: Inputs, ``held-out``, or None.
        held_out: Reads held-out inputs, if there are any.

    Raises:
        OptionError: It is another word, or nothing was held out.
    """
    if not isinstance(golden, str):
        return golden or ()
    if golden != HELD_OUT:
        raise OptionError(f"golden is {golden!r}; it can be {HELD_OUT!r} or a list of inputs")
    if held_out is None:
        raise OptionError(
            f"golden is {HELD_OUT!r}, but no held-out inputs are known; they are after a fit that "
            "held some out"
        )
    return held_out()


def origin_of(
    golden: Sequence[Any] | str | None, questions: Sequence[Any], folder: str | Path, own: str
) -> str:
    """Return the origin of questions, one of ``ORIGINS``.

    The origin of questions that an earlier export to the folder asked is theirs.

    Args:
        golden: The argument of ``export``.
        questions: The questions.
        folder: The run's folder.
        own: The origin of the inputs that the model itself gives.
    """
    if isinstance(golden, str):
        return golden
    if not golden:
        return own
    try:
        lines = read_golden(folder)
    except (OSError, ValueError):
        return "given"
    lines = [line for line in lines if line["signature"] == DEFAULT]  # not those of explain
    asked_again = bool(lines) and [line["inputs"] for line in lines] == questions
    return str(lines[0].get("origin", "given")) if asked_again else "given"


def golden_explanations(
    ask: Callable[..., Mapping[str, Any]],
    inputs: Iterable[str],
    questions: Iterable[Mapping[str, Any]],
    unit: float = 1.0,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
    """Return questions of ``explain``, its answers and their tolerance.

    What is said of the error is left out, since that is all rounding.

    Args:
        ask: The signature.
        inputs: The names of its inputs.
        questions: Those of ``serving_default``; the usual target is explained.
        unit: The unit of the tolerance: 1 nat, or the scale of the numbers that are predicted.
    """
    names = [*inputs]
    asked = [{**USUAL, **question} for question in islice(questions, SOME)]
    asked = [{name: question[name] for name in names} for question in asked]
    answers = []
    for question in asked:
        outputs = ask(**{name: [value] for name, value in question.items()})
        answers.append(
            {
                name: unpadded(values[0], EXPLANATION_PADDING.get(name))
                for name, values in outputs.items()
                if name not in ("completeness_error", "complete")
            }
        )
    return asked, answers, max(EXPLANATION_TOLERANCE * unit, tolerance_of(answers))


def unpadded(value: Any, padding: Any) -> Any:
    """Return an output of one example without the padding at its end; None for no padding."""
    if padding is None:
        return value
    rest = math.prod(value.shape[1:])
    differs = np.reshape(value != padding, [len(value), rest]).any(axis=1)
    kept = np.flatnonzero(differs)
    return value[: kept[-1] + 1 if len(kept) else 0]
