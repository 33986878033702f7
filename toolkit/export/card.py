"""The model card: what users need to know before they use a run's model."""

import datetime
import importlib.metadata
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit.export.description import ARCHIVE
from toolkit.export.signatures import input_specs, spec_text
from toolkit.export.verify import GOLDEN_FILE, is_batched, newest_version
from toolkit.files import atomic_write

CARD_FILE = "README.md"

#: The snippet shortens lists with more items, and breaks lines with more characters.
LONGEST_LIST, LONGEST_LINE = 8, 96
#: It shortens longer bytes to so many: the header of a WAV file has 44.
LONGEST_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class Card:
    """The parts of a model card that the task states; the others are read from the run's folder.

    Args:
        task: What the model does, in a sentence or two.
        data: The name of the training data; of a path only the last part is printed.
        licence: The licence of the training data, if it was stated.
        rows: How many examples the model was trained on.
        rows_are: What the examples are called.
        classes: The classes with their counts in the training data; empty where there are none.
        counted: What the counts of the classes count.
        validation: The source of the validation data, for example ``10 % of the rows, by film``.
        metrics: The figures by name; a name says on which data.
        command: The command line or call that trained the model.
        signatures: The functions that were exported, as given to ``write_saved_model``.
        example: The arguments of ``serving_default`` for the snippet, without the batch: strings,
            numbers, arrays or nested lists of them.
        parameters: How many trainable parameters the model has.
        long_texts: How texts beyond the maximum length are treated.
        limits: For what the model should not be relied on, a sentence each.
        contents: What of the training data the files in ``assets/`` hold, by their names.
        golden: What the golden file holds.
    """

    task: str
    data: str
    rows: int
    classes: Mapping[str, int] = field(default_factory=dict)
    counted: str = "rows"
    rows_are: str = "rows"
    validation: str
    metrics: Mapping[str, float]
    command: str
    signatures: Mapping[str, Any]
    example: Mapping[str, Any]
    parameters: int
    long_texts: str
    limits: Sequence[str] = ()
    licence: str | None = None
    contents: Mapping[str, str] = field(default_factory=dict)
    golden: str = "questions and answers"


def write_card(run_folder: str | os.PathLike[str], card: Card) -> Path:
    """Write the run's ``README.md``.

    Args:
        run_folder: A run's folder with at least one exported version.
        card: The parts that the task states.

    Returns:
        The path of the card.
    """
    run_folder = Path(run_folder).resolve()
    version = newest_version(run_folder)
    files = [file for file in (run_folder / str(version)).rglob("*") if file.is_file()]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    sections = [
        f"# {run_folder.name}\n\n{card.task}",
        f"## Data\n\n{_data(card)}",
        f"## Training data in the files\n\n{_contents(card, run_folder, files)}",
        f"## Metrics\n\n{_metrics(card)}",
        f"## Model\n\n{_model(card, version, megabytes)}",
        "## Signatures\n\n"
        + _table(
            ["signature", "takes", "gives"], [_signature(*item) for item in card.signatures.items()]
        )
        + "\n\nB is the batch.",
        "## Use\n\nWith TensorFlow alone, from the folder that holds this file:\n\n"
        + _snippet(card, version),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in [card.long_texts, *card.limits]),
        f"## Training\n\n```\n{card.command}\n```",
    ]
    return atomic_write(run_folder / CARD_FILE, "\n\n".join(sections) + "\n")


def _data(card: Card) -> str:
    text = f"{Path(card.data).name}: {card.rows:,} {card.rows_are}. Validation: {card.validation}."
    licence = " ".join((card.licence or "").split()).removesuffix(".")
    text += f" Licence: {licence or 'not stated'}."
    if card.classes:
        rows = [[name, f"{count:,}"] for name, count in card.classes.items()]
        text += "\n\n" + _table(["class", card.counted], rows)
    return text


def _contents(card: Card, run_folder: Path, files: Sequence[Path]) -> str:
    """Return a table of the files that hold parts of the training data, and what these are."""
    assets = sorted(file for file in files if file.parent.name == "assets")
    rows = []
    contents = {**card.contents, GOLDEN_FILE: card.golden}
    for file in [*assets, *run_folder.glob(GOLDEN_FILE)]:
        # A second vocabulary of the same name gets a number after it.
        held = [text for name, text in contents.items() if file.name.startswith(name)]
        if held:
            lines = file.read_bytes().count(b"\n")
            rows.append([f"`{file.relative_to(run_folder)}`", held[0], f"{lines:,}"])
    rows.append(["`config.yaml`", "the name of the data, its size and its classes", ""])
    return (
        _table(["file", "holds", "lines"], rows)
        + f"\n\n`{ARCHIVE}`, if it is there, holds the same vocabulary and classes. All else was "
        "computed from the training data: weights and figures."
    )


def _metrics(card: Card) -> str:
    if not card.metrics:
        return "None: nothing was held out from the training."
    return _table(["metric", "value"], [[k, f"{v:.4f}"] for k, v in card.metrics.items()])


def _model(card: Card, version: int | None, megabytes: float) -> str:
    packages = {"toolkit": __version__} | {
        name: importlib.metadata.version(package)
        for name, package in (("TensorFlow", "tensorflow"), ("Keras", "keras"))
    }
    return _table(
        ["", ""],
        [
            ["parameters", f"{card.parameters:,}"],
            ["size", f"{megabytes:.1f} MB (version {version})"],
            ["written", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")],
            ["with", ", ".join(f"{name} {number}" for name, number in packages.items())],
        ],
    )


def _signature(name: str, function: Any) -> list[str]:
    """Return one row: the name, the inputs and the outputs, each as ``name dtype [shape]``."""
    outputs = function.get_concrete_function().structured_outputs
    takes, gives = (
        ", ".join(f"`{key}` {spec_text(spec)}" for key, spec in specs.items())
        for specs in (input_specs(function), outputs)
    )
    return [f"`{name}`", takes, gives]


def _snippet(card: Card, version: int | None) -> str:
    """Return Python code that loads the model and asks it the example."""
    arguments = [
        f"{name}={_constant(card.example[name], spec)}"
        for name, spec in input_specs(card.signatures["serving_default"]).items()
    ]
    call = 'answers = model.signatures["serving_default"]('
    line = f"{call}{', '.join(arguments)})"
    if len(line) > LONGEST_LINE and len(arguments) > 1:
        line = f"{call}\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    return (
        "```python\n"
        "import tensorflow as tf\n\n"
        f'model = tf.saved_model.load("{version}")\n'
        f"{line}\n"
        "```"
    )


def _constant(value: Any, spec: Any) -> str:
    """Return code that makes an input's tensor of one example, in a batch if the input has one."""
    code = f"[{_literal(value)}]" if is_batched(spec) else _literal(value)
    if spec.dtype.name == "string":
        return f"tf.constant({code})"
    return f"tf.constant({code}, tf.{spec.dtype.name})"


def _literal(value: Any) -> str:
    """Return code for a value; of a long list all but its ends become copies of its second item.

    So the code is brief, and its value has the shape that other inputs, such as ``length``, state.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        if len(value) <= LONGEST_LIST:
            return f"[{', '.join(map(_literal, value))}]"
        first, second, last = (_literal(value[index]) for index in (0, 1, -1))
        return f"[{first}, *{len(value) - 2} * [{second}], {last}]"
    if isinstance(value, bytes) and len(value) > LONGEST_BYTES:
        return f"{value[:LONGEST_BYTES]!r} + bytes({len(value) - LONGEST_BYTES})"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return 'float("nan")'
    if isinstance(value, float):
        return f'float("{value}")' if math.isinf(value) else repr(float(f"{value:.4g}"))
    return repr(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
