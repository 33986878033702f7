"""Ctrl-C, put off to a moment when nothing is half done."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interruption:
    """Within, Ctrl-C waits while ``put_off`` is true, and is then for others to act on.

    Where it is not put off, and when it is pressed once more, it raises ``KeyboardInterrupt`` as
    ever. Signals that somebody else sees to, or that are ignored, are left as they are, and so are
    those of a thread that is not the main one, which gets none.

    Attributes:
        put_off: Whether Ctrl-C is to wait.
        pressed: Whether it was pressed and waits.
    """

    def __init__(self) -> None:
        self.put_off = False
        self.pressed = False
        self._ours = False

    def __enter__(self) -> Self:
        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self.pressed or not self.put_off:
            signal.default_int_handler(number, frame)
        self.pressed = True
