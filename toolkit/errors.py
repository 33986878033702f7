"""The exceptions of the toolkit, and helpers for their messages.

::

    ToolkitError
    ├── UserError          bad usage or bad input, which the user can correct (exit code 2)
    │   ├── OptionError    an option or hyperparameter is invalid
    │   ├── DataError      a file, row or column is invalid
    │   └── ModelError     a folder holds no model for the requested use
    └── WorkError          the operation failed (exit code 1)
        └── DivergedError  the loss is no longer finite

Each message is one line: what is wrong, where, and how to correct it. The command line prints it
and exits with ``exit_code``. In Python the errors are also of type ``ValueError`` or
``RuntimeError``.
"""

import reprlib
from collections.abc import Sequence

MAX_MESSAGE_LENGTH = 1000
"""The approximate maximum length of a message, in characters."""

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60


def quoted(value: object) -> str:
    """Return the ``repr`` of a value, shortened, since values from files can be of any size."""
    return _REPR.repr(value)


def count(number: int, what: str) -> str:
    """Return a number with its noun, in the regular plural unless the number is 1."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shorten(names: Sequence[str], most: int = 12, longest: int = 40) -> str:
    """Join names to one short line for a message."""
    shown = ", ".join(n if len(n) <= longest else f"{n[:longest]}…" for n in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def as_message(text: str) -> str:
    """Return text as one line, with single spaces and escape sequences for invisible characters.

    The middle of a text longer than ``MAX_MESSAGE_LENGTH`` is left out.
    """
    if len(text) > MAX_MESSAGE_LENGTH:
        half = MAX_MESSAGE_LENGTH // 2
        text = f"{text[:half]} … {text[-half:]}"
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


class ToolkitError(Exception):
    """The base class of all errors that the toolkit raises deliberately.

    Args:
        message: The message for the user; it is converted to one line.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(as_message(message))


class UserError(ToolkitError, ValueError):
    """Bad usage or bad input; the message says how to correct it."""

    exit_code = 2


class OptionError(UserError):
    """An option or hyperparameter has an invalid value."""


class DataError(UserError):
    """A file, row or column is invalid."""


class ModelError(UserError):
    """A folder holds no model for the requested use."""


class WorkError(ToolkitError, RuntimeError):
    """The operation failed, although its input was valid."""


class DivergedError(WorkError):
    """The loss is no longer a finite number."""
