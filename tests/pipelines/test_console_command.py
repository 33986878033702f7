"""The command of all pipelines, and other packages in the place of the project's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import recurrent_toolkit
from pipelines.pipeline import Pipeline
from toolkit import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the name of the program be what it was."""
    monkeypatch.setattr(Pipeline, "program", Pipeline.program)


def test_each_pipeline_is_named_and_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert recurrent_toolkit.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in recurrent_toolkit.PIPELINES:
        assert f"\n  {name} " in shown
        assert recurrent_toolkit.main([name, "--help"]) == 0
        assert f"usage: recurrent-toolkit {name} VERB" in capsys.readouterr().out
    assert recurrent_toolkit.main(["language_model", "--version"]) == 0
    assert capsys.readouterr().out.startswith(f"recurrent-toolkit {__version__} (tensorflow ")


def test_what_is_no_pipeline_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert recurrent_toolkit.main(["sentimnt", "train"]) == 2
    assert "there is no pipeline sentimnt; did you mean sentiment?" in capsys.readouterr().err
    assert recurrent_toolkit.main([]) == 2
    assert "a pipeline is missing; it can be sentiment, ner" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["toolkit", "pipelines", "toolkit.py"])
def test_another_package_in_its_place_is_said_with_its_place(name: str, tmp_path: Path) -> None:
    if name.endswith(".py"):
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    script = "import recurrent_toolkit, sys; sys.exit(recurrent_toolkit.main(['--help']))"
    commands = [["-c", f"import sys; sys.path.append({str(ROOT)!r}); {script}"]]
    if name != "pipelines":
        commands.append(["-m", "pipelines.sentiment", "--help"])
    for command in commands:
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert done.returncode == 1
        assert not done.stdout
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert str(tmp_path / name) in line


def test_the_help_of_train_begins_with_ten_options(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*recurrent_toolkit.PIPELINES, recurrent_toolkit.SPANS):
        assert recurrent_toolkit.main([name, "train", "--help"]) == 0
        shown = capsys.readouterr().out
        assert recurrent_toolkit.main([name, "train", "--help-all"]) == 0
        everything = capsys.readouterr().out
        first, all_of_them = (
            [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
            for text in (shown, everything)
        )
        assert len(first) == 10
        assert {"--output", "--epochs"} < set(first) < set(all_of_them)
        assert "--help-all lists all" in shown
