"""Texts token by token and series frame by frame, as server-sent events."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from small_server import Server, held, served

from toolkit.errors import DataError
from toolkit.export.description import FORMAT

GENERATE = "/v2/models/letters/generate"
STREAM = f"{GENERATE}_stream"
DRAWN = {"max_length": 12, "temperature": 1.2, "seed": 3}


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    """The kinds and contents of server-sent events."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in response.text.removesuffix("\n\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of an untrained language model of letters, and of one that adds up frames."""
    import tensorflow as tf

    from toolkit.export import write_saved_model
    from toolkit.models import OneToMany, SequenceModel
    from toolkit.tasks.language_modelling.serving import signatures
    from toolkit.text import Tokenizer

    folder = tmp_path_factory.mktemp("writers")
    network = OneToMany(6, embedding_size=3, hidden_size=3)
    network.build()
    random = np.random.default_rng(0)
    network.set_weights([random.normal(size=w.shape) for w in network.get_weights()])
    model = SequenceModel(Tokenizer("characters", vocabulary=[*"abcd"]), network)
    written = signatures(model, ends=False, max_generated_length=50)
    functions = {n: written[n] for n in ("generate", "prefill", "step", "detokenize")}
    functions["serving_default"] = written["detokenize"]  # the real one takes long to trace
    options = {"token_level": "characters", "max_generated_length": 50}
    config = {"format": FORMAT, "task": "LanguageModel", "options": options, "facts": {}}
    assets = {"config.yaml": json.dumps(config)}
    write_saved_model(folder / "letters", functions, [model.preprocessing], assets)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, name="frame"),
            tf.TensorSpec([None, 2], tf.float32, name="state_0"),
        ]
    )
    def step(frame: Any, state_0: Any) -> Any:
        return {"total": tf.reduce_sum(frame + state_0, axis=1), "state_0": frame + state_0}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="frame")])
    def serving_default(frame: Any) -> Any:
        return {"total": tf.reduce_sum(frame, axis=1)}

    write_saved_model(folder / "sums", {"serving_default": serving_default, "step": step})
    return served(folder / "letters", folder / "sums")


def test_the_parts_of_a_text_are_the_whole(writer: Server) -> None:
    body = {"id": "7", "text_input": "ab", "parameters": DRAWN}
    whole = writer.post(GENERATE, body)
    text = whole.pop("text_output")
    assert whole == {"model_name": "letters", "model_version": "1", "id": "7"}
    signature = writer.serving.registry.models["letters"].version._servable.signatures["generate"]
    import tensorflow as tf

    options = {"top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0, "seed": [3, 0]}
    values = {"max_length": 12, "temperature": 1.2, **options, "prompt": ["ab"]}
    expected = signature(**{name: tf.constant(value) for name, value in values.items()})["text"]
    assert "ab" + text == expected.numpy()[0].decode()
    assert len(text) == 12
    *parts, end = events(writer.ask("POST", STREAM, json=body))
    assert end == ("end", {})
    assert [kind for kind, _ in parts] == [""] * 12
    assert {**parts[0][1], "text_output": text} == {**whole, "text_output": text}
    assert "".join(part["text_output"] for _, part in parts) == text
    other = {**DRAWN, "seed": 4}
    assert writer.post(GENERATE, {"text_input": "ab", "parameters": other})["text_output"] != text
    none = {"text_input": "ab", "parameters": {"max_length": 0}}
    assert events(writer.ask("POST", STREAM, json=none)) == [("end", {})]
    assert writer.serving.registry.models["letters"].version is not None


@pytest.mark.parametrize("path", [GENERATE, STREAM])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "text_input must be a string"),
        ({"text_input": ["a"]}, "text_input must be a string"),
        ({"text_input": "a", "parameters": []}, "parameters is none"),
        ({"text_input": "a", "parameters": {"steps": 1}}, "unknown steps; it is an object that"),
        ({"text_input": "a", "parameters": {"top_p": 2}}, "top_p is 2; it must be above 0"),
        ({"text_input": "a", "parameters": {"max_length": "9"}}, "max_length is '9'; it can be"),
        ({"text_input": "a", "parameters": {"max_length": 99}}, "at most 50"),
        ({"text_input": "a", "parameters": {"temperature": 10**400}}, "temperature is 1000"),
        ({"text_input": "a", "parameters": {"temperature": float("nan")}}, "temperature is nan"),
        ({"text_input": "a", "parameters": {"top_k": 2**31}}, "top_k is 2147483648"),
        ({"text_input": "a", "parameters": {"top_k": 2**70}}, "top_k is 1180"),
        ({"text_input": "a", "parameters": {"top_p": float("nan")}}, "top_p is nan"),
        ({"text_input": "a", "parameters": {"repetition_penalty": float("nan")}}, "is nan"),
        ({"text_input": "a", "parameters": {"repetition_penalty": 10**400}}, "penalty is 1000"),
        ({"text_input": "a", "parameters": {"repetition_penalty": 0}}, "must be above 0"),
        ({"text_input": "a", "parameters": {"max_length": 1}, "id": 7}, "id must be a string"),
        ({"text_input": "a", "parameters": {"condition": "b"}}, "has learnt no conditions"),
    ],
)
def test_bad_questions_are_refused_before_the_first_part(
    writer: Server, path: str, body: Any, message: str
) -> None:
    response = writer.ask("POST", path, content=json.dumps(body))
    assert response.status_code == 400, response.text
    assert message in response.json()["error"]


def test_models_that_do_not_answer_in_parts_say_so(writer: Server) -> None:
    for path in ("generate", "generate_stream"):
        response = writer.ask("POST", f"/v2/models/sums/{path}", json={"text_input": "a"})
        assert (response.status_code, "writes no texts" in response.text) == (400, True)
    response = writer.ask("POST", "/v2/models/letters/step_stream", json={"frames": []})
    assert (response.status_code, "frame by frame" in response.text) == (400, True)


def test_frames_are_answered_one_by_one(writer: Server) -> None:
    path = "/v2/models/sums/step_stream"
    head = {"model_name": "sums", "model_version": "1"}
    wanted = [("", {**head, "outputs": {"total": each}}) for each in (3.0, 3.5, 2.5)]
    frames = [[1, 2], [0.5, 0], [0, -1]]
    found = events(writer.ask("POST", path, json={"frames": frames}))
    assert found == [*wanted, ("end", {})]
    assert events(writer.ask("POST", path, json={"frames": []})) == [("end", {})]

    async def lines() -> Any:
        yield b"[1, 2]\n\n[0."
        yield b"5, 0]\n"
        yield b"[0, -1]"

    headers = {"Content-Type": "application/x-ndjson"}
    assert events(writer.ask("POST", path, content=lines(), headers=headers)) == found
    bad = events(writer.ask("POST", path, content=b"[1, 2]\n[1]", headers=headers))
    assert bad[0] == wanted[0]
    assert bad[1][0] == "error"
    assert "frame must be float32 [B, 2]" in bad[1][1]["error"]
    assert len(bad) == 2
    response = writer.ask("POST", path, content=b"[1, 2", headers=headers)
    assert (response.status_code, "not JSON" in response.text) == (400, True)


def test_too_many_streams_are_refused(writer: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer.serving.options, "queue", 1)
    version = writer.serving.registry.models["letters"].version
    body = {"text_input": "ab", "parameters": {"max_length": 1}}

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(version, "prefill") as calls:
            first = asyncio.create_task(client.post(STREAM, json=body))
            await calls.wait()
            assert (await client.post(STREAM, json=body)).status_code == 429
            calls.go.set()
            assert (await first).status_code == 200
        assert (await client.post(STREAM, json=body)).status_code == 200

    writer.play(scenario)


def test_a_stream_that_does_not_begin_in_time_is_given_up(
    writer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.serving.options, "timeout", 0.05)
    version = writer.serving.registry.models["letters"].version
    body = {"text_input": "ab", "parameters": {"max_length": 1}}

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(version, "prefill") as calls:
            response = await client.post(STREAM, json=body)
            assert (response.status_code, "within 0.05 seconds" in response.text) == (504, True)
            calls.go.set()
        monkeypatch.setattr(writer.serving.options, "timeout", 20.0)
        assert (await client.post(STREAM, json=body)).status_code == 200

    writer.play(scenario)


def test_a_stream_whose_frames_do_not_come_gives_its_place_up(
    writer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.serving.options, "timeout", 0.1)
    monkeypatch.setattr(writer.serving.options, "queue", 1)
    path, headers = "/v2/models/sums/step_stream", {"Content-Type": "application/x-ndjson"}

    async def lines(first: bytes) -> Any:
        yield first
        await asyncio.sleep(20)

    for _ in range(2):
        late = writer.ask("POST", path, content=lines(b"[1,"), headers=headers)
        assert (late.status_code, "no frame has come" in late.text) == (408, True)
        first, end = events(writer.ask("POST", path, content=lines(b"[1, 2]\n"), headers=headers))
        assert (first[1]["outputs"], end[0]) == ({"total": 3.0}, "error")
        assert "no frame has come" in end[1]["error"]


def test_a_client_that_does_not_read_gives_its_place_up(
    writer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.serving.options, "timeout", 0.1)
    monkeypatch.setattr(writer.serving.options, "queue", 1)
    path, body = "/v2/models/sums/step_stream", json.dumps({"frames": [[1, 2]] * 9}).encode()

    async def receive() -> Any:
        if not parts:
            await asyncio.sleep(20)
        return {"type": "http.request", "body": parts.pop()}

    async def send(_: Any) -> None:
        await asyncio.sleep(20)

    parts = [body]
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    asyncio.run(asyncio.wait_for(writer.app(scope, receive, send), 10))
    assert len(events(writer.ask("POST", path, content=body))) == 10


def test_what_fails_later_on_is_an_event(writer: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    version = writer.serving.registry.models["letters"].version

    def fail(questions: Any) -> Any:
        return [DataError("the third\nstep")] * len(questions)

    monkeypatch.setattr(version.batchers["step"], "_answer", fail)
    body = {"text_input": "ab", "parameters": DRAWN}
    found = events(writer.ask("POST", STREAM, json=body))
    assert [kind for kind, _ in found] == ["", "error"]
    assert found[1][1] == {"error": "the third step"}


def test_paths_lead_nowhere(runs: Path) -> None:
    server = served(runs / "words")
    for path in (GENERATE, "/v2/models/..%2f..%2fetc/infer", "/v1/models/%2Fetc%2Fpasswd:predict"):
        assert server.ask("POST", path, json={"text_input": "a"}).status_code == 404
