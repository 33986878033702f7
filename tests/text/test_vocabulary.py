"""The vocabulary and its file."""

import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.text.vocabulary import (
    VocabularyTables,
    read_vocabulary,
    whole_vocabulary,
    write_vocabulary,
)

UNITS = ["the", "\n", " ", "\t", "\0", "\x85", "\u2028", " \u0308", "\\", "n", "é", "👩‍👧"]


def test_file_and_tables_keep_every_unit(tmp_path):
    units = whole_vocabulary(UNITS)
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(path, units)
    assert read_vocabulary(path) == units == ["", "[UNK]", *UNITS]

    tables = VocabularyTables(path)
    ids = tables.ids(tf.constant(units))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == list(range(len(units)))
    assert [unit.decode() for unit in tables.units(ids).numpy()] == units


def test_reserved_strings_are_not_mistaken_for_padding(tmp_path):
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(path, whole_vocabulary(["the"]))
    tables = VocabularyTables(path)
    looked_up = tables.ids(tf.constant([["", "[PAD]", "[UNK]"], ["the", "The", "\n"]]))
    assert looked_up.numpy().tolist() == [[0, 1, 1], [2, 1, 1]]
    assert tables.units(tf.constant([0, 1, 2, 3, -1])).numpy().tolist() == [
        *(b"", b"[UNK]", b"the", b"[UNK]", b"[UNK]")
    ]


def test_a_whole_vocabulary_is_taken_as_it_is():
    assert whole_vocabulary(["", "[UNK]", "a"]) == whole_vocabulary(["a"]) == ["", "[UNK]", "a"]
    assert whole_vocabulary([]) == ["", "[UNK]"]


@pytest.mark.parametrize(
    "units", [["a", "a"], ["a", ""], ["[UNK]"], ["[PAD]"], ["\\n"], ["a\nb"], ["\r"]]
)
def test_impossible_units_are_named(units):
    with pytest.raises(OptionError, match="vocabulary entry"):
        whole_vocabulary(units)
