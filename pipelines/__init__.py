"""A script a task; the verbs that all share are in ``pipelines.command``."""

import os
import signal
import sys
from types import FrameType


def leave(_signal: int, _frame: FrameType | None) -> None:
    """End the process at once: Ctrl-C before anything has begun."""
    os.write(2, b"interrupted\n")
    os._exit(130)


# Python is about to run ``python -m pipelines.<name>``; until its ``main`` sees to Ctrl-C itself.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, leave)
