"""The report of ``inspect`` on labelled texts."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    LabelEncoder,
    PackedCorpus,
    PackedSequences,
    TextExamples,
    open_source,
    scan,
)
from toolkit.data.sources.folder import FolderSource
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
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
from toolkit.inspection.leaks import SAMPLE, Association, Members, leaking_columns, members
from toolkit.inspection.text_reading import Reading, Texts, TokenizeTexts
from toolkit.options import option
from toolkit.tasks.classification import defaults
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.settings import Settings
from toolkit.text import Tokenizer
from toolkit.text.counts import most_frequent

#: The largest number of tokens of a near-empty text, by token level.
NEAR_EMPTY = {"words": 2, "characters": 8}
#: The share of texts that the suggested maximum length does not truncate, unless very long.
KEPT_WHOLE = 0.99

#: A label this many times rarer than the most frequent one is worth a warning.
MUCH_RARER = 10

Cost = Callable[..., dict[str, Any]]
"""Returns the cost of an epoch, given the fields of ``PreparedTexts``."""


@dataclass(frozen=True)
class _InspectedTexts:
    """Facts about the texts of the training file, followed by those of validation data.

    Attributes:
        options: The settings of the training, with resolved ``max_length`` and ``max_tokens``.
        files: The examples of one or two files.
        texts: The facts about the texts of all files.
        file: The file of each text, 0 or 1 [N].
        held_out: Whether each text is of the held-out part [N].
        encoder: The encoder of the labels.
    """

    options: Settings
    files: list[TextExamples]
    texts: Texts
    file: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    encoder: LabelEncoder

    def rows(self, indices: NDArray[np.int64]) -> tuple[list[Any], str]:
        """Return the rows of texts [n], or of pairs of them [n, 2], and a description of them.

        A text of a class folder is named by its file.
        """

        def name(text: int) -> Any:
            source, row = self.files[self.file[text]].source, int(self.texts.rows[text])
            return source.file(row) if isinstance(source, FolderSource) else row

        def describe(text: int) -> str:
            file = f" of {self.files[self.file[text]].source.name}" if len(self.files) > 1 else ""
            return f"{name(text)}{file}"

        described = [" and ".join(map(describe, row)) for row in indices.reshape(len(indices), -1)]
        what = "file" if isinstance(self.files[0].source, FolderSource) else "row"
        names = np.vectorize(name, otypes=[object])(indices).tolist() if indices.size else []
        return names, f"{what}{'' if indices.size == 1 else 's'} {'; '.join(described)}"


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
        open_source(data, "train", options.quoting), options.columns, grouped=splitting
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
        source = open_source(validation_data, "test", options.quoting)
        validation = TextExamples(source, options.columns, grouped=False)
        read.append(reading.read(validation.known(scanned.encoder)))
        files.append(validation)
    sizes = [len(texts) for texts in read]
    parts = zip(*(vars(texts).values() for texts in read), strict=True)
    inspected = _InspectedTexts(
        options,
        files,
        Texts(*map(np.concatenate, parts)),
        np.repeat(np.arange(len(files)), sizes),
        np.concatenate([held_out, np.ones(sum(sizes[1:]), bool)]),
        scanned.encoder,
    )
    warnings = Warnings()
    sampled = np.flatnonzero(sample)
    with_label = members(inspected.texts.labels[sampled], scanned.encoder.classes)
    groups = None if scanned.groups is None else len(np.unique(scanned.groups))
    report = {
        "files": _files(inspected, groups, warnings),
        "labels": _labels(inspected, warnings),
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


def _files(
    inspected: _InspectedTexts, groups: int | None, warnings: Warnings
) -> list[dict[str, Any]]:
    files = []
    for number, examples in enumerate(inspected.files):
        in_file = inspected.held_out[inspected.file == number]
        name = examples.source.name
        file = {
            "file": name,
            "rows": len(in_file) + examples.bad_rows + examples.outside_rule,
            "bad_rows": examples.bad_rows,
            "outside_rule": examples.outside_rule,
            "training": int((~in_file).sum()),
            "held_out": int(in_file.sum()),
        }
        files.append(file | ({"groups": groups} if groups and not number else {}))
        warn_of_bad_rows(examples, "row", warnings)
    return files


def _labels(inspected: _InspectedTexts, warnings: Warnings) -> Any:
    labels, classes = inspected.texts.labels, inspected.encoder.classes
    if not classes:
        return {part: _figures(labels[mask]) for part, mask in parts(inspected.held_out).items()}
    counts = {
        part: labels[mask].sum(axis=0).astype(np.int64)
        if labels.ndim == 2
        else np.bincount(labels[mask], minlength=len(classes))
        for part, mask in parts(inspected.held_out).items()
    }
    sizes = {part: mask.sum() for part, mask in parts(inspected.held_out).items()}
    _warn_of_labels(classes, counts, labels.ndim == 1, warnings)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(classes):
        row: dict[str, Any] = {"label": name}
        for part, part_counts in counts.items():
            row[part] = int(part_counts[index])
            row[f"{part}_share"] = float(part_counts[index] / sizes[part])
        rows.append(row)
    return rows


def _figures(numbers: NDArray[np.float32]) -> dict[str, float]:
    figures = {
        "min": numbers.min(),
        "median": np.median(numbers),
        "max": numbers.max(),
        "mean": numbers.mean(dtype=np.float64),
        "deviation": numbers.std(dtype=np.float64),
    }
    return {name: float(figure) for name, figure in figures.items()}


def _warn_of_labels(
    classes: Sequence[str], counts: dict[str, NDArray[np.int64]], single: bool, warnings: Warnings
) -> None:
    trained = counts["training"]
    commonest = int(trained.argmax())
    if rarer := [i for i, n in enumerate(trained) if 0 < n * MUCH_RARER <= trained[commonest]]:
        rarest = min(rarer, key=lambda index: trained[index])
        balanced = option("class_weights", "balanced")
        warnings.add(
            "imbalance",
            f"{count(len(rarer), 'label')} at least {MUCH_RARER} times rarer than "
            f"{classes[commonest]!r} ({trained[commonest]:,} training texts), such as "
            f"{classes[rarest]!r} ({trained[rarest]:,}): look at macro F1, not at the accuracy"
            + (f"; {balanced} makes all count the same" if single else ""),
        )
    warn_of_rare_labels(classes, counts, "texts", warnings)


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
        rows, where = inspected.rows(near_empty[:EXAMPLES])
        warnings.add(
            "near_empty",
            f"{count(len(near_empty), 'text')} of at most {most} {level} ({where})",
            rows,
        )
    return report


def _duplicates(inspected: _InspectedTexts, warnings: Warnings) -> dict[str, Any]:
    texts = inspected.texts
    return find_duplicates(
        {"exact": texts.fingerprints, "normalised": texts.normal_fingerprints},
        texts.label_fingerprints,
        inspected.held_out,
        "text",
        "with more than one label",
        inspected.rows,
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
        rows, where = inspected.rows(sampled[list(first.examples)])
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
    used = (examples.text_column, examples.label_column)
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
