"""Pooling of a sequence of vectors to one vector."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, get_args

import keras
from keras import ops

from toolkit.errors import OptionError

Mode = Literal["last", "mean", "max", "concat", "attention"]
#: The modes of which ``concat`` joins the vectors, in their order.
PARTS: tuple[Mode, ...] = ("last", "mean", "max")


@keras.saving.register_keras_serializable(package="toolkit")
class SequencePooling(keras.layers.Layer):
    """Pooling of sequences [B, T, H] to vectors [B, P]; empty rows give zeros.

    - ``last``: the state at the last step that is not masked.
    - ``mean``: the mean over the steps that are not masked.
    - ``max``: the largest value of each unit (Collobert et al. 2011, "Natural Language
      Processing (Almost) from Scratch", section 3.2.2).
    - ``concat``: the concatenation of these three (Howard and Ruder 2018, "Universal Language Model
      Fine-tuning for Text Classification", section 3.3, has another order); P is 3 H, and else H.
    - ``attention``: a weighted mean with learnt weights (Yang et al. 2016, "Hierarchical
      Attention Networks for Document Classification", equations 5 to 7)::

          u(t) = tanh(W h(t) + b);  a = softmax(u(t) . v);  s = sum over t of a(t) h(t)

      with ``kernel`` W [H, H], ``bias`` b [H] and ``context`` v [H].

    Args:
        mode: The kind of pooling.
        bidirectional: Whether the first half of the units reads forwards and the second half
            backwards: ``last`` then takes the backward half at the first step that is not masked,
            where it has read the whole sequence.
        **kwargs: Arguments of ``keras.layers.Layer``.

    Raises:
        OptionError: The mode is unknown.
    """

    def __init__(self, mode: Mode = "max", bidirectional: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if mode not in get_args(Mode):
            raise OptionError(f"mode is {mode!r}; it must be one of {', '.join(get_args(Mode))}")
        self.mode = mode
        self.bidirectional = bidirectional
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights of ``attention`` for inputs [B, T, H]."""
        self.units = int(input_shape[-1] or 0)
        if self.mode == "attention":
            units = self.units
            self.kernel = self.add_weight(name="kernel", shape=(units, units))
            self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
            self.context = self.add_weight(
                name="context", shape=(units,), initializer="random_normal"
            )
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Pool [B, T, H] to [B, P] over the steps where ``mask`` [B, T] is true."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], dtype="bool")
        pool: dict[str, Callable[[Any, Any], Any]] = {
            "last": self._last,
            "mean": self._mean,
            "max": partial(self._max, training=training),
            "concat": partial(self._concat, training=training),
            "attention": self._attention,
        }
        return pool[self.mode](inputs, mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return no mask, because the output has no steps."""
        return

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Map [B, T, H] to [B, P]."""
        units = input_shape[-1]
        return (input_shape[0], 3 * units if self.mode == "concat" and units else units)

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "mode": self.mode, "bidirectional": self.bidirectional}

    # Pooling of a sequence whose steps arrive one by one

    @property
    def memory_sizes(self) -> list[int]:
        """The sizes of what ``step`` remembers: the number of steps, and what the mode needs."""
        if self.mode == "attention":  # the weighted sum; the largest score and the sum of weights
            return [1, self.units, 2]
        return [1, *[self.units] * (len(PARTS) if self.mode == "concat" else 1)]

    def step(self, h: Any, memory: Sequence[Any]) -> list[Any]:
        """Return the memory after a step with the state ``h`` [B, H], in single precision.

        Args:
            h: The state.
            memory: The memory before, [B, M] each; zeros before the first step.
        """
        h = ops.cast(h, "float32")
        count, *kept = memory
        if self.mode == "attention":
            total, (largest, weights) = kept[0], ops.split(kept[1], 2, axis=-1)
            score = self._score(h)
            largest = ops.where(count > 0, largest, score)
            new = ops.maximum(largest, score)
            old_share, share = ops.exp(largest - new), ops.exp(score - new)
            pair = ops.concatenate([new, old_share * weights + share], axis=-1)
            return [count + 1, old_share * total + share * h, pair]
        update = {
            "last": lambda _: h,
            "mean": lambda total: total + h,
            "max": lambda largest: ops.where(count > 0, ops.maximum(largest, h), h),
        }
        modes = PARTS if self.mode == "concat" else [self.mode]
        return [count + 1, *(update[mode](part) for mode, part in zip(modes, kept, strict=True))]

    def summary(self, memory: Sequence[Any]) -> Any:
        """Return the vector [B, P] of the steps so far, at least one of which was taken."""
        count, *kept = memory
        if self.mode == "attention":
            return kept[0] / kept[1][:, 1:]
        modes = PARTS if self.mode == "concat" else [self.mode]
        parts = [
            part / count if mode == "mean" else part for mode, part in zip(modes, kept, strict=True)
        ]
        return ops.concatenate(parts, axis=-1)

    def _score(self, h: Any) -> Any:
        """Return the scores [..., 1] of states [..., H] for ``attention``."""
        u = ops.tanh(ops.matmul(h, self.kernel) + self.bias)
        return ops.matmul(u, self.context[:, None])

    def _last(self, h: Any, mask: Any) -> Any:
        steps = ops.arange(ops.shape(h)[1], dtype="int32")
        last = ops.max(ops.where(mask, steps, -1), axis=1, keepdims=True, initial=-1)  # [B, 1]
        at_last = ops.cast(steps == last, h.dtype)  # [B, T], all zero in empty rows
        if not self.bidirectional:
            return ops.einsum("bt,bth->bh", at_last, h)
        never = ops.shape(h)[1]
        first = ops.min(ops.where(mask, steps, never), axis=1, keepdims=True, initial=never)
        at_first = ops.cast(steps == first, h.dtype)
        forward, backward = ops.split(h, 2, axis=-1)
        return ops.concatenate(
            [
                ops.einsum("bt,bth->bh", at_last, forward),
                ops.einsum("bt,bth->bh", at_first, backward),
            ],
            axis=-1,
        )

    def _mean(self, h: Any, mask: Any) -> Any:
        weights = ops.cast(mask, h.dtype)
        count = ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)
        return ops.einsum("bt,bth->bh", weights / count, h)

    def _max(self, h: Any, mask: Any, training: bool) -> Any:
        if training and keras.backend.backend() == "tensorflow":
            from toolkit.layers.fused import fused_masked_max

            return fused_masked_max(h, mask)
        lowest = -float("inf")
        largest = ops.max(ops.where(mask[:, :, None], h, lowest), axis=1, initial=lowest)
        return ops.where(ops.any(mask, axis=1, keepdims=True), largest, 0)

    def _concat(self, h: Any, mask: Any, training: bool) -> Any:
        parts = [self._last(h, mask), self._mean(h, mask), self._max(h, mask, training)]  # PARTS
        return ops.concatenate(parts, axis=-1)

    def _attention(self, h: Any, mask: Any) -> Any:
        score = ops.cast(self._score(h)[:, :, 0], "float32")  # [B, T]
        score = ops.where(mask, score, -1e9)
        weights = ops.cast(ops.softmax(score, axis=1), h.dtype) * ops.cast(mask, h.dtype)
        return ops.einsum("bt,bth->bh", weights, h)
