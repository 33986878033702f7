"""Clients that ask a server over HTTP with little work of their own, since they share its cores."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Load:
    """The answers and times that clients saw.

    Attributes:
        seconds: The seconds from each request to the end of its answer.
        statuses: How often each status came.
        elapsed: The seconds of the whole load.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0


class Client:
    """One connection that is kept open.

    Args:
        address: The address of the server, ``http://host:port``.
    """

    def __init__(self, address: str) -> None:
        self._place = urlsplit(address)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, path: str, body: bytes, method: str = "POST") -> tuple[int, bytes]:
        """Return status and content of the answer to a request.

        Raises:
            OSError: The connection cannot be made, or breaks.
        """
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                self._place.hostname, self._place.port
            )
        assert self._reader is not None
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        try:
            lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            headers = dict(line.split(b": ", 1) for line in lines[1:] if line)
            content = await self._reader.readexactly(int(headers.get(b"content-length", b"0")))
        except asyncio.IncompleteReadError as error:
            self.close()
            raise ConnectionResetError("the server has closed the connection") from error
        if headers.get(b"connection") == b"close":
            self.close()
        return int(lines[0].split(b" ")[1]), content

    def close(self) -> None:
        """Close the connection, also in the middle of an answer."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def load(address: str, path: str, bodies: Sequence[Any], clients: int, seconds: float) -> Load:
    """Let clients ask a server one request after the other, and return what they saw.

    Args:
        address: The address of the server.
        path: The path.
        bodies: The bodies that they send in turn, as JSON.
        clients: The number of clients.
        seconds: How long they ask.
    """
    found = Load()
    encoded = [json.dumps(body).encode() for body in bodies]
    began = time.perf_counter()

    async def ask(number: int) -> None:
        client = Client(address)
        while (start := time.perf_counter()) < began + seconds:
            status, _ = await client.ask(path, encoded[number % len(encoded)])
            found.seconds.append(time.perf_counter() - start)
            found.statuses[status] = found.statuses.get(status, 0) + 1
            number += clients
        client.close()

    async def all_of_them() -> None:
        await asyncio.gather(*map(ask, range(clients)))

    asyncio.run(all_of_them())
    found.elapsed = time.perf_counter() - began
    return found
