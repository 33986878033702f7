"""Training's peak memory on a file, and on one of four times its rows.

Run ``python -m benchmarks.memory``, or as a part of ``benchmarks.speed``. With ``--text 200 2000``
it is a language model's, on plain text of so many megabytes, from the first reading until it has
been trained for a while.
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

from benchmarks.timing import say
from benchmarks.workload import LOG_LENGTH_DEVIATION, generated_reviews
from toolkit.errors import WorkError

ROWS = 20_000
#: Words a text, about: shorter than reviews, so that an epoch on the large file takes seconds.
WORDS = 40
#: The same model and the same batches whatever the file, and small, so that the file would show.
OPTIONS = (
    *("--epochs", "1", "--batch-tokens", "8192", "--max-length", "100"),
    *("--embedding-size", "16", "--hidden-size", "16", "--no-bidirectional"),
)

#: Runs a command and prints its peak memory. A small process does this, because on Linux a new
#: process inherits, as its peak so far, what the process that started it holds.
LAUNCHER = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

#: The same of a command that is interrupted: the signal is passed on, and the end waited for. It is
#: caught before the command begins, which would else ignore it as a shell's background jobs do.
PATIENT_LAUNCHER = """\
import resource, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
process.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
#: For so many seconds a language model is trained before its memory is looked at.
TRAINED = 60

NOTES = f"""\
`python -m pipelines.sentiment train`, all of it, in a process of its own: one epoch with validation
and export on a generated CSV file; texts of {WORDS} words or so, small network, 8,192 tokens a
batch. Peak resident memory, TensorFlow's own share and the pages of the temporary file of ids (4
bytes a token, which the system may take back at any time) included."""


@dataclass(frozen=True)
class Result:
    """One training.

    Attributes:
        rows: How many rows the file has.
        file_bytes: How large it is.
        peak_bytes: The process's largest resident memory.
    """

    rows: int
    file_bytes: int
    peak_bytes: int


def measure(quick: bool = False) -> list[Result]:
    """A file, and one four times as large.

    Args:
        quick: Whether tiny files will do, to see that it runs.

    Raises:
        WorkError: A training failed.
    """
    rows = 400 if quick else ROWS
    return [_train(rows), _train(4 * rows)]


def table(results: list[Result]) -> str:
    """The results in Markdown."""
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
        unit = 1 if sys.platform == "darwin" else 1024
        return Result(rows, path.stat().st_size, unit * int(done.stdout.split()[-1]))


def _write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    lengths = WORDS * np.exp(rng.normal(0, LOG_LENGTH_DEVIATION, rows))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(generated_reviews(lengths.astype(int).tolist(), seed=rows))


def of_text(megabytes: int) -> tuple[int, float]:
    """The peak memory of a language model's training, in bytes, and the seconds before its steps.

    Args:
        megabytes: The size of the text; its lines are generated.

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
        with open(log, "w") as said:  # a pipe would fill up, and nobody reads it
            process = subprocess.Popen(
                [sys.executable, "-c", PATIENT_LAUNCHER, *command, "--output", str(run), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        while not (run / "checkpoint" / "state.npz").exists() and process.poll() is None:
            time.sleep(0.1)
        seconds = time.monotonic() - began
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TRAINED)
        process.send_signal(signal.SIGINT)
        peak, _ = process.communicate()
        if not peak.strip() or not (run / "checkpoint").exists():
            raise WorkError(f"training failed: {log.read_text().strip()}")
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * int(peak.split()[-1]), seconds


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--text", type=int, nargs="+", metavar="MB")
    given = parser.parse_args()
    if not given.text:
        print(table(measure()))
        return
    print("| text, MB | peak memory, MB | seconds until the first step |\n|---:|---:|---:|")
    for megabytes in given.text:
        peak, seconds = of_text(megabytes)
        print(f"| {megabytes:,} | {peak / 1e6:,.0f} | {seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
