"""Kill trainings at random moments, resume them, and compare with an uninterrupted training.

Run ``python -m benchmarks.robustness.kill_and_resume --data reviews.csv --rows 1000 --kills 50``.

Each training is a process that gets ``kill -9`` at a random moment: in turn within its whole time,
after its first checkpoint, and after training, during export. The same command is then run again to
the end. The run's folder must equal that of a training that was not killed: all arrays in
``model.keras``, the SavedModel's variables, metrics, golden answers, the history except for the
seconds, and the list of files. A training that ends before its kill does not count, and its
duration is the estimate for later ones. Processes are forked from one that has imported but not
used TensorFlow, so that they start at once.
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

#: A small network that uses all state that must be resumed, with as many checkpoints as possible.
TRAINING_OPTIONS = (
    *("--embedding-size", "16", "--hidden-size", "16", "--max-length", "100", "--ema", "0.9"),
    *("--word-dropout", "0.1", "--dropout", "0.1", "--vectors", "cooccurrence"),
    *("--checkpoint-seconds", "0"),
)


def main() -> int:
    """Run the command line; return 1 if a resumed training differs."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.robustness.kill_and_resume", description=__doc__
    )
    parser.add_argument("--data", required=True, help="a CSV file with columns text and label")
    parser.add_argument(
        "--rows", type=int, default=1000, help="the number of rows, drawn at random"
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console.set_up(debug=False)
    PIPELINE.load_task()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subset(arguments.data, arguments.rows, arguments.seed, folder / "data.csv")
        data = str(folder / "data.csv")
        options = ["--data", data, "--epochs", str(arguments.epochs), *TRAINING_OPTIONS]
        began = time.time()
        train(options, folder / "reference")
        seconds = time.time() - began
        reference = contents(folder / "reference")
        stage_seconds = durations(folder / "reference", began)
        phases: Counter[str] = Counter()
        same = 0
        trials = itertools.count()
        for number, stage in zip(range(1, arguments.kills + 1), itertools.cycle(stage_seconds)):
            phase = None
            while phase is None:
                run = folder / f"run_{next(trials)}"
                run.mkdir()
                began = time.time()
                wait = rng.uniform(0, stage_seconds[stage])
                phase = train_and_kill(options, run, run / stage, wait)
                if phase is None:
                    stage_seconds = durations(run, began)
            phases[phase] += 1
            train(options, run)
            different = sorted(
                part for part, digest in (reference.items() ^ contents(run).items()) if digest
            )
            same += not different
            print(f"{number}: {', '.join(dict.fromkeys(different)) or 'the same'}", file=sys.stderr)
    print(f"{description(os.cpu_count() or 1)}\n")
    print(f"{arguments.rows} rows, {arguments.epochs} epochs, {seconds:.1f} s without a kill.\n")
    print("| killed | times |\n|---|---:|")
    for phase, count in phases.most_common():
        print(f"| {phase} | {count} |")
    print(f"\n{same} of {arguments.kills} ends are bit-identical.")
    return 0 if same == arguments.kills else 1


def subset(data: str, rows: int, seed: int, path: Path) -> None:
    """Write some rows of a CSV file with columns ``text`` and ``label``."""
    frame = pd.read_csv(data, keep_default_na=False, usecols=["text", "label"])
    frame.sample(min(rows, len(frame)), random_state=seed).to_csv(path, index=False)


def start(options: list[str], run: Path) -> int:
    """Start a training in a forked process, and return its process id."""
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
        os._exit(code)  # never return into the caller's loop


def train(options: list[str], run: Path) -> None:
    """Run a training to the end."""
    _, status = os.waitpid(start(options, run), 0)
    if status:
        raise SystemExit(Path(f"{run}.log").read_text(encoding="utf-8"))


def durations(run: Path, began: float) -> dict[str, float]:
    """Return how long a training went on after each of some files was written."""
    trained = (run / "model.keras").stat().st_mtime
    epochs = pd.read_csv(run / "history.csv")["seconds"]
    ended = (run / "README.md").stat().st_mtime
    return {
        ".": ended - began,
        "checkpoint/state.npz": float(epochs[1:].sum()),  # the first one compiles
        "model.keras": ended - trained,
    }


def has_ended(process: int) -> bool:
    """Return whether a started process has ended by itself; call again only if it has not."""
    return os.waitpid(process, os.WNOHANG)[0] == process


def train_and_kill(options: list[str], run: Path, after: Path, seconds: float) -> str | None:
    """Kill a training some seconds after a file is written, and return its phase.

    Returns:
        The phase at the kill; None if the training ended before.
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
    """Return a digest of each part of a run that must be the same."""
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
    """Return a digest of each array in a ``.keras`` file."""
    digests: dict[str, str] = {}

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            digests[name] = digest(item[()].tobytes())

    with (
        zipfile.ZipFile(archive) as file,
        file.open("model.weights.h5") as weights,
        h5py.File(weights) as content,
    ):
        content.visititems(add)
    return digests


def digest(content: bytes) -> str:
    """Return the SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
