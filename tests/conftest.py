"""A disk that is full and a user without privileges, also where the tests run as root."""

import ctypes
import gc
import os
import resource
import signal

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair, not the code's.
settings.register_profile("toolkit", deadline=None, max_examples=40)
settings.load_profile("toolkit")

# Tests press Ctrl-C, also in processes that they start; jobs in a shell's background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_CAPABILITIES_VERSION = 0x20080522  # of Linux's capget and capset, with data of six words
_READ_AND_WRITE_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def pytest_collection_finish() -> None:
    """What is imported stays; garbage collection need not go over it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _what_was_made_is_looked_at_once():
    """Nor over the graphs that TensorFlow has traced, which it keeps."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def full_disk():
    """Call it, and no file of this process can grow any more; till the end of the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def unprivileged():
    """Permissions hold for the test as they do for any user but root."""
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
