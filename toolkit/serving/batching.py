"""Requests that wait for a model, answered several in one call."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

#: The largest number of bytes of a batch, padding included, so that a long text does not make many
#: short ones as long as itself.
BATCH_BYTES = 1 << 18
#: The largest number of rows of one request in a call, so that many short ones do not fill memory.
MOST_ROWS = 512
#: The largest number of rows of a request that cannot be cut into several calls, and of their bytes
#: with padding.
MOST_ALONE, ALONE_BYTES = 4096, 1 << 23


class QueueFullError(Exception):
    """As many requests wait as may wait."""


@dataclass(frozen=True)
class Question:
    """The question of one request to a signature.

    Args:
        inputs: An array for each input.
        rows: The number of rows of each.
        row_bytes: The size of the longest row.
        kind: Questions of one kind can be asked together; None for one that is asked alone.
    """

    inputs: dict[str, Any]
    rows: int
    row_bytes: int
    kind: Hashable


@dataclass(eq=False)
class _Waiting:
    """A question with the future of its answer."""

    question: Question
    answer: asyncio.Future[Any]
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """The queue of a signature.

    A call takes the oldest question and those of its kind that fit; what arrives during calls waits
    for the next one. It is used from one event loop.

    Args:
        answer: Answers questions of one kind in one call, in a thread: a result or an exception for
            each.
        executor: The threads.
        calls: The largest number of calls at once.
        most_rows: The largest number of rows of a call; a question with more is asked alone.
        delay: How long a call waits for more questions, in seconds.
        most_waiting: The largest number of questions that wait.
        measure: Called with the number of questions and of rows of each call.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Question]], Sequence[Any]],
        executor: Executor,
        calls: int,
        most_rows: int,
        delay: float,
        most_waiting: int,
        measure: Callable[[int, int], None] = lambda questions, rows: None,
    ) -> None:
        self._answer = answer
        self._executor = executor
        self._free = calls
        self._most_rows = most_rows
        self._delay = delay
        self._most_waiting = most_waiting
        self._measure = measure
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question, always: bool = False) -> Any:
        """Return the answer of a question.

        A caller that is cancelled gives its place up.

        Args:
            question: The question.
            always: Whether it may wait also where too many wait.

        Raises:
            QueueFullError: Too many questions wait.
        """
        if len(self._waiting) >= self._most_waiting and not always:
            raise QueueFullError
        waiting = _Waiting(question, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            return await waiting.answer
        finally:
            with contextlib.suppress(ValueError):  # it has been taken
                self._waiting.remove(waiting)

    async def _work(self) -> None:
        """Answer questions until none waits."""
        try:
            while self._waiting:
                await self._gather()
                batch = self._take()
                if batch:
                    await self._call(batch)
        finally:
            self._free += 1

    async def _gather(self) -> None:
        """Wait for more questions, at most until the oldest has waited for the delay."""
        if not (self._delay and self._waiting):
            return
        left = self._waiting[0].since + self._delay - time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left)):
                while sum(each.question.rows for each in self._waiting) < self._most_rows:
                    self._arrived.clear()
                    await self._arrived.wait()

    def _take(self) -> list[_Waiting]:
        """Remove and return the oldest question and those that are asked with it."""
        batch: list[_Waiting] = []
        others: list[_Waiting] = []
        rows = longest = 0
        while self._waiting:
            each = self._waiting.popleft()
            question = each.question
            if each.answer.done():  # its caller has gone
                continue
            if batch:
                wide = max(longest, question.row_bytes) * (rows + question.rows)
                joins = question.kind is not None and question.kind == batch[0].question.kind
                if not joins or rows + question.rows > self._most_rows or wide > BATCH_BYTES:
                    others.append(each)
                    continue
            batch.append(each)
            rows, longest = rows + question.rows, max(longest, question.row_bytes)
            if rows >= self._most_rows or question.kind is None:
                break
        self._waiting.extendleft(reversed(others))
        return batch

    async def _call(self, batch: list[_Waiting]) -> None:
        """Answer questions in one call."""
        questions = [each.question for each in batch]
        self._measure(len(batch), sum(question.rows for question in questions))
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._executor, self._answer, questions)
        except Exception as error:
            answers = [error] * len(batch)
        for each, answer in zip(batch, answers, strict=True):
            if each.answer.done():
                continue
            if isinstance(answer, BaseException):
                each.answer.set_exception(answer)
            else:
                each.answer.set_result(answer)
