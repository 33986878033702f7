"""Findings about labelled rows, whatever is in them: their files, duplicates and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import CheckedRows
from toolkit.data.labelled.rows import LabelledRows
from toolkit.data.labels import LabelEncoder
from toolkit.data.sources.folder import FolderSource
from toolkit.errors import count, shorten
from toolkit.inspection.findings import (
    MIN_LABEL_EXAMPLES,
    Warnings,
    find_duplicates,
    parts,
    warn_of_bad_rows,
    warn_of_rare_labels,
)
from toolkit.inspection.similar_labels import warn_of_similar_labels
from toolkit.options import option

#: A label this many times rarer than the most frequent one is worth a warning.
MUCH_RARER = 10
#: So many labels with few examples each, if they are most labels, look like no classes.
MANY_RARE = 20


@dataclass(frozen=True)
class InspectedFiles:
    """The rows of the training file, and of the file of validation data if there is one.

    Attributes:
        files: The readers of one or two files.
        file: The file of each row, 0 or 1 [N].
        rows: Its number in the file, from 1 [N].
        held_out: Whether it is in the held-out part [N].
        what: The noun of what a row holds.
    """

    files: Sequence[CheckedRows]
    file: NDArray[np.int64]
    rows: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    what: str

    def describe(self, indices: NDArray[np.int64]) -> tuple[list[Any], str]:
        """Return the rows of examples [n], or of pairs of them [n, 2], and a description of them.

        An example of a class folder is named by its file.
        """

        def name(example: int) -> Any:
            source, row = self.files[self.file[example]].source, int(self.rows[example])
            return source.file(row) if isinstance(source, FolderSource) else row

        def describe(example: int) -> str:
            several = len(self.files) > 1
            file = f" of {self.files[self.file[example]].source.name}" if several else ""
            return f"{name(example)}{file}"

        described = [" and ".join(map(describe, row)) for row in indices.reshape(len(indices), -1)]
        what = "file" if isinstance(self.files[0].source, FolderSource) else "row"
        names = np.vectorize(name, otypes=[object])(indices).tolist() if indices.size else []
        return names, f"{what}{'' if indices.size == 1 else 's'} {'; '.join(described)}"

    def file_report(self, groups: int | None, warnings: Warnings) -> list[dict[str, Any]]:
        """Count the rows of each file, and warn of bad ones.

        Args:
            groups: The number of groups of the training file, if there are any.
            warnings: The warnings to add to.
        """
        files = []
        for number, examples in enumerate(self.files):
            in_file = self.held_out[self.file == number]
            file = {
                "file": examples.source.name,
                "rows": len(in_file) + examples.bad_rows,
                "bad_rows": examples.bad_rows,
                "training": int((~in_file).sum()),
                "held_out": int(in_file.sum()),
            }
            files.append(file | ({"groups": groups} if groups and not number else {}))
            warn_of_bad_rows(examples, "row", warnings)
        return files

    def find_duplicates(
        self,
        fingerprints: Mapping[str, NDArray[np.int64]],
        label_fingerprints: NDArray[np.int64],
        warnings: Warnings,
        contradiction: str = "with more than one label",
    ) -> dict[str, Any]:
        """Count duplicates; see ``toolkit.inspection.findings.find_duplicates``."""
        return find_duplicates(
            fingerprints,
            label_fingerprints,
            self.held_out,
            self.what,
            contradiction,
            self.describe,
            warnings,
        )


@dataclass(frozen=True)
class InspectedRows(InspectedFiles):
    """Rows with a label each.

    Attributes:
        labels: The encoded label of each row [N, ...].
        encoder: The encoder of the labels.
    """

    files: Sequence[LabelledRows[Any]]
    labels: NDArray[Any]
    encoder: LabelEncoder

    def file_report(self, groups: int | None, warnings: Warnings) -> list[dict[str, Any]]:
        """Count the rows of each file, also those outside the label rule; warn of bad ones."""
        files = super().file_report(groups, warnings)
        for file, examples in zip(files, self.files, strict=True):
            file["rows"] += examples.outside_rule
            file["outside_rule"] = examples.outside_rule
        return files

    def label_report(self, warnings: Warnings) -> Any:
        """Count the labels in each part, or describe numbers; warn of rare labels."""
        masks = parts(self.held_out)
        labels, classes = self.labels, self.encoder.classes
        if not classes:
            return {part: _figures(labels[mask]) for part, mask in masks.items()}
        counts = {
            part: labels[mask].sum(axis=0).astype(np.int64)
            if labels.ndim == 2
            else np.bincount(labels[mask], minlength=len(classes))
            for part, mask in masks.items()
        }
        warn_of_classes(classes, counts, self.what, labels.ndim == 2, warnings)
        rows: list[dict[str, Any]] = []
        for index, name in enumerate(classes):
            row: dict[str, Any] = {"label": name}
            for part, part_counts in counts.items():
                row[part] = int(part_counts[index])
                row[f"{part}_share"] = float(part_counts[index] / masks[part].sum())
            rows.append(row)
        return rows


def warn_of_classes(
    classes: Sequence[str],
    counts: Mapping[str, NDArray[np.int64]],
    what: str,
    several: bool,
    warnings: Warnings,
) -> None:
    """Warn of classes that are too many, alike, much rarer than others, rare, or not measured.

    Args:
        classes: The names of the classes.
        counts: The count of each class in each part [C].
        what: The noun of an example.
        several: Whether an example has several labels.
        warnings: The warnings to add to.
    """
    warn_of_similar_labels(classes, counts, warnings)
    trained = counts["training"]
    few = int((trained < MIN_LABEL_EXAMPLES).sum())
    if few >= MANY_RARE and 2 * few > len(classes):
        warnings.add(
            "many_labels",
            f"{len(classes):,} labels, {few:,} of them with fewer than {MIN_LABEL_EXAMPLES} "
            f"training {what}s, such as {shorten([*classes[:3]])}: are these classes? "
            f"{option('label_column')} names another column",
        )
        return
    commonest = int(trained.argmax())
    if rarer := [i for i, n in enumerate(trained) if 0 < n * MUCH_RARER <= trained[commonest]]:
        rarest = min(rarer, key=lambda index: trained[index])
        balanced, chosen = option("class_weights", "balanced"), option("monitor", "macro_f1")
        warnings.add(
            "imbalance",
            f"{count(len(rarer), 'label')} at least {MUCH_RARER} times rarer than "
            f"{classes[commonest]!r} ({trained[commonest]:,} training {what}s), such as "
            f"{classes[rarest]!r} ({trained[rarest]:,}): look at macro F1, not at the accuracy"
            + (
                "" if several else f"; {balanced} makes all count the same, and {chosen} goes by it"
            ),
        )
    warn_of_rare_labels(classes, counts, f"{what}s", warnings)


def _figures(numbers: NDArray[np.float32]) -> dict[str, float]:
    figures = {
        "min": numbers.min(),
        "median": np.median(numbers),
        "max": numbers.max(),
        "mean": numbers.mean(dtype=np.float64),
        "deviation": numbers.std(dtype=np.float64),
    }
    return {name: float(figure) for name, figure in figures.items()}
