"""The command line: a script for each task, and the verbs that they share."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import toolkit

#: The console command.
COMMAND = "recurrent-toolkit"
#: What is said of the end by each signal.
ENDINGS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "hung up",
}


def exit_at_once(number: int, _frame: FrameType | None) -> None:
    """Exit at once on Ctrl-C and its like, before the work has begun."""
    os.write(2, f"{ENDINGS[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)


# ``toolkit`` is a usual name: a folder in the working directory may hide that of the project.
_place = Path(next(iter(getattr(toolkit, "__path__", None) or [toolkit.__file__])))
if not (_place / "tasks").is_dir():
    _complaint = f"another package toolkit than that of {COMMAND} was found, at {_place}; rename it"
    if sys.argv[:1] == ["-m"]:
        sys.exit(f"error: {_complaint}")
    raise ImportError(_complaint)

# While ``python -m pipelines.<name>`` is imported; ``main`` then handles the signals itself.
if sys.argv[:1] == ["-m"] or Path("".join(sys.argv[:1])).name == COMMAND:
    for _number in ENDINGS:
        if signal.getsignal(_number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(_number, exit_at_once)
