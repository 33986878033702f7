"""Data sets of TFDS by name: real, tiny ones, and the errors when one is unavailable."""

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from toolkit.data import (
    EntityColumnOptions,
    EntityExample,
    EntityExamples,
    Record,
    open_entities,
    open_source,
)
from toolkit.data.sources.named_datasets import DatasetSource
from toolkit.errors import DataError


class TinyFilms(tfds.core.GeneratorBasedBuilder):
    """A tiny data set; its definition registers it with TFDS."""

    pkg_dir_path = Path(__file__).parent
    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "text": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=["-", "+"]),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: object) -> dict[str, object]:
        return {"train": self._generate_examples(2), "test": self._generate_examples(1)}

    def _generate_examples(self, count: int):
        for number in range(count):
            yield number, {"text": f"film {number}", "label": number}


class LostFilms(TinyFilms):
    """A data set whose files are on a host that cannot be reached."""

    def _split_generators(self, dl_manager: object) -> dict[str, object]:
        dl_manager.download("https://films.invalid/films.zip")
        raise AssertionError


class TinyNames(TinyFilms):
    """A data set with sequences, in the manner of ``conll2003``."""

    def _info(self) -> tfds.core.DatasetInfo:
        tags = tfds.features.ClassLabel(names=["O", "B-PER", "I-PER"])
        features = {
            "chunks": tfds.features.Sequence(tfds.features.ClassLabel(names=["NP", "VP"])),
            "ner": tfds.features.Sequence(tags),
            "pos": tfds.features.Sequence(tfds.features.ClassLabel(names=["N", "V"])),
            "tokens": tfds.features.Sequence(tfds.features.Text()),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _generate_examples(self, count: int):
        tags = {"ner": [1, 2, 0], "chunks": [0, 0, 1], "pos": [0, 0, 1]}
        for number in range(count):
            yield number, {"tokens": ["Zoë", "Ng", "sings"], **tags}


@pytest.fixture(autouse=True)
def _data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path))


def test_splits_and_class_names() -> None:
    source = open_source("tiny_films")
    assert source.name == "tiny_films:train"
    assert {record.values["text"]: record.values["label"] for record in source.records()} == {
        b"film 0": "-",
        b"film 1": "+",
    }
    for test in (open_source("tiny_films:test"), open_source("tiny_films", "test")):
        assert list(test.records()) == [Record(1, {"text": b"film 0", "label": "-"}, "row 1")]


def test_sequences_of_names() -> None:
    options = EntityColumnOptions()
    for source in (open_entities("tiny_names", "train", options), open_source("tiny_names")):
        for record in source.records():
            assert record.values["pos"] == ["N", "N", "V"]
    examples = EntityExamples("tiny_names:test", options, labels=["PER"])
    assert [*examples] == [
        EntityExample(1, ("Zoë", "Ng", "sings"), ("B-PER", "I-PER", "O"), place="row 1")
    ]
    with pytest.raises(DataError, match="column 'pos': every token has a label, and none has the"):
        list(EntityExamples("tiny_names:test", EntityColumnOptions(tag_column="pos")))


def test_the_split_that_is_read_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "toolkit"):
        assert open_source("tiny_films:train", "test").name == "tiny_films:train"
        assert not caplog.records
        assert open_source("tiny_films", "test").name == "tiny_films:test"
    assert caplog.messages == [
        "tiny_films: its split 'test' is read; tiny_films:SPLIT names another"
    ]


def test_a_negative_label_is_none() -> None:
    dataset = tf.data.Dataset.from_tensor_slices({"text": ["a", "b"], "label": [-1, 1]})
    records = DatasetSource(dataset, class_names={"label": ["-", "+"]}).records()
    assert [record.values["label"] for record in records] == [None, "+"]


def test_no_such_split() -> None:
    with pytest.raises(DataError, match="tiny_films has no split 'dev'; it has: train, test"):
        open_source("tiny_films:dev")


def test_no_such_name() -> None:
    with pytest.raises(DataError, match=r"no file and no data set 'tiny_film'; did you mean 'tiny"):
        open_source("tiny_film")


def test_what_cannot_be_had(capfd: pytest.CaptureFixture[str]) -> None:
    message = r"the data set lost_films cannot be had \(.*\); give the path of a file instead"
    with pytest.raises(DataError, match=message) as caught:
        open_source("lost_films")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
