"""What pairs of texts are like, as a training would meet them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import LengthBatches, PairCorpus, PairExamples
from toolkit.data.duplicates import fingerprint, normal_form
from toolkit.data.pair_examples import ABSURD_RATIO, length_ratio
from toolkit.errors import count
from toolkit.models import EncoderDecoder
from toolkit.options import option
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.findings import (
    LISTED,
    Warnings,
    epoch_figures,
    find_duplicates,
    length_figures,
    parts,
    trial_options,
    warn_of_bad_rows,
)
from toolkit.tasks.options import TranslatorOptions
from toolkit.training.cost import try_steps


class _Read(NamedTuple):
    """What is kept of the pairs of a file, one row each."""

    rows: NDArray[np.int64]
    places: list[str]
    exact: NDArray[np.int64]
    normalised: NDArray[np.int64]
    targets: NDArray[np.int64]
    words: NDArray[np.int32]  # [N, 2], of source and target
    ratios: NDArray[np.float64]
    identical: NDArray[np.bool_]


def inspect_pairs(
    options: TranslatorOptions,
    files: Sequence[PairExamples],
    held_out: NDArray[np.bool_],
    train: PairCorpus,
    network: EncoderDecoder,
) -> dict[str, Any]:
    """Looks at pairs as a training has met them.

    Args:
        options: The hyperparameters of the training.
        files: The pairs of the training data and, if there is some, of the validation data, which
            are read here.
        held_out: Which pairs of the training data are held out [N].
        train: The training part.
        network: The network whose speed is tried; the trial spoils it.

    Returns:
        Sections by name, of plain values: ``files``, ``lengths``, ``ratios``, ``duplicates``,
        ``training`` and ``warnings``.
    """
    read = [_read(examples) for examples in files]
    others = [np.ones(len(each.rows), bool) for each in read[1:]]
    of_part = np.concatenate([held_out, *others])
    warnings = Warnings()

    def of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in read])

    places = [
        f"{place} of {examples.name}" if len(files) > 1 else place
        for examples, each in zip(files, read, strict=True)
        for place in each.places
    ]

    def say(found: NDArray[np.int64]) -> tuple[list[Any], str]:
        rows = found.reshape(len(found), -1)
        said = [" and ".join(places[pair] for pair in row) for row in rows.tolist()]
        return of("rows")[found].tolist(), "; ".join(said)

    for examples in files:
        warn_of_bad_rows(examples, "pair", warnings)
    _warn_of_sides(of("ratios"), of("identical"), say, warnings)
    return {
        "files": [
            {
                "file": examples.name,
                "rows": len(each.rows) + examples.bad_rows + examples.too_unequal,
                "bad_rows": examples.bad_rows,
                "left_out_by_lengths": examples.too_unequal,
                "training": int((~mask).sum()),
                "held_out": int(mask.sum()),
            }
            for examples, each, mask in zip(files, read, [held_out, *others], strict=True)
        ],
        "lengths": {
            f"{part}_{side}": length_figures(of("words")[mask, column], "words")
            for part, mask in parts(of_part).items()
            for column, side in enumerate(("source", "target"))
        }
        | {
            f"{side}_{options.units}": length_figures(lengths, options.units)
            for side, lengths in (
                ("source", train.source_lengths),
                ("target", train.target_lengths),
            )
        },
        "duplicates": find_duplicates(
            {"exact": of("exact"), "normalised": of("normalised")},
            of("targets"),
            of_part,
            "source",
            "with more than one target",
            say,
            warnings,
        ),
        "training": _training(options, train, network),
        "warnings": list(warnings),
    }


def _read(examples: PairExamples) -> _Read:
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
    return _Read(
        np.asarray(rows, np.int64),
        places,
        np.asarray(exact, np.int64),
        np.asarray(normalised, np.int64),
        np.asarray(targets, np.int64),
        np.asarray(words, np.int32),
        np.asarray(ratios, np.float64),
        np.asarray(identical, bool),
    )


def _warn_of_sides(ratios: Any, identical: Any, say: Any, warnings: Warnings) -> None:
    absurd = np.flatnonzero(ratios > ABSURD_RATIO)
    if len(absurd):
        rows, said = say(absurd[:LISTED])
        warnings.add(
            "lengths",
            f"{count(len(absurd), 'pair')} with a side over {ABSURD_RATIO:g} times longer than "
            f"the other; {option('max_length_ratio', ABSURD_RATIO)} leaves the longest of such "
            f"out ({said})",
            rows,
        )
    same = np.flatnonzero(identical)
    if len(same):
        rows, said = say(same[:LISTED])
        warnings.add(
            "identical",
            f"{count(len(same), 'pair')} whose target is the source as it stands, which teaches to "
            f"copy ({said})",
            rows,
        )


def _training(
    options: TranslatorOptions, train: PairCorpus, network: EncoderDecoder
) -> dict[str, Any]:
    """What an epoch comes to: batches by their plan, time and memory by trying some steps."""
    size = DataSize(len(train), int(train.target_lengths.sum()))
    budget = automatic.choose(options, "batch_tokens", automatic.translator_batch_tokens(size))
    batches = LengthBatches(train, budget, options.seed)
    network.build()
    trial = try_steps(
        network,
        batches.dataset(),
        trial_options(options, automatic.translator(size)),
        loss=None,
        units_of=lambda inputs: tf.size(inputs["target"]),
    )
    epochs = automatic.choose(options, "epochs", automatic.translator_epochs(size))
    return epoch_figures(network, batches, trial, size.tokens, epochs)
