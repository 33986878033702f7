"""Atomic writing of a SavedModel with its assets."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from toolkit.errors import WorkError
from toolkit.export.version import write_version
from toolkit.quiet import unchanged_root_logger


def write_saved_model(
    run_folder: str | os.PathLike[str],
    signatures: Mapping[str, Any],
    tracked: Sequence[Any] = (),
    assets: Mapping[str, str] | None = None,
) -> Path:
    """Write ``<run_folder>/<n>/`` in TensorFlow Serving's layout, ``n`` being the next version.

    ``write_version`` writes it, so that a server which watches the run's folder never sees a part
    of it. Only the variables that the signatures read are stored: no optimizer, no metrics.

    Args:
        run_folder: The run's folder; made when it is missing.
        signatures: A ``tf.function`` with an ``input_signature`` for each name; it returns a dict
            of dense tensors, batch first.
        tracked: The lookup tables that the signatures use, or layers and models that hold them at
            any depth.
        assets: The contents of text files in the version's ``assets/``, by name.

    Returns:
        The version's folder.

    Raises:
        WorkError: TensorFlow could not write, for example because the disk is full.
        OSError: The folder cannot be made or renamed.
    """

    def write(folder: Path) -> None:
        _save(folder, signatures, tracked)
        (folder / "assets").mkdir(exist_ok=True)
        for name, content in (assets or {}).items():
            (folder / "assets" / name).write_text(content, encoding="utf-8", newline="")

    try:
        return write_version(run_folder, write)
    except tf.errors.OpError as error:
        raise WorkError(
            f"{run_folder}: the SavedModel could not be written: {error.message}"
        ) from error


def _save(folder: Path, signatures: Mapping[str, Any], tracked: Sequence[Any]) -> None:
    """Save the signatures with exactly the variables and tables that they use."""
    concrete = {name: function.get_concrete_function() for name, function in signatures.items()}
    root = tf.Module()
    root.variables_read = list(
        {id(v): v for function in concrete.values() for v in function.variables}.values()
    )
    root.resources = [
        part
        for whole in tracked
        for part in tf.train.TrackableView(whole).descendants()
        if isinstance(part, tf.saved_model.experimental.TrackableResource)
    ]
    with unchanged_root_logger():
        tf.saved_model.save(root, os.fspath(folder), signatures=concrete)
