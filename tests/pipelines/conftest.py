"""The command line with a task that needs no TensorFlow, and something for it to work on."""

import logging

import pytest
from fake_task import PIPELINE, FakeTask, sample

from pipelines.command import main


@pytest.fixture(autouse=True)
def _restore(monkeypatch):
    """The command line owns its process; here it must give back the log and the environment."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    FakeTask.made.clear()
    yield
    logger = logging.getLogger("toolkit")
    logger.handlers.clear()
    logger.propagate = True


@pytest.fixture
def call(capsys):
    """Calls a verb; gives the exit code, standard output and standard error."""

    def call(*arguments):
        code = main(PIPELINE, [str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('text,label\ngood film,pos\n"bad\nfilm",neg\n', encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def model(tmp_path):
    """A run that answers."""
    FakeTask().fit(sample("train")).export(tmp_path / "model")
    FakeTask.made.clear()
    return tmp_path / "model"
