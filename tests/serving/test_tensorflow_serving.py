"""TensorFlow Serving's REST interface, held to the shapes of its documentation."""

import base64
import re
from typing import Any

import numpy as np
import pytest
from small_server import Server

from toolkit.errors import DataError
from toolkit.serving.tensors import rows_of

WORDS = "/v1/models/words"
PREDICT = f"{WORDS}:predict"
SERIES = "/v1/models/series:predict"


def test_rows_and_columns_are_answered_in_their_format(server: Server) -> None:
    by_row = {"word": ["a", "bc"], "size": [1, 2], "count": 2.0}
    other = {"word": ["def", ""], "size": [3, -1], "count": 1.0}
    rows = {"predictions": [by_row, other]}
    columns = {"outputs": {name: [by_row[name], other[name]] for name in by_row}}
    assert server.post(PREDICT, {"instances": ["a bc", "def"]}) == rows
    assert server.post(PREDICT, {"instances": [{"text": "a bc"}, {"text": "def"}]}) == rows
    assert server.post(PREDICT, {"inputs": ["a bc", "def"]}) == columns
    assert server.post(PREDICT, {"inputs": {"text": ["a bc", "def"]}}) == columns
    assert server.post(f"{WORDS}/versions/1:predict", {"instances": ["a bc", "def"]}) == rows
    assert server.post(PREDICT, {"inputs": []})["outputs"]["count"] == []


def test_the_name_of_a_single_output_is_left_out(server: Server) -> None:
    body = {"signature_name": "shout", "instances": ["a", "ö"]}
    assert server.post(PREDICT, body) == {"predictions": ["A", "ö"]}
    assert server.post(PREDICT, {"signature_name": "shout", "inputs": ["a"]}) == {"outputs": ["A"]}


def test_bytes_come_and_go_as_base64(server: Server) -> None:
    wrapped = {"b64": base64.b64encode(b"\xff\0").decode()}
    inputs = {"text": [wrapped], "count": 2}
    outputs = server.post(PREDICT, {"signature_name": "times", "inputs": inputs})["outputs"]
    assert outputs == {"copies_bytes": [[wrapped, wrapped]], "of": ["a", "b"]}
    body = {"instances": [{"b64": base64.b64encode("é e".encode()).decode()}]}
    assert server.post(PREDICT, body)["predictions"][0]["word"] == ["é", "e"]


def test_rows_of_unequal_lengths_are_padded_as_the_golden_file_says(server: Server) -> None:
    rows: Any = [{"series": [[1, 2], [3, 4]], "length": 2}, {"series": [[5, 6]], "length": 1}]
    assert server.post(SERIES, {"instances": rows}) == {"predictions": [[4.0, 6.0], [5.0, 6.0]]}


def test_an_output_without_rows_has_no_place_among_predictions() -> None:
    assert rows_of({"a": np.array([1, 2])}, 2) == [1, 2]
    for other in (np.array([1, 2, 3]), np.array(1)):
        with pytest.raises(DataError, match="the output b has no rows; use inputs"):
            rows_of({"a": np.array([1, 2]), "b": other}, 2)


def test_the_status_and_the_metadata_of_a_model(server: Server) -> None:
    status = {"error_code": "OK", "error_message": ""}
    states = {"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": status}]}
    assert server.get(WORDS) == server.get(f"{WORDS}/versions/1") == states
    found = server.get(f"{WORDS}/metadata")
    assert found["model_spec"] == {"name": "words", "signature_name": "", "version": "1"}
    definition = found["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert definition["method_name"] == "tensorflow/serving/predict"
    text, word = definition["inputs"]["text"], definition["outputs"]["word"]
    any_size = {"size": "-1", "name": ""}
    assert (text["dtype"], text["tensor_shape"]) == (
        "DT_STRING",
        {"dim": [any_size], "unknown_rank": False},
    )
    assert word["tensor_shape"]["dim"] == [any_size, any_size]
    assert server.get("/v1/models") == {"models": ["words", "series"]}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (PREDICT, b"{", 400, "the body is not JSON"),
        pytest.param(PREDICT, b"[" * 50_000, 400, "the body is not JSON", id="nested"),
        (PREDICT, b"\xff\xfe\xfd", 400, "the body is not JSON"),
        (PREDICT, b"[]", 400, "the body must be a JSON object"),
        (PREDICT, {}, 400, "either instances or inputs"),
        (PREDICT, {"instances": ["a"], "inputs": ["a"]}, 400, "either instances or inputs"),
        (PREDICT, {"instances": ["a"], "path": "/"}, 400, "unknown fields: path"),
        (PREDICT, {"instances": []}, 400, "at least one row"),
        (PREDICT, {"instances": "a"}, 400, "must be a list"),
        (PREDICT, {"instances": [1]}, 400, r"text must be string \[B\]: 1 is not a string"),
        (PREDICT, {"instances": [["a"]]}, 400, r"text must be string \[B\], and has shape"),
        (PREDICT, {"instances": [{"texts": "a"}]}, 400, "row 0 of instances has texts"),
        (PREDICT, {"instances": [{"b64": "?"}]}, 400, "'\\?' is not base64"),
        (PREDICT, {"inputs": {"texts": ["a"]}}, 400, "the signature takes text, not texts"),
        (PREDICT, {"signature_name": "none", "inputs": ["a"]}, 400, "no signature none"),
        (PREDICT, {"signature_name": [], "inputs": ["a"]}, 400, "no signature"),
        (PREDICT, {"signature_name": "times", "instances": ["a"]}, 400, "count has no rows"),
        (PREDICT, {"signature_name": "times", "inputs": ["a"]}, 400, "an object with count, text"),
        (
            PREDICT,
            {"signature_name": "times", "inputs": {"text": ["a"], "count": 2**40}},
            400,
            "out of its range",
        ),
        (PREDICT, {"signature_name": "refuse", "instances": ["bad"]}, 400, "no bad texts, 1"),
        (SERIES, {"inputs": {"series": [[[1, 2]]], "length": [1, 1]}}, 400, "as many rows"),
        (SERIES, {"instances": [{"series": [[1, 2], 3], "length": 1}]}, 400, "series must be"),
        (SERIES, {"instances": [[[1, 2]]]}, 400, "must be an object with length, series"),
        ("/v1/models/other:predict", {"instances": ["a"]}, 404, "no model other; there are: words"),
        ("/v1/models/..%2Fwords:predict", {"instances": ["a"]}, 404, "there is no"),
        (f"{WORDS}/versions/2:predict", {"instances": ["a"]}, 404, "has no version 2; version 1"),
        (f"{WORDS}:classify", {}, 405, "does not answer POST"),
        ("/v3", {}, 404, "there is nothing at /v3"),
    ],
)
def test_bad_requests_get_one_line(
    server: Server, path: str, body: Any, status: int, message: str
) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    response = server.ask("POST", path, **content)
    assert response.status_code == status, response.text
    error = response.json()
    assert error.keys() == {"error"}
    assert "\n" not in error["error"]
    assert "Traceback" not in error["error"]
    assert re.search(message, error["error"])
