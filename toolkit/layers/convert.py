"""Conversion of GRU weights to and from Keras and PyTorch.

All three compute the same network with ``reset_after=True``, and Keras also without. They differ in
the meaning of the update gate and in the layout of the weights:

=====================  =====================================  ===========================
`toolkit.layers.GRU`   c(t) = G_u * c~(t) + (1 - G_u) c(t-1)  columns update, reset, candidate
`keras.layers.GRU`     h(t) = z * h(t-1) + (1 - z) h~(t)      columns z, r, h
`torch.nn.GRU`         h(t) = z * h(t-1) + (1 - z) n(t)       rows r, z, n
=====================  =====================================  ===========================

Since z = 1 - G_u and 1 - sigmoid(a) = sigmoid(-a), the weights of the update gate change sign.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import OptionError
from toolkit.layers.recurrent import GRU

Array = NDArray[Any]


def from_keras_gru(weights: Sequence[Array]) -> list[Array]:
    """Return the weights of a ``GRU`` equivalent to a ``keras.layers.GRU``.

    Args:
        weights: The result of ``get_weights`` of the Keras layer: kernel [D, 3 H], recurrent kernel
            [H, 3 H] and, if any, bias [3 H], or [2, 3 H] with ``reset_after``.

    Returns:
        The weights for ``set_weights`` of a ``GRU`` with the same ``units``, ``use_bias`` and
        ``reset_after``.
    """
    return [_negate_update(np.asarray(weight)) for weight in weights]


def to_keras_gru(weights: Sequence[Array]) -> list[Array]:
    """Return the weights of a ``keras.layers.GRU``; the inverse of ``from_keras_gru``."""
    return from_keras_gru(weights)


def from_torch_gru(
    state: Mapping[str, Any], *, layer: int = 0, reverse: bool = False
) -> list[Array]:
    """Return the weights of a ``GRU`` with ``reset_after=True`` equivalent to a ``torch.nn.GRU``.

    Args:
        state: The ``state_dict`` of the PyTorch module, as tensors on the CPU or arrays.
        layer: The number of the stacked layer.
        reverse: Whether to convert the backward layer.

    Returns:
        The weights for ``set_weights``.

    Raises:
        OptionError: ``state`` has no such layer.
    """
    suffix = _suffix(layer, reverse)
    try:
        weights = [_from_rows(state[name + suffix]).T for name in ("weight_ih", "weight_hh")]
    except KeyError as error:
        raise OptionError(f"the state has no {error}; it has {', '.join(state)}") from error
    if f"bias_ih{suffix}" in state:
        weights.append(np.stack([_from_rows(state[name + suffix]) for name in _BIASES]))
    return from_keras_gru(weights)


def to_torch_gru(gru: GRU, *, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
    """Return one layer's part of a ``torch.nn.GRU``'s state; the inverse of ``from_torch_gru``.

    Args:
        gru: The layer, with ``reset_after=True``.
        layer: The number of the stacked layer.
        reverse: Whether it becomes the backward layer.

    Returns:
        Arrays by the names that ``load_state_dict`` expects, to be converted to tensors.

    Raises:
        OptionError: The layer has no ``reset_after``.
    """
    if not gru.cell.reset_after:
        raise OptionError(
            f"layer {gru.name} has reset_after=False; torch.nn.GRU computes only what a GRU with "
            "reset_after=True does"
        )
    suffix = _suffix(layer, reverse)
    kernel, recurrent, *bias = to_keras_gru(gru.get_weights())
    state = {f"weight_ih{suffix}": _to_rows(kernel.T), f"weight_hh{suffix}": _to_rows(recurrent.T)}
    if bias:
        state |= {name + suffix: _to_rows(b) for name, b in zip(_BIASES, bias[0], strict=True)}
    return state


_BIASES = ("bias_ih", "bias_hh")


def _suffix(layer: int, reverse: bool) -> str:
    return f"_l{layer}" + ("_reverse" if reverse else "")


def _negate_update(weight: Array) -> Array:
    """Change the sign of the first third of the columns."""
    units = weight.shape[-1] // 3
    return np.concatenate([-weight[..., :units], weight[..., units:]], axis=-1)


def _from_rows(weight: Any) -> Array:
    """Reorder PyTorch's r, z, n to z, r, n."""
    r, z, n = np.split(np.asarray(weight), 3)
    return np.concatenate([z, r, n])


_to_rows = _from_rows  # the same exchange
