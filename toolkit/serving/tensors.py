"""Values of JSON as arrays of a signature's inputs, and arrays of its outputs as values of JSON."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, quoted
from toolkit.export import array_of

Arrays = dict[str, NDArray[Any]]

#: Rows may be padded to this number of values, and beyond it to ``PADDED`` times what they have.
ALWAYS_PADDED = 1 << 23
PADDED = 4

#: The end of the names of outputs whose strings are bytes, by the rules of TensorFlow Serving.
BYTES = "_bytes"


def inputs_of(values: Mapping[str, Any], specs: Mapping[str, Any], padding: Any) -> Arrays:
    """Return an array for each input of a signature.

    Args:
        values: The values of the request, by the names of the inputs.
        specs: The ``TensorSpec`` of each input.
        padding: By input, the value that pads rows which are shorter than others.

    Raises:
        DataError: An input is missing or unknown, or a value is bad base64.
        ModelError: A value is of another kind or shape than the input.
    """
    if values.keys() != specs.keys():
        raise DataError(
            f"the signature takes {', '.join(specs) or 'nothing'}, "
            f"not {', '.join(map(str, values)) or 'nothing'}"
        )
    found = {}
    for name, spec in specs.items():
        value = values[name]
        if spec.dtype.name == "string":
            value = _decoded(value)
        elif name in padding and isinstance(value, list):
            value = _padded(value, padding[name])
        found[name] = array_of(value, spec)
    return found


def _decoded(value: Any) -> Any:
    """Return nested strings in which each ``{"b64": ...}`` is the bytes that it stands for."""
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return decoded_base64(value["b64"]) if is_base64(value) else value


def is_base64(value: Any) -> bool:
    """Return whether a value of JSON stands for bytes."""
    return isinstance(value, dict) and value.keys() == {"b64"}


def decoded_base64(text: Any) -> bytes:
    """Return the bytes that a base64 string stands for.

    Raises:
        DataError: It is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise DataError(f"{quoted(text)} is not base64") from None


def _padded(rows: list[Any], padding: Any) -> list[Any]:
    """Return rows of vectors or numbers that are all as long as the longest one.

    Raises:
        DataError: Most of it would be padding, and it is large.
    """
    if not all(isinstance(row, list) for row in rows):
        return rows
    longest = max(map(len, rows), default=0)
    if all(len(row) == longest for row in rows):
        return rows
    step = next(row[0] for row in rows if row)
    fill = _filled(step, padding)
    size, given = _count(step), sum(map(len, rows))
    if is_mostly_padding(size * given, size * len(rows) * longest):
        raise DataError(
            f"{len(rows)} rows of {given} steps, of which the longest has {longest}, differ too "
            "much in length to be padded; ask for long and short ones in requests of their own"
        )
    return [row + [fill] * (longest - len(row)) for row in rows]


def is_mostly_padding(given: int, padded: int) -> bool:
    """Return whether values would become too many by padding."""
    return padded > max(ALWAYS_PADDED, PADDED * given)


def _count(value: Any) -> int:
    """Return the number of values in a nest."""
    return sum(map(_count, value)) if isinstance(value, list) else 1


def _filled(like: Any, value: Any) -> Any:
    """Return a nest like another with one value everywhere."""
    return [_filled(each, value) for each in like] if isinstance(like, list) else value


def columns_of(rows: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of ``instances`` by input.

    Args:
        rows: A list of objects with a value for each input, or of values if there is one input.
        specs: The ``TensorSpec`` of each input.

    Raises:
        DataError: The rows are none, or an input has no rows.
    """
    if not isinstance(rows, list) or not rows:
        raise DataError("instances must be a list with at least one row")
    for name, spec in specs.items():
        if not has_rows(spec):
            raise DataError(f"the input {name} has no rows; use inputs in the place of instances")
    if all(isinstance(row, dict) and not is_base64(row) for row in rows):
        for number, row in enumerate(rows):
            if row.keys() != specs.keys():
                raise DataError(
                    f"row {number} of instances has {', '.join(map(str, row)) or 'nothing'}; "
                    f"the signature takes {', '.join(specs)}"
                )
        return {name: [row[name] for row in rows] for name in specs}
    if len(specs) != 1:
        raise DataError(f"each row of instances must be an object with {', '.join(specs)}")
    return {next(iter(specs)): rows}


def has_rows(spec: Any) -> bool:
    """Return whether an input or output has a row for each question: any number of them."""
    return bool(spec.shape.rank) and spec.shape[0] is None


def rows_of(outputs: Arrays, rows: int) -> list[Any]:
    """Return ``predictions``: a value for each row, or an object where there are several outputs.

    Raises:
        DataError: An output has other rows.
    """
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != rows:
            raise DataError(f"the output {name} has no rows; use inputs in the place of instances")
    values = {name: plain(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        (column,) = values.values()
        return list(column)
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def plain(name: str, array: NDArray[Any]) -> Any:
    """Return an output as JSON has it.

    Strings are decoded, with U+FFFD for what is no UTF-8; bytes are ``{"b64": ...}`` in outputs
    whose names end so.
    """
    values = array.tolist()
    if array.dtype != object:
        return values
    return _strings(values, name.endswith(BYTES))


def strict(name: str, array: NDArray[Any]) -> Any:
    """Return an output as the standard of JSON has it: null for NaN and infinities."""
    if array.dtype.kind != "f" or (finite := np.isfinite(array)).all():
        return plain(name, array)
    values = array.astype(object)
    values[~finite] = None
    return values.tolist()


def _strings(value: Any, as_bytes: bool) -> Any:
    if isinstance(value, list):
        return [_strings(each, as_bytes) for each in value]
    if as_bytes:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def row_bytes(inputs: Arrays, rows: int) -> int:
    """Return the size in bytes of the longest row of inputs."""
    return max(row_sizes(inputs, rows), default=0)


def row_sizes(inputs: Arrays, rows: int) -> list[int]:
    """Return the size in bytes of each row of inputs."""
    sizes = np.zeros(rows, np.int64)
    for array in inputs.values():
        if array.dtype == object:
            flat = array.reshape(rows, -1)
            sizes += np.fromiter(map(_size, flat), np.int64, rows)
        else:
            sizes += array.nbytes // max(1, rows)
    return sizes.tolist()


def _size(row: NDArray[Any]) -> int:
    return sum(map(len, row))


def slices(sizes: Sequence[int], most_rows: int, most_bytes: int) -> list[slice]:
    """Return rows in runs that are small enough to be asked in one call.

    Args:
        sizes: The size of each row in bytes.
        most_rows: The largest number of rows of a run.
        most_bytes: The largest product of number and longest row; one row may be larger.
    """
    found: list[slice] = []
    begin = longest = 0
    for row, size in enumerate(sizes):
        longest = max(longest, size)
        count = row + 1 - begin
        if count > 1 and (count > most_rows or count * longest > most_bytes):
            found.append(slice(begin, row))
            begin, longest = row, size
    return [*found, slice(begin, len(sizes))]


def joined(arrays: Sequence[NDArray[Any]], padding: Any = None) -> NDArray[Any]:
    """Return arrays [B, ...] end to end; of other lengths at dimension 1, padded to the longest."""
    longest = max((array.shape[1] for array in arrays), default=0) if arrays[0].ndim > 1 else 0
    same = [
        array
        if array.ndim == 1 or array.shape[1] == longest
        else np.concatenate(
            [
                array,
                np.full((len(array), longest - array.shape[1], *array.shape[2:]), padding).astype(
                    array.dtype
                ),
            ],
            axis=1,
        )
        for array in arrays
    ]
    return np.concatenate(same)


def cut(rows: NDArray[Any], padding: Any) -> NDArray[Any]:
    """Return rows [B, N, ...] without the padding that all of them end in."""
    kept = np.flatnonzero((rows != padding).any(axis=(0, *range(2, rows.ndim))))
    return rows[:, : kept[-1] + 1 if len(kept) else 0]
