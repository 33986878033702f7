"""The report of ``inspect`` on annotated sentences."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import EntityExamples, TaggedCorpus
from toolkit.data.entities.examples import MANY_TOKENS
from toolkit.data.entities.spans import likely_cause
from toolkit.errors import count, shorten
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.entity_reading import Entity, EntityReading, Sentences, TokenizedExample
from toolkit.inspection.findings import (
    LISTED,
    Warnings,
    find_duplicates,
    find_unknown,
    length_summary,
    parts,
    warn_of_bad_rows,
    warn_of_rare_labels,
)
from toolkit.inspection.similar_labels import warn_of_similar_labels
from toolkit.text import TokenFeatures, utf8
from toolkit.text.vocabulary import UNKNOWN_ID

#: The number of tokens looked up at once.
TOKENS_AT_ONCE = 4096


class _InspectedSentences:
    """Facts about the sentences of the training file, followed by those of validation data.

    Args:
        files: The examples of one or two files, each with its sentences.

    Attributes:
        parts: A mask [N] of the sentences of each part.
    """

    def __init__(self, files: Sequence[tuple[EntityExamples, Sentences]]) -> None:
        self.files = files
        self.parts = parts(self.column("held_out"))

    def column(self, name: str) -> NDArray[Any]:
        """Return one fact about all sentences [N]."""
        return np.concatenate([getattr(sentences, name) for _, sentences in self.files])

    def describe(self, indices: NDArray[np.int64]) -> tuple[list[Any], str]:
        """Return the rows and the places of sentences [n], or of pairs of them [n, 2]."""
        places = [place for _, sentences in self.files for place in sentences.places]
        names = [
            f" of {examples.source.name}" if len(self.files) > 1 else ""
            for examples, sentences in self.files
            for _ in sentences.places
        ]
        described = []
        for group in indices.reshape(len(indices), -1).tolist():
            # The file is named once, after the last of its sentences.
            last = {names[sentence]: sentence for sentence in group}
            words = (places[n] + (names[n] if last[names[n]] == n else "") for n in group)
            described.append(" and ".join(words))
        return self.column("rows")[indices].tolist(), "; ".join(described)


def inspect_entities(
    labels: Sequence[str],
    files: Sequence[tuple[EntityExamples, Iterable[TokenizedExample]]],
    features: TokenFeatures,
    train: TaggedCorpus,
    cost: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Report on annotated sentences as a training would read them.

    Args:
        labels: The labels of entities.
        files: The examples of the training data and, if any, of the validation data, which are read
            here.
        features: The preprocessing layer, fitted on the training part.
        train: The training part.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``entities``,
        ``several_labels``, ``lengths``, ``duplicates``, ``vocabulary``, ``training`` and
        ``warnings``.
    """
    reading = EntityReading()
    trained = {*train.rows.tolist()}
    inspected = _InspectedSentences(
        [
            (examples, reading.read(cuts, () if number else trained))
            for number, (examples, cuts) in enumerate(files)
        ]
    )
    warnings = Warnings()
    counts = {part: reading.entities[part] for part in inspected.parts}
    return {
        "files": _files(inspected, warnings),
        "labels": _labels(labels, counts, inspected, warnings),
        "entities": _entities(counts, inspected),
        "several_labels": _several_labels(counts),
        "lengths": _lengths(inspected, warnings),
        "duplicates": find_duplicates(
            {
                "exact": inspected.column("fingerprints"),
                "normalised": inspected.column("normal_fingerprints"),
            },
            inspected.column("entity_fingerprints"),
            inspected.column("held_out"),
            "sentence",
            "annotated in more than one way",
            inspected.describe,
            warnings,
        ),
        "vocabulary": find_unknown(
            reading.tokens,
            {token for tokens in reading.tokens.values() for token in _known(features, tokens)},
            features.sizes["words"],
            "tokens",
            warnings,
        ),
        "training": cost(),
        "warnings": list(warnings),
    }


def _files(inspected: _InspectedSentences, warnings: Warnings) -> list[dict[str, Any]]:
    files = []
    for examples, sentences in inspected.files:
        held_out = int(sentences.held_out.sum())
        entities, first = int(sentences.entities.sum()), sentences.unaligned_examples
        entities += sentences.unaligned
        files.append(
            {
                "file": examples.source.name,
                "rows": sentences.examples + examples.bad_rows,
                "bad_rows": examples.bad_rows,
                "tag_scheme": examples.scheme,
                "training": len(sentences.rows) - held_out,
                "held_out": held_out,
                "tokens": int(sentences.lengths.sum()),
                "entities": entities,
                "unaligned": sentences.unaligned,
            }
        )
        warn_of_bad_rows(examples, "text" if examples.columns.texts else "sentence", warnings)
        if sentences.unaligned:
            warnings.add(
                "unaligned",
                f"{examples.source.name}: {sentences.unaligned:,} of {entities:,} entities "
                f"({sentences.unaligned / entities:.1%}) do not begin and end where tokens of one "
                f"sentence do, so that they cannot be learnt ({'; '.join(first)})"
                f"{likely_cause(sentences.causes, sentences.unaligned, entities)}",
            )
    return files


def _labels(
    labels: Sequence[str],
    counts: dict[str, Counter[Entity]],
    inspected: _InspectedSentences,
    warnings: Warnings,
) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {label: {"label": label} for label in labels}
    numbers = {}
    for part, entities in counts.items():
        total = max(1, entities.total())
        by_label: dict[str, Counter[tuple[str, ...]]] = {label: Counter() for label in labels}
        for entity, number in entities.items():
            by_label[entity.label][entity.tokens] = number
        for label, forms in by_label.items():
            label_total = forms.total()
            tokens = sum(len(form) * number for form, number in forms.items())
            rows[label] |= {
                part: label_total,
                f"{part}_share": label_total / total,
                f"{part}_distinct": len(forms),
                f"{part}_mean_tokens": tokens / label_total if label_total else None,
            }
        numbers[part] = np.array([forms.total() for forms in by_label.values()])
    warn_of_similar_labels(labels, numbers, warnings)
    learnt = numbers["training"] > 0
    names = [label for label, is_learnt in zip(labels, learnt, strict=True) if is_learnt]
    learnt_numbers = {part: part_numbers[learnt] for part, part_numbers in numbers.items()}
    warn_of_rare_labels(names, learnt_numbers, "entities", warnings)
    _warn_of_unlearnt(sorted({*labels} - {*names}), inspected.files[-1][0], warnings)
    return list(rows.values())


def _warn_of_unlearnt(missing: Sequence[str], last: EntityExamples, warnings: Warnings) -> None:
    """Warn of labels without training entities, and of labels in the validation data alone."""
    if missing:
        warnings.add(
            "unlearnt_labels",
            f"{count(len(missing), 'label')} not in the training part, so that they cannot be "
            f"learnt: {shorten(missing)}",
        )
    if unknown := last.unknown_labels:
        listed = [f"{label} ({number})" for label, number in sorted(unknown.items())]
        warnings.add(
            "unlearnt_labels",
            f"{last.source.name}: {count(len(listed), 'label')} not in the training data, for "
            f"which {count(unknown.total(), 'row')} cannot be used: {shorten(listed)}",
        )


def _entities(
    counts: dict[str, Counter[Entity]], inspected: _InspectedSentences
) -> dict[str, dict[str, Any]]:
    known = {entity.tokens for entity in counts["training"]}
    entity_counts = inspected.column("entities")
    rows: dict[str, dict[str, Any]] = {}
    for part, entities in counts.items():
        total = entities.total()
        row: dict[str, Any] = {
            "entities": total,
            "distinct": len({entity.tokens for entity in entities}),
            "marked_sentences_share": float((entity_counts[inspected.parts[part]] > 0).mean()),
        }
        if part == "held_out":
            unseen = sum(n for entity, n in entities.items() if entity.tokens not in known)
            row |= {"unseen": unseen, "unseen_share": unseen / total if total else None}
        rows[part] = row
    return rows


def _several_labels(counts: dict[str, Counter[Entity]]) -> list[dict[str, Any]]:
    """Return the most frequent entities with several labels, in all parts together."""
    forms: dict[tuple[str, ...], Counter[str]] = {}
    for entities in counts.values():
        for (tokens, label), number in entities.items():
            forms.setdefault(tokens, Counter())[label] += number
    several = [(tokens, counter) for tokens, counter in forms.items() if len(counter) > 1]
    several.sort(key=lambda form: (-form[1].total(), form[0]))
    rows = []
    for tokens, counter in several[:LISTED]:
        labels, numbers = zip(*counter.most_common(), strict=True)
        rows.append({"entity": " ".join(tokens), "labels": [*labels], "counts": [*numbers]})
    return rows


def _lengths(inspected: _InspectedSentences, warnings: Warnings) -> dict[str, Any]:
    lengths = inspected.column("lengths")
    from_tokens = np.concatenate(
        [
            np.full(len(sentences.rows), not examples.columns.texts)
            for examples, sentences in inspected.files
        ]
    )
    long = np.flatnonzero(from_tokens & (lengths > MANY_TOKENS))
    if len(long):
        longest = long[np.argsort(-lengths[long], kind="stable")]
        rows, where = inspected.describe(longest[:EXAMPLES])
        warnings.add(
            "long_sentences",
            f"{count(len(long), 'sentence')} of more than {MANY_TOKENS} tokens, the longest of "
            f"{lengths[longest[0]]:,} ({where}): is there a blank line after each sentence?",
            rows,
        )
    return {part: length_summary(lengths[mask], "tokens") for part, mask in inspected.parts.items()}


def _known(features: TokenFeatures, tokens: Iterable[str]) -> set[str]:
    """Return the tokens whose word is in the vocabulary."""
    known: set[str] = set()
    distinct = list(tokens)
    for start in range(0, len(distinct), TOKENS_AT_ONCE):
        chunk = distinct[start : start + TOKENS_AT_ONCE]
        words = features.lookup(tf.constant([utf8(token) for token in chunk]))["words"].numpy()
        known.update(token for token, word in zip(chunk, words, strict=True) if word != UNKNOWN_ID)
    return known
