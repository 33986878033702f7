"""Real servers: over a network, from the command line, and as several processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_server import over_a_network, served, write_words

from toolkit.serving import ServingOptions

ROOT = Path(__file__).parents[2]
PREDICT = "/v1/models/words:predict"
BODY = {"signature_name": "shout", "instances": ["a"]}


def until(condition: Any) -> None:
    """Wait until a condition holds."""
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it does not come true")


def test_a_new_version_is_found_while_requests_go_on(tmp_path: Path) -> None:
    run = tmp_path / "words"
    write_words(run)
    server = served(run, poll=0.02)
    seen: list[float] = []
    with (
        over_a_network(server.app) as (address, _),
        httpx.Client(base_url=address) as client,
    ):

        def count() -> float:
            response = client.post(PREDICT, json={"instances": ["a"]})
            assert response.status_code == 200
            seen.append(response.json()["predictions"][0]["count"])
            return seen[-1]

        assert count() == 1.0
        write_words(run, factor=10.0)
        until(lambda: count() == 10.0)
    assert seen == sorted(seen)


def test_answers_are_sent_without_waiting_for_more(runs: Path) -> None:
    """The body of an answer must not wait for the acknowledgement of its headers."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        for connection in servers[0].server_state.connections:
            option = connection.transport.get_extra_info("socket").getsockopt
            seen.append(option(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    servers: list[Any] = []
    with over_a_network(app) as (address, server):
        servers.append(server)
        assert httpx.get(address).status_code == 204
    assert seen
    assert all(seen)


def test_an_address_in_use_is_one_line(runs: Path) -> None:
    from toolkit.serving.server import listen

    with listen(ServingOptions(port=0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use") as error:
            listen(ServingOptions(port=port))
        assert error.value.filename == f"127.0.0.1:{port}"


class Command:
    """``recurrent-toolkit serve`` in a process of its own.

    Args:
        arguments: The words after ``serve``.
    """

    def __init__(self, *arguments: Any) -> None:
        code = "import sys, recurrent_toolkit; sys.exit(recurrent_toolkit.main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *map(str, arguments), "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "RECURRENT_TOOLKIT_TOKEN": "secret"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline()
        found = re.match(r"(http://127\.0\.0\.1:\d+) answers for words", self.first)
        assert found, self.first + self.process.stderr.read()
        headers = {"Authorization": "Bearer secret"}
        self.client = httpx.Client(base_url=found[1], headers=headers, timeout=60)

    def turn(self, rounds: int) -> int:
        """Ask for what takes some time, and return the status."""
        body = {"signature_name": "turn", "inputs": rounds}
        with httpx.Client(base_url=self.client.base_url, headers=self.client.headers) as own:
            return own.post(PREDICT, json=body, timeout=60).status_code

    def turns(self) -> bool:
        """Return whether the call of ``turn`` has begun."""
        counters = self.client.get("/metrics").text
        return bool(re.search(r'batched_requests_total\{.*signature="turn"\} 1', counters))

    def stop(self) -> str:
        """Stop it as a service does, and return what it has written."""
        self.process.send_signal(signal.SIGTERM)
        self.client.close()
        _, written = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, written
        return self.first + written


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/v2/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_answers_all_it_has_taken_and_ends_with_0(runs: Path, workers: int) -> None:
    command = Command(runs / "words", "--workers", workers)
    until(lambda: is_ready(command.client))
    codes: list[int] = []
    stopping = threading.Event()

    def ask(_: int) -> None:
        with httpx.Client(base_url=command.client.base_url, headers=command.client.headers) as own:
            while True:
                try:
                    response = own.post(PREDICT, json=BODY)
                except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
                    assert stopping.is_set()
                    return
                codes.append(response.status_code)
                if response.status_code == 503:
                    return

    with ThreadPoolExecutor(9) as threads:
        done = [threads.submit(ask, number) for number in range(8)]
        until(lambda: len(codes) > 200)
        long = threads.submit(command.turn, 300_000)
        until(command.turns)
        counters = command.client.get("/metrics").text
        stopping.set()
        written = command.stop()
        assert long.result(30) == 200  # the server had it when it was told to stop
        for each in done:
            each.result(30)
    assert {*codes} <= {200, 503}
    count = re.search(r':predict",status="200"\} (\d+)', counters)
    assert count
    assert int(count[1]) > 100
    assert written.splitlines()[-1] == "the server has stopped"
    assert "Traceback" not in written
    assert "secret" not in written


@pytest.mark.slow
def test_a_process_ends_in_time_though_a_call_goes_on(runs: Path) -> None:
    command = Command(runs / "words", "--timeout", 2)
    until(lambda: is_ready(command.client))
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(command.turn, 2**60)
        until(command.turns)
        written = command.stop()
        assert asked.result(30) in (503, 504)
    assert "Traceback" not in written


@pytest.mark.slow
def test_what_cannot_be_served_is_one_line(runs: Path, tmp_path: Path) -> None:
    broken = tmp_path / "words" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"none")
    code = "import sys, recurrent_toolkit; sys.exit(recurrent_toolkit.main())"
    for arguments, status, message in [
        ([broken.parent], 2, "error: .*words/1: this is not a SavedModel"),
        ([runs / "words", "--host", "203.0.113.1"], 1, r"error: 203\.0\.113\.1:0: "),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", code, "serve", *map(str, arguments), "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert re.match(message, done.stderr.splitlines()[-1])
        assert "Traceback" not in done.stderr
