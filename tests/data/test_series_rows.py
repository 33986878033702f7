"""Series that cannot be used: what is said of them, where, and what becomes of the rest."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit import files
from toolkit.data import LabelEncoder, SeriesExamples, SeriesOptions, encode_series, open_series
from toolkit.errors import DataError
from toolkit.options import on_the_command_line

TS = "@dimensions 2\n@classLabel true run sit\n@data\n1,2:3,4:run\n"
LONG = "id,t,ax,ay,label\n"


def read(
    data: Any, labelled: bool = True, channels: int | None = None, **options: Any
) -> SeriesExamples:
    columns = SeriesOptions(**options)
    return SeriesExamples(open_series(data, None, columns), columns, labelled, channels=channels)


def complaint(data: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(read(data, **options))
    return str(caught.value)


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        ([[1, 2], [3]], "step 2 of the series has 1 value where step 1 has 2"),
        ([[1, 2], 3], "step 2 of the series is 3, not a list of values"),
        ([[1, 2], None], "step 2 of the series is None, not a list of values"),
        ([[1, 2, 3]], "the series has 3 channels where others have 2"),
        ([1, 2, 3], "the series has 1 channel where others have 2"),
        ([], "the series has no time steps"),
        ([[], []], "the series has no channels"),
        ([[1, 2], [3, "x"]], "the value at step 2, channel 2 is 'x', not a number"),
        ([[1, {}]], "the value at step 1, channel 2 is {}, not a number"),
        (
            [[1, 10**400]],
            "channel 2 is 100000000000000000...0000000000000000000, beyond the largest",
        ),
        ([[1, 2], [float("inf"), 3]], "the value at step 2, channel 1 is infinite"),
        ([[1, "-inf"]], "the value at step 1, channel 2 is infinite"),
        ([[1, 1e39]], "the value at step 1, channel 2 is 1e+39, beyond 3.4e+38"),
        ([[None, float("nan")], ["", None]], "all values of the series are missing"),
        ([[[1, 2]]], "the series has 3 axes [1, 1, 2]; a time step is a flat list of its channels"),
        (None, "the series is missing"),
        ("", "the series is missing"),
        ("fast", "the series is 'fast'; a series is a list of time steps, such as [[0.1, 2], [0.3"),
        ("[[1, 2], [3", "the series is '[[1, 2], [3'; a series is a list of time steps"),
        (3.5, "the series is 3.5; a series is a list of time steps"),
        ({"ax": [1]}, "the series is {'ax': [1]}; a series is a list of time steps"),
        (np.array(["2030-01-01"], "datetime64[D]"), "which are no numbers"),
        (np.array([1 + 2j]), "which are no numbers"),
    ],
)
def test_what_is_wrong_with_a_series(series: Any, problem: str) -> None:
    good = np.ones((4, 2))
    frame = pd.DataFrame({"x": [good, good, series, good], "label": [*"abab"]})
    said = complaint(frame, layout="time_first")
    assert said.startswith("the DataFrame, row 3: ")
    assert said.endswith(" (or set skip_bad_rows; inspect counts such rows)")
    assert problem in said
    kept = read(frame, skip_bad_rows=True)
    assert [example.row for example in kept] == [1, 2, 4]
    assert kept.bad_rows == 1
    answered = list(read(frame, labelled=False))
    assert [example.row for example in answered] == [1, 2, 3, 4]
    assert answered[2].series.shape == (0, 2)
    assert answered[2].problem is not None
    assert answered[2].problem.startswith("row 3: ")
    assert problem in answered[2].problem
    assert encode_series(read(frame, labelled=False)).lengths.tolist() == [4, 4, 0, 4]


@pytest.mark.parametrize(
    "series",
    [
        [[1, None], [None, 2]],
        [[1, ""], [" ", 2]],
        [["1", "NaN"], ["nan", "2,0"]],
        [[True, None], [None, 2]],
        "[[1, NaN], [null, 2]]",
        np.array([[1, None], [np.nan, "2"]], object),
        np.array([[1, np.nan], [np.nan, 2]], np.float16),
        pd.DataFrame({"a": [1, None], "b": [None, 2]}),
    ],
)
def test_missing_values_are_no_problem(series: Any) -> None:
    examples = list(read([series, series], labelled=False))
    assert examples[0].problem is None
    np.testing.assert_array_equal(examples[0].series, [[1, np.nan], [np.nan, 2]])


def test_a_channel_may_be_missing_throughout() -> None:
    (example,) = read([[[1, None], [2, None]]], labelled=False)
    np.testing.assert_array_equal(example.series, [[1, np.nan], [2, np.nan]])


def test_a_model_expects_its_number_of_channels() -> None:
    examples = list(read([np.ones((9, 3)), np.ones((9, 2))], labelled=False, channels=3))
    assert examples[0].problem is None
    assert examples[1].problem == "row 2: the series has 2 channels where the model takes 3"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.ts", f"{TS}1,2:3:sit\n", "row 2 (line 5): channel 2 has 1 time step where ch"),
        ("a.ts", f"{TS}\n#\n1:sit\n", "row 2 (line 7): 1 channel where the header says 2; colons"),
        ("a.ts", f"{TS}1:2:fly\n", "row 2 (line 5): the class 'fly' is none of @classLabel"),
        ("a.ts", f"{TS}1:x:sit\n", "row 2 (line 5): the value at step 1, channel 2 is 'x', not"),
        ("a.ts", f"{TS}1,2:3,inf:sit\n", "row 2 (line 5): the value at step 2, channel 2 is infin"),
        ("a.ts", f"{TS}?,?:?,?:sit\n", "row 2 (line 5): all values of the series are missing"),
        ("a.ts", f"{TS}::sit\n", "row 2 (line 5): the series has no time steps"),
        ("a.ts", f"{TS}1:2:?\n", "row 2 (line 5): the label in column 'label' is missing"),
        ("a.csv", f"{LONG}1,0,1,2,a\n1,1,3,x,a\n", "sequence '1' from row 1 (line 2): row 2 (line "
         "3): column 'ay' is 'x', not a number"),
        ("a.csv", f"{LONG}1,0,1,2,a\n1,0,3,4,a\n", "row 2 (line 3): the time '0' in column 't' doe"
         "s not come after '0'; the rows of a sequence must be in order of time"),
        ("a.csv", f"{LONG}1,2,1,2,a\n1,1,3,4,a\n", "row 2 (line 3): the time '1' in column 't'"),
        ("a.csv", f"{LONG}1,,1,2,a\n", "row 1 (line 2): the time in column 't' is missing"),
        ("a.csv", f"{LONG}1,noon,1,2,a\n", "the time in column 't' is 'noon', not a time"),
        ("a.csv", f"{LONG}1,0,1,2,a\n1,1,3,4,b\n", "row 2 (line 3): column 'label' changes from 'a"
         "' to 'b' within the sequence"),
        ("a.csv", f"{LONG}1,0,1,2,\n", "sequence '1' from row 1 (line 2): the label in col"),
        ("a.csv", f"{LONG}1,0,1,2,a\n1,1\n", "row 2 (line 3): 2 fields where the header has 5"),
        ("a.csv", f"{LONG}1,0,1,2,a\n,1,3,4,a\n", "row 2 (line 3): the sequence in column 'id'"),
        ("a.csv", "id,v,label,user\n1,1,a,u\n1,1,a,w\n", "column 'user' changes from 'u' to 'w'"),
        ("a.jsonl", '{"x": [1], "label": "a"}\n{"x": [1', "row 2 (line 2): not JSON"),
        ("a.jsonl", '{"x": [1], "label": "a"}\n{"x": [1]}', "(line 2): the label in column"),
    ],
)  # fmt: skip
def test_bad_rows_of_files(name: str, text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    said = complaint(tmp_path / name)
    assert said.startswith(f"{tmp_path / name}, ")
    assert problem in said


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.ts", "", "has no line @data, after which the series begin"),
        ("a.ts", "@problemName moves\n", "has no line @data, after which the series begin"),
        ("a.ts", "1,2:3\n", "line 1: '1,2:3' stands before @data, and is no line of a header"),
        (
            "a.ts",
            "@timeStamps true\n@data\n(0,1):a\n",
            "has a time with each value (@timeStamps tr",
        ),
        ("a.ts", "@classLabel false\n@data\n1\n", "has series without labels"),
        ("a.ts", TS[:-12], "has no row that can be used"),
        ("a.csv", "", "is empty; its first line should name the columns"),
        (
            "a.csv",
            "ax,ay\n1,2\n",
            "is one series without a label; for several, set sequence_column",
        ),
        (
            "a.csv",
            "rec,v,what\n1,2,a\n",
            "which column holds the sequences? set sequence_column to",
        ),
        (
            "a.csv",
            "id,label\n1,a\n",
            "which columns hold the channels? set channels to some of: id",
        ),
        (
            "a.jsonl",
            '{"a": [[1]], "b": [[1]]}',
            "which column holds the series? set series_column ",
        ),
        ("a.npz", "no archive", "is no NumPy file"),
        ("a.npz", "", "cannot be read"),
        (
            "a.xls",
            "",
            "should end in .csv, .tsv, .jsonl or .json (each also .gz), .parquet or .xlsx, or in",
        ),
    ],
)
def test_files_that_cannot_be_read(name: str, text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert problem in complaint(tmp_path / name)


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"X": np.array([[[1]], [[1], [2]]], object)}, "the array 'X' holds pickled objects, which "
         "are not read, since they could run code; save series of unequal length as a padded"),
        ({"X": np.ones((2, 3, 1)), "y": [*"abc"]}, "the array 'y' has the shape [3], but there"),
        ({"X": np.ones((2, 3, 1)), "lengths": [3, 4]}, "the length of series 2 is 4; it can be 1"),
        ({"X": np.ones((2, 3, 1)), "lengths": [3, 0]}, "the length of series 2 is 0; it can be 1"),
        ({"X": np.ones((2, 3, 1)), "lengths": [3]}, "of shape [2, 3, 1] with lengths of shape [1]"),
        ({"X": np.ones((2, 3, 1)), "lengths": [3, 1.5]}, "lengths are whole numbers of time steps"),
        ({"X": np.ones(2), "y": [*"ab"]}, "which column holds the series?"),
        ({"X": np.ones((2, 3, 1))}, "has no column left for the labels"),
    ],
)  # fmt: skip
def test_bad_arrays_in_files(arrays: dict[str, Any], problem: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    assert problem in complaint(tmp_path / "a.npz")


@pytest.mark.parametrize("lengths", [["3", "2"], [3, np.inf], [3, None], [3, np.nan], [[3], []]])
def test_lengths_are_whole_numbers(lengths: list[Any]) -> None:
    with pytest.raises(DataError, match=r"^lengths are whole numbers of time steps$"):
        open_series((np.ones((2, 3, 1)), [*"ab"], lengths))


def test_series_of_unequal_lengths_need_no_lengths() -> None:
    series = [np.ones((3, 1)), np.ones((2, 1))]
    with pytest.raises(DataError, match=r"unequal lengths need no lengths; give \(series, labels"):
        open_series((series, [*"ab"], [3, 2]))


def test_an_archive_is_no_array_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    np.save(tmp_path / "run/1.npy", np.ones((2, 1)))
    np.savez(tmp_path / "run/2.npz", x=np.ones((2, 1)), y=np.ones(2))
    (tmp_path / "run/2.npz").rename(tmp_path / "run/2.npy")
    problem = "2.npy is a .npz file by its content; a .npy file has one array"
    assert problem in complaint(tmp_path)


def test_half_an_archive_is_named(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(9, 9, 9)))
    content = (tmp_path / "a.npz").read_bytes()
    for kept in (10, 1000, len(content) - 9):
        (tmp_path / "a.npz").write_bytes(content[:kept])
        assert "a.npz cannot be read: " in complaint(tmp_path / "a.npz")


def test_a_small_archive_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    np.savez_compressed(tmp_path / "a.npz", X=np.zeros((2, 1 << 20)))
    assert "a.npz expands to far more than its size; it is not read" in complaint(
        tmp_path / "a.npz"
    )


def test_bad_files_of_a_folder_are_bad_rows(tmp_path: Path) -> None:
    for folder in ("run", "sit"):
        (tmp_path / folder).mkdir()
    texts = {
        "run/1.csv": "time,ax,ay\n0,1,2\n",
        "run/2.csv": "time,ax,ay\n1,1,2\n0,3,4\n",
        "run/3.csv": "time,ax\n1,1\n",
        "run/4.csv": "",
        "sit/5.csv": "time,ax,ay\n",
        "sit/6.txt": "1,2",
        "sit/7.csv": "time,ax,ay\n0,1,x\n",
        "sit/8.csv": "time,ax,ay\n0,1,2\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    np.save(tmp_path / "sit/9.npy", np.array([{}]), allow_pickle=True)
    examples = list(read(tmp_path, labelled=False))
    assert [example.problem is None for example in examples] == [n in (1, 8) for n in range(1, 10)]
    for number, problem in {
        2: "file run/2.csv: row 2 (line 3): the time '0' in column 'time' does not come after '1'",
        3: "its columns are time, ax; those of",
        4: "is empty",
        5: "the series has no time steps",
        6: "the file is neither .csv, .tsv nor .npy",
        7: "row 1 (line 2): column 'ay' is 'x', not a number",
        9: "holds pickled objects",
    }.items():
        assert problem in str(examples[number - 1].problem)
    with pytest.raises(DataError, match=r"file run/2\.csv: row 2 .*or set skip_bad_rows"):
        list(read(tmp_path))


def test_a_folder_without_classes(tmp_path: Path) -> None:
    assert complaint(tmp_path).endswith(
        "has no class folders; it should have one for each class, such as run/ and walk/, with a "
        "file for each series"
    )


def test_a_row_that_cannot_be_read_spoils_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{LONG}1,0,1,2,a\n1,1\n2,0,3,4,b\n3,0,5,6,a\n")
    examples = list(read(path, labelled=False))
    assert [example.problem is None for example in examples] == [False, False, True]
    path.write_text(f"{LONG}1,1\n2,0,3,4,b\n3,0,5,6,a\n")
    examples = list(read(path, labelled=False))
    assert [example.problem is None for example in examples] == [False, False, True]
    assert [e.label for e in read(path, skip_bad_rows=True)] == ["a"]


def test_what_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "moves.ts").write_text(TS)
    assert complaint(tmp_path / "move.ts").endswith(f"; did you mean {tmp_path / 'moves.ts'}?")
    assert complaint("") == "the path of the data is empty"
    assert "data of type int cannot be read; give a path, a DataFrame, a list of arr" in complaint(
        3
    )
    assert complaint(([[1]], [1, 2])) == "1 series with 2 labels; give one each"
    assert complaint([[1]]) == "the list has series without labels"
    assert "labels of type ndarray cannot be read" in complaint(([[1]], np.ones((1, 2))))


def test_classes_that_the_run_does_not_know_are_bad_rows() -> None:
    examples = read(([[[1]], [[2]], [[3]]], [*"aba"]), skip_bad_rows=True)
    encoder = LabelEncoder("classes", ["a"])
    assert [example.row for example in examples.known(encoder)] == [1, 3]
    corpus = encode_series(examples, encoder)
    assert (corpus.rows.tolist(), corpus.labels.tolist()) == ([1, 3], [0, 0])
    with pytest.raises(DataError, match="row 2: the label 'b' is none of the known classes: a"):
        encode_series(read(([[[1]], [[2]]], [*"ab"])), encoder)


def test_the_command_line_is_told_of_its_flags(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("rec,v,what\n1,2,a\n")
    with on_the_command_line():
        assert "set --sequence-column to one of: rec, v, what" in complaint(path)
        path.write_text("id,label\n1,a\n")
        assert "set --channels to some of: id, label" in complaint(path)
