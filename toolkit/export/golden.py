"""The golden file: some inputs with the answers that the training process gave."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.export.verify import GOLDEN_FILE, TOLERANCE
from toolkit.files import atomic_write


def write_golden(
    run_folder: str | os.PathLike[str],
    inputs: Sequence[Mapping[str, str]],
    answers: Sequence[Mapping[str, Any]],
    tolerance: float = TOLERANCE,
) -> Path:
    """Write ``golden.jsonl``, one question and its answer a line.

    Example::

        write_golden(run, [{"text": "Fine."}], [{"label": "pos", "score": 0.93}])
        # {"inputs": {"text": "Fine."}, "outputs": {"label": "pos", "score": 0.93},
        #  "tolerance": 0.0001}        (on one line)

    Args:
        run_folder: The run's folder.
        inputs: For each question the arguments of ``serving_default``, without the batch.
        answers: For each question the outputs: strings, numbers, arrays or lists of them, without
            the batch. Outputs that are left out are not compared.
        tolerance: The largest absolute difference of a float that still counts as the same; a
            model whose weights are kept in half precision needs more than the default.

    Returns:
        The path of the file.
    """
    lines = [
        json.dumps(
            {
                "inputs": dict(question),
                "outputs": {name: _plain(value) for name, value in answer.items()},
                "tolerance": tolerance,
            },
            ensure_ascii=False,
        )
        for question, answer in zip(inputs, answers, strict=True)
    ]
    return atomic_write(Path(run_folder) / GOLDEN_FILE, "".join(line + "\n" for line in lines))


def _plain(value: Any) -> Any:
    """Bring NumPy's values and bytes to JSON's; nine digits tell any two float32 apart."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value
