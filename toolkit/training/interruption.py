"""Ctrl-C, delayed until the training is in a consistent state."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interruption:
    """A context in which Ctrl-C waits while ``put_off`` is true.

    Its user then reads ``pressed``. If ``put_off`` is false, or if it is pressed again, Ctrl-C
    raises ``KeyboardInterrupt`` as usual. Other handlers of the signal are kept, and outside the
    main thread nothing is changed.

    Attributes:
        put_off: Whether Ctrl-C waits.
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
