"""Options that a run brings along, where a training goes on and where a run is measured."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.data import (
    ColumnOptions,
    EntityExamples,
    PairExamples,
    TextExamples,
    open_entities,
    open_pairs,
    open_source,
)
from toolkit.data.options import inherit, is_inherited
from toolkit.errors import DataError, OptionError
from toolkit.tasks import EntityTagger, LanguageModel, TextClassifier, Translator
from toolkit.tasks.settings import Settings

BAD = ["", None]
ROWS: dict[type, Any] = {
    TextClassifier: (["good film", "bad film", *["dull"] * 8], ["pos", "neg", *BAD * 4]),
    EntityTagger: ([["Ada"], ["Bo"], *[["x", "y"]] * 8], [["B-X"], ["O"], *[["O"]] * 8]),
    Translator: (["a", "b", *["c"] * 8], ["A", "B", *BAD * 4]),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_training_that_goes_on_leaves_out_no_more_than_an_evaluation(kind: Any) -> None:
    task = kind(skip_bad_rows=True, validation_split=0.0)
    inherit(task, ["skip_bad_rows"], {})
    with pytest.raises(DataError, match=r"8 bad rows of 10 .* are not left out just because"):
        task._prepare(Settings(task), ROWS[kind], None)
    assert not is_inherited(Settings(task, skip_bad_rows=True), "skip_bad_rows")  # as in inspect
    task.skip_bad_rows = True
    task._prepare(Settings(task), ROWS[kind], None)


def test_texts_of_language_models_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "ab ab ab"}\n' * 3 + '{"text": 3}\n' * 3)
    task = LanguageModel(skip_bad_rows=True, validation_split=0.0)
    inherit(task, ["skip_bad_rows"], {})
    with pytest.raises(DataError, match=r"3 bad rows of 6 .* are not left out just because"):
        task._prepare(Settings(task), str(path), None)


def test_settings_know_what_was_inherited() -> None:
    task = Translator(source_column="1", target_column="2", skip_bad_rows=True)
    inherit(task, ["source_column", "target_column", "skip_bad_rows"], {})
    settings = Settings(task, skip_bad_rows=True)
    assert settings.inherited == {"source_column", "target_column"}
    assert settings.override(source_column="2").inherited == {"target_column"}
    assert Settings(Translator()).inherited == frozenset()


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        ({"label_columns": "p,q"}, {"label_column": "mood"}),
        ({"label_column": "mood"}, {"label_columns": "p,q"}),
    ],
)
def test_a_given_column_of_labels_replaces_the_inherited_ones(
    trained: dict[str, str], given: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,mood,p,q\na,p|q,1,1\nb,,0,0\n")
    task = TextClassifier(**trained, target="labels")
    inherit(task, trained, {})
    for name, value in given.items():
        setattr(task, name, value)
    joined = ColumnOptions(**trained, **given, target="labels")  # as of a run's and given options
    inherit(joined, trained, {})
    for options in (task, joined, Settings(task)):
        examples = TextExamples(open_source(path), options)
        assert [example.label for example in examples] == [["p", "q"], []]
    with pytest.raises(OptionError, match="exclude each other"):
        TextExamples(open_source(path), ColumnOptions(**trained, **given, target="labels"))


def pairs(path: Path, task: Any) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in PairExamples(open_pairs(path, "test", task), task)]


def test_training_reads_the_sides_as_evaluation_does(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("target,source\nein Haus,a house\n")
    task = Translator(source_column="1", target_column="2")
    inherit(task, ["source_column", "target_column"], {})
    assert pairs(path, task) == pairs(path, Settings(task)) == [("a house", "ein Haus")]


LEAN = {"embedding_size": 4, "hidden_size": 4, "validation_split": 0.0}


def test_a_reverse_translator_is_measured_as_it_was_trained(
    tmp_path: Path, not_trained: None
) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "other.csv"
    path.write_text("source,target\na house,ein Haus\n")
    other.write_text("src,tgt\nein Haus,a house\n")
    task = Translator(source_column="2", target_column="1", token_level="words", **LEAN)
    assert task.fit(path).facts["named_columns"] == {
        "source_column": "target",
        "target_column": "source",
    }
    task.save(tmp_path / "run")
    loaded = Translator.load(tmp_path / "run")
    assert pairs(path, loaded) == pairs(path, Settings(loaded)) == [("ein Haus", "a house")]
    assert pairs(other, loaded) == [("ein Haus", "a house")]
    headless = tmp_path / "a.tsv"
    headless.write_text("a house\tein Haus\n")
    assert pairs(headless, loaded) == [("ein Haus", "a house")]
    loaded.fit(headless, continue_training=True)  # which has no names
    assert loaded.facts["named_columns"] == task.facts["named_columns"]


def test_names_of_the_columns_of_tokens_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"ner": ["X"], "tokens": ["a"], "raw": ["Ann"], "own": ["B-PER"]}\n')
    task = EntityTagger(token_column="3", tag_column="-1", validation_split=0.0)
    names = task._prepare(Settings(task), str(path), None).named_columns
    assert names == {"token_column": "raw", "tag_column": "own"}
    inherit(task, ["token_column", "tag_column"], {"named_columns": names})
    for options in (task, Settings(task)):
        (example,) = EntityExamples(open_entities(path, None, options), options)
        assert (example.tokens, example.tags) == (("Ann",), ("B-PER",))
    lines = tmp_path / "a.conll"
    lines.write_text("1 x Ann B-PER\n")
    assert EntityExamples(str(lines), task).named_columns == {}
