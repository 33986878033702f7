"""Standard output whose errors name it, and which never ends in the middle of a line."""

import contextlib
import io
import os
import stat
import sys
from typing import Any


def watch_output() -> None:
    """Replace the process's own standard output by one that ``_Output`` writes."""
    output = sys.stdout
    if output is not sys.__stdout__ or not isinstance(output, io.TextIOWrapper):
        return  # closed, or of a test
    binary = output.buffer
    buffered = isinstance(binary, io.BufferedWriter)
    raw = _Output(output.fileno())
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw, io.DEFAULT_BUFFER_SIZE if buffered else 1),
        encoding=output.encoding,
        newline="\n",
        line_buffering=output.line_buffering,
        write_through=output.write_through,
    )


class _Output(io.RawIOBase):
    """A file descriptor that is written to until its file is full.

    Then the error names the file, the line that was written in part is cut off, and what comes
    later is discarded.

    Args:
        descriptor: The file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._unfinished = 0  # bytes of a line whose end has not been written
        self._failed = False

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Return whether it can be written to: always."""
        return True

    def write(self, content: Any) -> int | None:
        """Write bytes and return how many; None if the descriptor would block."""
        if self._failed:
            return len(content)
        try:
            count = os.write(self._descriptor, content)
        except BlockingIOError:
            return None
        except OSError as error:
            self._failed = True
            if not isinstance(error, BrokenPipeError):
                error.filename = self._name()
                self._cut_off()
            raise
        end = bytes(content[:count]).rfind(b"\n")
        self._unfinished = self._unfinished + count if end < 0 else count - end - 1
        return count

    def _name(self) -> str:
        """Return the name of the file, where the system tells it."""
        with contextlib.suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{self._descriptor}")
            if os.path.isabs(path):
                return f"standard output, {path}"
        return "standard output"

    def _cut_off(self) -> None:
        """Remove the unfinished line from a file, unless others write to it, too."""
        with contextlib.suppress(OSError):
            status = os.fstat(self._descriptor)
            end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
            if stat.S_ISREG(status.st_mode) and status.st_size == end:
                os.ftruncate(self._descriptor, end - self._unfinished)
