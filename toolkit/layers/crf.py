"""A linear-chain conditional random field."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from toolkit.errors import OptionError
from toolkit.options import positive_integer

#: The score of forbidden transitions: finite, so that gradients are finite, and its exponential is
#: 0.
FORBIDDEN = -1e9


@keras.saving.register_keras_serializable(package="toolkit")
class CRF(keras.layers.Layer):
    """A distribution over sequences of tags, from scores of tags and of transitions.

    A path y of tags has the score (Lafferty, McCallum and Pereira 2001, section 3; Lample et al.
    2016, section 2.2) ::

        s(y) = start[y_1] + sum over t of emissions[t, y_t]
               + sum over t > 1 of transitions[y_(t-1), y_t] + end[y_T]

    and the probability exp(s(y)) divided by the sum of that over all paths. All methods take
    ``emissions`` [B, T, C] and a ``mask`` [B, T], true where there is a step; a masked step is
    skipped, so that its neighbours are adjacent. A row without steps has one path, the empty one.
    Numbers are float32, or float64 if the layer's weights are.

    A forbidden transition has the score ``FORBIDDEN``: it is never on the best path if there is a
    legal path, its probability is 0, and gradients stay finite. A forbidden path has a
    log-likelihood of about that number.

    Args:
        tags: C, the number of tags.
        start: Whether each tag may be the first [C]; None for all.
        transitions: Whether each tag (column) may follow each other tag (row) [C, C].
        end: Whether each tag may be the last [C].
        trainable_transitions: Whether scores of starts, transitions and ends are learnt. Otherwise
            all allowed ones have score 0: the steps are independent except for forbidden
            transitions.
        **kwargs: Arguments of ``keras.layers.Layer``.

    Raises:
        OptionError: ``start``, ``transitions`` or ``end`` has another shape, or ``tags`` is no
            positive integer.
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
        super().__init__(autocast=False, **kwargs)
        self.tags = tags = positive_integer("tags", tags)
        self.trainable_transitions = trainable_transitions
        self.supports_masking = True
        self.precision = keras.backend.result_type(self.variable_dtype, "float32")
        self.allowed = {
            "start": _allowed("start", start, (tags,)),
            "transitions": _allowed("transitions", transitions, (tags, tags)),
            "end": _allowed("end", end, (tags,)),
        }
        self.scores = {}
        if trainable_transitions:
            self.scores = {
                name: self.add_weight(
                    name=name,
                    shape=allowed.shape,
                    initializer="zeros",
                    dtype=self.precision,
                    autocast=False,
                )
                for name, allowed in self.allowed.items()
            }
        self.built = True

    def call(self, emissions: Any, mask: Any = None) -> Any:
        """Return the best tags [B, T]; see ``viterbi``."""
        return self.viterbi(emissions, mask)[0]

    def log_conditionals(
        self, emissions: Any, tags: Any, mask: Any = None, training: bool = False
    ) -> Any:
        """Return log p(y_t | y_(t-1), x) for each step of a path; log p(y_1 | x) for the first.

        Their sum is the log-likelihood of the path. Each is the log-softmax over j, at y_t, of ::

            transitions[y_(t-1), j] + emissions[t, j] + after[t, j]

        or, at the first step, of that with ``start[j]``; ``after`` is the result of ``messages``.

        Args:
            emissions: [B, T, C].
            tags: [B, T], whole numbers below C; any number where masked.
            mask: [B, T].
            training: Whether a gradient is needed: TensorFlow then uses the hand-written one, which
                graphs to be saved must not contain.

        Returns:
            [B, T], 0 where masked.
        """
        emissions, mask = self._by_time(emissions, mask)
        tags = ops.where(mask, ops.cast(ops.transpose(tags), "int32"), 0)
        follow, end = self._follow_and_end()
        scores = emissions + _sums(emissions, mask, follow[:-1], end, training)
        scores += ops.take(follow, _previous(tags, mask, start=self.tags), axis=0)
        return ops.transpose(ops.where(mask, _at(tags, ops.log_softmax(scores)), 0))

    def log_likelihood(
        self, emissions: Any, tags: Any, mask: Any = None, training: bool = False
    ) -> Any:
        """Return log p(y | x) of paths [B, T]: the sums [B] of ``log_conditionals``."""
        return ops.sum(self.log_conditionals(emissions, tags, mask, training), axis=1)

    def marginals(self, emissions: Any, mask: Any = None) -> Any:
        """Return p(y_t = j | x) of each tag at each step: [B, T, C], 0 where masked."""
        result = ops.exp(self.log_marginals(emissions, mask))
        if mask is None:
            return result
        return ops.where(ops.cast(mask, "bool")[:, :, None], result, 0)

    def log_marginals(self, emissions: Any, mask: Any = None) -> Any:
        """Return log p(y_t = j | x) of each tag at each step: [B, T, C], any number where masked.

        It is the log-softmax over j of ``before[t, j] + emissions[t, j] + after[t, j]``, messages
        from either side: the forward-backward algorithm (Sutton and McCallum 2012, section 4.1).
        """
        emissions, mask = self._by_time(emissions, mask)
        follow, end = self._follow_and_end()
        after = _sums(emissions, mask, follow[:-1], end)
        before = _sums_before(emissions, mask, follow)
        return ops.swapaxes(ops.log_softmax(before + emissions + after), 0, 1)

    def viterbi(self, emissions: Any, mask: Any = None) -> tuple[Any, Any]:
        """Return the best path and its score by Viterbi's algorithm.

        See Sutton and McCallum 2012, section 4.1. The messages hold the score of the best path
        after each tag, so that, from the start on, the best tag is chosen given the previous one.

        Returns:
            Its tags, int32 [B, T], 0 where masked; and ``s(y)`` [B].
        """
        emissions, mask = self._by_time(emissions, mask)
        follow, end = self._follow_and_end()
        tags = _best_path(emissions, mask, follow, end)
        last, previous = tags[-1], _shifted(tags, self.tags)
        tags = ops.where(mask, tags, 0)
        scores = ops.where(mask, _at(tags, ops.take(follow, previous, axis=0) + emissions), 0)
        ends = ops.take(ops.pad(end, [(0, 1)]), last)  # an empty row ends at the start
        return ops.transpose(tags), ops.sum(scores, axis=0) + ends

    def answer(self, emissions: Any, mask: Any = None) -> tuple[Any, Any, Any]:
        """Return the best path with the probabilities of its tags.

        It gives what ``viterbi``, ``marginals`` and ``log_conditionals`` give, on TensorFlow in two
        loops over time instead of five.

        Returns:
            The tags of the best path, int32 [B, T], 0 where masked; p(y_t | x) of each of them, 0
            where masked; and p(y_t | y_(t-1), x), 1 where masked.
        """
        emissions, mask = self._by_time(emissions, mask)
        follow, end = self._follow_and_end()
        tags, before, after = _best_path_and_sums(emissions, mask, follow, end)
        previous, tags = _shifted(tags, self.tags), ops.where(mask, tags, 0)
        scores = emissions + after
        given = scores + ops.take(follow, previous, axis=0)
        alone, given = (
            ops.exp(_at(tags, ops.log_softmax(logits))) for logits in (before + scores, given)
        )
        results = tags, ops.where(mask, alone, 0), ops.where(mask, given, 1)
        return tuple(ops.transpose(result) for result in results)

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {
            **super().get_config(),
            "tags": self.tags,
            **{name: allowed.tolist() for name, allowed in self.allowed.items()},
            "trainable_transitions": self.trainable_transitions,
        }

    def _by_time(self, emissions: Any, mask: Any) -> tuple[Any, Any]:
        """Return emissions [T, B, C], 0 where masked, and their mask [T, B]."""
        emissions = ops.swapaxes(ops.cast(emissions, self.precision), 0, 1)
        if mask is None:
            return emissions, ops.ones(ops.shape(emissions)[:2], dtype="bool")
        mask = ops.transpose(ops.cast(mask, "bool"))
        return ops.where(mask[:, :, None], emissions, 0), mask

    def transition_scores(self) -> dict[str, Any]:
        """Return ``start`` [C], ``transitions`` [C, C] and ``end`` [C] of ``s(y)``."""
        scores = {name: ops.convert_to_tensor(weight) for name, weight in self.scores.items()}
        return {
            name: ops.where(allowed, scores.get(name, ops.zeros((), self.precision)), FORBIDDEN)
            for name, allowed in self.allowed.items()
        }

    def _follow_and_end(self) -> tuple[Any, Any]:
        """Return the scores of tags after tags or the start [C + 1, C], and of ends [C]."""
        start, transitions, end = self.transition_scores().values()
        return ops.concatenate([transitions, start[None]], axis=0), end


def messages(
    total: Callable[..., Any], emissions: Any, mask: Any, transitions: Any, last: Any
) -> Any:
    """Return the ``total`` over all continuations of tag i at step t.

    It is ``last`` after the last step, and before that ::

        after[t - 1, i] = total over j of transitions[i, j] + emissions[t, j] + after[t, j]

    minus the largest value of the step, so that numbers stay small for long chains.

    Args:
        total: ``ops.logsumexp`` or ``ops.max``.
        emissions: [T, B, C].
        mask: [T, B].
        transitions: [C, C].
        last: [C].

    Returns:
        ``after`` [T, B, C].
    """

    def step(after: Any, scores: Any, real: Any) -> tuple[Any, Any]:
        new = total(transitions + (scores + after)[:, None, :], axis=-1)
        new -= ops.max(new, axis=-1, keepdims=True)
        return ops.where(real[:, None], new, after), after

    last = ops.broadcast_to(last - ops.max(last), ops.shape(emissions)[1:])
    return _scan(step, last, emissions, mask, reverse=True)


def _sums(emissions: Any, mask: Any, transitions: Any, last: Any, training: bool = False) -> Any:
    """Return ``messages`` with ``logsumexp``, by a faster method on TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return messages(ops.logsumexp, emissions, mask, transitions, last)
    from toolkit.layers.sum_product import sum_product

    return sum_product(emissions, mask, transitions, last, impossible=FORBIDDEN, by_hand=training)


def _sums_before(emissions: Any, mask: Any, follow: Any) -> Any:
    """Return the same from the other side: ``before`` [T, B, C], with ``follow`` [C + 1, C]."""
    turned, turned_mask = ops.flip(emissions, axis=0), ops.flip(mask, axis=0)
    before = _sums(turned, turned_mask, ops.transpose(follow[:-1]), follow[-1])
    return ops.flip(before, axis=0)


def _best_path(emissions: Any, mask: Any, follow: Any, end: Any) -> Any:
    """Return the best path, int32 [T, B], where a masked step has the tag of the step before.

    Before the first step it has the number C.
    """
    after = messages(ops.max, emissions, mask, follow[:-1], end)

    def step(tag: Any, scores: Any, real: Any) -> tuple[Any, Any]:
        best = ops.argmax(ops.take(follow, tag, axis=0) + scores, axis=-1)
        tag = ops.where(real, ops.cast(best, "int32"), tag)
        return tag, tag

    start = ops.full(ops.shape(mask)[1:], follow.shape[1], dtype="int32")
    return _scan(step, start, emissions + after, mask)


def _best_path_and_sums(emissions: Any, mask: Any, follow: Any, end: Any) -> tuple[Any, Any, Any]:
    """Return ``_best_path``, ``_sums_before`` and ``_sums``."""
    if keras.backend.backend() != "tensorflow":
        before = _sums_before(emissions, mask, follow)
        after = _sums(emissions, mask, follow[:-1], end)
        return _best_path(emissions, mask, follow, end), before, after
    from toolkit.layers.sum_product import best_path_and_sums

    return best_path_and_sums(emissions, mask, follow, end, impossible=FORBIDDEN)


def _scan(
    step: Callable[..., Any], first: Any, values: Any, mask: Any, reverse: bool = False
) -> Any:
    """Return the results of ``step`` at values [T, B, C] and their mask [T, B].

    They are scanned as one array, because for several arrays Keras on TensorFlow needs static
    lengths.
    """
    both = ops.concatenate([values, ops.cast(mask, values.dtype)[:, :, None]], axis=-1)
    return ops.scan(
        lambda carry, at: step(carry, at[:, :-1], at[:, -1] > 0), first, both, reverse=reverse
    )[1]


def _shifted(tags: Any, start: int) -> Any:
    """Return the tag before each step of a path [T, B]; ``start`` before the first."""
    return ops.pad(tags[:-1], [(1, 0), (0, 0)], constant_values=start)


def _previous(tags: Any, mask: Any, start: int) -> Any:
    """Return the tag before each step [T, B] of tags [T, B]; ``start`` before the first."""
    tags, mask = ops.transpose(tags), ops.transpose(mask)  # gathers are faster along the last axis
    steps = ops.shape(tags)[1]
    position = ops.arange(steps, dtype="int32")
    order = ops.argsort(ops.where(mask, position, position + steps), axis=1)  # masked ones last
    tags = ops.pad(
        ops.take_along_axis(tags, order, axis=1), [(0, 0), (1, 0)], constant_values=start
    )
    number = ops.cumsum(ops.cast(mask, "int32"), axis=1) - ops.cast(mask, "int32")
    return ops.transpose(ops.take_along_axis(tags, number, axis=1))


def _at(tags: Any, values: Any) -> Any:
    """Return the values of tags [T, B] among values [T, B, C]."""
    return ops.take_along_axis(values, tags[:, :, None], axis=-1)[:, :, 0]


def _allowed(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if values is None:
        return np.ones(shape, bool)
    allowed = np.asarray(values, bool)
    if allowed.shape != shape:
        raise OptionError(f"{name} has the shape {allowed.shape}; it must be {shape}")
    return allowed
