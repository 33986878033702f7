"""The report of ``inspect`` on pairs of texts."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data import PairCorpus, PairExamples
from toolkit.data.fingerprints import fingerprint, normal_form
from toolkit.data.pairs.examples import SUSPICIOUS_RATIO, length_ratio
from toolkit.errors import count
from toolkit.inspection.findings import (
    LISTED,
    Warnings,
    find_duplicates,
    length_summary,
    parts,
    warn_of_bad_rows,
)
from toolkit.options import option


class _InspectedPairs(NamedTuple):
    """Facts about the pairs of a file, one row per pair."""

    rows: NDArray[np.int64]
    places: list[str]
    exact: NDArray[np.int64]
    normalised: NDArray[np.int64]
    targets: NDArray[np.int64]
    words: NDArray[np.int32]  # [N, 2], of source and target
    ratios: NDArray[np.float64]
    identical: NDArray[np.bool_]


def inspect_pairs(
    token_level: str,
    files: Sequence[PairExamples],
    held_out: NDArray[np.bool_],
    train: PairCorpus,
    cost: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Report on pairs as a training would read them.

    Args:
        token_level: The kind of token.
        files: The pairs of the training data and, if any, of the validation data, which are read
            here.
        held_out: Whether each pair of the training data is held out [N].
        train: The training part.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``lengths``, ``ratios``, ``duplicates``,
        ``training`` and ``warnings``.
    """
    read = [_read(examples) for examples in files]
    others = [np.ones(len(pairs.rows), bool) for pairs in read[1:]]
    all_held_out = np.concatenate([held_out, *others])
    warnings = Warnings()

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(pairs, name) for pairs in read])

    places = [
        f"{place} of {examples.name}" if len(files) > 1 else place
        for examples, pairs in zip(files, read, strict=True)
        for place in pairs.places
    ]

    def describe(indices: NDArray[np.int64]) -> tuple[list[Any], str]:
        rows = indices.reshape(len(indices), -1)
        described = [" and ".join(places[pair] for pair in row) for row in rows.tolist()]
        return column("rows")[indices].tolist(), "; ".join(described)

    for examples in files:
        warn_of_bad_rows(examples, "pair", warnings)
    _warn_of_sides(column("ratios"), column("identical"), describe, warnings)
    return {
        "files": [
            {
                "file": examples.name,
                "rows": len(pairs.rows) + examples.bad_rows + examples.skipped_by_ratio,
                "bad_rows": examples.bad_rows,
                "left_out_by_lengths": examples.skipped_by_ratio,
                "training": int((~mask).sum()),
                "held_out": int(mask.sum()),
            }
            for examples, pairs, mask in zip(files, read, [held_out, *others], strict=True)
        ],
        "lengths": {
            f"{part}_{side}": length_summary(column("words")[mask, number], "words")
            for part, mask in parts(all_held_out).items()
            for number, side in enumerate(("source", "target"))
        }
        | {
            f"{side}_{token_level}": length_summary(lengths, token_level)
            for side, lengths in (
                ("source", train.source_lengths),
                ("target", train.target_lengths),
            )
        },
        "duplicates": find_duplicates(
            {"exact": column("exact"), "normalised": column("normalised")},
            column("targets"),
            all_held_out,
            "source",
            "with more than one target",
            describe,
            warnings,
        ),
        "training": cost(),
        "warnings": list(warnings),
    }


def _read(examples: PairExamples) -> _InspectedPairs:
    rows, places, exact, normalised, targets = [], [], [], [], []
    words, ratios, identical = [], [], []
    for example in examples:
        rows.append(example.row)
        places.append(example.place)
        exact.append(fingerprint(example.source))
        normalised.append(fingerprint(normal_form(example.source)))
        targets.append(fingerprint(normal_form(example.target)))
        words.append((len(example.source.split()), len(example.target.split())))
        ratios.append(length_ratio(example))
        identical.append(example.source == example.target)
    return _InspectedPairs(
        np.asarray(rows, np.int64),
        places,
        np.asarray(exact, np.int64),
        np.asarray(normalised, np.int64),
        np.asarray(targets, np.int64),
        np.asarray(words, np.int32),
        np.asarray(ratios, np.float64),
        np.asarray(identical, bool),
    )


def _warn_of_sides(ratios: Any, identical: Any, describe: Any, warnings: Warnings) -> None:
    absurd = np.flatnonzero(ratios > SUSPICIOUS_RATIO)
    if len(absurd):
        rows, where = describe(absurd[:LISTED])
        warnings.add(
            "lengths",
            f"{count(len(absurd), 'pair')} with a side over {SUSPICIOUS_RATIO:g} times longer than "
            f"the other; {option('max_length_ratio', SUSPICIOUS_RATIO)} leaves out the longest of "
            f"these ({where})",
            rows,
        )
    same = np.flatnonzero(identical)
    if len(same):
        rows, where = describe(same[:LISTED])
        warnings.add(
            "identical",
            f"{count(len(same), 'pair')} whose target equals the source, which teaches to copy "
            f"({where})",
            rows,
        )
