"""A report on sentences with marked entities before anything is learnt from them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import EntityExamples, LengthBatches, TaggedCorpus
from toolkit.data.duplicates import EXAMPLES
from toolkit.data.entity_examples import LONG
from toolkit.data.entity_reading import Cut, Entity, EntityReading, Sentences
from toolkit.data.labels import shorten
from toolkit.errors import count
from toolkit.models import ManyToMany
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.findings import (
    LISTED,
    Warnings,
    epoch_figures,
    find_duplicates,
    find_unknown,
    length_figures,
    parts,
    trial_options,
    warn_of_bad_rows,
    warn_of_rare_labels,
)
from toolkit.tasks.options import EntityTaggerOptions
from toolkit.text import TokenFeatures, utf8
from toolkit.text.vocabulary import UNKNOWN_ID
from toolkit.training.cost import try_steps

#: How many tokens are looked up at once.
TOKENS_AT_ONCE = 4096


class _Looked:
    """What the reading gave: the sentences of the training file, then those of validation data.

    Args:
        files: The examples of one file or two, each with its sentences.

    Attributes:
        parts: Which sentences each part has [N].
    """

    def __init__(self, files: Sequence[tuple[EntityExamples, Sentences]]) -> None:
        self.files = files
        self.parts = parts(self.of("held_out"))

    def of(self, name: str) -> NDArray[Any]:
        """What is kept of all sentences under this name [N]."""
        return np.concatenate([getattr(sentences, name) for _, sentences in self.files])

    def say(self, found: NDArray[np.int64]) -> tuple[list[Any], str]:
        """The rows of sentences [n], or of pairs of them [n, 2], and how to say where they are."""
        places = [place for _, sentences in self.files for place in sentences.places]
        names = [
            f" of {examples.source.name}" if len(self.files) > 1 else ""
            for examples, sentences in self.files
            for _ in sentences.places
        ]
        said = []
        for each in found.reshape(len(found), -1).tolist():
            # A file is named after the last of the sentences that it has.
            last = {names[sentence]: sentence for sentence in each}
            words = (places[n] + (names[n] if last[names[n]] == n else "") for n in each)
            said.append(" and ".join(words))
        return self.of("rows")[found].tolist(), "; ".join(said)


def inspect_entities(
    options: EntityTaggerOptions,
    labels: Sequence[str],
    files: Sequence[tuple[EntityExamples, Iterable[Cut]]],
    features: TokenFeatures,
    train: TaggedCorpus,
    network: ManyToMany,
) -> dict[str, Any]:
    """Looks at marked sentences as a training has met them.

    Args:
        options: The hyperparameters of the training.
        labels: The kinds of entities.
        files: The examples of the training data and, if there is some, of the validation data,
            which are read here.
        features: The vocabularies that were learnt from the training part.
        train: The training part.
        network: The network whose speed is tried; the trial spoils it.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``entities``,
        ``several_labels``, ``lengths``, ``duplicates``, ``vocabulary``, ``training`` and
        ``warnings``.
    """
    reading = EntityReading()
    trained = {*train.rows.tolist()}
    looked = _Looked(
        [
            (examples, reading.read(cuts, () if number else trained))
            for number, (examples, cuts) in enumerate(files)
        ]
    )
    warnings = Warnings()
    counts = {part: reading.entities[part] for part in looked.parts}
    return {
        "files": _files(looked, warnings),
        "labels": _labels(labels, counts, looked, warnings),
        "entities": _entities(counts, looked),
        "several_labels": _several_labels(counts),
        "lengths": _lengths(looked, warnings),
        "duplicates": find_duplicates(
            {"exact": looked.of("prints"), "normalised": looked.of("normal_prints")},
            looked.of("mark_prints"),
            looked.of("held_out"),
            "sentence",
            "marked in more than one way",
            looked.say,
            warnings,
        ),
        "vocabulary": find_unknown(
            reading.tokens,
            {token for tokens in reading.tokens.values() for token in _known(features, tokens)},
            features.sizes["words"],
            "tokens",
            warnings,
        ),
        "training": _training(options, train, network),
        "warnings": list(warnings),
    }


def _files(looked: _Looked, warnings: Warnings) -> list[dict[str, Any]]:
    files = []
    for examples, sentences in looked.files:
        held_out = int(sentences.held_out.sum())
        entities, first = int(sentences.entities.sum()), sentences.misfit_examples
        entities += sentences.misfits
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
                "misfits": sentences.misfits,
            }
        )
        warn_of_bad_rows(examples, "text" if examples.columns.texts else "sentence", warnings)
        if sentences.misfits:
            warnings.add(
                "misfits",
                f"{examples.source.name}: {sentences.misfits:,} of {entities:,} entities "
                f"({sentences.misfits / entities:.1%}) do not begin and end where tokens of one "
                f"sentence do, so that they cannot be learnt ({'; '.join(first)})",
            )
    return files


def _labels(
    labels: Sequence[str],
    counts: dict[str, Counter[Entity]],
    looked: _Looked,
    warnings: Warnings,
) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {label: {"label": label} for label in labels}
    numbers = {}
    for part, entities in counts.items():
        total = max(1, entities.total())
        found: dict[str, Counter[tuple[str, ...]]] = {label: Counter() for label in labels}
        for entity, number in entities.items():
            found[entity.label][entity.tokens] = number
        for label, forms in found.items():
            of_label = forms.total()
            tokens = sum(len(form) * number for form, number in forms.items())
            rows[label] |= {
                part: of_label,
                f"{part}_share": of_label / total,
                f"{part}_distinct": len(forms),
                f"{part}_mean_tokens": tokens / of_label if of_label else None,
            }
        numbers[part] = np.array([forms.total() for forms in found.values()])
    learnt = numbers["training"] > 0
    names = [label for label, is_learnt in zip(labels, learnt, strict=True) if is_learnt]
    of_learnt = {part: of_part[learnt] for part, of_part in numbers.items()}
    warn_of_rare_labels(names, of_learnt, "entities", warnings)
    _warn_of_unlearnt(sorted({*labels} - {*names}), looked.files[-1][0], warnings)
    return list(rows.values())


def _warn_of_unlearnt(missing: Sequence[str], last: EntityExamples, warnings: Warnings) -> None:
    """Says which labels the training part has none of, and which only the validation data has."""
    if missing:
        warnings.add(
            "unlearnt_labels",
            f"{count(len(missing), 'label')} not in the training part, so that nothing can learn "
            f"them: {shorten(missing)}",
        )
    if unknown := last.unknown_labels:
        said = [f"{label} ({number})" for label, number in sorted(unknown.items())]
        warnings.add(
            "unlearnt_labels",
            f"{last.source.name}: {count(len(said), 'label')} not in the training data, for which "
            f"{count(unknown.total(), 'row')} cannot be used: {shorten(said)}",
        )


def _entities(counts: dict[str, Counter[Entity]], looked: _Looked) -> dict[str, dict[str, Any]]:
    known = {entity.tokens for entity in counts["training"]}
    marked = looked.of("entities")
    rows: dict[str, dict[str, Any]] = {}
    for part, entities in counts.items():
        total = entities.total()
        row: dict[str, Any] = {
            "entities": total,
            "distinct": len({entity.tokens for entity in entities}),
            "marked_sentences_share": float((marked[looked.parts[part]] > 0).mean()),
        }
        if part == "held_out":
            unseen = sum(n for entity, n in entities.items() if entity.tokens not in known)
            row |= {"unseen": unseen, "unseen_share": unseen / total if total else None}
        rows[part] = row
    return rows


def _several_labels(counts: dict[str, Counter[Entity]]) -> list[dict[str, Any]]:
    """The commonest surface forms that come with several labels, in all parts together."""
    forms: dict[tuple[str, ...], Counter[str]] = {}
    for entities in counts.values():
        for (tokens, label), number in entities.items():
            forms.setdefault(tokens, Counter())[label] += number
    several = [(tokens, found) for tokens, found in forms.items() if len(found) > 1]
    several.sort(key=lambda of_form: (-of_form[1].total(), of_form[0]))
    rows = []
    for tokens, found in several[:LISTED]:
        labels, numbers = zip(*found.most_common(), strict=True)
        rows.append({"entity": " ".join(tokens), "labels": [*labels], "counts": [*numbers]})
    return rows


def _lengths(looked: _Looked, warnings: Warnings) -> dict[str, Any]:
    lengths = looked.of("lengths")
    of_tokens = np.concatenate(
        [
            np.full(len(sentences.rows), not examples.columns.texts)
            for examples, sentences in looked.files
        ]
    )
    long = np.flatnonzero(of_tokens & (lengths > LONG))
    if len(long):
        longest = long[np.argsort(-lengths[long], kind="stable")]
        rows, said = looked.say(longest[:EXAMPLES])
        warnings.add(
            "long_sentences",
            f"{count(len(long), 'sentence')} of more than {LONG} tokens, the longest of "
            f"{lengths[longest[0]]:,} ({said}): is there a blank line after each sentence?",
            rows,
        )
    return {part: length_figures(lengths[here], "tokens") for part, here in looked.parts.items()}


def _known(features: TokenFeatures, tokens: Iterable[str]) -> set[str]:
    """Those of the tokens whose word has an entry in the vocabulary."""
    found: set[str] = set()
    distinct = list(tokens)
    for start in range(0, len(distinct), TOKENS_AT_ONCE):
        chunk = distinct[start : start + TOKENS_AT_ONCE]
        words = features.of(tf.constant([utf8(token) for token in chunk]))["words"].numpy()
        found.update(token for token, word in zip(chunk, words, strict=True) if word != UNKNOWN_ID)
    return found


def _training(
    options: EntityTaggerOptions, train: TaggedCorpus, network: ManyToMany
) -> dict[str, Any]:
    """What an epoch comes to: batches by their plan, time and memory by trying some steps."""
    size = DataSize(len(train), int(train.lengths.sum()))
    budget = automatic.choose(options, "batch_tokens", automatic.tagger_batch_tokens(size))
    batches = LengthBatches(train, budget, options.seed)
    network.build()
    trial = try_steps(
        network,
        batches.dataset(),
        trial_options(options, automatic.tagger(size)),
        loss=None,
        units_of=lambda features: tf.size(features["index"]),
    )
    epochs = automatic.choose(options, "epochs", automatic.tagger_epochs(size))
    return epoch_figures(network, batches, trial, size.tokens, epochs)
