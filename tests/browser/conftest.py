"""A real browser on the page of a real server, which serves the kept models."""

import csv
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opened_page import KEPT, ROOT, Opened, Served, recording

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: The names of Chromium on PATH.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: The longest time until something is on the page, in milliseconds.
PATIENCE = 60_000
#: The kept models that are served, of each kind one.
SERVED = (
    "imdb_sentiment",
    "conll_ner",
    "multi30k_en_de",
    "shakespeare",
    "chorales",
    "spoken_digits",
    "splice_junctions",
    "utd_mhad_actions",
)


def command(*words: Any) -> list[str]:
    """Return a command of the toolkit as the words of a process."""
    return [sys.executable, "-m", *map(str, words)]


@pytest.fixture(scope="session")
def explained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier of texts with the signature ``explain``."""
    folder = tmp_path_factory.mktemp("explained")
    data, run = folder / "data.csv", folder / "moods"
    words = {"glad": ["sunny", "merry", "bright"], "sad": ["rainy", "gloomy", "bleak"]}
    with data.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in range(120):
            label = ("glad", "sad")[number % 2]
            one, other = words[label][number % 3], words[label][number // 2 % 3]
            rows.writerow([f"day {number} was {one} and {other}", label])
    sizes = ["--hidden-size", 8, "--embedding-size", 8, "--epochs", 8, "--batch-tokens", 128]
    train = ["train", "--data", data, "--output", run, "--learning-rate", 0.02, *sizes]
    for line in (train, ["export", run, "--explain"]):
        done = subprocess.run(
            command("pipelines.sentiment", *line), cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return run


@pytest.fixture(scope="session")
def server(explained_run: Path) -> Iterator[Served]:
    """A server of the kept models and of the one that explains."""
    runs = [*(KEPT / name for name in SERVED), explained_run]
    with subprocess.Popen(
        command("pipelines.sentiment", "serve", *runs, "--port", 0),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        lines: list[str] = []
        address = ""
        for line in process.stderr:
            lines.append(line)
            if " answers for " in line:
                address = line.split(" answers for ")[0]
                break
        assert address, "".join(lines)
        reading = threading.Thread(target=process.stderr.read)
        reading.start()
        try:
            yield Served(address)
        finally:
            process.terminate()
            reading.join()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """The system's Chromium, whose microphone plays a file."""
    names = [named] if (named := os.environ.get("CHROMIUM")) else [*NAMES]
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.exit(f"no Chromium: {', '.join(names)} cannot be run; set CHROMIUM to its path", 2)
    from playwright.sync_api import sync_playwright

    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    spoken.write_bytes(recording())
    settings = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=settings)
        yield started
        started.close()


@pytest.fixture
def opened(browser: "Browser", server: Served) -> Iterator[Opened]:
    """A new tab; at its end no request has left for elsewhere, and the console has no errors."""
    context = browser.new_context(permissions=["microphone"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    found = Opened(page, server)
    yield found
    context.close()
    found.check()
