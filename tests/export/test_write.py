"""Versions: written whole or not at all, with all that the signatures need and no more."""

import os

import pytest
import tensorflow as tf

from toolkit.errors import WorkError
from toolkit.export import write_saved_model
from toolkit.export.servable import Servable


def test_versions_count_up_and_leave_earlier_ones_alone(word_counter, tmp_path):
    first = write_saved_model(tmp_path / "run", *word_counter)
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    second = write_saved_model(tmp_path / "run", *word_counter)
    assert (first.name, second.name) == ("1", "2")
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    assert sorted(os.listdir(tmp_path / "run")) == ["1", "2"]


def test_ten_comes_after_nine(word_counter, tmp_path):
    (tmp_path / "9").mkdir()
    assert write_saved_model(tmp_path, *word_counter).name == "10"


def test_assets_keep_their_names_and_bytes(word_counter, tmp_path):
    content = "neg\npos\u2028x\r\n"
    version = write_saved_model(tmp_path, *word_counter, {"classes.txt": content})
    assert (version / "assets" / "classes.txt").read_bytes() == content.encode()
    assert Servable.load(version).asset("classes.txt") == content


def test_only_the_variables_that_are_read_are_stored(exported):
    names = [name for name, _ in tf.train.list_variables(str(exported / "1/variables/variables"))]
    assert sum(name.endswith("VARIABLE_VALUE") for name in names) == 1


def test_the_optimizer_of_a_tracked_model_is_not_stored(tmp_path):
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones([2, 2]), np.ones([2, 3]), verbose=0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def serve(x):
        return {"y": model(x, training=False)}

    version = write_saved_model(tmp_path, {"serving_default": serve}, [model])
    names = [name for name, _ in tf.train.list_variables(str(version / "variables/variables"))]
    assert sum(name.endswith("VARIABLE_VALUE") for name in names) == 2


def test_a_vocabulary_file_moves_with_the_folder(tmp_path):
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(vocabulary), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )  # fmt: skip

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(text):
        return {"id": table.lookup(text)}

    write_saved_model(tmp_path / "run", {"serving_default": serve}, [table])
    vocabulary.unlink()
    os.rename(tmp_path / "run", tmp_path / "moved")
    assert Servable.load(tmp_path / "moved")(text=["b", "c"])["id"].tolist() == [1, -1]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError, tf.errors.ResourceExhaustedError])
def test_an_interrupted_export_leaves_no_version(word_counter, tmp_path, monkeypatch, failure):
    save = tf.saved_model.save

    def half_written(root, folder, **options):
        save(root, folder, **options)
        raise (
            failure(None, None, "disk full") if issubclass(failure, tf.errors.OpError) else failure
        )

    monkeypatch.setattr(tf.saved_model, "save", half_written)
    expected = WorkError if issubclass(failure, tf.errors.OpError) else failure
    with pytest.raises(expected):
        write_saved_model(tmp_path, *word_counter)
    assert os.listdir(tmp_path) == []


def test_a_full_disk(word_counter, tmp_path, full_disk):
    version = write_saved_model(tmp_path, *word_counter)
    before = {path: path.stat().st_size for path in version.rglob("*")}
    full_disk()
    with pytest.raises(WorkError, match=r"the SavedModel could not be written: .*File too large"):
        write_saved_model(tmp_path, *word_counter)
    assert os.listdir(tmp_path) == ["1"]
    assert {path: path.stat().st_size for path in version.rglob("*")} == before


def test_what_a_killed_export_left_is_cleared(word_counter, tmp_path, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr("toolkit.files.shutil.rmtree", lambda *_, **__: None)
        killed.setattr("toolkit.export.version.os.rename", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_saved_model(tmp_path, *word_counter)
    (leftover,) = os.listdir(tmp_path)
    assert leftover.startswith(".")
    assert write_saved_model(tmp_path, *word_counter).name == "1"
    assert os.listdir(tmp_path) == ["1"]


def test_writing_and_loading_say_nothing(word_counter, tmp_path, capfd):
    write_saved_model(tmp_path, *word_counter)
    Servable.load(tmp_path)(text=["good"])
    assert capfd.readouterr() == ("", "")


def test_no_path_of_the_machine_is_stored(word_counter, tmp_path):
    version = write_saved_model(tmp_path, *word_counter)
    for path in version.rglob("*"):
        assert path.is_dir() or os.fsencode(tmp_path) not in path.read_bytes()
