"""Measure the peak memory of training on small and large files.

Run ``python -m benchmarks.speed.memory`` for the text classifier, on a file and on one with four
times as many rows (also a part of ``benchmarks.speed.classifier``), or with ``--text 200 2000`` for
a language model on plain text of 200 and 2,000 MB, from reading until a minute of training.
"""

import argparse
import contextlib
import csv
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.speed.classifier.workload import LOG_LENGTH_DEVIATION, generated_reviews
from benchmarks.timing import say
from toolkit.errors import WorkError

ROWS = 20_000
#: The mean words of a text: shorter than reviews, so that an epoch on the large file takes seconds.
WORDS = 40
#: A small model and small batches, so that memory that grows with the file would show.
OPTIONS = (
    *("--epochs", "1", "--batch-tokens", "8192", "--max-length", "100"),
    *("--embedding-size", "16", "--hidden-size", "16", "--no-bidirectional"),
)

#: A program that runs a command and prints its peak memory. It is a small process of its own,
#: because on Linux a process starts with the memory of its parent as its peak.
LAUNCHER = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

#: The same for a command that is interrupted: it passes the signal on and waits for the end. The
#: handler is installed before the command starts, which would otherwise ignore the signal as a
#: shell's background jobs do.
INTERRUPTIBLE_LAUNCHER = """\
import resource, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
process.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
#: The seconds for which a language model is trained.
TRAINING_SECONDS = 60

NOTES = f"""\
The whole of `python -m pipelines.sentiment train`, in a process of its own: one epoch with
validation and export on a generated CSV file; texts of about {WORDS} words, small network, 8,192
tokens a batch. Peak resident memory, including TensorFlow's own and the pages of the temporary file
of ids (4 bytes a token, which the system may reclaim at any time)."""


@dataclass(frozen=True)
class Result:
    """One training.

    Attributes:
        rows: The number of rows in the file.
        file_bytes: The size of the file.
        peak_bytes: The process's peak resident memory.
    """

    rows: int
    file_bytes: int
    peak_bytes: int


def measure(quick: bool = False) -> list[Result]:
    """Train on a file, and on one with four times as many rows.

    Args:
        quick: Whether to use tiny files, to test the benchmark itself.

    Raises:
        WorkError: A training failed.
    """
    rows = 400 if quick else ROWS
    return [_train(rows), _train(4 * rows)]


def table(results: list[Result]) -> str:
    """Return the results as a Markdown table."""
    lines = ["| rows | file, MB | peak memory, MB |", "|---:|---:|---:|"]
    for result in results:
        size, peak = (f"{n / 1e6:,.0f}" for n in (result.file_bytes, result.peak_bytes))
        lines.append(f"| {result.rows:,} | {size} | {peak} |")
    return "\n".join(lines)


def _train(rows: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "reviews.csv")
        _write(path, rows)
        say(f"memory: training on {rows:,} rows")
        command = [sys.executable, "-m", "pipelines.sentiment", "train", "--data", str(path)]
        run = ["--output", str(Path(folder, "run")), *OPTIONS]
        done = subprocess.run(
            [sys.executable, "-c", LAUNCHER, *command, *run],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise WorkError(f"training failed: {done.stderr.strip()}")
        return Result(rows, path.stat().st_size, _peak_bytes(done.stdout))


def _peak_bytes(output: str) -> int:
    """Return the peak memory that a launcher printed, in bytes."""
    return int(output.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


def _write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    lengths = WORDS * np.exp(rng.normal(0, LOG_LENGTH_DEVIATION, rows))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(generated_reviews(lengths.astype(int).tolist(), seed=rows))


def measure_language_model(megabytes: int) -> tuple[int, float]:
    """Return the peak bytes of training a language model, and the seconds until its first step.

    Args:
        megabytes: The size of the generated text.

    Raises:
        WorkError: The training failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, run = Path(folder, "text.txt"), Path(folder, "run")
        block = "".join(f"{text}\n" for text in generated_reviews([WORDS] * 4_000, seed=1))
        with open(path, "w", encoding="utf-8") as file:
            while file.tell() < megabytes * 1e6:
                file.write(block)
        say(f"memory: training on {megabytes:,} MB of text")
        command = [sys.executable, "-m", "pipelines.language_model", "train", "--data", str(path)]
        options = ["--embedding-size", "16", "--hidden-size", "16", "--epochs", "99"]
        options += ["--checkpoint-seconds", "0"]
        began = time.monotonic()
        log = Path(folder, "log")
        with open(log, "w") as output:  # a pipe that nobody reads would fill up
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    INTERRUPTIBLE_LAUNCHER,
                    *command,
                    "--output",
                    str(run),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        while not (run / "checkpoint" / "state.npz").exists() and process.poll() is None:
            time.sleep(0.1)
        seconds = time.monotonic() - began
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TRAINING_SECONDS)
        process.send_signal(signal.SIGINT)
        peak, _ = process.communicate()
        if not peak.strip() or not (run / "checkpoint").exists():
            raise WorkError(f"training failed: {log.read_text().strip()}")
        return _peak_bytes(peak), seconds


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.speed.memory", description=__doc__)
    parser.add_argument(
        "--text", type=int, nargs="+", metavar="MB", help="sizes for a language model"
    )
    options = parser.parse_args()
    if not options.text:
        print(table(measure()))
        return
    print("| text, MB | peak memory, MB | seconds until the first step |\n|---:|---:|---:|")
    for megabytes in options.text:
        peak, seconds = measure_language_model(megabytes)
        print(f"| {megabytes:,} | {peak / 1e6:,.0f} | {seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
