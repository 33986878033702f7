"""What can go wrong, as one tree.

::

    ToolkitError
    ├── UserError          bad usage or bad input: the user can put it right (exit code 2)
    │   ├── OptionError    an option or hyperparameter is impossible
    │   ├── DataError      a file, row or column is not what it should be
    │   └── ModelError     a folder does not hold a model that can be used so
    └── WorkError          the work itself failed (exit code 1)
        └── DivergedError  the loss is no longer a number

Each message is one line: what was wrong, where, and what would be right. The command line prints
it and exits with ``exit_code``; from Python the errors are also the ``ValueError`` or
``RuntimeError`` that one expects.
"""

import reprlib

LONGEST = 1000
"""About how many characters a message has at most."""

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60


def quoted(value: object) -> str:
    """A value as Python writes it, shortened: what stands in a file can be of any size."""
    return _REPR.repr(value)


def count(number: int, what: str) -> str:
    """A number of things, in words: the plural of what they are is regular."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def as_message(text: str) -> str:
    """Text on one line: white space becomes single spaces, what is invisible an escape sequence.

    Of a text longer than ``LONGEST`` the middle is left out.
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


class ToolkitError(Exception):
    """The root of all errors that the toolkit raises on purpose.

    Args:
        message: What to tell the user; it is brought to one line.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(as_message(message))


class UserError(ToolkitError, ValueError):
    """Bad usage or bad input; the message says what would be right."""

    exit_code = 2


class OptionError(UserError):
    """An option or hyperparameter has a value that cannot work."""


class DataError(UserError):
    """A file, row or column is not what it should be."""


class ModelError(UserError):
    """A folder does not hold a model that can be used in the way that was asked for."""


class WorkError(ToolkitError, RuntimeError):
    """The work itself failed."""


class DivergedError(WorkError):
    """The loss is no longer a finite number."""
