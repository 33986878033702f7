"""SIGTERM and SIGHUP do what Ctrl-C does, for every verb."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_task import FakeTask

from pipelines.samples.reviews import reviews
from toolkit.training.interruption import Interrupt
from toolkit.training.state import State, write_state

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, str(Path(__file__).with_name("fake_task.py"))]
SIGNALS = pytest.mark.parametrize(
    ("number", "code", "ending"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up")],
    ids=["term", "hup"],
)


def unignored() -> None:
    """Take signals as usual, also where the tests were started by nohup."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*command: object, **options: object) -> subprocess.Popen[str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # type: ignore[call-overload]
        [*map(str, command)], **pipes, text=True, env=environment, preexec_fn=unignored, **options
    )


@SIGNALS
def test_while_waiting(model, number, code, ending) -> None:
    with start(*FAKE, "predict", model) as process:
        process.stdin.write("good\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == code
        assert process.stderr.read() == f"{ending}\n"


@SIGNALS
def test_before_the_work_has_begun(tmp_path, number, code, ending) -> None:
    (tmp_path / "docstring_parser.py").write_text(
        f"import os\nos.kill(os.getpid(), {int(number)})\nraise RuntimeError('went on')\n"
    )
    command = [sys.executable, "-m", "pipelines.sentiment", "--help"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
        preexec_fn=unignored,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"{ending}\n")


def test_a_hangup_is_ignored_where_it_was_before(model) -> None:
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    with start(*ignoring, *FAKE, "predict", model) as process:
        for text in ("good", "bad"):
            process.stdin.write(f"{text}\n")
            process.stdin.flush()
            assert text in process.stdout.readline()
            process.send_signal(signal.SIGHUP)
        process.stdin.close()
        assert process.wait() == 0


@SIGNALS
def test_a_training_says_what_the_same_command_would_do(
    call, data, run, monkeypatch, number, code, ending
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        write_state(run / "checkpoint" / "state.npz", State(2, 7, 1.5, [], {}, [], []), {})
        raise Interrupt(number)

    monkeypatch.setattr(FakeTask, "fit", interrupted)
    found, _, error = call("train", "--data", data, "--output", run)
    assert found == code
    assert error.splitlines()[-1] == (f"{ending}; the same command continues from epoch 3, batch 7")


@pytest.mark.slow
@SIGNALS
def test_a_real_training_ends_with_a_checkpoint(tmp_path, number, code, ending) -> None:
    data = tmp_path / "data.csv"
    rows = [f'"{text}",{label}\n' for text, label in reviews("train")[:300]]
    data.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    command = [sys.executable, "-m", "pipelines.sentiment", "train", "--data", data]
    options = ["--epochs", "500", "--patience", "500", "--checkpoint-seconds", "1000000000"]
    line = [*command, "--output", tmp_path / "run", *options]
    with start(*line, cwd=ROOT) as process:
        assert any(re.search("^epoch 2/", line) for line in process.stderr)
        process.send_signal(number)
        last = process.stderr.read().splitlines()[-1]
        assert process.wait() == code
    told = re.fullmatch(rf"{ending}; the same command continues from (epoch \d+, batch \d+)", last)
    assert told, last
    with start(*line, cwd=ROOT) as process:
        assert f"resuming from {told[1]}\n" in process.stderr
        process.send_signal(number)
        process.stderr.read()
        assert process.wait() == code
