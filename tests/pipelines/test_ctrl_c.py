"""A real training, Ctrl-C, and the same command again."""

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.samples.reviews import reviews

#: Far from its end when Ctrl-C comes.
TRAINING = ["--epochs", "500", "--patience", "500", "--checkpoint-seconds", "0.2"]
#: It is to end within 2 seconds of a machine that does nothing else; these are the processor's.
SECONDS = 8


def cpu_seconds(process: subprocess.Popen) -> float:
    """How long the processors have worked for a process."""
    after_name = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_children() -> float:
    """The same of all that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


@pytest.mark.slow
def test_a_training_ends_soon_and_goes_on_where_it_was(start, tmp_path):
    before = cpu_seconds_of_children()
    with start() as process:
        assert lines_until(process, "^epoch 2/")
        pressed = cpu_seconds(process)
        process.send_signal(signal.SIGINT)
        last = process.stderr.read().splitlines()[-1]
        assert process.wait() == 130
        assert cpu_seconds_of_children() - before - pressed < SECONDS
    told = re.fullmatch(
        r"interrupted; the same command continues from (epoch \d+, batch \d+)", last
    )
    assert told, last
    with start() as process:
        assert lines_until(process, "^resuming") == f"resuming from {told[1]}\n"
        with start() as other:
            assert lines_until(other, "another process writes into")
            assert other.wait() == 2
        assert lines_until(process, "^epoch")
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait() == 130
    assert (tmp_path / "run" / "checkpoint" / "state.npz").is_file()
