"""Real processes, killed at random moments, and the same command again."""

import re
import subprocess
import sys

import pytest

from pipelines.samples.reviews import reviews


@pytest.mark.slow
def test_killed_trainings_come_to_the_same_end(tmp_path) -> None:
    data = tmp_path / "data.csv"
    lines = [f'"{text}",{label}\n' for text, label in reviews("train")[:200]]
    data.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.robustness.kill_and_resume", "--data", str(data)]
    # The seed has the second come early after the first checkpoint, and the third in an export.
    options = ["--rows", "200", "--kills", "3", "--epochs", "2", "--seed", "181"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "while training, after a checkpoint" in done.stdout
    assert "3 of 3 ends are bit-identical" in done.stdout
    assert re.findall(r"^\d: the same$", done.stderr, re.MULTILINE) == [
        f"{number}: the same" for number in (1, 2, 3)
    ]
