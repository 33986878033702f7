"""LiteRT models, of one input and a fixed length: their content, and their answers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.errors import ModelError
from toolkit.quiet import quiet_import, unchanged_root_logger


def convert(core: Any, length: int | None) -> bytes:
    """Return the content of ``model.tflite``: LiteRT's own operators alone.

    A dynamic batch or length would need operators of TensorFlow, which the interpreter of the
    package ``ai-edge-litert`` cannot run.

    Raises:
        ModelError: LiteRT has no operator for a part of the network.
    """
    function = tf.function(core.function, input_signature=core.fixed(length), autograph=False)
    root = tf.Module()  # what the converter saves before it reads it again
    root.function = function
    concrete = function.get_concrete_function()
    root.variables_read = list(concrete.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], root)
    try:
        with unchanged_root_logger():
            content: bytes = converter.convert()
    except Exception as error:  # the converter's own exception, whose class is not public
        reason = next((line for line in str(error).splitlines() if line.strip()), "")
        raise ModelError(
            f"the network cannot be written as LiteRT, whose converter says: {reason.strip()}"
        ) from error
    return content


def runner(path: Path) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a model as a function of inputs by name, the batch first.

    Rows are asked one by one, and padded with zeros to the length.
    """
    from ai_edge_litert.interpreter import Interpreter

    with quiet_import():  # it says that it uses XNNPACK, as it does by default everywhere
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
        interpreter.allocate_tensors()
    signature = interpreter.get_signature_runner()
    details = signature.get_input_details()

    def run(inputs: Mapping[str, Any]) -> dict[str, Any]:
        answers = []
        for row in range(len(next(iter(inputs.values())))):
            given = {}
            for name, detail in details.items():
                value = np.asarray(inputs[name][row : row + 1], detail["dtype"])
                sizes = zip(detail["shape"], value.shape, strict=True)
                given[name] = np.pad(value, [(0, full - size) for full, size in sizes])
            answers.append(signature(**given))
        return {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}

    return run
