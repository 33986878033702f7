"""Existence of the commands that documents and docstrings name."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    ROOT / "Makefile",
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("benchmarks/**/*.py"),
]


def named_commands(text: str) -> set[str]:
    """Return the modules that a text runs by ``python -m``, also across line ends."""
    return {*re.findall(r"python -m (benchmarks(?:\.\w+)*)(?![\w.]*\{)", " ".join(text.split()))}


def is_command(module: str) -> bool:
    """Return whether ``python -m module`` would run something."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    if spec is None or spec.origin is None:
        return False
    path = Path(spec.origin)
    if path.name == "__init__.py":
        path = path.with_name("__main__.py")
    return path.exists() and '__name__ == "__main__"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(document):
    commands = named_commands(document.read_text(encoding="utf-8"))
    assert [name for name in sorted(commands) if not is_command(name)] == []


def test_commands_are_found_across_lines():
    assert named_commands("run `python\n  -m benchmarks.speed.tagger --quick`") == {
        "benchmarks.speed.tagger"
    }


def test_modules_without_a_command_are_told_apart():
    assert is_command("benchmarks.speed.classifier")
    assert is_command("benchmarks.robustness.fuzz")
    for name in ("benchmarks.speed", "benchmarks.timing", "benchmarks.tagging"):
        assert not is_command(name)
