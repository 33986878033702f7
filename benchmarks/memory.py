"""Training's peak memory on a file, and on one of four times its rows.

Run ``python -m benchmarks.memory``, or as a part of ``benchmarks.speed``.
"""

import csv
import subprocess
import sys
import tempfile
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


if __name__ == "__main__":
    print(table(measure()))
