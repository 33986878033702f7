"""The cells' equations and their derivatives, for the time loop in ``bptt``; on TensorFlow.

What does not depend on the previous state is computed for all steps at once, before the loop
(``project``) and after it (``gradients``). Shapes: T steps, B rows, D inputs, H units.

Within a step, d_a stands for the derivative of the loss by a. The factors g'(a) are taken from
the activations themselves: sigmoid' = s (1 - s), tanh' = 1 - t^2 and relu' = (r > 0).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from toolkit.cells import GRUCell, SimpleRNNCell, SimplifiedGRUCell

Tensor = Any
D_ACTIVATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # (g(a), d_g) -> d_a
    "tanh": lambda y, dy: tf.raw_ops.TanhGrad(y=y, dy=dy),
    "sigmoid": lambda y, dy: tf.raw_ops.SigmoidGrad(y=y, dy=dy),
    "relu": lambda y, dy: tf.raw_ops.ReluGrad(features=y, gradients=dy),
}
_d_tanh, _d_sigmoid = D_ACTIVATIONS["tanh"], D_ACTIVATIONS["sigmoid"]


class Equations(ABC):
    """One cell, given its weights.

    ``kept`` and ``rows`` are the sizes of what ``forward`` and ``backward`` give beside the state.
    """

    kept: tuple[int, ...]
    rows: tuple[int, ...]

    @abstractmethod
    def project(self, x: Tensor) -> list[Tensor]:
        """The inputs' share of the pre-activations, [T, B, ...], of inputs [T, B, D]."""

    @abstractmethod
    def forward(self, x: list[Tensor], h: Tensor) -> tuple[Tensor, list[Tensor]]:
        """One step: the new state [B, H] and what its derivatives will need, [B, ...] each.

        ``x`` is one step of what ``project`` gave; ``h`` is the previous state.
        """

    @abstractmethod
    def transposed(self) -> list[Tensor]:
        """What ``backward`` multiplies by, turned once for all steps.

        A product of few rows by a matrix that is turned in the same go takes 1.6 to 5 times as long
        (measured on an AMD EPYC with 128 to 32 rows and 512 units).
        """

    @abstractmethod
    def backward(
        self, dh: Tensor, h: Tensor, kept: list[Tensor], transposed: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """One step back: d_h of the previous state, and what ``gradients`` will need."""

    @abstractmethod
    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """d_x and the gradient of each weight, one matrix product for all steps.

        All are the rows of all steps: ``x`` [T B, D], the previous states ``h`` [T B, H], and
        ``rows`` of what ``backward`` gave, [T B, ...] each.
        """


class OneProductEquations(Equations):
    """A cell whose pre-activations are a = x W + h U + b, all in one product."""

    def __init__(self, kernel: Tensor, recurrent: Tensor, bias: Tensor = None) -> None:
        self.kernel, self.recurrent, self.bias = kernel, recurrent, bias
        units, columns = recurrent.shape
        self.kept, self.rows = (units,) * (columns // units), (columns,)

    def project(self, x: Tensor) -> list[Tensor]:
        """x W + b."""
        return [_project(x, self.kernel, self.bias)]

    def transposed(self) -> list[Tensor]:
        """U'."""
        return [tf.transpose(self.recurrent)]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Of the kernel, the recurrent kernel and the bias."""
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

    def forward(self, x: list[Tensor], h: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Keep h'."""
        new = self.g(x[0] + tf.matmul(h, self.recurrent))
        return new, [new]

    def backward(
        self, dh: Tensor, h: Tensor, kept: list[Tensor], transposed: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Give d_a."""
        d_a = self.d_g(kept[0], dh)
        return tf.matmul(d_a, transposed[0]), [d_a]


class SimplifiedGRUEquations(OneProductEquations):
    """h' = h + u (c - h);  u = sigmoid(a_u), c = tanh(a_c)."""

    def forward(self, x: list[Tensor], h: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Keep u and c."""
        a_u, a_c = tf.split(x[0] + tf.matmul(h, self.recurrent), 2, axis=1)
        u, c = tf.sigmoid(a_u), tf.tanh(a_c)
        return h + u * (c - h), [u, c]

    def backward(
        self, dh: Tensor, h: Tensor, kept: list[Tensor], transposed: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Give [d_a_u, d_a_c]."""
        u, c = kept
        d_c = dh * u
        d_a = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_tanh(c, d_c)], 1)
        return dh - d_c + tf.matmul(d_a, transposed[0]), [d_a]


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
        """The columns of both gates, and of the candidate."""
        return weights[..., : 2 * self.units], weights[..., 2 * self.units :]

    def transposed(self) -> list[Tensor]:
        """U_ur' and U_c'."""
        return [tf.transpose(self.U_ur), tf.transpose(self.U_c)]

    def project(self, x: Tensor) -> list[Tensor]:
        """[T, B, 2 H] for the gates and [T, B, H] for the candidate."""
        return [_project(x, self.W_ur, self.b_ur), _project(x, self.W_c, self.b_c)]

    def forward(self, x: list[Tensor], h: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Keep u, r, c and p."""
        x_ur, x_c = x
        u, r = tf.split(tf.sigmoid(x_ur + tf.matmul(h, self.U_ur)), 2, axis=1)
        p = r * h
        c = tf.tanh(x_c + tf.matmul(p, self.U_c))
        return h + u * (c - h), [u, r, c, p]

    def backward(
        self, dh: Tensor, h: Tensor, kept: list[Tensor], transposed: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Give d_a_ur, d_a_c and p."""
        u, r, c, p = kept
        d_c = dh * u
        d_a_c = _d_tanh(c, d_c)
        d_p = tf.matmul(d_a_c, transposed[1])
        d_a_ur = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_sigmoid(r, d_p * h)], 1)
        through_gates = tf.matmul(d_a_ur, transposed[0])
        return tf.add_n([dh - d_c, d_p * r, through_gates]), [d_a_ur, d_a_c, p]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Of the kernel, the recurrent kernel and the bias [3 H]."""
        d_a_ur, d_a_c, p = rows
        weights = [
            tf.concat([_outer(x, d_a_ur), _outer(x, d_a_c)], 1),
            tf.concat([_outer(h, d_a_ur), _outer(p, d_a_c)], 1),
        ]
        if self.has_bias:
            weights.append(tf.concat([_sum(d_a_ur), _sum(d_a_c)], 0))
        return self.d_x(d_a_ur, d_a_c), weights

    def d_x(self, d_a_ur: Tensor, d_a_c: Tensor) -> Tensor:
        """The inputs' gradient [T B, D]."""
        through_gates = tf.matmul(d_a_ur, self.W_ur, transpose_b=True)
        return through_gates + tf.matmul(d_a_c, self.W_c, transpose_b=True)


class ResetAfterGRUEquations(GRUEquations):
    """As ``GRUEquations``, but c = tanh(x W_c + b_c + r q) with q = h U_c + b_q."""

    def __init__(self, kernel: Tensor, recurrent: Tensor, bias: Tensor = None) -> None:
        super().__init__(kernel, recurrent, None if bias is None else bias[0])
        self.b_q = None
        if bias is not None:
            of_gates, self.b_q = self.columns(bias[1])
            self.b_ur = self.b_ur + of_gates

    def forward(self, x: list[Tensor], h: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Keep u, r, c and q."""
        x_ur, x_c = x
        u, r = tf.split(tf.sigmoid(x_ur + tf.matmul(h, self.U_ur)), 2, axis=1)
        q = _add_bias(tf.matmul(h, self.U_c), self.b_q)
        c = tf.tanh(x_c + r * q)
        return h + u * (c - h), [u, r, c, q]

    def backward(
        self, dh: Tensor, h: Tensor, kept: list[Tensor], transposed: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Give d_a_ur, d_a_c and d_q."""
        u, r, c, q = kept
        d_c = dh * u
        d_a_c = _d_tanh(c, d_c)
        d_q = d_a_c * r
        d_a_ur = tf.concat([_d_sigmoid(u, dh * (c - h)), _d_sigmoid(r, d_a_c * q)], 1)
        through_gates = tf.matmul(d_a_ur, transposed[0])
        through_candidate = tf.matmul(d_q, transposed[1])
        return tf.add_n([dh - d_c, through_gates, through_candidate]), [d_a_ur, d_a_c, d_q]

    def gradients(self, x: Tensor, h: Tensor, rows: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Of the kernel, the recurrent kernel and the bias [2, 3 H]."""
        d_a_ur, d_a_c, d_q = rows
        weights = [
            tf.concat([_outer(x, d_a_ur), _outer(x, d_a_c)], 1),
            tf.concat([_outer(h, d_a_ur), _outer(h, d_q)], 1),
        ]
        if self.has_bias:
            of_gates = _sum(d_a_ur)
            of_inputs = tf.concat([of_gates, _sum(d_a_c)], 0)
            of_recurrence = tf.concat([of_gates, _sum(d_q)], 0)
            weights.append(tf.stack([of_inputs, of_recurrence]))
        return self.d_x(d_a_ur, d_a_c), weights


def _project(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """x W + b of all steps [T, B, ...], in one matrix product."""
    a = _add_bias(tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), kernel), bias)
    return tf.reshape(a, (*keras.ops.shape(x)[:2], kernel.shape[-1]))


def _add_bias(a: Tensor, bias: Tensor) -> Tensor:
    return a if bias is None else tf.nn.bias_add(a, bias)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """The sum over all rows of their outer products, in single precision at least."""
    return tf.matmul(_exact(left), _exact(right), transpose_a=True)


def _sum(rows: Tensor) -> Tensor:
    """The sum over all rows, as a matrix product, which is faster."""
    rows = _exact(rows)
    return tf.linalg.matvec(rows, tf.ones(tf.shape(rows)[:1], rows.dtype), transpose_a=True)


def _exact(rows: Tensor) -> Tensor:
    """Half precision as single: a long sum would lose what the loop step by step keeps."""
    return tf.cast(rows, tf.float32) if rows.dtype in (tf.float16, tf.bfloat16) else rows


def equations_of(cell: keras.Layer) -> Callable[..., Equations] | None:
    """What makes the equations of a cell from its weights.

    None where the cell is not the toolkit's own, or has other activations than the standard ones.
    """
    activation = _standard(cell.activation)
    if type(cell) is SimpleRNNCell:
        return partial(SimpleRNNEquations, activation) if activation else None
    if type(cell) not in (SimplifiedGRUCell, GRUCell) or activation != "tanh":
        return None
    if _standard(cell.recurrent_activation) != "sigmoid":
        return None
    if type(cell) is SimplifiedGRUCell:
        return SimplifiedGRUEquations
    return ResetAfterGRUEquations if cell.reset_after else GRUEquations


def _standard(activation: Any) -> str | None:
    """The name of a function of Keras's that ``D_ACTIVATIONS`` knows; None for any other."""
    known = (name for name in D_ACTIVATIONS if activation is keras.activations.get(name))
    return next(known, None)
