"""Damage files of runs at random, and ask the runs.

Run ``python -m benchmarks.robustness.damaged_runs RUN ... --faults 100``; a run with a
``model.keras`` is also exported from its damaged copy.

Each fault changes one file of a copy: a flipped bit, a cut, zeros, other bytes, more bytes, or no
file at all. The copy must give the answers of the run, or others, or be refused with an error of
one line and exit code 1 or 2; a traceback, a crash or a minute without an answer is a defect. The
graph and the vocabularies of a SavedModel have no checksum, so the table says how many other
answers ``verify`` notices. Processes are forked from one that has imported but not used TensorFlow,
so that they start at once.
"""

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import yaml

from benchmarks.timing import say
from pipelines import console, language_model, ner, sentiment, translation
from pipelines.command import main as command
from pipelines.pipeline import Pipeline
from toolkit.export.verify import compare_with_golden

PIPELINES = {
    each.PIPELINE.task.rpartition(":")[2]: each.PIPELINE
    for each in (sentiment, ner, translation, language_model)
}
#: What is damaged, by patterns within the run's folder.
PARTS = {
    "archive": "model.keras",
    "variables": "[0-9]*/variables/*",
    "graph": "[0-9]*/*.pb",
    "assets": "[0-9]*/assets/*",
    "golden file": "golden.jsonl",
    "description": "config.yaml",
}
QUESTIONS = ("Ada Lovelace met Mary in London.", "a calm and happy day", "", "7 × 3 = 21")
OUTCOMES = (
    "refused",
    "same answers",
    "other answers, noticed by verify",
    "other answers, not noticed",
    "defect",
)
LIMIT_SECONDS = 60


def main() -> int:
    """Run the command line; return 1 if there are defects."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.robustness.damaged_runs", description=__doc__
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--faults", type=int, default=60, help="the number of faults for each run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    console.set_up(debug=False)
    importlib.import_module("tensorflow")  # the processes share it
    defects = []
    print(f"| run | part | {' | '.join(OUTCOMES)} |\n|---|---|{'---:|' * len(OUTCOMES)}")
    for run in options.runs:
        parts = {name: found for name in PARTS if (found := files(run, name))}
        counts: dict[str, Counter[str]] = {name: Counter() for name in parts}
        with tempfile.TemporaryDirectory() as folder:
            checks = RunChecks(run, Path(folder))
            for number in range(options.faults):
                part = list(parts)[number % len(parts)]
                random = Random(f"{options.seed} {run.name} {number}")
                outcome, detail = checks.check(random, part)
                counts[part][outcome] += 1
                if outcome == "defect":
                    defects.append(f"{run.name}, fault {number}: {detail}")
                    say(defects[-1])
        for part, outcomes in counts.items():
            cells = " | ".join(str(outcomes[name]) for name in OUTCOMES)
            print(f"| {run.name} | {part} | {cells} |", flush=True)
    print(*defects, sep="\n")
    return 1 if defects else 0


def files(run: Path, part: str) -> list[Path]:
    """Return the files of a part of a run, relative to its folder."""
    return sorted(path.relative_to(run) for path in run.glob(PARTS[part]) if path.is_file())


class RunChecks:
    """Checks of damaged copies of a run.

    Args:
        run: The run's folder.
        folder: A folder for copies.
    """

    def __init__(self, run: Path, folder: Path) -> None:
        self._run, self._folder = run, folder
        described = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        self._pipeline: Pipeline = PIPELINES[described["task"]]
        self._expected = self._ask(run)
        if self._expected[0] != 0:
            raise SystemExit(f"{run} does not answer: {self._expected[2]}")

    def check(self, random: Random, part: str) -> tuple[str, str]:
        """Damage one file of a part; return one of ``OUTCOMES`` and the details of a defect."""
        copy = self._folder / "run"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._run, copy)
        damaged = random.choice(files(self._run, part))
        how = damage(random, copy / damaged)
        if part == "archive":
            versions = {path.name for path in copy.iterdir() if path.name.isdecimal()}
            code, output, error = self._command("export", str(copy))
            if code == 0 and versions == {p.name for p in copy.iterdir() if p.name.isdecimal()}:
                return "defect", f"{damaged} {how}: exported nothing, without an error"
        elif part == "golden file":
            code, output, error = self._verify(copy)
        else:
            code, output, error = 0, "", ""
        if code == 0:
            code, output, error = self._ask(copy)
        if code not in (0, 1, 2) or "Traceback" in error or (code and len(error.split("\n")) > 2):
            return "defect", f"{damaged} {how}: exit code {code}: {error[-300:]!r}"
        if code:
            return ("refused", "") if (output + error).strip() else ("defect", f"{damaged}: silent")
        if output == self._expected[1]:
            return "same answers", ""
        code, output, error = self._verify(copy)
        if code not in (0, 1, 2):
            return "defect", f"{damaged} {how}: verify ends with {code}: {error[-300:]!r}"
        return OUTCOMES[2 if code else 3], ""

    def _ask(self, run: Path) -> tuple[int, str, str]:
        return self._command("predict", str(run), *QUESTIONS)

    def _command(self, *words: str) -> tuple[int, str, str]:
        return in_process(lambda: command(self._pipeline, words), self._folder)

    def _verify(self, run: Path) -> tuple[int, str, str]:
        """Verify in a forked process, which saves the import of TensorFlow."""

        def ask() -> int:
            code, verdict = compare_with_golden(str(run))
            print(verdict)
            return code

        return in_process(ask, self._folder)


def damage(random: Random, path: Path) -> str:
    """Damage a file, and return how."""
    content = bytearray(path.read_bytes())
    at = random.randrange(len(content) or 1)
    size = min(len(content) - at, random.choice((1, 16, 4096)))
    how = random.choice(("bit", "bit", "cut", "zeros", "other bytes", "more", "removed", "empty"))
    if how == "removed":
        path.unlink()
        return how
    if how == "bit" and content:
        content[at] ^= 1 << random.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "empty":
        content.clear()
    elif how == "more":
        content[at:at] = random.randbytes(16)
    else:
        content[at : at + size] = bytes(size) if how == "zeros" else random.randbytes(size)
    path.write_bytes(content)
    return f"{how} at {at}"


def in_process(work: Callable[[], int], folder: Path) -> tuple[int, str, str]:
    """Call a function in a forked process; return exit code, standard output and error.

    A process that gets a signal, or takes longer than a minute, has a negative code.
    """
    paths = [folder / "output", folder / "error"]
    process = os.fork()
    if not process:
        for number, path in enumerate(paths, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        code = 99
        try:
            code = work()
            sys.stdout.flush()
        finally:
            os._exit(code)  # never return into the caller's loop
    code = _wait(process)
    output, error = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    return code, output, error


def _wait(process: int) -> int:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGALRM


if __name__ == "__main__":
    sys.exit(main())
