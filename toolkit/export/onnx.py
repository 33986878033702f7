"""ONNX models: their content, and their answers by ONNX Runtime."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: The types of inputs by their names in ONNX Runtime.
_TYPES = {"tensor(int64)": np.int64, "tensor(float)": np.float32, "tensor(uint8)": np.uint8}


def convert(core: Any, length: int | None) -> bytes:
    """Return the content of ``model.onnx``; batch and length are free.

    Raises:
        ModelError: ONNX has no operator for a part of the network.
    """
    from toolkit.export.onnx_graph import onnx_model

    content: bytes = onnx_model(core).SerializeToString()
    return content


def runner(path: Path) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a model as a function of inputs by name, the batch first."""
    import onnxruntime

    quiet = onnxruntime.SessionOptions()
    quiet.intra_op_num_threads = 1  # else it warns where it may not choose its processors
    session = onnxruntime.InferenceSession(path, quiet, providers=["CPUExecutionProvider"])
    types = {each.name: _TYPES[each.type] for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs()]

    def run(inputs: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: np.asarray(inputs[name], dtype) for name, dtype in types.items()}
        return dict(zip(names, session.run(names, given), strict=True))

    return run
