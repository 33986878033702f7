"""What reports on data find alike, whether a label is a text's or an entity's."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from toolkit.data import LengthBatches
from toolkit.data.bad_rows import CheckedRows
from toolkit.data.duplicates import find_repeats
from toolkit.data.labels import shorten
from toolkit.errors import count
from toolkit.options import option
from toolkit.tasks import automatic
from toolkit.training import TrainingOptions
from toolkit.training.cost import Trial, peak_memory

#: How many of a kind are listed, such as unknown units.
LISTED = 10
PERCENTILES = (5, 25, 50, 75, 90, 95, 99)

# What is worth a warning.
MANY_UNKNOWN = 0.1  # a share of the held-out part's units
FEW = 10  # training examples of a label

Say = Callable[[NDArray[np.int64]], tuple[list[Any], str]]
"""Gives the rows of examples [n], or of pairs of them [n, 2], and how to say where they are."""


class Warnings(list[dict[str, Any]]):
    """What is wrong, or may be."""

    def add(self, kind: str, message: str, rows: Sequence[Any] = ()) -> None:
        """Adds a warning of a kind, with the rows that it is about."""
        self.append({"kind": kind, "message": message, "rows": list(rows)})


def parts(held_out: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """The parts that have examples, each by its name and which examples it has [N]."""
    found = {"training": ~held_out}
    if held_out.any():
        found["held_out"] = held_out
    return found


def warn_of_bad_rows(examples: CheckedRows, what: str, warnings: Warnings) -> None:
    """Says how many rows cannot be used, and why the first of them."""
    if examples.bad_rows:
        first = "; ".join(f"{place}: {why}" for place, why in examples.problems.items())
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
    """Says which labels are rare, and which nothing measures.

    Args:
        labels: Their names.
        counts: How often each occurs in each part [C].
        what: What is counted.
        warnings: What is added to.
    """
    trained, held_out = counts["training"], counts.get("held_out")
    if few := [f"{labels[i]} ({n})" for i, n in enumerate(trained) if n < FEW]:
        warnings.add(
            "rare_labels",
            f"{count(len(few), 'label')} with fewer than {FEW} training {what}: {shorten(few)}",
        )
    if held_out is not None and not held_out.all():
        missing = [name for name, n in zip(labels, held_out, strict=True) if not n]
        warnings.add(
            "missing_labels",
            f"{count(len(missing), 'label')} not in the held-out part, so that nothing measures "
            f"them: {shorten(missing)}",
        )


def length_figures(lengths: NDArray[np.int32], units: str) -> dict[str, Any]:
    """Least, percentiles, most and mean of lengths [N], N >= 1."""
    percentiles = np.percentile(lengths, PERCENTILES, method="inverted_cdf")
    return {
        "unit": units,
        "min": int(lengths.min()),
        **{f"p{p}": int(n) for p, n in zip(PERCENTILES, percentiles, strict=True)},
        "max": int(lengths.max()),
        "mean": float(lengths.mean()),
    }


def find_duplicates(
    prints: Mapping[str, NDArray[np.int64]],
    label_prints: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    what: str,
    contradiction: str,
    say: Say,
    warnings: Warnings,
) -> dict[str, Any]:
    """Counts repeats within the parts and across them, and those with different labels.

    Args:
        prints: Fingerprints of the examples [N] as they stand, ``exact``, and, unless those say
            it all, of their normal forms, ``normalised``.
        label_prints: Fingerprints of their labels [N].
        held_out: Whether each is of the held-out part [N].
        what: What an example is.
        contradiction: What is to be said of one with different labels.
        say: Says where examples are.
        warnings: What is added to.
    """
    found = {kind: find_repeats(of, label_prints, held_out) for kind, of in prints.items()}
    exact, normal = found["exact"], found.get("normalised", found["exact"])
    for part, number, as_they_stand, pairs in (
        ("training", normal.training, exact.training, normal.training_pairs),
        ("held-out", normal.held_out, exact.held_out, normal.held_out_pairs),
    ):
        if number:
            rows, said = say(pairs)
            warnings.add(
                "duplicates",
                f"{count(number, 'repeat')} within the {part} part, {as_they_stand:,} word for "
                f"word ({said})",
                rows,
            )
    if normal.across:
        rows, said = say(normal.across_pairs)
        warnings.add(
            "overlap",
            f"{count(normal.across, f'held-out {what}')} also in the training part, "
            f"{exact.across:,} word for word: what is measured on them may be memory ({said})",
            rows,
        )
    if normal.contradicting:
        rows, said = say(normal.contradicting_pairs)
        warnings.add(
            "contradiction", f"{count(normal.contradicting, what)} {contradiction} ({said})", rows
        )
    names = ("training", "held_out", "across", "contradicting")
    return {
        kind: {name: getattr(repeats, name) for name in names} for kind, repeats in found.items()
    }


def find_unknown(
    counts: Mapping[str, Counter[str]],
    known: Collection[str],
    entries: int,
    units: str,
    warnings: Warnings,
) -> dict[str, Any]:
    """Counts the units that training will not know.

    Args:
        counts: How often each unit occurs in ``training`` and in ``held_out``.
        known: Those that have an entry in the vocabulary.
        entries: How many entries it has.
        units: What a unit is.
        warnings: What is added to.
    """
    found: dict[str, Any] = {"distinct_in_training": len(counts["training"]), "entries": entries}
    for part, of_part in counts.items():
        if total := of_part.total():
            unknown = sum(number for unit, number in of_part.items() if unit not in known)
            found[f"unknown_{part}_share"] = unknown / total
    commonest = sorted(
        (-number, unit) for unit, number in counts["held_out"].items() if unit not in known
    )[:LISTED]
    found["commonest_unknown"] = [unit for _, unit in commonest]
    share = found.get("unknown_held_out_share", 0.0)
    if share >= MANY_UNKNOWN:
        warnings.add(
            "unknown",
            f"{share:.1%} of the held-out part's {units} are not in the vocabulary, such as "
            f"{', '.join(found['commonest_unknown'][:5])}",
        )
    return found


def trial_options(options: TrainingOptions, suited: Any) -> TrainingOptions:
    """How steps are tried: as they would be trained, as far as it takes time."""
    settings = TrainingOptions(
        **{field.name: getattr(options, field.name) for field in fields(TrainingOptions)}
    )
    return replace(settings, ema=automatic.choose(options, "ema", suited.ema))


def epoch_figures(
    network: keras.Model, batches: LengthBatches, trial: Trial, tokens: int, epochs: int
) -> dict[str, Any]:
    """What an epoch comes to: batches by their plan, time and memory by some steps.

    Args:
        network: The network.
        batches: The batches of the training part.
        trial: What some steps with them took.
        tokens: How many units they have, without padding.
        epochs: How many epochs are planned.
    """
    rate = trial.units / trial.seconds * (1 - batches.padding_share)
    return {
        "batch_tokens": batches.batch_tokens,
        "batches": len(batches),
        "padding_share": batches.padding_share,
        **cost_figures(network, trial, tokens, tokens / rate, epochs),
    }


def cost_figures(
    network: keras.Model, trial: Trial, tokens: int, seconds: float, epochs: int
) -> dict[str, Any]:
    """What an epoch costs, by some steps.

    Args:
        network: The network.
        trial: What some steps took.
        tokens: How many units an epoch has, without padding.
        seconds: What it will take by the trial.
        epochs: How many are planned.
    """
    return {
        "parameters": network.count_params(),
        "estimated_units_per_second": tokens / seconds,
        "estimated_seconds_per_epoch": seconds,
        "epochs": epochs,
        "estimated_memory_bytes": peak_memory(),
        "estimated_from": f"{count(trial.steps, 'training step')} in {trial.seconds:.1f} s, "
        "tried with this network on this machine as it is now; what is before and between the "
        "epochs (reading, first vectors, validation) comes on top",
    }
