"""The signature ``explain`` of a classifier of strands."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from toolkit.data import Example
from toolkit.explanation import (
    explained_row,
    likeliest_unless,
    path_of_state,
    reads_forward,
    row_by_row,
)
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import token_columns
from toolkit.tasks.explaining.classes import Parts
from toolkit.tasks.explaining.signatures import (
    class_signature,
    class_specs,
    named_outputs,
    number_tolerance,
    target_numbers,
)
from toolkit.tasks.strands.serving import without_white_space
from toolkit.text.bases import BASES

#: What a strand is compared with.
BASELINE = "as many bases N"


def explain_signature(model: SequenceModel, classes: Sequence[str]) -> Any:
    """Return ``explain``, a ``tf.function`` of ``text`` and, with classes, ``target``, string [B].

    White space is left out. ``target`` is the class that is explained, '' for the likeliest. The
    path goes from as many bases N, a quarter of each, to those of the strand. The outputs are those
    of ``named_outputs``, and ``tokens`` string [B, N], the bases that are
    read, ``starts`` and ``ends`` int32 [B, N], padded with '' and -1.

    Args:
        model: ``Nucleotides`` and the network.
        classes: The names of the classes; none for numbers.
    """
    network = model.network
    specs = class_specs(classes, reads_forward(network))

    def explain(text: Any, target: Any) -> dict[str, Any]:
        text = without_white_space(text)
        inputs = model.preprocessing(text)
        lengths = inputs["length"]
        asked = target_numbers(target, classes) if classes else tf.zeros_like(lengths)

        def row(number: Any) -> dict[str, Any]:
            bases = inputs["values"][number, : tf.maximum(lengths[number], 1)]
            length = lengths[number, None]

            def log_answers(points: Any) -> Any:
                repeated = tf.repeat(length, tf.shape(points)[0])
                return network.log_answer({"values": points, "length": repeated})

            found = explained_row(
                log_answers,
                bases,
                tf.fill(tf.shape(bases), 1 / len(BASES)),
                likeliest_unless(asked[number], log_answers(bases[None])[0]),
                tolerance=number_tolerance(network),
                dtype=network.compute_dtype,
            )
            if "path" in specs:
                vectors, _ = network.front({"values": bases[None], "length": length})
                found["path"] = path_of_state(network, vectors)
            return found

        found = named_outputs(row_by_row(row, tf.size(text), specs), classes)
        steps = tf.range(tf.shape(inputs["values"])[1])
        real = steps < lengths[:, None]
        starts = tf.where(real, steps, -1)
        return {
            "tokens": _bases(text, steps, real),
            "starts": starts,
            "ends": tf.where(real, steps + 1, -1),
            **found,
        }

    return class_signature(explain, classes)


def _bases(text: Any, steps: Any, real: Any) -> Any:
    """Return the characters of strands [B] at steps [T]; '' where they are not real, [B, T]."""
    characters = tf.strings.unicode_split(text, "UTF-8").to_tensor("")
    characters = tf.pad(characters, [[0, 0], [0, tf.maximum(1 - tf.shape(characters)[1], 0)]])
    return tf.where(real, characters[:, : tf.size(steps)], "")


def parts_of(example: Example, most: int) -> Parts:
    """Return the bases that are read of a strand, and the strand with N for each of them.

    Args:
        example: The strand.
        most: The largest number of bases that are read.
    """
    strand = "".join(example.text.split())
    read = range(min(len(strand), most))
    without = (example._replace(text=f"{strand[:n]}N{strand[n + 1 :]}") for n in read)
    return Parts(token_columns(strand, [*read], [n + 1 for n in read]), without)
