"""The report of ``inspect`` on strands with spans."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import Warnings, length_summary, parts, warn_of_rare_labels
from toolkit.inspection.labelled_rows import InspectedFiles
from toolkit.inspection.similar_labels import warn_of_similar_labels
from toolkit.inspection.strand_reading import StrandReading, letter_report, opposite_report
from toolkit.options import option
from toolkit.tagging import Span
from toolkit.tasks.marked_strands.examples import MarkedStrandExamples
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings


class _SpanReading:
    """The spans of strands, collected strand by strand."""

    def __init__(self) -> None:
        self.labels: list[str] = []  # of each span
        self.at_start: Counter[str] = Counter()  # by label
        self.at_end: Counter[str] = Counter()
        self.per_strand = array("q")
        self.fingerprints = array("q")  # of the places and labels in each strand
        self._lengths = array("q")

    def add(self, strand: str, spans: Sequence[Span]) -> None:
        """Add a strand."""
        self.per_strand.append(len(spans))
        self.fingerprints.append(fingerprint(repr([tuple(span) for span in spans])))
        for start, end, label in spans:
            self.labels.append(label)
            self._lengths.append(end - start)
            self.at_start[label] += start == 0
            self.at_end[label] += end == len(strand)

    @property
    def strands(self) -> NDArray[np.int64]:
        """The index of the strand of each span [S]."""
        return np.repeat(np.arange(len(self.per_strand)), np.asarray(self.per_strand))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of bases of each span [S]."""
        return np.asarray(self._lengths, np.int64)


def inspect_marked(prepared: Prepared, cost: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Report on strands with spans as a training would read them.

    Args:
        prepared: The data of the training, which is read once more.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``spans``, ``lengths``,
        ``duplicates``, ``letters``, ``training`` and ``warnings``.
    """
    files: Sequence[MarkedStrandExamples] = prepared.readers  # type: ignore[assignment]
    in_training = {*prepared.train.rows.tolist()}
    reading, spans = StrandReading(), _SpanReading()
    for number, examples in enumerate(files):
        for index, example in enumerate(examples):
            held_out = number > 0 or index not in in_training
            reading.add(example.text or "", example.row, number, held_out)
            spans.add(example.text or "", example.spans)
    strands = reading.strands()
    inspected = InspectedFiles(
        files=files,
        file=strands.file,
        rows=strands.rows,
        held_out=strands.held_out,
        what="strand",
    )
    warnings = Warnings()
    lengths = strands.lengths
    return {
        "files": _files(inspected, lengths, np.asarray(spans.per_strand), warnings),
        "labels": _labels(prepared.classes, spans, strands.held_out, warnings),
        "spans": _spans(prepared.classes, spans, inspected, lengths, prepared.settings, warnings),
        "lengths": {
            part: length_summary(lengths[mask], "bases")
            for part, mask in parts(strands.held_out).items()
        },
        "duplicates": inspected.find_duplicates(
            {"exact": strands.fingerprints},
            np.asarray(spans.fingerprints),
            warnings,
            "marked in more than one way",
        )
        | {"opposite": opposite_report(strands, inspected, warnings)},
        "letters": letter_report(reading, strands, inspected, warnings),
        "training": cost(),
        "warnings": list(warnings),
    }


def _files(
    inspected: InspectedFiles,
    lengths: NDArray[np.int64],
    per_strand: NDArray[np.int64],
    warnings: Warnings,
) -> list[dict[str, Any]]:
    """Return the report on files, with their numbers of bases and spans."""
    files = inspected.file_report(None, warnings)
    for number, file in enumerate(files):
        here = inspected.file == number
        file["bases"] = int(lengths[here].sum())
        file["spans"] = int(per_strand[here].sum())
        file["without_spans"] = int((per_strand[here] == 0).sum())
    return files


def _labels(
    labels: Sequence[str],
    spans: _SpanReading,
    held_out: NDArray[np.bool_],
    warnings: Warnings,
) -> list[dict[str, Any]]:
    """Count the spans of each label in each part; warn of rare labels."""
    numbers = _numbers(labels, spans.labels)
    counts = {
        part: np.bincount(numbers[mask[spans.strands]], minlength=len(labels))
        for part, mask in parts(held_out).items()
    }
    warn_of_similar_labels(labels, counts, warnings)
    warn_of_rare_labels(labels, counts, "spans", warnings)
    rows: list[dict[str, Any]] = []
    for number, label in enumerate(labels):
        row: dict[str, Any] = {"label": label}
        for part, part_counts in counts.items():
            row[part] = int(part_counts[number])
            row[f"{part}_share"] = float(part_counts[number] / max(1, part_counts.sum()))
        rows.append(row)
    return rows


def _spans(
    labels: Sequence[str],
    spans: _SpanReading,
    inspected: InspectedFiles,
    lengths: NDArray[np.int64],
    settings: Settings,
    warnings: Warnings,
) -> list[dict[str, Any]]:
    """Return the lengths of the spans of each label, and how many touch an end of their strand.

    It warns of spans that may be missed where tiles meet.
    """
    in_tiles = lengths[spans.strands] > settings.window
    long = np.flatnonzero(in_tiles & (spans.lengths > settings.overlap))
    if len(long):
        longest = long[np.argsort(-spans.lengths[long], kind="stable")]
        rows, where = inspected.describe(spans.strands[longest[:EXAMPLES]])
        warnings.add(
            "long_spans",
            f"{count(len(long), 'span')} of more than {settings.overlap:,} bases in strands that "
            f"are read in tiles, the longest of {spans.lengths[longest[0]]:,} ({where}): such "
            f"spans may be missed where tiles meet; set {option('overlap')} or {option('window')}",
            rows,
        )
    numbers = _numbers(labels, spans.labels)
    rows_by_label = []
    for number, label in enumerate(labels):
        found = spans.lengths[numbers == number]
        ends = {"at_start": spans.at_start[label], "at_end": spans.at_end[label]}
        rows_by_label.append({"label": label} | length_summary(found, "bases") | ends)
    return rows_by_label


def _numbers(labels: Sequence[str], found: Iterable[str]) -> NDArray[np.int64]:
    """Return the number of each label that was found."""
    numbers = {label: number for number, label in enumerate(labels)}
    return np.fromiter((numbers[label] for label in found), np.int64)
