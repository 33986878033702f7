"""Connectionist temporal classification (CTC): loss, alignable targets, and greedy decoding.

A network gives each step the probabilities of the symbols and of a blank, which is the last class.
The path of a recording is one class for each step; its symbols are those left when equal neighbours
are merged and blanks are dropped (Graves et al. 2006, 'Connectionist Temporal Classification').
Ids of symbols are those of a ``Tokenizer``: 0 pads, so that class c has the id c + 1.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor = Any

#: The logit of symbols after the end of a recording, where the blank is certain.
IMPOSSIBLE = -1e4


class Path(NamedTuple):
    """The likeliest path of each recording.

    Attributes:
        ids: The id of the symbol that begins at each step, int32 [B, T]; 0 where none does.
        classes: The class of each step, int32 [B, T].
        score: The mean log probability of a step's class, float32 [B].
    """

    ids: Tensor
    classes: Tensor
    score: Tensor


def steps_needed(ids: NDArray[np.integer[Any]]) -> int:
    """Return the smallest number of steps in which symbols can be written.

    Between equal neighbours there must be a blank.

    Args:
        ids: The ids of the symbols [L], without padding.
    """
    return len(ids) + int(np.count_nonzero(ids[1:] == ids[:-1]))


def ended(logits: Tensor, mask: Tensor) -> Tensor:
    """Return logits that are those of a certain blank after the end of each recording.

    So the logits tell their own lengths, which random changes of speed may have changed.

    Args:
        logits: [B, T, C], the blank last.
        mask: Whether each step is real, bool [B, T].
    """
    after = tf.constant([IMPOSSIBLE] * (logits.shape[-1] - 1) + [0.0], logits.dtype)
    return tf.where(mask[:, :, None], logits, after)


def ctc_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Return minus the log probability of symbols, in nats, float32 [B].

    A target without symbols, or with more than can be written in the steps, adds nothing to loss
    and gradient; readers of data leave it out and say so.

    Args:
        logits: [B, T, C], as ``ended`` returns them.
        ids: The symbols [B, L], padded with 0.
    """
    steps = tf.reduce_sum(tf.cast(logits[:, :, 0] > IMPOSSIBLE, tf.int32), axis=1)
    is_symbol = ids > 0
    repeats = (ids[:, 1:] == ids[:, :-1]) & is_symbol[:, 1:]
    symbols, blanks = (
        tf.math.count_nonzero(each, 1, dtype=tf.int32) for each in (is_symbol, repeats)
    )
    can_be_written = (symbols > 0) & (symbols + blanks <= steps)
    first = tf.range(tf.shape(ids)[1]) == 0  # the kernel wants a symbol that can be written
    places = tf.where(tf.where(can_be_written[:, None], is_symbol, first))
    classes = tf.maximum(tf.cast(tf.gather_nd(ids, places), tf.int32) - 1, 0)
    shape = tf.cast(tf.shape(ids), tf.int64)
    losses = tf.compat.v1.nn.ctc_loss(
        tf.SparseTensor(places, classes, shape),
        tf.cast(logits, tf.float32),
        steps,
        time_major=False,
    )
    return tf.where(can_be_written, losses, 0.0)


def best_path(logits: Tensor, mask: Tensor) -> Path:
    """Return the likeliest path of each recording.

    Args:
        logits: [B, T, C], the blank last.
        mask: Whether each step is real, bool [B, T].
    """
    logits = tf.cast(logits, tf.float32)
    blank = logits.shape[-1] - 1
    classes = tf.argmax(logits, axis=-1, output_type=tf.int32)
    before = tf.pad(classes[:, :-1], [[0, 0], [1, 0]], constant_values=blank)
    begins = mask & (classes != blank) & (classes != before)
    likelihood = tf.reduce_max(logits, axis=-1) - tf.reduce_logsumexp(logits, axis=-1)
    real = tf.cast(mask, tf.float32)
    score = tf.reduce_sum(likelihood * real, axis=1)
    score /= tf.maximum(tf.reduce_sum(real, axis=1), 1.0)
    return Path(tf.where(begins, classes + 1, 0), tf.where(mask, classes, blank), score)
