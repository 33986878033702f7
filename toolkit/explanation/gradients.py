"""Integrated gradients: how the parts of an input add up to a score.

On the straight path from a baseline x' to an input x, with x(a) = x' + a (x - x')
(Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", equation 1)::

    attribution(i) = (x(i) - x'(i)) * integral over a from 0 to 1 of dF(x(a)) / dx(i)

The attributions add up to F(x) - F(x') (proposition 1, completeness). The paper's sum over equal
steps (equation 3) needs thousands of them for that where networks have kinks or saturate, so the
path is cut into pieces here: on each the gradients are integrated by Simpson's rule, and the
piece's sum is compared with the difference of F over the piece, which is known exactly. The pieces
that differ most are halved until the differences are small: globally adaptive quadrature (Piessens
et al. 1983, "QUADPACK", section 2.2.2) whose errors are no estimates. Half a piece needs the
gradient at one point more, since the ends of all pieces are known.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any

#: The sum of attributions differs from F(x) - F(x') by at most this, in the units of F.
TOLERANCE = 1e-3
#: The largest number of points at which F is evaluated, about.
MOST_POINTS = 1_000
#: That of networks that compute in half precision: more do not help against its rounding.
MOST_POINTS_IN_HALF = 65
#: The number of points at first, the ends and the middles of four pieces.
FIRST_POINTS = 9


class Attributions(NamedTuple):
    """The attributions of the elements of an input: their sum is its score less the baseline's.

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
    most: int = MOST_POINTS,
) -> Attributions:
    """Return the attributions of the elements of an input, in a ``tf.function`` or eagerly.

    The rule stops when both the sum of the errors of all pieces, and the root of the sum of their
    squares, are at most half of the tolerance, or at ``most`` points; ``error`` says what was
    reached. (The second is what the sum would be if the errors had random signs; it keeps errors
    that cancel out by chance from ending the search.)

    A slope that is no finite number counts as 0: that of a norm at zero, but that of a network
    that overflows as well, which ``error`` then shows.

    Args:
        score: F, a function from points [P, ...] to their scores [P], with a gradient.
        inputs: x, float32 [...].
        baseline: x', of the same shape.
        dimensions: The number of the first dimensions of the input that the attributions have;
            over the others they are summed.
        at_once: The largest number of points that are evaluated at once, at least 1: the memory is
            proportional to it.
        tolerance: The largest error that is aimed at.
        most: The number of points after which the search ends, about.
    """
    difference = inputs - baseline
    kept = tf.shape(inputs)[:dimensions]
    rest = [*range(dimensions + 1, len(inputs.shape) + 1)]
    at_once = tf.maximum(1, at_once)
    pieces_at_once = tf.maximum(1, at_once // 2)
    enough = tolerance / 2

    def measured(places: Tensor) -> tuple[Tensor, Tensor]:
        """Return dF(x(a)) / da of each element, [N, M], and F at places a [N] of the path."""
        points = baseline + difference * tf.reshape(places, [-1, *[1] * len(inputs.shape)])
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = tf.cast(score(points), tf.float32)
        slopes = tape.gradient(scores, points)
        slopes = tf.where(tf.math.is_finite(slopes), slopes, 0.0)  # of norms at zero
        slopes = tf.reduce_sum(slopes * difference, rest)
        return tf.reshape(slopes, [tf.size(places), tf.reduce_prod(kept)]), scores

    def measured_in_groups(places: Tensor) -> tuple[Tensor, Tensor]:
        """Return what ``measured`` returns, at most ``at_once`` places at a time."""
        size = tf.size(places)
        groups = (size + at_once - 1) // at_once
        each = (size + groups - 1) // groups
        slopes, scores = tf.map_fn(
            measured,
            tf.reshape(tf.pad(places, [[0, groups * each - size]]), [groups, each]),
            fn_output_signature=(
                tf.TensorSpec([None, None], tf.float32),
                tf.TensorSpec([None], tf.float32),
            ),
            parallel_iterations=1,
        )
        slopes = tf.reshape(slopes, [groups * each, tf.reduce_prod(kept)])
        return slopes[:size], tf.reshape(scores, [-1])[:size]

    def refined(
        places: Tensor, slopes: Tensor, scores: Tensor, new: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Measure at new places, and return what is known, in order, and where to measure next."""
        order = tf.argsort(tf.concat([places, new], 0))
        more = new, *measured_in_groups(new)
        places, slopes, scores = (
            tf.gather(tf.concat(pair, 0), order)
            for pair in zip((places, slopes, scores), more, strict=True)
        )
        first, lengths, errors = _errors(places, tf.reduce_sum(slopes, 1), scores)
        # Together, and if they did not cancel out by chance.
        error = tf.maximum(tf.abs(tf.reduce_sum(errors)), tf.norm(errors))
        size = tf.size(errors)
        share = enough / tf.sqrt(2 * tf.cast(size, tf.float32))  # what the others may have
        bad = tf.reduce_sum(tf.cast(tf.abs(errors) > share, tf.int32))
        count = tf.clip_by_value(bad, 1, pieces_at_once)
        count = tf.where((error > enough) & (tf.size(places) < most), count, 0)
        worst = tf.math.top_k(tf.abs(errors), count).indices
        first, lengths = tf.gather(first, worst), tf.gather(lengths, worst)
        return places, slopes, scores, tf.concat([first + lengths / 4, first + lengths * 3 / 4], 0)

    any_size = tf.TensorShape([None])
    places, slopes, scores, _ = tf.while_loop(
        lambda *variables: tf.size(variables[-1]) > 0,
        refined,
        (
            tf.zeros([0]),
            tf.zeros([0, tf.reduce_prod(kept)]),
            tf.zeros([0]),
            tf.linspace(0.0, 1.0, FIRST_POINTS),
        ),
        shape_invariants=(any_size, tf.TensorShape([None, None]), any_size, any_size),
        parallel_iterations=1,
    )
    sixths = tf.repeat((places[2::2] - places[:-2:2]) / 6, 2)  # of the piece on either side
    weights = tf.pad(sixths, [[0, 1]]) + tf.pad(sixths, [[1, 0]])
    weights *= tf.where(tf.range(tf.size(places)) % 2 == 1, 2.0, 1.0)
    values = tf.einsum("pm,p->m", slopes, weights)
    start, end = scores[0], scores[-1]
    return Attributions(tf.reshape(values, kept), end, start, tf.reduce_sum(values) - (end - start))


def _errors(places: Tensor, slopes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return starts and lengths of pieces, and by how much their integrals miss, [N] each.

    Args:
        places: The ends and the middles of the pieces in their order [2 N + 1].
        slopes: dF / da there.
        scores: F there.
    """
    first = places[:-2:2]
    lengths = places[2::2] - first
    integrals = lengths / 6 * (slopes[:-2:2] + 4 * slopes[1::2] + slopes[2::2])
    return first, lengths, integrals - (scores[2::2] - scores[:-2:2])
