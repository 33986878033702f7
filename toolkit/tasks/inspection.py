"""A report on labelled texts before anything is learnt from them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    EncodedCorpus,
    LabelEncoder,
    LengthBatches,
    TextExamples,
    open_source,
    survey,
)
from toolkit.data.duplicates import EXAMPLES
from toolkit.data.folder import FolderSource
from toolkit.data.leaks import SAMPLE, Association, Members, members, telling_columns
from toolkit.data.reading import Cut, Reading, Texts
from toolkit.errors import count
from toolkit.options import option
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
from toolkit.tasks.options import TextClassifierOptions
from toolkit.text import Tokenizer
from toolkit.text.counts import most_frequent
from toolkit.training.cost import try_steps

#: A text of at most so many units is near-empty, by what a unit is.
NEAR_EMPTY = {"words": 2, "characters": 8}
#: The suggested maximum length keeps this share of the texts whole, unless they are very long.
KEPT_WHOLE = 0.99

#: So many times rarer than the commonest label is worth a warning.
MUCH_RARER = 10

MakeNetwork = Callable[[Tokenizer, int, EncodedCorpus, DataSize], Any]
"""Makes the network of a training from tokenizer, outputs, training corpus and its size."""


@dataclass(frozen=True)
class _Looked:
    """What the readings gave: the texts of the training file, then those of validation data.

    Attributes:
        options: The hyperparameters of the training.
        max_length: How many units of a text are read.
        files: The examples of one file or two.
        texts: What is kept of the texts of all files.
        file: The file of each text, 0 or 1 [N].
        held_out: Whether each text is of the held-out part [N].
        encoder: What encodes the labels.
    """

    options: TextClassifierOptions
    max_length: int
    files: list[TextExamples]
    texts: Texts
    file: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    encoder: LabelEncoder

    def rows(self, found: NDArray[np.int64]) -> tuple[list[Any], str]:
        """The rows of texts [n], or of pairs of them [n, 2], and how to say them.

        A text of a class folder is called by its file.
        """

        def name(text: int) -> Any:
            source, row = self.files[self.file[text]].source, int(self.texts.rows[text])
            return source.file(row) if isinstance(source, FolderSource) else row

        def say(text: int) -> str:
            file = f" of {self.files[self.file[text]].source.name}" if len(self.files) > 1 else ""
            return f"{name(text)}{file}"

        said = [" and ".join(map(say, of_one)) for of_one in found.reshape(len(found), -1)]
        what = "file" if isinstance(self.files[0].source, FolderSource) else "row"
        names = np.vectorize(name, otypes=[object])(found).tolist() if found.size else []
        return names, f"{what}{'' if found.size == 1 else 's'} {'; '.join(said)}"


def inspect_texts(
    options: TextClassifierOptions,
    data: Any,
    validation_data: Any,
    make_network: MakeNetwork,
    known: Tokenizer | None = None,
) -> dict[str, Any]:
    """Looks at labelled texts as a training would meet them.

    Args:
        options: The hyperparameters of the training.
        data: The training data.
        validation_data: What is validated by; the split that a training makes when None.
        make_network: Makes the network whose speed is tried.
        known: The text layer of a language model that the training starts from.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``lengths``, ``duplicates``,
        ``vocabulary``, ``training``, ``associations``, ``columns`` and ``warnings``.

    Raises:
        DataError: There is nothing that can be used, or no two classes to tell apart.
        OptionError: A hyperparameter cannot work.
    """
    splitting = validation_data is None and options.validation_split > 0
    lenient = replace(options, skip_bad_rows=True)  # bad rows are reported, never stopped at
    examples = TextExamples(open_source(data, "train"), lenient, grouped=splitting)
    found = survey(examples, options.target)
    held_out = np.zeros(found.count, bool)
    if splitting:
        held_out[found.split(options.validation_split, options.seed)[1]] = True
    suited = automatic.MAX_LENGTHS[options.units]
    max_length = automatic.choose(options, "max_length", suited)
    trained_on = np.flatnonzero(~held_out)
    chosen = np.random.default_rng(options.seed).permutation(trained_on)[:SAMPLE]
    sample = np.zeros(found.count, bool)
    sample[chosen] = True

    reading = Reading(_cut(known or _tokenizer(options)), found.encoder)
    read = [reading.read(found.again(examples), ~held_out, sample)]
    files = [examples]
    if validation_data is not None:
        others = TextExamples(open_source(validation_data, "test"), lenient, grouped=False)
        read.append(reading.read(others.known(found.encoder)))
        files.append(others)
    sizes = [len(texts) for texts in read]
    parts = zip(*(vars(texts).values() for texts in read), strict=True)
    looked = _Looked(
        options,
        max_length,
        files,
        Texts(*map(np.concatenate, parts)),
        np.repeat(np.arange(len(files)), sizes),
        np.concatenate([held_out, np.ones(sum(sizes[1:]), bool)]),
        found.encoder,
    )
    warnings = Warnings()
    sampled = np.flatnonzero(sample)
    of = members(looked.texts.labels[sampled], found.encoder.classes)
    groups = None if found.groups is None else len(np.unique(found.groups))
    report = {
        "files": _files(looked, groups, warnings),
        "labels": _labels(looked, warnings),
        "lengths": _lengths(looked, warnings),
        "duplicates": _duplicates(looked, warnings),
    }
    vocabulary, report["vocabulary"] = _vocabulary(looked, reading, known, warnings)
    return {
        **report,
        "training": _training(looked, vocabulary, make_network),
        "associations": _associations(looked, reading, of, sampled, warnings),
        "columns": _columns(looked, sampled, of, warnings),
        "warnings": list(warnings),
    }


def _tokenizer(options: TextClassifierOptions, vocabulary: Sequence[str] = ()) -> Tokenizer:
    return Tokenizer(
        units=options.units,
        lowercase=options.lowercase,
        normalization=options.normalization,
        html_breaks=options.html_breaks,
        vocabulary=vocabulary,
    )


def _cut(tokenizer: Tokenizer) -> Cut:
    """What cuts texts into units, compiled."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def cut(texts: Any) -> Any:
        tokens = tokenizer.split(texts).tokens
        return *tf.unique(tokens.values), tokens.row_lengths()

    def as_arrays(texts: Sequence[str]) -> tuple[Sequence[bytes], NDArray[Any], NDArray[Any]]:
        units, index, lengths = (found.numpy() for found in cut(tf.constant(texts)))
        return units.tolist(), index, lengths

    return as_arrays


def _files(looked: _Looked, groups: int | None, warnings: Warnings) -> list[dict[str, Any]]:
    files = []
    for number, examples in enumerate(looked.files):
        here = looked.held_out[looked.file == number]
        name = examples.source.name
        file = {
            "file": name,
            "rows": len(here) + examples.bad_rows + examples.outside_rule,
            "bad_rows": examples.bad_rows,
            "outside_rule": examples.outside_rule,
            "training": int((~here).sum()),
            "held_out": int(here.sum()),
        }
        files.append(file | ({"groups": groups} if groups and not number else {}))
        warn_of_bad_rows(examples, "row", warnings)
    return files


def _labels(looked: _Looked, warnings: Warnings) -> Any:
    labels, classes = looked.texts.labels, looked.encoder.classes
    if not classes:
        return {part: _figures(labels[here]) for part, here in parts(looked.held_out).items()}
    counts = {
        part: labels[here].sum(axis=0).astype(np.int64)
        if labels.ndim == 2
        else np.bincount(labels[here], minlength=len(classes))
        for part, here in parts(looked.held_out).items()
    }
    sizes = {part: here.sum() for part, here in parts(looked.held_out).items()}
    _warn_of_labels(classes, counts, labels.ndim == 1, warnings)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(classes):
        row: dict[str, Any] = {"label": name}
        for part, of_part in counts.items():
            row[part] = int(of_part[index])
            row[f"{part}_share"] = float(of_part[index] / sizes[part])
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


def _lengths(looked: _Looked, warnings: Warnings) -> dict[str, Any]:
    units, most = looked.options.units, NEAR_EMPTY[looked.options.units]
    lengths = looked.texts.lengths
    found: dict[str, Any] = {}
    for part, here in parts(looked.held_out).items():
        of_part = lengths[here]
        found[part] = length_figures(of_part, units) | {
            "near_empty": int((of_part <= most).sum()),
            "cut": int((of_part > looked.max_length).sum()),
        }
    near_empty = np.flatnonzero(lengths <= most)
    if len(near_empty) and np.median(lengths) > 2 * most:  # else short texts are what it is about
        rows, said = looked.rows(near_empty[:EXAMPLES])
        warnings.add(
            "near_empty",
            f"{count(len(near_empty), 'text')} of at most {most} {units} ({said})",
            rows,
        )
    return found


def _duplicates(looked: _Looked, warnings: Warnings) -> dict[str, Any]:
    texts = looked.texts
    return find_duplicates(
        {"exact": texts.prints, "normalised": texts.normal_prints},
        texts.label_prints,
        looked.held_out,
        "text",
        "with more than one label",
        looked.rows,
        warnings,
    )


def _vocabulary(
    looked: _Looked, reading: Reading, known: Tokenizer | None, warnings: Warnings
) -> tuple[list[str], dict[str, Any]]:
    """The vocabulary that training learns, or has beforehand, and what of the texts it knows."""
    options = looked.options
    counts = {
        part: Counter({unit.decode(): number for unit, number in units.items()})
        for part, units in (
            ("training", reading.training_units),
            ("held_out", reading.held_out_units),
        )
    }
    if known is not None:
        vocabulary = known.vocabulary[2:]
    else:
        most = automatic.choose(options, "max_tokens", automatic.MAX_TOKENS)
        vocabulary = most_frequent(counts["training"], most - 2, options.min_count)
    entries = len(vocabulary) + 2
    return vocabulary, find_unknown(counts, set(vocabulary), entries, options.units, warnings)


def _training(
    looked: _Looked, vocabulary: Sequence[str], make_network: MakeNetwork
) -> dict[str, Any]:
    """What an epoch comes to: batches by their plan, time and memory by trying some steps.

    The ids stand in for the texts': they have the lengths of the texts, and nothing more of them.
    """
    options, texts = looked.options, looked.texts
    here = np.flatnonzero(~looked.held_out)
    whole = texts.lengths[here]
    lengths = np.minimum(whole, looked.max_length)
    size = DataSize(len(here), int(lengths.sum()))
    entries = len(vocabulary) + 2
    random = np.random.default_rng(options.seed)
    corpus = EncodedCorpus(
        ids=random.integers(1, entries, max(1, lengths.max()), np.int32),
        starts=np.zeros(len(here), np.int64),
        lengths=lengths,
        rows=texts.rows[here],
        labels=texts.labels[here],
        encoder=looked.encoder,
    )
    budget = automatic.choose(options, "batch_tokens", automatic.batch_tokens(size))
    batches = LengthBatches(corpus, budget, options.seed)
    network = make_network(_tokenizer(options, vocabulary), looked.encoder.outputs, corpus, size)
    network.build()
    trial = try_steps(
        network,
        batches.dataset(),
        trial_options(options, automatic.network(size, bool(options.pretrained))),
        loss=network.output_layer.loss(options.label_smoothing),
    )
    suggested = int(np.quantile(whole, KEPT_WHOLE, method="inverted_cdf"))
    epochs = automatic.choose(options, "epochs", automatic.epochs(size))
    return {
        "max_length": looked.max_length,
        "whole_share": float((whole <= looked.max_length).mean()),
        "suggested_max_length": max(1, min(suggested, automatic.MAX_LENGTHS[options.units])),
        **epoch_figures(network, batches, trial, size.tokens, epochs),
    }


def _associations(
    looked: _Looked,
    reading: Reading,
    of: Members,
    sampled: NDArray[np.int64],
    warnings: Warnings,
) -> list[dict[str, Any]]:
    between = " " if looked.options.units == "words" else ""
    found = reading.features.associations(of, LISTED, between)
    for label in dict.fromkeys(association.label for association in found if association.decides):
        deciding = [a for a in found if a.decides and a.label == label]
        first = deciding[0]
        rows, said = looked.rows(sampled[list(first.examples)])
        others = ", ".join(repr(association.feature) for association in deciding[1:])
        warnings.add(
            "leak",
            f"{first.feature!r} all but gives {label!r} away: it stands in "
            f"{first.within_share:.1%} of its texts and in {first.elsewhere_share:.1%} of the "
            f"others ({said})" + (f"; so do {others}" if others else ""),
            rows,
        )
    return [_association(association, looked, sampled) for association in found]


def _association(
    association: Association, looked: _Looked, sampled: NDArray[np.int64]
) -> dict[str, Any]:
    rows = looked.texts.rows[sampled[list(association.examples)]].tolist()
    return asdict(association) | {"examples": rows}


def _columns(
    looked: _Looked, sampled: NDArray[np.int64], of: Members, warnings: Warnings
) -> list[dict[str, Any]]:
    """How well the other columns of the training data tell the label."""
    examples = looked.files[0]
    used = (examples.text_column, examples.label_column)
    others = [column for column in examples.source.columns if column not in used]
    if not others or examples.source.fixed_columns:  # a file's name begins with its label
        return []
    kinds = looked.texts.label_prints[sampled]
    if not looked.encoder.classes:
        kinds = of.labels
    labels = dict(zip(looked.texts.rows[sampled].tolist(), kinds.tolist(), strict=True))
    found = telling_columns(examples.source.records(), others, labels)
    for column in found:
        if column.decides:
            what = "" if column.part == "value" else f"{column.part} of "
            warnings.add(
                "telling_column",
                f"column {column.column!r} all but gives the label away: {what}its value tells "
                f"{column.right_share:.1%} of the labels (guessing: {column.guessing_share:.1%}); "
                "keep it out of the texts",
            )
    return [asdict(column) for column in found]
