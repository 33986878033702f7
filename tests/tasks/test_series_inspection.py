"""The report on series: what a training would meet, and planted faults found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.evaluation import report_table
from toolkit.tasks import SequenceClassifier
from toolkit.tasks import task as template
from toolkit.training.cost import Trial


@pytest.fixture(scope="module", autouse=True)
def _not_tried() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "try_steps", lambda *_, **__: Trial(1, 100, 0.5))
        yield


def rows(count: int = 80, seed: int = 0, **more: Any) -> pd.DataFrame:
    """Random series of three channels, of 5 to 12 frames, in ten groups."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": [random.normal(size=(n, 3)).tolist() for n in random.integers(5, 13, count)],
            "label": ["a", "b"] * (count // 2),
            "subject": [f"s{number // 2 % 10}" for number in range(count)],
            **more,
        }
    )


def inspect(data: Any, validation_data: Any = None, **options: Any) -> dict[str, Any]:
    task = SequenceClassifier(hidden_size=3, **options)
    report = task.inspect(data, validation_data)
    assert task.sequence_model is None
    return report


def warnings(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [warning for warning in report["warnings"] if warning["kind"] == kind]


@pytest.fixture(scope="module")
def clean() -> dict[str, Any]:
    return inspect(rows(), validation_split=0.2)


def test_rows_labels_lengths_and_channels_are_counted(clean: dict[str, Any]) -> None:
    assert clean["warnings"] == []
    (file,) = clean["files"]
    assert file == {
        "file": "the DataFrame",
        "rows": 80,
        "bad_rows": 0,
        "outside_rule": 0,
        "training": 64,
        "held_out": 16,
        "groups": 10,
    }
    assert [row["label"] for row in clean["labels"]] == ["a", "b"]
    assert sum(row["training"] for row in clean["labels"]) == 64
    assert clean["lengths"]["training"]["unit"] == "frames"
    assert 5 <= clean["lengths"]["held_out"]["min"] <= clean["lengths"]["held_out"]["max"] <= 12
    assert clean["training"]["batches"] >= 1


def test_channels_are_those_of_the_training_part() -> None:
    frame, others = rows(40), rows(20, seed=1)
    frame.loc[0, "x"][0][2] = None
    report = inspect(frame, others)
    values = np.concatenate([np.array(x, np.float64) for x in frame["x"]]).astype(np.float32)
    names = ("mean", "deviation", "min", "max")
    measures = (np.nanmean, np.nanstd, np.nanmin, np.nanmax)
    figures = np.transpose([measure(values, axis=0) for measure in measures])
    for channel, (row, expected) in enumerate(zip(report["channels"], figures, strict=True)):
        assert row["channel"] == str(channel + 1)
        assert [row[name] for name in names] == pytest.approx(expected, abs=1e-6)
        missing = np.isnan(values[:, channel]).mean()
        assert row["missing_share"] == pytest.approx(missing)
    assert report["channels"][2]["missing_share"] > 0


def test_the_report_is_json_and_a_table(clean: dict[str, Any]) -> None:
    assert json.loads(json.dumps(clean)) == clean
    table = report_table(clean)
    assert table.endswith("no warnings")
    assert "channel" in table


def test_channels_that_tell_nothing_are_named() -> None:
    frame = rows()
    for series in frame["x"]:
        for step in series:
            step[0], step[2] = None, 7.5
    report = inspect(frame)
    (missing,) = warnings(report, "missing_channels")
    assert missing["message"].startswith("1 channel without any value in the training part")
    assert missing["message"].endswith(": 1")
    (constant,) = warnings(report, "constant_channels")
    assert constant["message"].endswith(": 3")
    assert report["channels"][0] == {
        "channel": "1",
        "mean": None,
        "deviation": None,
        "min": None,
        "max": None,
        "missing_share": 1.0,
    }
    assert json.dumps(report, allow_nan=False)


def test_other_units_in_a_group_are_found() -> None:
    frame = rows()
    for series, subject in zip(frame["x"], frame["subject"], strict=True):
        if subject == "s3":
            for step in series:
                step[1] *= 1000
    (warning,) = warnings(inspect(frame), "scales")
    assert (
        "1 channel (2) on another scale, by more than 10 times, in 1 group (s3)"
        in (warning["message"])
    )


def test_other_units_in_validation_data_are_found() -> None:
    first, second = rows().drop(columns="subject"), rows(20, seed=1).drop(columns="subject")
    assert warnings(inspect(first, second), "scales") == []
    second["x"] = [(np.array(x) / 1000).tolist() for x in second["x"]]
    (warning,) = warnings(inspect(first, second), "scales")
    assert "3 channels (1, 2, 3)" in warning["message"]
    assert "1 part (the held-out part)" in warning["message"]


def test_groups_in_both_parts_are_named() -> None:
    first, second = rows(40), rows(20, seed=1)
    second["subject"] = ["s1", "t1", "t2", "s2"] * 5
    (warning,) = warnings(inspect(first, second), "shared_groups")
    assert warning["message"].startswith("2 groups both in the training and in the held-out part")
    assert warning["message"].endswith(": s1, s2")
    assert warnings(inspect(first, second.drop(columns="subject")), "shared_groups") == []
    assert warnings(inspect(first, second, group_column="none"), "shared_groups") == []


def test_a_chosen_group_column_may_be_missing_in_validation_data() -> None:
    first, second = rows(40).rename(columns={"subject": "who"}), rows(20, seed=1)
    report = inspect(first, second, group_column="who", label_column="label")
    assert [file.get("groups") for file in report["files"]] == [10, None]


def test_equal_series_are_found_with_their_rows() -> None:
    first, second = rows(40), rows(20, seed=1)
    first.at[7, "x"], first.at[7, "label"] = first.at[3, "x"], "a"
    second.at[4, "x"] = first.at[0, "x"]
    report = inspect(first, second)
    assert report["duplicates"]["exact"] == {
        "training": 1,
        "held_out": 0,
        "across": 1,
        "contradicting": 1,
    }
    (overlap,) = warnings(report, "overlap")
    assert overlap["rows"] == [[5, 1]]
    assert "1 held-out sequence also in the training part: a model" in overlap["message"]
    (contradiction,) = warnings(report, "contradiction")
    assert contradiction["rows"] == [[8, 4]]


def test_single_frames_and_very_long_series_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.tasks.sequences.inspection.MANY_FRAMES", 12)
    frame = rows()
    frame.at[4, "x"], frame.at[9, "x"] = [[1, 2, 3]], frame.at[9, "x"] * 4
    report = inspect(frame, validation_split=0)
    (single,) = warnings(report, "single_frames")
    assert single["rows"] == [5]
    (long,) = warnings(report, "long_sequences")
    assert long["rows"] == [10]


def test_bad_rows_and_a_guessed_layout_are_said() -> None:
    frame = rows(group=None)
    frame["x"] = [np.array(x).T.tolist() for x in frame["x"]]
    frame.at[5, "x"] = "nothing"
    report = inspect(frame)
    assert report["files"][0]["bad_rows"] == 1
    assert warnings(report, "bad_rows")[0]["rows"] == ["row 6"]
    (layout,) = warnings(report, "channels_first")
    assert "[channels, time] by their shapes, with 3 channels" in layout["message"]
    assert warnings(inspect(frame, layout="channels_first"), "channels_first") == []


@pytest.mark.parametrize("target", ["number", "labels"])
def test_other_targets(target: Any) -> None:
    frame = rows()
    frame["label"] = np.arange(80) / 8 if target == "number" else ["a|b", "b"] * 40
    report = inspect(frame, target=target)
    assert report["duplicates"]["exact"]["contradicting"] == 0
    if target == "number":
        assert report["labels"]["training"]["max"] <= 79 / 8
    else:
        (a, b) = report["labels"]
        assert (a["label"], b["training_share"]) == ("a", 1.0)


def test_series_of_class_folders_are_called_by_their_files(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("run", "walk"):
        (tmp_path / label).mkdir()
        for number in range(10):
            values = random.normal(size=(4, 2)) if (label, number) != ("walk", 3) else [[1, 2]]
            np.save(tmp_path / label / f"{number}.npy", np.asarray(values))
    (single,) = warnings(inspect(tmp_path), "single_frames")
    assert single["rows"] == ["walk/3.npy"]
