"""What the user sees: plain log lines, one line for an error, nothing of TensorFlow's chatter."""

import contextlib
import io
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator

from toolkit.errors import ToolkitError, as_message

INTERRUPTED = 130
_BAD_PATH = (
    *(FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError, PermissionError),
)


def set_up(debug: bool) -> None:
    """Send the toolkit's log to standard error, a plain line a message, and silence all else.

    Args:
        debug: Let TensorFlow and Python's warnings speak too.
    """
    _open_what_is_closed()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("toolkit")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not debug:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        warnings.simplefilter("ignore")
    if isinstance(sys.stdout, io.TextIOWrapper):  # whatever is in a text can be written
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _open_what_is_closed() -> None:
    """Give a process that was started without its standard streams empty ones.

    Else the next file that is opened has the number of one, and gets what is written there.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))


def silenced() -> bool:
    """Whether TensorFlow is to keep quiet."""
    return os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "3"


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Let the toolkit's log say nothing for a while but what has gone wrong."""
    logger = logging.getLogger("toolkit")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def importing() -> contextlib.AbstractContextManager[None]:
    """For the time of an import: standard error shut, unless TensorFlow is not silenced."""
    return standard_error_shut() if silenced() else contextlib.nullcontext()


@contextlib.contextmanager
def standard_error_shut() -> Iterator[None]:
    """Keep standard error clear while TensorFlow or ONNX Runtime is imported.

    Their libraries write there before their log level is in force, from C++, so that the file
    descriptor itself is turned away for the time.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def exit_code(work: Callable[[], int], debug: bool) -> int:
    """Do the work; turn whatever goes wrong into one line on standard error and an exit code.

    Args:
        work: Returns the exit code when all goes well; a ``KeyboardInterrupt`` may say what becomes
            of what was interrupted.
        debug: Show the traceback too.

    Returns:
        0 done; 1 the work failed; 2 bad usage or bad input; 130 interrupted.
    """
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # who read our output has seen enough
        return 0
    except KeyboardInterrupt as interruption:
        _complain("; ".join(["interrupted", *map(str, interruption.args)]))
        return INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _explain(error, debug)
    finally:
        _settle_output()


def _settle_output() -> None:
    """Let what cannot be written go nowhere: Python would try again in ending, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception, debug: bool) -> int:
    if isinstance(error, ToolkitError):
        _complain(f"error: {error}")
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        _complain(f"error: {where}{error.strerror}")
        return 2 if isinstance(error, _BAD_PATH) else 1
    hint = "" if debug else " (--debug shows where)"
    _complain(f"error: {type(error).__name__}: {error}{hint}")
    return 1


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):  # a full disk behind standard error
        sys.stderr.write(as_message(message) + "\n")
        sys.stderr.flush()
