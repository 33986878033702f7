"""The series of docs/your-data.md, as they stand there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.data import SeriesExamples, SeriesOptions, open_series
from toolkit.errors import DataError
from toolkit.options import on_the_command_line

PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))

SERIES = [
    [[0.1, 2.0], [0.3, np.nan]],
    [[0.2, 1.9], [0.4, 1.7], [0.5, 1.8]],
    [[0.1, 0.0]],
]


def read(data: Any) -> SeriesExamples:
    options = SeriesOptions()
    return SeriesExamples(open_series(data, None, options), options)


def check(data: Any, labels: list[str], groups: list[str] | None = None) -> None:
    """Check that data has the first of ``SERIES``, in their order."""
    examples = list(read(data))
    assert [example.label for example in examples] == labels
    assert [example.group for example in examples] == (groups or [None] * len(labels))
    for example, series in zip(examples, SERIES, strict=False):
        np.testing.assert_array_equal(example.series, np.array(series, np.float32))


@pytest.mark.parametrize("name", ["moves.jsonl", "moves.ts", "moves.csv"])
def test_files(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    groups = None if name == "moves.ts" else ["s1", "s2", "s2"]
    check(tmp_path / name, ["run", "run", "sit"], groups)


def test_arrays_of_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    variables: dict[str, Any] = {"numpy": np, "nan": np.nan}
    exec(EXAMPLES["moves.npz"], variables)
    check("moves.npz", ["run", "run", "sit"], ["s1", "s2", "s2"])
    exec(EXAMPLES["arrays"], variables)
    check(variables["lists"], ["run", "sit"])
    check(variables["padded"], ["run", "sit"])


def test_a_folder(tmp_path: Path) -> None:
    for line in EXAMPLES["moves"].splitlines():
        name, text = re.split(r"\s{4}", line)
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace(";", "\n"))
    check(tmp_path / "moves", ["run", "run", "sit"])


def test_what_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "moves.jsonl").write_text(
        '{"x": [[1, 2, 3], [4, 5, 6]], "label": "a", "subject": 1}\n'
        '{"x": [[1, 2, 3, 4], [5, 6, 7, 8]], "label": "b", "subject": 2}\n'
        '{"x": [[1, 2, 3, 4, 5], [5, 6, 7, 8, 9]], "label": "b", "subject": 3}\n'
    )
    with on_the_command_line(), caplog.at_level("INFO", "toolkit"):
        list(read(tmp_path / "moves.jsonl"))
    for message in caplog.messages[2:]:
        assert message.replace(f"{tmp_path}/", "") in PAGE
    assert len(caplog.messages) == 4


def test_a_bad_row(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(EXAMPLES["bad.jsonl"])
    with on_the_command_line(), pytest.raises(DataError) as caught:
        list(read(tmp_path / "bad.jsonl"))
    assert str(caught.value).replace(f"{tmp_path}/", "") in PAGE
