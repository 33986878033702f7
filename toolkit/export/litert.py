"""A network as LiteRT, the format of phones and small devices: written atomically, and compared."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import ModelError, WorkError
from toolkit.export.core import Array, Core
from toolkit.export.golden import write_golden
from toolkit.export.verify import TOLERANCE
from toolkit.export.version import write_version
from toolkit.files import check_no_link
from toolkit.packages import check_packages, import_package
from toolkit.quiet import quiet_import

logger = logging.getLogger("toolkit")

FOLDER, FILE = "litert", "model.tflite"
NEED = "format litert needs"
PACKAGE = "ai_edge_litert.interpreter"


def check_litert() -> None:
    """Check that the package of the extra ``litert`` is installed.

    Raises:
        OptionError: It is missing; the message says how to install it.
    """
    check_packages(NEED, "ai_edge_litert")


def write_litert(
    run_folder: str | os.PathLike[str],
    core: Core,
    questions: Sequence[Mapping[str, Any]],
    files: Mapping[str, str],
) -> Path:
    """Write ``<run_folder>/litert/<n>/``, ``n`` being the next version.

    It holds ``model.tflite``, which answers one sequence of a fixed length with the operators that
    LiteRT itself has, and ``golden.jsonl``, which lists questions with their inputs and the
    network's answers. Before the version is put in place, LiteRT's answers are compared with the
    network's; the greatest difference is logged.

    Args:
        run_folder: The run's folder.
        core: The network with its inputs.
        questions: The questions of the golden file.
        files: The contents of further text files, by name.

    Returns:
        The version's folder.

    Raises:
        OptionError: The extra ``litert`` is not installed, or the folder is a link.
        ModelError: LiteRT has no operators for the network.
        WorkError: The answers differ.
    """
    check_litert()
    check_no_link(Path(run_folder) / FOLDER)
    answer = _function(core)
    content = _converted(core, answer)
    interpreter_class = import_package(NEED, PACKAGE).Interpreter
    with quiet_import():  # its library says what it runs on
        interpreter = interpreter_class(model_content=content)
    run = interpreter.get_signature_runner()
    tolerance = TOLERANCE * core.network.output_layer.scale
    inputs = [core.encode(question) for question in questions]
    answers = [answer(**each)[core.output].numpy() for each in inputs]
    zeros = core.zeros()
    expected = [*answers, answer(**zeros)[core.output].numpy()]
    found = [run(**each)[core.output] for each in [*inputs, zeros]]
    difference = float(np.max(np.abs(np.stack(found) - np.stack(expected))))
    if not difference <= tolerance:
        raise WorkError(
            f"{run_folder}: LiteRT's answers differ from the network's by {difference:.1e}, more "
            f"than {tolerance:.0e}; nothing was written"
        )
    logger.info("LiteRT's answers are the network's within %.1e", difference)

    def write(folder: Path) -> None:
        folder.mkdir()
        (folder / FILE).write_bytes(content)
        write_golden(
            folder,
            [{**q, **_alone(i)} for q, i in zip(questions, inputs, strict=True)],
            [{core.output: row[0]} for row in answers],
            tolerance,
        )
        if core.save_assets is not None:
            core.save_assets(os.fspath(folder))
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")

    return write_version(Path(run_folder) / FOLDER, write)


def _alone(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return inputs without their batch."""
    return {name: value[0] for name, value in inputs.items()}


def _function(core: Core) -> Any:
    """Return the network as a function of its inputs by name."""
    import tensorflow as tf

    specs = {
        name: tf.TensorSpec(shape, dtype, name=name) for name, (dtype, shape) in core.inputs.items()
    }

    def answer(**inputs: Any) -> dict[str, Any]:
        return {core.output: core.answer(core.network, inputs)}

    return tf.function(answer, autograph=False).get_concrete_function(**specs)


def _converted(core: Core, answer: Any) -> bytes:
    """Return the content of ``model.tflite``.

    The converter finds the variables in a module of their own: in a Keras model it takes others,
    and the weights are then whatever is in memory.

    Raises:
        ModelError: LiteRT has no operators for the network.
    """
    import tensorflow as tf

    module = tf.Module()
    module.variables_of_network = [variable.value for variable in core.network.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([answer], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        content: bytes = converter.convert()
    except Exception as error:
        if type(error).__name__ != "ConverterError":
            raise
        reason = str(error).strip().split("\n")[0][:300]
        raise ModelError(f"LiteRT has no operators for this network: {reason}") from error
    return content
