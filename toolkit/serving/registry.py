"""The models of a server, and the watch for new versions of them."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from toolkit.errors import ModelError, as_message
from toolkit.serving.metrics import Metrics
from toolkit.serving.models import Version
from toolkit.serving.options import ServingOptions
from toolkit.serving.runs import FoundVersion, ServedRun

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
        #: The number of the version that cannot be loaded, and the reason.
        self.failed: tuple[int, str] | None = None
        found = self.run.found()
        if found is None:
            raise ModelError(f"{run.folder}: no version is in it any more")
        self._tried = found
        self.version = self._loaded(found)
        self._answers = found

    def _loaded(self, found: FoundVersion) -> Version:
        """Return a version, loaded and warm.

        Raises:
            ModelError: It cannot be loaded.
        """
        version = Version(found.number, found.folder, self.run.golden)
        version.warm_up()
        self._start(version)
        return version

    def refresh(self) -> bool:
        """Load the newest version if it is another than before, or its files are.

        A version that cannot be loaded is logged once, and tried again when its files change, as
        those of one that is being copied do; the one before goes on answering.

        Returns:
            Whether another version answers from now on.
        """
        found = self.run.found()
        if found is None or found == self._tried:
            return False
        self._tried = found
        if found == self._answers:  # a bad one has gone
            self.failed = None
            return False
        self.loading = found.number
        try:
            self.version = self._loaded(found)
        except Exception as error:  # a broken file fails in many ways
            message = as_message(str(error))
            self.failed = (found.number, message)
            logger.warning(
                "%s: version %d cannot be served, and %d goes on answering: %s",
                self.name,
                found.number,
                self.version.number,
                message,
            )
            return False
        finally:
            self.loading = None
        self.failed = None
        self._answers = found
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
        self._batched = ThreadPoolExecutor(calls, thread_name_prefix="answer")
        self._alone = ThreadPoolExecutor(calls, thread_name_prefix="alone")
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="load")

        def starting(name: str) -> Callable[[Version], None]:
            def measure(signature: str, questions: int, rows: int) -> None:
                metrics.batch(name, signature, questions, rows)

            return lambda version: version.start(
                options, self._batched, self._alone, calls, measure
            )

        self.models = {run.name: Model(run, starting(run.name)) for run in runs}
        for name, model in self.models.items():
            metrics.version(name, model.version.number)

    async def watch(self) -> None:
        """Look for new versions until it is cancelled."""
        loop = asyncio.get_running_loop()
        while self._options.poll:
            await asyncio.sleep(self._options.poll)
            try:
                await loop.run_in_executor(self._loader, self.refresh)
            except Exception as error:  # a folder that cannot be read now
                logger.warning("new versions cannot be looked for: %s", as_message(str(error)))

    def refresh(self) -> None:
        """Load new versions of all models."""
        for name, model in self.models.items():
            if model.refresh():
                self._metrics.version(name, model.version.number)

    def close(self) -> None:
        """Let the threads end."""
        for executor in (self._batched, self._alone, self._loader):
            executor.shutdown(wait=False, cancel_futures=True)
