"""The Open Inference Protocol, version 2, held to the shapes of its specification."""

import base64
import re
from typing import Any

import pytest
from small_server import Server

from toolkit import __version__

INFER = "/v2/models/words/infer"


def tensor(name: str, shape: list[int], datatype: str, data: Any, **more: Any) -> dict[str, Any]:
    """An input of a request."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **more}


def test_tensors_are_answered_flat_with_shape_and_type(server: Server) -> None:
    text = tensor("text", [2], "BYTES", ["a bc", "def"])
    found = server.post(INFER, {"id": "42", "inputs": [text]})
    outputs = {each["name"]: each for each in found.pop("outputs")}
    assert found == {"model_name": "words", "model_version": "1", "id": "42"}
    assert outputs == {
        "word": tensor("word", [2, 2], "BYTES", ["a", "bc", "def", ""]),
        "size": tensor("size", [2, 2], "INT32", [1, 2, 3, -1]),
        "count": tensor("count", [2], "FP32", [2.0, 1.0]),
    }
    body = {"inputs": [text], "outputs": [{"name": "count"}]}
    some = server.post("/v2/models/words/versions/1/infer", body)
    assert some["outputs"] == [outputs["count"]]
    assert "id" not in some


def test_data_may_be_nested_or_flat(server: Server) -> None:
    length = tensor("length", [1], "INT32", [2])
    for data in ([1, 2, 3, 4], [[1, 2], [3, 4]], [[[1.0, 2], [3, 4]]]):
        series = tensor("series", [1, 2, 2], "FP32", data)
        found = server.post("/v2/models/series/infer", {"inputs": [series, length]})
        assert found["outputs"] == [tensor("sums", [1, 2], "FP32", [4.0, 6.0])]


def test_a_parameter_names_the_signature_and_bytes_are_base64(server: Server) -> None:
    coded = base64.b64encode(b"\xff").decode()
    parameters = {"parameters": {"content_type": "base64"}}
    inputs = [
        tensor("text", [1], "BYTES", [coded], **parameters),
        tensor("count", [], "INT32", [2]),
    ]
    body = {"parameters": {"signature_name": "times"}, "inputs": inputs}
    copies, of = server.post(INFER, body)["outputs"]
    assert copies == tensor("copies_bytes", [1, 2], "BYTES", [coded, coded])
    assert of["data"] == ["a", "b"]


def test_server_and_models_describe_themselves(server: Server) -> None:
    about = {"name": "recurrent-toolkit", "version": __version__, "extensions": ["generate"]}
    assert server.get("/v2") == about
    assert server.get("/v2/health/live") == {"live": True}
    assert server.get("/v2/health/ready") == {"ready": True}
    assert server.get("/v2/models/words/ready") == {"name": "words", "ready": True}
    found = server.get("/v2/models/words")
    assert found == server.get("/v2/models/words/versions/1")
    assert found["versions"] == ["1"]
    assert found["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert {"name": "size", "datatype": "INT32", "shape": [-1, -1]} in found["outputs"]
    assert set(found["parameters"]["signatures"]) == {
        *("serving_default", "shout", "times", "refuse", "turn")
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "inputs must be a list"),
        ({"inputs": ["a"]}, "inputs must be a list of objects"),
        ({"inputs": [tensor("text", [2], "BYTES", ["a"])]}, "has 1 values, and its shape"),
        ({"inputs": [tensor("text", [1], "FP32", ["a"])]}, "'FP32'; it must be BYTES"),
        ({"inputs": [tensor("text", [-1], "BYTES", ["a"])]}, "list of whole numbers"),
        ({"inputs": [tensor("text", [1], "BYTES", "a")]}, "data must be a list"),
        ({"inputs": [tensor("text", [1], "BYTES", [1])]}, "1 is not a string"),
        ({"inputs": [tensor("text", [1, 1], "BYTES", ["a"])]}, "and has shape"),
        ({"inputs": [tensor("text", [1] * 99, "BYTES", ["a"])]}, "too many sizes"),
        ({"inputs": [tensor("word", [1], "BYTES", ["a"])]}, "no input 'word'; there are: text"),
        ({"inputs": [tensor("text", [1], "BYTES", ["a"])] * 2}, "a name of its own"),
        ({"inputs": []}, "takes text, not nothing"),
        (
            {"inputs": [tensor("text", [1], "BYTES", ["a"])], "outputs": [{"name": "x"}]},
            "no output 'x'",
        ),
        (
            {"inputs": [tensor("text", [1], "BYTES", ["a"])], "outputs": {"name": "count"}},
            "outputs must be a list",
        ),
        (
            {"inputs": [tensor("text", [1], "BYTES", ["a"])], "outputs": [{"name": ["a"]}]},
            "no output",
        ),
        ({"parameters": 1}, "parameters of the request must be an object"),
        ({"parameters": {"signature_name": "x"}}, "no signature x"),
    ],
)
def test_bad_tensors_get_one_line(server: Server, body: Any, message: str) -> None:
    response = server.ask("POST", INFER, json=body)
    assert response.status_code == 400, response.text
    (name, error) = response.json().popitem()
    assert name == "error"
    assert re.search(message, error)


def test_binary_tensors_are_refused(server: Server) -> None:
    headers = {"Inference-Header-Content-Length": "10"}
    response = server.ask("POST", INFER, content=b"{}", headers=headers)
    assert (response.status_code, "send them as JSON" in response.text) == (400, True)
