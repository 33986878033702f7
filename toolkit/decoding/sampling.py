"""Text drawn unit by unit from what a network holds likely."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any


class Drawing(NamedTuple):
    """How units are drawn.

    Attributes:
        temperature: What logits are divided by: below 1 likely units become likelier; at 0 always
            the likeliest is taken.
        top_k: Only so many of the likeliest units are drawn from (Fan et al. 2018, "Hierarchical
            Neural Story Generation", section 5); 0 for all.
        top_p: Only the likeliest units are drawn from that together have this probability (Holtzman
            et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1); 1 for all.
        repetition_penalty: What the logits of units that have been there are divided by, or
            multiplied where they are negative (Keskar et al. 2019, "CTRL", section 4.1); 1 for
            none.
        seed: Two numbers, int32 [2]; the same seed gives the same units.
    """

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    repetition_penalty: Tensor
    seed: Tensor


def choose(logits: Tensor, seen: Tensor, step: Tensor, drawing: Drawing) -> Tensor:
    """Draws a unit for each row.

    Args:
        logits: Float [B, V].
        seen: Which units have been there, bool [B, V].
        step: The number of the drawing, int32 []; each has its own random numbers.
        drawing: How units are drawn.

    Returns:
        Ids, int32 [B].
    """
    logits = tf.cast(logits, tf.float32)
    penalty = drawing.repetition_penalty
    punished = tf.where(logits > 0, logits / penalty, logits * penalty)
    logits = tf.where(seen, punished, logits)
    likeliest = tf.argmax(logits, axis=-1, output_type=tf.int32)

    def draw() -> Tensor:
        warm = logits / drawing.temperature
        kept = tf.cond(
            (drawing.top_k > 0) | (drawing.top_p < 1),
            lambda: _likely(warm, drawing.top_k, drawing.top_p),
            lambda: warm,
        )
        seed = tf.random.experimental.stateless_fold_in(drawing.seed, step)
        # The largest of logits with Gumbel noise is a draw from their softmax.
        uniform = tf.random.stateless_uniform(tf.shape(kept), seed, minval=1e-20)
        noisy = kept - tf.math.log(-tf.math.log(uniform))
        return tf.argmax(noisy, axis=-1, output_type=tf.int32)

    return tf.cond(drawing.temperature > 0, draw, lambda: likeliest)


def _likely(logits: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Logits [B, V], minus infinity at those that are not to be drawn.

    What is as likely as the last that is kept is kept as well.
    """
    size = tf.shape(logits)[1]
    falling = tf.sort(logits, axis=-1, direction="DESCENDING")
    count = tf.where(top_k > 0, tf.minimum(top_k, size), size)
    in_top_k = tf.range(size) < count
    shares = tf.nn.softmax(tf.where(in_top_k, falling, -float("inf")))
    before = tf.cumsum(shares, axis=-1, exclusive=True)
    kept = in_top_k & (before < top_p)  # the likeliest has nothing before it
    kept |= tf.range(size) == 0
    last = tf.reduce_sum(tf.cast(kept, tf.int32), axis=-1) - 1
    lowest = tf.gather(falling, last, batch_dims=1)
    return tf.where(logits >= lowest[:, None], logits, -float("inf"))


def sample(
    next: Callable[[Tensor, Any], tuple[Tensor, Any]],
    logits: Tensor,
    state: Any,
    max_length: Tensor,
    drawing: Drawing,
) -> Tensor:
    """Writes on until id 0 is drawn, which ends a row, or so many units are written.

    Args:
        next: Maps the last units int32 [B, 1] and a state to logits [B, 1, V] and the state after.
        logits: Of the first unit, [B, V].
        state: The state before it, any nest of tensors [B, 1, ...].
        max_length: The most units, int32 [].
        drawing: How units are drawn.

    Returns:
        Ids, int32 [B, T], T at most ``max_length``; 0 from the end of a row on.
    """
    rows, size = tf.shape(logits)[0], tf.shape(logits)[1]

    def more(step: Tensor, done: Tensor, *_: Any) -> Tensor:
        return (step < max_length) & ~tf.reduce_all(done)

    def body(
        step: Tensor, done: Tensor, logits: Tensor, seen: Tensor, ids: Any, state: Any
    ) -> tuple[Any, ...]:
        new = tf.where(done, 0, choose(logits, seen, step, drawing))
        seen |= tf.one_hot(new, size, on_value=True, off_value=False)
        done |= new == 0
        ids = ids.write(step, new)
        following, state = next(new[:, None], state)
        return step + 1, done, tf.cast(following[:, 0], tf.float32), seen, ids, state

    any_rows = tf.TensorShape([None])
    shapes = tf.nest.map_structure(lambda each: each.shape, state)
    found = tf.while_loop(
        more,
        body,
        (
            tf.constant(0),
            tf.zeros([rows], tf.bool),
            tf.cast(logits, tf.float32),
            tf.zeros([rows, size], tf.bool),
            tf.TensorArray(tf.int32, 1, dynamic_size=True, element_shape=[None]).write(
                0, tf.zeros([rows], tf.int32)
            ),
            state,
        ),
        shape_invariants=(
            tf.TensorShape([]),
            any_rows,
            tf.TensorShape([None, logits.shape[1]]),
            tf.TensorShape([None, None]),
            tf.TensorShape(None),
            shapes,
        ),
        parallel_iterations=1,
    )
    step, ids = found[0], found[4]
    stacked = tf.reshape(ids.stack()[:step], [step, rows])  # without any step there is one still
    return tf.transpose(stacked)
