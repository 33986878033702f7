"""The report of ``inspect`` on text for a language model."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import PackedCorpus, StreamCorpus
from toolkit.data.corpora.mapped_files import chunks
from toolkit.data.fingerprints import fingerprint
from toolkit.errors import count
from toolkit.inspection.findings import (
    MAX_UNKNOWN_SHARE,
    Warnings,
    find_duplicates,
    length_summary,
    warn_of_rare_labels,
)
from toolkit.inspection.similar_labels import warn_of_similar_labels
from toolkit.tasks.prepared import Prepared
from toolkit.text.vocabulary import UNKNOWN_ID

Corpus = StreamCorpus | PackedCorpus


def inspect_text(
    prepared: Prepared, cost: Callable[[], dict[str, Any]], warnings: Warnings
) -> dict[str, Any]:
    """Report on text as a training would read it.

    Args:
        prepared: The encoded text.
        cost: Returns the cost of an epoch.
        warnings: The warnings so far, to which this adds.

    Returns:
        Sections by name, of plain values: ``parts``; ``conditions``, if there are any; ``lengths``
        and ``duplicates``, if there are several texts; ``vocabulary``, ``training`` and
        ``warnings``.
    """
    level = prepared.settings.token_level
    parts: dict[str, Corpus] = {"training": prepared.train}
    if prepared.held_out is not None:
        parts["held_out"] = prepared.held_out
    texts = {name: list(_texts(corpus)) for name, corpus in parts.items()}
    report: dict[str, Any] = {
        "parts": [
            {"part": name, "texts": len(texts[name]), level: sum(map(len, texts[name]))}
            for name in parts
        ]
    }
    if prepared.classes:
        report["conditions"] = _conditions(parts, prepared.classes, warnings)
    if empty := sum(not len(ids) for part_texts in texts.values() for ids in part_texts):
        warnings.add("empty", f"{count(empty, 'text')} without content")
    if len(texts["training"]) > 1:
        report["lengths"] = {
            part: length_summary(np.array([*map(len, part_texts)], np.int32), level)
            for part, part_texts in texts.items()
        }
        report["duplicates"] = _duplicates(texts, parts, warnings)
    entries = prepared.preprocessing.vocabulary_size
    report["vocabulary"] = _vocabulary(level, parts, entries, warnings)
    return report | {"training": cost(), "warnings": list(warnings)}


def _texts(corpus: Corpus) -> Iterator[NDArray[np.int32]]:
    """Yield the ids of each text, without its end."""
    if isinstance(corpus, PackedCorpus):
        yield from (corpus.sequences[index] for index in range(len(corpus)))
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
        if isinstance(corpus, PackedCorpus)
    }
    warn_of_similar_labels(conditions, counts, warnings)
    warn_of_rare_labels(conditions, counts, "texts", warnings)
    return [
        {"condition": name, **{part: int(part_texts[i]) for part, part_texts in counts.items()}}
        for i, name in enumerate(conditions)
    ]


def _duplicates(
    texts: Mapping[str, list[NDArray[np.int32]]], parts: Mapping[str, Corpus], warnings: Warnings
) -> dict[str, Any]:
    """Return the texts that occur again, token by token."""
    prints = [
        fingerprint(np.ascontiguousarray(ids).data)
        for part_texts in texts.values()
        for ids in part_texts
    ]
    first = len(texts["training"])
    places = [f"training text {n}" for n in range(1, first + 1)]
    places += [f"held-out text {n}" for n in range(1, len(prints) - first + 1)]
    conditions = [
        np.asarray(corpus.labels if isinstance(corpus, PackedCorpus) else [0] * len(texts[name]))
        for name, corpus in parts.items()
    ]

    def describe(pairs: NDArray[np.int64]) -> tuple[list[Any], str]:
        named = [[places[index] for index in pair] for pair in pairs.tolist()]
        return named, "; ".join(" and ".join(pair) for pair in named)

    return find_duplicates(
        {"exact": np.array(prints, np.int64)},
        np.concatenate(conditions).astype(np.int64),
        np.arange(len(prints)) >= first,
        "text",
        "with more than one condition",
        describe,
        warnings,
    )


def _vocabulary(
    level: str, parts: Mapping[str, Corpus], entries: int, warnings: Warnings
) -> dict[str, Any]:
    """Return the share of unknown tokens in each part."""
    counts = {name: _counts(_ids(corpus), entries) for name, corpus in parts.items()}
    distinct = int(np.count_nonzero(counts["training"][UNKNOWN_ID + 1 :]))
    if distinct < 2:
        warnings.add(
            "one_token",
            f"the training part has no two different {level}: there is nothing to learn",
        )
    report: dict[str, Any] = {"entries": entries, "known_in_training": distinct}
    for name, part_texts in counts.items():
        if total := int(part_texts[1:].sum()):
            share = report[f"unknown_{name}_share"] = int(part_texts[UNKNOWN_ID]) / total
            if share >= MAX_UNKNOWN_SHARE:
                warnings.add(
                    "unknown",
                    f"{share:.1%} of the {name.replace('_', '-')} part's {level} are not in the "
                    f"vocabulary of {entries:,}",
                )
    return report


def _ids(corpus: Corpus) -> NDArray[np.int32]:
    """Return all ids of a corpus, end to end."""
    return corpus.sequences.values if isinstance(corpus, PackedCorpus) else corpus.ids


def _counts(ids: NDArray[np.int32], entries: int) -> NDArray[np.int64]:
    """Return the frequency of each id, read from disk in chunks."""
    counts = np.zeros(entries, np.int64)
    for chunk in chunks(ids):
        counts += np.bincount(chunk, minlength=entries)
    return counts
