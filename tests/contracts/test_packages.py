"""The wheel has every package that the checkout has."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_package_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for name in ("toolkit", "pipelines")
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert set(listed["tool"]["setuptools"]["packages"]) == there
