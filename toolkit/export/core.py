"""The core of a task, a function of numbers, and its files for runtimes that read no strings."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.errors import WorkError
from toolkit.export.core_readme import core_readme
from toolkit.export.golden import write_golden
from toolkit.export.runtimes import RUNTIMES, check_runtime
from toolkit.export.verify import TOLERANCE
from toolkit.export.version import write_version
from toolkit.files import check_no_link

logger = logging.getLogger("toolkit")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Core:
    """The part of a task that maps numbers to numbers.

    Args:
        title: What it does, in a sentence.
        network: The network, in float32.
        function: Maps the inputs, in their order, to outputs by name, the batch first.
        inputs: The inputs by name, the batch first; a second dimension of None is time.
        notes: What each input and each output is, by name.
        preparation: How the inputs are made of raw ones, in Markdown.
        trials: Inputs by name, the batch first, that are compared as well as the golden ones.
        rows: The inputs of each golden question, without the batch.
        raw: What these were made of, for the golden file.
        scale: What the tolerance is multiplied with: 1 for probabilities.
        files: The contents of further text files by name.
        save_assets: Writes the vocabulary into a folder; None where there is none.
    """

    title: str
    network: Any
    function: Callable[..., dict[str, Any]]
    inputs: Mapping[str, tf.TensorSpec]
    notes: Mapping[str, str]
    preparation: str
    trials: Sequence[Arrays]
    rows: Sequence[Arrays]
    raw: Sequence[Mapping[str, Any]]
    scale: float = 1.0
    files: Mapping[str, str] = field(default_factory=dict)
    save_assets: Callable[[str], None] | None = None

    @property
    def timed(self) -> list[str]:
        """The names of the inputs that have a time axis."""
        return [
            name
            for name, spec in self.inputs.items()
            if spec.shape.rank > 1 and spec.shape[1] is None
        ]

    def fixed(self, length: int | None) -> list[tf.TensorSpec]:
        """Return the inputs with a batch of one and a length, of any size where that is None."""
        return [
            tf.TensorSpec(
                [1, *([length] if name in self.timed else spec.shape[1:2]), *spec.shape[2:]],
                spec.dtype,
                name=name,
            )
            for name, spec in self.inputs.items()
        ]

    def cut(self, inputs: Arrays, length: int | None) -> dict[str, NDArray[Any]]:
        """Return inputs of at most so many steps; None keeps all."""
        if length is None:
            return dict(inputs)
        cut = {name: a[:, :length] if name in self.timed else a for name, a in inputs.items()}
        if "length" in cut:
            cut["length"] = np.minimum(cut["length"], length)
        return cut


def in_float32(network: Any) -> Any:
    """Return the network, or one with the same weights that computes in float32."""
    if network.compute_dtype == "float32":
        return network
    single = type(network).from_config(network.get_config() | {"dtype": "float32"})
    single.build()
    single.set_weights(network.get_weights())
    return single


def write_core(
    run_folder: str | os.PathLike[str], core: Core, format: str, length: int | None = None
) -> Path:
    """Write ``<run_folder>/<format>/<n>/``, ``n`` being the next version.

    It holds the model, ``README.md``, the core's files, and ``golden.jsonl`` with inputs and the
    network's answers, for those who write the preprocessing. Before the version is put in place,
    the runtime's answers are compared with the network's, both in float32; the greatest difference
    is logged.

    Args:
        run_folder: The run's folder.
        core: The core of the task.
        format: A name in ``RUNTIMES``.
        length: The number of steps of a format that has a fixed one; None for any.

    Returns:
        The version's folder.

    Raises:
        OptionError: A package is missing, or the folder is a link.
        ModelError: The runtime has no operator for a part of the network.
        WorkError: The answers differ.
    """
    check_runtime(format)
    check_no_link(Path(run_folder) / format)
    runtime = RUNTIMES[format]
    content = runtime.convert(core, length)
    answer = tf.function(core.function, input_signature=list(core.inputs.values()), autograph=False)
    rows = [core.cut({n: a[None] for n, a in row.items()}, length) for row in core.rows]

    def asked(inputs: Arrays) -> dict[str, NDArray[Any]]:
        outputs = answer(*(inputs[name] for name in core.inputs))
        return {name: value.numpy() for name, value in outputs.items()}

    def write(folder: Path) -> None:
        folder.mkdir()
        (folder / runtime.file).write_bytes(content)
        ask = runtime.runner(folder / runtime.file)
        trials = [*(core.cut(trial, length) for trial in core.trials), *rows]
        differences = [d for t in trials for d in _differences(ask(t), asked(t), runtime.fixed)]
        difference, tolerance = np.max(differences), TOLERANCE * core.scale
        if not difference <= tolerance:
            raise WorkError(
                f"{run_folder}: the {runtime.title} model's answers differ from the network's by "
                f"{difference:.1e}, more than {tolerance:.0e}; nothing was written"
            )
        logger.info(
            "the %s model's answers are the network's within %.1e", runtime.title, difference
        )
        if core.save_assets is not None:
            core.save_assets(os.fspath(folder))
        questions = [
            {**raw, **{name: value[0] for name, value in row.items()}}
            for raw, row in zip(core.raw, rows, strict=True)
        ]
        answers = [{name: value[0] for name, value in asked(row).items()} for row in rows]
        write_golden(folder, questions, answers, tolerance)
        outputs = answer.get_concrete_function().structured_outputs
        files = {"README.md": core_readme(core, runtime, length, outputs), **core.files}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")

    return write_version(Path(run_folder) / format, write)


def _differences(found: Arrays, expected: Arrays, fixed: bool) -> Iterator[float]:
    """Yield the greatest difference of each output; NaN where one is missing.

    Args:
        found: The outputs of the runtime.
        expected: Those of the network.
        fixed: Whether the runtime's may have more steps, of padding.
    """
    for name, value in expected.items():
        other = found.get(name, np.zeros(0))
        if fixed and other.ndim == value.ndim > 1:
            other = other[:, : value.shape[1]]
        same = other.shape == value.shape
        yield float(np.max(np.abs(other - value))) if same else np.nan
