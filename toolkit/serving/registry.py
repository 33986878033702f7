"""The models of a server, and the watch for new versions of them."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from toolkit.errors import as_message
from toolkit.serving.metrics import Metrics
from toolkit.serving.models import Version
from toolkit.serving.options import ServingOptions
from toolkit.serving.runs import ServedRun

logger = logging.getLogger("toolkit.serving")


class Model:
    """A run, the version of it that answers, and what became of the newest one.

    A request keeps the version that it began with, so that a new one replaces it at once and the
    old one is freed when its last request is answered.

    Args:
        run: The run.
        start: Called with each version before it answers.
    """

    def __init__(self, run: ServedRun, start: Callable[[Version], None]) -> None:
        self.run = run
        self.name = run.name
        self._start = start
        self.loading: int | None = None
        #: The number of the newest version that cannot be loaded, and the reason.
        self.failed: tuple[int, str] | None = None
        self.version = self._loaded()

    def _loaded(self) -> Version:
        """Return the newest version, loaded and warm.

        Raises:
            ModelError: It cannot be loaded.
        """
        newest = self.run.newest()
        assert newest is not None
        version = Version(*newest, self.run.golden)
        version.warm_up()
        self._start(version)
        return version

    def refresh(self) -> bool:
        """Load a newer version if there is one, and return whether it answers from now on.

        A version that cannot be loaded is logged once, and the one before goes on answering.
        """
        newest = self.run.newest()
        if newest is None or newest[0] <= self.version.number:
            return False
        if self.failed is not None and self.failed[0] == newest[0]:
            return False
        self.loading = newest[0]
        try:
            self.version = self._loaded()
        except Exception as error:  # a broken file fails in many ways
            message = as_message(str(error))
            self.failed = (newest[0], message)
            logger.warning(
                "%s: version %d cannot be served, and %d goes on answering: %s",
                self.name,
                newest[0],
                self.version.number,
                message,
            )
            return False
        finally:
            self.loading = None
        self.failed = None
        logger.info("%s: version %d answers", self.name, self.version.number)
        return True


class Registry:
    """The models of a server by name, loaded.

    Args:
        runs: The runs.
        options: The options of the server.
        metrics: The counters of the server.

    Raises:
        ModelError: A run cannot be loaded.
    """

    def __init__(
        self, runs: Sequence[ServedRun], options: ServingOptions, metrics: Metrics
    ) -> None:
        self._options = options
        self._metrics = metrics
        calls = os.cpu_count() or 1
        self.executor = ThreadPoolExecutor(calls, thread_name_prefix="answer")
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="load")

        def starting(name: str) -> Callable[[Version], None]:
            def measure(signature: str, questions: int, rows: int) -> None:
                metrics.batch(name, signature, questions, rows)

            return lambda version: version.start(options, self.executor, calls, measure)

        self.models = {run.name: Model(run, starting(run.name)) for run in runs}
        for name, model in self.models.items():
            metrics.version(name, model.version.number)

    async def watch(self) -> None:
        """Look for new versions until it is cancelled."""
        loop = asyncio.get_running_loop()
        while self._options.poll:
            await asyncio.sleep(self._options.poll)
            await loop.run_in_executor(self._loader, self.refresh)

    def refresh(self) -> None:
        """Load newer versions of all models."""
        for name, model in self.models.items():
            if model.refresh():
                self._metrics.version(name, model.version.number)

    def close(self) -> None:
        """Let the threads end."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self._loader.shutdown(wait=False, cancel_futures=True)
