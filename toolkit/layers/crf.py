"""A linear-chain conditional random field: tags that depend on their neighbours."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

#: The score of what is forbidden: finite, so that gradients are, and its exponential is 0.
FORBIDDEN = -1e9


@keras.saving.register_keras_serializable(package="toolkit")
class CRF(keras.layers.Layer):
    """Scores of tags at each step [B, T, C], and of transitions between them, as one distribution.

    A path y of tags has the score (Lafferty, McCallum and Pereira 2001, section 3; Lample et al.
    2016, section 2.2) ::

        s(y) = start[y_1] + sum over t of emissions[t, y_t]
               + sum over t > 1 of transitions[y_(t-1), y_t] + end[y_T]

    and the probability exp(s(y)) divided by the sum of that over all paths. All methods take
    ``emissions`` [B, T, C] and a ``mask`` [B, T], true where there is a step; a masked step is as
    if it were not there, so that its neighbours touch. A row without steps has one path, the empty
    one.

    What is forbidden scores ``FORBIDDEN``: it is never the best path where there is a legal one,
    its probability is 0, and gradients stay finite. Should right tags be forbidden, their
    log-likelihood is about that number.

    Args:
        tags: C, how many tags there are.
        start: Which tags may come first [C]; all of them when None.
        transitions: Which tag (column) may follow which (row) [C, C].
        end: Which tags may come last [C].
        trainable_transitions: Whether scores of starts, transitions and ends are learnt. Otherwise
            all that are allowed score 0: the steps are independent but for what is forbidden.
    """

    def __init__(
        self,
        tags: int,
        *,
        start: ArrayLike | None = None,
        transitions: ArrayLike | None = None,
        end: ArrayLike | None = None,
        trainable_transitions: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tags = tags
        self.trainable_transitions = trainable_transitions
        self.allowed = {
            name: np.ones(shape, bool) if given is None else np.asarray(given, bool)
            for name, given, shape in (
                ("start", start, (tags,)),
                ("transitions", transitions, (tags, tags)),
                ("end", end, (tags,)),
            )
        }

    def build(self, input_shape: Any = None) -> None:
        """Makes ``start`` [C], ``transitions`` [C, C] and ``end`` [C], if they are learnt."""
        self.scores = {}
        if self.trainable_transitions:
            self.scores = {
                name: self.add_weight(name=name, shape=allowed.shape, initializer="zeros")
                for name, allowed in self.allowed.items()
            }
        self.built = True

    def call(self, emissions: Any, mask: Any = None) -> Any:
        """The best tags [B, T]; see ``viterbi``."""
        return self.viterbi(emissions, mask)[0]

    def log_conditionals(self, emissions: Any, tags: Any, mask: Any = None) -> Any:
        """log p(y_t | y_(t-1), x) for each step of a path [B, T]; log p(y_1 | x) for the first.

        Their sum is the log-likelihood of the path. With ``after_t(i)`` as in ``_after`` it is ::

            transitions[y_(t-1), y_t] + emissions[t, y_t] + after_t(y_t) - after_(t-1)(y_(t-1))

        Args:
            emissions: [B, T, C].
            tags: [B, T] whole numbers below C.
            mask: [B, T].

        Returns:
            [B, T], 0 where masked.
        """
        chain = _Chain(emissions, mask, self.variable_dtype)
        tags = chain.compact(ops.cast(tags, "int32"))
        start, transitions, _ = self._all_scores()
        after = self._after(chain)
        whole = ops.logsumexp(start + chain.emissions[:, 0] + after[:, 0], axis=-1)  # [B]

        here = ops.take_along_axis(chain.emissions + after, tags[:, :, None], axis=-1)[:, :, 0]
        of_pair = ops.take(ops.reshape(transitions, (-1,)), tags[:, :-1] * self.tags + tags[:, 1:])
        behind = ops.take_along_axis(after[:, :-1], tags[:, :-1, None], axis=-1)[:, :, 0]
        before = ops.concatenate(
            [(ops.take(start, tags[:, 0]) - whole)[:, None], of_pair - behind], axis=1
        )
        return chain.scatter(ops.where(chain.mask, here + before, 0))

    def log_likelihood(self, emissions: Any, tags: Any, mask: Any = None) -> Any:
        """log p(y | x) of paths ``tags`` [B, T]: [B]."""
        return ops.sum(self.log_conditionals(emissions, tags, mask), axis=1)

    def marginals(self, emissions: Any, mask: Any = None) -> Any:
        """p(y_t = i | x) of each tag at each step: [B, T, C], 0 where masked.

        The forward-backward algorithm (Sutton and McCallum 2012, section 4.1).
        """
        chain = _Chain(emissions, mask, self.variable_dtype)
        before, after = self._before(chain), self._after(chain)
        # Where a step is, before and after add up to the same whole at each step.
        found = ops.softmax(before + after, axis=-1)
        return chain.scatter(ops.where(chain.mask[:, :, None], found, 0))

    def viterbi(self, emissions: Any, mask: Any = None) -> tuple[Any, Any]:
        """The best path and its score (Sutton and McCallum 2012, section 4.1).

        Returns:
            Its tags, int32 [B, T], 0 where masked; and ``s(y)`` [B].
        """
        chain = _Chain(emissions, mask, self.variable_dtype)
        start, transitions, end = self._all_scores()

        def step(best: Any, at: Any) -> tuple[Any, Any]:
            emission, mask = at[:, :-1], at[:, -1:] > 0
            reached = ops.max(best[:, :, None] + transitions, axis=1) + emission
            return ops.where(mask, reached, best), best

        steps = chain.steps()
        best, before = ops.scan(step, start + chain.emissions[:, 0], steps)
        last = ops.cast(ops.argmax(best + end, axis=-1), "int32")

        def trace(tag: Any, at: Any) -> tuple[Any, Any]:
            best, mask = at[:, :-1], at[:, -1] > 0
            through = best + ops.take(ops.transpose(transitions), tag, axis=0)
            return ops.where(mask, ops.cast(ops.argmax(through, axis=-1), "int32"), tag), tag

        first, rest = ops.scan(trace, last, _side_by_side(before, steps[:, :, -1:]), reverse=True)
        tags = ops.concatenate([first[:, None], ops.transpose(rest)], axis=1)
        score = ops.where(chain.mask[:, 0], ops.max(best + end, axis=-1), 0)
        return chain.scatter(ops.where(chain.mask, tags, 0)), score

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {
            **super().get_config(),
            "tags": self.tags,
            **{name: allowed.tolist() for name, allowed in self.allowed.items()},
            "trainable_transitions": self.trainable_transitions,
        }

    def _all_scores(self) -> list[Any]:
        """The scores of starts [C], transitions [C, C] and ends [C]."""
        return [
            ops.where(allowed, self.scores[name] if self.scores else 0.0, FORBIDDEN)
            for name, allowed in self.allowed.items()
        ]

    def _after(self, chain: "_Chain") -> Any:
        """The log of the sum over all that can follow tag i at step t: [B, T, C].

        ``after_(t-1)(i)`` is the log of the sum over j of ``exp(transitions[i, j] +
        emissions[t, j] + after_t(j))``, and ``end`` after the last step.
        """
        _, transitions, end = self._all_scores()

        def step(after: Any, at: Any) -> tuple[Any, Any]:
            emission, mask = at[:, :-1], at[:, -1:] > 0
            through = transitions + (emission + after)[:, None, :]
            return ops.where(mask, ops.logsumexp(through, axis=-1), after), after

        last = ops.broadcast_to(end, ops.shape(chain.emissions[:, 0]))
        first, rest = ops.scan(step, last, chain.steps(), reverse=True)
        return ops.concatenate([first[:, None], ops.swapaxes(rest, 0, 1)], axis=1)

    def _before(self, chain: "_Chain") -> Any:
        """The log of the sum over all ways to tag j at step t, the step with it: [B, T, C]."""
        start, transitions, _ = self._all_scores()

        def step(before: Any, at: Any) -> tuple[Any, Any]:
            emission, mask = at[:, :-1], at[:, -1:] > 0
            through = before[:, :, None] + transitions
            reached = ops.logsumexp(through, axis=1) + emission
            before = ops.where(mask, reached, before)
            return before, before

        first = start + chain.emissions[:, 0]
        _, rest = ops.scan(step, first, chain.steps())
        return ops.concatenate([first[:, None], ops.swapaxes(rest, 0, 1)], axis=1)


class _Chain:
    """Emissions with the steps that are masked moved behind the others, and back again.

    Behind all stands one masked step more, so that there is always one to scan.

    Args:
        emissions: [B, T, C].
        mask: [B, T], or None.
        dtype: What is computed in.
    """

    def __init__(self, emissions: Any, mask: Any, dtype: str) -> None:
        emissions = ops.cast(emissions, dtype)
        size = ops.shape(emissions)[:2]
        mask = ops.ones(size, dtype="bool") if mask is None else ops.cast(mask, "bool")
        position = ops.broadcast_to(ops.arange(size[1], dtype="int32"), size)
        self.order = ops.argsort(ops.where(mask, position, position + size[1]), axis=1)
        self.mask = self.compact(mask)
        self.emissions = self.compact(emissions)

    def compact(self, values: Any) -> Any:
        """Values [B, T, ...] in the order in which the chain has them [B, T + 1, ...]."""
        one_more = [[0, 0], [0, 1], *[[0, 0]] * (len(values.shape) - 2)]
        return ops.pad(_reordered(values, self.order), one_more)

    def scatter(self, values: Any) -> Any:
        """The inverse of ``compact``."""
        return _reordered(values[:, :-1], ops.argsort(self.order, axis=1))

    def steps(self) -> Any:
        """What is scanned, of all steps but the first: emissions and mask [T - 1, B, C + 1]."""
        mask = ops.cast(self.mask[:, 1:, None], self.emissions.dtype)
        return ops.swapaxes(_side_by_side(self.emissions[:, 1:], mask), 0, 1)


def _side_by_side(values: Any, mask: Any) -> Any:
    """[..., C] and [..., 1] as one; Keras on TensorFlow scans a single array of any length."""
    return ops.concatenate([values, mask], axis=-1)


def _reordered(values: Any, order: Any) -> Any:
    if len(values.shape) == 3:
        order = order[:, :, None]
    return ops.take_along_axis(values, order, axis=1)
