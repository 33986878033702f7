"""The options of a server."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toolkit.errors import OptionError, quoted
from toolkit.options import Limits, check_options, option

#: The name that stands for all names of hosts.
ANY_HOST = "*"
#: A name or an address, without a port or a scheme.
_NAME = re.compile(r"[^\s:/*\[\]]+|[\da-f]*:[\da-f.:]+")


@dataclass(kw_only=True)
class ServingOptions:
    """The options of a server.

    Args:
        host: The address on which it answers; 0.0.0.0 answers other machines, too.
        port: The port; 0 for any that is free.
        token: A secret that requests must send as Authorization: Bearer TOKEN; better given by the
            environment variable RECURRENT_TOOLKIT_TOKEN, since other users of the machine see
            command lines.
        allowed_hosts: Further names, separated by commas, by which requests may call the server,
            such as that of a proxy; * for any. On an address of the own machine, requests that name
            another host than localhost are refused unless it is named here (DNS rebinding); on
            other addresses they are refused if names are given.
        max_batch: The largest number of rows of several requests that one call of a model answers;
            1 turns batching off.
        batch_delay: How long a call waits for more requests, in milliseconds. With 0 a call takes
            what has arrived during the one before.
        queue: The largest number of requests that wait for a model; further ones are refused with
            429. It is also the largest number of streams of a model.
        max_bytes: The largest body of a request, in bytes; larger ones are refused with 413.
        timeout: The longest time until an answer, in seconds, and that of the last answers when the
            server stops.
        workers: The number of processes, each with all models.
        poll: How often the runs' folders are searched for a new version, in seconds; 0 for never.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "port": (0, 65536),
        "max_batch": (1, None),
        "batch_delay": (0, 10_000),
        "queue": (1, None),
        "max_bytes": (1, None),
        "timeout": (0, None),
        "workers": (1, 1000),
        "poll": (0, None),
    }

    host: str = "127.0.0.1"
    port: int = 8501
    token: str | None = None
    allowed_hosts: str | None = None
    max_batch: int = 64
    batch_delay: float = 0.0
    queue: int = 256
    max_bytes: int = 8 << 20
    timeout: float = 60.0
    workers: int = 1
    poll: float = 1.0

    def __post_init__(self) -> None:
        check_options(self)
        if self.timeout == 0:
            raise OptionError(f"{option('timeout')} is 0; it must be more")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise OptionError(f"{option('token')} may have printable ASCII characters alone")
        if self.token is not None and not self.token.strip():
            raise OptionError(f"{option('token')} is empty; leave it out, or give a secret")
        for name in self.host_list:
            if name != ANY_HOST and not _NAME.fullmatch(name):
                raise OptionError(
                    f"{option('allowed_hosts')} names {quoted(name)}; each should be the name or "
                    f"address of a host alone, such as models.example, or {ANY_HOST} for any"
                )

    @property
    def host_list(self) -> list[str]:
        """The names of ``allowed_hosts``, in small letters."""
        names = (name.strip().lower() for name in (self.allowed_hosts or "").split(","))
        return [name for name in names if name]
