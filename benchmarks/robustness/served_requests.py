"""Ask a server for minutes: good, bad and aborted requests, streams, new versions, and its end.

Run ``python -m benchmarks.robustness.served_requests --minutes 10``.

Clients ask the server of ``recurrent-toolkit serve`` for copies of kept runs. A good request must
get the answer that it got at first, a bad one a status of 4xx in one line, and a connection may
break only where the client has aborted it. After one and two fifths of the time all runs get a new
version; at the end the server is told to stop while requests go on, and must answer those that were
sent half a second before, streams to their end. No status of 5xx may come but 503 while it stops.
The memory of the server is read every second; it counts as flat where its peak in the last fifth of
the time is at most a tenth above that in the third.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.http_load import Client
from benchmarks.machine import description
from benchmarks.speed.serving import started, toolkit_server
from pipelines import console

#: The runs that are served, with a good body for each.
RUNS: dict[str, list[Any]] = {
    "imdb_sentiment": [{"instances": [text]} for text in ("Good.", "Dull " * 300, "", "é 👍🏽")],
    "conll_ner": [{"inputs": ["Ada Moss flew to Cork.", "x"]}, {"instances": ["In Paris"] * 5}],
    "shakespeare": [{"signature_name": "score", "inputs": ["To be"]}],
    "utd_mhad_actions": [
        {"instances": [{"series": [[0.1] * 60] * steps, "length": steps}]} for steps in (3, 40)
    ],
}
#: Bodies that no model takes.
BAD: list[bytes] = [
    *(b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"instances": 1' + b"1" * 9_999),
    *(b"{}", b'{"instances": []}', b'{"instances": [[[1]]]}', b'{"inputs": [{"b64": 1}]}'),
    *(b'{"inputs": {"text": 1}}', b'{"inputs": {"../": ["a"]}}'),
    b'{"instances": ["a"], "signature_name": "none"}',
]
#: Paths that lead nowhere.
NOWHERE = ["/v1/models/none:predict", "/v1/models/..%2f..%2fetc:predict", "/v2/models", "/%00"]
STREAM = "/v2/models/shakespeare/generate_stream"
CLIENTS = 24
#: The largest share by which the peak of the memory may grow.
GROWTH = 0.1
#: The seconds before the end of the server from which on it need not have got a request.
SURE = 0.5


class Trial:
    """Clients of one server, and what they saw.

    Args:
        address: The address of the server.
        seed: The seed of what they ask.

    Attributes:
        seen: How often each kind of request got each status.
        faults: What must not be, in words, with how often it was.
        stopped: When the server has been told to stop, by the monotonic clock.
    """

    def __init__(self, address: str, seed: int) -> None:
        self._address = address
        self._random = random.Random(seed)
        self._expected: dict[tuple[str, str], Any] = {}
        self.seen: Counter[tuple[str, int]] = Counter()
        self.faults: Counter[str] = Counter()
        self.stopped: float | None = None

    @property
    def is_stopping(self) -> bool:
        """True once the server has been told to stop."""
        return self.stopped is not None

    def _is_late(self, sent: float) -> bool:
        """Return whether the server may have been told to stop before it got a request."""
        return self.stopped is not None and sent > self.stopped - SURE

    async def learn(self) -> None:
        """Note the answers to all good requests."""
        client = Client(self._address)
        for run, bodies in RUNS.items():
            for body in bodies:
                status, content = await client.ask(_path(run), json.dumps(body).encode())
                assert status == 200, content
                self._expected[run, json.dumps(body)] = json.loads(content)
        client.close()

    async def ask_until(self, end: float) -> None:
        """Ask one thing after the other until some time, or the server's end."""
        client = Client(self._address)
        while time.monotonic() < end or self.is_stopping:
            sent = time.monotonic()
            kind = self._random.choices(
                ("good", "bad", "nowhere", "stream", "aborted"), (60, 15, 5, 5, 15)
            )[0]
            try:
                await getattr(self, f"_{kind}")(client)
            except OSError as error:
                client.close()
                if self._is_late(sent):
                    return
                self._fault(f"{kind}: {type(error).__name__}")
        client.close()

    async def _good(self, client: Client) -> None:
        run, body = self._random.choice([*self._expected])
        sent = time.monotonic()
        status, content = await client.ask(_path(run), body.encode())
        self._count("good", status)
        if status not in (200, 429) and not (status == 503 and self._is_late(sent)):
            self._fault(f"good: {status} {content[:200]!r}")
        elif status == 200 and not _same(json.loads(content), self._expected[run, body]):
            self._fault(f"good: another answer of {run}")

    async def _bad(self, client: Client) -> None:
        path = self._random.choice([_path(run) for run in RUNS] + [STREAM])
        path = path if self._random.random() < 0.8 else "/v2/models/conll_ner/infer"
        self._refused("bad", *await client.ask(path, self._random.choice(BAD)))

    async def _nowhere(self, client: Client) -> None:
        self._refused("nowhere", *await client.ask(self._random.choice(NOWHERE), b"{}"))

    def _refused(self, kind: str, status: int, content: bytes) -> None:
        """Count a request that must be refused in one line."""
        self._count(kind, status)
        if status == 503 and self.is_stopping:
            return
        error = json.loads(content).get("error", "") if status >= 400 else ""
        if not (400 <= status < 500 and error and "\n" not in error and "Traceback" not in error):
            self._fault(f"{kind}: {status} {content[:200]!r}")

    async def _stream(self, _: Client, part: float = 2.0) -> None:
        """Read a stream, whole or up to a part of its bytes."""
        body = {"text_input": "ROMEO:", "parameters": {"max_length": 30}}
        sent = time.monotonic()
        reader, writer = await self._sent(STREAM, json.dumps(body).encode())
        try:
            if part < 1:
                await reader.read(int(2000 * part))
                self._count("aborted stream", 0)
                return
            content = await reader.read()
            status = int(content.split(b" ", 2)[1]) if content else 0
            self._count("stream", status)
            whole = b"event: end" in content
            if not (self._is_late(sent) or status == 429 or (status == 200 and whole)):
                self._fault(f"stream: {content[-200:]!r}")
        finally:
            writer.close()

    async def _aborted(self, client: Client) -> None:
        """Go in the middle of a request, of its answer, or of a stream."""
        how = self._random.randrange(3)
        if how == 0:
            await self._stream(client, self._random.random())
            return
        run, body = self._random.choice([*self._expected])
        encoded = body.encode()
        cut = encoded[: len(encoded) // 2] if how == 1 else encoded
        _, writer = await self._sent(_path(run), cut, len(encoded))
        await asyncio.sleep(self._random.random() / 50)
        writer.close()
        self._count("aborted", 0)

    async def _sent(self, path: str, body: bytes, length: int | None = None) -> Any:
        """Send a request over a connection of its own, and return that."""
        host, _, port = self._address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        size = len(body) if length is None else length
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode() + body)
        return reader, writer

    def _count(self, kind: str, status: int) -> None:
        self.seen[kind, status] += 1

    def _fault(self, words: str) -> None:
        self.faults[words] += 1


def _path(run: str) -> str:
    return f"/v1/models/{run}:predict"


def _same(one: Any, other: Any) -> bool:
    """Return whether two answers are the same, floats within 1e-4."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[n], other[n]) for n in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-4
    return bool(one == other)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--workers", type=int, default=1, help="of the server (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    console.set_up(debug=False)
    before = description(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as name:
        for run in RUNS:
            shutil.copytree(Path("saved_models") / run, Path(name) / run)
        runs = [Path(name) / run for run in RUNS]
        with started(toolkit_server, runs, {"workers": options.workers}) as (address, process):
            trial = Trial(address, options.seed)
            memory = asyncio.run(_try(trial, process, runs, 60 * options.minutes))
            process.join(60)
    growth = _growth(memory)
    if process.exitcode not in (0, -signal.SIGTERM):  # which Uvicorn raises anew at the end
        trial.faults[f"the server ended with {process.exitcode}"] += 1
    if growth > GROWTH:
        trial.faults[f"memory has grown by {growth:.0%}"] += 1
    _print(options, before, trial, memory, growth)
    return 1 if trial.faults else 0


async def _try(trial: Trial, process: Any, runs: Sequence[Path], seconds: float) -> list[int]:
    """Let clients ask, renew the runs, stop the server, and return its memory over time, bytes."""
    await trial.learn()
    began = time.monotonic()
    clients = [asyncio.create_task(trial.ask_until(began + seconds)) for _ in range(CLIENTS)]
    memory, renewed = [], 0
    while (now := time.monotonic() - began) < seconds - 1:
        await asyncio.sleep(1)
        memory.append(_memory(process.pid))
        if now > seconds * (renewed + 1) / 5 and renewed < 2:
            renewed += 1
            await asyncio.to_thread(_renew, runs, renewed + 1)
    trial.stopped = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*clients), 90)
    return memory


def _renew(runs: Sequence[Path], number: int) -> None:
    """Give each run a new version, which answers as the one before."""
    for run in runs:
        shutil.copytree(run / "1", run / ".new")
        os.rename(run / ".new", run / str(number))


def _memory(number: int) -> int:
    """Return the resident memory of a process and its children, in bytes."""
    process = psutil.Process(number)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


def _growth(memory: Sequence[int]) -> float:
    """Return the growth of the peak from the third to the last fifth of the time, as a share."""
    fifth = max(1, len(memory) // 5)
    return max(memory[-fifth:]) / max(memory[2 * fifth : 3 * fifth]) - 1


def _print(
    options: argparse.Namespace, before: str, trial: Trial, memory: Sequence[int], growth: float
) -> None:
    """Print the report in Markdown."""
    print(f"# A server under mixed requests\n\n{before}; {options.minutes:g} minutes\n")
    print("| request | status | number |\n|---|---:|---:|")
    for (kind, status), count in sorted(trial.seen.items()):
        print(f"| {kind} | {status or 'gone'} | {count:,} |")
    mib = [each >> 20 for each in memory]
    ends = f"{mib[0]} MiB at first, {mib[-1]} MiB at the end"
    print(f"\nMemory: {ends}, {growth:+.1%} since its new versions.")
    print(f"\nFaults: {sum(trial.faults.values())}")
    for words, count in trial.faults.most_common():
        print(f"- {count:,} times {words}")


if __name__ == "__main__":
    sys.exit(main())
