"""Rows of videos: folders, tables, arrays; and videos where series are wanted."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from videos import grey, write_video

from toolkit.data import FrameFormat, SeriesOptions, VideoExamples, open_videos
from toolkit.data.videos.options import SequenceColumnOptions
from toolkit.errors import DataError, OptionError
from toolkit.tasks.sequences.reading import open_sequences, read_examples

FRAMES = FrameFormat(10, 8)
LEVELS = {"dark": [0, 40, 80], "light": [250, 210, 170]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label, levels in LEVELS.items():
        for number in (1, 2):
            write_video(tmp_path / "clips" / label / f"{number}.mkv", grey(levels[:-1] * number))
    return tmp_path / "clips"


def rows_of(data: Any, **options: Any) -> list[tuple[list[int], Any, str | None]]:
    examples = VideoExamples(open_videos(data), SeriesOptions(**options), FRAMES)
    return [(each.series[:, 0, 0, 0].tolist(), each.label, each.group) for each in examples]


EXPECTED = [
    ([0, 40], "dark", None),
    ([0, 40, 0, 40], "dark", None),
    ([250, 210], "light", None),
    ([250, 210, 250, 210], "light", None),
]


def test_a_folder_for_each_class(folder: Path) -> None:
    assert rows_of(folder) == EXPECTED


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "frame"])
def test_a_table_names_files_relative_to_itself(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="toolkit")
    paths = sorted(str(path.relative_to(folder.parent)) for path in folder.glob("*/*.mkv"))
    rows = [
        {"clip": path, "activity": Path(path).parent.name, "person": f"p{n % 2}"}
        for n, path in enumerate(paths)
    ]
    table = pd.DataFrame(rows)
    data: Any = folder.parent / f"clips.{kind}"
    if kind == "frame":
        monkeypatch.chdir(folder.parent)
        data = table
    elif kind == "jsonl":
        data.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        table.to_csv(data, index=False, sep="\t" if kind == "tsv" else ",")
    found = rows_of(data)
    assert [levels for levels, _, _ in found] == [levels for levels, _, _ in EXPECTED]
    assert [group for _, _, group in found] == ["p0", "p1", "p0", "p1"]
    assert "'clip' (guessed" in caplog.text
    assert "'person' (guessed" in caplog.text


def test_arrays_in_lists_frames_and_padded_arrays() -> None:
    videos = [np.full((n, 8, 8), 10 * n, np.uint8) for n in (1, 3, 2)]
    labels = ["a", "b", "a"]
    padded = np.zeros((3, 3, 8, 8), np.uint8)
    for row, video in zip(padded, videos, strict=True):
        row[: len(video)] = video
    table = pd.DataFrame({"series": videos, "label": labels})
    for data in ((videos, labels), (padded, labels, [1, 3, 2]), table):
        found = rows_of(data)
        assert [levels for levels, _, _ in found] == [[10], [30] * 3, [20] * 2]


def test_a_single_file(folder: Path) -> None:
    path = folder / "dark" / "1.mkv"
    examples = VideoExamples(open_videos(path), SeriesOptions(), FRAMES, labelled=False)
    (example,) = examples
    assert example.series[:, 0, 0, 0].tolist() == [0, 40]
    assert [*examples.videos()] == [str(path)]


def test_a_bad_file_is_a_bad_row_with_its_place(folder: Path) -> None:
    (folder / "dark" / "3.mp4").write_text("nothing")
    with pytest.raises(DataError, match=r"dark/3\.mp4.*cannot be decoded"):
        rows_of(folder)
    assert len(rows_of(folder, skip_bad_rows=True)) == 4
    (folder / "dark" / "3.mp4").unlink()
    (folder / "dark" / "notes.txt").write_text("of the recording")
    with pytest.raises(DataError, match=r"dark/notes\.txt.*ending of a video"):
        rows_of(folder)
    unlabelled = VideoExamples(open_videos(folder), SeriesOptions(), FRAMES, labelled=False)
    problems = [example.problem for example in unlabelled]
    assert [problem is None for problem in problems] == [True, True, False, True, True]


def test_missing_files_and_cells(folder: Path) -> None:
    table = folder.parent / "a.csv"
    table.write_text("file,label\nclips/dark/1.mkv,a\nclips/none.mkv,b\n,b\n")
    with pytest.raises(DataError, match=r"row 2 \(line 3\).*none\.mkv does not exist"):
        rows_of(table)
    examples = VideoExamples(open_videos(table), SeriesOptions(), FRAMES, labelled=False)
    problems = [example.problem for example in examples]
    assert problems[0] is None
    assert "none.mkv does not exist" in str(problems[1])
    assert "row 3 (line 4): the video is missing" in str(problems[2])


def test_a_table_without_names_of_videos(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("one,two\n1,2\n")
    with pytest.raises(DataError, match=r"which column holds the videos.*series_column"):
        VideoExamples(open_videos(table), SeriesOptions(), FRAMES)


def test_what_was_decoded_is_kept_for_another_reading(folder: Path) -> None:
    examples = VideoExamples(open_videos(folder), SeriesOptions(), FRAMES, keep=True)
    first = [each.series.copy() for each in examples]
    for path in folder.glob("*/*.mkv"):
        path.write_bytes(b"")
    again = [each.series for each in examples]
    assert [len(each) for each in again] == [2, 4, 2, 4]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_without_decoding(folder: Path) -> None:
    shutil.copy(folder / "dark" / "1.mkv", folder / "dark" / "3.mkv")
    (folder / "dark" / "3.mkv").write_bytes(b"")
    examples = VideoExamples(open_videos(folder), SeriesOptions(), FRAMES, decode=False)
    assert [len(each.series) for each in examples] == [0] * 5


SERIES = SequenceColumnOptions()


def test_videos_where_series_are_wanted(folder: Path) -> None:
    table = folder.parent / "a.csv"
    table.write_text("file,label\nclips/dark/1.mkv,a\n")
    for data in (folder, table, folder / "dark" / "1.mkv"):
        with pytest.raises(OptionError, match="front='frames'"):
            open_sequences(data, "train", SERIES)


def test_series_whose_rows_name_a_video_are_series(tmp_path: Path) -> None:
    by_step = tmp_path / "steps.csv"
    by_step.write_text("video,frame,x,y,label\na.mp4,0,1,2,up\na.mp4,1,2,3,up\nb.mp4,0,4,5,down\n")
    written = tmp_path / "rows.jsonl"
    written.write_text(
        '{"x": [[1, 2], [2, 3]], "file": "a.mp4", "label": "up"}\n'
        '{"x": [[4, 5]], "file": "b.mp4", "label": "down"}\n'
    )
    for path in (by_step, written):
        examples = read_examples(open_sequences(path, "train", SERIES), SERIES)
        series = [each.series.tolist() for each in examples]
        assert series == [[[1, 2], [2, 3]], [[4, 5]]]


def test_a_folder_of_files_has_no_labels(folder: Path) -> None:
    source = open_videos(folder / "light")
    examples = VideoExamples(source, SeriesOptions(), FRAMES, labelled=False)
    assert [len(each.series) for each in examples] == [2, 4]
    with pytest.raises(DataError, match="without labels"):
        VideoExamples(source, SeriesOptions(), FRAMES)


def test_blanks_around_names_and_files_that_are_missing_late(folder: Path) -> None:
    table = folder.parent / "a.csv"
    table.write_text("file,label\n clips/dark/1.mkv ,a\nclips/none.mkv,b\n")
    with pytest.raises(DataError, match="does not exist"):
        [*VideoExamples(open_videos(table), SeriesOptions(), FRAMES, decode=False)]
