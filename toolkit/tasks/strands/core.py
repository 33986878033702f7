"""The core of a classifier of strands: from fractions of bases to scores."""

from collections.abc import Sequence

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.tasks.cores import score_core, strand_inputs
from toolkit.tasks.strands.serving import without_white_space


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
    longer = f"White space is left out. Of a longer strand the first {most:,} letters are read."
    read = [without_white_space(strand) for strand in strands]
    arguments = strand_inputs(model.preprocessing, read, longer)
    arguments["raw"] = [{"text": strand} for strand in strands]
    return score_core(in_float32(model.network), classes, title=title, **arguments)
