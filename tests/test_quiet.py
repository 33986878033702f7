"""What is written on standard error, and who gets the toolkit's log."""

import io
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from toolkit.quiet import shown_log, suppress_stderr


@pytest.fixture
def toolkit_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Yield the toolkit's logger, as it is in a program without logging of its own."""
    logger = logging.getLogger("toolkit")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [])
    level = logger.level
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(level)


def test_the_log_is_shown_where_nobody_else_takes_it(
    toolkit_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_log():
        toolkit_log.info("epoch %d", 1)
    toolkit_log.info("epoch %d", 2)
    assert capsys.readouterr().err == "epoch 1\n"
    assert not toolkit_log.handlers


@pytest.mark.parametrize(("level", "lines"), [(logging.NOTSET, 1), (logging.WARNING, 0)])
def test_a_programs_own_handlers_and_level_are_respected(
    toolkit_log: logging.Logger, capsys: pytest.CaptureFixture[str], level: int, lines: int
) -> None:
    own = io.StringIO()
    toolkit_log.addHandler(logging.StreamHandler(own))
    toolkit_log.setLevel(level)
    with shown_log():
        toolkit_log.info("epoch 1")
    assert own.getvalue() == "epoch 1\n" * lines
    assert capsys.readouterr().err == ""
    assert toolkit_log.level == level


def test_a_process_without_standard_error(
    toolkit_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with suppress_stderr(), shown_log():
        toolkit_log.info("nobody hears this")
    monkeypatch.setattr(os, "dup", lambda _: (_ for _ in ()).throw(OSError))
    with suppress_stderr():
        pass
