"""Requests that wait for a model are answered in one call, as each would be alone."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from small_server import Server, held, served

from toolkit.serving.batching import BATCH_BYTES, Batcher, Question, QueueFullError

PREDICT = "/v1/models/words:predict"
TEXTS = ["", "a", "one two three", "é", "a b", "x" * 300, "a a a a a a a"]


async def together(
    server: Server, client: httpx.AsyncClient, bodies: list[Any], path: str = PREDICT
) -> tuple[list[httpx.Response], list[int]]:
    """Return the responses to requests that come while a call waits, and the sizes of calls."""
    name = bodies[0].get("signature_name", "serving_default")
    with held(server.version, name) as calls:
        first = asyncio.create_task(client.post(path, json=bodies[0]))
        await calls.wait()
        tasks = [asyncio.create_task(client.post(path, json=body)) for body in bodies[1:]]
        batcher = server.version.batchers[name]
        while len(batcher._waiting) < len(tasks):
            await asyncio.sleep(0)
        calls.go.set()
        return [await first, *[await task for task in tasks]], calls.sizes


def test_answers_are_those_of_single_calls(server: Server) -> None:
    bodies: list[Any] = [{"instances": [text]} for text in TEXTS] + [{"inputs": ["b c d", "e"]}]
    alone = [server.post(PREDICT, body) for body in bodies]
    assert alone[0]["predictions"] == [{"word": [], "size": [], "count": 0.0}]

    async def scenario(client: httpx.AsyncClient) -> None:
        responses, sizes = await together(server, client, bodies)
        assert [response.json() for response in responses] == alone
        assert sizes == [1, len(bodies) - 1]

    server.play(scenario)


def test_series_of_other_lengths_are_padded(runs: Path) -> None:
    signature = (
        served(runs / "series")
        .serving.registry.models["series"]
        .version.signatures["serving_default"]
    )
    random = np.random.default_rng(0)
    inputs: list[dict[str, Any]] = [
        {
            "series": random.normal(size=(2, steps, 2)).astype(np.float32),
            "length": np.array([steps, steps // 2], np.int32),
        }
        for steps in (3, 1, 5)
    ]
    questions = [signature.question(each) for each in inputs]
    assert len({question.kind for question in questions}) == 1
    for question, answer in zip(questions, signature.answer(questions), strict=True):
        series = question.inputs["series"]
        sums = [
            row[:length].sum(0)
            for row, length in zip(series, question.inputs["length"], strict=True)
        ]
        np.testing.assert_allclose(answer["sums"], sums, atol=1e-6)


def test_a_bad_request_does_no_harm_to_those_beside_it(server: Server) -> None:
    bodies = [{"signature_name": "refuse", "instances": [text]} for text in ("a", "b", "bad", "c")]

    async def scenario(client: httpx.AsyncClient) -> None:
        responses, sizes = await together(server, client, bodies)
        assert sizes == [1, 3]
        assert [response.status_code for response in responses] == [200, 200, 400, 200]
        assert responses[3].json() == {"predictions": ["c"]}
        assert responses[2].json() == {"error": "no bad texts, 1"}

    server.play(scenario)


def test_a_signature_with_inputs_that_have_no_rows_is_asked_one_request_at_a_time(
    server: Server,
) -> None:
    inputs = {"text": ["a"], "count": 1}
    bodies = [{"signature_name": "times", "inputs": inputs}] * 3

    async def scenario(client: httpx.AsyncClient) -> None:
        responses, sizes = await together(server, client, bodies)
        assert {response.status_code for response in responses} == {200}
        assert sizes == [1, 1, 1]

    server.play(scenario)


def test_too_many_waiting_requests_are_sent_away(runs: Path) -> None:
    server = served(runs / "words", queue=2)

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(server.version, "shout") as calls:
            body = {"signature_name": "shout", "instances": ["a"]}
            tasks = [asyncio.create_task(client.post(PREDICT, json=body))]
            await calls.wait()
            tasks += [asyncio.create_task(client.post(PREDICT, json=body)) for _ in range(3)]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            (refused,) = (task.result() for task in done)
            assert refused.status_code == 429
            assert refused.headers["Retry-After"] == "1"
            assert refused.json() == {"error": "too many requests wait for this model"}
            calls.go.set()
            codes = [(await task).status_code for task in tasks]
            assert sorted(codes) == [200, 200, 200, 429]

    server.play(scenario)


def test_what_takes_too_long_is_given_up(runs: Path) -> None:
    server = served(runs / "words", timeout=0.05)

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(server.version, "shout") as calls:
            body = {"signature_name": "shout", "instances": ["a"]}
            tasks = [asyncio.create_task(client.post(PREDICT, json=body))]
            await calls.wait()
            tasks.append(asyncio.create_task(client.post(PREDICT, json=body)))
            responses = [await task for task in tasks]
            assert {response.status_code for response in responses} == {504}
            assert "within 0.05 seconds" in responses[0].text
            calls.go.set()
            server.serving.options.timeout = 20
            assert (await client.post(PREDICT, json=body)).status_code == 200
            assert calls.sizes == [1, 1]  # the one that waited in vain is not computed

    server.play(scenario)


def run_batcher(questions: list[Question], **settings: Any) -> list[list[int]]:
    """The questions that are asked together, as numbers, of those that all wait at once."""
    seen: list[list[int]] = []

    def answer(batch: Any) -> list[int]:
        numbers = [int(question.inputs["number"]) for question in batch]
        seen.append(numbers)
        return numbers

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            usual = {"calls": 1, "most_rows": 8, "delay": 0.0, "most_waiting": 99}
            batcher = Batcher(answer, executor, **{**usual, **settings})
            found = await asyncio.gather(*(batcher.ask(each) for each in questions))
            assert found == [*range(len(questions))]

    asyncio.run(run())
    return seen


def question(number: int, rows: int = 1, size: int = 1, kind: Any = "a") -> Question:
    return Question({"number": number}, rows, size, kind)


def test_calls_keep_to_rows_kinds_and_bytes() -> None:
    assert run_batcher([question(n) for n in range(10)]) == [[*range(8)], [8, 9]]
    assert run_batcher([question(n, rows=5) for n in range(3)]) == [[0], [1], [2]]
    assert run_batcher([question(0, rows=20), question(1)]) == [[0], [1]]
    kinds = [question(n, kind=kind) for n, kind in enumerate("abab")]
    assert run_batcher(kinds) == [[0, 2], [1, 3]]
    assert run_batcher([question(n, kind=None) for n in range(2)]) == [[0], [1]]
    long = [question(n, size=size) for n, size in enumerate([9, BATCH_BYTES, 9])]
    assert run_batcher(long) == [[0, 2], [1]]
    assert run_batcher([question(n) for n in range(3)], most_rows=1) == [[0], [1], [2]]


def test_a_call_waits_for_more_until_its_delay_is_over_or_it_is_full() -> None:
    async def run() -> None:
        seen: list[int] = []

        def answer(batch: Any) -> list[int]:
            seen.append(len(batch))
            return [0] * len(batch)

        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(answer, executor, 1, 3, 5.0, 99)
            began = time.monotonic()
            first = asyncio.create_task(batcher.ask(question(0)))
            await asyncio.sleep(0.01)
            assert not seen
            await asyncio.gather(first, batcher.ask(question(1)), batcher.ask(question(2)))
            assert seen == [3]
            assert time.monotonic() - began < 4
            short = Batcher(answer, executor, 1, 3, 0.02, 99)
            await short.ask(question(0))
            assert seen == [3, 1]

    asyncio.run(run())


def test_a_full_queue_and_a_failed_call_raise() -> None:
    def fail(_: Any) -> Any:
        raise ZeroDivisionError

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(fail, executor, 1, 1, 0.0, 1)
            tasks = [asyncio.create_task(batcher.ask(question(n))) for n in range(2)]
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(each) for each in found] == [ZeroDivisionError, QueueFullError]
            tasks = [asyncio.create_task(batcher.ask(question(n), always=True)) for n in range(2)]
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(each) for each in found] == [ZeroDivisionError] * 2

    asyncio.run(run())


def test_a_caller_that_goes_gives_its_place_up() -> None:
    go = threading.Event()

    def wait(batch: Any) -> Any:
        assert go.wait(20)
        return [0] * len(batch)

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(wait, executor, 1, 1, 0.0, 2)
            first = asyncio.create_task(batcher.ask(question(0)))
            while not batcher._tasks or batcher._waiting:
                await asyncio.sleep(0)
            others = [asyncio.create_task(batcher.ask(question(n))) for n in range(2)]
            await asyncio.sleep(0)
            others[1].cancel()
            await asyncio.wait([others[1]])
            last = asyncio.create_task(batcher.ask(question(3)))
            await asyncio.sleep(0)
            go.set()
            assert [await task for task in (first, others[0], last)] == [0, 0, 0]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["words", "series"])
def test_what_is_batched(server: Server, name: str) -> None:
    signatures = server.serving.registry.models[name].version.signatures
    batched = {signature for signature, found in signatures.items() if found.is_batched}
    assert batched == {"serving_default", "shout", "refuse"} & {*signatures}
