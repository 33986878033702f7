"""The model card: what a stranger needs to know before using a run's model."""

import datetime
import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit.export.verify import newest_version
from toolkit.files import atomic_write

CARD_FILE = "README.md"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What only the task knows about the model; the rest is found in the run's folder.

    Args:
        task: What the model does, in a sentence or two.
        data: The name of the training data; of a path only the last part is printed.
        rows: How many examples the model was trained on.
        rows_are: What they are called.
        classes: The classes with their counts in the training data; empty where there are none.
        counted: What the counts are of.
        validation: How the validation data was come by, for example ``10 % of the rows, by film``.
        metrics: What was measured, by name; a name says on which data.
        command: The command line or call that trained the model.
        signatures: The functions that were exported, as given to ``write_saved_model``.
        example: The arguments of ``serving_default`` for the snippet, without the batch.
        parameters: How many trainable parameters the model has.
        long_texts: What happens to texts beyond the maximum length.
        limits: What the model should not be relied on for, a sentence each.
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
    example: Mapping[str, str]
    parameters: int
    long_texts: str
    limits: Sequence[str] = ()


def write_card(run_folder: str | os.PathLike[str], card: Card) -> Path:
    """Write the run's ``README.md``.

    Args:
        run_folder: A run's folder with at least one exported version.
        card: What the task knows.

    Returns:
        The path of the card.
    """
    run_folder = Path(run_folder).resolve()
    version = newest_version(run_folder)
    files = (run_folder / str(version)).rglob("*")
    megabytes = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
    sections = [
        f"# {run_folder.name}\n\n{card.task}",
        f"## Data\n\n{_data(card)}",
        "## Metrics\n\n"
        + _table(["metric", "value"], [[k, f"{v:.4f}"] for k, v in card.metrics.items()]),
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
    if card.classes:
        rows = [[name, f"{count:,}"] for name, count in card.classes.items()]
        text += "\n\n" + _table(["class", card.counted], rows)
    return text


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
    """One row: the name, what it takes and what it gives, each as ``name dtype [shape]``."""
    import tensorflow as tf

    concrete = function.get_concrete_function()
    inputs = tf.nest.flatten(concrete.structured_input_signature)
    takes = ", ".join(_tensor(spec.name, spec) for spec in inputs)
    gives = ", ".join(_tensor(key, spec) for key, spec in concrete.structured_outputs.items())
    return [f"`{name}`", takes, gives]


def _tensor(name: str, spec: Any) -> str:
    sizes = ["N" if size is None else str(size) for size in spec.shape]
    if sizes and spec.shape[0] is None:
        sizes[0] = "B"
    return f"`{name}` {spec.dtype.name} [{', '.join(sizes)}]"


def _snippet(card: Card, version: int | None) -> str:
    arguments = ", ".join(
        f"{name}=tf.constant([{value!r}])" for name, value in card.example.items()
    )
    return (
        "```python\n"
        "import tensorflow as tf\n\n"
        f'model = tf.saved_model.load("{version}")\n'
        f'answers = model.signatures["serving_default"]({arguments})\n'
        "```"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
