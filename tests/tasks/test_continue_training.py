"""Fitting that goes on from what was learnt: classifiers; the contract has it for every task."""

import io
import json
import logging
import re
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf
import yaml

from toolkit.errors import ModelError, OptionError
from toolkit.tasks import LanguageModel, TextClassifier, Translator
from toolkit.training.state import read_any_state, write_state

LEAN: dict[str, Any] = {
    "model": "one_to_one",
    "window": 6,
    "embedding_size": 4,
    "hidden_size": 4,
    "epochs": 1,
    "batch_tokens": 64,
    "min_count": 1,
    "validation_split": 0.0,
}
FIRST = (["good film", "bad film", "good cast", "bad cast"] * 5, ["pos", "neg", "pos", "neg"] * 5)
MORE = (["odd play", "good play", "odd film"] * 5, ["odd", "pos", "odd"] * 5)


pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="toolkit")
    return caplog


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # data sets have graphs all the same


def first(**options: Any) -> TextClassifier:
    return TextClassifier(**LEAN | options).fit(FIRST)


def tokens(task: Any) -> list[str]:
    words: list[str] = task.sequence_model.preprocessing.vocabulary[2:]
    return words


def test_words_and_labels_are_added_and_said(log: pytest.LogCaptureFixture) -> None:
    task = first()
    before, old = tokens(task), task.predict(["good film"])[0]["probabilities"]
    task.learning_rate = 1e-9
    task.fit(MORE, continue_training=True)
    assert task.classes == ("neg", "pos", "odd")
    assert tokens(task) == [*before, "odd", "play"]
    assert "vocabulary: 8 words, 2 of them new" in log.text
    assert "labels: 3, 1 of them new: odd" in log.text
    assert task.facts["classes"] == {"neg": 0, "pos": 5, "odd": 10}
    new = task.predict(["good film"])[0]["probabilities"]
    # The new logit is the mean of the others: exp of it is the geometric mean of theirs.
    among_old = np.array([new["neg"], new["pos"]]) / (new["neg"] + new["pos"])
    np.testing.assert_allclose(among_old, [old["neg"], old["pos"]], rtol=1e-5)
    assert new["odd"] == pytest.approx(np.sqrt(new["neg"] * new["pos"]), rel=1e-5)


@pytest.mark.slow
def test_without_epochs_and_new_data_nothing_changes(tmp_path: Path) -> None:
    task = first()
    task.save(tmp_path)
    again = TextClassifier.load(tmp_path)
    again.epochs = 0
    again.fit(FIRST, continue_training=True)
    before, after = task.sequence_model.get_weights(), again.sequence_model.get_weights()
    np.testing.assert_equal(after, before)
    assert again.predict(["good", "bad cast", ""]) == task.predict(["good", "bad cast", ""])
    assert (again.facts["epochs_before"], again.facts["trained_epochs"]) == (1, 1)


def test_data_of_one_label_is_enough_to_go_on() -> None:
    task = first().fit((["fine"] * 4, ["pos"] * 4), continue_training=True)
    assert task.classes == ("neg", "pos")
    assert task.facts["trained_epochs"] == 2
    assert [row["epoch"] for row in task.history] == [2]


@pytest.mark.slow
def test_several_labels_grow_as_well() -> None:
    labels = [[label] for label in FIRST[1]]
    task = TextClassifier(**LEAN, target="labels").fit((FIRST[0], labels))
    task.fit((["odd"] * 4, [["odd", "pos"]] * 4), continue_training=True)
    assert task.classes == ("neg", "pos", "odd")


def test_numbers_stay_on_their_scale() -> None:
    task = TextClassifier(**LEAN, target="number").fit((FIRST[0], [1.0, 3.0] * 10))
    before = task.predict(["good film"])
    task.epochs = 0
    task.fit((["good film", "play"] * 4, [50.0, 90.0] * 4), continue_training=True)
    assert task.predict(["good film"]) == before
    assert task.sequence_model is not None
    assert task.sequence_model.network.config["output_mean"] == 2


def test_a_new_fit_forgets_and_says_so(log: pytest.LogCaptureFixture) -> None:
    task = first()
    said = "the task starts anew; continue_training goes on from what it has learnt"
    assert said not in log.text
    task.fit(MORE)
    assert said in log.text
    assert (task.classes, task.facts["epochs_before"]) == (("odd", "pos"), 0)
    assert "film" in tokens(task)
    assert "bad" not in tokens(task)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hidden_size", 5, "hidden_size is 5, but the earlier training had 4"),
        ("embedding_size", "auto", None),
        ("window", 7, "window is 7, but the earlier training had 6"),
        ("lowercase", False, "lowercase is False, but the earlier training had True"),
        ("target", "labels", "target is labels, but the earlier training had classes"),
        ("max_length", 400, None),  # what auto was
        ("max_length", 300, "max_length is 300, but the earlier training had 400"),
        ("word_dropout", 0.1, None),
    ],
)
def test_what_the_weights_depend_on_cannot_change(name: str, value: Any, words: str | None) -> None:
    task = first()
    setattr(task, name, value)
    if words is None:
        task.epochs = 0
        task.fit(MORE, continue_training=True)
        assert task.sequence_model is not None
        assert task.sequence_model.network.config["embedding_size"] == 4
        return
    with pytest.raises(OptionError, match=words) as caught:
        task.fit(MORE, continue_training=True)
    assert str(caught.value).endswith("a training that goes on from it cannot change this")
    assert "\n" not in str(caught.value)
    assert task.classes == ("neg", "pos")


@pytest.mark.slow
def test_a_full_vocabulary_says_how_to_make_room(log: pytest.LogCaptureFixture) -> None:
    task = first(max_tokens=6)
    task.fit(MORE, continue_training=True)
    assert len(tokens(task)) == 4
    assert "the vocabulary is full" in log.text
    assert "set max_tokens above 6 to learn them" in log.text
    task.max_tokens = 7
    task.fit(MORE, continue_training=True)
    assert tokens(task)[4:] == ["odd"]


def test_it_needs_something_to_go_on_from(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="continue_training needs what has been learnt"):
        TextClassifier(**LEAN).fit(FIRST, continue_training=True)
    with pytest.raises(OptionError, match="epochs is 0; at least 1 is needed"):
        TextClassifier(**LEAN | {"epochs": 0}).fit(FIRST)
    with pytest.raises(ModelError, match=r"no model\.keras is in it"):
        TextClassifier.load(tmp_path, archive=True)


@pytest.mark.slow
def test_pretrained_weights_are_not_read_again(tmp_path: Path) -> None:
    small: dict[str, Any] = {"embedding_size": 4, "hidden_size": 4, "epochs": 1}
    model = LanguageModel(token_level="words", validation_split=0.0, **small)
    model.fit(["good film bad cast"] * 20).save(tmp_path / "lm")
    options = {n: v for n, v in LEAN.items() if n not in ("model", "window")} | {"epochs": 1}
    task = TextClassifier(**options, pretrained=str(tmp_path / "lm")).fit(FIRST)
    (tmp_path / "lm" / "model.keras").unlink()
    task.fit(MORE, continue_training=True)
    assert tokens(task)[-2:] == ["odd", "play"]


@pytest.mark.slow
def test_the_threads_of_a_loaded_run_need_not_be_had(
    tmp_path: Path, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = first()
    trained.threads = 77
    trained.save(tmp_path)
    task = TextClassifier.load(tmp_path)
    assert task.threads == 77
    task.fit(MORE, continue_training=True)
    assert "was trained with 77 threads, but TensorFlow already runs with another" in log.text
    assert task.inspect(MORE)["warnings"] is not None
    task.threads = 78
    with pytest.raises(OptionError, match="only be set before TensorFlow starts"):
        task.fit(MORE, continue_training=True)


def test_conditions_cannot_come_or_go() -> None:
    small: dict[str, Any] = {"embedding_size": 4, "hidden_size": 4, "epochs": 1}
    options = small | {"validation_split": 0.0, "token_level": "words"}
    model = LanguageModel(**options).fit(["good film"] * 9)
    model.condition_column = "label"
    with pytest.raises(OptionError, match="the earlier training was without conditions"):
        model.fit(FIRST, continue_training=True)


@pytest.mark.slow
def test_each_side_of_a_translator_grows() -> None:
    options: dict[str, Any] = {"embedding_size": 4, "hidden_size": 4, "epochs": 1}
    options |= {"token_level": "words", "shared_vocabulary": False, "validation_split": 0.0}
    task = Translator(**options).fit((["one two", "two"] * 4, ["eins zwei", "zwei"] * 4))
    task.epochs, ratio = 0, task.facts["length_ratio"]
    task.fit((["three one"] * 4, ["drei eins und zwei und drei"] * 4), continue_training=True)
    model = task.sequence_model
    assert model is not None
    assert model.preprocessing.vocabulary[2:] == ["two", "one", "three"]
    assert model.target_preprocessing.vocabulary[2:] == ["zwei", "eins", "drei", "und"]
    assert task.facts["length_ratio"] > ratio
    assert task.predict(["one two three"])[0]["translation"] is not None


@pytest.mark.slow
def test_the_kept_state_stays_where_the_weights_do(tmp_path: Path) -> None:
    first(keep_state=True).save(tmp_path / "a")
    kept = (tmp_path / "a" / "state.npz").read_bytes()
    task = TextClassifier.load(tmp_path / "a")
    task.save(tmp_path / "b")
    task.save(tmp_path / "a")
    task.epochs = 0
    task.fit(FIRST, continue_training=True).save(tmp_path / "c")
    for name in "abc":
        assert (tmp_path / name / "state.npz").stat().st_size == len(kept), name
    task.epochs, task.keep_state = 1, False
    task.fit(MORE, continue_training=True).save(tmp_path / "a")
    assert not (tmp_path / "a" / "state.npz").exists()


@pytest.mark.slow
def test_a_state_of_other_making_is_said_and_not_used(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    task = first(keep_state=True)
    task.save(tmp_path)
    state, recorded = read_any_state(tmp_path / "state.npz") or (None, {})
    assert state is not None
    del recorded["weights"]
    write_state(tmp_path / "state.npz", state, recorded)
    TextClassifier.load(tmp_path).fit(FIRST, continue_training=True)
    assert "state.npz is not of the weights of model.keras, and is not used" in log.text


@pytest.mark.slow
def test_an_interruption_leaves_what_was_learnt_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = first()
    before, weights = task.predict(["good film"]), task.sequence_model.get_weights()

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            task.fit(MORE, continue_training=True)
    assert (task.classes, task.facts["epochs_before"]) == (("neg", "pos"), 0)
    assert task.predict(["good film"]) == before
    np.testing.assert_equal(task.sequence_model.get_weights(), weights)
    task.fit(MORE, continue_training=True)
    assert task.facts["epochs_before"] == 1


@pytest.mark.slow
def test_a_version_that_is_older_than_the_archive_is_said(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    tf.config.run_functions_eagerly(False)
    task = first()
    task.save(tmp_path)
    task.export(tmp_path)
    said = "the newest exported version answers; model.keras is of another training"
    assert TextClassifier.load(tmp_path).classes == ("neg", "pos")
    assert said not in log.text
    task.fit(MORE, continue_training=True).save(tmp_path)
    assert TextClassifier.load(tmp_path).classes == ("neg", "pos")
    assert said in log.text
    assert TextClassifier.load(tmp_path, archive=True).classes == ("neg", "pos", "odd")


def test_many_classes_come_back(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(500)]
    confusion = np.zeros([500, 500], int).tolist()
    per_class = {name: {"f1": 0.5, "precision": 0.5, "recall": 0.5, "support": 1} for name in names}
    trained = first()
    trained.metrics = {"accuracy": 0.5, "confusion": confusion, "per_class": per_class}
    trained.save(tmp_path)
    loaded = TextClassifier.load(tmp_path)
    assert loaded.metrics == {"accuracy": 0.5, "per_class": per_class}
    assert json.loads((tmp_path / "metrics.json").read_text())["confusion"] == confusion


def as_before_the_lstm(content: bytes, name: str) -> bytes:
    """Return a member of a run with ``keras_lstm`` as it was when that was called ``lstm``."""
    if name.endswith("config.yaml"):
        description = yaml.safe_load(content)
        for section in ("options", "facts"):
            description[section]["cell"] = "lstm"
        return yaml.safe_dump({**description, "format": 2}, sort_keys=False).encode()
    if name == "config.json":
        config = json.loads(content)
        del config["config"]["format"]
        config["config"]["network"]["config"]["cell"] = "lstm"
        return json.dumps(config).encode()
    if name == "model.weights.h5":
        weights = io.BytesIO(content)
        with h5py.File(weights, "r+") as file:
            file.move("layers/many_to_one/layers/lstm", "layers/many_to_one/layers/rnn")
        return weights.getvalue()
    return content


def test_a_run_with_the_lstm_of_keras_by_its_old_name_goes_on_with_it(tmp_path: Path) -> None:
    options = {"model": "many_to_one", "cell": "keras_lstm", "bidirectional": False}
    first(**options).save(tmp_path)
    answers = TextClassifier.load(tmp_path).predict(["good film"])[0]["probabilities"]
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, as_before_the_lstm(content, name))
    config = tmp_path / "config.yaml"
    config.write_bytes(as_before_the_lstm(config.read_bytes(), config.name))
    assert re.findall("(?:cell|format): .*", config.read_text()) == [
        "format: 2",
        "cell: lstm",
        "cell: lstm",
    ]

    task = TextClassifier.load(tmp_path)
    assert task.cell == task.facts["cell"] == "keras_lstm"
    assert task.predict(["good film"])[0]["probabilities"] == answers
    task.fit(MORE, continue_training=True)
    assert task.sequence_model.network.config["cell"] == "keras_lstm"
    task.cell = "lstm"
    with pytest.raises(OptionError, match="cell"):
        task.fit(MORE, continue_training=True)
