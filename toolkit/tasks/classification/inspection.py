"""The report of ``inspect`` on labelled texts."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    PackedCorpus,
    PackedSequences,
    TextExamples,
    open_source,
    scan,
    table_format,
)
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import (
    LISTED,
    Warnings,
    find_unknown,
    length_summary,
    parts,
)
from toolkit.inspection.labelled_rows import InspectedRows
from toolkit.inspection.leaks import SAMPLE, Association, Members, leaking_columns, members
from toolkit.inspection.text_reading import Reading, Texts, TokenizeTexts
from toolkit.tasks.classification import defaults
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.settings import Settings
from toolkit.text import Tokenizer
from toolkit.text.counts import most_frequent

#: The largest number of tokens of a near-empty text, by token level.
NEAR_EMPTY = {"words": 2, "characters": 8}
#: The share of texts that the suggested maximum length does not truncate, unless very long.
KEPT_WHOLE = 0.99

Cost = Callable[..., dict[str, Any]]
"""Returns the cost of an epoch, given the fields of ``PreparedTexts``."""


@dataclass(frozen=True)
class _InspectedTexts(InspectedRows):
    """Facts about the texts of the training file, followed by those of validation data.

    Attributes:
        options: The settings of the training, with resolved ``max_length`` and ``max_tokens``.
        texts: The facts about the texts of all files.
    """

    files: Sequence[TextExamples]
    options: Settings
    texts: Texts


def inspect_texts(
    options: Settings,
    data: Any,
    validation_data: Any,
    cost: Cost,
    known: Tokenizer | None = None,
) -> dict[str, Any]:
    """Report on labelled texts as a training would read them.

    Args:
        options: The settings of the training.
        data: The training data.
        validation_data: The validation data; None for the split that a training would make.
        cost: Returns the cost of an epoch of training on such data.
        known: The tokenizer of a pretrained language model, if any.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``lengths``, ``duplicates``,
        ``vocabulary``, ``training``, ``associations``, ``columns`` and ``warnings``.

    Raises:
        DataError: No row can be used, or there are fewer than two classes.
        OptionError: An option has an impossible value.
    """
    splitting = validation_data is None and options.validation_split > 0
    examples = TextExamples(
        open_source(data, "train", table_format(options)), options.columns, grouped=splitting
    )
    scanned = scan(examples, options.target)
    held_out = np.zeros(scanned.count, bool)
    if splitting:
        held_out[scanned.split(options.validation_split, options.seed)[1]] = True
    options = options.resolve(max_length=defaults.MAX_LENGTHS[options.token_level])
    if known is None:
        options = options.resolve(max_tokens=defaults.MAX_TOKENS)
    trained_on = np.flatnonzero(~held_out)
    chosen = np.random.default_rng(options.seed).permutation(trained_on)[:SAMPLE]
    sample = np.zeros(scanned.count, bool)
    sample[chosen] = True

    reading = Reading(_cut(known or _tokenizer(options)), scanned.encoder)
    read = [reading.read(scanned.reread(examples), ~held_out, sample)]
    files = [examples]
    if validation_data is not None:
        source = open_source(validation_data, "test", table_format(options))
        validation = TextExamples(source, options.columns, grouped=False)
        read.append(reading.read(validation.known(scanned.encoder)))
        files.append(validation)
    sizes = [len(texts) for texts in read]
    together = Texts(
        *map(np.concatenate, zip(*(vars(texts).values() for texts in read), strict=True))
    )
    inspected = _InspectedTexts(
        files=files,
        file=np.repeat(np.arange(len(files)), sizes),
        rows=together.rows,
        held_out=np.concatenate([held_out, np.ones(sum(sizes[1:]), bool)]),
        labels=together.labels,
        encoder=scanned.encoder,
        what="text",
        options=options,
        texts=together,
    )
    warnings = Warnings()
    sampled = np.flatnonzero(sample)
    with_label = members(inspected.texts.labels[sampled], scanned.encoder.classes)
    groups = None if scanned.groups is None else len(np.unique(scanned.groups))
    report = {
        "files": inspected.file_report(groups, warnings),
        "labels": inspected.label_report(warnings),
        "lengths": _lengths(inspected, warnings),
        "duplicates": _duplicates(inspected, warnings),
    }
    vocabulary, report["vocabulary"] = _vocabulary(inspected, reading, known, warnings)
    return {
        **report,
        "training": _training(inspected, vocabulary, cost),
        "associations": _associations(inspected, reading, with_label, sampled, warnings),
        "columns": _columns(inspected, sampled, with_label, warnings),
        "warnings": list(warnings),
    }


def _tokenizer(options: Settings, vocabulary: Sequence[str] = ()) -> Tokenizer:
    return Tokenizer(
        token_level=options.token_level,
        lowercase=options.lowercase,
        normalization=options.normalization,
        html_breaks=options.html_breaks,
        vocabulary=vocabulary,
    )


def _cut(tokenizer: Tokenizer) -> TokenizeTexts:
    """Return a compiled function that splits texts into tokens."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def cut(texts: Any) -> Any:
        tokens = tokenizer.split(texts).tokens
        return *tf.unique(tokens.values), tokens.row_lengths()

    def as_arrays(texts: Sequence[str]) -> tuple[Sequence[bytes], NDArray[Any], NDArray[Any]]:
        tokens, index, lengths = (tensor.numpy() for tensor in cut(tf.constant(texts)))
        return tokens.tolist(), index, lengths

    return as_arrays


def _lengths(inspected: _InspectedTexts, warnings: Warnings) -> dict[str, Any]:
    level, most = inspected.options.token_level, NEAR_EMPTY[inspected.options.token_level]
    lengths = inspected.texts.lengths
    report: dict[str, Any] = {}
    for part, mask in parts(inspected.held_out).items():
        part_lengths = lengths[mask]
        report[part] = length_summary(part_lengths, level) | {
            "near_empty": int((part_lengths <= most).sum()),
            "cut": int((part_lengths > inspected.options.max_length).sum()),
        }
    near_empty = np.flatnonzero(lengths <= most)
    if len(near_empty) and np.median(lengths) > 2 * most:  # else the data is short texts
        rows, where = inspected.describe(near_empty[:EXAMPLES])
        warnings.add(
            "near_empty",
            f"{count(len(near_empty), 'text')} of at most {most} {level} ({where})",
            rows,
        )
    return report


def _duplicates(inspected: _InspectedTexts, warnings: Warnings) -> dict[str, Any]:
    texts = inspected.texts
    return inspected.find_duplicates(
        {"exact": texts.fingerprints, "normalised": texts.normal_fingerprints},
        texts.label_fingerprints,
        warnings,
    )


def _vocabulary(
    inspected: _InspectedTexts, reading: Reading, known: Tokenizer | None, warnings: Warnings
) -> tuple[list[str], dict[str, Any]]:
    """Return the vocabulary of the training, and how much of the texts it covers."""
    options = inspected.options
    counts = {
        part: Counter({token.decode(): number for token, number in tokens.items()})
        for part, tokens in (
            ("training", reading.training_tokens),
            ("held_out", reading.held_out_tokens),
        )
    }
    if known is not None:
        vocabulary = known.vocabulary[2:]
    else:
        entries = options.max_tokens - 2
        vocabulary = most_frequent(counts["training"], entries, options.min_count)
    entries = len(vocabulary) + 2
    return vocabulary, find_unknown(counts, set(vocabulary), entries, options.token_level, warnings)


def _training(inspected: _InspectedTexts, vocabulary: Sequence[str], cost: Cost) -> dict[str, Any]:
    """Return the cost of an epoch: its batches, and time and memory estimated from some steps.

    Random ids replace those of the texts; only the lengths are those of the texts.
    """
    options, texts = inspected.options, inspected.texts
    training = np.flatnonzero(~inspected.held_out)
    whole = texts.lengths[training]
    lengths = np.minimum(whole, inspected.options.max_length)
    size = DataSize(len(training), int(lengths.sum()))
    entries = len(vocabulary) + 2
    random = np.random.default_rng(options.seed)
    ids = random.integers(1, entries, max(1, lengths.max()), np.int32)
    corpus = PackedCorpus(
        PackedSequences(ids, np.zeros(len(training), np.int64), lengths),
        labels=texts.labels[training],
        rows=texts.rows[training],
        encoder=inspected.encoder,
    )
    suggested = int(np.quantile(whole, KEPT_WHOLE, method="inverted_cdf"))
    return {
        "max_length": inspected.options.max_length,
        "whole_share": float((whole <= inspected.options.max_length).mean()),
        "suggested_max_length": max(1, min(suggested, defaults.MAX_LENGTHS[options.token_level])),
        **cost(
            settings=options,
            preprocessing=_tokenizer(options, vocabulary),
            train=corpus,
            size=size,
            classes=inspected.encoder.classes,
        ),
    }


def _associations(
    inspected: _InspectedTexts,
    reading: Reading,
    with_label: Members,
    sampled: NDArray[np.int64],
    warnings: Warnings,
) -> list[dict[str, Any]]:
    between = " " if inspected.options.token_level == "words" else ""
    associations = reading.features.associations(with_label, LISTED, between)
    for label in dict.fromkeys(a.label for a in associations if a.decides):
        deciding = [a for a in associations if a.decides and a.label == label]
        first = deciding[0]
        rows, where = inspected.describe(sampled[list(first.examples)])
        others = ", ".join(repr(association.feature) for association in deciding[1:])
        warnings.add(
            "leak",
            f"{first.feature!r} nearly determines {label!r}: it occurs in "
            f"{first.within_share:.1%} of its texts and in {first.elsewhere_share:.1%} of the "
            f"others ({where})" + (f"; likewise {others}" if others else ""),
            rows,
        )
    return [_association(association, inspected, sampled) for association in associations]


def _association(
    association: Association, inspected: _InspectedTexts, sampled: NDArray[np.int64]
) -> dict[str, Any]:
    rows = inspected.texts.rows[sampled[list(association.examples)]].tolist()
    return asdict(association) | {"examples": rows}


def _columns(
    inspected: _InspectedTexts,
    sampled: NDArray[np.int64],
    with_label: Members,
    warnings: Warnings,
) -> list[dict[str, Any]]:
    """Return how well the other columns of the training data predict the label."""
    examples = inspected.files[0]
    used = (examples.text_column, *examples.label_columns)
    others = [column for column in examples.source.columns if column not in used]
    if not others or examples.source.fixed_columns:  # a file's name begins with its label
        return []
    kinds = inspected.texts.label_fingerprints[sampled]
    if not inspected.encoder.classes:
        kinds = with_label.labels
    labels = dict(zip(inspected.texts.rows[sampled].tolist(), kinds.tolist(), strict=True))
    columns = leaking_columns(examples.source.records(), others, labels)
    for column in columns:
        if column.decides:
            what = "" if column.part == "value" else f"{column.part} of "
            warnings.add(
                "leaking_column",
                f"column {column.column!r} nearly determines the label: {what}its value predicts "
                f"{column.right_share:.1%} of the labels (guessing: {column.guessing_share:.1%}); "
                "keep it out of the texts",
            )
    return [asdict(column) for column in columns]
