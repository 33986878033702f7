"""Imports go one way, and the light rooms stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Each line may import from the lines before it, and each room from itself.
LINES = (
    ("errors",),
    ("files", "options"),
    ("cells", "text", "decoding", "pictures"),
    ("layers", "data"),
    ("models",),
    ("training", "evaluation", "diagnostics", "export"),
    ("tasks",),
)
#: ``toolkit/__init__.py`` holds the version and nothing else, so all may read it.
LEVELS = {room: level for level, line in enumerate(LINES) for room in line}


def imported_rooms(source: str) -> set[str]:
    """The rooms of the toolkit that a module imports, at its top or within."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "toolkit" and len(parts) > 1 and not parts[1].startswith("__"):
                rooms.add(parts[1])
    return rooms


def broken_rules(files: dict[str, str]) -> list[str]:
    """The imports that go the wrong way, among sources by their path below ``toolkit/``."""
    broken = []
    for path, source in files.items():
        room = path.split("/")[0].removesuffix(".py")
        broken += [
            f"{path} imports {other}"
            for other in imported_rooms(source) - {room}
            if LEVELS[other] >= LEVELS[room]
        ]
    return broken


def test_each_room_uses_only_rooms_on_earlier_lines() -> None:
    toolkit = ROOT / "toolkit"
    files = {
        path.relative_to(toolkit).as_posix(): path.read_text(encoding="utf-8")
        for path in toolkit.rglob("*.py")
        if path != toolkit / "__init__.py"
    }
    assert len(files) > 20
    assert broken_rules(files) == []


def test_a_wrong_import_would_be_seen() -> None:
    wrong = {
        "cells/gru.py": "from toolkit.layers import GRU",
        "text/split.py": "def f():\n    import toolkit.cells.gru",
        "training/fitting.py": "from toolkit.export import verify",
    }
    assert len(broken_rules(wrong)) == 3


def test_the_toolkit_does_not_know_the_pipelines() -> None:
    for path in (ROOT / "toolkit").rglob("*.py"):
        assert "pipelines" not in {
            node.module.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module
        }, path


@pytest.mark.parametrize(
    "modules",
    [
        "toolkit, toolkit.errors, toolkit.tasks.options, toolkit.data, toolkit.text",
        "toolkit.tasks, toolkit.training, toolkit.export, toolkit.evaluation",
        "pipelines.sentiment, pipelines.command",
    ],
)
def test_imports_without_tensorflow_or_keras(modules: str) -> None:
    code = (
        f"import sys, {modules}\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    forbidden = [str(ROOT).encode(), b"pypi" + b".org", b"pythonhosted" + b".org"]
    for name in listed.stdout.split(b"\0"):
        path = ROOT / name.decode()
        if not name or not path.is_file():
            continue
        content = path.read_bytes()
        assert len(content) <= 20_000_000, path
        for word in forbidden:
            assert word not in content, f"{path} names {word!r}"
