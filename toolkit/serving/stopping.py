"""The graceful end of a server at a signal."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call a function at the signals that end the server, before Uvicorn does what it does then.

    Args:
        stop: The function. Outside the main thread there are no signals, and it is not called.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            stop()
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)


def end_process() -> NoReturn:
    """End the process with 0, without waiting for calls that go on though nobody waits for them."""
    sys.stdout.flush()
    sys.stderr.flush()
    logging.shutdown()
    os._exit(0)
