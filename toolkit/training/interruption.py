"""Ctrl-C and its like, delayed until the training is in a consistent state."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, Self

#: Ctrl-C, the end that a service or a container is told, and the end of the terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt(KeyboardInterrupt):
    """An interruption by a signal.

    Args:
        number: The number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def interrupt(number: int, _: FrameType | None) -> NoReturn:
    """Raise ``Interrupt``: a handler by which any signal does what Ctrl-C does."""
    raise Interrupt(number)


class Interruption:
    """A context in which Ctrl-C waits while ``put_off`` is true.

    Its user then reads ``pressed``, and ends by ``finish``. If ``put_off`` is false, or if it is
    pressed again, Ctrl-C raises ``KeyboardInterrupt`` as usual. So does each other signal of
    ``SIGNALS`` whose handler is ``interrupt``. Other handlers are kept, and outside the main thread
    nothing is changed.

    Attributes:
        put_off: Whether Ctrl-C waits.
        pressed: The number of the signal that waits; 0 if there is none.
    """

    def __init__(self) -> None:
        self.put_off = False
        self.pressed = 0
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if handler is signal.default_int_handler or handler is interrupt:
                    self._handlers[number] = handler
                    signal.signal(number, self._press)
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def finish(self) -> None:
        """Raise the ``KeyboardInterrupt`` of the signal that waits."""
        self._handlers[self.pressed](self.pressed, None)

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self.pressed or not self.put_off:
            self._handlers[number](number, frame)
        self.pressed = number
