"""The core of a classifier of strands: from fractions of bases to scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.tasks.score_core import score_core
from toolkit.tasks.strands.serving import without_white_space
from toolkit.text import Nucleotides
from toolkit.text.bases import BASES

#: The lengths of the strands of random bases that are compared.
LENGTHS = (30, 11, 1, 0)


def strand_core(
    model: SequenceModel, title: str, classes: Sequence[str], strands: Sequence[str]
) -> Core:
    """Return the core: ``bases`` float32 [B, T, 4] and ``length`` int32 [B] to scores.

    Args:
        model: ``Nucleotides`` and the network.
        title: What it does, in a sentence.
        classes: The names of the classes; empty for a number.
        strands: The strands of the golden file.
    """
    most = model.preprocessing.max_length
    return score_core(
        in_float32(model.network),
        classes,
        title=title,
        **strand_inputs(model.preprocessing, strands, f"the first {most:,} letters are read"),
    )


def strand_inputs(
    preprocessing: Nucleotides, strands: Sequence[str], of_longer: str
) -> dict[str, Any]:
    """Return the arguments of a ``Core`` that are about its inputs, but ``length``'s spec.

    Args:
        preprocessing: What makes numbers of strands.
        strands: The strands of the golden file.
        of_longer: What becomes of a strand that is longer than the network reads.
    """
    numbers = np.random.default_rng(0).integers(0, len(BASES), (len(LENGTHS), max(LENGTHS)))
    real = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
    bases = np.where(real[..., None], np.eye(len(BASES))[numbers], 0).astype(np.float32)
    rows: list[dict[str, Any]] = []
    for strand in strands:
        read = preprocessing(without_white_space(strand))
        rows.append({"bases": read["values"].numpy(), "length": read["length"].numpy()})
    return {
        "inputs": {"bases": tf.TensorSpec([None, None, len(BASES)], tf.float32, name="bases")},
        "notes": {"bases": "fractions of A, C, G and T", "length": "the number of bases"},
        "preparation": "A row of four numbers for each letter of the strand, in either case: A is "
        "`1 0 0 0`, C `0 1 0 0`, G `0 0 1 0`, T and U `0 0 0 1`; a code for several bases has "
        "equal fractions of them, R `0.5 0 0.5 0`, N `0.25 0.25 0.25 0.25`; all else, such as a "
        f"gap, is zeros. White space is left out. Of a longer strand {of_longer}.",
        "trials": [{"bases": bases, "length": np.array(LENGTHS, np.int32)}],
        "rows": rows,
        "raw": [{"text": strand} for strand in strands],
    }
