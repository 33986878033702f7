"""Requests that would take memory, places or the answers of others."""

import asyncio
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from small_server import Server, held, served

from toolkit.export import array_of
from toolkit.serving.batching import BATCH_BYTES, MOST_ALONE, MOST_ROWS
from toolkit.serving.tensors import slices

PREDICT = "/v1/models/words:predict"
SERIES = "/v1/models/series:predict"
STREAM = "/v2/models/sums/step_stream"
SHOUT = {"signature_name": "shout", "instances": ["a"]}


def test_a_long_string_among_numbers_takes_no_room(server: Server) -> None:
    spec = server.serving.registry.models["series"].version.signatures["serving_default"].specs
    series = [[["a" * 100_000, 0.0], *[[0.0, 0.0]] * 499]]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="str cannot be converted"):
            array_of(series, spec["series"])
        body = {"instances": [{"series": series[0], "length": 1}]}
        assert server.ask("POST", SERIES, json=body).status_code == 400
        data = ["a" * 100_000] + [0.0] * 999
        tensor: Any = {"name": "series", "shape": [1, 500, 2], "datatype": "FP32", "data": data}
        body = {"inputs": [tensor]}
        response = server.ask("POST", "/v2/models/series/infer", json=body)
        assert response.status_code == 400
        assert tracemalloc.get_traced_memory()[1] < 200 << 20  # 400 MB, were each as long
    finally:
        tracemalloc.stop()


def test_rows_are_not_padded_to_many_times_what_they_are(server: Server) -> None:
    short = {"series": [[1.0, 2.0]], "length": 1}
    long = {"series": [[1.0, 2.0]] * 3000, "length": 3000}
    response = server.ask("POST", SERIES, json={"instances": [short] * 3000 + [long]})
    assert response.status_code == 400
    assert "differ too much in length" in response.json()["error"]
    found = server.post(SERIES, {"instances": [short] * 9 + [long]})["predictions"]
    assert found == [[1.0, 2.0]] * 9 + [[3000.0, 6000.0]]


def test_a_shape_without_values_is_small(server: Server) -> None:
    inputs = [
        {"name": "series", "shape": [0, 1 << 40, 2], "datatype": "FP32", "data": []},
        {"name": "length", "shape": [0], "datatype": "INT32", "data": []},
    ]
    response = server.ask("POST", "/v2/models/series/infer", json={"inputs": inputs})
    assert (response.status_code, "and no values" in response.text) == (400, True)


def test_rows_are_cut_where_a_call_would_be_too_large() -> None:
    assert slices([1] * 5, 2, 100) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert slices([1, 9, 1, 1, 50, 1], 9, 10) == [
        *(slice(0, 1), slice(1, 2), slice(2, 4), slice(4, 5), slice(5, 6))
    ]
    assert slices([3], 1, 1) == [slice(0, 1)]


def test_many_rows_of_a_request_are_asked_in_several_calls(runs: Path) -> None:
    server = served(runs / "words")
    batcher = server.version.batchers["serving_default"]
    answer, sizes = batcher._answer, []

    def counted(questions: Any) -> Any:
        sizes.append([question.rows for question in questions])
        return answer(questions)

    batcher._answer = counted
    texts = ["a b", "c"] * MOST_ROWS + ["x" * BATCH_BYTES, ""]
    found = server.post(PREDICT, {"inputs": texts})["outputs"]
    assert sizes == [[MOST_ROWS], [MOST_ROWS], [1], [1]]
    assert found["count"] == [float(len(text.split())) for text in texts]
    assert found["size"][:2] == [[1, 1], [1, -1]]
    assert found["size"][-2:] == [[BATCH_BYTES, -1], [-1, -1]]
    texts = ["a"] * 9000 + ["a " * 1000]
    response = server.ask("POST", PREDICT, json={"instances": texts})
    assert (response.status_code, "differ too much" in response.text) == (400, True)
    inputs = {"text": ["a"] * (MOST_ALONE + 1), "count": 1}
    response = server.ask("POST", PREDICT, json={"signature_name": "times", "inputs": inputs})
    assert (response.status_code, "too many" in response.text) == (400, True)


@pytest.mark.parametrize("wrong", [RuntimeError("no room"), "other rows"])
def test_any_failure_is_that_of_its_question_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    signature = server.version.signatures["shout"]
    outputs = signature._outputs

    def failing(inputs: Any) -> Any:
        if b"bad" in inputs["text"] and not isinstance(wrong, str):
            raise wrong
        found = outputs(inputs)
        return {
            name: array[:1] if isinstance(wrong, str) else array for name, array in found.items()
        }

    monkeypatch.setattr(signature, "_outputs", failing)
    texts = [b"a", b"bad", b"b"]
    questions = [signature.question({"text": np.array([text], object)}) for text in texts]
    first, second, third = signature.answer(questions)
    assert [first["loud"][0], third["loud"][0]] == [b"A", b"B"]
    assert second is wrong or second["loud"][0] == b"BAD"


def test_long_calls_leave_threads_for_others(runs: Path) -> None:
    server = served(runs / "words")
    calls = os.cpu_count() or 1
    body = {"signature_name": "times", "inputs": {"text": ["a"], "count": 1}}

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(server.version, "times", calls) as times:
            tasks = [asyncio.create_task(client.post(PREDICT, json=body)) for _ in range(calls)]
            for _ in tasks:
                await times.wait()
            assert (await client.post(PREDICT, json=SHOUT)).status_code == 200
            times.go.set()
            assert {(await task).status_code for task in tasks} == {200}

    server.play(scenario)


def test_what_utf_8_cannot_express_is_answered(server: Server) -> None:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}
    for name in ("\ud800", "é"):
        body = json.dumps({"id": name, "inputs": [tensor]}).encode()
        response = server.ask("POST", "/v2/models/words/infer", content=body)
        assert (response.status_code, response.json()["id"]) == (200, name)
    response = server.ask("POST", PREDICT, content=b'{"\\ud800": 1, "instances": ["a"]}')
    assert (response.status_code, "unknown fields" in response.text) == (400, True)
    response = server.ask("POST", "/v2/models/words/infer", json={"id": 1, "inputs": [tensor]})
    assert (response.status_code, "id must be a string" in response.text) == (400, True)


def test_missing_numbers_are_null_where_json_is_strict(server: Server) -> None:
    series = {"name": "series", "shape": [1, 1, 2], "datatype": "FP32", "data": [None, 1.5]}
    length = {"name": "length", "shape": [1], "datatype": "INT32", "data": [1]}
    found = server.post("/v2/models/series/infer", {"inputs": [series, length]})
    assert found["outputs"][0]["data"] == [None, 1.5]
    body = {"instances": [{"series": [[None, 1.5]], "length": 1}]}
    assert server.ask("POST", SERIES, json=body).text == '{"predictions":[[NaN,1.5]]}'


def test_a_request_at_the_end_of_the_time_is_told_so(runs: Path) -> None:
    """Uvicorn cancels what is still being answered."""
    server = served(runs / "words")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(SHOUT).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        scope = {"type": "http", "method": "POST", "path": PREDICT, "query_string": b""}
        with held(server.version, "shout") as calls:
            task = asyncio.create_task(server.app({**scope, "headers": []}, receive, send))
            await calls.wait()
            server.serving.stop()
            task.cancel()
            await asyncio.wait_for(task, 10)

    asyncio.run(run())
    start, end = sent
    assert start["status"] == 503
    assert b"the server is stopping" in end["body"]
