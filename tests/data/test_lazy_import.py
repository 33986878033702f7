"""Late imports of the packages that take seconds to import."""

import subprocess
import sys

import pytest

import toolkit.data

HEAVY = ("tensorflow", "keras", "pandas", "sklearn", "tensorflow_datasets")


def test_reading_a_file_imports_nothing_heavy(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("text,label\na,pos\n")
    code = (
        "import sys; from toolkit.data import ColumnOptions, TextExamples, open_source\n"
        "list(TextExamples(open_source(sys.argv[1]), ColumnOptions()))\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.csv")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_reading_series_imports_nothing_heavy(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text('{"x": [[1, 2]], "label": "a"}\n')
    (tmp_path / "a.csv").write_text("id,v,label\n1,2,a\n")
    (tmp_path / "a.ts").write_text("@classLabel true a\n@data\n1:2:a\n")
    code = (
        "import sys; from toolkit.data import SeriesExamples, SeriesOptions, open_series\n"
        "for path in sys.argv[1:]:\n"
        "    list(SeriesExamples(open_series(path), SeriesOptions()))\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    paths = [str(tmp_path / name) for name in ("a.jsonl", "a.csv", "a.ts")]
    command = [sys.executable, "-c", code, *paths]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_exported_names() -> None:
    for name in toolkit.data.__all__:
        assert getattr(toolkit.data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = toolkit.data.nothing
