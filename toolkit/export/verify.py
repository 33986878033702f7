"""Ask a run's SavedModel the golden file's questions, in a process with TensorFlow alone.

This file is also a script, ``python verify.py RUN_FOLDER``, and as such imports nothing but
TensorFlow and the standard library: what it shares with the rest of the room is defined here. It
prints one line and exits with 0 (all answers are the same), 1 (they differ, or the model fails) or
2 (the folder does not hold what is needed).
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLDEN_FILE = "golden.jsonl"
TOLERANCE = 1e-4  # float32 sums taken in another order differ by far less


@dataclass(frozen=True)
class VerifyResult:
    """What ``verify`` found.

    Args:
        passed: Whether every answer is the one in the golden file.
        verdict: The same in one line for people, with the first difference if there is one.
    """

    passed: bool
    verdict: str


def verify(run_folder: str | os.PathLike[str]) -> VerifyResult:
    """Compare the newest version's answers with the golden file, in a process of its own.

    Each question is asked alone and all of them in one batch. Strings and whole numbers must be
    equal, floats within the tolerance that the golden file states.

    Args:
        run_folder: The run's folder.

    Raises:
        ModelError: The folder holds no SavedModel or no golden file.
    """
    from toolkit.errors import ModelError

    process = subprocess.run(
        [sys.executable, "-P", __file__, os.fspath(run_folder)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    last = (process.stdout.strip() or process.stderr.strip() or "no answer").split("\n")[-1]
    if process.returncode == 2:
        raise ModelError(last)
    return VerifyResult(process.returncode == 0, last)


def newest_version(run_folder: str | os.PathLike[str]) -> int | None:
    """Return the greatest number among the folder's versions, or None when there is none."""
    names = (entry.name for entry in os.scandir(run_folder) if entry.is_dir())
    return max((int(name) for name in names if name.isascii() and name.isdecimal()), default=None)


def read_golden(run_folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the golden file's lines, each with ``inputs``, ``outputs`` and ``tolerance``.

    Raises:
        FileNotFoundError: There is no golden file.
        ValueError: A line is not one of ours; the message says which.
    """
    examples = []
    with Path(run_folder, GOLDEN_FILE).open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                example = json.loads(line)
                example["inputs"], example["outputs"]
            except (ValueError, TypeError, KeyError):
                raise ValueError(
                    f"{GOLDEN_FILE}, line {number}: not an object with inputs and outputs"
                ) from None
            examples.append({"tolerance": TOLERANCE, **example})
    return examples


def _difference(expected: Any, actual: Any, tolerance: float) -> bool:
    """Whether two answers differ: floats by more than the tolerance, all else at all.

    In a batch lists are as long as the longest of them; padding, '' or -1, makes no difference.
    """
    if isinstance(expected, list) and isinstance(actual, list):
        size = min(len(expected), len(actual))
        return any(value not in ("", -1) for value in expected[size:] + actual[size:]) or any(
            _difference(one, other, tolerance)
            for one, other in zip(expected[:size], actual[:size], strict=True)
        )
    if isinstance(expected, float) or isinstance(actual, float):
        if isinstance(expected, int | float) and isinstance(actual, int | float):
            return not abs(expected - actual) <= tolerance  # so that NaN differs
        return True
    return bool(expected != actual)


def _text(value: Any) -> Any:
    """Decode the bytes in nested lists."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _compare(signature: Any, examples: list[dict[str, Any]], manner: str) -> str | None:
    """Ask all examples in one call; return the first difference in words, or None."""
    import tensorflow as tf

    names = list(examples[0]["inputs"])
    inputs = {name: tf.constant([e["inputs"][name] for e in examples]) for name in names}
    outputs = {name: _text(value.numpy().tolist()) for name, value in signature(**inputs).items()}
    for row, example in enumerate(examples):
        for name, expected in example["outputs"].items():
            actual = outputs[name][row] if name in outputs else "(no such output)"
            if _difference(expected, actual, example["tolerance"]):
                asked = json.dumps(example["inputs"], ensure_ascii=False)
                return f"{name} of {asked} asked {manner} is {actual!r}, expected {expected!r}"
    return None


def _main(run_folder: str) -> tuple[int, str]:
    """Return the exit status and the one line of verdict."""
    try:
        version = newest_version(run_folder)
    except OSError as error:
        return 2, f"{run_folder}: {error.strerror or error}"
    if version is None:
        return 2, f"{run_folder}: no exported version (a numbered folder) is in it"
    try:
        examples = read_golden(run_folder)
    except FileNotFoundError:
        return 2, f"{run_folder}: {GOLDEN_FILE} is missing, so there is nothing to compare with"
    except (OSError, ValueError) as error:
        return 2, f"{run_folder}: {error}"
    if not examples:
        return 2, f"{run_folder}: {GOLDEN_FILE} is empty, so there is nothing to compare with"

    import tensorflow as tf

    try:
        model = tf.saved_model.load(os.path.join(run_folder, str(version)))
        signature = model.signatures["serving_default"]
    except Exception as error:  # whatever is in the folder, one line must say that it is no model
        return 2, f"{run_folder}: version {version} is not a SavedModel that can be served: {error}"
    try:
        found = _compare(signature, examples, "in a batch")
        for example in examples:
            found = found or _compare(signature, [example], "alone")
    except Exception as error:  # likewise
        return 1, f"{run_folder}: version {version} failed to answer: {error}"
    if found:
        return 1, f"{run_folder}: version {version} differs: {found}"
    tolerance = max(example["tolerance"] for example in examples)
    return 0, (
        f"{run_folder}: version {version} gives all {len(examples)} golden answers, alone and in "
        f"a batch (floats within {tolerance:g})"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {os.path.basename(__file__)} RUN_FOLDER")
    # TensorFlow would import Keras if it found it; None means that it cannot be imported.
    sys.modules.update(keras=None, toolkit=None)  # type: ignore[call-overload]
    status, verdict = _main(sys.argv[1])
    sys.stdout.write(" ".join(verdict.split()) + "\n")
    sys.exit(status)
