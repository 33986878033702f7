"""Real processes: Ctrl-C before and after the work, and standard streams that fail."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAKE = [sys.executable, str(HERE / "fake_task.py")]


def process(command, *folders, **options):
    path = os.pathsep.join(map(str, [*folders, ROOT, HERE]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        **options,
    )  # fmt: skip


def with_streams(redirections, *arguments):
    """Runs the fake pipeline from a shell that redirects its streams."""
    done = process(["sh", "-c", f'exec "$@" {redirections}', "sh", *FAKE, *map(str, arguments)])
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_ctrl_c_while_python_imports(tmp_path):
    (tmp_path / "docstring_parser.py").write_text(
        "import os, signal\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "except BaseException: pass  # as some libraries do\n"
        "raise RuntimeError('went on')\n"
    )
    done = process([sys.executable, "-m", "pipelines.sentiment", "--help"], tmp_path, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"interrupted\n")


def test_ctrl_c_is_ignored_where_it_was_before(tmp_path):
    (tmp_path / "docstring_parser.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise RuntimeError('went on')\n"
    )
    command = [sys.executable, "-m", "pipelines.sentiment", "--help"]
    done = process(["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command], tmp_path, cwd=ROOT)
    assert done.stderr.endswith(b"RuntimeError: went on\n")


def test_ctrl_c_when_all_is_done():
    script = (
        "import atexit, os, signal, sys\n"
        "from fake_task import PIPELINE, main\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "sys.exit(main(PIPELINE))\n"
    )
    done = process([sys.executable, "-c", script, "--help"])
    assert (done.returncode, done.stderr) == (0, b"")


def test_streams_that_are_closed(model):
    assert with_streams(">&-", "predict", model, "good") == (0, "", "")
    code, output, error = with_streams("2>&-", "predict", model, "good")
    assert (code, json.loads(output)["text"], error) == (0, "good", "")
    assert with_streams("2>&-", "tran") == (2, "", "")
    assert with_streams("<&- >&- 2>&-", "predict", model, "good") == (0, "", "")


def test_a_disk_that_is_full(model, tmp_path):
    output = tmp_path / "answers.jsonl"
    with output.open("wb") as file:
        done = subprocess.run(
            [*FAKE, "predict", str(model), "good", "bad"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=file, stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"error: standard output, {output}: File too large\n".encode()
    assert output.read_bytes() == b""
