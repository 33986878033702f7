"""The subject of ``diagnose`` for a recogniser of speech."""

from typing import Any

import keras
import tensorflow as tf

from toolkit.audio.ctc import ctc_loss
from toolkit.data import LengthBatches
from toolkit.data.audio.corpus import AudioCorpus
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened


def speech_subject(
    network: keras.Model, corpus: AudioCorpus, batch_tokens: int, seed: int
) -> Subject:
    """Return the network, batches and losses to diagnose.

    Args:
        network: The network.
        corpus: The recordings with their symbols.
        batch_tokens: The number of steps of a batch.
        seed: The seed of their order.
    """
    framing = corpus.framing

    def losses(inputs: Any, ids: Any) -> tuple[Any, Any]:
        values = ctc_loss(network(inputs, training=False), ids)[:, None]
        return values, tf.ones_like(values)

    def window(recordings: int, steps: int) -> Window:
        chosen, length = longest(corpus.lengths, recordings, steps)
        inputs = shortened(corpus.inputs(chosen), framing.samples(length), values="length")
        ids = corpus.targets(chosen)[:, : max(1, length // 2)]  # can always be aligned
        times = [f"{number * framing.step_seconds:.2f} s" for number in range(length)]
        return Window(inputs, ids, {"audio": times})

    batches = LengthBatches(corpus, batch_tokens, seed).dataset()
    tracks = {"audio": Track(network.recurrent, at_end=True)}
    return Subject(network, batches, losses, window, tracks)
