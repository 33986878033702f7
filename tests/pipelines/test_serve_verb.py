"""The verb ``serve``, of a pipeline and by itself."""

from typing import Any

import pytest

import recurrent_toolkit
from pipelines.sentiment import main
from toolkit.serving import ServingOptions


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record the calls of the server, and return them."""
    seen: list[Any] = []
    monkeypatch.setattr("pipelines.verbs.serve.serve", lambda *given: seen.append(given))
    monkeypatch.setattr("pipelines.verbs.serve.end_process", lambda: 0)
    monkeypatch.delenv("RECURRENT_TOOLKIT_TOKEN", raising=False)
    return seen


def test_both_ways_serve_any_runs(asked: list[Any]) -> None:
    words = ["serve", "a", "b=c", "--port", "99", "--batch-delay", "1.5"]
    assert main(words) == recurrent_toolkit.main(words) == 0
    assert asked == [(["a", "b=c"], ServingOptions(port=99, batch_delay=1.5))] * 2


def test_the_token_may_come_from_the_environment_and_is_not_shown(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECURRENT_TOOLKIT_TOKEN", "hunter 2")
    assert main(["serve", "a"]) == 0
    assert main(["serve", "a", "--token", "other"]) == 0
    assert [options.token for _, options in asked] == ["hunter 2", "other"]
    assert main(["serve", "--help"]) == 0
    shown = capsys.readouterr()
    assert "hunter" not in shown.out + shown.err
    monkeypatch.setenv("RECURRENT_TOOLKIT_TOKEN", "")
    assert main(["serve", "a"]) == 2  # rather than to serve without one
    assert "--token is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "RUN must be given"),
        (["nowhere"], "nowhere: there is no such folder"),
        (["a", "--port", "x"], "--port is 'x'; it can be a whole number"),
        (["a", "--max-batch", "0"], "--max-batch is 0; it must be at least 1"),
        (["a", "--ports", "1"], "unknown option --ports; did you mean --port?"),
    ],
)
def test_complaints_are_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recurrent_toolkit.main(["serve", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_the_help_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert recurrent_toolkit.main(["serve", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: recurrent-toolkit serve RUN [RUN ...]")
    assert recurrent_toolkit.main(["--help"]) == 0
    assert "recurrent-toolkit serve RUN" in capsys.readouterr().out
    assert recurrent_toolkit.main(["serv"]) == 2
    assert "did you mean serve?" in capsys.readouterr().err
