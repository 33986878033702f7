"""The values of a series, as they stand in JSON, tables and arrays, and as a checked array."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError
from toolkit.data.labels import to_number
from toolkit.data.sources.memory import is_list
from toolkit.data.sources.source import is_missing
from toolkit.errors import count, quoted

_LARGEST = float(np.finfo(np.float32).max)
_EXAMPLE = "a series is a list of time steps, such as [[0.1, 2], [0.3, 1.9]]"
#: The kinds of arrays whose values are numbers.
_NUMBERS = "biuf"
#: The kinds of arrays whose values may be numbers: objects and strings.
_OTHERS = "OUS"


def read_values(value: object) -> NDArray[Any]:
    """Return the values of a series as an array of numbers; NaN stands for missing ones.

    ::

        [[0.1, 2], [0.3, None]]  ->  [[0.1, 2], [0.3, NaN]]
        "[[0.1, 2], [0.3, 1.9]]" ->  [[0.1, 2], [0.3, 1.9]]
        [0.1, "", "0.3"]         ->  [0.1, NaN, 0.3]

    Args:
        value: A list of numbers, a list of lists of numbers, either of them as JSON, or an array.
            None and blank strings are missing values.

    Returns:
        An array of one axis (a single channel) or two.

    Raises:
        BadRowError: It is something else, or its steps have different numbers of values.
    """
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadRowError(f"the series is {quoted(value)}; {_EXAMPLE}") from None
    if is_missing(value):
        raise BadRowError("the series is missing")
    kind = value.dtype.kind if isinstance(value, np.ndarray) else "O"
    if kind not in _NUMBERS + _OTHERS:
        raise BadRowError(f"the series is {quoted(value)}, which are no numbers")
    if kind == "O" and isinstance(value, np.ndarray):
        value = value.tolist()
    try:
        values = np.asarray(value, None if kind in _NUMBERS else np.float64)  # None becomes NaN
    except (TypeError, ValueError, OverflowError):
        values = _one_by_one(value)
    if values.ndim == 0:
        raise BadRowError(f"the series is {quoted(value)}; {_EXAMPLE}")
    if values.ndim > 2:
        axes = f"{values.ndim} axes {list(values.shape)}"
        raise BadRowError(f"the series has {axes}; a time step is a flat list of its channels")
    return values


def as_series(values: NDArray[Any], channels_first: bool = False) -> NDArray[np.float32]:
    """Return the values of a series as time steps of channels.

    Args:
        values: [T], [T, C], or [C, T] with ``channels_first``; NaN is missing.
        channels_first: Whether the second of two axes is time.

    Returns:
        float32 [T, C], T and C at least 1, with finite numbers, of which one at least is not
        missing.

    Raises:
        BadRowError: It has no time steps or no channels, a value is infinite or no float32, or all
            values are missing.
    """
    values = values[:, None] if values.ndim == 1 else values.T if channels_first else values
    steps, channels = values.shape
    if not steps or not channels:
        raise BadRowError(f"the series has no {'channels' if steps else 'time steps'}")
    with np.errstate(over="ignore"):
        series = np.ascontiguousarray(values, np.float32)
    known = np.isfinite(series)
    if known.all():
        return series
    infinite = np.isinf(series)
    if infinite.any():
        step, channel = np.unravel_index(np.argmax(infinite), series.shape)
        value = float(values[step, channel])
        what = "is infinite" if np.isinf(value) else f"is {value:g}, beyond {_LARGEST:.1e}"
        raise BadRowError(f"the value at {_place(int(step) + 1, int(channel) + 1)} {what}")
    if not known.any():
        raise BadRowError("all values of the series are missing")
    return series


def to_value(cell: object, step: int, channel: int) -> float:
    """Return a value as a number, NaN if it is missing.

    Raises:
        BadRowError: It is no number.
    """
    if is_missing(cell):
        return np.nan
    number = to_number(cell)
    if number is None:
        what = "beyond the largest number" if isinstance(cell, int) else "not a number"
        raise BadRowError(f"the value at {_place(step, channel)} is {quoted(cell)}, {what}")
    return number


def _one_by_one(value: Any) -> NDArray[np.float64]:
    """Return values that NumPy does not convert, such as blank strings.

    Raises:
        BadRowError: One of them is no number, or steps have different numbers of values.
    """
    if not is_list(value) and not isinstance(value, np.ndarray):
        raise BadRowError(f"the series is {quoted(value)}; {_EXAMPLE}")
    steps = list(value)
    if not is_list(steps[0]):
        return np.array([to_value(cell, step, 1) for step, cell in enumerate(steps, 1)])
    for number, step in enumerate(steps, 1):
        if not is_list(step):
            raise BadRowError(
                f"step {number} of the series is {quoted(step)}, not a list of values"
            )
        if len(step) != len(steps[0]):
            problem = f"step {number} of the series has {count(len(step), 'value')}"
            raise BadRowError(f"{problem} where step 1 has {len(steps[0])}")
    return np.array(
        [
            [to_value(cell, number, channel) for channel, cell in enumerate(step, 1)]
            for number, step in enumerate(steps, 1)
        ]
    )


def _place(step: int, channel: int) -> str:
    """Return the place of a value within its series, counted from 1."""
    return f"step {step}, channel {channel}"
