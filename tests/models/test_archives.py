"""``.keras`` files, whole, damaged and hostile: the code that they name is never run."""

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from toolkit.errors import ModelError
from toolkit.models import ManyToOne, SequenceModel, load_sequence_model
from toolkit.models.archives import FORMAT
from toolkit.text import Tokenizer

Parts = dict[str, bytes]
#: Archives from before networks had fronts, the last from before the toolkit had an LSTM, and the
#: answers of the code of that time.
OLD = Path(__file__).parent / "archives"
ANSWERS = json.loads((OLD / "answers.json").read_text())
TEXTS = ["a b c", "d", "b a d c x", ""]


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> Parts:
    """The members of a good archive."""
    path = tmp_path_factory.mktemp("models") / "good.keras"
    model = SequenceModel(
        Tokenizer(vocabulary=["a", "b"]), ManyToOne(4, 2, hidden_size=3, embedding_size=3)
    )
    model.build()
    model.save(path)
    assert load_sequence_model(path).preprocessing.vocabulary == ["", "[UNK]", "a", "b"]
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def load(parts: Parts, tmp_path: Path):
    """A function that loads an archive with some members changed, and returns the message."""

    def load(**changed: bytes | None) -> str:
        path = tmp_path / "model.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (parts | changed).items():
                if content is not None:
                    archive.writestr(name, content)
        with pytest.raises(ModelError) as caught:
            load_sequence_model(path)
        message = str(caught.value)
        assert message.startswith(f"{path} ")
        assert len(message) < 600
        return message.removeprefix(f"{path} ")

    return load


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module that can be imported, and would then leave a mark; the mark must be absent."""
    (tmp_path / "evil.py").write_text(
        f"import keras\nopen({str(tmp_path / 'mark')!r}, 'w')\n"
        "class Cell(keras.layers.GRUCell): ...\ndef run(*_): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("evil", None)
    assert not (tmp_path / "mark").exists()


def config_with(parts: Parts, network: dict | None = None, **options) -> bytes:
    """Return the configuration with another network, or with other options of its own network."""
    config = json.loads(parts["config.json"])
    if network is not None:
        config["config"]["network"] = network
    else:
        config["config"]["network"]["config"] |= options
    return json.dumps(config).encode()


@pytest.mark.usefixtures("evil")
def test_a_named_cell_is_not_imported(load, parts: Parts) -> None:
    message = load(**{"config.json": config_with(parts, cell="evil:Cell")})
    assert message == (
        "cannot be read: the model has the cell 'evil:Cell'; if you trust its code, "
        "import evil first, or give export or diagnose the option --cell evil:Cell"
    )
    message = load(**{"config.json": config_with(parts, cell="subprocess:Popen")})
    assert "'subprocess:Popen' is not a class of Keras layers" in message


def test_a_cell_that_was_imported_is_used(tmp_path: Path) -> None:
    network = ManyToOne(3, 2, hidden_size=2, embedding_size=2, cell="toolkit.cells:GRUCell")
    model = SequenceModel(Tokenizer(vocabulary=["a"]), network)
    model.build()
    model.save(tmp_path / "model.keras")
    again = load_sequence_model(tmp_path / "model.keras")
    assert again.answer(["a"]).numpy() == pytest.approx(model.answer(["a"]).numpy())


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize(
    "network",
    [
        {"module": "evil", "class_name": "Cell", "config": {}, "registered_name": "x"},
        {"module": "evil", "class_name": "function", "config": "run", "registered_name": "x"},
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "x"},
        {"module": "builtins", "class_name": "__lambda__", "config": {"value": "AAAA"}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "model"}},
    ],
    ids=lambda network: f"{network['module']}.{network['class_name']}",
)
def test_code_is_not_run(load, parts: Parts, network: dict) -> None:
    assert "cannot be read: " in load(**{"config.json": config_with(parts, network)})


def test_a_lambda_is_not_run(load, parts: Parts, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    layer = keras.layers.Lambda(lambda x: open(mark, "w") and x, output_shape=(3,))  # noqa: SIM115
    network = keras.saving.serialize_keras_object(keras.Sequential([keras.Input((3,)), layer]))
    assert "Lambda" in load(**{"config.json": config_with(parts, network)})
    assert not (tmp_path / "mark").exists()


def test_damaged_members(load, parts: Parts) -> None:
    weights = parts["model.weights.h5"]
    for changed in (
        {"config.json": None},
        {"config.json": b"{"},
        {"config.json": b"[1]"},
        {"model.weights.h5": None},
        {"model.weights.h5": b"not HDF5"},
        {"model.weights.h5": weights[: len(weights) // 2]},
        {"config.json": config_with(parts, hidden_size=5)},
        {"config.json": config_with(parts, network={"config": {}})},
    ):
        assert "cannot be read: " in load(**changed)


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_size": 10**7},
        {"hidden_size": 10**12},
        {"hidden_size": 10**30},
        {"embedding_size": 20_000, "hidden_size": 20_000},
        {"vocabulary_size": 10**9},
        {"outputs": 10**10},
        {"layers": 10**9},
        {"layers": 10**6, "cell": "lstm", "bidirectional": False},
        {"pooling": "attention", "hidden_size": 10**5},
    ],
    ids=str,
)
def test_sizes_that_the_weights_do_not_have(load, parts: Parts, options: dict) -> None:
    message = load(**{"config.json": config_with(parts, **options)})
    assert message.startswith("cannot be read: ")
    if max(value for value in options.values() if isinstance(value, int)) < 10**30:
        assert "the configuration asks for more weights than the " in message


def test_sizes_of_any_layer(load, parts: Parts) -> None:
    dense = keras.layers.Dense(10**6)
    dense.build((None, 2))
    config = keras.saving.serialize_keras_object(dense)
    config["build_config"] = {"input_shape": [None, 10**6]}
    assert "the configuration asks for more weights" in load(
        **{"config.json": config_with(parts, config)}
    )


def test_weights_that_lie_about_their_size(load, parts: Parts, tmp_path: Path) -> None:
    """A file of a few kilobytes may say that it holds gigabytes of zeros."""
    weights = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        file.create_dataset("zeros", (10**9,), "float32", chunks=(10**6,), compression="gzip")
    changed = {"model.weights.h5": weights.getvalue()}
    assert "asks for more weights" in load(
        **{"config.json": config_with(parts, vocabulary_size=10**8)}, **changed
    )


def test_numbers_beyond_all_sizes(load, parts: Parts) -> None:
    config = {"config.json": config_with(parts, hidden_size=10**40)}
    assert "cannot be read: a number in its config.json has 41 digits" in load(**config)


def test_members_that_would_fill_memory(parts: Parts, tmp_path: Path, monkeypatch) -> None:
    """Keras refuses them, too, but late, and leaves a temporary folder."""
    monkeypatch.setattr("toolkit.files.MOST_BYTES", 10_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content + b" " * 3_000_000 * (name == "config.json"))
    with pytest.raises(ModelError, match=r"its config\.json of [\d,]+ bytes would become 3,"):
        load_sequence_model(path)
    assert [*tmp_path.iterdir()] == [path]


def test_deep_configurations(load) -> None:
    deep = b'{"a": ' + b"[" * 100_000
    assert "cannot be read: RecursionError" in load(**{"config.json": deep})


def test_what_is_no_archive(tmp_path: Path, parts: Parts) -> None:
    path = tmp_path / "model.keras"
    with pytest.raises(ModelError, match="is missing"):
        load_sequence_model(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    for content in (b"", b"PK broken", path.read_bytes()[:3000]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"is not a complete \.keras file"):
            load_sequence_model(path)


def test_a_model_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(ModelError, match="has a Sequential, not a SequenceModel of this toolkit"):
        load_sequence_model(path)


def old_answers(name: str, model: SequenceModel) -> Any:
    """Return a model's answers to the inputs that its archive was given at that time."""
    network = model.network
    if name == "many_to_many":
        return model(np.array([["Ada", "met", "Bo"], ["Xi", "", ""]]))
    if name == "one_to_many":
        start = network.start(3, np.array([0, 1, 1]))
        return network.run(model.preprocessing(TEXTS[:3]), start)[0]
    if name.startswith("encoder_decoder"):
        target = np.array([[0, 2, 3], [0, 4, 0], [0, 0, 0]])
        return network({"source": model.preprocessing(TEXTS[:3]), "target": target})
    return model.answer(TEXTS)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_older_archive_answers_as_it_did(tmp_path: Path, name: str) -> None:
    path = OLD / f"{name}.keras"
    content = path.read_bytes()
    model = load_sequence_model(path)
    assert path.read_bytes() == content
    found = old_answers(name, model)
    np.testing.assert_allclose(found, ANSWERS[name], rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    again = load_sequence_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(old_answers(name, again), found)
    target = again.target_preprocessing
    if name.endswith("lstm"):
        assert again.network.config["cell"] == "keras_lstm"
    if name == "encoder_decoder":
        assert target.vocabulary == ["", "[UNK]", "a", "b", "c"]
    else:
        assert target is again.preprocessing


@pytest.mark.parametrize("cell", ["lstm", "keras_lstm"])
def test_an_lstm_of_today_stays_what_it_is(tmp_path: Path, cell: str) -> None:
    network = ManyToOne(4, 2, hidden_size=3, embedding_size=3, bidirectional=False, cell=cell)
    model = SequenceModel(Tokenizer(vocabulary=["a", "b"]), network)
    model.build()
    model.save(tmp_path / "model.keras")
    again = load_sequence_model(tmp_path / "model.keras")
    assert again.network.config["cell"] == cell
    assert type(again.network.recurrent[0]) is type(network.recurrent[0])
    np.testing.assert_array_equal(again.answer(TEXTS), model.answer(TEXTS))


def test_an_archive_of_a_newer_toolkit(load, parts: Parts) -> None:
    config = json.loads(parts["config.json"])
    config["config"]["format"] += 1
    assert load(**{"config.json": json.dumps(config).encode()}) == (
        f"cannot be read: it has format {FORMAT + 1}, and this toolkit reads formats up to "
        f"{FORMAT}; use a newer version of the toolkit"
    )


def test_an_older_archive_without_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(OLD / "one_to_one.keras") as archive,
        zipfile.ZipFile(path, "w") as damaged,
    ):
        damaged.writestr("config.json", archive.read("config.json"))
    with pytest.raises(ModelError, match="cannot be read"):
        load_sequence_model(path)
