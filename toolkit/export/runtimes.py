"""The runtimes for which the core of a task is written, by the name of the format."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import OptionError
from toolkit.options import option
from toolkit.packages import check_packages


@dataclass(frozen=True)
class Runtime:
    """A format and the package that runs it.

    Args:
        title: Its name in texts.
        file: The name of the model's file.
        packages: The packages of the extra.
        module: The module with ``convert(core, length) -> bytes`` and ``runner(path)``, which
            returns a function from inputs, by name and the batch first, to outputs.
        imported: The module that runs a model.
        fixed: Whether batch and length are fixed.
        dtypes: The types of inputs that are not those of the core, by name of the core's type.
    """

    title: str
    file: str
    packages: tuple[str, ...]
    module: str
    imported: str
    fixed: bool
    dtypes: dict[str, str]

    def convert(self, core: Any, length: int | None) -> bytes:
        """Return the content of the model's file."""
        content: bytes = importlib.import_module(self.module).convert(core, length)
        return content

    def runner(self, path: Path) -> Callable[[Any], dict[str, Any]]:
        """Return the model of a file as a function of inputs by name."""
        run: Callable[[Any], dict[str, Any]] = importlib.import_module(self.module).runner(path)
        return run


RUNTIMES = {
    "onnx": Runtime(
        *("ONNX", "model.onnx", ("onnx", "onnxruntime", "tf2onnx"), "toolkit.export.onnx"),
        *("onnxruntime", False),
        dtypes={"int32": "int64"},
    ),
    "litert": Runtime(
        *("LiteRT", "model.tflite", ("ai-edge-litert",), "toolkit.export.litert"),
        *("ai_edge_litert.interpreter", True),
        dtypes={},
    ),
}


def check_length(length: int | None, format: str) -> None:
    """Check a fixed number of steps, if one is given.

    Raises:
        OptionError: It is below 1, or the format has none.
    """
    if length is None:
        return
    if format not in RUNTIMES or not RUNTIMES[format].fixed:
        raise OptionError(f"{option('length')} is of format litert; leave it out")
    if length < 1:
        raise OptionError(f"{option('length')} is {length}; it must be at least 1")


def check_runtime(format: str) -> None:
    """Check that the packages of a format are installed.

    Raises:
        OptionError: One is missing; the message says how to install it.
    """
    check_packages(f"format {format} needs", *RUNTIMES[format].packages)
