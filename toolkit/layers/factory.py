"""Recurrent layers by the name of their cell."""

import importlib
from typing import Any

import keras

from toolkit.errors import OptionError
from toolkit.layers.bidirectional import Bidirectional
from toolkit.layers.recurrent import GRU, LSTM, MinGRU, SimpleRNN, SimplifiedGRU
from toolkit.options import positive_integer

CELLS = ("simple_rnn", "simplified_gru", "min_gru", "gru", "lstm", "keras_gru", "keras_lstm")


def recurrent_layer(
    cell: str,
    units: int,
    *,
    return_sequences: bool = True,
    return_state: bool = False,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    reset_after: bool | None = None,
    dtype: Any = None,
    name: str | None = None,
    **arguments: Any,
) -> keras.Layer:
    """Return a recurrent layer, [B, T, D] to [B, T, H], or to [B, T, 2 H] in both directions.

    Args:
        cell: ``simple_rnn``, ``simplified_gru``, ``min_gru``, ``gru``, ``lstm``, ``keras_gru`` or
            ``keras_lstm`` (Keras's own layers, which are fused on a GPU), or ``module:Class``, a
            cell of your own: a ``keras.layers.Layer`` for ``keras.layers.RNN`` whose constructor
            takes ``units`` and ``dtype``.
        units: H, the size of the state.
        return_sequences: Whether to return the output of every step, or only the last: [B, H].
        return_state: Whether the last states are returned beside the output.
        bidirectional: Whether a second layer reads from the end; outputs are concatenated.
        dropout: The share of the inputs that is dropped, one mask for the whole sequence.
        recurrent_dropout: The same for the recurrent state; not for ``min_gru``.
        reset_after: Whether the reset gate comes after the matrix product (``gru``, ``keras_gru``);
            None for the default of the layer: before for ``gru``, after for ``keras_gru``, which
            cuDNN needs.
        dtype: The dtype or dtype policy of the layer and its cell; None for Keras's default.
        name: The layer's name.
        **arguments: Further arguments of the cell.

    Raises:
        OptionError: The cell is unknown, or does not take these arguments; or ``units`` is no
            positive integer.
    """
    arguments |= {
        key: value
        for key, value in {"dropout": dropout, "recurrent_dropout": recurrent_dropout}.items()
        if value
    }
    if cell in ("gru", "keras_gru") and reset_after is not None:
        arguments["reset_after"] = reset_after
    precision = {} if dtype is None else {"dtype": dtype}
    layer_arguments = {
        "return_sequences": return_sequences,
        "return_state": return_state,
        "name": name,
    }
    layer_arguments |= precision
    units = positive_integer("units", units)
    try:
        if cell in _LAYERS:
            layer = _LAYERS[cell](units, **layer_arguments, **arguments)
        else:
            layer = keras.layers.RNN(
                _cell_class(cell)(units, **precision, **arguments), **layer_arguments
            )
    except OptionError:
        raise
    except (TypeError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise OptionError(f"cell {cell!r} makes no recurrent layer: {first_line}") from error
    return Bidirectional(layer, name=name, **precision) if bidirectional else layer


_LAYERS: dict[str, Any] = {
    "simple_rnn": SimpleRNN,
    "simplified_gru": SimplifiedGRU,
    "min_gru": MinGRU,
    "gru": GRU,
    "lstm": LSTM,
    "keras_gru": keras.layers.GRU,
    "keras_lstm": keras.layers.LSTM,
}


def _cell_class(path: str) -> Any:
    """Return the class ``module:Class``."""
    module_name, colon, class_name = path.partition(":")
    if not (module_name and colon and class_name):
        known = ", ".join(CELLS)
        raise OptionError(
            f"cell is {path!r}; it must be one of {known}, or a class of your own as module:Class"
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the module may raise any error
        raise OptionError(f"cell {path!r}: the module cannot be imported: {error}") from error
    cell_class = getattr(module, class_name, None)
    if cell_class is None:
        raise OptionError(f"cell {path!r}: {module_name} has no {class_name}")
    if not (isinstance(cell_class, type) and issubclass(cell_class, keras.Layer)):
        raise OptionError(f"cell {path!r} is not a class of Keras layers; give a class of cells")
    return cell_class
