"""The token, limits, counters, the end of a server, and new versions."""

import asyncio
import gc
import logging
import os
import re
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_server import Server, held, served, write_words

from toolkit.errors import ModelError, OptionError
from toolkit.serving import ServingOptions, serve, served_runs
from toolkit.serving.hosts import called, host_names, is_known

PREDICT = "/v1/models/words:predict"
BODY = {"signature_name": "shout", "instances": ["a"]}


def test_a_token_is_asked_for_by_all_but_probes(runs: Path) -> None:
    server = served(runs / "words", token="se cret")
    for headers, message in [
        ({}, "a token is needed"),
        ({"Authorization": "Bearer other"}, "the token is wrong"),
        ({"Authorization": "se cret"}, "the token is wrong"),
    ]:
        for path in (PREDICT, "/v1/models", "/metrics", "/openapi.json", "/nothing"):
            response = server.ask("POST", path, headers=headers, json=BODY)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert message in response.json()["error"]
            assert "cret" not in response.text
    assert server.ask("GET", "/v2/health/ready").status_code == 200
    server.headers = {"Authorization": "Bearer se cret"}
    assert server.post(PREDICT, BODY) == {"predictions": ["A"]}


def test_only_known_names_call_a_server_of_the_own_machine(server: Server) -> None:
    response = server.ask("GET", "/", headers={"Host": "evil.example:8501"})
    message = "the header Host names 'evil.example', by which this server may not be called"
    assert response.status_code == 421
    assert response.json()["error"].startswith(message)
    assert server.ask("GET", "/", headers={"Host": "[::1]:8501"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "allowed_hosts", "known", "unknown"),
    [
        ("127.0.0.1", None, ["localhost:1", "127.0.0.1", "[::1]:80", "a.LOCALHOST"], ["b.example"]),
        ("::1", None, ["LocalHost"], ["localhost.b.example:80", "", "[x", "127.0.0.1.b.example"]),
        ("127.1", None, ["localhost"], ["b.example"]),
        ("0x7f000001", None, ["localhost"], ["b.example"]),
        ("::ffff:127.0.0.1", None, ["localhost"], ["b.example"]),
        ("localhost", "A.example, b.example", ["a.example:80", "B.example"], ["c.example"]),
        ("127.0.0.1", "*", ["c.example"], []),
        ("0.0.0.0", None, ["c.example"], []),
        ("0.0.0.0", "b.example", ["b.example", "10.0.0.7:8501"], ["c.example"]),
    ],
)
def test_names_of_a_server(
    host: str, allowed_hosts: str | None, known: list[str], unknown: list[str]
) -> None:
    names = host_names(ServingOptions(host=host, allowed_hosts=allowed_hosts))
    found = {each: names is None or is_known(called(each), names) for each in known + unknown}
    assert found == dict.fromkeys(known, True) | dict.fromkeys(unknown, False)


@pytest.mark.parametrize(
    "name", ["models.example:443", "https://models.example", "*.example", "a.example, b c", "[::1]"]
)
def test_names_that_no_request_has_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="each should be the name or address of a host alone"):
        ServingOptions(allowed_hosts=name)
    assert ServingOptions(allowed_hosts="A.example, ::1,*").host_list == ["a.example", "::1", "*"]


def test_a_body_that_is_too_large_is_refused_however_it_comes(runs: Path) -> None:
    server = served(runs / "words", max_bytes=100)

    async def parts() -> Any:
        for _ in range(20):
            yield b" " * 10

    assert server.post(PREDICT, BODY) == {"predictions": ["A"]}
    for content in (b" " * 101, parts()):
        response = server.ask("POST", PREDICT, content=content)
        assert response.status_code == 413
        assert response.json() == {"error": "the body has more than 100 bytes"}


def test_a_body_that_does_not_come_is_given_up(runs: Path) -> None:
    server = served(runs / "words", timeout=0.05)

    async def parts() -> Any:
        yield b"{"
        await asyncio.sleep(20)

    response = server.ask("POST", PREDICT, content=parts())
    assert (response.status_code, "did not come in time" in response.text) == (408, True)


def test_a_client_that_goes_is_no_failure(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": PREDICT, "headers": [], "query_string": b""}
    asyncio.run(server.app(scope, receive, send))
    assert not caplog.records
    path = 'path="/v1/models/{name}:predict"'
    assert f'{path},status="499"}} 1.0' in server.ask("GET", "/metrics").text


def test_other_origins_are_not_let_in(server: Server) -> None:
    headers = {"Origin": "http://elsewhere", "Access-Control-Request-Method": "POST"}
    response = server.ask("OPTIONS", PREDICT, headers=headers)
    assert response.status_code == 405
    answered = server.ask("POST", PREDICT, headers=headers, json=BODY)
    for each in (response, answered):
        assert not [name for name in each.headers if name.startswith("access-control")]


def test_a_failing_model_is_one_line(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any) -> Any:
        raise MemoryError("no room\nfor it")

    monkeypatch.setattr(server.version.batchers["shout"], "_answer", fail)
    with caplog.at_level(logging.ERROR, "toolkit.serving"):
        response = server.ask("POST", PREDICT, json=BODY)
    assert response.status_code == 500
    assert response.json() == {"error": "the model failed: MemoryError"}
    assert [record.getMessage() for record in caplog.records] == [
        "a request failed: MemoryError: no room for it"
    ]


def test_counters_tell_requests_rows_and_versions(runs: Path) -> None:
    server = served(runs / "words")
    server.post(PREDICT, {**BODY, "instances": ["a", "b", "c"]})
    server.ask("POST", PREDICT, json={})
    server.ask("GET", "/nothing")
    response = server.ask("GET", "/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    for line in (
        'toolkit_requests_total{path="/v1/models/{name}:predict",status="200"} 1.0',
        'toolkit_requests_total{path="/v1/models/{name}:predict",status="400"} 1.0',
        'toolkit_requests_total{path="other",status="404"} 1.0',
        "toolkit_requests_in_flight 1.0",
        'toolkit_batch_rows_sum{model="words",signature="shout"} 3.0',
        'toolkit_batched_requests_total{model="words",signature="shout"} 1.0',
        'toolkit_model_version{model="words"} 1.0',
    ):
        assert f"\n{line}\n" in response.text


def test_the_interface_is_described(server: Server) -> None:
    found = server.get("/openapi.json")
    paths = found["paths"]
    assert {"/v1/models/{name}:predict", "/v2/models/{name}/infer", "/metrics"} <= {*paths}
    schema = paths["/v1/models/{name}:predict"]["post"]["requestBody"]["content"]
    assert "instances" in schema["application/json"]["schema"]["properties"]


def test_a_server_that_stops_answers_what_it_has_and_refuses_more(runs: Path) -> None:
    server = served(runs / "words")

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(server.version, "shout") as calls:
            task = asyncio.create_task(client.post(PREDICT, json=BODY))
            await calls.wait()
            server.serving.stop()
            for path in (PREDICT, "/v2/health/ready"):
                response = await client.post(path, json=BODY)
                assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
                assert response.json() == {"error": "the server is stopping"}
            assert (await client.get("/v2/health/live")).status_code == 200
            calls.go.set()
            assert (await task).json() == {"predictions": ["A"]}

    server.play(scenario)


def test_a_new_version_takes_over_without_a_lost_request(tmp_path: Path) -> None:
    run = tmp_path / "words"
    write_words(run)
    server = served(run)
    model = server.serving.registry.models["words"]
    body = {"instances": ["a b"]}

    async def scenario(client: httpx.AsyncClient) -> None:
        with held(server.version, "serving_default") as calls:
            old = asyncio.create_task(client.post(PREDICT, json=body))
            await calls.wait()
            waits = asyncio.create_task(client.post(PREDICT, json=body))
            write_words(run, factor=10.0)
            await asyncio.to_thread(server.serving.registry.refresh)
            new = await client.post(PREDICT, json=body)
            assert new.json()["predictions"][0]["count"] == 20.0
            calls.go.set()
            for each in (old, waits):
                assert (await each).json()["predictions"][0]["count"] == 2.0

    before = weakref.ref(model.version)
    server.serving.registry.refresh()
    assert model.version is before()  # nothing is new
    server.play(scenario)
    gc.collect()
    assert before() is None  # the old version is freed
    states = server.get("/v1/models/words")["model_version_status"]
    assert [(each["version"], each["state"]) for each in states] == [("2", "AVAILABLE")]
    assert server.ask("GET", "/v1/models/words/versions/1").status_code == 404
    assert 'toolkit_model_version{model="words"} 2.0' in server.ask("GET", "/metrics").text


def test_a_broken_new_version_is_said_once_and_the_old_one_goes_on(
    tmp_path: Path, runs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "words"
    shutil.copytree(runs / "words", run)
    server = served(run)
    (run / "2").mkdir()
    (run / "2" / "saved_model.pb").write_bytes(b"none")
    with caplog.at_level(logging.WARNING, "toolkit.serving"):
        server.serving.registry.refresh()
        server.serving.registry.refresh()
    (record,) = caplog.records
    assert re.match("words: version 2 cannot be served, and 1 goes on", record.getMessage())
    assert server.post(PREDICT, BODY) == {"predictions": ["A"]}
    bad, good = server.get("/v1/models/words")["model_version_status"]
    assert (bad["version"], bad["state"], bad["status"]["error_code"]) == ("2", "END", "UNKNOWN")
    assert (good["version"], good["state"]) == ("1", "AVAILABLE")
    shutil.rmtree(run)  # also an empty place does no harm
    server.serving.registry.refresh()
    assert server.post(PREDICT, BODY) == {"predictions": ["A"]}


def test_a_version_that_is_copied_slowly_answers_in_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "words"
    write_words(run)
    server = served(run)
    refresh = server.serving.registry.refresh

    def count() -> float:
        found: float = server.post(PREDICT, {"instances": ["a"]})["predictions"][0]["count"]
        return found

    write_words(tmp_path / "other", factor=10.0)
    (run / "2" / "variables").mkdir(parents=True)
    refresh()
    assert not caplog.records  # it is none yet
    content = (tmp_path / "other" / "1" / "saved_model.pb").read_bytes()
    for size in (len(content) // 2, len(content)):
        (run / "2" / "saved_model.pb").write_bytes(content[:size])
        refresh()
        assert count() == 1.0
    assert [record.getMessage()[:33] for record in caplog.records] == [
        "words: version 2 cannot be served"
    ] * 2
    shutil.copytree(tmp_path / "other" / "1", run / "2", dirs_exist_ok=True)
    refresh()
    assert count() == 10.0
    assert len(server.get("/v1/models/words")["model_version_status"]) == 1


def test_every_other_version_is_found(tmp_path: Path) -> None:
    one, ten, link = tmp_path / "one", tmp_path / "ten", tmp_path / "words"
    write_words(one)
    write_words(ten, factor=10.0)
    link.symlink_to(one)
    server = served(link)
    registry = server.serving.registry

    def count() -> float:
        registry.refresh()
        found: float = server.post(PREDICT, {"instances": ["a"]})["predictions"][0]["count"]
        return found

    assert count() == 1.0
    link.unlink()
    link.symlink_to(ten)  # a version of the same number
    assert count() == 10.0
    shutil.rmtree(ten / "1")
    write_words(ten, factor=5.0)  # trained anew
    assert count() == 5.0
    write_words(ten, factor=7.0)
    assert count() == 7.0
    shutil.rmtree(ten / "2")  # it was bad
    assert count() == 5.0
    (ten / "2").mkdir()
    (ten / "2" / "saved_model.pb").write_bytes(b"none")
    assert count() == 5.0
    assert len(server.get("/v1/models/words")["model_version_status"]) == 2
    shutil.rmtree(ten / "2")
    assert count() == 5.0
    assert len(server.get("/v1/models/words")["model_version_status"]) == 1


def test_the_golden_file_may_come_after_the_version(tmp_path: Path) -> None:
    run = tmp_path / "words"
    write_words(run)
    golden = (run / "golden.jsonl").read_bytes()
    (run / "golden.jsonl").unlink()
    server = served(run)
    assert not server.version.signatures["serving_default"].is_batched
    (run / "golden.jsonl").write_bytes(golden)
    server.serving.registry.refresh()
    assert server.version.signatures["serving_default"].is_batched
    assert (
        served(run / "1")
        .serving.registry.models["words"]
        .version.signatures["serving_default"]
        .is_batched
    )


def test_the_watch_goes_on_after_an_error(
    runs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = served(runs / "words", poll=0.001).serving.registry
    seen: list[int] = []

    async def run() -> None:
        def refresh() -> None:
            seen.append(1)
            if len(seen) == 3:
                loop.call_soon_threadsafe(done.set)
            raise PermissionError(13, "Permission denied", "words")

        loop, done = asyncio.get_running_loop(), asyncio.Event()
        monkeypatch.setattr(registry, "refresh", refresh)
        watch = asyncio.create_task(registry.watch())
        await asyncio.wait_for(done.wait(), 20)
        watch.cancel()

    asyncio.run(run())
    messages = {record.getMessage() for record in caplog.records}
    assert messages == {"new versions cannot be looked for: [Errno 13] Permission denied: 'words'"}


def test_gauges_of_processes_that_have_ended_are_removed(tmp_path: Path) -> None:
    from toolkit.serving.metrics import forget_the_dead

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f"gauge_livesum_{os.getpid()}.db", f"counter_{ended.pid}.db"]
    for name in [*names, f"gauge_livesum_{ended.pid}.db", f"gauge_livemin_{ended.pid}.db"]:
        (tmp_path / name).write_bytes(b"")
    forget_the_dead(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {*names}


def test_runs_are_named_by_their_folders_or_as_the_user_says(runs: Path, tmp_path: Path) -> None:
    words, series = runs / "words", runs / "series"
    named = served_runs([str(words), f"other={words}", str(series / "1")])
    assert [(run.name, run.folder) for run in named] == [
        ("words", words),
        ("other", words),
        ("series", series / "1"),
    ]
    found = [run.found() for run in named]
    assert [each and (each.number, each.folder) for each in found] == [
        *[(1, words / "1")] * 2,
        (1, series / "1"),
    ]
    assert [run.golden for run in named] == [words, words, series]
    with pytest.raises(OptionError, match=r"are both named words; give NAME=FOLDER"):
        served_runs([str(words), f"words={series}"])
    (tmp_path / "a b=c").symlink_to(words)
    with pytest.raises(OptionError, match=r"'a b=c' cannot be the name"):
        served_runs([str(tmp_path / "a b=c")])
    with pytest.raises(ModelError, match="no exported version"):
        served_runs([str(tmp_path)])
    with pytest.raises(ModelError, match="there is no such folder"):
        served_runs(["nowhere"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 70_000}, "port is 70000"),
        ({"timeout": 0}, "timeout is 0; it must be more"),
        ({"token": ""}, "token is empty"),
        ({"token": "é"}, "printable ASCII"),
        ({"max_batch": 0}, "max_batch is 0"),
    ],
)
def test_options_are_checked_and_the_token_is_not_shown(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message) as error:
        ServingOptions(**options)
    assert "é" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "warns"),
    [({}, False), ({"host": "0.0.0.0"}, True), ({"host": "0.0.0.0", "token": "secret"}, False)],
)
def test_an_open_address_without_a_token_is_said(
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, Any],
    warns: bool,
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("toolkit.serving.server.run_server", lambda *given: seen.append(given))
    with caplog.at_level(logging.WARNING, "toolkit.serving"):
        serve([str(runs / "words")], ServingOptions(**options))
    assert len(seen) == 1
    found = [record.getMessage().split(" is ")[0] for record in caplog.records]
    assert found == ["0.0.0.0"] * warns


def test_a_missing_extra_is_one_line(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name[0] == "u" else name)
    with pytest.raises(
        OptionError, match=r"package uvicorn, which is missing: pip install uvicorn"
    ):
        serve([str(runs / "words")])
