"""Console output: plain log lines, one line for an error, no messages of TensorFlow."""

import contextlib
import io
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator

from pipelines import ENDINGS
from pipelines.output import watch_output
from toolkit.errors import ToolkitError, as_message
from toolkit.quiet import silence_tensorflow

#: The exit code of an end by a signal is this and the number of the signal.
SIGNALLED = 128
_BAD_PATH = (
    *(FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError, PermissionError),
)


def set_up(debug: bool) -> None:
    """Send the toolkit's log to standard error, a line a message, and silence other libraries.

    Args:
        debug: Keep TensorFlow's log and Python's warnings.
    """
    _open_missing_streams()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("toolkit")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not debug:
        silence_tensorflow()
        warnings.simplefilter("ignore")
    watch_output()
    if isinstance(sys.stdout, io.TextIOWrapper):  # so that any text can be written
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _open_missing_streams() -> None:
    """Open empty standard streams in a process that was started without them.

    Otherwise the next open file would get their descriptor, and what is written to it.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Suppress the toolkit's log below errors within the context."""
    logger = logging.getLogger("toolkit")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def exit_code(work: Callable[[], int], debug: bool) -> int:
    """Do the work; turn an exception into one line on standard error and an exit code.

    Args:
        work: Function that returns the exit code; the message of its ``KeyboardInterrupt`` is
            shown.
        debug: Show the traceback too.

    Returns:
        0 done; 1 the work failed; 2 bad usage or bad input; 130, 143 or 129 ended by a signal.
    """
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output has stopped
        return 0
    except KeyboardInterrupt as interruption:
        code = interrupted(interruption)
        ending = ENDINGS[signal.Signals(code - SIGNALLED)]
        _write_error("; ".join([ending, *map(str, interruption.args)]))
        return code
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report_error(error, debug)
    finally:
        _flush_output()


def interrupted(interruption: KeyboardInterrupt) -> int:
    """Return the exit code of an end by Ctrl-C or another signal."""
    return SIGNALLED + getattr(interruption, "number", signal.SIGINT)


def _flush_output() -> None:
    """Flush standard output; discard what cannot be written, or Python would try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_error(error: Exception, debug: bool) -> int:
    """Write an exception as one line and return its exit code."""
    if isinstance(error, ToolkitError):
        _write_error(f"error: {error}")
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        path = f"{error.filename}: " if error.filename is not None else ""
        _write_error(f"error: {path}{error.strerror}")
        return 2 if isinstance(error, _BAD_PATH) else 1
    hint = "" if debug else " (--debug shows where)"
    _write_error(f"error: {type(error).__name__}: {error}{hint}")
    return 1


def _write_error(message: str) -> None:
    """Write one line to standard error."""
    with contextlib.suppress(OSError):  # a full disk behind standard error
        sys.stderr.write(as_message(message) + "\n")
        sys.stderr.flush()
