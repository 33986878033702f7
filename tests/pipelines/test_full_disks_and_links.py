"""A full disk behind standard output, and links where a run is written."""

import errno
import io
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_task import FakeTask

from pipelines import output as output_module
from toolkit.errors import OptionError
from toolkit.export.version import write_version
from toolkit.files import atomic_write

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, str(Path(__file__).with_name("fake_task.py"))]
LINES = [b"one\n", b"\n", b"", b"three and some more\n", b"4\n"]


# Standard output


@pytest.fixture
def capacity(monkeypatch):
    """Return a function that limits the bytes that can be written; writes are then partial."""
    left = [10**6]

    def write(descriptor: int, content: bytes) -> int:
        count = min(len(content), left[0])
        if content and not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= count
        return os.write(descriptor, bytes(content[:count]))

    stand_in = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})
    stand_in.write = write
    monkeypatch.setattr(output_module, "os", stand_in)
    return lambda count: left.__setitem__(0, count)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_no_line_is_cut_in_two(tmp_path, capacity, size) -> None:
    whole = b"".join(LINES)
    for most in range(len(whole) + 1):
        path = tmp_path / "answers"
        path.write_bytes(b"before\n")
        capacity(most)
        with path.open("ab", buffering=0) as file:
            output = io.BufferedWriter(output_module._Output(file.fileno()), size)
            failures = []
            for line in [*LINES, b"after\n"]:
                try:
                    output.write(line)
                    output.flush()
                except OSError as error:
                    failures.append(error)
        assert len(failures) == 1
        assert failures[0].filename == f"standard output, {path}"
        fitting = whole[:most]
        expected = fitting[: fitting.rfind(b"\n") + 1]
        assert path.read_bytes() == b"before\n" + expected


def test_what_another_process_appends_stays(tmp_path, capacity) -> None:
    path = tmp_path / "answers"
    capacity(3)
    with path.open("wb", buffering=0) as file:
        output = output_module._Output(file.fileno())
        assert output.write(b"four\n") == 3
        with path.open("ab") as other:
            other.write(b"other\n")
        with pytest.raises(OSError, match="No space left"):
            output.write(b"r\n")
    assert path.read_bytes() == b"fouother\n"


def predict(model: Path, output: object, limit: int | None = None) -> subprocess.CompletedProcess:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*FAKE, "predict", str(model), *map(str, range(99))],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=output, stderr=subprocess.PIPE,
        preexec_fn=limited, check=False, text=True,
    )  # fmt: skip


def test_a_file_that_becomes_full(model, tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    with path.open("wb") as file:
        done = predict(model, file, limit=1000)
    assert done.stderr == f"error: standard output, {path}: File too large\n"
    assert done.returncode == 1
    lines = path.read_text().splitlines(keepends=True)
    assert 5 < len(lines) < 99
    assert all(line.endswith("}\n") for line in lines)


def test_a_device_that_is_full(model) -> None:
    with open("/dev/full", "wb") as file:
        done = predict(model, file)
    assert done.stderr == "error: standard output, /dev/full: No space left on device\n"
    assert done.returncode == 1


# Links


@pytest.mark.parametrize("name", ["link", "link/run"])
def test_an_output_that_is_a_link_to_nowhere(call, data, model, tmp_path, name) -> None:
    gone = tmp_path / "gone"
    (tmp_path / "link").symlink_to(gone)
    for line in (["train", "--data", data], ["evaluate", model, "--data", data]):
        code, output, error = call(*line, "--output", tmp_path / name)
        assert (code, output) == (2, "")
        assert error.splitlines()[-1] == (
            f"error: {tmp_path}/link: a link to {gone}, which does not exist"
        )
    with pytest.raises(FileNotFoundError, match=f"a link to {gone}, which does not exist"):
        atomic_write(tmp_path / name / "file", "")
    assert not gone.exists()


def test_an_output_that_is_a_link_to_a_folder(call, data, run, tmp_path) -> None:
    (tmp_path / "link").symlink_to(run)
    assert call("train", "--data", data, "--output", tmp_path / "link")[0] == 0
    assert (run / "1" / "saved_model.pb").exists()


@pytest.mark.parametrize("name", ["checkpoint", "1", "2"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_training_writes_through_no_link(call, data, run, tmp_path, name, exists) -> None:
    outside = tmp_path / "outside"
    if exists:
        outside.mkdir()
        (outside / "mine.txt").write_text("mine")
    (run / name).symlink_to(outside)
    code, output, error = call("train", "--data", data, "--output", run)
    assert (code, output) == (2, "")
    assert error == (
        f"error: {run}/{name} is a link to {outside}; a run is written into its own folder alone; "
        "remove the link\n"
    )
    assert FakeTask.made == []
    assert [entry.name for entry in run.iterdir()] == [name]
    assert not exists or [*outside.iterdir()] == [outside / "mine.txt"]


def test_other_trainings_write_through_no_link(call, data, run, tmp_path) -> None:
    (tmp_path / "outside").mkdir()
    assert call("train", "--data", data, "--output", run)[0] == 0
    (run / "seeds").symlink_to(tmp_path / "outside")
    code, _, error = call("evaluate", run, "--data", data, "--seeds", "2")
    assert (code, f"{run}/seeds is a link" in error) == (2, True)
    assert not list((tmp_path / "outside").iterdir())


def test_a_version_is_not_written_over_a_link(tmp_path) -> None:
    (tmp_path / "1").symlink_to(tmp_path / "gone")
    with pytest.raises(OptionError, match="1 is a link to"):
        write_version(tmp_path, Path.mkdir)
    assert [entry.name for entry in tmp_path.iterdir()] == ["1"]
