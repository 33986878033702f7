"""Attention: for each query, a weighted mean of the values of a memory."""

from typing import Any, Literal, get_args

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.options import positive_integer

Score = Literal["additive", "multiplicative"]


@keras.saving.register_keras_serializable(package="toolkit")
class Attention(keras.layers.Layer):
    """The context of each query: a weighted mean of the values of a memory.

    ::

        a(t, s) = softmax over s of score(q(t), m(s));  c(t) = sum over s of a(t, s) m(s)

    - ``additive`` (Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align
      and Translate", appendix A.1.2): score(q, m) = v . tanh(W q + U m), with ``query_kernel`` W
      [Q, A], ``key_kernel`` U [M, A], ``bias`` [A] and ``scale`` v [A]
    - ``multiplicative`` (Luong et al. 2015, "Effective Approaches to Attention-based Neural Machine
      Translation", equation 8, "general"): score(q, m) = q . U m, with ``key_kernel`` U [M, Q]

    The memory's part of the scores, U m, does not depend on the queries, and ``keys`` computes it
    once. Queries may be time steps or the hypotheses of a beam.

    Args:
        score: The kind of score.
        units: A, for the additive score; None for the size of the queries.
        **kwargs: Arguments of ``keras.layers.Layer``.

    Raises:
        OptionError: The score is unknown, or ``units`` is no positive integer.
    """

    def __init__(self, score: Score = "additive", units: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if score not in get_args(Score):
            known = ", ".join(get_args(Score))
            raise OptionError(f"score is {score!r}; it must be one of {known}")
        self.score = score
        self.units = None if units is None else positive_integer("units", units)

    def build(self, queries_shape: Any, memory_shape: Any = None) -> None:
        """Make the weights for queries [B, T, Q] and a memory [B, S, M].

        Args:
            queries_shape: The shape of the queries.
            memory_shape: The shape of the memory.
        """
        units = queries_shape[-1]
        if self.score == "additive":
            units = self.units or units
            self.query_kernel = self.add_weight(
                name="query_kernel", shape=(queries_shape[-1], units)
            )
            self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
            self.scale = self.add_weight(name="scale", shape=(units, 1))
        self.key_kernel = self.add_weight(name="key_kernel", shape=(memory_shape[-1], units))
        self.built = True

    def keys(self, memory: Any) -> Any:
        """Return the part of the scores [B, S, A] that depends on a memory [B, S, M] alone."""
        return ops.matmul(memory, ops.cast(self.key_kernel, memory.dtype))

    def call(self, queries: Any, memory: Any, keys: Any, mask: Any = None) -> tuple[Any, Any]:
        """Return the contexts of queries.

        Args:
            queries: [B, T, Q].
            memory: [B, S, M].
            keys: The result of ``keys`` for the memory [B, S, A].
            mask: Bool [B, S]; false excludes a step of the memory.

        Returns:
            The contexts [B, T, M]; and the weights, float32 [B, T, S], which sum to one over S, or
            are all zero if the whole memory is masked.
        """
        if self.score == "additive":
            projected = ops.matmul(queries, self.query_kernel) + self.bias  # [B, T, A]
            hidden = ops.tanh(projected[:, :, None] + keys[:, None])  # [B, T, S, A]
            scores = ops.matmul(hidden, self.scale)[:, :, :, 0]
        else:
            scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        scores = ops.cast(scores, "float32")
        allowed = ops.ones_like(keys[:, None, :, 0], "bool") if mask is None else mask[:, None]
        scores = ops.where(allowed, scores, -1e9)
        shares = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True))
        shares = ops.where(allowed, shares, 0.0)
        weights = shares / ops.maximum(ops.sum(shares, axis=-1, keepdims=True), 1e-9)
        return ops.matmul(ops.cast(weights, memory.dtype), memory), weights

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "score": self.score, "units": self.units}
