"""Tests of the choice of columns and axes of series, by option or guess, and of groups."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.data import SeriesExamples, SeriesOptions, encode_series, open_series, scan
from toolkit.data.options import inherit
from toolkit.data.series.columns import called
from toolkit.data.series.layout import has_channels_first
from toolkit.errors import DataError, OptionError
from toolkit.options import on_the_command_line


def read(
    data: Any, labelled: bool = True, grouped: bool = True, channels: Any = None, **options: Any
) -> SeriesExamples:
    options["channels"] = options.pop("channels_option", None)
    columns = SeriesOptions(**options)
    return SeriesExamples(
        open_series(data, None, columns), columns, labelled, grouped, channels=channels
    )


def frame(**columns: Any) -> pd.DataFrame:
    """A table of 12 series, four for each of three subjects."""
    values = {
        "x": [np.full((number % 3 + 2, 2), number) for number in range(12)],
        "label": [*"abab"] * 3,
    }
    return pd.DataFrame(values | columns)


def steps(sequences: int = 4, length: int = 6, **columns: Any) -> pd.DataFrame:
    """A table with a step a row, with two channels that change from step to step."""
    number = np.repeat(np.arange(sequences), length)
    step = np.tile(np.arange(length), sequences)
    values = {
        "sequence": number,
        "time": step,
        "ax": step + number / 10,
        "ay": (step * 7 + number) % 5,
        "label": np.array([*"ab"])[number % 2],
    }
    return pd.DataFrame(values | {name: value[number] for name, value in columns.items()})


@pytest.mark.parametrize("name", ["x", "series", "Values", "data", "frames", "sequence", "signal"])
def test_a_usual_name_is_the_series_though_others_have_lists(name: str) -> None:
    table = frame(box=[[1, 2, 3, 4]] * 12).rename(columns={"x": name})
    assert read(table).series_column == name


def test_the_only_column_of_lists_is_the_series() -> None:
    table = frame(note="stand up", tags=[["a", "b"]] * 12).rename(columns={"x": "pose"})
    examples = read(table)
    assert (examples.series_column, examples.label_column) == ("pose", "label")
    with pytest.raises(DataError, match="which column holds the series"):
        read(frame(more=[[1.5]] * 12).rename(columns={"x": "pose"}))
    assert read(table.assign(more=[[1]] * 12), series_column="more").series_column == "more"
    with pytest.raises(DataError, match=r"no column 'moer' \(series_column\); did you mean 'more'"):
        read(table.assign(more=[[1]] * 12), series_column="moer")


@pytest.mark.parametrize("name", ["label", "Class", "activity", "gesture", "y", "what"])
def test_the_label_has_a_usual_name_or_is_the_only_column_left(name: str) -> None:
    table = frame(subject=1).rename(columns={"label": name})
    assert read(table).label_column == name
    assert read(table.assign(more=1), label_column=name).label_column == name


def test_a_label_is_read_as_that_of_a_text() -> None:
    several = frame(label=["a|b", "b", "", "a"] * 3)
    assert [e.label for e in read(several, target="labels")][:3] == [["a", "b"], ["b"], []]
    numbers = frame(label=["1,5", 2, 3.5, 0] * 3)
    assert [e.label for e in read(numbers, target="number")][:4] == [1.5, 2, 3.5, 0]
    rated = read(frame(label=[1, 2, 3, 4] * 3), label_rule="low:<2,high:>3")
    assert [example.label for example in rated] == ["low", "high"] * 3
    assert rated.outside_rule == 6
    with pytest.raises(OptionError, match="label_separator is empty"):
        read(several, label_separator="")
    with pytest.raises(DataError, match=r"row 1: the label in column 'label' is 'a.b', not a num"):
        list(read(several, target="number"))


def test_guesses_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with on_the_command_line(), caplog.at_level("INFO", "toolkit"):
        examples = read(frame(subject=1))
        assert len(list(examples)) == len(list(examples)) == 12
        list(read(steps(subject=np.arange(4))))
    assert [record.getMessage() for record in caplog.records] == [
        "series column: 'x' (guessed; set --series-column)",
        "label column: 'label' (guessed; set --label-column)",
        "group column: 'subject' (guessed; rows of one group stay together; set --group-column "
        "none to split at random)",
        "sequence column: 'sequence' (guessed; set --sequence-column)",
        "time column: 'time' (guessed; set --time-column)",
        "channels: ax, ay (guessed; set --channels)",
        "label column: 'label' (guessed; set --label-column)",
        "group column: 'subject' (guessed; rows of one group stay together; set --group-column "
        "none to split at random)",
    ]


def test_names_may_be_counted() -> None:
    columns = ["User ID", "time", "subject_no", "video", "groups"]
    assert called(columns, ("subject", "user")) == ["subject_no", "User ID"]
    assert called(columns, ("video", "group")) == ["video"]
    assert called(["ids", "id"], ("id",)) == ["id"]


@pytest.mark.parametrize("name", ["subject", "Speaker", "user_id", "patient", "group"])
def test_groups_are_kept_together_by_default(name: str) -> None:
    subjects = np.repeat(["ann", "bob", "cid"], 4)
    for table in (frame(**{name: subjects}), steps(12, **{name: subjects})):
        examples = read(table)
        assert examples.group_column == name
        assert [example.group for example in examples] == subjects.tolist()
        for seed in range(5):
            found = scan(examples, "classes")
            train, held = found.split(0.3, seed)
            assert not {*subjects[train]} & {*subjects[held]}
            assert len(encode_series(examples, found.encoder, found).subset(held)) == len(held)


def test_groups_are_an_option() -> None:
    table = frame(subject=np.repeat([1, 2, 3], 4), room=[*"xy"] * 6)
    assert read(table, group_column="room").group_column == "room"
    assert read(table, grouped=False).group_column is None
    assert read(table, labelled=False).group_column is None
    assert read(table, group_column="none").group_column is None
    assert scan(read(table, group_column="none"), "classes").groups is None
    with pytest.raises(DataError, match=r"has no column 'rooms' \(group_column\)"):
        read(table, group_column="rooms")
    assert len(list(read(frame(), grouped=False, group_column="room"))) == 12
    assert len(list(read(steps(), grouped=False, group_column="room"))) == 4


def test_a_guessed_group_may_be_missing_but_a_chosen_one_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = frame(subject=["ann", None, "bob", None] * 3)
    assert [example.group for example in read(table)][:3] == ["ann", None, "bob"]
    found = scan(read(table), "classes")
    assert found.groups is not None
    assert len({*found.groups.tolist()}) == 3
    with pytest.raises(DataError, match="row 2: the group in column 'subject' is missing"):
        list(read(table, group_column="subject"))
    for value in ("ann", None):
        alone = scan(read(frame(subject=value)), "classes")
        assert alone.groups is None
        assert len(alone.split(0.25, seed=0)[1]) == 3
        assert "all rows have the same value in column 'subject'" in caplog.text
        caplog.clear()


def test_what_describes_a_sequence_is_no_channel(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "toolkit")
    four = np.arange(4)
    described = steps(
        subject=four, action=four, trial_no=four, height=four, note=np.array([*"wxyz"])
    )
    examples = read(described)
    assert examples.channel_names == ("ax", "ay")
    assert (
        "channels: ax, ay (guessed; set channels; left out: action, trial_no, height,"
        in caplog.text
    )
    assert len(list(examples)) == 4
    chosen = read(described, channels_option="height, ay")
    assert chosen.channel_names == ("height", "ay")


def test_constant_channels_are_channels() -> None:
    table = steps().assign(off=0.0)
    assert read(table).channel_names == ("ax", "ay", "off")
    short = steps(sequences=3, length=1).assign(v=[1, 2, 3])
    assert read(short).channel_names == ("ax", "ay", "v")


def test_columns_of_a_table_by_option() -> None:
    table = steps().rename(columns={"sequence": "rec", "time": "when", "label": "what"})
    table["c"] = 1.0
    options = {"sequence_column": "rec", "time_column": "when", "channels_option": "ay,ax"}
    examples = read(table, label_column="what", **options)
    assert examples.channel_names == ("ay", "ax")
    assert examples.named_columns == {"channels": "ay,ax"}
    first = next(iter(examples))
    np.testing.assert_array_equal(first.series, table[["ay", "ax"]][:6].astype(np.float32))
    assert first.label == "a"
    for name in ("sequence_column", "time_column", "channels_option"):
        option = name.removesuffix("_option")
        with pytest.raises(DataError, match=rf"has no column 'axx' \({option}\)"):
            read(table, **options | {name: "axx"})


def test_a_run_finds_its_channels_by_name() -> None:
    columns = SeriesOptions()
    inherit(columns, ["channels"], {"named_columns": {"channels": "ay,ax"}})
    table = steps().assign(extra=1.5)
    examples = SeriesExamples(open_series(table, None, columns), columns, labelled=False)
    assert examples.channel_names == ("ay", "ax")
    table = table.drop(columns="ay")
    examples = SeriesExamples(open_series(table, None, columns), columns, labelled=False)
    assert examples.channel_names == ("ax", "extra")


def test_channels_are_matched_by_name(tmp_path: Path) -> None:
    columns, table = SeriesOptions(), steps().assign(az=1.0)
    swapped = table[["sequence", "time", "az", "ay", "ax", "label"]]
    folders = {"train": "ax,ay,az\n1,2,3\n4,5,6\n", "test": "az,ax,ay\n3,1,2\n6,4,5\n"}
    for part, text in folders.items():
        (tmp_path / part / "run").mkdir(parents=True)
        (tmp_path / part / "run/1.csv").write_text(text)
    for train, test in ((table, swapped), (tmp_path, tmp_path)):
        first = SeriesExamples(open_series(train, "train", columns), columns)
        names = first.channel_names
        assert names == ("ax", "ay", "az")
        source = open_series(test, "test", columns)
        other = SeriesExamples(source, columns, channels=3, names=names)
        assert other.channel_names == names
        for one, two in zip(first, other, strict=True):
            np.testing.assert_array_equal(one.series, two.series)


def test_some_channels_missing_are_refused_and_other_names_are_not() -> None:
    columns = SeriesOptions()
    table = steps().assign(az=1.0)

    def values(**renamed: str) -> Any:
        source = open_series(table.rename(columns=renamed), None, columns)
        examples = SeriesExamples(source, columns, channels=3, names=("az", "ay", "ax"))
        return next(iter(examples)).series

    with pytest.raises(DataError, match="lacks the channels ax of the model; it has: gx, ay, az"):
        values(ax="gx")
    np.testing.assert_array_equal(values(), table[["az", "ay", "ax"]][:6].astype(np.float32))
    expected = table[["ax", "ay", "az"]][:6].astype(np.float32)
    np.testing.assert_array_equal(values(ax="1", ay="2", az="3"), expected)


def test_names_of_channels_may_have_commas() -> None:
    table = steps().rename(columns={"ax": "acc, x", "ay": 'acc "y"'})
    named = read(table).named_columns
    columns = SeriesOptions()
    inherit(columns, ["channels"], {"named_columns": named})
    source = open_series(table.assign(extra=1.5), None, columns)
    assert SeriesExamples(source, columns).channel_names == ("acc, x", 'acc "y"')
    assert read(table, channels_option=' "acc, x"').channel_names == ("acc, x",)


@pytest.mark.parametrize(
    ("shapes", "channels", "expected"),
    [
        ([], None, False),
        ([(80, 6), (95, 6), (70, 6)], None, False),
        ([(6, 80), (6, 95), (6, 70)], None, True),
        ([(80, 6), (80, 6), (80, 6)], None, False),
        ([(6, 80), (6, 80)], None, True),
        ([(1, 140)], None, True),
        ([(12, 29), (12, 29)], None, False),  # twelve steps, or twelve channels
        ([(5, 60), (5, 60)], None, True),
        ([(16, 132)], None, False),  # sixteen frames of 33 joints
        ([(6, 40)], None, False),
        ([(80, 6)] * 5 + [(80, 5)], None, False),  # one has another number of channels
        ([(80, 6), (70, 6), (60, 5)], None, False),
        ([(6, 80), (6, 80), (6, 81)], None, True),
        ([(7,), (9,)], None, False),
        ([(6, 80)], 80, False),
        ([(6, 80)], 6, True),
        ([(6, 6)], 6, False),
        ([(80, 6)], 7, False),
    ],
)
def test_layout_by_shapes(shapes: list, channels: int | None, expected: bool) -> None:
    assert has_channels_first(shapes, channels) is expected


def test_channels_first_is_found_said_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    series = [np.arange(3 * length).reshape(3, length) for length in (20, 30, 25)]
    with on_the_command_line(), caplog.at_level("INFO", "toolkit"):
        examples = read(series, labelled=False)
        np.testing.assert_array_equal([*examples][1].series, series[1].T)
    assert (examples.channels, examples.channels_first) == (3, True)
    assert caplog.messages == [
        "the list: series are taken for [channels, time] by their shapes; if they are [time, "
        "channels], set --layout time_first"
    ]
    caplog.clear()
    examples = read(series, labelled=False, layout="channels_first")
    np.testing.assert_array_equal([*examples][1].series, series[1].T)
    assert not caplog.messages
    problem = next(iter(read(series, labelled=False, layout="time_first", channels=3))).problem
    assert problem == (
        "row 1: the series has 20 channels where the model takes 3; if its axes are the other way "
        "round, set layout='channels_first'"
    )
    ((example,), expected) = read(series[:1], labelled=False, channels=3), series[0].T
    np.testing.assert_array_equal(example.series, expected)


def test_lengths_tell_the_layout(caplog: pytest.LogCaptureFixture) -> None:
    padded = np.arange(48.0).reshape(2, 4, 6)
    for layout, lengths, cut in (
        ("auto", [2, 4], [padded[0][:2], padded[1]]),
        ("auto", [2, 6], [padded[0][:, :2].T, padded[1].T]),
        ("auto", [2, 3], [padded[0][:2], padded[1][:3]]),
        ("channels_first", [2, 3], [padded[0][:, :2].T, padded[1][:, :3].T]),
    ):
        examples = list(read((padded, ["a", "b"], lengths), layout=layout))
        for example, expected in zip(examples, cut, strict=True):
            np.testing.assert_array_equal(example.series, expected)
    square = np.arange(40.0).reshape(2, 5, 4)  # the longest series has as many steps as channels
    np.testing.assert_array_equal([*read((square, [*"ab"], [2, 4]))][1].series, square[1][:4])
    with pytest.raises(DataError, match="the length of series 2 is 6; it can be 1 to 4"):
        read((padded, ["a", "b"], [2, 6]), layout="time_first")


def test_most_series_decide_on_the_number_of_channels() -> None:
    series = [np.ones((9, 3)), *[np.ones((7, 2))] * 3]
    examples = list(read(series, labelled=False))
    assert [example.problem is None for example in examples] == [False, True, True, True]


def test_a_later_reading_is_checked_against_the_scan() -> None:
    labels = [*"aab"]
    series = [np.full((2, 1), value) for value in (1, 2, 3)]
    found = scan(read((series, labels)), "classes")
    assert len(encode_series(read((series, labels)), found.encoder, found)) == 3
    for other in (series[::-1], series[:2], [*series[:2], np.full((1, 2), 3)]):
        examples = read((other, labels[: len(other)]), layout="time_first")
        with pytest.raises(DataError, match=r"came in another order|channel"):
            encode_series(examples, found.encoder, found)
