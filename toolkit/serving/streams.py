"""Answers in parts, as server-sent events: texts token by token, series frame by frame.

The paths of texts are those of the extension "generate" of the Open Inference Protocol.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from toolkit.errors import DataError
from toolkit.export import array_of
from toolkit.export.generation import stream_text
from toolkit.export.options import GenerationOptions
from toolkit.serving.events import OpenEvents
from toolkit.serving.models import Version
from toolkit.serving.tensors import Arrays, plain, strict
from toolkit.serving.web import Serving, json_response, request_id

#: The largest number of streams whose next token is chosen at the same time.
THREADS = 64
#: The type of a body with a frame a line, which are answered as they arrive.
LINES = "application/x-ndjson"

_GENERATE = {
    "type": "object",
    "required": ["text_input"],
    "properties": {
        "id": {"type": "string"},
        "text_input": {"type": "string"},
        "parameters": {
            "type": "object",
            "properties": {field.name: {} for field in fields(GenerationOptions)},
        },
    },
    "example": {"text_input": "Once upon", "parameters": {"max_length": 40, "temperature": 0.8}},
}
_FRAMES = {
    "type": "object",
    "required": ["frames"],
    "properties": {"frames": {"type": "array"}},
}


def _described(schema: Any) -> dict[str, Any]:
    """Return a body for the description of the interface."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


class Streams:
    """The streams of a server.

    Args:
        serving: The state of the server.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._events = OpenEvents(serving.options)
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="stream")
        serving.at_end(lambda: self._executor.shutdown(wait=False, cancel_futures=True))

    async def generate(self, request: Request, name: str, version: str | None = None) -> Response:
        """Return the text that a language model writes after a prompt."""
        found = self._serving.version(name, version)
        body, prompt, options = await self._asked(request, found)
        signature = found.signature("generate")
        values: dict[str, Any] = {
            field.name: getattr(options, field.name) for field in fields(GenerationOptions)
        }
        values["seed"] = [options.seed, 0]
        given = {"prompt": [prompt], "condition": [options.condition]}
        inputs = {
            name: array_of((values | given)[name], spec) for name, spec in signature.specs.items()
        }
        head = _head(name, found, body)
        outputs = await self._serving.ask(found, signature, inputs)
        text = plain("text", outputs["text"])[0]
        return json_response({**head, "text_output": text[len(prompt) :]})

    async def generate_stream(
        self, request: Request, name: str, version: str | None = None
    ) -> Response:
        """Return the text that a language model writes after a prompt, an event a part."""
        found = self._serving.version(name, version)
        body, prompt, options = await self._asked(request, found)
        words = found.description.get("options", {}).get("token_level") == "words"
        head = _head(name, found, body)
        parts = self._next_parts(stream_text(self._ask(found), prompt, options, words))
        texts = ({**head, "text_output": part} async for part in parts)
        return await self._events.response(name, texts, skip=1)

    async def step_stream(
        self, request: Request, name: str, version: str | None = None
    ) -> Response:
        """Return what a model in one direction answers after each frame, an event a frame.

        The body has all ``frames``, or is ``application/x-ndjson`` with a frame a line; then each
        is answered when it has come.
        """
        found = self._serving.version(name, version)
        main = _frame_input(found)
        by_lines = request.headers.get("content-type", "").startswith(LINES)
        if by_lines:
            options = self._serving.options
            frames = _lines(request, options.max_bytes, options.timeout)
        else:
            body = await self._serving.body(request)
            if body.keys() != {"frames"} or not isinstance(body["frames"], list):
                raise DataError("the body must have frames, a list")
            frames = _each(body["frames"])
        head = {"model_name": name, "model_version": str(found.number)}
        answers = self._answered(found, main, frames)
        parts = ({**head, "outputs": each} async for each in answers)
        return await self._events.response(name, parts, reads=by_lines)

    async def _asked(
        self, request: Request, version: Version
    ) -> tuple[dict[str, Any], str, GenerationOptions]:
        """Return the body of a request for a text, its prompt, and its options.

        Raises:
            DataError: They cannot be used, or the model writes no texts.
        """
        body = await self._serving.body(request)
        if not writes_texts(version):
            raise DataError("this model writes no texts")
        specs = version.signatures["generate"].specs
        prompt, parameters = body.get("text_input"), body.get("parameters", {})
        if not isinstance(prompt, str):
            raise DataError("text_input must be a string, the beginning of the text")
        known = [field.name for field in fields(GenerationOptions)]
        if not isinstance(parameters, dict) or (unknown := parameters.keys() - {*known}):
            what = f"has unknown {', '.join(sorted(unknown))}" if parameters else "is none"
            raise DataError(f"parameters {what}; it is an object that can have {', '.join(known)}")
        options = GenerationOptions(**parameters)
        if (options.condition is not None) != ("condition" in specs):
            has = "needs a condition" if "condition" in specs else "has learnt no conditions"
            raise DataError(f"this model {has}")
        most = version.description.get("options", {}).get("max_generated_length")
        if most is not None and options.max_length > most:
            raise DataError(f"max_length must be at most {most}, and is {options.max_length}")
        return body, prompt.encode("utf-8", "replace").decode(), options

    def _ask(self, version: Version) -> Any:
        """Return a function that asks a signature from another thread and waits."""
        loop = asyncio.get_running_loop()

        def ask(name: str, **inputs: Any) -> dict[str, Any]:
            signature = version.signatures[name]
            arrays = {name: array_of(inputs[name], spec) for name, spec in signature.specs.items()}
            asked = asyncio.run_coroutine_threadsafe(
                version.ask(signature, arrays, always=True), loop
            )
            try:
                outputs = asked.result(self._serving.options.timeout)
            except TimeoutError:
                asked.cancel()
                raise self._serving.too_late() from None
            return {
                name: np.array(plain(name, array), object) if array.dtype == object else array
                for name, array in outputs.items()
            }

        return ask

    async def _next_parts(self, parts: Iterator[str]) -> AsyncIterator[str]:
        """Yield the parts of a text, each found in a thread."""
        loop = asyncio.get_running_loop()
        while (part := await loop.run_in_executor(self._executor, next, parts, None)) is not None:
            yield part

    async def _answered(
        self, version: Version, main: str, frames: AsyncIterator[Any]
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the answers of ``step`` to frames; what it hands on begins with zeros."""
        signature = version.signatures["step"]
        carried: Arrays = {
            name: np.zeros([1, *(size or 0 for size in spec.shape[1:])], spec.dtype.as_numpy_dtype)
            for name, spec in signature.specs.items()
            if name != main
        }
        async for frame in frames:
            inputs = {**carried, main: array_of([frame], signature.specs[main])}
            outputs = await self._serving.ask(version, signature, inputs, always=True)
            carried = {name: outputs.pop(name) for name in carried}
            yield {name: strict(name, array)[0] for name, array in outputs.items()}


def routes(serving: Serving) -> APIRouter:
    """Return the paths of answers in parts."""
    router = APIRouter(prefix="/v2", tags=["answers in parts"])
    streams = Streams(serving)
    for path in ("/models/{name}/versions/{version}", "/models/{name}"):
        for word, answer, schema in (
            ("generate", streams.generate, _GENERATE),
            ("generate_stream", streams.generate_stream, _GENERATE),
            ("step_stream", streams.step_stream, _FRAMES),
        ):
            router.add_api_route(
                f"{path}/{word}", answer, methods=["POST"], openapi_extra=_described(schema)
            )
    return router


def _head(name: str, version: Version, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each part of an answer begins with."""
    return {"model_name": name, "model_version": str(version.number), **request_id(body)}


def writes_texts(version: Version) -> bool:
    """Return whether a model is a language model, which writes texts token by token."""
    needed = {"generate", "prefill", "step", "detokenize"}
    return needed <= version.signatures.keys() and (
        "prompt" in version.signatures["generate"].specs
    )


def _frame_input(version: Version) -> str:
    """Return the input of ``step`` that is a frame.

    Raises:
        DataError: The model does not read frame by frame.
    """
    step = version.signatures.get("step")
    new = [] if step is None else [name for name in step.specs if name not in step.outputs]
    if len(new) != 1 or "prefill" in version.signatures:
        raise DataError("this model does not answer frame by frame")
    return new[0]


async def _each(frames: list[Any]) -> AsyncIterator[Any]:
    for frame in frames:
        yield frame


async def _lines(request: Request, most: int, seconds: float) -> AsyncIterator[Any]:
    """Yield the frames of a body with one a line, when they have come.

    Args:
        request: The request.
        most: The largest number of bytes of a line.
        seconds: The longest time between two parts of the body.

    Raises:
        DataError: A line is no JSON.
        HTTPException: A line is too long, or does not come in time.
    """
    rest = b""
    async for part in _in_time(request.stream(), seconds):
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > most:
            raise HTTPException(413, f"a line has more than {most} bytes")
        for line in lines:
            if line.strip():
                yield _frame(line)
    if rest.strip():
        yield _frame(rest)


async def _in_time(parts: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """Yield the parts of a body, which has to come on."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(408, f"no frame has come for {seconds:g} seconds") from None
        yield part


def _frame(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"a line is not JSON: {error}") from None
