"""The parts that all paths of a server share: bodies, errors, token, limits, counters, its end."""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from toolkit.errors import DataError, UserError, as_message, quoted
from toolkit.options import option
from toolkit.serving.batching import QueueFullError
from toolkit.serving.hosts import called, host_names, is_known
from toolkit.serving.metrics import Metrics
from toolkit.serving.models import Version
from toolkit.serving.options import ServingOptions
from toolkit.serving.registry import Model, Registry
from toolkit.serving.tensors import Arrays

logger = logging.getLogger("toolkit.serving")

#: The seconds after which a refused request may come again.
RETRY = {"Retry-After": "1"}
#: What is answered without a token: probes. So are the files of the page, which has no answers in
#: it.
PROBES = ("/v2/health/live", "/v2/health/ready")
#: The size in bytes from which JSON is converted in a thread, since it takes milliseconds.
LARGE = 1 << 16

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def json_bytes(content: Any) -> bytes:
    """Return JSON in UTF-8; what that cannot express, lone surrogates, as escapes of JSON."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def json_response(content: Any, status: int = 200, headers: Any = None) -> Response:
    """Return a response; NaN and infinities are written as TensorFlow Serving writes them."""
    return Response(json_bytes(content), status, headers, media_type="application/json")


async def apart(size: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of a function, called in a thread where there is much for it to do.

    Args:
        size: The size of what it converts, in bytes.
        function: The function.
        arguments: Its arguments.
    """
    if size <= LARGE:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)


def size_of(outputs: Arrays) -> int:
    """Return the size of outputs in bytes, about that of their JSON."""
    return sum(8 * array.size for array in outputs.values())


def request_id(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the ``id`` of a request, which is part of its answer; nothing if it has none.

    Raises:
        DataError: It is no string.
    """
    if "id" not in body:
        return {}
    if not isinstance(body["id"], str):
        raise DataError(f"the id must be a string, and is {quoted(body['id'])}")
    return {"id": body["id"]}


def error_response(status: int, message: str, headers: Any = None) -> Response:
    """Return an error in one line."""
    return json_response({"error": as_message(message)}, status, headers)


class Serving:
    """The state of a server's process.

    Args:
        registry: The models.
        options: The options.
        metrics: The counters.
    """

    def __init__(self, registry: Registry, options: ServingOptions, metrics: Metrics) -> None:
        self.registry = registry
        self.options = options
        self.metrics = metrics
        #: Whether the server stops: requests in flight are answered, and new ones refused.
        self.is_stopping = False
        self._closing: list[Callable[[], None]] = [registry.close]

    def stop(self) -> None:
        """Refuse new requests from now on."""
        self.is_stopping = True

    def model(self, name: str) -> Model:
        """Return a model.

        Raises:
            HTTPException: There is none of this name.
        """
        model = self.registry.models.get(name)
        if model is None:
            known = ", ".join(self.registry.models)
            raise HTTPException(404, f"there is no model {name}; there are: {known}")
        return model

    def version(self, name: str, number: str | None = None) -> Version:
        """Return the version of a model that answers.

        Raises:
            HTTPException: There is no such model or version.
        """
        version = self.model(name).version
        if number is not None and number != str(version.number):
            raise HTTPException(
                404, f"{name} has no version {number}; version {version.number} answers"
            )
        return version

    async def body(self, request: Request) -> Any:
        """Return the JSON object in the body of a request.

        Raises:
            HTTPException: It is too large, or takes too long.
            DataError: It is no JSON object.
        """
        most = self.options.max_bytes
        too_large = HTTPException(413, f"the body has more than {most} bytes")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.options.timeout):
                async for part in request.stream():
                    parts.append(part)
                    size += len(part)
                    if size > most:
                        raise too_large
        except TimeoutError:
            raise HTTPException(408, "the body of the request did not come in time") from None
        request.state.size = size
        return await apart(size, _read, b"".join(parts))

    async def ask(
        self, version: Version, signature: Any, inputs: Arrays, always: bool = False
    ) -> Arrays:
        """Return the outputs of a signature within the time that there is; see ``Batcher.ask``.

        Raises:
            HTTPException: There was not enough time.
        """
        try:
            async with asyncio.timeout(self.options.timeout):
                return await version.ask(signature, inputs, always)
        except TimeoutError:
            raise self.too_late() from None

    def too_late(self) -> HTTPException:
        """Return the error for an answer that has not come in time."""
        return HTTPException(504, f"there was no answer within {self.options.timeout:g} seconds")

    def at_end(self, close: Callable[[], None]) -> None:
        """Have a function called when the server has ended."""
        self._closing.append(close)

    def close(self) -> None:
        """Let all threads end when their calls have."""
        for close in self._closing:
            close()


def _read(content: bytes) -> Any:
    """Return the JSON object in a body."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DataError("the body must be a JSON object")
    return value


def refusal(error: Exception) -> Response:
    """Return the response to a request that an error has ended."""
    if isinstance(error, HTTPException):
        return error_response(error.status_code, str(error.detail), error.headers)
    if isinstance(error, QueueFullError):
        return error_response(429, "too many requests wait for this model", RETRY)
    if isinstance(error, UserError):
        return error_response(400, str(error))
    if isinstance(error, RecursionError):
        return error_response(400, "the body is nested too deeply")
    logger.error("a request failed: %s: %s", type(error).__name__, as_message(str(error)))
    return error_response(500, f"the model failed: {type(error).__name__}")


class Gate:
    """The layer around all paths: it checks the host and the token, counts, and answers errors.

    Args:
        app: The application within.
        serving: The state of the server.
        files: The paths that need no token, besides probes.
    """

    def __init__(self, app: Any, serving: Serving, files: Collection[str]) -> None:
        self._app = app
        self._serving = serving
        self._open = {*PROBES, *files}
        self._names = host_names(serving.options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        metrics = self._serving.metrics
        metrics.begin()

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            try:
                async with asyncio.timeout(self._serving.options.timeout):
                    await send(message)
            except TimeoutError:  # it does not read
                raise ClientDisconnect from None

        try:
            refused = self._refused(scope)
            if refused is not None:
                await refused(scope, receive, sent)
            else:
                await self._app(scope, receive, sent)
        except ClientDisconnect:
            logger.debug("a client has gone")
        except asyncio.CancelledError:  # by Uvicorn, when the time at the end is over
            if not self._serving.is_stopping:
                raise
            if status == 0:
                await self._stopping()(scope, receive, sent)
        except Exception as error:
            if status == 0:
                await refusal(error)(scope, receive, sent)
            else:
                logger.error("an answer was cut off: %s", as_message(str(error)))
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "other")
            metrics.end(path, status or 499, time.perf_counter() - began)

    @staticmethod
    def _stopping() -> Response:
        headers = {**RETRY, "Connection": "close"}
        return error_response(503, "the server is stopping", headers)

    def _refused(self, scope: Scope) -> Response | None:
        """Return the response to a request that is not let in."""
        path = scope["path"]
        if self._serving.is_stopping and path != "/v2/health/live":
            return self._stopping()
        headers = dict(scope["headers"])
        host = called(headers.get(b"host", b"").decode("latin-1"))
        if self._names is not None and b"host" in headers and not is_known(host, self._names):
            message = (
                f"the header Host names {quoted(host)}, by which this server may not be called; it "
                f"is started with {option('allowed_hosts')} to let further names in"
            )
            return error_response(421, message)
        token = self._serving.options.token
        if token is None or path in self._open:
            return None
        given = headers.get(b"authorization", b"")
        if secrets.compare_digest(given, f"Bearer {token}".encode()):
            return None
        message = "the token is wrong" if given else "a token is needed"
        return error_response(
            401, f"{message}; send Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )
