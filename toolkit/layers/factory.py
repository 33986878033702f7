"""Recurrent layers by the name of their cell."""

import importlib
from typing import Any

import keras

from toolkit.errors import OptionError
from toolkit.layers.recurrent import GRU, SimpleRNN, SimplifiedGRU

CELLS = ("simple_rnn", "simplified_gru", "gru", "lstm", "keras_gru")


def recurrent_layer(
    cell: str,
    units: int,
    *,
    return_sequences: bool = True,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    reset_after: bool = False,
    dtype: Any = None,
    name: str | None = None,
    **arguments: Any,
) -> keras.Layer:
    """A recurrent layer, [B, T, D] to [B, T, H], or to [B, T, 2 H] in both directions.

    Args:
        cell: ``simple_rnn``, ``simplified_gru``, ``gru``, ``lstm`` (Keras's cell), ``keras_gru``
            (Keras's own fused layer, for those with a GPU), or ``module:Class``, a cell of your
            own: a ``keras.layers.Layer`` for ``keras.layers.RNN`` whose constructor takes the
            units.
        units: H, the size of the state.
        return_sequences: Whether every step is put out, or only the last: [B, H].
        bidirectional: Whether a second layer reads from the end; outputs are concatenated.
        dropout: The share of the inputs that is dropped, one mask for the whole sequence.
        recurrent_dropout: The same within the recurrence.
        reset_after: Whether the reset gate comes after the matrix product (``gru``,
            ``keras_gru``).
        dtype: The layer's dtype or dtype policy; None takes Keras's own.
        name: The layer's name.
        **arguments: Further arguments of the cell.

    Raises:
        OptionError: There is no such cell, or it does not take these arguments.
    """
    if dropout:
        arguments["dropout"] = dropout
    if recurrent_dropout:
        arguments["recurrent_dropout"] = recurrent_dropout
    if dtype is not None:
        arguments["dtype"] = dtype
    layer: keras.Layer
    match cell:
        case "simple_rnn":
            layer = SimpleRNN(units, return_sequences=return_sequences, name=name, **arguments)
        case "simplified_gru":
            layer = SimplifiedGRU(units, return_sequences=return_sequences, name=name, **arguments)
        case "gru":
            layer = GRU(
                units,
                return_sequences=return_sequences,
                reset_after=reset_after,
                name=name,
                **arguments,
            )
        case "keras_gru":
            layer = keras.layers.GRU(
                units,
                return_sequences=return_sequences,
                reset_after=reset_after,
                name=name,
                **arguments,
            )
        case "lstm":
            layer = keras.layers.RNN(
                keras.layers.LSTMCell(units, **arguments),
                return_sequences=return_sequences,
                dtype=dtype,
                name=name,
            )
        case _:
            layer = keras.layers.RNN(
                _imported_cell(cell, units, arguments),
                return_sequences=return_sequences,
                dtype=dtype,
                name=name,
            )
    return keras.layers.Bidirectional(layer, dtype=dtype, name=name) if bidirectional else layer


def _imported_cell(path: str, units: int, arguments: dict[str, Any]) -> keras.Layer:
    """The cell that ``module:Class`` names."""
    known = f"it must be one of {', '.join(CELLS)}, or a class of your own as module:Class"
    module_name, colon, class_name = path.partition(":")
    if not (module_name and colon and class_name):
        raise OptionError(f"cell is {path!r}; {known}")
    try:
        cell_class = getattr(importlib.import_module(module_name), class_name)
    except ImportError as error:
        raise OptionError(f"cell {path!r}: the module cannot be imported: {error}") from error
    except AttributeError as error:
        raise OptionError(f"cell {path!r}: {module_name} has no {class_name}") from error
    try:
        return cell_class(units, **arguments)
    except TypeError as error:
        raise OptionError(f"cell {path!r} does not take these arguments: {error}") from error
