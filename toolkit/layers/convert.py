"""Weights of the GRU layer to and from Keras and PyTorch.

All three compute the same network with ``reset_after=True``, and Keras also without. They differ
in what the update gate keeps and in how the weights lie:

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
    """The weights of a ``GRU`` that computes what a ``keras.layers.GRU`` computes.

    Args:
        weights: What ``get_weights`` of the Keras layer gives: kernel [D, 3 H], recurrent kernel
            [H, 3 H] and, where there is one, bias [3 H], or [2, 3 H] with ``reset_after``.

    Returns:
        What ``set_weights`` of a ``GRU`` with the same ``units``, ``use_bias`` and
        ``reset_after`` takes.
    """
    return [_negate_update(np.asarray(weight)) for weight in weights]


def to_keras_gru(weights: Sequence[Array]) -> list[Array]:
    """The weights of a ``keras.layers.GRU``; the inverse of ``from_keras_gru``."""
    return from_keras_gru(weights)


def from_torch_gru(
    state: Mapping[str, Any], *, layer: int = 0, reverse: bool = False
) -> list[Array]:
    """The weights of a ``GRU`` with ``reset_after=True`` that computes what ``torch.nn.GRU`` does.

    Args:
        state: What ``state_dict`` of the PyTorch module gives, as tensors on the CPU or arrays.
        layer: Which of its stacked layers.
        reverse: Whether the layer that reads backwards is meant.

    Returns:
        What ``set_weights`` takes.

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
    """The part of a ``torch.nn.GRU``'s state that one layer is; the inverse of ``from_torch_gru``.

    Args:
        gru: The layer itself, with ``reset_after=True``: its weights alone do not always tell.
        layer: Which of the stacked layers it becomes.
        reverse: Whether it becomes the layer that reads backwards.

    Returns:
        Arrays by the names that ``load_state_dict`` expects, to be made tensors.

    Raises:
        OptionError: The layer is one without ``reset_after``.
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
    """PyTorch's r, z, n as z, r, n."""
    r, z, n = np.split(np.asarray(weight), 3)
    return np.concatenate([z, r, n])


_to_rows = _from_rows  # the same two thirds change places
