"""Integrated gradients: how the parts of an input add up to a score.

On the straight path from a baseline x' to an input x, with x(a) = x' + a (x - x')
(Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", equation 1)::

    attribution(i) = (x(i) - x'(i)) * integral over a from 0 to 1 of dF(x(a)) / dx(i)

The attributions add up to F(x) - F(x') (proposition 1, completeness). The paper's sum over equal
steps (equation 3) needs thousands of them for that where networks have kinks or saturate, so the
path is cut into pieces here: on each the gradients are integrated by a rule of five points, and the
piece's sum is compared with the difference of F over the piece, which is known exactly. The pieces
that differ most are halved until all differences together are small: globally adaptive quadrature
(Piessens et al. 1983, "QUADPACK", section 2.2.2) whose errors are no estimates.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

Tensor = Any

#: The sum of attributions differs from F(x) - F(x') by at most this, in the units of F.
TOLERANCE = 1e-3
#: The largest number of points at which F is evaluated.
MOST_POINTS = 4_000
#: Lobatto's rule of five points, exact for polynomials of degree 7 (Abramowitz and Stegun 1964,
#: formula 25.4.32 and table 25.6): places and weights on a piece of length 1. Its outermost points
#: are the ends of the piece, at which F is needed as well.
PLACES = np.array([0.0, (1 - np.sqrt(3 / 7)) / 2, 0.5, (1 + np.sqrt(3 / 7)) / 2, 1.0], np.float32)
WEIGHTS = np.array([1 / 20, 49 / 180, 16 / 45, 49 / 180, 1 / 20], np.float32)


class Attributions(NamedTuple):
    """How the elements of an input add up to its score.

    Attributes:
        values: The attributions, float32, of the shape of the input.
        score: F of the input, float32 [].
        baseline: F of the baseline, float32 [].
        error: The sum of the attributions minus the difference of both scores, float32 [].
    """

    values: Tensor
    score: Tensor
    baseline: Tensor
    error: Tensor


def integrated_gradients(
    score: Callable[[Tensor], Tensor],
    inputs: Tensor,
    baseline: Tensor,
    *,
    dimensions: int = 1,
    at_once: Tensor | int = 64,
    tolerance: float = TOLERANCE,
) -> Attributions:
    """Return the attributions of the elements of an input, in a ``tf.function`` or eagerly.

    The rule stops when the absolute differences of all pieces add up to half of the tolerance, or
    at ``MOST_POINTS``; ``error`` says what was reached.

    Args:
        score: F, a function from points [P, ...] to their scores [P], with a gradient.
        inputs: x, float32 [...].
        baseline: x', of the same shape.
        dimensions: The number of the first dimensions of the input that the attributions have;
            over the others they are summed.
        at_once: The number of points, at least, that are evaluated at once: the memory is
            proportional to it.
        tolerance: The largest error that is aimed at.
    """
    difference = inputs - baseline
    kept = tf.shape(inputs)[:dimensions]
    rest = [*range(dimensions + 1, len(inputs.shape) + 1)]
    pieces_at_once = tf.maximum(2, at_once // (2 * len(PLACES)))
    enough = tolerance / 2

    def measured(starts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the attributions of pieces [N, M], their errors [N] and F at their points."""
        along = tf.reshape(starts[:, None] + lengths[:, None] * PLACES, [-1])
        points = baseline + difference * tf.reshape(along, [-1, *[1] * len(inputs.shape)])
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = tf.cast(score(points), tf.float32)
        slopes = tape.gradient(scores, points)
        slopes = tf.where(tf.math.is_finite(slopes), slopes, 0.0)  # of norms at zero
        slopes = tf.reduce_sum(slopes * difference, rest)
        slopes = tf.reshape(slopes, [tf.size(starts), len(PLACES), tf.reduce_prod(kept)])
        parts = lengths[:, None] * tf.einsum("npm,p->nm", slopes, WEIGHTS)
        scores = tf.reshape(scores, [-1, len(PLACES)])
        return parts, tf.reduce_sum(parts, 1) - (scores[:, -1] - scores[:, 0]), scores

    def too_far(errors: Tensor, count: Tensor, *_: Tensor) -> Tensor:
        return (tf.reduce_sum(tf.abs(errors)) > enough) & (count < MOST_POINTS)

    def halved(
        errors: Tensor, count: Tensor, ends: Tensor, starts: Tensor, lengths: Tensor, parts: Tensor
    ) -> tuple[Tensor, ...]:
        """Halve the pieces with the largest errors."""
        size = tf.size(errors)
        share = enough / (2 * tf.cast(size, tf.float32))  # the others add up to half, at most
        bad = tf.reduce_sum(tf.cast(tf.abs(errors) > share, tf.int32))
        worst = tf.math.top_k(tf.abs(errors), tf.minimum(pieces_at_once, bad)).indices
        stays = tf.scatter_nd(worst[:, None], tf.ones_like(worst), [size]) == 0
        half, first = tf.gather(lengths, worst) / 2, tf.gather(starts, worst)
        new_starts, new_lengths = tf.concat([first, first + half], 0), tf.tile(half, [2])
        new_parts, new_errors, scores = measured(new_starts, new_lengths)
        ends = tf.where(count == 0, tf.stack([scores[0, 0], scores[-1, -1]]), ends)
        pairs = (
            (errors, new_errors),
            (starts, new_starts),
            (lengths, new_lengths),
            (parts, new_parts),
        )
        errors, starts, lengths, parts = (
            tf.concat([tf.boolean_mask(old, stays), new], 0) for old, new in pairs
        )
        return errors, count + tf.size(scores), ends, starts, lengths, parts

    # Both halves of the path, of which nothing is known, are halved first.
    unknown = tf.constant([np.inf, np.inf]), tf.constant(0), tf.zeros([2])
    halves = tf.constant([0.0, 0.5]), tf.constant([0.5, 0.5]), tf.zeros([2, tf.reduce_prod(kept)])
    any_size, table = tf.TensorShape([None]), tf.TensorShape([None, None])
    _, _, ends, _, _, parts = tf.while_loop(
        too_far,
        halved,
        (*unknown, *halves),
        shape_invariants=(
            any_size,
            tf.TensorShape([]),
            tf.TensorShape([2]),
            *[any_size] * 2,
            table,
        ),
        parallel_iterations=1,
    )
    values = tf.reduce_sum(parts, 0)
    start, end = tf.unstack(ends)
    return Attributions(tf.reshape(values, kept), end, start, tf.reduce_sum(values) - (end - start))
