"""What running text is said to be like, counted by hand; and that nothing is learnt."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.tasks import LanguageModel
from toolkit.training import cost

SMALL: dict[str, Any] = {"hidden_size": 3, "embedding_size": 2}
TRAINING = ["so it is", "it is late", "so it is", "", "it rains"]
HELD_OUT = ["it is late", "nobody knows", "it rains", "it rains"]


@pytest.fixture(autouse=True)
def _one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cost.try_steps, "__kwdefaults__", {**cost.try_steps.__kwdefaults__, "seconds": 0}
    )


def kinds(report: dict[str, Any]) -> set[str]:
    return {warning["kind"] for warning in report["warnings"]}


def test_texts_are_counted_and_compared() -> None:
    model = LanguageModel(token_level="words", epochs=7, **SMALL)
    report = model.inspect(TRAINING, HELD_OUT)
    assert report["parts"] == [
        {"part": "training", "texts": 5, "words": 11},
        {"part": "held_out", "texts": 4, "words": 9},
    ]
    assert (report["lengths"]["training"]["min"], report["lengths"]["training"]["max"]) == (0, 3)
    assert report["duplicates"]["exact"] == {
        "training": 1,
        "held_out": 1,
        "across": 3,
        "contradicting": 0,
    }
    (across,) = (w for w in report["warnings"] if w["kind"] == "overlap")
    assert across["rows"][0] == ["held-out text 1", "training text 2"]
    vocabulary = report["vocabulary"]
    assert vocabulary["known_in_training"] == 5
    assert vocabulary["unknown_training_share"] == 0
    assert vocabulary["unknown_held_out_share"] == pytest.approx(2 / 9)
    assert kinds(report) == {"empty", "duplicates", "overlap", "unknown"}
    assert report["training"]["epochs"] == 7
    assert not model.history


@pytest.mark.slow
def test_an_epoch_is_so_many_batches_as_training_has(tmp_path: Path, not_trained: None) -> None:
    text = tmp_path / "text.txt"
    text.write_text("It was late. It was very late.\n" * 40, encoding="utf-8")
    model = LanguageModel(batch_tokens=100, window=10, epochs=1, **SMALL)
    report = model.inspect(text)
    assert report["parts"][0] == {"part": "training", "texts": 1, "characters": 1116}
    assert "lengths" not in report
    assert not kinds(report)
    figures = report["training"]
    # 10 rows of 10 units; the first stretch may begin up to a window later.
    assert (figures["windows_in_a_batch"], figures["window"]) == (10, 10)
    assert figures["batches"] == -(-((1116 - 1 - 10) // 10) // 10)
    model.fit(text)
    assert figures["parameters"] == model.sequence_model.network.count_params()


def test_conditions_are_counted_and_bad_rows_are_said(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = ["it rains,wet"] * 6 + ["it is late,dry"] * 4 + ["it rains,dry", "it rains,"]
    table.write_text("\n".join(["text,label", *rows, ""]), encoding="utf-8")
    model = LanguageModel(
        token_level="words", condition_column="label", validation_split=0, **SMALL
    )
    report = model.inspect(table)
    assert report["conditions"] == [
        {"condition": "dry", "training": 5},
        {"condition": "wet", "training": 6},
    ]
    assert report["duplicates"]["exact"]["training"] == 9
    assert report["duplicates"]["exact"]["contradicting"] == 1
    (bad,) = (w for w in report["warnings"] if w["kind"] == "bad_rows")
    assert "row 12" in bad["message"]


@pytest.mark.slow
def test_one_character_alone_is_warned_of(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a" * 500, encoding="utf-8")
    assert kinds(LanguageModel(**SMALL).inspect(text)) == {"one_token"}
