"""The report of ``inspect`` on labelled strands."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import StrandExamples
from toolkit.data.labels import Label
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import Warnings, length_summary, parts
from toolkit.inspection.labelled_rows import InspectedRows
from toolkit.inspection.strand_reading import (
    StrandReading,
    gc_share,
    letter_report,
    opposite_report,
)
from toolkit.options import option
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings


def inspect_strands(prepared: Prepared, cost: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Report on labelled strands as a training would read them.

    Args:
        prepared: The data of the training, which is read once more.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``lengths``, ``duplicates``,
        ``letters``, ``training`` and ``warnings``.
    """
    settings, encoder = prepared.settings, prepared.train.encoder
    files: Sequence[StrandExamples] = prepared.readers  # type: ignore[assignment]
    in_training = {*prepared.train.rows.tolist()}
    reading = StrandReading()
    labels: list[Label] = []
    groups: set[str | None] = set()
    for number, examples in enumerate(files):
        for example in examples.known(encoder):
            held_out = number > 0 or example.row not in in_training
            reading.add(example.text, example.row, number, held_out, _names(example.label))
            labels.append(example.label)
            groups.add(example.group if settings.group_column else None)
    strands = reading.strands()
    inspected = InspectedRows(
        files=files,
        file=strands.file,
        rows=strands.rows,
        held_out=strands.held_out,
        labels=encoder.encode(labels),
        encoder=encoder,
        what="strand",
    )
    warnings = Warnings()
    return {
        "files": inspected.file_report(len(groups - {None}) or None, warnings),
        "labels": _labels(inspected, reading, warnings),
        "lengths": _lengths(inspected, strands.lengths, settings, warnings),
        "duplicates": inspected.find_duplicates(
            {"exact": strands.fingerprints},
            np.unique(inspected.labels, axis=0, return_inverse=True)[1].ravel(),
            warnings,
        )
        | {"opposite": opposite_report(strands, inspected, warnings)},
        "letters": letter_report(reading, strands, inspected, warnings),
        "training": cost(),
        "warnings": list(warnings),
    }


def _names(label: Label) -> list[str]:
    """Return the classes of a label; none of a number."""
    return [label] if isinstance(label, str) else label if isinstance(label, list) else []


def _labels(inspected: InspectedRows, reading: StrandReading, warnings: Warnings) -> Any:
    """Return the report on labels, with the share of G and C in the training strands of a class."""
    report = inspected.label_report(warnings)
    if inspected.encoder.classes:
        for row in report:
            letters = reading.label_letters.get(row["label"])
            row["training_gc_share"] = None if letters is None else gc_share(letters)
    return report


def _lengths(
    inspected: InspectedRows, lengths: NDArray[np.int64], settings: Settings, warnings: Warnings
) -> dict[str, Any]:
    """Return the numbers of bases; warn of strands that are cut, or shorter than a k-mer."""
    cut = np.flatnonzero(lengths > settings.max_length)
    if len(cut):
        longest = cut[np.argsort(-lengths[cut], kind="stable")]
        rows, where = inspected.describe(longest[:EXAMPLES])
        warnings.add(
            "cut_strands",
            f"{count(len(cut), 'strand')} of more than {settings.max_length:,} bases, the longest "
            f"of {lengths[longest[0]]:,} ({where}): only the first are read; cut the strands, or "
            f"set {option('max_length')}",
            rows,
        )
    short = np.flatnonzero(lengths < settings.kmer_size)
    if len(short) and np.median(lengths) > 2 * settings.kmer_size:  # else the data is short strands
        rows, where = inspected.describe(short[:EXAMPLES])
        warnings.add(
            "short_strands",
            f"{count(len(short), 'strand')} of fewer than the {settings.kmer_size} bases of a "
            f"k-mer ({where})",
            rows,
        )
    return {
        part: length_summary(lengths[mask], "bases")
        | {"cut": int((lengths[mask] > settings.max_length).sum())}
        for part, mask in parts(inspected.held_out).items()
    }
