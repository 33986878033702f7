"""Imports go one way, and the light packages stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLKIT = ROOT / "toolkit"
OPTIONS = sorted(TOOLKIT.rglob("options.py"))

#: What no line names: in ``data`` the packages of the other kinds of data, in ``tasks`` those of
#: the tasks; they do not know each other.
REST = "*"
#: By the package in which they lie: each line may import from the lines before it, and each module
#: or package from itself.
LINES = {
    "toolkit": (
        ("errors",),
        ("files", "options", "packages", "quiet"),
        ("cells", "text", "tagging", "series", "audio", "decoding", "pictures"),
        ("music",),
        ("layers", "data"),
        ("models",),
        ("training", "evaluation", "diagnostics", "explanation", "export", "inspection"),
        ("report",),
        ("serving", "tasks"),
    ),
    "toolkit.data": (
        ("sources",),
        ("options",),
        ("labels", "columns", "splits", "bad_rows", "fingerprints", "word_vectors"),
        ("corpora",),
        ("labelled",),
        ("texts",),
        ("series",),
        (REST,),
    ),
    "toolkit.tasks": (
        ("options", "defaults", "previous", "protocol"),
        ("settings",),
        (
            *("card", "epoch_cost", "explaining", "golden", "outcomes"),
            "prepared",
            *("cores", "pretrained", "saving", "span_outputs"),
        ),
        ("reporting",),
        ("run",),
        ("task",),
        ("classifier", "tagger"),
        (REST,),
    ),
}


def module_name(path: str) -> str:
    """The dotted name of a module at a path below the root of the repository."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(source: str) -> set[str]:
    """The dotted names that a module of the toolkit imports, at its top or within."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(name: str, package: str) -> str | None:
    """The module or package directly in a package in which a dotted name lies, if it does."""
    inside = name.removeprefix(f"{package}.")
    return None if inside == name or inside.startswith("__") else inside.split(".")[0]


def broken_rules(files: dict[str, str]) -> list[str]:
    """The imports that go the wrong way, among sources by their path below the root."""
    broken = []
    for path, source in files.items():
        for package, lines in LINES.items():
            levels = {name: level for level, line in enumerate(lines) for name in line}
            rest = levels.get(REST, len(lines))
            own = part(module_name(path), package)
            if own is None:
                continue
            broken += [
                f"{path} imports {package}.{other}"
                for other in {part(name, package) for name in imported(source)} - {own, None}
                if levels.get(other, rest) >= levels.get(own, rest)
            ]
    return broken


def test_each_package_uses_only_packages_on_earlier_lines() -> None:
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in TOOLKIT.rglob("*.py")
    }
    assert len(files) > 100
    assert broken_rules(files) == []


def test_every_name_on_a_line_is_there() -> None:
    for package, lines in LINES.items():
        folder = ROOT / package.replace(".", "/")
        there = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
        named = {name for line in lines for name in line} - {REST}
        assert named <= there
        if REST not in lines[-1]:
            assert named == there - {"__init__", "__pycache__"}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("toolkit/cells/gru.py", "from toolkit.layers import GRU"),
        ("toolkit/text/split.py", "def f():\n    import toolkit.cells.gru"),
        ("toolkit/training/fitting.py", "from toolkit.export import verify"),
        ("toolkit/inspection/leaks.py", "from toolkit.tasks.defaults import choose"),
        ("toolkit/serving/models.py", "from toolkit.tasks.golden import LENGTHS"),
        ("toolkit/data/sources/folder.py", "from toolkit.data.labels import class_name"),
        ("toolkit/data/texts/corpus.py", "from toolkit.data.pairs.scan import scan_pairs"),
        ("toolkit/data/pairs/scan.py", "from toolkit.data.streams import stream"),
        ("toolkit/tasks/options.py", "from toolkit.tasks.entities.options import MONITORS"),
        ("toolkit/tasks/music/task.py", "from toolkit.tasks.translation import task"),
    ],
)
def test_a_wrong_import_would_be_seen(path: str, source: str) -> None:
    assert len(broken_rules({path: source})) == 1


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
        "toolkit, toolkit.errors, toolkit.data, toolkit.text, toolkit.tagging",
        "toolkit.tasks, toolkit.training, toolkit.export, toolkit.evaluation",
        "toolkit.serving, pipelines.verbs.serve",
        "pipelines.sentiment, pipelines.command",
        ", ".join(f"toolkit.report.{path.stem}" for path in (TOOLKIT / "report").glob("*.py")),
        ", ".join(module_name(path.relative_to(ROOT).as_posix()) for path in OPTIONS),
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


def committed_files() -> list[Path]:
    """Return the files that git tracks; in a copy without git, the files where they would be."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    folders = (".ci", "benchmarks", "docs", "pipelines", "saved_models", "tests", "toolkit")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [*ROOT.glob("*"), *(path for path in files if "__pycache__" not in path.parts)]


def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    forbidden = [str(ROOT).encode(), b"pypi" + b".org", b"pythonhosted" + b".org"]
    checked = [path for path in committed_files() if path.is_file()]
    assert Path(__file__) in checked
    for path in checked:
        content = path.read_bytes()
        assert len(content) <= 20_000_000, path
        for word in forbidden:
            assert word not in content, f"{path} names {word!r}"
