"""The names in a file's own header win over the numbers of columns that a run brings along."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolkit.data import (
    EntityColumnOptions,
    EntityExamples,
    PairColumnOptions,
    PairExamples,
    open_entities,
    open_pairs,
    source_texts,
)
from toolkit.data.options import inherit, is_inherited
from toolkit.errors import DataError

SWAPPED = {"source_column": "2", "target_column": "1"}


def of_run(options: Any, names: Sequence[str]) -> Any:
    """The options as a run brings them along."""
    options.inherited = frozenset(names)
    return options


def pairs(path: Path, options: PairColumnOptions) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in PairExamples(open_pairs(path, "test", options), options)]


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl"])
def test_sides_of_pairs(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    content = {
        "a.tsv": "source\ttarget\nein Haus\ta house\n",
        "a.csv": "source,target\nein Haus,a house\n",
        "a.jsonl": '{"source": "ein Haus", "target": "a house"}\n',
    }
    path = tmp_path / name
    path.write_text(content[name])
    caplog.set_level("INFO", "toolkit")
    inherited = of_run(PairColumnOptions(**SWAPPED), [*SWAPPED])
    assert pairs(path, inherited) == [("ein Haus", "a house")]
    assert list(source_texts(open_pairs(path, "test", inherited))) == ["ein Haus"]
    assert f"{path}: 'source' is the source column (chosen; set source_column)" in caplog.messages
    assert pairs(path, PairColumnOptions(**SWAPPED)) == [("a house", "ein Haus")]
    for side, number in SWAPPED.items():  # given for this file
        setattr(inherited, side, number)
    assert not any(is_inherited(inherited, side) for side in SWAPPED)
    assert pairs(path, inherited) == [("a house", "ein Haus")]


def test_a_number_counts_where_there_is_no_usual_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "toolkit")
    inherited = of_run(PairColumnOptions(**SWAPPED), [*SWAPPED])
    path = tmp_path / "a.csv"
    path.write_text("de,en\nein Haus,a house\n")
    assert pairs(path, inherited) == [("a house", "ein Haus")]
    assert f"{path}: 'en' is the source column (chosen; set source_column)" in caplog.messages
    path = tmp_path / "a.tsv"
    path.write_text("ein Haus\ta house\n")  # without a header, as the run's own data
    caplog.clear()
    assert pairs(path, inherited) == [("a house", "ein Haus")]
    assert not caplog.messages


NUMBERS = {"token_column": "2", "tag_column": "-1"}


def test_tokens_and_tags(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"tokens": ["Ann"], "ner_tags": ["B-PER"], "pos_tags": ["X"]}\n')
    caplog.set_level("INFO", "toolkit")

    def read(options: Any, source: Path = path) -> list[tuple[Any, Any]]:
        examples = EntityExamples(open_entities(source, None, options), options)
        return [(e.tokens, e.tags) for e in examples]

    inherited = of_run(EntityColumnOptions(**NUMBERS), [*NUMBERS])
    assert read(inherited) == [(("Ann",), ("B-PER",))]
    assert f"{path}: token_column: tokens (by its name; set token_column)" in caplog.messages
    assert f"{path}: tag_column: ner_tags (by its name; set tag_column)" in caplog.messages
    with pytest.raises(DataError, match="tag"):
        read(EntityColumnOptions(**NUMBERS))  # asked for: the tokens are B-PER, the tags X
    columns = tmp_path / "a.conll"
    columns.write_text("1 Ann X B-PER\n")
    assert read(inherited, columns) == [(("Ann",), ("B-PER",))]


@pytest.mark.parametrize(
    ("content", "options", "name"),
    [
        ("source\tsource\na b\tc d\n", {}, "source"),
        ("source\tsource\na b\tc d\n", {"source_column": "source"}, "source"),
        ("en\ten\na b\tc d\n", {"source_column": "en"}, "en"),
        ("\t\ntext\tT\n", {"source_column": "text"}, ""),
    ],
)
def test_a_name_twice_in_a_header(
    tmp_path: Path, content: str, options: dict[str, str], name: str
) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=f"names the column '{name}' twice in its header; if"):
        open_pairs(path, "test", PairColumnOptions(**options))


def test_names_of_the_data_of_a_run(tmp_path: Path) -> None:
    """Its columns are found by them, and so is a header that has no usual names."""
    names = {"source_column": "en", "target_column": "de"}
    options = PairColumnOptions(**SWAPPED)
    inherit(options, SWAPPED, {"named_columns": names})
    path = tmp_path / "a.tsv"
    path.write_text("en\tde\na house\tein Haus\n")
    assert pairs(path, options) == [("a house", "ein Haus")]
    path.write_text("ein Haus\ta house\n")
    assert pairs(path, options) == [("a house", "ein Haus")]
    path.write_text("en\na house\n")
    assert list(source_texts(open_pairs(path, "test", options))) == ["a house"]
