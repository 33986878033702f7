"""The golden file: some inputs with the answers that the training process gave."""

import base64
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.export.verify import GOLDEN_FILE, TOLERANCE
from toolkit.files import atomic_write

#: How many significant digits tell any two float32, or float64, apart.
FLOAT32_DIGITS, FLOAT64_DIGITS = 9, 17


def write_golden(
    run_folder: str | os.PathLike[str],
    inputs: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    tolerance: float = TOLERANCE,
    padding: Mapping[str, Any] | None = None,
    input_padding: Mapping[str, Any] | None = None,
    origin: str | None = None,
    further: Mapping[str, tuple[Sequence[Any], Sequence[Any], float]] | None = None,
) -> Path:
    """Write ``golden.jsonl``, one question and its answer a line.

    Values are strings, numbers, bytes, NumPy arrays, or nested lists of them. In the file NaN is
    ``null``, infinities are ``"Infinity"`` and ``"-Infinity"``, and bytes that are not UTF-8 are
    ``{"b64": "<base64>"}``, so that each line is valid JSON.

    Example::

        write_golden(run, [{"text": "Fine."}], [{"label": "pos", "score": 0.93}])
        # {"inputs": {"text": "Fine."}, "outputs": {"label": "pos", "score": 0.93},
        #  "tolerance": 0.0001, "padding": {}, "input_padding": {}}        (on one line)

    Args:
        run_folder: The run's folder.
        inputs: For each question the arguments of ``serving_default``, without the batch. An
            argument that has no batch dimension, such as ``max_length`` int32 [], is given whole.
        answers: For each question the outputs, without the batch. Outputs that are left out are
            not compared.
        tolerance: The largest absolute difference of a float that still counts as the same; a
            model whose weights are kept in half precision needs more than the default.
        padding: By output, the value that pads answers which are shorter than others in a batch.
            Other outputs must have the same shape alone and in a batch.
        input_padding: By input, the value that pads questions which are shorter than others.
        origin: Where the questions come from, for the next export's card.
        further: For each further signature its questions, their answers and its tolerance.

    Returns:
        The path of the file.
    """
    common = {
        "padding": _plain(padding or {}, FLOAT64_DIGITS),
        "input_padding": _plain(input_padding or {}, FLOAT64_DIGITS),
    }
    if origin is not None:
        common["origin"] = origin
    parts: list[Any] = [({}, inputs, answers, tolerance)]
    parts += [({"signature": name}, *part) for name, part in (further or {}).items()]
    lines = [
        json.dumps(
            {
                **name,
                "inputs": _plain(question, FLOAT64_DIGITS),
                "outputs": _plain(answer, FLOAT32_DIGITS),
                "tolerance": within,
                **common,
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        for name, questions, replies, within in parts
        for question, answer in zip(questions, replies, strict=True)
    ]
    return atomic_write(Path(run_folder) / GOLDEN_FILE, "".join(line + "\n" for line in lines))


def _plain(value: Any, digits: int) -> Any:
    """Return a value of Python, NumPy or a mapping as JSON has it, floats with so many digits."""
    if isinstance(value, Mapping):
        return {name: _plain(item, digits) for name, item in value.items()}
    if hasattr(value, "tolist"):
        if value.dtype.itemsize <= 4:
            digits = FLOAT32_DIGITS
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, digits) for item in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, float):
        if math.isfinite(value):
            return float(f"{value:.{digits}g}")
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
