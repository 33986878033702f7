"""The shared sections: intervals, slices, errors, two runs side by side, a training's course."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from toolkit.errors import ModelError
from toolkit.evaluation import BootstrapOptions, Statistics, classification_statistics
from toolkit.evaluation.bootstrap import intervals
from toolkit.report.answered import Answered
from toolkit.report.blocks import Prose, Table
from toolkit.report.shared import (
    BOOTSTRAP,
    beside_section,
    by_name,
    by_number,
    errors_section,
    metrics_section,
    resampling,
    slices_section,
)
from toolkit.report.training import gradient_section, training_section

RANDOM = np.random.default_rng(1)
GOLD = RANDOM.integers(3, size=400)
ANSWERS = RANDOM.dirichlet([1, 1, 1], 400) + 0.8 * np.eye(3)[GOLD] * RANDOM.random((400, 1))
ANSWERS /= ANSWERS.sum(axis=1, keepdims=True)
STATISTICS = classification_statistics(GOLD, ANSWERS)
RIGHT = ANSWERS.argmax(axis=1) == GOLD
LENGTHS = RANDOM.integers(1, 60, size=400)
GROUPS = [f"film {number}" for number in RANDOM.integers(7, size=400)]


def answered(loss: Any = None, **more: Any) -> Answered:
    def shown(numbers: Sequence[int]) -> list[Mapping[str, Any]]:
        assert list(numbers) == sorted(numbers)
        return [{"text": f"text {n}", "right": "a", "answer": f"b{n}"} for n in numbers]

    if loss is None:
        loss = np.where(RIGHT, 0, ANSWERS.max(axis=1))
    keys = {"length": LENGTHS, "group": GROUPS}
    arguments = {
        "show": shown,
        "keys": keys,
        "named": frozenset({"group"}),
        "texts": frozenset({"text"}),
    } | more
    return Answered(noun="text", loss=loss, **arguments)


def cells(table: Any) -> list[Any]:
    assert isinstance(table, Table)
    return [list(row) for row in table.rows]


def test_intervals_against_a_bootstrap_of_our_own() -> None:
    options = BootstrapOptions(resamples=200, seed=5)
    found = intervals(STATISTICS, options)["accuracy"]
    random = np.random.default_rng(5)
    drawn = [RIGHT[random.integers(400, size=400)].mean() for _ in range(200)]
    assert found.value == pytest.approx(RIGHT.mean())
    assert found[1:] == pytest.approx(np.quantile(drawn, [0.025, 0.975]))


def test_the_interval_of_a_share_is_nearly_the_normal_one() -> None:
    found = intervals(STATISTICS)["accuracy"]
    half = 1.96 * np.sqrt(RIGHT.mean() * (1 - RIGHT.mean()) / 400)
    assert found.low == pytest.approx(RIGHT.mean() - half, abs=0.006)
    assert found.high == pytest.approx(RIGHT.mean() + half, abs=0.006)


def test_metrics_with_intervals_beside_baselines() -> None:
    simple = answered(baselines={"always a": {"accuracy": 0.25}})
    metrics = {
        "accuracy": float(RIGHT.mean()),
        "log_loss": 1.5,
        "roc_auc": None,
        "confusion": [[1]],
    }
    section = metrics_section(metrics, STATISTICS, simple)
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert list(table.columns) == ["metric", "this run", "95 % from", "to", "always a"]
    low, high = intervals(STATISTICS, BOOTSTRAP)["accuracy"][1:]
    assert cells(table) == [
        ["accuracy", RIGHT.mean(), low, high, 0.25],
        ["log loss", 1.5, None, None, None],
        ["roc auc", None, None, None, None],
    ]
    without = metrics_section(metrics, None, None).blocks
    assert len(without) == 1
    assert cells(without[0])[0] == ["accuracy", RIGHT.mean()]


def test_slices_are_parts_of_the_whole() -> None:
    section = slices_section(STATISTICS, answered(), texts=True)
    by_length, by_group = section.blocks
    for table in (by_length, by_group):
        rows = cells(table)
        counts = np.array([row[1] for row in rows])
        accuracies = np.array([row[2] for row in rows])
        assert counts.sum() == 400
        assert counts @ accuracies / 400 == pytest.approx(RIGHT.mean())
    assert len(cells(by_length)) == 5
    first = cells(by_group)[0]
    chosen = np.array(GROUPS) == first[0]
    assert first[1:3] == [chosen.sum(), pytest.approx(RIGHT[chosen].mean())]


@pytest.mark.parametrize("values", [[3] * 9, [1, 2], [1, 1, 1, 1, 1, 2], list(range(100)), [0.5]])
def test_slices_by_number_are_in_order_and_have_all(values: list[float]) -> None:
    slices = by_number(np.array(values))
    assert sorted(n for _, chosen in slices for n in chosen) == list(range(len(values)))
    bounds = [(min(values[n] for n in c), max(values[n] for n in c)) for _, c in slices]
    assert all(one[1] < other[0] for one, other in pairwise(bounds))
    assert len(slices) <= 5


def test_slices_by_name_are_the_largest() -> None:
    names = [f"g{n}" for n in range(80) for _ in range(n + 1)]
    found = by_name(names)
    assert [name for name, _ in found] == [f"g{n}" for n in range(79, 29, -1)]
    table = slices_section(STATISTICS, answered(keys={"group": names[:400]}), True).blocks[0]
    assert isinstance(table, Table)


def test_names_of_groups_are_left_out_with_the_texts() -> None:
    shown, hidden = (slices_section(STATISTICS, answered(), texts).blocks[1] for texts in (1, 0))
    assert {row[0] for row in cells(shown)} == set(GROUPS)
    assert [row[0] for row in cells(hidden)] == [str(n) for n in range(1, 8)]
    assert [row[1:] for row in cells(shown)] == [row[1:] for row in cells(hidden)]


def test_the_worst_errors_come_first() -> None:
    prose, table = errors_section(answered(), texts=True).blocks
    worst = np.argsort(-np.where(RIGHT, 0, ANSWERS.max(axis=1)), kind="stable")[:20]
    assert cells(table) == [[n, f"text {w}", "a", f"b{w}"] for n, w in enumerate(worst, 1)]
    assert isinstance(prose, Prose)
    assert f"{(~RIGHT).sum()} texts of 400 wrong" in prose.text
    _, hidden = errors_section(answered(), texts=False).blocks
    assert isinstance(hidden, Table)
    assert list(hidden.columns) == ["rank", "right", "answer"]
    assert errors_section(answered(np.zeros(400)), True).blocks == []


def test_answers_of_which_none_is_wrong_have_the_hardest() -> None:
    section = errors_section(answered(np.arange(1.0, 401), graded="hardest texts"), True)
    (table,) = section.blocks
    assert section.title == "Hardest texts"
    assert table.caption == "Hardest texts: 20 of 400 texts"
    assert cells(table)[0][1] == "text 399"


def test_two_runs_side_by_side() -> None:
    better = ANSWERS.copy()
    flipped = np.flatnonzero(~RIGHT)[:40]
    better[flipped] = 0.9 * np.eye(3)[GOLD[flipped]] + 0.1 / 3
    other = classification_statistics(GOLD, better)
    loss = np.where(better.argmax(axis=1) == GOLD, 0, better.max(axis=1))
    of_b = answered(loss, show=lambda some: [{"text": f"text {n}", "answer": "c"} for n in some])
    section = beside_section(("x", "y"), (STATISTICS, other), (answered(), of_b), True)
    _, table, differing = section.blocks
    row = cells(table)[0]
    assert row[:3] == ["accuracy", RIGHT.mean(), pytest.approx(RIGHT.mean() + 0.1)]
    assert row[-1] == "B is better, more than chance"
    assert isinstance(differing, Table)
    assert differing.caption == "B is better: 20 of 40 texts"
    gain = np.where(RIGHT, 0, ANSWERS.max(axis=1))[flipped]
    sides = [f"{name} of {side}" for name in ("right", "answer") for side in "AB"]
    assert list(differing.columns) == ["rank", "text", *sides]
    best = flipped[gain.argmax()]
    assert cells(differing)[0] == [1, f"text {best}", "a", None, f"b{best}", "c"]


HISTORY = [
    {"epoch": 1, "loss": 2.0, "val_f1": 0.5, "val_log_loss": 1.0, "clipped_share": 0.5},
    {"epoch": 2, "loss": 1.0, "val_f1": 0.7, "val_log_loss": 0.9, "clipped_share": 0.1},
    {"epoch": 3, "loss": 0.5, "val_f1": 0.7, "val_log_loss": 0.8, "clipped_share": 0.0},
    {"epoch": 4, "loss": 0.4, "val_f1": 0.6, "val_log_loss": 0.7, "clipped_share": 0.0},
]


def test_the_course_of_a_training() -> None:
    section = training_section(HISTORY, "f1", "no better f1 for 1 epoch; kept epoch 3", 3)
    prose = section.blocks[0]
    assert isinstance(prose, Prose)
    assert "The training ended: no better f1 for 1 epoch; kept epoch 3." in prose.text
    assert "15.0% of the steps had their gradient clipped (0.0% in the last epoch)" in prose.text
    assert [row[0] for row in cells(section.blocks[-1])] == [4, 3, 2, 1]
    unknown = training_section(HISTORY, None, None, None).blocks[0]
    assert isinstance(unknown, Prose)
    assert "ended" not in unknown.text
    assert training_section([], None, None, None).blocks == []


def test_gradients_through_time() -> None:
    norms = {"1": 0.5, "10": 0.01, "far_to_near": 0.02}
    section = gradient_section({"gradient_at_distance": {"gru": norms}, "warnings": []})
    assert cells(section.blocks[-1]) == [["gru", "5.00e-01", "1.00e-02"]]
    assert gradient_section(None).blocks == []
    vanished = {"gradient_at_distance": {"gru": {"1": 0.0}}, "warnings": [{"message": "none"}]}
    assert len(gradient_section(vanished).blocks) == 3
    failed = gradient_section(ModelError("the network has no recurrent layer")).blocks
    assert failed == [Prose("They could not be computed: the network has no recurrent layer.")]
    assert gradient_section(ModelError("secret"), texts=False).blocks == [
        Prose("They could not be computed.")
    ]


def test_few_examples_have_no_intervals() -> None:
    few = classification_statistics(GOLD[:19], ANSWERS[:19])
    table, prose = metrics_section({"accuracy": 1.0}, few, None).blocks
    assert isinstance(prose, Prose)
    assert list(table.columns) == ["metric", "this run"]
    assert "19 examples, which are too few for intervals" in prose.text
    _, beside = beside_section(("x", "y"), (few, few), (None, None), True).blocks
    assert list(beside.columns) == ["metric", "A", "B", "B - A"]


def test_large_data_has_fewer_resamples() -> None:
    sums = np.broadcast_to(np.float32(1), (20_000, 600))
    assert resampling(Statistics(sums, {})).resamples == 200
    assert resampling(Statistics(sums[:5_000], {})).resamples == 666
    assert resampling(STATISTICS) == BOOTSTRAP
