"""Files that are written whole or not at all."""

import errno

import pytest

from toolkit.files import atomic, atomic_write


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
