"""What running text is like, as the training of a language model would meet it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import EncodedCorpus, StreamBatches, StreamCorpus, TextBatches
from toolkit.data.duplicates import fingerprint
from toolkit.data.on_disk import chunks
from toolkit.errors import count
from toolkit.models import Carried, OneToMany
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.findings import (
    MANY_UNKNOWN,
    Warnings,
    cost_figures,
    find_duplicates,
    length_figures,
    trial_options,
    warn_of_rare_labels,
)
from toolkit.tasks.options import LanguageModelOptions
from toolkit.text.vocabulary import UNKNOWN_ID
from toolkit.training.cost import try_steps

Corpus = StreamCorpus | EncodedCorpus


def inspect_text(
    options: LanguageModelOptions,
    parts: Mapping[str, Corpus],
    conditions: tuple[str, ...],
    batches: StreamBatches | TextBatches,
    network: OneToMany,
    size: DataSize,
    warnings: Warnings,
) -> dict[str, Any]:
    """Looks at text as a training has met it.

    Args:
        options: The hyperparameters of the training.
        parts: The text as ids: ``training`` and, if there is some, ``held_out``.
        conditions: The names of the texts' conditions, if they have any.
        batches: Of the training part.
        network: The network whose speed is tried; the trial spoils it.
        size: Of the training part.
        warnings: What has been found already; it is added to.

    Returns:
        Sections by name, of plain values: ``parts``; ``conditions``, if there are any; ``lengths``
        and ``duplicates``, if there are several texts; ``vocabulary``, ``training`` and
        ``warnings``.
    """
    texts = {name: list(_texts(corpus)) for name, corpus in parts.items()}
    report: dict[str, Any] = {
        "parts": [
            {"part": name, "texts": len(texts[name]), options.units: sum(map(len, texts[name]))}
            for name in parts
        ]
    }
    if conditions:
        report["conditions"] = _conditions(parts, conditions, warnings)
    if empty := sum(not len(ids) for of_part in texts.values() for ids in of_part):
        warnings.add("empty", f"{count(empty, 'text')} with nothing in it")
    if len(texts["training"]) > 1:
        report["lengths"] = {
            part: length_figures(np.array([*map(len, of_part)], np.int32), options.units)
            for part, of_part in texts.items()
        }
        report["duplicates"] = _duplicates(texts, parts, warnings)
    report["vocabulary"] = _vocabulary(options.units, parts, network, warnings)
    trial = try_steps(
        Carried(network, batches.rows, options.sampled_softmax),
        batches.stream(),
        trial_options(options, automatic.language_model(size, options.units)),
        loss=None,
        units_of=lambda inputs: tf.size(inputs["ids"]),
    )
    seconds = len(batches) * trial.seconds / trial.steps
    epochs = automatic.choose(options, "epochs", automatic.language_epochs(size))
    report["training"] = {
        "batches": len(batches),
        "windows_in_a_batch": batches.rows,
        "window": batches.steps,
        **cost_figures(network, trial, size.tokens, seconds, epochs),
    }
    return report | {"warnings": list(warnings)}


def _texts(corpus: Corpus) -> Iterator[NDArray[np.int32]]:
    """The ids of each text, without its end."""
    if isinstance(corpus, EncodedCorpus):
        yield from (corpus[index] for index in range(len(corpus)))
    elif corpus.texts == 1:
        yield corpus.ids
    else:
        start = begin = 0
        for chunk in chunks(corpus.ids):
            for end in (begin + np.flatnonzero(chunk == 0)).tolist():
                yield corpus.ids[start:end]
                start = end + 1
            begin += len(chunk)


def _conditions(
    parts: Mapping[str, Corpus], conditions: tuple[str, ...], warnings: Warnings
) -> list[dict[str, Any]]:
    counts = {
        name: corpus.class_counts
        for name, corpus in parts.items()
        if isinstance(corpus, EncodedCorpus)
    }
    warn_of_rare_labels(conditions, counts, "texts", warnings)
    return [
        {"condition": name, **{part: int(of_part[i]) for part, of_part in counts.items()}}
        for i, name in enumerate(conditions)
    ]


def _duplicates(
    texts: Mapping[str, list[NDArray[np.int32]]], parts: Mapping[str, Corpus], warnings: Warnings
) -> dict[str, Any]:
    """Texts that come again, unit for unit."""
    prints = [
        fingerprint(np.ascontiguousarray(ids).data) for of_part in texts.values() for ids in of_part
    ]
    first = len(texts["training"])
    places = [f"training text {n}" for n in range(1, first + 1)]
    places += [f"held-out text {n}" for n in range(1, len(prints) - first + 1)]
    conditions = [
        np.asarray(corpus.labels if isinstance(corpus, EncodedCorpus) else [0] * len(texts[name]))
        for name, corpus in parts.items()
    ]

    def say(pairs: NDArray[np.int64]) -> tuple[list[Any], str]:
        named = [[places[index] for index in pair] for pair in pairs.tolist()]
        return named, "; ".join(" and ".join(pair) for pair in named)

    return find_duplicates(
        {"exact": np.array(prints, np.int64)},
        np.concatenate(conditions).astype(np.int64),
        np.arange(len(prints)) >= first,
        "text",
        "with more than one condition",
        say,
        warnings,
    )


def _vocabulary(
    units: str, parts: Mapping[str, Corpus], network: OneToMany, warnings: Warnings
) -> dict[str, Any]:
    """How much of each part the training will not know."""
    entries = network.config["vocabulary_size"]
    counts = {name: _counts(corpus.ids, entries) for name, corpus in parts.items()}
    distinct = int(np.count_nonzero(counts["training"][UNKNOWN_ID + 1 :]))
    if distinct < 2:
        warnings.add(
            "one_unit", f"the training part has no two different {units}: nothing is to be learnt"
        )
    found: dict[str, Any] = {"entries": entries, "known_in_training": distinct}
    for name, of_part in counts.items():
        if total := int(of_part[1:].sum()):
            share = found[f"unknown_{name}_share"] = int(of_part[UNKNOWN_ID]) / total
            if share >= MANY_UNKNOWN:
                warnings.add(
                    "unknown",
                    f"{share:.1%} of the {name.replace('_', '-')} part's {units} are not in the "
                    f"vocabulary of {entries:,}",
                )
    return found


def _counts(ids: NDArray[np.int32], entries: int) -> NDArray[np.int64]:
    """How often each id occurs; a part of them at a time, as they lie on disk."""
    counts = np.zeros(entries, np.int64)
    for chunk in chunks(ids):
        counts += np.bincount(chunk, minlength=entries)
    return counts
