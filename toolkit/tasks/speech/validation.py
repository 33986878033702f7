"""The metrics of a network of speech on the held-out part, during training."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import LengthBatches
from toolkit.data.audio.corpus import AudioCorpus
from toolkit.evaluation import speech_metrics
from toolkit.tasks.speech.prepared import PreparedSpeech

#: The number of steps, padding included, of a validation batch.
VALIDATION_STEPS = 8_192


def validation(network: keras.Model, prepared: PreparedSpeech) -> Callable[[], dict[str, Any]]:
    """Return a function that writes the held-out recordings, and measures the result.

    They are written by their likeliest paths.

    Args:
        network: The network.
        prepared: The data.
    """
    held_out: AudioCorpus = prepared.held_out
    batches = LengthBatches(held_out, VALIDATION_STEPS, shuffle=False)
    symbols = int(held_out.labels.lengths.sum())

    @tf.function(
        input_signature=[held_out.input_signature, held_out.target_signature],
        autograph=False,
    )
    def validate_batch(inputs: Any, ids: Any) -> tuple[Any, Any]:
        best, loss = network.validate(inputs, ids)
        return prepared.target_preprocessing.detokenize(best), loss

    def measure() -> dict[str, Any]:
        parts = [validate_batch(*batch) for batch in batches.dataset()]
        texts = batches.restore(np.concatenate([part[0].numpy() for part in parts]))
        answers = [text.decode("utf-8", "replace") for text in texts]
        loss = sum(float(part[1]) for part in parts) / max(1, symbols)
        return speech_metrics(prepared.held_out_texts, answers) | {"log_loss": loss}

    return measure
