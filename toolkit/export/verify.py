"""Ask a run's SavedModel the golden file's questions, in a process with TensorFlow alone.

This file is also a script, ``python verify.py RUN_FOLDER``, and as such imports nothing but
TensorFlow and the standard library: what it shares with the rest of the package is defined here.
It prints one line and exits with 0 (all answers are the same), 1 (they differ, or the model fails)
or 2 (the folder does not hold what is needed).
"""

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLDEN_FILE = "golden.jsonl"
#: The signature of golden lines that name none.
DEFAULT = "serving_default"
TOLERANCE = 1e-4  # float32 sums taken in another order differ by far less
#: What may pad any output of a golden line that was written before padding was stored.
OLDER_PADDING = ("", -1)
#: The most characters of a question or an answer in the verdict.
LONGEST = 400


@dataclass(frozen=True)
class VerifyResult:
    """The result of ``verify``.

    Args:
        passed: Whether every answer is the one in the golden file.
        verdict: The same in one line of text, with the first difference if there is one.
    """

    passed: bool
    verdict: str


def verify(run_folder: str | os.PathLike[str]) -> VerifyResult:
    """Compare the newest version's answers with the golden file, in a process of its own.

    Each question is asked alone and in a batch with all others, except those that differ in an
    input without a batch dimension. Strings and whole numbers must be equal, floats within the
    tolerance that the golden file states. Lists may be longer in a batch, by the padding that the
    golden file states for the output.

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
    """Return the golden file's lines, each with all the fields that ``write_golden`` writes.

    The values are those of JSON, as ``write_golden`` describes them. ``padding`` is None in a line
    that was written before padding was stored.

    Raises:
        FileNotFoundError: There is no golden file.
        ValueError: A line is not a golden example; the message says which.
    """
    examples = []
    with Path(run_folder, GOLDEN_FILE).open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                example = json.loads(line)
                example["inputs"].keys(), example["outputs"].keys()
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise ValueError(
                    f"{GOLDEN_FILE}, line {number}: not an object with inputs and outputs"
                ) from None
            missing = {"signature": DEFAULT, "tolerance": TOLERANCE, "padding": None}
            examples.append({**missing, "input_padding": {}, **example})
    return examples


def _question(signature: Any, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one call's arguments: a tensor for each input of the signature, by name.

    Inputs that have no batch dimension must be equal in all examples.
    """
    specs = signature.structured_input_signature[1]
    for example in examples:
        if example["inputs"].keys() != specs.keys():
            given, taken = ", ".join(sorted(example["inputs"])), ", ".join(sorted(specs))
            raise ValueError(f"{GOLDEN_FILE} asks with {given}, and the signature takes {taken}")
    return {
        name: _batch(name, spec, examples)
        if is_batched(spec)
        else _batch(name, spec, examples[:1])[0]
        for name, spec in specs.items()
    }


def is_batched(spec: Any) -> bool:
    """Return whether an input has a row for each question: its first dimension is of any size."""
    return spec.shape.rank > 0 and spec.shape[0] is None


def _batch(name: str, spec: Any, examples: list[dict[str, Any]]) -> Any:
    """Return one input of all examples as a tensor of the signature's dtype, the batch first.

    Shorter values are padded with their line's ``input_padding``.

    Raises:
        ValueError: The values are nested in another way than the signature's input, or one has to
            be padded and its line does not say with what.
    """
    import tensorflow as tf

    values = [_decoded(example["inputs"][name], spec.dtype) for example in examples]
    sizes: list[int] = []
    level = values
    for dimension in spec.shape.as_list()[is_batched(spec) :]:
        if not all(isinstance(item, list) for item in level):
            raise ValueError(f"{name} in {GOLDEN_FILE} does not have the shape {spec.shape}")
        sizes.append(max(map(len, level), default=dimension or 0))
        level = [inner for item in level for inner in item]

    def padded(value: Any, depth: int, padding: dict[str, Any]) -> Any:
        if depth == len(sizes):
            return value
        rows = [padded(item, depth + 1, padding) for item in value]
        if missing := sizes[depth] - len(rows):
            if name not in padding:
                raise ValueError(f"{name} in {GOLDEN_FILE} varies in size without input_padding")
            filled = _decoded(padding[name], spec.dtype)
            for size in reversed(sizes[depth + 1 :]):
                filled = [filled] * size
            rows += [filled] * missing
        return rows

    rows = [
        padded(value, 0, example["input_padding"])
        for value, example in zip(values, examples, strict=True)
    ]
    return tf.constant(rows, spec.dtype, [len(rows), *sizes])


def _decoded(value: Any, dtype: Any) -> Any:
    """Return a value, or nested values, of a golden file as TensorFlow takes them.

    Of floats null is NaN, and ``"Infinity"`` and ``"-Infinity"`` are numbers; of strings
    ``{"b64": ...}`` is bytes.
    """
    if isinstance(value, list):
        return [_decoded(item, dtype) for item in value]
    if dtype.is_floating:
        return float("nan") if value is None else _number(value)
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def _number(value: Any) -> Any:
    """Return the float that an infinity's name stands for, and any other value as it is."""
    return float(value) if value in ("Infinity", "-Infinity") else value


class _Nothing:
    """Stands for an item that only the other list has."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def _first_difference(
    expected: Any, actual: Any, tolerance: float, padding: Sequence[Any] = (), place: str = ""
) -> tuple[str, Any, Any] | None:
    """Return where two answers differ first (``[2][0]``), and what stands there in each, or None.

    Floats differ by more than the tolerance, all else by anything. Lists may differ in length by
    items that are padding all through: in a batch they are as long as the longest of them.
    """
    if not (isinstance(expected, list) and isinstance(actual, list)):
        return None if _same(expected, actual, tolerance) else (place, expected, actual)
    pairs = itertools.zip_longest(expected, actual, fillvalue=_NOTHING)
    for index, (one, other) in enumerate(pairs):
        here = f"{place}[{index}]"
        if one is _NOTHING or other is _NOTHING:
            if not _is_padding(other if one is _NOTHING else one, padding):
                return here, one, other
        elif found := _first_difference(one, other, tolerance, padding, here):
            return found
    return None


def _is_padding(value: Any, padding: Sequence[Any]) -> bool:
    """Return whether a value, or all of nested values, is one of the values that pad."""
    if isinstance(value, list):
        return bool(padding) and all(_is_padding(item, padding) for item in value)
    return any(_same(pad, value, 0) for pad in padding)


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    """Return whether a value of the golden file and one of the model count as the same."""
    if isinstance(actual, bytes):
        if isinstance(expected, dict):
            return bool(base64.b64decode(expected["b64"]) == actual)
        return bool(expected == _text(actual))
    if isinstance(actual, float):
        if expected is None:
            return actual != actual  # NaN
        expected = _number(expected)
    if isinstance(expected, float) or isinstance(actual, float):
        if not (isinstance(expected, int | float) and isinstance(actual, int | float)):
            return False
        return expected == actual or abs(expected - actual) <= tolerance  # so that NaN differs
    return bool(expected == actual)


def _text(value: Any) -> Any:
    """Return nested lists with their bytes decoded."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _brief(text: str) -> str:
    """Return a text, or its beginning and its end if it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


def _compare(signature: Any, examples: list[dict[str, Any]], manner: str) -> str | None:
    """Ask all examples in one call; return the first difference in words, or None."""
    answers = signature(**_question(signature, examples))
    outputs = {name: value.numpy().tolist() for name, value in answers.items()}
    for row, example in enumerate(examples):
        for name, expected in example["outputs"].items():
            actual = outputs[name][row] if name in outputs else "(no such output)"
            found = _first_difference(
                expected, actual, example["tolerance"], _paddings(example, name)
            )
            if found:
                place, one, other = found
                asked = _brief(json.dumps(example["inputs"], ensure_ascii=False))
                return (
                    f"{name}{place} of {asked} asked {manner} is {_brief(repr(_text(other)))}, "
                    f"expected {_brief(repr(one))}"
                )
    return None


def _paddings(example: dict[str, Any], name: str) -> Sequence[Any]:
    """Return the values that pad one output; a line that does not say so is an older one."""
    if example["padding"] is None:
        return OLDER_PADDING
    return [example["padding"][name]] if name in example["padding"] else []


def _groups(signature: Any, examples: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the examples that can be asked in one call: those with equal unbatched inputs."""
    specs = signature.structured_input_signature[1]
    unbatched = [name for name, spec in specs.items() if not is_batched(spec)]
    groups: dict[str, list[dict[str, Any]]] = {}
    for example in examples:
        key = json.dumps([example["inputs"].get(name) for name in unbatched])
        groups.setdefault(key, []).append(example)
    return list(groups.values())


def compare_with_golden(run_folder: str) -> tuple[int, str]:
    """Compare the newest version's answers with the golden file, in this process.

    Returns:
        The exit status of the script, and the verdict.
    """
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
        by_signature = [
            (model.signatures[name], [each for each in examples if each["signature"] == name])
            for name in sorted({each["signature"] for each in examples}, reverse=True)
        ]
    except Exception as error:  # a broken file fails in many ways
        return 2, f"{run_folder}: version {version} is not a SavedModel that can be served: {error}"
    try:
        found = None
        for signature, asked in by_signature:
            for group in _groups(signature, asked):
                found = found or _compare(signature, group, "in a batch")
            for example in asked:
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
    status, verdict = compare_with_golden(sys.argv[1])
    sys.stdout.write(" ".join(verdict.split()) + "\n")
    sys.exit(status)
