"""The task of ``docs/adding-a-task.md``, made of the code that stands there."""

import re
import sys
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "adding-a-task.md"
#: A file's name in a comment, and its content in the block of code below.
FILE = re.compile(r"<!-- (\S+\.py) -->\n```python\n(.*?)```", re.DOTALL)


def write_package(folder: Path) -> None:
    """Write the document's files into a folder, and let Python import them from there."""
    for name, content in FILE.findall(DOCUMENT.read_text(encoding="utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    sys.path.insert(0, str(folder))


def code_lines() -> int:
    """Return the lines of code of the task, from reader to SavedModel, without its pipeline."""
    files = dict(FILE.findall(DOCUMENT.read_text(encoding="utf-8")))
    task = (files[f"waves/{name}.py"] for name in ("options", "reader", "task"))
    return sum(bool(line.strip()) for content in task for line in content.splitlines())
