"""The command line: a script for each task, and the verbs that they share."""

import os
import signal
import sys
from types import FrameType


def exit_on_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once on Ctrl-C, before the work has begun."""
    os.write(2, b"interrupted\n")
    os._exit(130)


# While ``python -m pipelines.<name>`` is imported; ``main`` then handles Ctrl-C itself.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, exit_on_interrupt)
