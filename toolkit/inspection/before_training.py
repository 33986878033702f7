"""The worst findings about prepared data, for those who train without ``inspect``."""

from collections.abc import Sequence
from hashlib import blake2b

from toolkit.data import PackedCorpus
from toolkit.errors import count
from toolkit.inspection.findings import Warnings
from toolkit.inspection.labelled_rows import warn_of_classes
from toolkit.inspection.similar_labels import warn_of_similar_labels

#: The share of held-out sequences in the training part that is worth a warning.
OVERLAP = 0.01


def training_findings(
    train: PackedCorpus, held_out: PackedCorpus | None, classes: Sequence[str], what: str
) -> Warnings:
    """Return warnings of labels that cannot be learnt, and of held-out data that was learnt.

    Args:
        train: The training part.
        held_out: The held-out part, if any.
        classes: The names of the classes; empty if there are none.
        what: The noun of a sequence.
    """
    warnings = Warnings()
    parts = {"training": train} | ({} if held_out is None else {"held_out": held_out})
    counts = {name: part.class_counts for name, part in parts.items()}
    if len(classes) and len(counts["training"]) == len(classes):
        several = train.encoder is not None and train.encoder.target == "labels"
        warn_of_classes(classes, counts, what, several, warnings)
    else:  # the labels of spans
        warn_of_similar_labels(classes, {}, warnings)
    if held_out is not None:
        known = set(_fingerprints(train))
        number = sum(each in known for each in _fingerprints(held_out))
        if number and number >= OVERLAP * len(held_out):
            warnings.add(
                "overlap",
                f"{count(number, f'held-out {what}')} of {len(held_out):,} also in the training "
                "part, as the network reads them: the metrics may be too good",
            )
    return warnings


def _fingerprints(corpus: PackedCorpus) -> list[bytes]:
    """Return a fingerprint of each sequence."""
    sequences = corpus.sequences
    return [
        blake2b(sequences[index].tobytes(), digest_size=8).digest()
        for index in range(len(sequences))
    ]
