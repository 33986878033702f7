"""The cells' equations and their derivatives for the time loop in ``bptt``, on TensorFlow.

Terms that do not depend on the previous state are computed for all steps at once, before the loop
(``project``) and after it (``gradients``). Shapes: T steps, B rows, D inputs, H units.

Within a step, d_a is the derivative of the loss by a. The factors g'(a) are computed from the
activations: sigmoid' = s (1 - s), tanh' = 1 - t^2 and relu' = (r > 0).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from toolkit.cells import GRUCell, LSTMCell, SimpleRNNCell, SimplifiedGRUCell

Tensor = Any
D_ACTIVATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # (g(a), d_g) -> d_a
    "tanh": lambda y, dy: tf.raw_ops.TanhGrad(y=y, dy=dy),
    "sigmoid": lambda y, dy: tf.raw_ops.SigmoidGrad(y=y, dy=dy),
    "relu": lambda y, dy: tf.raw_ops.ReluGrad(features=y, gradients=dy),
}
_d_tanh, _d_sigmoid = D_ACTIVATIONS["tanh"], D_ACTIVATIONS["sigmoid"]


class Equations(ABC):
    """The equations of a cell with given weights.

    A cell has one state or several; the first, h, is its output, and the one that enters matrix
    products. ``kept`` and ``rows`` are the sizes of the results of ``forward`` and ``backward``
    beside the states.
    """

    kept: tuple[int, ...]
    rows: tuple[int, ...]

    @abstractmethod
    def project(self, x: Tensor) -> list[Tensor]:
        """Return the part of the pre-activations, [T, B, ...], that depends on inputs [T, B, D]."""

    def project_held(self, x: Tensor, mask: Tensor) -> list[Tensor] | None:
        """Return ``project``, changed so that a step where ``mask`` is false keeps the state.

        It is None if no value of the pre-activations does so. ``mask`` is bool [T, B].
        """
        return None

    @abstractmethod
    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute one step: the new states [B, H] and values for their derivatives, [B, ...] each.

        ``x`` is one step of the result of ``project``; ``state`` has the previous states.
        """

    @abstractmethod
    def transposed(self) -> list[Tensor]:
        """Return the matrices of ``backward``, transposed once for all steps.

        A product of few rows that transposes the matrix itself takes 1.6 to 5 times as long
        (measured on an AMD EPYC with 128 to 32 rows and 512 units).
        """

    @abstractmethod
    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Compute one step back: d of the previous states, and values for ``gradients``."""

    @abstractmethod
    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return d_x and the gradient of each weight, by one matrix product for all steps.

        The arguments are the rows of all steps: ``x`` [T B, D], the previous outputs ``h`` [T B,
        H], and ``rows``, the results of ``backward``, [T B, ...] each.
        """


class OneProductEquations(Equations):
    """A cell with all pre-activations a = x W + h U + b in one product."""

    def __init__(self, kernel: Tensor, recurrent: Tensor, bias: Tensor = None) -> None:
        self.kernel, self.recurrent, self.bias = kernel, recurrent, bias
        units, columns = recurrent.shape
        self.kept, self.rows = (units,) * (columns // units), (columns,)

    def project(self, x: Tensor) -> list[Tensor]:
        """Return x W + b."""
        return [_project(x, self.kernel, self.bias)]

    def transposed(self) -> list[Tensor]:
        """Return U'."""
        return [tf.transpose(self.recurrent)]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return d_x and the gradients of kernel, recurrent kernel and bias."""
        (d_a,) = rows
        weights = [_outer(x, d_a), _outer(h, d_a)]
        if self.bias is not None:
            weights.append(_sum(d_a))
        return tf.matmul(d_a, self.kernel, transpose_b=True), weights


class SimpleRNNEquations(OneProductEquations):
    """h' = g(a)."""

    def __init__(self, activation: str, *weights: Tensor) -> None:
        super().__init__(*weights)
        self.g, self.d_g = getattr(tf.nn, activation), D_ACTIVATIONS[activation]

    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute h', and keep it."""
        (h,) = state
        new = self.g(x[0] + tf.matmul(h, self.recurrent))
        return [new], [new]

    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return d_a."""
        (dh,) = d_state
        d_a = self.d_g(kept[0], dh)
        return [tf.matmul(d_a, transposed[0])], [d_a]


class SimplifiedGRUEquations(OneProductEquations):
    """h' = h + u (c - h);  u = sigmoid(a_u), c = tanh(a_c)."""

    def project_held(self, x: Tensor, mask: Tensor) -> list[Tensor]:
        """Return ``project`` with closed update gates where ``mask`` is false."""
        return _with_closed_gates(self, x, mask)

    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute h', and keep u and c."""
        (h,) = state
        a_u, a_c = tf.split(x[0] + tf.matmul(h, self.recurrent), 2, axis=1)
        u, c = tf.sigmoid(a_u), tf.tanh(a_c)
        return [h + u * (c - h)], [u, c]

    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return [d_a_u, d_a_c]."""
        (dh,), (h,), (u, c) = d_state, state, kept
        d_c = dh * u
        d_a = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_tanh(c, d_c)], 1)
        return [dh - d_c + tf.matmul(d_a, transposed[0])], [d_a]


class GRUEquations(Equations):
    """h' = h + u (c - h);  [u, r] = sigmoid(x W_ur + h U_ur + b_ur), c = tanh(x W_c + p U_c + b_c)
    with p = r h.
    """

    def __init__(self, kernel: Tensor, recurrent: Tensor, bias: Tensor = None) -> None:
        self.units = units = recurrent.shape[0]
        self.kept, self.rows = (units,) * 4, (2 * units, units, units)
        self.has_bias = bias is not None
        self.W_ur, self.W_c = self.columns(kernel)
        self.U_ur, self.U_c = self.columns(recurrent)
        self.b_ur: Tensor = None
        self.b_c: Tensor = None
        if self.has_bias:
            self.b_ur, self.b_c = self.columns(bias)

    def columns(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the columns of both gates, and of the candidate."""
        return weights[..., : 2 * self.units], weights[..., 2 * self.units :]

    def transposed(self) -> list[Tensor]:
        """Return U_ur' and U_c'."""
        return [tf.transpose(self.U_ur), tf.transpose(self.U_c)]

    def project(self, x: Tensor) -> list[Tensor]:
        """Return [T, B, 2 H] for the gates and [T, B, H] for the candidate."""
        return [_project(x, self.W_ur, self.b_ur), _project(x, self.W_c, self.b_c)]

    def project_held(self, x: Tensor, mask: Tensor) -> list[Tensor]:
        """Return ``project`` with closed update gates where ``mask`` is false."""
        return _with_closed_gates(self, x, mask)

    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute h', and keep u, r, c and p."""
        (x_ur, x_c), (h,) = x, state
        u, r = tf.split(tf.sigmoid(x_ur + tf.matmul(h, self.U_ur)), 2, axis=1)
        p = r * h
        c = tf.tanh(x_c + tf.matmul(p, self.U_c))
        return [h + u * (c - h)], [u, r, c, p]

    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return d_a_ur, d_a_c and p."""
        (dh,), (h,), (u, r, c, p) = d_state, state, kept
        d_c = dh * u
        d_a_c = _d_tanh(c, d_c)
        d_p = tf.matmul(d_a_c, transposed[1])
        d_a_ur = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_sigmoid(r, d_p * h)], 1)
        through_gates = tf.matmul(d_a_ur, transposed[0])
        return [tf.add_n([dh - d_c, d_p * r, through_gates])], [d_a_ur, d_a_c, p]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return d_x and the gradients of kernel, recurrent kernel and bias [3 H]."""
        d_a_ur, d_a_c, p = rows
        weights = [
            tf.concat([_outer(x, d_a_ur), _outer(x, d_a_c)], 1),
            tf.concat([_outer(h, d_a_ur), _outer(p, d_a_c)], 1),
        ]
        if self.has_bias:
            weights.append(tf.concat([_sum(d_a_ur), _sum(d_a_c)], 0))
        return self.d_x(d_a_ur, d_a_c), weights

    def d_x(self, d_a_ur: Tensor, d_a_c: Tensor) -> Tensor:
        """Return the inputs' gradient [T B, D]."""
        through_gates = tf.matmul(d_a_ur, self.W_ur, transpose_b=True)
        return through_gates + tf.matmul(d_a_c, self.W_c, transpose_b=True)


class ResetAfterGRUEquations(GRUEquations):
    """As ``GRUEquations``, but c = tanh(x W_c + b_c + r q) with q = h U_c + b_q."""

    def __init__(self, kernel: Tensor, recurrent: Tensor, bias: Tensor = None) -> None:
        super().__init__(kernel, recurrent, None if bias is None else bias[0])
        self.b_q = None
        if bias is not None:
            gate_gradient, self.b_q = self.columns(bias[1])
            self.b_ur = self.b_ur + gate_gradient

    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute h', and keep u, r, c and q."""
        (x_ur, x_c), (h,) = x, state
        u, r = tf.split(tf.sigmoid(x_ur + tf.matmul(h, self.U_ur)), 2, axis=1)
        q = _add_bias(tf.matmul(h, self.U_c), self.b_q)
        c = tf.tanh(x_c + r * q)
        return [h + u * (c - h)], [u, r, c, q]

    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return d_a_ur, d_a_c and d_q."""
        (dh,), (h,), (u, r, c, q) = d_state, state, kept
        d_c = dh * u
        d_a_c = _d_tanh(c, d_c)
        d_q = d_a_c * r
        d_a_ur = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_sigmoid(r, d_a_c * q)], 1)
        through_gates = tf.matmul(d_a_ur, transposed[0])
        through_candidate = tf.matmul(d_q, transposed[1])
        return [tf.add_n([dh - d_c, through_gates, through_candidate])], [d_a_ur, d_a_c, d_q]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return d_x and the gradients of kernel, recurrent kernel and bias [2, 3 H]."""
        d_a_ur, d_a_c, d_q = rows
        weights = [
            tf.concat([_outer(x, d_a_ur), _outer(x, d_a_c)], 1),
            tf.concat([_outer(h, d_a_ur), _outer(h, d_q)], 1),
        ]
        if self.has_bias:
            gate_gradient = _sum(d_a_ur)
            input_gradient = tf.concat([gate_gradient, _sum(d_a_c)], 0)
            recurrent_gradient = tf.concat([gate_gradient, _sum(d_q)], 0)
            weights.append(tf.stack([input_gradient, recurrent_gradient]))
        return self.d_x(d_a_ur, d_a_c), weights


class LSTMEquations(OneProductEquations):
    """c' = f c + i g, h' = o tanh(c');  i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o) and
    g = tanh(a_g).
    """

    def __init__(self, *weights: Tensor) -> None:
        super().__init__(*weights)
        self.kept = (self.recurrent.shape[0],) * 5

    def forward(self, x: list[Tensor], state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Compute h' and c', and keep i, f, g, o and tanh(c')."""
        h, c = state
        a_i, a_f, a_g, a_o = tf.split(x[0] + tf.matmul(h, self.recurrent), 4, axis=1)
        i, f, g, o = tf.sigmoid(a_i), tf.sigmoid(a_f), tf.tanh(a_g), tf.sigmoid(a_o)
        c = f * c + i * g
        tanh_c = tf.tanh(c)
        return [o * tanh_c, c], [i, f, g, o, tanh_c]

    def backward(
        self,
        d_state: list[Tensor],
        state: list[Tensor],
        kept: list[Tensor],
        transposed: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return [d_a_i, d_a_f, d_a_g, d_a_o]."""
        (dh, dc), (_, c), (i, f, g, o, tanh_c) = d_state, state, kept
        dc = dc + _d_tanh(tanh_c, dh * o)
        d_a = tf.concat(
            [
                _d_sigmoid(i, dc * g),
                _d_sigmoid(f, dc * c),
                _d_tanh(g, dc * i),
                _d_sigmoid(o, dh * tanh_c),
            ],
            1,
        )
        return [tf.matmul(d_a, transposed[0]), dc * f], [d_a]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return d_x and the gradients of kernel, recurrent kernel and bias.

        One product for all of them reads the largest array, d_a [T B, 4 H], once instead of three
        times.
        """
        (d_a,) = rows
        factors = [x, h] if self.bias is None else [x, h, tf.ones_like(x[:, :1])]
        sizes = [factor.shape[1] for factor in factors]
        kernel, recurrent, *bias = tf.split(_outer(tf.concat(factors, 1), d_a), sizes)
        weights = [kernel, recurrent, *(row[0] for row in bias)]
        return tf.matmul(d_a, self.kernel, transpose_b=True), weights


#: The pre-activation of a closed update gate, far below any that weights bring about. The sigmoid
#: of -1e30 is NaN in XNNPACK, which runs exported models on telephones.
CLOSED = -1e9


def _with_closed_gates(cell: Equations, x: Tensor, mask: Tensor) -> list[Tensor]:
    """Return ``cell.project`` with u = 0 exactly where ``mask`` [T, B] is false, and so h' = h.

    The update gate's pre-activations are the first columns of the first projection.
    """
    real = mask[:, :, None]
    gates, *others = cell.project(tf.where(real, x, 0))  # so that all candidates are finite
    units = cell.kept[0]
    closed = tf.cast(tf.range(gates.shape[-1]) < units, gates.dtype)
    closed *= max(float(gates.dtype.min) / 2, CLOSED)
    return [tf.where(real, gates, closed), *others]


def projection(x: Tensor, *weights: Tensor, by_hand: bool) -> Tensor:
    """Return x W + b of all steps, [T, B, H], in single precision at least.

    Args:
        x: The inputs [T, B, D].
        *weights: W [D, H] and, if any, b [H]; they are rounded to the precision of the inputs.
        by_hand: Whether to use the hand-written gradient, in which each weight's sum over time is
            one matrix product, in single precision at least.
    """

    def forward(x: Tensor, *weights: Tensor) -> tuple[Tensor, Any]:
        kernel, *bias = (tf.cast(weight, x.dtype) for weight in weights)

        def backward(d_a: Tensor) -> tuple[Tensor, ...]:
            rows = tf.reshape(d_a, [-1, d_a.shape[-1]])  # [T B, H]
            d_x = tf.matmul(tf.cast(rows, x.dtype), kernel, transpose_b=True)
            d_weights = [_outer(tf.reshape(x, [-1, x.shape[-1]]), rows)]
            d_weights += [_sum(rows)] if bias else []
            return tf.reshape(d_x, keras.ops.shape(x)), *d_weights

        return _exact(_project(x, kernel, bias[0] if bias else None)), backward

    return tf.custom_gradient(forward)(x, *weights) if by_hand else forward(x, *weights)[0]


def _project(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return x W + b of all steps [T, B, ...], by one matrix product."""
    a = _add_bias(tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), kernel), bias)
    return tf.reshape(a, (*keras.ops.shape(x)[:2], kernel.shape[-1]))


def _add_bias(a: Tensor, bias: Tensor) -> Tensor:
    return a if bias is None else tf.nn.bias_add(a, bias)


def _outer(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of outer products over all rows, in single precision at least."""
    return tf.matmul(_exact(a), _exact(b), transpose_a=True)


def _sum(rows: Tensor) -> Tensor:
    """Return the sum over all rows, as a matrix product, which is faster."""
    rows = _exact(rows)
    return tf.linalg.matvec(rows, tf.ones(tf.shape(rows)[:1], rows.dtype), transpose_a=True)


def _exact(rows: Tensor) -> Tensor:
    """Cast half precision to single, so that long sums stay precise."""
    return tf.cast(rows, tf.float32) if rows.dtype in (tf.float16, tf.bfloat16) else rows


def cell_equations(cell: keras.Layer) -> Callable[..., Equations] | None:
    """Return a function from a cell's weights to its equations.

    It is None for cells of other modules, or with other activations than the standard ones.
    """
    activation = _standard(cell.activation)
    if type(cell) is SimpleRNNCell:
        return partial(SimpleRNNEquations, activation) if activation else None
    if type(cell) not in (SimplifiedGRUCell, GRUCell, LSTMCell) or activation != "tanh":
        return None
    if _standard(cell.recurrent_activation) != "sigmoid":
        return None
    if type(cell) is GRUCell:
        return ResetAfterGRUEquations if cell.reset_after else GRUEquations
    return SimplifiedGRUEquations if type(cell) is SimplifiedGRUCell else LSTMEquations


def _standard(activation: Any) -> str | None:
    """Return the name of a Keras activation in ``D_ACTIVATIONS``; None for any other."""
    known = (name for name in D_ACTIVATIONS if activation is keras.activations.get(name))
    return next(known, None)
