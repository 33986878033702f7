"""Findings that the inspection reports of several tasks share."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import CheckedRows
from toolkit.errors import count, shorten
from toolkit.inspection.duplicates import find_repeats
from toolkit.options import option

#: The number of items that a report lists, such as unknown tokens.
LISTED = 10
PERCENTILES = (5, 25, 50, 75, 90, 95, 99)

# Thresholds of warnings.
MAX_UNKNOWN_SHARE = 0.1  # of the held-out tokens
MIN_LABEL_EXAMPLES = 10  # training examples of each label

DescribePlaces = Callable[[NDArray[np.int64]], tuple[list[Any], str]]
"""Maps indices of examples [n], or of pairs of them [n, 2], to their rows and their places."""


class Warnings(list[dict[str, Any]]):
    """The warnings of a report."""

    def add(self, kind: str, message: str, rows: Sequence[Any] = ()) -> None:
        """Add a warning of a kind, with the rows that it concerns."""
        self.append({"kind": kind, "message": message, "rows": list(rows)})


def parts(held_out: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Return a mask of the examples [N] of each part that is not empty, by name."""
    masks = {"training": ~held_out}
    if held_out.any():
        masks["held_out"] = held_out
    return masks


def warn_of_bad_rows(examples: CheckedRows, what: str, warnings: Warnings) -> None:
    """Warn of the number of bad rows, with the first of each kind of problem."""
    if examples.bad_rows:
        first = "; ".join(examples.listed_problems)
        warnings.add(
            "bad_rows",
            f"{examples.source.name}: {count(examples.bad_rows, what)} that cannot be used; "
            f"training stops there, or leaves them out with {option('skip_bad_rows')} ({first})",
            list(examples.problems),
        )


def warn_of_rare_labels(
    labels: Sequence[str],
    counts: Mapping[str, NDArray[np.int64]],
    what: str,
    warnings: Warnings,
) -> None:
    """Warn of labels that are rare, or missing in the held-out part.

    Args:
        labels: The names of the labels.
        counts: The count of each label in each part [C].
        what: The plural noun of what is counted.
        warnings: The warnings to add to.
    """
    trained, held_out = counts["training"], counts.get("held_out")
    if few := [f"{labels[i]} ({n})" for i, n in enumerate(trained) if n < MIN_LABEL_EXAMPLES]:
        warnings.add(
            "rare_labels",
            f"{count(len(few), 'label')} with fewer than {MIN_LABEL_EXAMPLES} training {what}: "
            f"{shorten(few)}",
        )
    if held_out is not None and not held_out.all():
        missing = [name for name, n in zip(labels, held_out, strict=True) if not n]
        warnings.add(
            "missing_labels",
            f"{count(len(missing), 'label')} not in the held-out part, so that nothing measures "
            f"them: {shorten(missing)}",
        )


def length_summary(lengths: NDArray[np.integer[Any]], steps: str) -> dict[str, Any]:
    """Return minimum, percentiles, maximum and mean of lengths [N], N >= 1, in named steps."""
    percentiles = np.percentile(lengths, PERCENTILES, method="inverted_cdf")
    return {
        "unit": steps,
        "min": int(lengths.min()),
        **{f"p{p}": int(n) for p, n in zip(PERCENTILES, percentiles, strict=True)},
        "max": int(lengths.max()),
        "mean": float(lengths.mean()),
    }


def find_duplicates(
    fingerprints: Mapping[str, NDArray[np.int64]],
    label_fingerprints: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    what: str,
    contradiction: str,
    describe_places: DescribePlaces,
    warnings: Warnings,
) -> dict[str, Any]:
    """Count duplicates within the parts and across them, and those with different labels.

    Args:
        fingerprints: Fingerprints of the examples [N], ``exact``, and optionally of their normal
            forms, ``normalised``.
        label_fingerprints: Fingerprints of their labels [N].
        held_out: Whether each example is in the held-out part [N].
        what: The noun of an example.
        contradiction: The description of an example with different labels.
        describe_places: Returns the rows and the places of examples.
        warnings: The warnings to add to.
    """
    repeats = {
        kind: find_repeats(values, label_fingerprints, held_out)
        for kind, values in fingerprints.items()
    }
    exact, normal = repeats["exact"], repeats.get("normalised", repeats["exact"])

    def identical(number: int) -> str:
        return f", {number:,} word for word" if "normalised" in repeats else ""

    for part, number, exact_number, pairs in (
        ("training", normal.training, exact.training, normal.training_pairs),
        ("held-out", normal.held_out, exact.held_out, normal.held_out_pairs),
    ):
        if number:
            rows, places = describe_places(pairs)
            warnings.add(
                "duplicates",
                f"{count(number, 'repeat')} within the {part} part{identical(exact_number)} "
                f"({places})",
                rows,
            )
    if normal.across:
        rows, places = describe_places(normal.across_pairs)
        warnings.add(
            "overlap",
            f"{count(normal.across, f'held-out {what}')} also in the training part"
            f"{identical(exact.across)}: a model may have memorised them ({places})",
            rows,
        )
    if normal.contradicting:
        rows, places = describe_places(normal.contradicting_pairs)
        warnings.add(
            "contradiction", f"{count(normal.contradicting, what)} {contradiction} ({places})", rows
        )
    names = ("training", "held_out", "across", "contradicting")
    return {
        kind: {name: getattr(values, name) for name in names} for kind, values in repeats.items()
    }


def find_unknown(
    counts: Mapping[str, Counter[str]],
    known: Collection[str],
    entries: int,
    tokens: str,
    warnings: Warnings,
) -> dict[str, Any]:
    """Count the tokens that are not in the vocabulary.

    Args:
        counts: The count of each token in ``training`` and in ``held_out``.
        known: The tokens of the vocabulary.
        entries: The number of entries of the vocabulary.
        tokens: The plural noun of the tokens.
        warnings: The warnings to add to.
    """
    report: dict[str, Any] = {"distinct_in_training": len(counts["training"]), "entries": entries}
    for part, counter in counts.items():
        if total := counter.total():
            unknown = sum(number for token, number in counter.items() if token not in known)
            report[f"unknown_{part}_share"] = unknown / total
    commonest = sorted(
        (-number, token) for token, number in counts["held_out"].items() if token not in known
    )[:LISTED]
    report["commonest_unknown"] = [token for _, token in commonest]
    share = report.get("unknown_held_out_share", 0.0)
    if share >= MAX_UNKNOWN_SHARE:
        warnings.add(
            "unknown",
            f"{share:.1%} of the held-out part's {tokens} are not in the vocabulary, such as "
            f"{', '.join(report['commonest_unknown'][:5])}",
        )
    return report
