"""Conversion of GRU weights to and from Keras and PyTorch.

All three compute the same network with ``reset_after=True``, and Keras also without. They differ in
the meaning of the update gate and in the layout of the weights:

=====================  =====================================  ===========================
`toolkit.layers.GRU`   c(t) = G_u * c~(t) + (1 - G_u) c(t-1)  columns update, reset, candidate
`keras.layers.GRU`     h(t) = z * h(t-1) + (1 - z) h~(t)      columns z, r, h
`torch.nn.GRU`         h(t) = z * h(t-1) + (1 - z) n(t)       rows r, z, n
=====================  =====================================  ===========================

Since z = 1 - G_u and 1 - sigmoid(a) = sigmoid(-a), the weights of the update gate change sign.

Weights show ``reset_after`` by the shape of their bias alone. So without a bias the two layers are
given, not their weights: two networks with the same weights would compute different things.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from toolkit.errors import OptionError
from toolkit.layers.recurrent import GRU

Array = NDArray[Any]


def from_keras_gru(
    source: keras.layers.GRU | Sequence[Array], target: GRU | None = None
) -> list[Array]:
    """Return the weights of a ``GRU`` equivalent to a ``keras.layers.GRU``.

    Args:
        source: The Keras layer with its weights, or the result of its ``get_weights``: kernel
            [D, 3 H], recurrent kernel [H, 3 H] and, if any, bias [3 H], or [2, 3 H] with
            ``reset_after``.
        target: The layer that takes the weights, with the same ``units``, ``use_bias`` and
            ``reset_after``, which is checked. It and a layer as ``source`` are needed where there
            is no bias.

    Returns:
        The weights for ``set_weights``.

    Raises:
        OptionError: ``source`` has no weights of a GRU, or the layers differ.
    """
    return _negated(_checked_weights(source, target))


def to_keras_gru(
    source: GRU | Sequence[Array], target: keras.layers.GRU | None = None
) -> list[Array]:
    """Return the weights of a ``keras.layers.GRU``; the inverse of ``from_keras_gru``.

    Args:
        source: The ``GRU`` with its weights, or the result of its ``get_weights``.
        target: The Keras layer that takes the weights, as for ``from_keras_gru``.

    Raises:
        OptionError: ``source`` has no weights of a GRU, or the layers differ.
    """
    return _negated(_checked_weights(source, target))


def from_torch_gru(
    state: Mapping[str, Any],
    target: GRU | None = None,
    *,
    layer: int = 0,
    reverse: bool = False,
) -> list[Array]:
    """Return the weights of a ``GRU`` with ``reset_after=True`` equivalent to a ``torch.nn.GRU``.

    Args:
        state: The ``state_dict`` of the PyTorch module, as tensors on the CPU or arrays.
        target: The layer that takes the weights, which is checked; needed where there is no bias.
        layer: The number of the stacked layer.
        reverse: Whether to convert the backward layer.

    Returns:
        The weights for ``set_weights``.

    Raises:
        OptionError: ``state`` has no such layer, or that of another network, such as an LSTM; or
            ``target`` differs from it.
    """
    suffix = _suffix(layer, reverse)
    names = [f"weight_ih{suffix}", f"weight_hh{suffix}"]
    names += [name + suffix for name in _BIASES if f"bias_ih{suffix}" in state]
    try:
        parts = [np.asarray(state[name]) for name in names]
    except KeyError as error:
        raise OptionError(f"the state has no {error}; it has {', '.join(state)}") from error
    _check_blocks(names[1], parts[0].T, parts[1].T)
    kernel, recurrent, *biases = (_from_rows(part) for part in parts)
    weights = [kernel.T, recurrent.T, *([np.stack(biases)] if biases else [])]
    _check_layers(weights, True, target)
    return _negated(weights)


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
    kernel, recurrent, *bias = _negated(gru.get_weights())
    state = {f"weight_ih{suffix}": _to_rows(kernel.T), f"weight_hh{suffix}": _to_rows(recurrent.T)}
    if bias:
        state |= {name + suffix: _to_rows(b) for name, b in zip(_BIASES, bias[0], strict=True)}
    return state


_BIASES = ("bias_ih", "bias_hh")


def _suffix(layer: int, reverse: bool) -> str:
    return f"_l{layer}" + ("_reverse" if reverse else "")


def _checked_weights(source: Any, target: Any) -> list[Array]:
    """Return the weights of a layer, or weights as they are given, after all checks."""
    reset_after = None
    if isinstance(source, keras.Layer):
        if not isinstance(source, keras.layers.GRU | GRU) or not source.built:
            raise OptionError(
                f"layer {source.name} is a {type(source).__name__}"
                f"{'' if source.built else ' without weights'}; a GRU with its weights is needed"
            )
        source, reset_after = source.get_weights(), source.cell.reset_after
    weights = [np.asarray(weight) for weight in source]
    if len(weights) not in (2, 3):
        raise OptionError(
            f"{len(weights)} weights are given; a GRU has a kernel, a recurrent kernel and perhaps "
            "a bias"
        )
    _check_blocks("the recurrent kernel", *weights[:2])
    if len(weights) == 3:
        reset_after = weights[2].ndim == 2
    _check_layers(weights, reset_after, target)
    return weights


def _check_blocks(name: str, kernel: Array, recurrent: Array) -> None:
    """Check that a kernel [D, 3 H] and a recurrent kernel [H, 3 H] are those of a GRU."""
    units = recurrent.shape[0]
    if not kernel.shape[1:] == recurrent.shape[1:] == (3 * units,):
        raise OptionError(
            f"{name} has {recurrent.size} weights of {units} units, and a GRU's {3 * units**2}; "
            "they are those of another network, such as an LSTM"
        )


def _check_layers(weights: list[Array], reset_after: bool | None, target: Any) -> None:
    """Check that the layer that takes weights, if it is known, is like the one that gives them."""
    use_bias = len(weights) == 3
    if not use_bias and (target is None or reset_after is None):
        raise OptionError(
            "weights without a bias do not show reset_after; give the layer that they come from "
            "and, as target, the layer that takes them"
        )
    given = {"units": len(weights[1]), "use_bias": use_bias, "reset_after": reset_after}
    for name, value in given.items() if target is not None else ():
        if (taken := getattr(getattr(target, "cell", None), name, None)) != value:
            raise OptionError(
                f"the weights are those of a GRU with {name}={value}, but layer {target.name} has "
                f"{name}={taken}"
            )


def _negated(weights: Sequence[Array]) -> list[Array]:
    """Change the sign of the first third of the columns, which are the update gate's."""
    thirds = [weight.shape[-1] // 3 for weight in weights]
    return [
        np.concatenate([-weight[..., :units], weight[..., units:]], axis=-1)
        for weight, units in zip(weights, thirds, strict=True)
    ]


def _from_rows(weight: Array) -> Array:
    """Reorder PyTorch's r, z, n to z, r, n."""
    r, z, n = np.split(weight, 3)
    return np.concatenate([z, r, n])


_to_rows = _from_rows  # the same exchange
