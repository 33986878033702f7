"""Responses of server-sent events, of which a model has a limited number open."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response, StreamingResponse

from toolkit.errors import UserError, as_message
from toolkit.serving.batching import QueueFullError
from toolkit.serving.options import ServingOptions
from toolkit.serving.web import json_bytes


class OpenEvents:
    """The responses of events that are not ended yet.

    Args:
        options: The options of the server; ``queue`` is the largest number of them of a model.
    """

    def __init__(self, options: ServingOptions) -> None:
        self._options = options
        self._open: dict[str, int] = {}

    async def response(
        self, name: str, parts: AsyncIterator[Mapping[str, Any]], skip: int = 0, reads: bool = False
    ) -> Response:
        """Return a response with an event for each part, after the first ones that are skipped.

        What goes wrong before the first part is the status of the response; later on it is an
        event ``error``. The event ``end`` tells a whole answer from one that was cut off.

        Args:
            name: The name of the model.
            parts: The parts.
            skip: The number of parts that are skipped.
            reads: Whether the body of the request is read meanwhile.

        Raises:
            QueueFullError: There are too many streams of the model.
        """
        if self._open.get(name, 0) >= self._options.queue:
            raise QueueFullError
        self._open[name] = self._open.get(name, 0) + 1

        def closed() -> None:
            self._open[name] -= 1

        try:
            first = [part async for part in _some(parts, skip + 1)]
        except BaseException:
            closed()
            raise

        async def events() -> AsyncIterator[bytes]:
            try:
                for part in first[skip:]:
                    yield _event(part)
                async for part in parts:
                    yield _event(part)
                yield _event({}, "end")
            except (UserError, HTTPException, TimeoutError) as error:
                message = getattr(error, "detail", None) or str(error) or "there was no answer"
                yield _event({"error": as_message(message)}, "error")

        return _Response(events(), reads, closed)


class _Response(StreamingResponse):
    """A response of server-sent events.

    Args:
        events: The events.
        reads: Whether the body of the request is read meanwhile, which tells of the client's end;
            otherwise this listens for it.
        closed: Called at the end, also where the client has gone.
    """

    def __init__(
        self, events: AsyncIterator[bytes], reads: bool, closed: Callable[[], None]
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._reads, self._closed = reads, closed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            if self._reads:
                await self.stream_response(send)
            else:
                await super().__call__(scope, receive, send)
        finally:
            self._closed()


async def _some(parts: AsyncIterator[Any], count: int) -> AsyncIterator[Any]:
    """Yield the first parts."""
    while count:
        try:
            yield await anext(parts)
        except StopAsyncIteration:
            return
        count -= 1


def _event(content: Mapping[str, Any], kind: str = "") -> bytes:
    """Return a server-sent event."""
    return (f"event: {kind}\n" if kind else "").encode() + b"data: %b\n\n" % json_bytes(content)
