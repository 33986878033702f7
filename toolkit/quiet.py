"""Output on standard error: TensorFlow's messages are silenced, the toolkit's log is shown."""

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from types import ModuleType

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def silence_tensorflow() -> None:
    """Turn off the log of TensorFlow's C++ libraries, unless the environment sets its level."""
    os.environ.setdefault(_LEVEL, "3")


def quiet_import() -> contextlib.AbstractContextManager[None]:
    """Return a context for imports that suppresses standard error where TensorFlow is silent."""
    return suppress_stderr() if os.environ.get(_LEVEL) == "3" else contextlib.nullcontext()


def import_quietly(name: str) -> ModuleType:
    """Import a module, and with it TensorFlow, without messages if TensorFlow is not there yet."""
    if "tensorflow" in sys.modules:
        return importlib.import_module(name)
    silence_tensorflow()
    with quiet_import():
        return importlib.import_module(name)


@contextlib.contextmanager
def suppress_stderr() -> Iterator[None]:
    """Suppress standard error while TensorFlow or ONNX Runtime is imported.

    Their C++ libraries write to the file descriptor before their log level is in force.
    """
    try:
        saved = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


@contextlib.contextmanager
def unchanged_root_logger() -> Iterator[None]:
    """Keep libraries from setting up logging within the context.

    ``absl.logging``, which TensorFlow logs by, adds a handler to a root logger that has none.
    """
    root = logging.getLogger()
    if root.handlers:
        yield
        return
    handler = logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


@contextlib.contextmanager
def shown_log() -> Iterator[None]:
    """Write the toolkit's log to standard error within the context, a line a message.

    The handlers of a program that has set up logging itself get the messages instead; a level that
    it has set for the toolkit stays.
    """
    logger = logging.getLogger("toolkit")
    level, handler = logger.level, None
    if not logger.hasHandlers() and sys.stderr is not None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    if level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        if handler is not None:
            logger.removeHandler(handler)
