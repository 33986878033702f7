"""A real training, Ctrl-C, and the same command again."""

import re
import signal
import subprocess
import sys
import time

import pytest

from pipelines.samples.reviews import reviews

#: Far from its end when Ctrl-C comes.
TRAINING = ["--epochs", "500", "--patience", "500", "--checkpoint-seconds", "0.2"]
#: It is to end within 2 seconds of a machine's that does nothing else.
SECONDS = 8


def lines_until(process: subprocess.Popen, pattern: str) -> str:
    """Reads standard error up to a line that matches, or to its end."""
    for line in process.stderr:
        if re.search(pattern, line):
            return line
    return ""


@pytest.fixture
def start(tmp_path):
    data = tmp_path / "data.csv"
    rows = [f'"{text}",{label}\n' for text, label in reviews("train")[:300]]
    data.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    command = [sys.executable, "-m", "pipelines.sentiment", "train", "--data", str(data)]
    line = [*command, "--output", str(tmp_path / "run"), *TRAINING]
    return lambda: subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def test_a_training_ends_soon_and_goes_on_where_it_was(start, tmp_path):
    with start() as process:
        assert lines_until(process, "^epoch 2:")
        process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        last = process.stderr.read().splitlines()[-1]
        assert process.wait() == 130
        assert time.monotonic() - pressed < SECONDS
    told = re.fullmatch(r"interrupted; the same command goes on from (epoch \d+, batch \d+)", last)
    assert told, last
    with start() as process:
        assert lines_until(process, "^going on") == f"going on from {told[1]}\n"
        with start() as other:
            assert lines_until(other, "another process writes into")
            assert other.wait() == 2
        assert lines_until(process, "^epoch")
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait() == 130
    assert (tmp_path / "run" / "checkpoint" / "state.npz").is_file()
