"""The counters of a server, as Prometheus reads them."""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

#: The environment variable with the folder in which the processes of a server keep their counters.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def forget_the_dead(folder: str) -> None:
    """Remove the gauges of processes that have ended, so that they are not added up any more.

    Args:
        folder: The folder in which the processes of the server keep their counters.
    """
    for path in Path(folder).glob("gauge_live*_*.db"):
        number = int(path.stem.rpartition("_")[2])
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(number, folder)


class Metrics:
    """The counters of one process; ``text`` gives those of all processes of the server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        names = ["path", "status"]
        self._requests = Counter(
            "toolkit_requests", "Requests by path and status.", names, registry=registry
        )
        self._seconds = Histogram(
            "toolkit_request_seconds",
            "Seconds from a request to the end of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "toolkit_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        labels = ["model", "signature"]
        self._batch = Histogram(
            "toolkit_batch_rows", "Rows of a call.", labels, buckets=_ROWS, registry=registry
        )
        self._asked = Counter(
            "toolkit_batched_requests", "Requests answered by calls.", labels, registry=registry
        )
        self._version = Gauge(
            "toolkit_model_version",
            "The version of each model that answers.",
            ["model"],
            registry=registry,
            multiprocess_mode="livemin",
        )

    def begin(self) -> None:
        """Count a request that has come."""
        self._in_flight.inc()

    def end(self, path: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        self._in_flight.dec()
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def batch(self, model: str, signature: str, questions: int, rows: int) -> None:
        """Count a call of a model."""
        self._batch.labels(model, signature).observe(rows)
        self._asked.labels(model, signature).inc(questions)

    def version(self, model: str, number: int) -> None:
        """Set the version of a model that answers."""
        self._version.labels(model).set(number)

    def text(self) -> tuple[bytes, str]:
        """Return all counters, and the type of their content."""
        registry = self._registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
