"""The vocabulary and its file."""

import gc
import os
import tempfile

import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.vocabulary import (
    Vocabulary,
    VocabularyTables,
    add_reserved_tokens,
    read_vocabulary,
    write_vocabulary,
)

UNITS = ["the", "\n", " ", "\t", "\0", "\x85", "\u2028", " \u0308", "\\", "n", "é", "👩‍👧"]


def test_file_and_tables_keep_every_unit(tmp_path):
    units = add_reserved_tokens(UNITS)
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(path, units)
    assert read_vocabulary(path) == units == ["", "[UNK]", *UNITS]

    tables = VocabularyTables(path)
    ids = tables.ids(tf.constant(units))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == list(range(len(units)))
    assert [unit.decode() for unit in tables.tokens(ids).numpy()] == units


def test_reserved_strings_are_not_mistaken_for_padding(tmp_path):
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(path, add_reserved_tokens(["the"]))
    tables = VocabularyTables(path)
    looked_up = tables.ids(tf.constant([["", "[PAD]", "[UNK]"], ["the", "The", "\n"]]))
    assert looked_up.numpy().tolist() == [[0, 1, 1], [2, 1, 1]]
    assert tables.tokens(tf.constant([0, 1, 2, 3, -1])).numpy().tolist() == [
        *(b"", b"[UNK]", b"the", b"[UNK]", b"[UNK]")
    ]


def test_a_whole_vocabulary_is_taken_as_it_is():
    assert (
        add_reserved_tokens(["", "[UNK]", "a"]) == add_reserved_tokens(["a"]) == ["", "[UNK]", "a"]
    )
    assert add_reserved_tokens([]) == ["", "[UNK]"]


@pytest.mark.parametrize(
    "units", [["a", "a"], ["a", ""], ["[UNK]"], ["[PAD]"], ["\\n"], ["a\nb"], ["\r"]]
)
def test_impossible_units_are_named(units):
    with pytest.raises(OptionError, match="vocabulary entry"):
        add_reserved_tokens(units)


def test_a_vocabulary_looks_up_its_units_of_any_shape():
    vocabulary = Vocabulary(UNITS)
    assert len(vocabulary) == len(UNITS) + 2
    assert vocabulary.all_tokens == ("", "[UNK]", *UNITS)
    ids = vocabulary.ids(tf.constant([[*UNITS], [*reversed(UNITS)]]))
    places = [*range(2, len(UNITS) + 2)]
    assert ids.numpy().tolist() == [places, places[::-1]]
    assert [unit.decode() for unit in vocabulary.tokens(ids).numpy()[0]] == UNITS
    assert vocabulary.ids(tf.constant("none of them")).numpy() == 1
    assert len(Vocabulary()) == 2


def files_in_memory():
    return {*tf.io.gfile.glob("ram://toolkit/*/*")}


def test_vocabularies_lie_in_memory_until_they_go(tmp_path, monkeypatch):
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = files_in_memory()
    words, shapes = Vocabulary(iter(["a", "b"]), "words.txt"), Vocabulary(["Xx"], "shapes.txt")
    paths = files_in_memory() - before
    assert sorted(path.rpartition("/")[2] for path in paths) == ["shapes.txt", "words.txt"]

    model = tf.Module()
    model.parts = {"words": words, "shapes": shapes}
    model.ids = tf.function(words.ids, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(model, tmp_path / "saved")
    assets = tmp_path / "saved" / "assets"
    assert {path.name: read_vocabulary(path) for path in assets.iterdir()} == {
        "words.txt": ["", "[UNK]", "a", "b"],
        "shapes.txt": ["", "[UNK]", "Xx"],
    }
    del model, words, shapes
    gc.collect()
    assert not files_in_memory() & paths
    assert not [*temporary.rglob("*.txt")]
    loaded = tf.saved_model.load(tmp_path / "saved")
    assert loaded.ids(tf.constant(["b", "", "c"])).numpy().tolist() == [3, 0, 1]


def test_exports_name_no_folder_of_their_machine_and_share_nothing(tmp_path):
    loaded = []
    for number, tokens in enumerate((["a", "b"], ["b", "a"])):
        model = tf.Module()
        model.vocabulary = Vocabulary(tokens)
        model.ids = tf.function(
            model.vocabulary.ids, input_signature=[tf.TensorSpec([None], tf.string)]
        )
        folder = tmp_path / f"{number}"
        tf.saved_model.save(model, folder)
        graph = (folder / "saved_model.pb").read_bytes()
        for name in (str(tmp_path), tempfile.gettempdir(), os.getcwd()):
            assert name.encode() not in graph
        loaded.append(tf.saved_model.load(folder))
    for model, ids in zip(loaded, ([2, 3], [3, 2]), strict=True):
        assert model.ids(tf.constant(["a", "b"])).numpy().tolist() == ids


def test_an_impossible_vocabulary_leaves_no_file():
    before = files_in_memory()
    with pytest.raises(OptionError, match="entry 3 is 'a', which is reserved or repeated"):
        Vocabulary(["a", "a"])
    assert files_in_memory() <= before
