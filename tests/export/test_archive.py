"""Text files in ``model.keras``."""

import zipfile
from pathlib import Path

import pytest

from toolkit.errors import ModelError
from toolkit.export.archive import add_assets, read_asset


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    add_assets(path, {"classes.txt": "naïve\n"})
    assert read_asset(path, "classes.txt") == "naïve\n"
    assert read_asset(path, "none.txt") is None


@pytest.mark.parametrize("content", [b"\xff", b"damaged"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("task/classes.txt", content)
    if content == b"damaged":  # so that the checksum does not match
        path.write_bytes(path.read_bytes().replace(b"damaged", b"damagee"))
    with pytest.raises(ModelError, match=r"is damaged: task/classes\.txt"):
        read_asset(path, "classes.txt")


def test_a_text_that_would_fill_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("task/classes.txt", b"a" * 2000)
    content = path.read_bytes()
    directory = content.rindex(b"PK\x01\x02") + 24  # the size in the list of members
    size = (2000).to_bytes(4, "little")
    assert content[directory : directory + 4] == size
    lie = (1 << 31).to_bytes(4, "little")
    path.write_bytes(content[:directory] + lie + content[directory + 4 :])
    with pytest.raises(ModelError, match=r"task/classes\.txt has 2,147,483,648 bytes"):
        read_asset(path, "classes.txt")
