"""Answers to series on the command line: a page of them, and answers as frames arrive."""

import io
import json
import os
import re
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.activity import PIPELINE, main
from pipelines.frames import check_frames, read_frame, series_of
from toolkit.data import Unreadable
from toolkit.errors import DataError, OptionError
from toolkit.tasks import SequenceClassifier
from toolkit.tasks.options import ClassAnswerOptions


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two channels in one direction, with its first weights."""
    folder = tmp_path_factory.mktemp("activity") / "run"
    random = np.random.default_rng(0)
    series = [random.normal(size=(4, 2)) for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        task = SequenceClassifier(
            hidden_size=3, epochs=1, bidirectional=False, validation_split=0, storage="float32"
        )
        task.fit((series, ["a", "b"] * 2)).export(folder)
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls ``predict`` with standard input; gives the exit code, the lines and the log."""

    def call(*arguments: object, stdin: str = "") -> tuple[int, list[Any], str]:
        read, write = os.pipe()
        os.write(write, stdin.encode())
        os.close(write)
        with open(read, encoding="utf-8") as file:
            monkeypatch.setattr("sys.stdin", file)
            code = main(["predict", *map(str, arguments)])
        out, error = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], error

    return call


def test_a_page_of_the_rows_of_a_file(run: Path, tmp_path: Path, call: Any) -> None:
    rows = [{"x": [[1, None], [2, 0.1]]}, {"x": "nothing"}, {"x": [[3, 4]]}]
    path, page = tmp_path / "data.jsonl", tmp_path / "page.html"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    code, answers, _ = call(run, "--data", path, "--html", page)
    assert code == 0
    assert [answer["row"] for answer in answers] == [*range(1, len(answers) + 1)]
    assert answers[1]["error"].startswith("row 2 (line 2): ")
    text = page.read_text(encoding="utf-8")
    for number, answer in enumerate((answers[0], answers[2]), 1):
        assert f"{number}: {answer['label']} ({answer['score']:.3f})" in text
    assert text.count("<figure>") == 4
    assert text.count('class="curves"') == 1  # of the series with two frames


def test_a_picture_of_a_skeleton(run: Path, tmp_path: Path, call: Any) -> None:
    random = np.random.default_rng(0)
    series = [random.normal(size=(8, 60)) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        task = SequenceClassifier(front="skeleton", hidden_size=3, epochs=1, validation_split=0)
        task.fit((series, ["a", "b"])).export(tmp_path / "skeletons")
    line, picture = json.dumps(series[0].round(3).tolist()), tmp_path / "a.png"
    code, answers, _ = call(tmp_path / "skeletons", line, line, "--stills", picture)
    assert (code, [answer["row"] for answer in answers]) == (0, [1, 2])
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, _, error = call(run, "[[1, 2]]", "--stills", tmp_path / "b.png")
    assert (code, (tmp_path / "b.png").exists()) == (2, False)
    assert "the run's front is standardize" in error
    page = tmp_path / "page.html"
    code, answers, error = call(run, "[[1, 2]]", "--stills", tmp_path / "b.png", "--html", page)
    assert (code, answers, page.exists()) == (2, [], False)
    assert "give one of them" in error


def test_frames_are_answered_line_by_line(run: Path, call: Any) -> None:
    stdin = "[0.5, 1]\n0.25,\nno frame\n[null, null]\n\n \n[0.5, 1]\n"
    code, answers, _ = call(run, "--stream", stdin=stdin)
    assert (code, len(answers)) == (0, 5)
    assert answers[2]["error"].startswith("line 3: the frame has 1 value where the model takes 2")
    assert answers[4] == answers[0]  # a new series
    frames = [[0.5, 1], [0.25, None], [None, None]]
    expected = SequenceClassifier.load(run).predict([frames[:1], frames[:2], frames])
    for answer, other in zip((*answers[:2], answers[3]), expected, strict=True):
        assert answer["label"] == other["label"]
        assert answer["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"data": "a.jsonl", "html": "a.html"}, "leave out --data and --html"),
        ({"texts": ["1,2"], "format": "csv"}, "leave out the arguments TEXT and --format csv"),
        ({"top_k": 2, "keep_columns": "id"}, "leave out --keep-columns and --top-k"),
        ({}, "some/run reads in both.*--no-bidirectional"),
    ],
)
def test_what_cannot_be_answered_frame_by_frame(given: dict[str, Any], complaint: str) -> None:
    nothing = {"run": "some/run", "texts": [], "data": None, "html": None, "stills": None}
    nothing |= {"keep_columns": "all", **asdict(ClassAnswerOptions())}
    options = Namespace(**{**nothing, "format": "jsonl", **given})
    with pytest.raises(OptionError, match=complaint):
        check_frames(PIPELINE, options, {"bidirectional": True, "front": "skeleton"})
    with pytest.raises(OptionError, match=complaint if given else "some/run reads videos"):
        check_frames(PIPELINE, options, {"bidirectional": False, "front": "frames"})


@pytest.mark.parametrize("line", ["[0.5, null]", " 0.5 , ", "0.5,nan", '["0.5", ""]', "5e-1,NaN"])
def test_a_frame_is_a_list_or_numbers_with_commas(line: str) -> None:
    np.testing.assert_array_equal(read_frame(line, 1, 2), np.float32([0.5, np.nan]))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1,2,3", "line 7: the frame has 3 values where the model takes 2 channels"),
        ("[1, 2", r"line 7: the frame is '\[1, 2'; a frame is a list of numbers"),
        ("1,inf", "line 7: the value of channel 2 is 'inf', not a finite number"),
        ("[1e39, 2]", "line 7: the value of channel 1 is 1e.39, not a finite number"),
        ("[[1, 2], [3, 4]]", r"line 7: the value of channel 1 is \[1, 2\]"),
        ("[" * 100_000, "line 7: the frame is"),
    ],
)
def test_a_line_that_is_no_frame_says_why(line: str, problem: str) -> None:
    frame = read_frame(line, 7, 2)
    assert isinstance(frame, Unreadable)
    assert re.match(problem, frame.problem)


def test_a_series_ends_at_an_empty_line_and_is_not_waited_for() -> None:
    def lines() -> Any:
        yield from io.StringIO("\n1\n2\n\n\n3\n")
        raise AssertionError("asked for more than was needed")

    series = series_of(lines(), 1)
    assert [frame.tolist() for frame in next(series)] == [[1], [2]]
    assert next(next(series)).tolist() == [3]


def test_the_channels_of_a_table_are_matched_by_name(tmp_path: Path) -> None:
    data = PIPELINE.labelled
    columns, facts = data.columns(), {"channels": ["ax", "ay"]}
    (tmp_path / "a.csv").write_text("id,ay,ax,label\n1,2,1,run\n2,4,3,sit\n")
    source = data.open(str(tmp_path / "a.csv"), "test", columns)
    data.check(source, columns, facts)
    assert [*data.inputs(source, columns, facts)] == [[[1, 2]], [[3, 4]]]
    (tmp_path / "b.csv").write_text("id,ay,gx,label\n1,2,1,run\n2,4,3,sit\n")
    other = data.open(str(tmp_path / "b.csv"), "test", columns)
    for read in (
        lambda: data.check(other, columns, facts),
        lambda: next(data.inputs(other, columns, facts)),
        lambda: data.check_training(source, other, PIPELINE.options()),
    ):
        with pytest.raises(DataError, match=r"b\.csv lacks the channels ax of the model"):
            read()
