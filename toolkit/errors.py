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


class ToolkitError(Exception):
    """The root of all errors that the toolkit raises on purpose."""

    exit_code = 1


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
