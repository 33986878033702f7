"""TEMPORARY."""
import tensorflow as tf


def sentence_lengths(pieces, text):
    whole = pieces.tokens.row_lengths()
    return tf.RaggedTensor.from_row_lengths(whole, tf.ones_like(whole), validate=False)
