"""Sampling of sequences, token by token, from a network's distribution."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any

#: The key of the hashes by which random numbers are made; any will do.
_KEY = (0x5EED, 0x70C3)
#: The bits of seeds, and of random numbers; with one more a product might round up to its limit.
_SEED_BITS, _NUMBER_BITS = 62, 52


class SamplingOptions(NamedTuple):
    """The options of sampling.

    Attributes:
        temperature: The divisor of the logits: below 1 likely tokens become likelier; 0 always
            takes the likeliest token.
        top_k: Sample only from this number of likeliest tokens (Fan et al. 2018, "Hierarchical
            Neural Story Generation", section 5); 0 for all.
        top_p: Sample only from the likeliest tokens that together have this probability (Holtzman
            et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1); 1 for all.
        repetition_penalty: The divisor of the logits of tokens that occurred before, or their
            factor if they are negative (Keskar et al. 2019, "CTRL", section 4.1); 1 for none.
        seeds: A number for each row, int64 [B], such as those of ``row_seeds``; the same one gives
            the same tokens from the same logits, whatever the other rows are.
    """

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    repetition_penalty: Tensor
    seeds: Tensor


def row_seeds(seed: Tensor, texts: Tensor) -> Tensor:
    """Return a seed for each row: a function of its text and its number among equal texts.

    So a text is sampled alike alone and among others, and equal texts differ.

    Args:
        seed: int32 [2], the seed of all, and the number of the first of equal texts: a text alone
            with the number n is sampled as the text n of a batch of equal ones from number 0 on.
        texts: string [B].

    Returns:
        int64 [B], for ``SamplingOptions``.
    """
    rows = tf.size(texts)
    kinds = tf.unique(texts).idx
    order = tf.argsort(kinds, stable=True)
    sorted_kinds = tf.gather(kinds, order)
    equal_before = tf.range(rows) - tf.searchsorted(sorted_kinds, sorted_kinds)
    earlier = tf.scatter_nd(order[:, None], equal_before, [rows])
    first, number = tf.unstack(tf.cast(seed, tf.int64))
    parts = (tf.fill([rows], first), number + tf.cast(earlier, tf.int64))
    return _hash(*map(tf.strings.as_string, parts), texts, bits=_SEED_BITS)


def _hash(*parts: Tensor, bits: int) -> Tensor:
    """Return numbers int64 [B] of so many bits, by SipHash (Aumasson and Bernstein 2012)."""
    return tf.strings.to_hash_bucket_strong(tf.strings.join(parts, ":"), 2**bits, _KEY)


def uniform(seeds: Tensor, numbers: Tensor) -> Tensor:
    """Return random numbers in [0, 1), float64 [B, N], each a function of a seed and a number.

    Args:
        seeds: int64 [B], such as those of ``row_seeds``.
        numbers: int32 [B, N].
    """
    rows = tf.broadcast_to(tf.strings.as_string(seeds)[:, None], tf.shape(numbers))
    bits = _hash(rows, tf.strings.as_string(numbers), bits=_NUMBER_BITS)
    return tf.cast(bits, tf.float64) / 2**_NUMBER_BITS


def choose(logits: Tensor, seen: Tensor, step: Tensor, options: SamplingOptions) -> Tensor:
    """Sample one token for each row.

    Args:
        logits: Float [B, V].
        seen: Whether each token occurred before, bool [B, V].
        step: The number of the time step, int32 []; each has its own random numbers.
        options: The options of sampling.

    Returns:
        Ids, int32 [B].
    """
    logits = tf.cast(logits, tf.float32)
    penalty = options.repetition_penalty
    penalised = tf.where(logits > 0, logits / penalty, logits * penalty)
    logits = tf.where(seen, penalised, logits)
    likeliest = tf.argmax(logits, axis=-1, output_type=tf.int32)

    def draw() -> Tensor:
        scaled = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / options.temperature
        kept = tf.cond(
            (options.top_k > 0) | (options.top_p < 1),
            lambda: _likely(scaled, options.top_k, options.top_p),
            lambda: scaled,
        )
        # The first token at which the cumulative probability exceeds a uniform random number.
        below = tf.cumsum(tf.cast(tf.nn.softmax(kept), tf.float64), axis=-1)
        steps = tf.fill([tf.size(options.seeds), 1], step)
        limit = uniform(options.seeds, steps) * below[:, -1:]
        return tf.reduce_sum(tf.cast(below <= limit, tf.int32), axis=-1)

    return tf.cond(options.temperature > 0, draw, lambda: likeliest)


def _likely(logits: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Return logits [B, V] with minus infinity for the tokens that are excluded.

    Tokens as likely as the last one kept are kept as well.
    """
    size = tf.shape(logits)[1]
    falling = tf.sort(logits, axis=-1, direction="DESCENDING")
    count = tf.where(top_k > 0, tf.minimum(top_k, size), size)
    in_top_k = tf.range(size) < count
    shares = tf.nn.softmax(tf.where(in_top_k, falling, -float("inf")))
    before = tf.cumsum(shares, axis=-1, exclusive=True)
    kept = in_top_k & (before < top_p)  # the likeliest is always kept
    kept |= tf.range(size) == 0
    last = tf.reduce_sum(tf.cast(kept, tf.int32), axis=-1) - 1
    lowest = tf.gather(falling, last, batch_dims=1)
    return tf.where(logits >= lowest[:, None], logits, -float("inf"))


def sample(
    next: Callable[[Tensor, Any], tuple[Tensor, Any]],
    logits: Tensor,
    state: Any,
    max_length: Tensor,
    options: SamplingOptions,
) -> Tensor:
    """Sample tokens until id 0, which ends a row, or the largest length.

    Args:
        next: Maps the last tokens int32 [B, 1] and a state to logits [B, 1, V] and the new state.
        logits: The logits of the first token, [B, V].
        state: The state before it, any nest of tensors [B, 1, ...].
        max_length: The largest number of tokens, int32 [].
        options: The options of sampling.

    Returns:
        Ids, int32 [B, T], T at most ``max_length``; 0 from the end of a row on.
    """
    rows, size = tf.shape(logits)[0], tf.shape(logits)[1]

    def more(step: Tensor, done: Tensor, *_: Any) -> Tensor:
        return (step < max_length) & ~tf.reduce_all(done)

    def body(
        step: Tensor, done: Tensor, logits: Tensor, seen: Tensor, ids: Any, state: Any
    ) -> tuple[Any, ...]:
        new = tf.where(done, 0, choose(logits, seen, step, options))
        seen |= tf.one_hot(new, size, on_value=True, off_value=False)
        done |= new == 0
        ids = ids.write(step, new)
        following, state = next(new[:, None], state)
        return step + 1, done, tf.cast(following[:, 0], tf.float32), seen, ids, state

    any_rows = tf.TensorShape([None])
    shapes = tf.nest.map_structure(lambda tensor: tensor.shape, state)
    results = tf.while_loop(
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
    step, ids = results[0], results[4]
    # The array has one row even without steps.
    stacked = tf.reshape(ids.stack()[:step], [step, rows])
    return tf.transpose(stacked)
