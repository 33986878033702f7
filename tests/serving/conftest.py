"""A server of tiny models, which need nothing of the rest of the toolkit."""

from pathlib import Path

import pytest
from small_server import Server, served, write_series, write_words


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs ``words`` and ``series``; tests must not change it."""
    folder = tmp_path_factory.mktemp("served")
    write_words(folder / "words")
    write_series(folder / "series")
    return folder


@pytest.fixture(scope="session")
def server(runs: Path) -> Server:
    """A server of both runs with usual options; tests must not change it."""
    return served(runs / "words", runs / "series")
