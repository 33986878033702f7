"""Files that are written whole or not at all."""

import errno
import fcntl
import os
import socket
import subprocess
import sys

import pytest

from toolkit.files import (
    atomic,
    atomic_write,
    exclusive_lock,
    temporary_sibling,
    written_together,
)


def test_an_old_file_stays_where_the_new_one_cannot_be_written(tmp_path, full_disk) -> None:
    path = atomic_write(tmp_path / "new" / "a.txt", "old")
    full_disk()
    with pytest.raises(OSError, match=r"a\.txt") as caught:
        atomic_write(path, "new")
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_nothing_is_left_of_what_failed(tmp_path) -> None:
    def fail() -> None:
        with atomic(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_folder_without_permission(tmp_path, unprivileged) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError) as caught:
        atomic_write(tmp_path / "a.txt", "new")
    assert caught.value.filename.startswith(str(tmp_path))


@pytest.mark.parametrize("as_folder", [False, True])
def test_only_what_no_process_is_writing_any_more_is_cleared(tmp_path, as_folder) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        here = f".unfinished-a.txt-{socket.gethostname()}-"
        kept = {
            *(f"{here}{running.pid}", f"{here}notes", f".unfinished-a.txt-elsewhere-{done.pid}"),
            f".unfinished-b.txt-{socket.gethostname()}-{done.pid}",
        }
        for name in (*kept, f"{here}{done.pid}"):
            path = tmp_path / name / "variables"
            path.mkdir(parents=True) if as_folder else path.parent.touch()
        with temporary_sibling(tmp_path / "a.txt") as beside:
            beside.mkdir() if as_folder else beside.touch()
            beside.rename(tmp_path / "a.txt")
        running.stdin.close()
    assert {*os.listdir(tmp_path)} == {*kept, "a.txt"}


def test_what_a_killed_process_left_of_a_file_is_cleared(tmp_path) -> None:
    script = (
        "import os, sys; from toolkit.files import atomic\n"
        "with atomic(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "a.txt"
    killed = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert killed.returncode == -9
    (leftover,) = os.listdir(tmp_path)
    assert leftover.startswith(".")
    atomic_write(path, "whole")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_is_one_process_s_until_that_ends(tmp_path) -> None:
    hold = (
        "import sys\n"
        "from toolkit.files import exclusive_lock\n"
        "with exclusive_lock(sys.argv[1]):\n    print(flush=True)\n    input()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold, tmp_path], **pipes) as process:
        process.stdout.readline()
        with pytest.raises(BlockingIOError), exclusive_lock(tmp_path):
            pass
        process.kill()
        process.wait()
    for _ in range(2):
        with exclusive_lock(tmp_path), pytest.raises(BlockingIOError), exclusive_lock(tmp_path):
            pass
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_gives_none(tmp_path, monkeypatch) -> None:
    def fail(*_) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with exclusive_lock(tmp_path):
        assert tmp_path.exists()


def test_files_are_written_together_or_not_at_all(tmp_path) -> None:
    folder = tmp_path / "new"

    def write(over: bool, **contents: str) -> None:
        with written_together(folder, over) as hidden:
            for name, content in contents.items():
                (hidden / name).write_text(content)
            assert [path.name for path in folder.glob(".*")] == [hidden.name]
            if "full" in contents:
                raise OSError(errno.ENOSPC, "No space left on device", str(hidden / "full"))

    write(over=False, a="1", b="2")
    with pytest.raises(FileExistsError, match=r"new/b'$"):
        write(over=False, b="3", c="4")
    write(over=True, a="5")
    (folder / "below").mkdir()
    with pytest.raises(IsADirectoryError, match=r"new/below'$"):
        write(over=True, a="6", below="7")
    with pytest.raises(OSError, match=r"new/full'$"):
        write(over=True, a="8", full="9")
    left = {path.name: path.is_dir() or path.read_text() for path in folder.iterdir()}
    assert left == {"a": "5", "b": "2", "below": True}
