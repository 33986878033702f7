"""A disk that is full and a user without privileges, also where the tests run as root."""

import ctypes
import gc
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pipelines.verbs import train
from toolkit.tasks.explaining import errors

# Examples are drawn the same each time, so that no test fails by chance. The profile `thorough` has
# more of them; `--hypothesis-profile search` draws others each time.
settings.register_profile("daily", deadline=None, max_examples=12, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("daily")

# Tests press Ctrl-C, also in processes that they start; jobs in a shell's background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["trained"]

_CAPABILITIES_VERSION = 0x20080522  # of Linux's capget and capset, with data of six words
_READ_AND_WRITE_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


#: The slowest tests, which start first, so that both processes end together.
HEAVY = (
    "contracts/test_tasks",
    "tasks/test_",
    "models/test_many_to_many",
    "pipelines/test_",
    "layers/test_",
    "models/test_",
    "training/test_",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, the slowest first."""

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(HEAVY) if name in item.nodeid), len(HEAVY))

    items.sort(key=place)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Schedule a file's tests on one process, which has their fixtures, unless a group is set."""
    from xdist.scheduler import LoadGroupScheduling

    class ByGroupOrFile(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            group = super()._split_scope(nodeid)
            return nodeid.split("::", 1)[0] if group == nodeid else group

    return ByGroupOrFile(config, log)


def pytest_configure() -> None:
    """Limit TensorFlow's threads before its import, since two processes share the cores."""
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(threads, "1")


def pytest_collection_finish() -> None:
    """Exempt imported modules from garbage collection; skip graph optimization."""
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        # Most graphs run a few times; optimizing them takes longer than it saves. Processes that
        # tests start, such as trainings that are killed, optimize theirs.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _freeze_traced_graphs():
    """Exempt traced graphs, which TensorFlow keeps, from garbage collection."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _empty_pages_of_trainings() -> Iterator[None]:
    """Let ``train`` write empty learning curves and an empty report, which take seconds to make."""

    def report(_: Any, __: Any, run: Path, ___: bool) -> bool:
        (run / "report.html").touch()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_draw_curves", lambda _, run: (run / "learning_curves.png").touch())
        patch.setattr(train, "write_report", report)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_explanations_in_reports() -> Iterator[None]:
    """Let reports explain no answers, unless a test asks for some; they take seconds to trace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(errors, "MOST", 0)
        yield


@pytest.fixture(autouse=True)
def _reset_log() -> None:
    """Take away the log handler that a command line run in this process has left."""
    logger = logging.getLogger("toolkit")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def full_disk():
    """Return a function after which no file of this process can grow until the test ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def unprivileged():
    """Apply file permissions to the test as to any user but root."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    effective = data[0]
    data[0] &= ~_READ_AND_WRITE_ALL
    assert libc.capset(header, data) == 0
    yield
    data[0] = effective
    assert libc.capset(header, data) == 0


@pytest.fixture
def eager() -> Iterator[None]:
    """Run functions without graphs, of which the making would take most of the time."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # data sets have graphs all the same
        yield
    tf.config.run_functions_eagerly(False)
