"""The picture of the confusion matrix, for any number of classes in any script."""

from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

from toolkit.evaluation import draw_confusion, draw_history, save_picture


def saved(path: Path, counts: object, classes: list[str]) -> tuple[int, ...]:
    """Draw and save the picture; return height and width. Warnings are errors in all tests."""
    save_picture(path / "confusion.png", draw_confusion(counts, classes))
    return matplotlib.image.imread(path / "confusion.png").shape[:2]


def test_shades_are_shares_of_rows_and_figures_are_counts() -> None:
    axes = draw_confusion([[30, 10], [0, 5]], ["neg", "pos"])
    np.testing.assert_array_equal(axes.images[0].get_array(), [[75, 25], [0, 100]])
    assert {t.get_position(): t.get_text() for t in axes.texts} == {
        (0, 0): "30\n75%",
        (1, 0): "10\n25%",
        (1, 1): "5\n100%",
    }
    assert axes.get_title() == "Confusions: 35 of 45 right"
    assert axes.images[0].colorbar.ax.get_ylabel() == "% of the right class"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["neg", "pos"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("answer", "right class")


def test_learning_curves_have_titles_axes_and_the_values_of_the_history() -> None:
    history = [
        {"epoch": 1, "loss": 2.0, "val_log_loss": 1.5, "val_accuracy": 0.25, "gradient_norm": 3},
        {"epoch": 2, "loss": 1.0, "val_log_loss": 1.25, "val_accuracy": 0.5, "gradient_norm": 2},
    ]
    below = draw_history(history, "accuracy")
    losses = below.figure.axes[0]
    curves = {line.get_label(): line.get_xydata().tolist() for line in losses.lines}
    assert curves == {
        "training loss": [[1, 2.0], [2, 1.0]],
        "validation log loss": [[1, 1.5], [2, 1.25]],
    }
    assert (losses.get_title(), losses.get_ylabel()) == ("Learning curves", "loss")
    assert [text.get_text() for text in losses.get_legend().get_texts()] == [*curves]
    assert below.lines[0].get_xydata().tolist() == [[1, 0.25], [2, 0.5]]
    assert (below.get_xlabel(), below.get_ylabel()) == ("epoch", "validation accuracy")
    without = draw_history([{"epoch": 1, "loss": 2.0, "gradient_norm": 3.0}])
    assert without.lines[0].get_xydata().tolist() == [[1, 3.0]]
    assert without.get_ylabel() == "gradient norm"
    assert draw_history([]) is None


def test_draws_where_it_is_told_to(tmp_path: Path) -> None:
    left, right = Figure((8, 4), layout="constrained").subplots(1, 2)
    for axes in (left, right):
        assert draw_confusion([[1, 2], [3, 4]], ["a", "b"], axes) is axes
    save_picture(tmp_path / "both.png", right)
    part = Figure((8, 4)).subfigures(1, 2)[0]
    save_picture(tmp_path / "part.png", draw_confusion([[1]], ["a"], part.add_subplot()))
    assert (tmp_path / "part.png").stat().st_size > 0


@pytest.mark.parametrize("count", [1, 2, pytest.param(50, marks=pytest.mark.slow)])
def test_names_have_room(count: int) -> None:
    names = [f"a rather long name of the class {i}" for i in range(count)]
    axes = draw_confusion(np.diag([8888] * count), names)
    for labels, across in (axes.get_xticklabels(), "width"), (axes.get_yticklabels(), "height"):
        boxes = [label.get_window_extent() for label in labels]
        cell = getattr(axes.get_window_extent(), across) / count
        assert max(getattr(box, across) for box in boxes) <= cell
        assert labels[0].get_fontsize() >= 7
    texts = [text.get_window_extent() for text in axes.texts]
    assert max(text.width for text in texts) < axes.get_window_extent().width / count


def test_very_many_classes_give_a_picture_of_bounded_size(tmp_path: Path) -> None:
    height, width = saved(tmp_path, np.eye(120, dtype=int), [str(i) for i in range(120)])
    assert max(height, width) < 4000


@pytest.mark.parametrize(
    "name",
    [
        "Прекрасно",
        "很好的电影" * 9,
        "جيد جدا",
        "อืม",
        "😀",
        "\U0010fffd",
        "a\n\x1b\0b",
        "$^$",
        "",
    ],
)
def test_no_name_is_too_strange(tmp_path: Path, name: str) -> None:
    height, width = saved(tmp_path, [[1, 2], [3, 4]], [name, "pos"])
    assert 100 < height < 2000
    assert 100 < width < 2000


def test_a_character_without_a_font_is_written_as_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matplotlib.font_manager.fontManager.ttflist", [])
    axes = draw_confusion([[1]], ["好!"])
    assert axes.get_xticklabels()[0].get_text() == "\\u597d!"


def test_a_character_of_another_font_is_found_there(tmp_path: Path) -> None:
    usual = set(FT2Font(findfont(FontProperties())).get_charmap())
    other = set(FT2Font(findfont("STIXGeneral")).get_charmap())
    character = chr(min(code for code in other - usual if chr(code).isprintable()))
    axes = draw_confusion([[1]], [character])
    assert axes.get_xticklabels()[0].get_text() == character
    save_picture(tmp_path / "found.png", axes)


def test_the_callers_backend_is_left_alone() -> None:
    before = dict.__getitem__(matplotlib.rcParams, "backend")
    draw_confusion([[1]], ["a"])
    assert dict.__getitem__(matplotlib.rcParams, "backend") is before
