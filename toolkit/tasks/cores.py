"""What the cores of several tasks share: scores of whole sequences, and strands as inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.export import Core
from toolkit.text import Nucleotides
from toolkit.text.bases import BASES

#: The lengths of the strands of random bases that are compared.
LENGTHS = (30, 11, 1, 0)


def score_core(
    network: Any,
    classes: Sequence[str],
    *,
    inputs: Mapping[str, tf.TensorSpec],
    notes: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    **arguments: Any,
) -> Core:
    """Return the core from ``values`` and ``length`` int32 [B] to scores.

    It gives ``probabilities`` float32 [B, C], or for a number ``value`` float32 [B].

    Args:
        network: The network, in float32.
        classes: The names of the classes; empty for a number.
        inputs: The spec of the values [B, T, ...], by their name.
        notes: What the inputs are.
        rows: The inputs of each golden question.
        arguments: Further arguments of ``Core``.
    """
    name = "probabilities" if classes else "value"

    def answer(values: Any, length: Any) -> dict[str, Any]:
        scores = network.answer({"values": values, "length": length})
        return {name: scores if classes else scores[:, 0]}

    return Core(
        network=network,
        function=answer,
        inputs={**inputs, "length": tf.TensorSpec([None], tf.int32, name="length")},
        notes={**notes, name: "the order of `classes.txt`" if classes else "the number"},
        rows=rows,
        scale=network.output_layer.scale,
        files={"classes.txt": "".join(f"{each}\n" for each in classes)} if classes else {},
        **arguments,
    )


def strand_inputs(
    preprocessing: Nucleotides, strands: Sequence[str], of_longer: str
) -> dict[str, Any]:
    """Return the arguments of a ``Core`` that are about its inputs, but ``length``'s spec.

    Args:
        preprocessing: What makes numbers of strands.
        strands: The strands of the golden file.
        of_longer: What becomes of white space, and of a strand that is longer than the network
            reads, in sentences.
    """
    numbers = np.random.default_rng(0).integers(0, len(BASES), (len(LENGTHS), max(LENGTHS)))
    real = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
    bases = np.where(real[..., None], np.eye(len(BASES))[numbers], 0).astype(np.float32)
    rows: list[dict[str, Any]] = []
    for strand in strands:
        read = preprocessing(strand)
        rows.append({"bases": read["values"].numpy(), "length": read["length"].numpy()})
    return {
        "inputs": {"bases": tf.TensorSpec([None, None, len(BASES)], tf.float32, name="bases")},
        "notes": {"bases": "fractions of A, C, G and T", "length": "the number of bases"},
        "preparation": "A row of four numbers for each letter of the strand, in either case: A is "
        "`1 0 0 0`, C `0 1 0 0`, G `0 0 1 0`, T and U `0 0 0 1`; a code for several bases has "
        "equal fractions of them, R `0.5 0 0.5 0`, N `0.25 0.25 0.25 0.25`; all else, such as a "
        f"gap, is zeros. {of_longer}",
        "trials": [{"bases": bases, "length": np.array(LENGTHS, np.int32)}],
        "rows": rows,
        "raw": [{"text": strand} for strand in strands],
    }
