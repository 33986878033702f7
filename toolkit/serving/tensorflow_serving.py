"""The paths of TensorFlow Serving's REST interface.

They are those of its page "RESTful API": predict in row and column format, the status of a model,
and its metadata.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from toolkit.errors import DataError
from toolkit.serving.models import DEFAULT_SIGNATURE
from toolkit.serving.registry import Model
from toolkit.serving.signature import Signature
from toolkit.serving.tensors import Arrays, columns_of, inputs_of, is_base64, plain, rows_of
from toolkit.serving.web import Serving, apart, json_response, size_of

_BODY = {
    "type": "object",
    "properties": {
        "signature_name": {"type": "string", "default": DEFAULT_SIGNATURE},
        "instances": {"type": "array", "description": "a value or an object of inputs a row"},
        "inputs": {"description": "all rows of the input, or an object with those of each input"},
    },
    "example": {"instances": ["a text", "another text"]},
}
PREDICT: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}
}
_FIELDS = {"signature_name", "instances", "inputs"}


def routes(serving: Serving) -> APIRouter:
    """Return the paths below ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["TensorFlow Serving"])

    async def predict(request: Request, name: str, version: str | None = None) -> Response:
        """Answer rows (``instances``) or columns (``inputs``)."""
        found = serving.version(name, version)
        body = await serving.body(request)
        by_rows = "instances" in body
        if by_rows == ("inputs" in body):
            raise DataError("the body must have either instances or inputs")
        if unknown := body.keys() - _FIELDS:
            raise DataError(f"the body has unknown fields: {', '.join(sorted(unknown))}")
        signature = found.signature(body.get("signature_name", DEFAULT_SIGNATURE))
        inputs = await apart(request.state.size, _inputs, body, signature)
        outputs = await serving.ask(found, signature, inputs)
        rows = len(body["instances"]) if by_rows else None
        return await apart(size_of(outputs), _answer, outputs, rows)

    async def metadata(name: str, version: str | None = None) -> Response:
        """Return the signatures of a model."""
        found = serving.version(name, version)
        model = {"name": name, "signature_name": "", "version": str(found.number)}
        definition = {"signature_def": {"signature_def": found.signature_def}}
        return json_response({"model_spec": model, "metadata": definition})

    async def status(name: str, version: str | None = None) -> Response:
        """Return the versions of a model and their states."""
        if version is not None:
            serving.version(name, version)
        return json_response({"model_version_status": _states(serving.model(name), version)})

    async def models() -> Response:
        """Return the names of all models, as version 1 of KServe's protocol does."""
        return json_response({"models": list(serving.registry.models)})

    router.add_api_route("/models", models)
    for path in ("/models/{name}/versions/{version}", "/models/{name}"):
        router.add_api_route(path + ":predict", predict, methods=["POST"], openapi_extra=PREDICT)
        router.add_api_route(path + "/metadata", metadata)
        router.add_api_route(path, status)
    return router


def _inputs(body: dict[str, Any], signature: Signature) -> Arrays:
    """Return an array for each input from ``instances`` or ``inputs``."""
    if "instances" in body:
        values = columns_of(body["instances"], signature.specs)
    else:
        values = body["inputs"]
        if not isinstance(values, dict) or is_base64(values):
            if len(signature.specs) != 1:
                raise DataError(f"inputs must be an object with {', '.join(signature.specs)}")
            values = {next(iter(signature.specs)): values}
    return inputs_of(values, signature.specs, signature.input_padding)


def _answer(outputs: Arrays, rows: int | None) -> Response:
    """Return ``predictions`` of a number of rows, or ``outputs``."""
    if rows is not None:
        return json_response({"predictions": rows_of(outputs, rows)})
    columns = {name: plain(name, array) for name, array in outputs.items()}
    return json_response(
        {"outputs": next(iter(columns.values())) if len(columns) == 1 else columns}
    )


def _states(model: Model, version: str | None) -> list[dict[str, Any]]:
    """Return the states of a model's versions, the newest first."""
    states = [_state(model.version.number, "AVAILABLE")]
    loading, failed = model.loading, model.failed
    if version is None and loading is not None:
        states.insert(0, _state(loading, "LOADING"))
    elif version is None and failed is not None:
        states.insert(0, _state(failed[0], "END", "UNKNOWN", failed[1]))
    return states


def _state(number: int, state: str, code: str = "OK", message: str = "") -> dict[str, Any]:
    status = {"error_code": code, "error_message": message}
    return {"version": str(number), "state": state, "status": status}
