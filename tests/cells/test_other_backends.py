"""Use of ``toolkit``, ``toolkit.cells`` and ``toolkit.layers`` without TensorFlow."""

import os
import subprocess
import sys

import pytest

WITHOUT_TENSORFLOW = """
import sys

sys.modules["tensorflow"] = None  # importing it fails

import numpy as np
import toolkit, toolkit.cells, toolkit.layers
from toolkit.layers import GRU, LSTM, Embedding, MinGRU, SequencePooling, SimpleRNN, SimplifiedGRU

ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
embedding = Embedding(5, 3, mask_zero=True)
for layer_class in SimpleRNN, SimplifiedGRU, MinGRU, GRU, LSTM:
    x, mask = embedding(ids), embedding.compute_mask(ids)
    for mode in "last", "mean", "max", "concat", "attention":
        h = layer_class(4, return_sequences=True)(x, mask=mask)
        size = 12 if mode == "concat" else 4
        assert tuple(SequencePooling(mode)(h, mask=mask).shape) == (3, size)
"""


WHO_IMPORTS_IT = """
import ast, pathlib, sys
import toolkit, toolkit.cells, toolkit.layers

for name, module in list(sys.modules.items()):
    if name.startswith("toolkit"):
        tree = ast.parse(pathlib.Path(module.__file__).read_text(encoding="utf-8"))
        for node in tree.body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.split(".")[0] == "tensorflow" for n in names), name
"""


def run(program, **environment):
    """Run a program in a process; return its exit status and errors, or '' if it succeeds."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return f"{done.returncode}: {done.stderr}" if done.returncode else ""


@pytest.mark.slow
def test_no_module_that_is_loaded_at_first_imports_tensorflow():
    assert run(WHO_IMPORTS_IT) == ""


@pytest.mark.parametrize(
    ("backend", "package"), [("torch", "torch"), ("jax", "jax"), ("numpy", "jax")]
)
def test_layers_run_where_tensorflow_cannot_be_imported(backend, package):
    pytest.importorskip(package)
    assert run(WITHOUT_TENSORFLOW, KERAS_BACKEND=backend) == ""
