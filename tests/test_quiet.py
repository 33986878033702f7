"""Standard error stays free of messages, and the toolkit's log goes to those who want it."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from toolkit.quiet import shown_log, suppress_stderr, unchanged_root_logger


@contextlib.contextmanager
def alone() -> Iterator[logging.Logger]:
    """Yield the toolkit's logger as it is in a program without logging of its own."""
    logger = logging.getLogger("toolkit")
    before = logger.propagate, logger.handlers, logger.level
    logger.propagate, logger.handlers = False, []
    logger.setLevel(logging.NOTSET)
    try:
        yield logger
    finally:
        logger.propagate, logger.handlers = before[:2]
        logger.setLevel(before[2])


def test_the_log_is_shown_where_nobody_else_takes_it(capsys: pytest.CaptureFixture[str]) -> None:
    with alone() as logger:
        with shown_log():
            logger.info("epoch %d", 1)
        logger.info("epoch %d", 2)
        assert not logger.handlers
    assert capsys.readouterr().err == "epoch 1\n"


@pytest.mark.parametrize(("level", "lines"), [(logging.NOTSET, 1), (logging.WARNING, 0)])
def test_a_programs_own_handlers_and_level_are_respected(
    capsys: pytest.CaptureFixture[str], level: int, lines: int
) -> None:
    own = io.StringIO()
    with alone() as logger:
        logger.addHandler(logging.StreamHandler(own))
        logger.setLevel(level)
        with shown_log():
            logger.info("epoch 1")
        assert logger.level == level
    assert own.getvalue() == "epoch 1\n" * lines
    assert capsys.readouterr().err == ""


def test_a_process_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    monkeypatch.setattr(sys, "stderr", None)
    with alone() as logger, suppress_stderr(), shown_log():
        logger.info("nobody hears this")
        steps.append([*logger.handlers])
    assert steps == [[]]  # no handler without a stream

    def fail(_: int) -> int:
        steps.append("asked for the descriptor")
        raise OSError

    monkeypatch.setattr(os, "dup", fail)
    with suppress_stderr():
        steps.append("worked")
    assert steps[1:] == ["asked for the descriptor", "worked"]


def test_a_library_sets_up_no_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with unchanged_root_logger():
        logging.basicConfig()  # as absl does before its first message
    assert root.handlers == []
    own = logging.NullHandler()
    root.handlers = [own]
    with unchanged_root_logger():
        logging.basicConfig()
    assert root.handlers == [own]
