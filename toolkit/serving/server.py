"""The process of a server, or several that share its port."""

import contextlib
import json
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from toolkit.errors import UserError, WorkError
from toolkit.quiet import import_quietly
from toolkit.serving.metrics import FOLDER, forget_the_dead
from toolkit.serving.options import ServingOptions
from toolkit.serving.runs import ServedRun, served_runs

logger = logging.getLogger("toolkit.serving")

#: The environment variable by which the workers of a server get its runs and options.
WORKER = "RECURRENT_TOOLKIT_WORKER"
#: The seconds for which an idle connection is kept, as other servers keep it.
KEEP_ALIVE = 75
#: The number of connections that wait for the server.
BACKLOG = 2048
#: The number of connections of a process, beyond which requests are refused with 503; below the
#: usual limit of 1024 open files.
CONNECTIONS = 900
#: The seconds after which a worker that does not say that it lives is ended; loading holds the
#: interpreter for seconds.
HEALTH = 60


def run_server(runs: Sequence[ServedRun], options: ServingOptions) -> None:
    """Serve runs until a signal ends it; requests in flight are answered then.

    Args:
        runs: The runs.
        options: The options.

    Raises:
        ModelError: A run cannot be loaded.
        OSError: The address cannot be used.
        WorkError: The workers cannot start.
    """
    listening = listen(options)
    host, port = listening.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    settings: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "lifespan": "on",
        "ws": "none",
        "backlog": BACKLOG,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": max(1, round(options.timeout)),
        "timeout_worker_healthcheck": HEALTH,
        "limit_concurrency": CONNECTIONS,
    }
    if options.workers == 1:
        app = _application(runs, options)
        logger.info("%s answers for %s", address, ", ".join(run.name for run in runs))
        server = uvicorn.Server(uvicorn.Config(app, **settings))
        with contextlib.suppress(KeyboardInterrupt):  # the signal that ends it, raised anew
            server.run([listening])
        logger.info("the server has stopped")
        return
    words = [f"{run.name}={run.folder}" for run in runs]
    with (
        tempfile.TemporaryDirectory(prefix="toolkit-metrics-") as counters,
        _environment({FOLDER: counters, WORKER: json.dumps([words, asdict(options)])}),
    ):
        config = uvicorn.Config(
            f"{__name__}:worker", factory=True, workers=options.workers, **settings
        )
        logger.info(
            "%s answers for %s in %d processes, when they have loaded",
            address,
            ", ".join(run.name for run in runs),
            options.workers,
        )
        supervisor = Multiprocess(config, [listening])
        with _without_input():
            supervisor.run()
        if any((process.exitcode or 0) > 0 for process in supervisor.processes):
            raise WorkError("the processes of the server could not go on; see above")
        logger.info("the server has stopped")


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables within the context."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _without_input() -> Iterator[None]:
    """Hide standard input within the context.

    Uvicorn's processes would open its descriptor again, which not all of them have inherited.
    """
    before, sys.stdin = sys.stdin, None
    try:
        yield
    finally:
        sys.stdin = before


def listen(options: ServingOptions) -> socket.socket:
    """Return the socket of a server.

    Raises:
        OSError: The address cannot be used; the error names it.
    """
    try:
        family = socket.getaddrinfo(options.host, options.port)[0][0]
        # asyncio sends at once (TCP_NODELAY) only over sockets that name their protocol; others
        # wait 40 ms for the acknowledgement of the headers before they send the body.
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((options.host, options.port))
            found.listen(BACKLOG)
        except BaseException:
            found.close()
            raise
    except OSError as error:
        place = f"{options.host}:{options.port}"
        raise OSError(error.errno, error.strerror or str(error), place) from error
    found.set_inheritable(True)
    return found


def worker() -> FastAPI:
    """Return the application of one of several processes."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger("toolkit").addHandler(handler)
    logging.getLogger("toolkit").setLevel(logging.INFO)
    forget_the_dead(os.environ[FOLDER])  # a worker may stand in for one
    words, options = json.loads(os.environ[WORKER])
    try:
        return _application(served_runs(words), ServingOptions(**options))
    except UserError as error:
        logger.error("error: %s", error)
        raise SystemExit(uvicorn.config.STARTUP_FAILURE) from error


def _application(runs: Sequence[ServedRun], options: ServingOptions) -> FastAPI:
    """Return the application, which refuses new requests from the signal on that ends it."""
    app: FastAPI = import_quietly("toolkit.serving.app").create_app(runs, options)
    return app
