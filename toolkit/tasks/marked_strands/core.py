"""The core of a tagger of strands: from fractions of bases to scores of tags."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.tasks.cores import strand_inputs

#: The file with the tags and the scores of their transitions.
TAGS_FILE = "tags.json"


def mark_core(
    model: SequenceModel, title: str, window: int, overlap: int, strands: Sequence[str]
) -> Core:
    """Return the core: ``bases`` float32 [B, T, 4] and ``length`` int32 [B] to scores of tags.

    It gives ``scores`` float32 [B, T, C]; ``tags.json`` has the rest of the score of a path, as
    ``toolkit.layers.CRF`` defines it.

    Args:
        model: ``Nucleotides`` and the network.
        title: What it does, in a sentence.
        window: The number of bases of a tile of a long strand.
        overlap: The number of bases that are read beyond each of its ends.
        strands: The strands of the golden file.
    """
    network = in_float32(model.network)
    longer = (
        f"Of a longer strand read tiles of {window:,} bases, each with {overlap:,} more at either "
        "end."
    )
    arguments = strand_inputs(model.preprocessing, strands, longer)
    arguments["inputs"]["length"] = tf.TensorSpec([None], tf.int32, name="length")
    arguments["notes"]["scores"] = f"of the tags in `{TAGS_FILE}`, in their order"
    arguments["preparation"] += f"""

## The spans

The likeliest tags y are those with the largest sum of `scores[t, y[t]]` over all bases, of
`transitions[y[t - 1]][y[t]]` over all neighbours, of `start[y[0]]` and `end[y[-1]]`, found by
Viterbi's algorithm; these are in `{TAGS_FILE}`. A span begins at `B-` and ends at `E-`, or is the
one base `S-`; `O` is outside of all spans."""

    def answer(bases: Any, length: Any) -> dict[str, Any]:
        return {"scores": network({"values": bases, "length": length}, training=False)}

    scores = network.crf.transition_scores()
    numbers = {name: np.asarray(value).tolist() for name, value in scores.items()}
    return Core(
        title=title,
        network=network,
        function=answer,
        files={TAGS_FILE: json.dumps({"tags": network.tags, **numbers}, ensure_ascii=False) + "\n"},
        **arguments,
    )
