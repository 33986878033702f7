"""Pictures of recordings with the spikes of CTC."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.evaluation import HeardRecording, draw_spikes, speech_picture
from toolkit.evaluation.speech_picture import peaks
from toolkit.tasks.speech.outcomes import SpeechOutcomes


def heard(symbols: tuple[str, ...], path: list[int], name: str = "a.wav") -> HeardRecording:
    """A recording of which each step is nearly certain of a class."""
    classes = len(symbols) + 1
    probabilities = 0.9 * np.eye(classes)[path] + 0.1 / classes
    frames = np.random.default_rng(0).normal(size=(2 * len(path), 6))
    middles = np.array([100, 300, 600, 1100, 2100, 3900])
    return HeardRecording(name, frames, middles, 0.01, probabilities, symbols, 0.02)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are drawn."""
    kept: list[Any] = []
    save = speech_picture.save_figure

    def keep(figure: Any, path: Path) -> None:
        kept.append(figure)
        save(figure, path)

    monkeypatch.setattr(speech_picture, "save_figure", keep)
    return kept


def test_each_spike_is_named_where_it_is(figures: list[Any], tmp_path: Path) -> None:
    symbols = ("[UNK]", "a", " ", "語")
    draw_spikes(
        heard(symbols, [4, 1, 1, 4, 2, 3, 4, 1], "a.wav\nheard: a 語a $x^2$"), tmp_path / "p"
    )
    assert (tmp_path / "p").read_bytes().startswith(b"\x89PNG")
    (figure,) = figures
    upper, lower, bar = figure.axes
    named = sorted((round(text.get_position()[0], 3), text.get_text()) for text in upper.texts)
    assert [place for place, _ in named] == [0.03, 0.09, 0.11, 0.15]
    assert [name for _, name in named][:2] == ["a", "\u2423"]
    assert [line.get_label() for line in upper.lines][:3] == ["blank", "a", "\u2423"]
    np.testing.assert_allclose(upper.lines[1].get_ydata()[:3], [0.02, 0.92, 0.92])
    assert "heard: a" in figure.get_suptitle()
    assert (lower.get_xlabel(), lower.get_ylabel()) == ("time in seconds", "frequency in Hz")
    assert upper.get_ylabel() == "probability of a symbol"
    assert bar.get_ylabel() == "energy in dB"
    ticks = {t.get_text(): y for t, y in zip(lower.get_yticklabels(), lower.get_yticks())}  # noqa: B905
    assert ticks["1,000"] == pytest.approx(2.8)
    assert upper.get_xlim() == pytest.approx((0, 0.16))


def test_many_symbols_and_no_speech_can_be_drawn(figures: list[Any], tmp_path: Path) -> None:
    many = tuple(f"word{number}" for number in range(30))
    draw_spikes(heard(many, [*range(31)]), tmp_path / "many.png")
    draw_spikes(heard(("[UNK]",), [1]), tmp_path / "one.png")
    assert "(10 more not drawn)" in figures[0].axes[0].get_ylabel()
    assert not figures[1].axes[0].texts


def test_a_run_of_likely_steps_has_one_peak() -> None:
    values = np.array([0.3, 0.9, 0.5, 0.1, 0.0, 0.2, 0.19, 0.6])
    assert peaks(values) == [1, 5, 7]
    assert peaks(np.zeros(3)) == []


def test_no_picture_of_an_earlier_evaluation_stays(tmp_path: Path) -> None:
    one = heard(("[UNK]",), [1])
    texts: dict[str, Any] = {"places": ["row 1", "row 2"], "references": ["a", "b"]}
    others: dict[str, Any] = {"speakers": [], "seconds": [1.0, 1.0], "checksum": 0}
    wrong = SpeechOutcomes(
        **texts,
        **others,
        answers=["c", "d"],
        pictured=lambda rows: ((one, np.zeros(8, np.int16)) for _ in rows),
    )
    wrong.write(tmp_path, {})
    assert {path.name for path in tmp_path.glob("*.png")} == {"worst_1.png", "worst_2.png"}
    (tmp_path / "worst_9.png").touch()  # is none of ours
    replace(wrong, pictured=lambda rows: iter([(one, np.zeros(8, np.int16))])).write(tmp_path, {})
    assert {path.name for path in tmp_path.glob("*.png")} == {"worst_1.png", "worst_9.png"}
    replace(wrong, pictured=None).write(tmp_path, {})
    assert {path.name for path in tmp_path.glob("*.png")} == {"worst_9.png"}
