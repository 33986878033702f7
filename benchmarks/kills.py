"""Kills trainings at random moments, gives the same command again, and compares the ends.

One training is left alone. Each of the others is a process of its own that gets a ``kill -9`` at a
random moment, in turn of its whole time, of the time after its first checkpoint, and of the time
after its training, while it exports; and then the same command until it ends. Its run's folder must
hold the same: every array in ``model.keras``, the SavedModel's variables, metrics, golden answers,
the history but for the seconds, and no other files. A training that has ended before it could be
killed does not count; those after it are expected to take as long.

Run ``python -m benchmarks.kills --data reviews.csv --rows 1000 --kills 50``. Processes are forked
from one that has imported TensorFlow and not used it, so that starting takes no time.
"""

import argparse
import csv
import hashlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import pandas as pd
import tensorflow as tf

from benchmarks.machine import description
from pipelines import console
from pipelines.sentiment import PIPELINE
from pipelines.sentiment import main as sentiment

#: A small network, in which all that must be kept is at work, with as many checkpoints as may be.
SMALL = (
    *("--embedding-size", "16", "--hidden-size", "16", "--max-length", "100", "--ema", "0.9"),
    *("--word-dropout", "0.1", "--dropout", "0.1", "--vectors", "cooccurrence"),
    *("--checkpoint-seconds", "0"),
)


def main() -> int:
    """Print what was killed where, and how many of the ends were the same."""
    parser = argparse.ArgumentParser("python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=1000, help="so many rows, drawn at random")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    console.set_up(debug=False)
    PIPELINE.load_task()
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subset(given.data, given.rows, given.seed, folder / "data.csv")
        options = ["--data", str(folder / "data.csv"), "--epochs", str(given.epochs), *SMALL]
        began = time.time()
        train(options, folder / "whole")
        seconds = time.time() - began
        whole = contents(folder / "whole")
        lasts = durations(folder / "whole", began)
        moments: Counter[str] = Counter()
        same = 0
        trials = itertools.count()
        for number, stage in zip(range(1, given.kills + 1), itertools.cycle(lasts)):
            moment = None
            while moment is None:
                run = folder / f"run_{next(trials)}"
                run.mkdir()
                began = time.time()
                wait = draw.uniform(0, lasts[stage])
                moment = train_and_kill(options, run, run / stage, wait)
                if moment is None:
                    lasts = durations(run, began)
            moments[moment] += 1
            train(options, run)
            different = sorted(
                part for part, digest in (whole.items() ^ contents(run).items()) if digest
            )
            same += not different
            print(f"{number}: {', '.join(dict.fromkeys(different)) or 'the same'}", file=sys.stderr)
    print(f"{description(os.cpu_count() or 1)}\n")
    print(f"{given.rows} rows, {given.epochs} epochs, {seconds:.1f} s undisturbed.\n")
    print("| killed | times |\n|---|---:|")
    for moment, count in moments.most_common():
        print(f"| {moment} | {count} |")
    print(f"\n{same} of {given.kills} ends are bit-identical.")
    return 0 if same == given.kills else 1


def subset(data: str, rows: int, seed: int, path: Path) -> None:
    """Write some rows of a CSV file with columns ``text`` and ``label``."""
    frame = pd.read_csv(data, keep_default_na=False, usecols=["text", "label"])
    frame.sample(min(rows, len(frame)), random_state=seed).to_csv(path, index=False)


def start(options: list[str], run: Path) -> int:
    """Start a training in a forked process, and return its number."""
    process = os.fork()
    if process:
        return process
    log = os.open(f"{run}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        code = sentiment(["train", *options, "--output", str(run)])
    finally:
        os._exit(code)  # never back into the caller's loop


def train(options: list[str], run: Path) -> None:
    """Train to the end."""
    _, status = os.waitpid(start(options, run), 0)
    if status:
        raise SystemExit(Path(f"{run}.log").read_text(encoding="utf-8"))


def durations(run: Path, began: float) -> dict[str, float]:
    """How long a training went on after each of some files was there."""
    trained = (run / "model.keras").stat().st_mtime
    epochs = pd.read_csv(run / "history.csv")["seconds"]
    ended = (run / "README.md").stat().st_mtime
    return {
        ".": ended - began,
        "checkpoint/state.npz": float(epochs[1:].sum()),  # the first one compiles
        "model.keras": ended - trained,
    }


def has_ended(process: int) -> bool:
    """Whether a process that was started here has ended by itself; asked once more, it fails."""
    return os.waitpid(process, os.WNOHANG)[0] == process


def train_and_kill(options: list[str], run: Path, after: Path, seconds: float) -> str | None:
    """Train, kill it so many seconds after a file is there, and return what it was doing.

    None is for a training that ended before.
    """
    process = start(options, run)
    while not after.exists():
        if has_ended(process):
            return None
        time.sleep(0.01)
    time.sleep(seconds)
    if has_ended(process):
        return None
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    if (run / "README.md").exists():
        return "while ending"
    if (run / "config.yaml").exists():
        return "while exporting"
    if (run / "checkpoint" / "state.npz").exists():
        return "while training, after a checkpoint"
    return "while reading, or before the first checkpoint"


def contents(run: Path) -> dict[str, str]:
    """A digest of each part of a run that must be the same."""
    parts = {f"file {path.relative_to(run)}": "there" for path in run.rglob("*")}
    for name in ("metrics.json", "golden.jsonl"):
        parts[name] = digest((run / name).read_bytes())
    # The SavedModel numbers its variables anew each time.
    variables = tf.train.load_checkpoint(run / "1" / "variables" / "variables")
    names = set(variables.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    digests = sorted(digest(variables.get_tensor(name).tobytes()) for name in names)
    parts["the SavedModel's variables"] = " ".join(digests)
    with (run / "history.csv").open(newline="") as file:
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    parts["history.csv"] = digest(repr(rows).encode())
    parts |= arrays(run / "model.keras")
    return parts


def arrays(archive: Path) -> dict[str, str]:
    """A digest of each array in a ``.keras`` file."""
    found: dict[str, str] = {}

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = digest(item[()].tobytes())

    with (
        zipfile.ZipFile(archive) as file,
        file.open("model.weights.h5") as weights,
        h5py.File(weights) as content,
    ):
        content.visititems(add)
    return found


def digest(content: bytes) -> str:
    """The SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
