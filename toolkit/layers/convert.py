"""Conversion of GRU and LSTM weights to and from Keras and PyTorch.

The three GRUs compute the same network with ``reset_after=True``, and Keras also without. They
differ in the meaning of the update gate and in the layout of the weights:

=====================  =====================================  ===========================
`toolkit.layers.GRU`   c(t) = G_u * c~(t) + (1 - G_u) c(t-1)  columns update, reset, candidate
`keras.layers.GRU`     h(t) = z * h(t-1) + (1 - z) h~(t)      columns z, r, h
`torch.nn.GRU`         h(t) = z * h(t-1) + (1 - z) n(t)       rows r, z, n
=====================  =====================================  ===========================

Since z = 1 - G_u and 1 - sigmoid(a) = sigmoid(-a), the weights of the update gate change sign.

Weights show ``reset_after`` by the shape of their bias alone. So without a bias the two layers are
given, not their weights: two networks with the same weights would compute different things.

The three LSTMs compute the same network, with the blocks in the same order: input gate, forget
gate, candidate, output gate. PyTorch has them in rows, and two biases that are added to each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from toolkit.errors import OptionError
from toolkit.layers.recurrent import GRU, LSTM

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
    return _negated(_gru_weights(source, target))


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
    return _negated(_gru_weights(source, target))


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
    kernel, recurrent, *biases = (
        _exchanged(part) for part in _torch_weights(state, _GRU, layer, reverse)
    )
    weights = [kernel.T, recurrent.T, *([np.stack(biases)] if biases else [])]
    _check_gru(weights, True, target)
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
    kernel, recurrent, *bias = _negated(gru.get_weights())
    parts = [kernel.T, recurrent.T, *(bias[0] if bias else [])]
    return _torch_state([_exchanged(part) for part in parts], layer, reverse)


def from_keras_lstm(
    source: keras.layers.LSTM | Sequence[Array], target: LSTM | None = None
) -> list[Array]:
    """Return the weights of an ``LSTM`` equivalent to a ``keras.layers.LSTM``: the same weights.

    Args:
        source: The Keras layer with its weights, or the result of its ``get_weights``: kernel
            [D, 4 H], recurrent kernel [H, 4 H] and, if any, bias [4 H].
        target: The layer that takes the weights, with the same ``units`` and ``use_bias``, which is
            checked.

    Returns:
        The weights for ``set_weights``.

    Raises:
        OptionError: ``source`` has no weights of an LSTM, or the layers differ.
    """
    return _lstm_weights(source, target)


def to_keras_lstm(
    source: LSTM | Sequence[Array], target: keras.layers.LSTM | None = None
) -> list[Array]:
    """Return the weights of a ``keras.layers.LSTM``; the inverse of ``from_keras_lstm``.

    Args:
        source: The ``LSTM`` with its weights, or the result of its ``get_weights``.
        target: The Keras layer that takes the weights, as for ``from_keras_lstm``.

    Raises:
        OptionError: ``source`` has no weights of an LSTM, or the layers differ.
    """
    return _lstm_weights(source, target)


def from_torch_lstm(
    state: Mapping[str, Any],
    target: LSTM | None = None,
    *,
    layer: int = 0,
    reverse: bool = False,
) -> list[Array]:
    """Return the weights of an ``LSTM`` equivalent to a ``torch.nn.LSTM``.

    Args:
        state: The ``state_dict`` of the PyTorch module, as tensors on the CPU or arrays. Its two
            biases become one, their sum.
        target: The layer that takes the weights, which is checked.
        layer: The number of the stacked layer.
        reverse: Whether to convert the backward layer.

    Returns:
        The weights for ``set_weights``.

    Raises:
        OptionError: ``state`` has no such layer, or that of another network, such as a GRU or an
            LSTM with a projection (``proj_size``); or ``target`` differs from it.
    """
    kernel, recurrent, *biases = _torch_weights(state, _LSTM, layer, reverse)
    weights = [kernel.T, recurrent.T, *([biases[0] + biases[1]] if biases else [])]
    _check_target(_LSTM, _sizes(weights), target)
    return weights


def to_torch_lstm(lstm: LSTM, *, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
    """Return one layer's part of a ``torch.nn.LSTM``'s state; the inverse of ``from_torch_lstm``.

    Args:
        lstm: The layer.
        layer: The number of the stacked layer.
        reverse: Whether it becomes the backward layer.

    Returns:
        Arrays by the names that ``load_state_dict`` expects, to be converted to tensors. Of the
        two biases, ``bias_hh`` is zero.
    """
    kernel, recurrent, *bias = lstm.get_weights()
    parts = [kernel.T, recurrent.T, *(part for b in bias for part in (b, np.zeros_like(b)))]
    return _torch_state(parts, layer, reverse)


@dataclass(frozen=True)
class _Kind:
    """A kind of recurrent layer whose weights are converted.

    Attributes:
        name: Its name in messages, with its article.
        blocks: The number of blocks of H columns in a kernel.
        layers: Its layers here and in Keras.
        suffix: The end of the names of its functions.
    """

    name: str
    blocks: int
    layers: tuple[type[keras.Layer], ...]
    suffix: str


_GRU = _Kind("a GRU", 3, (keras.layers.GRU, GRU), "gru")
_LSTM = _Kind("an LSTM", 4, (keras.layers.LSTM, LSTM), "lstm")


def _gru_weights(source: Any, target: Any) -> list[Array]:
    """Return the weights of a GRU, or weights as they are given, after all checks."""
    weights = _checked_weights(source, _GRU)
    reset_after = source.cell.reset_after if isinstance(source, keras.Layer) else None
    if len(weights) == 3:
        reset_after = weights[2].ndim == 2
    _check_gru(weights, reset_after, target)
    return weights


def _lstm_weights(source: Any, target: Any) -> list[Array]:
    """Return the weights of an LSTM, or weights as they are given, after all checks."""
    weights = _checked_weights(source, _LSTM)
    _check_target(_LSTM, _sizes(weights), target)
    return weights


def _checked_weights(source: Any, kind: _Kind) -> list[Array]:
    """Return the weights of a layer, or weights as they are given, if they are of a kind."""
    if isinstance(source, keras.Layer):
        if not isinstance(source, kind.layers) or not source.built:
            raise OptionError(
                f"layer {source.name} is a {type(source).__name__}"
                f"{'' if source.built else ' without weights'}; {kind.name} with its weights is "
                "needed"
            )
        source = source.get_weights()
    weights = [np.asarray(weight) for weight in source]
    if len(weights) not in (2, 3):
        raise OptionError(
            f"{len(weights)} weights are given; {kind.name} has a kernel, a recurrent kernel and "
            "perhaps a bias"
        )
    _check_blocks("the recurrent kernel", weights[0], weights[1], kind, "keras")
    return weights


def _check_blocks(name: str, kernel: Array, recurrent: Array, kind: _Kind, library: str) -> None:
    """Check that a kernel [D, blocks H] and a recurrent kernel [H, blocks H] are of a kind."""
    units = recurrent.shape[0]
    if kernel.shape[1:] == recurrent.shape[1:] == (kind.blocks * units,):
        return
    found = "another network"
    for other in (_GRU, _LSTM):
        if other is not kind and recurrent.shape[1] == other.blocks * units:
            found = f"{other.name}, for which there is from_{library}_{other.suffix}"
    raise OptionError(
        f"{name} has {recurrent.size} weights of {units} units, and {kind.name}'s "
        f"{kind.blocks * units**2}; they are those of {found}"
    )


def _sizes(weights: list[Array]) -> dict[str, Any]:
    """Return what weights show of the arguments of their layer."""
    return {"units": len(weights[1]), "use_bias": len(weights) == 3}


def _check_gru(weights: list[Array], reset_after: bool | None, target: Any) -> None:
    """Check that the layer that takes a GRU's weights is like the one that gives them."""
    if len(weights) == 2 and (target is None or reset_after is None):
        raise OptionError(
            "weights without a bias do not show reset_after; give the layer that they come from "
            "and, as target, the layer that takes them"
        )
    _check_target(_GRU, {**_sizes(weights), "reset_after": reset_after}, target)


def _check_target(kind: _Kind, given: Mapping[str, Any], target: Any) -> None:
    """Check that the layer that takes weights, if it is known, is like the one that gives them."""
    if target is None:
        return
    for name, value in given.items():
        if (taken := getattr(getattr(target, "cell", None), name, None)) != value:
            raise OptionError(
                f"the weights are those of {kind.name} with {name}={value}, but layer "
                f"{target.name} has {name}={taken}"
            )


_KERNELS, _BIASES = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")


def _torch_weights(state: Mapping[str, Any], kind: _Kind, layer: int, reverse: bool) -> list[Array]:
    """Return the kernels and biases, if any, of one layer in a PyTorch module's state."""
    suffix = _suffix(layer, reverse)
    names = [name + suffix for name in _KERNELS]
    names += [name + suffix for name in _BIASES if _BIASES[0] + suffix in state]
    try:
        parts = [np.asarray(state[name]) for name in names]
    except KeyError as error:
        raise OptionError(f"the state has no {error}; it has {', '.join(state)}") from error
    _check_blocks(names[1], parts[0].T, parts[1].T, kind, "torch")
    return parts


def _torch_state(parts: Sequence[Array], layer: int, reverse: bool) -> dict[str, Array]:
    """Return kernels and biases, if any, by their names in a PyTorch module's state."""
    names = (_KERNELS + _BIASES)[: len(parts)]
    return {name + _suffix(layer, reverse): part for name, part in zip(names, parts, strict=True)}


def _suffix(layer: int, reverse: bool) -> str:
    return f"_l{layer}" + ("_reverse" if reverse else "")


def _negated(weights: Sequence[Array]) -> list[Array]:
    """Change the sign of the first third of the columns, which are the update gate's."""
    thirds = [weight.shape[-1] // 3 for weight in weights]
    return [
        np.concatenate([-weight[..., :units], weight[..., units:]], axis=-1)
        for weight, units in zip(weights, thirds, strict=True)
    ]


def _exchanged(weight: Array) -> Array:
    """Exchange the first two thirds of the rows: PyTorch's r, z, n for z, r, n, or back."""
    first, second, third = np.split(weight, 3)
    return np.concatenate([second, first, third])
