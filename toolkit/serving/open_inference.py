"""The paths of the Open Inference Protocol, version 2 (KServe), over HTTP with JSON."""

import math
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from toolkit import __version__
from toolkit.errors import DataError, quoted
from toolkit.serving.models import DEFAULT_SIGNATURE
from toolkit.serving.signature import Signature
from toolkit.serving.tensors import Arrays, decoded_base64, inputs_of, strict
from toolkit.serving.web import Serving, apart, json_response, request_id, size_of

#: The sizes of whole numbers.
BITS = (8, 16, 32, 64)
#: The names of the protocol for the types of tensors.
TYPES = {
    "bool": "BOOL",
    **{
        f"{kind}{bits}": f"{kind.upper()}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32)
    },
    "int64": "INT64",
    "uint64": "UINT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}
#: The value of an input's parameter ``content_type`` whose strings stand for bytes.
BASE64 = "base64"
#: The largest size of a tensor without values, since a model may make room for as much.
MOST_EMPTY = 1 << 16
#: The header of requests with tensors in binary form, which are not read.
BINARY = "Inference-Header-Content-Length"

_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string", "enum": [*TYPES.values()]},
        "parameters": {"type": "object"},
        "data": {"type": "array"},
    },
}
_BODY = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
    "example": {
        "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a text"]}]
    },
}
INFER: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}
}


def routes(serving: Serving) -> APIRouter:
    """Return the paths below ``/v2``."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    async def server() -> Response:
        """Return name and version of the server."""
        return json_response(
            {"name": "recurrent-toolkit", "version": __version__, "extensions": ["generate"]}
        )

    async def live() -> Response:
        """Return that the server is alive."""
        return json_response({"live": True})

    async def ready() -> Response:
        """Return that all models answer."""
        return json_response({"ready": True})

    async def model_ready(name: str, version: str | None = None) -> Response:
        """Return that a model answers."""
        serving.version(name, version)
        return json_response({"name": name, "ready": True})

    async def metadata(name: str, version: str | None = None) -> Response:
        """Return what ``serving_default`` takes and gives, all signatures, and the classes."""
        found = serving.version(name, version)
        signature = found.signature(DEFAULT_SIGNATURE)
        return json_response(
            {
                "name": name,
                "versions": [str(found.number)],
                "platform": "tensorflow_savedmodel",
                "inputs": [*map(_described, signature.specs.values())],
                "outputs": [*map(_described, signature.outputs.values())],
                "parameters": {"signatures": [*found.signatures], "classes": found.classes},
            }
        )

    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        """Answer tensors; the parameter ``signature_name`` names another signature."""
        found = serving.version(name, version)
        if BINARY in request.headers:
            raise DataError("tensors in binary form are not read; send them as JSON")
        body = await serving.body(request)
        signature = found.signature(
            _parameters(body, "the request").get("signature_name", DEFAULT_SIGNATURE)
        )
        head = {"model_name": name, "model_version": str(found.number), **request_id(body)}
        inputs = await apart(request.state.size, _inputs, body, signature)
        names = _wanted(body, signature)
        outputs = await serving.ask(found, signature, inputs)
        wanted = {name: outputs[name] for name in names}
        return await apart(size_of(wanted), _answer, head, wanted, signature)

    router.add_api_route("", server)
    router.add_api_route("/health/live", live)
    router.add_api_route("/health/ready", ready)
    for path in ("/models/{name}/versions/{version}", "/models/{name}"):
        router.add_api_route(path + "/infer", infer, methods=["POST"], openapi_extra=INFER)
        router.add_api_route(path + "/ready", model_ready)
        router.add_api_route(path, metadata)
    return router


def _described(spec: Any) -> dict[str, Any]:
    """Return name, type and shape of an input or output; -1 is any size."""
    shape = [-1 if size is None else size for size in spec.shape]
    return {"name": spec.name, "datatype": TYPES.get(spec.dtype.name, "BYTES"), "shape": shape}


def _parameters(owner: dict[str, Any], what: str) -> dict[str, Any]:
    """Return the parameters of a request or an input."""
    parameters = owner.get("parameters", {})
    if not isinstance(parameters, dict):
        raise DataError(f"parameters of {what} must be an object")
    return parameters


def _inputs(body: dict[str, Any], signature: Signature) -> Arrays:
    """Return an array for each input of a request.

    Raises:
        DataError: A tensor is not what the protocol or the signature says.
    """
    tensors = body.get("inputs")
    if not isinstance(tensors, list) or not all(isinstance(each, dict) for each in tensors):
        raise DataError("inputs must be a list of objects with name, shape, datatype and data")
    values: dict[str, Any] = {}
    for tensor in tensors:
        name = tensor.get("name")
        if not isinstance(name, str) or name in values:
            raise DataError(f"each input needs a name of its own, and one has {quoted(name)}")
        spec = signature.specs.get(name)
        if spec is None:
            raise DataError(
                f"there is no input {quoted(name)}; there are: {', '.join(signature.specs)}"
            )
        values[name] = _value(name, tensor, TYPES.get(spec.dtype.name))
    return inputs_of(values, signature.specs, {})


def _value(name: str, tensor: dict[str, Any], datatype: str | None) -> Any:
    """Return the data of a tensor, nested as its shape says."""
    if tensor.get("datatype") != datatype:
        raise DataError(
            f"the datatype of {name} is {quoted(tensor.get('datatype'))}; it must be {datatype}"
        )
    shape = tensor.get("shape")
    sizes: list[Any] = shape if isinstance(shape, list) else [None]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in sizes):
        raise DataError(f"the shape of {name} must be a list of whole numbers")
    flat = _flattened(tensor.get("data"), [])
    if len(flat) != math.prod(sizes):
        raise DataError(
            f"{name} has {len(flat)} values, and its shape {sizes} says {math.prod(sizes)}"
        )
    if _parameters(tensor, name).get("content_type") == BASE64:
        flat = [decoded_base64(each) for each in flat]
    if not flat and any(size > MOST_EMPTY for size in sizes):
        raise DataError(f"the shape of {name} has a size above {MOST_EMPTY} and no values")
    array = np.empty(len(flat), object)
    array[:] = flat
    try:
        return array.reshape(sizes)
    except ValueError as error:
        raise DataError(f"the shape of {name} has too many sizes") from error


def _flattened(data: Any, found: list[Any]) -> list[Any]:
    """Add the values of a list nested to any depth to others, in order."""
    if not isinstance(data, list):
        raise DataError("data must be a list of values")
    for each in data:
        if isinstance(each, list):
            _flattened(each, found)
        else:
            found.append(each)
    return found


def _wanted(body: dict[str, Any], signature: Signature) -> list[str]:
    """Return the names of the outputs that a request asks for."""
    outputs = body.get("outputs")
    if outputs is None:
        return [*signature.outputs]
    if not isinstance(outputs, list):
        raise DataError("outputs must be a list of objects with a name")
    names: list[Any] = [each.get("name") if isinstance(each, dict) else each for each in outputs]
    for name in names:
        if not isinstance(name, str) or name not in signature.outputs:
            raise DataError(
                f"there is no output {quoted(name)}; there are: {', '.join(signature.outputs)}"
            )
    return names


def _answer(head: dict[str, Any], outputs: Arrays, signature: Signature) -> Response:
    """Return the response to a request."""
    found = [
        {
            "name": output,
            "shape": [*array.shape],
            "datatype": TYPES.get(signature.outputs[output].dtype.name, "BYTES"),
            "data": _plain_flat(output, array),
        }
        for output, array in outputs.items()
    ]
    return json_response({**head, "outputs": found})


def _plain_flat(name: str, array: Any) -> list[Any]:
    """Return the values of an output in one list; bytes as base64 strings."""
    return [each["b64"] if isinstance(each, dict) else each for each in strict(name, array.ravel())]
