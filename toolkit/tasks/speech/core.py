"""The core of a recogniser of speech: from samples to the probabilities of symbols."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.audio.inputs import decoded_wavs
from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel

#: The longest recording of the golden file, in seconds; a file of numbers is long.
SECONDS = 0.25


def speech_core(model: SequenceModel, questions: Sequence[Any]) -> Core:
    """Return the core, from a recording to the symbols of each step.

    ``audio`` float32 [B, N] and ``length`` int32 [B] become ``log_probabilities`` float32 [B, T, C]
    and ``steps`` int32 [B].

    Args:
        model: The rate, the network, and the layer of the symbols.
        questions: The golden questions.
    """
    network, rate = in_float32(model.network), model.preprocessing.rate
    symbols = model.target_preprocessing

    def answer(audio: Any, length: Any) -> dict[str, Any]:
        logits, mask = network.logits({"values": audio, "length": length})
        return {
            "log_probabilities": tf.nn.log_softmax(logits),
            "steps": tf.math.count_nonzero(mask, 1, dtype=tf.int32),
        }

    blank, seconds = symbols.vocabulary_size - 1, network.front.framing.step_seconds
    rows: list[dict[str, Any]] = []
    for question in questions:
        audio, _ = decoded_wavs(tf.constant([question["wav"]]), rate)
        part = audio.numpy()[0, : round(SECONDS * rate)]
        length = np.int32(len(part))
        rows.append({"audio": part if length else np.zeros(1, np.float32), "length": length})
    random = np.random.default_rng(0)
    lengths = np.array([rate, rate // 3, 1, 0], np.int32)
    waves = random.normal(0, 0.1, (len(lengths), rate)).astype(np.float32)
    return Core(
        title="Gives the log probabilities of the symbols at each step of a recording.",
        network=network,
        function=answer,
        inputs={
            "audio": tf.TensorSpec([None, None], tf.float32, name="audio"),
            "length": tf.TensorSpec([None], tf.int32, name="length"),
        },
        notes={
            "audio": f"samples from -1 to 1, {rate:,} a second",
            "length": "the number of samples",
            "log_probabilities": f"class {blank} is the blank",
            "steps": f"the number of steps, {seconds * 1000:g} ms each",
        },
        preparation=f"One channel at {rate:,} samples a second; the mean of several channels. "
        "Samples beyond `length` are not read.\n\nThe likeliest text: of the first `steps` steps "
        "take the likeliest class of each, leave out each class that is equal to the one before "
        f"it, then the blanks ({blank}). Class k is line k + 1 of the vocabulary beside this file, "
        "counted from 0; class 0 is an unknown symbol.",
        trials=[{"audio": waves, "length": lengths}],
        rows=rows,
        raw=[{} for _ in rows],
        save_assets=symbols.save_assets,
    )
