"""Series are the same in whatever format they come."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from toolkit.data import (
    PackedCorpus,
    SeriesExamples,
    SeriesOptions,
    encode_series,
    open_series,
    scan,
)
from toolkit.errors import DataError

NAN = float("nan")
SERIES = [
    [[0.5, 2.0], [0.25, NAN], [-1.0, 1.5]],
    [[1e-3, -7.0]],
    [[NAN, 3.0], [4.0, 5.0]],
    [[8.0, 9.0], [NAN, NAN]],
]
LABELS = ["run", "walk", "run", "sit"]
SUBJECTS = ["s1", "s1", "s2", "s2"]

Rows = Sequence[Sequence[Sequence[float]]]


def as_ts(series: Rows, labels: Sequence[str]) -> str:
    def written(values: Sequence[float]) -> str:
        return ",".join("?" if np.isnan(value) else repr(float(value)) for value in values)

    header = [
        "# made up",
        "@problemName moves",
        "@timeStamps false",
        "@missing true",
        "@univariate false",
        f"@dimensions {len(series[0][0])}",
        "@equalLength false",
        f"@classLabel true {' '.join(sorted(set(labels)))}",
        "@data",
    ]
    rows = (
        ":".join([*(written(channel) for channel in zip(*steps, strict=True)), label])
        for steps, label in zip(series, labels, strict=True)
    )
    return "\n".join([*header, *rows]) + "\n"


def as_json_lines(series: Rows, labels: Sequence[str], subjects: Sequence[str]) -> str:
    return "".join(
        json.dumps(
            {
                "x": [[None if np.isnan(v) else float(v) for v in step] for step in steps],
                "label": label,
                "subject": subject,
            }
        )
        + "\n"
        for steps, label, subject in zip(series, labels, subjects, strict=True)
    )


def as_table(
    series: Rows, labels: Sequence[str], subjects: Sequence[str], separator: str = ","
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    names = [f"c{number}" for number in range(len(series[0][0]))]
    writer.writerow(["sequence_id", "subject", "time", *names, "label"])
    for number, (steps, label, subject) in enumerate(zip(series, labels, subjects, strict=True)):
        for time, step in enumerate(steps):
            cells = ["" if np.isnan(value) else repr(float(value)) for value in step]
            writer.writerow([number, subject, time / 10, *cells, label])
    return text.getvalue()


def padded(series: Rows) -> NDArray[np.float64]:
    """Series [N, T, C] with what is no padding value behind their ends."""
    values = np.full((len(series), max(map(len, series)), len(series[0][0])), 99.0)
    for number, steps in enumerate(series):
        values[number, : len(steps)] = steps
    return values


def in_folders(folder: Path) -> Path:
    for number, (steps, label) in enumerate(zip(SERIES, LABELS, strict=True)):
        (folder / "all" / label).mkdir(parents=True, exist_ok=True)
        pd.DataFrame(steps, columns=["c0", "c1"]).to_csv(
            folder / "all" / label / f"{number}.csv", index=False
        )
    return folder / "all"


def arrays_of_numpy(folder: Path) -> Path:
    np.savez(
        folder / "a.npz",
        X=padded(SERIES),
        y=LABELS,
        lengths=[len(steps) for steps in SERIES],
        subject=SUBJECTS,
    )
    return folder / "a.npz"


def file(name: str, text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        content = text.encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return folder / name

    return write


def written_lists(folder: Path) -> Path:
    """A table with a series a row, as JSON in a field."""
    lines = [json.loads(line) for line in as_json_lines(SERIES, LABELS, SUBJECTS).splitlines()]
    table = pd.DataFrame(lines)
    table["x"] = table["x"].map(json.dumps)
    table.to_csv(folder / "lists.csv", index=False)
    return folder / "lists.csv"


def long_frame() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(as_table(SERIES, LABELS, SUBJECTS)))


LINES, TABLE = as_json_lines(SERIES, LABELS, SUBJECTS), as_table(SERIES, LABELS, SUBJECTS)
LENGTHS = [len(steps) for steps in SERIES]
FORMATS: dict[str, Callable[[Path], Any]] = {
    "ts": file("a.ts", as_ts(SERIES, LABELS)),
    "ts.gz": file("a.ts.gz", as_ts(SERIES, LABELS)),
    "jsonl": file("a.jsonl", LINES),
    "jsonl.gz": file("a.jsonl.gz", LINES),
    "csv": file("a.csv", TABLE),
    "csv.gz": file("a.csv.gz", TABLE),
    "semicolons": file("a.csv", as_table(SERIES, LABELS, SUBJECTS, ";")),
    "tsv": file("a.tsv", as_table(SERIES, LABELS, SUBJECTS, "\t")),
    "lists in a table": written_lists,
    "npz": arrays_of_numpy,
    "frame of lists": lambda _: pd.DataFrame({"x": SERIES, "label": LABELS, "subject": SUBJECTS}),
    "frame of steps": lambda _: long_frame(),
    "list": lambda _: ([np.array(steps, np.float32) for steps in SERIES], LABELS),
    "object array": lambda _: (np.array([*map(np.array, SERIES)], object), np.array(LABELS)),
    "padded": lambda _: (padded(SERIES), LABELS, LENGTHS),
    "padded, channels first": lambda _: (
        padded(SERIES).transpose(0, 2, 1),
        pd.Series(LABELS),
        np.array(LENGTHS),
    ),
}
GROUPED = {"jsonl", "jsonl.gz", "csv", "csv.gz", "semicolons", "tsv", "lists in a table", "npz"} | {
    "frame of lists",
    "frame of steps",
}


def read(data: Any, labelled: bool = True, **options: Any) -> SeriesExamples:
    columns = SeriesOptions(**options)
    return SeriesExamples(open_series(data, None, columns), columns, labelled)


def encoded(examples: SeriesExamples) -> PackedCorpus:
    found = scan(examples, "classes")
    return encode_series(examples, found.encoder, found)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format(name: str, tmp_path: Path) -> None:
    data = FORMATS[name](tmp_path)
    examples = read(data)
    read_once = list(examples)
    assert [example.label for example in read_once] == LABELS
    assert [example.row for example in read_once] == [1, 2, 3, 4]
    for example, steps in zip(read_once, SERIES, strict=True):
        assert example.series.dtype == np.float32
        assert_array_equal(example.series, np.array(steps, np.float32))
    groups = SUBJECTS if name in GROUPED else [None] * 4
    assert [example.group for example in read_once] == groups
    assert examples.channels == 2
    named = "csv" in name or name in ("tsv", "semicolons", "frame of steps")
    assert examples.channel_names == (("c0", "c1") if named else ("1", "2"))
    corpus = encoded(examples)
    assert corpus.checksum == encoded(read((SERIES, LABELS))).checksum
    assert corpus.lengths.tolist() == LENGTHS
    assert corpus.encoder is not None
    assert corpus.encoder.classes == ("run", "sit", "walk")
    unlabelled = [example.series for example in read(data, labelled=False)]
    for series, example in zip(unlabelled, read_once, strict=True):
        assert_array_equal(series, example.series)


def test_a_folder_of_tables(tmp_path: Path) -> None:
    examples = list(read(in_folders(tmp_path)))
    assert [(e.label, e.place) for e in examples] == [
        ("run", "file run/0.csv"),
        ("run", "file run/2.csv"),
        ("sit", "file sit/3.csv"),
        ("walk", "file walk/1.csv"),
    ]
    for example, number in zip(examples, (0, 2, 3, 1), strict=True):
        assert_array_equal(example.series, np.array(SERIES[number], np.float32))


def test_folders_have_tables_without_a_header_and_arrays(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / part / "run").mkdir(parents=True)
        (tmp_path / part / "sit").mkdir()
    (tmp_path / "test/run/1.csv").write_text("1,2\n3,\n")
    (tmp_path / "test/run/2.tsv.gz").write_bytes(gzip.compress(b"5\t6\n"))
    np.save(tmp_path / "test/sit/1.npy", np.array([[7, 8]]))
    options = SeriesOptions()
    examples = list(SeriesExamples(open_series(tmp_path, "test", options), options))
    assert [(e.series.tolist(), e.label) for e in examples[1:]] == [
        ([[5, 6]], "run"),
        ([[7, 8]], "sit"),
    ]
    assert_array_equal(examples[0].series, [[1, 2], [3, NAN]])
    with pytest.raises(DataError, match="comes in parts; give one of the folders in it: test, tr"):
        open_series(tmp_path)


def test_columns_of_files_may_stand_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/1.csv").write_text("time,ax,ay\n0,1,2\n1,3,4\n")
    (tmp_path / "run/2.csv").write_text("ay;time;ax\n6;0;5\n")
    examples = read(tmp_path)
    assert [e.series.tolist() for e in examples] == [[[1, 2], [3, 4]], [[5, 6]]]
    assert examples.channel_names == ("ax", "ay")


def test_one_channel_needs_no_inner_lists(tmp_path: Path) -> None:
    path = file("a.jsonl", '{"signal": [1, null, 3]}\n{"signal": [4]}\n')(tmp_path)
    for data in (path, [[1, None, 3], [4]], np.array([[1, np.nan, 3]]), [np.array([1, np.nan, 3])]):
        examples = list(read(data, labelled=False))
        assert_array_equal(examples[0].series, [[1], [NAN], [3]])


def test_a_table_without_sequences_is_one(tmp_path: Path) -> None:
    for text, names in (("ax,ay\n1,2\n3,4\n", ("ax", "ay")), ("1;2\n3;4\n", ("1", "2"))):
        examples = read(file("a.csv", text)(tmp_path), labelled=False)
        assert [example.series.tolist() for example in examples] == [[[1, 2], [3, 4]]]
        assert examples.channel_names == names


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_first_line_that_counts_from_0_is_a_header(
    separator: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "toolkit")
    (tmp_path / "run").mkdir()
    arrays = [np.arange(6.0).reshape(2, 3), np.array([[0, 1, 2], [7, 8, 9]])]
    for number, array in enumerate(arrays):
        path = tmp_path / f"run/{number}.csv"
        pd.DataFrame(array).to_csv(path, index=False, sep=separator)
        (example,) = read(path, labelled=False)
        assert_array_equal(example.series, array)
    caplog.clear()
    for example, expected in zip(read(tmp_path), arrays, strict=True):
        assert_array_equal(example.series, expected)
    assert caplog.text.count("0.csv: the first line counts from 0, and is taken for a header") == 1
    assert "1.csv: the first line" not in caplog.text


def test_steps_that_count_from_0_are_no_header_beside_tables_without_one(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/1.csv").write_text("5,6\n")
    (tmp_path / "run/2.csv").write_text("0,1\n2,3\n")
    assert [e.series.tolist() for e in read(tmp_path)] == [[[5, 6]], [[0, 1], [2, 3]]]
    (example,) = read(file("a.csv", "0\n1\n")(tmp_path), labelled=False)
    assert example.series.tolist() == [[0], [1]]


def test_rows_of_a_sequence_need_not_stand_together(tmp_path: Path) -> None:
    text = "id,t,v,label\nb,0,1,run\na,0,2,sit\nb,1,3,run\na,1,4,\n"
    examples = list(read(file("a.csv", text)(tmp_path)))
    assert [(e.series.ravel().tolist(), e.label) for e in examples] == [
        ([1, 3], "run"),
        ([2, 4], "sit"),
    ]
    assert examples[1].place == "sequence 'a' from row 2 (line 3)"


def test_times_are_numbers_or_dates() -> None:
    for times in (["0,5", "1,5", "10,5"], pd.date_range("2030-01-01", periods=3, freq="s")):
        frame = pd.DataFrame({"id": 1, "time": times, "v": [1, 2, 3], "label": "run"})
        assert [e.series.ravel().tolist() for e in read(frame)] == [[1, 2, 3]]
    frame["time"] = ["2030-01-01 10:00:00", "2030-01-01T10:00:00.5", "2030-01-02"]
    assert [e.series.ravel().tolist() for e in read(frame)] == [[1, 2, 3]]


steps = st.integers(1, 6)
some_series = st.integers(1, 3).flatmap(
    lambda channels: st.lists(
        steps.flatmap(
            lambda length: arrays(
                np.float32, (length, channels), elements=st.floats(width=32, allow_infinity=False)
            )
        ).filter(lambda values: not np.isnan(values).all()),
        min_size=1,
        max_size=5,
    )
)


@settings(max_examples=25, deadline=None)
@given(some_series)
def test_round_trips(series: list[NDArray[np.float32]]) -> None:
    labels = [str(number % 3) for number in range(len(series))]
    with TemporaryDirectory() as folder:
        for write in (
            file("a.ts", as_ts(series, labels)),
            file("a.jsonl", as_json_lines(series, labels, labels)),
            file("a.csv", as_table(series, labels, labels)),
        ):
            examples = list(read(write(Path(folder)), layout="time_first"))
            assert [example.label for example in examples] == labels
            for example, values in zip(examples, series, strict=True):
                assert_array_equal(example.series, values)
                assert example.series.shape == values.shape


def test_reading_is_a_stream(tmp_path: Path) -> None:
    """A bad last row is not reached before the examples above it are given."""
    lines = '{"x": [[1, 2]], "label": "a"}\n' * 300 + "oops\n"
    for write in (
        file("a.jsonl", lines),
        file("a.ts", "@classLabel true a\n@data\n" + "1:2:a\n" * 300 + "oops\n"),
    ):
        examples = iter(read(write(tmp_path)))
        assert [next(examples).row for _ in range(300)] == [*range(1, 301)]
        with pytest.raises(DataError, match=r"row 301 \(line 30\d\): "):
            next(examples)


def test_a_series_may_have_a_million_steps(tmp_path: Path) -> None:
    values = np.arange(1_000_000) % 7
    path = file("a.jsonl", json.dumps({"x": values.tolist(), "label": "a"}))(tmp_path)
    corpus = encode_series(read(path, labelled=False))
    assert corpus.lengths.tolist() == [1_000_000]
    assert_array_equal(corpus.sequences[0][:, 0], values)
