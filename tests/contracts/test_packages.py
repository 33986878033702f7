"""The wheel has every package that the checkout has, and no folder holds too many files."""

import tomllib
from pathlib import Path

from documented_task import code_lines
from setuptools import find_packages

ROOT = Path(__file__).parents[2]
#: The most source files that a folder has.
MOST = 20


def test_each_package_is_found() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings = project["tool"]["setuptools"]["packages"]["find"]
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for name in ("toolkit", "pipelines")
        for path in (ROOT / name).rglob("*.py")
    }
    assert set(find_packages(str(ROOT), **settings)) == there
    assert {"toolkit.data.texts", "toolkit.tasks.classification", "pipelines.verbs"} <= there


def test_no_folder_has_too_many_source_files() -> None:
    counts = {
        folder.relative_to(ROOT).as_posix(): len(list(folder.glob("*.py")))
        for name in ("toolkit", "pipelines", "benchmarks")
        for folder in [ROOT / name, *(ROOT / name).rglob("*/")]
    }
    assert counts["toolkit/data"] > 1
    assert {folder: n for folder, n in counts.items() if n > MOST} == {}


def test_the_documented_task_and_each_task_file_are_short() -> None:
    assert 100 < code_lines() <= 150
    tasks = [*(ROOT / "toolkit" / "tasks").glob("*/task.py")]
    assert len(tasks) > 3
    for path in tasks:
        assert len(path.read_text(encoding="utf-8").splitlines()) < 350, path
