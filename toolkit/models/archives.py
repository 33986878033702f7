"""Conversion of ``.keras`` files of earlier versions, and a limit of the sizes in any."""

import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from toolkit.errors import ModelError
from toolkit.files import MOST_EXPANSION, is_bomb

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
#: The format of the archives that this toolkit writes, in their configuration; older ones say none.
FORMAT = 2
#: So many arrays are made soon; only of more are those in the archive counted.
FEW_ARRAYS = 50

#: The former and the present names of the arguments of ``SequenceModel``.
ARGUMENTS = {"tokenizer": "preprocessing", "target_tokenizer": "target_preprocessing"}

#: The former and the present paths of the weights of each network; Keras names them by attributes,
#: or by the class of the layer and its number among layers of this class.
WEIGHTS_MOVED = {
    "ManyToOne": {"embedding": "front/embedding"},
    "OneToOne": {"embedding": "front/embedding"},
    "ManyToMany": {
        "embedding": "front/embedding",
        "characters": "front/characters",
        "affixes": "front/affixes",
        "layers/embedding_1": "front/shapes",
        "layers/rare_word_dropout": "front/word_dropout",
    },
    "OneToMany": {},
    "EncoderDecoder": {
        "embedding": "decoder_front/embedding",
        "layers/tied_embedding_1": "encoder_front/embedding",
    },
}

#: The end of the path of an LSTM of one direction while it was a ``keras.layers.RNN``.
OLD_LSTM = re.compile(r"\brnn(_\d+)?$")


@contextmanager
def upgraded(path: Path) -> Iterator[Path]:
    """Provide the path of an archive that this version reads: the path itself, or a converted copy.

    The copy is removed afterwards. In earlier versions a model had a ``tokenizer``, and its network
    no front; and the cell ``lstm`` was ``keras.layers.LSTMCell`` in a ``keras.layers.RNN``.

    Raises:
        ModelError: A newer toolkit wrote the archive; or a member is small and would fill memory or
            disk, of which Keras reads the configuration wholly and leaves a temporary folder behind
            before it refuses it.
    """
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if is_bomb(part):
                raise ModelError(
                    f"its {part.filename} of {part.compress_size:,} bytes would become "
                    f"{part.file_size:,} bytes"
                )
        config = _new_config(archive.read(CONFIG))
        if config is None:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
            weights = Path(archive.extract(WEIGHTS, folder))
            _move_weights(weights, config["config"]["network"])
            copy = Path(folder, path.name)
            with zipfile.ZipFile(copy, "w") as rewritten:
                rewritten.writestr(CONFIG, json.dumps(config))
                rewritten.write(weights, WEIGHTS)
                for name in archive.namelist():
                    if name not in (CONFIG, WEIGHTS):
                        with archive.open(name) as old, rewritten.open(name, "w") as new:
                            shutil.copyfileobj(old, new)
            yield copy


@contextmanager
def only_stored_weights(path: Path) -> Iterator[None]:
    """Refuse, within the context, to make larger or more weights than an archive has.

    The sizes of layers are numbers in its configuration, of which a few digits could ask for more
    memory and time than there is. On other backends than TensorFlow nothing is refused.

    Raises:
        ModelError: Weights that the archive cannot have are about to be made.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(WEIGHTS).file_size  # as it says
    most_elements = min(size, MOST_EXPANSION * path.stat().st_size)  # of a byte at least
    stored_arrays = cache(partial(_count_arrays, path))
    elements = arrays = 0
    refused: ModelError | None = None

    def check(make: Any, **arguments: Any) -> Any:
        nonlocal elements, arrays, refused
        elements += _count_elements(arguments["initial_value"])
        arrays += 1
        if elements > most_elements or (arrays > FEW_ARRAYS and arrays > 2 * stored_arrays()):
            refused = ModelError(
                f"the configuration asks for more weights than the {size:,} bytes of {WEIGHTS} hold"
            )
            raise refused
        return make(**arguments)

    try:
        with tf.variable_creator_scope(check):
            yield
    finally:
        if refused is not None:  # Keras may have ignored it, or made another error of it
            raise refused


def _count_arrays(path: Path) -> int:
    """Return the number of arrays in the weights of an archive; 0 if they are a bomb."""
    arrays: list[str] = []
    with zipfile.ZipFile(path) as archive:
        if is_bomb(archive.getinfo(WEIGHTS)):
            return 0
        content = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(content) as file:
        file.visititems(lambda name, part: arrays.extend([name] * isinstance(part, h5py.Dataset)))
    return len(arrays)


def _count_elements(initial_value: Any) -> int:
    """Return the number of elements of a variable's initial value, without computing it."""
    import tensorflow as tf

    if not callable(initial_value):
        return int(np.size(initial_value))
    with tf.Graph().as_default():
        return int(np.prod(tuple(initial_value().shape), dtype=object))


def _whole_number(digits: str) -> int:
    """Return a number of a configuration.

    Raises:
        ModelError: It is beyond 64 bits; TensorFlow would complain of anything but its size.
    """
    if len(digits) > len(str(2**64)):
        raise ModelError(f"a number in its {CONFIG} has {len(digits)} digits")
    return int(digits)


def _new_config(content: bytes) -> Any:
    """Return a converted configuration; None if it needs no change.

    Raises:
        ModelError: A newer toolkit wrote it.
    """
    config = json.loads(content, parse_int=_whole_number)
    arguments = config["config"]
    if config["registered_name"] != "toolkit>TextModel":
        return None
    if "format" in arguments:
        if arguments["format"] > FORMAT:
            raise ModelError(
                f"it has format {arguments['format']}, and this toolkit reads formats up to "
                f"{FORMAT}; use a newer version of the toolkit"
            )
        return None
    network = arguments["network"]["config"]
    of_keras = network.get("cell") == "lstm"
    if "tokenizer" not in arguments and not of_keras:
        return None
    if of_keras:
        network["cell"] = "keras_lstm"
    for old, new in ARGUMENTS.items():
        if old in arguments:
            arguments[new] = arguments.pop(old)
            layer = arguments[new]["config"]
            if "units" in layer:
                level = layer.pop("units")
                layer["token_level"] = "treebank_words" if level == "compounds" else level
    return config


def _move_weights(path: Path, network: dict[str, Any]) -> None:
    """Move the weights of a network with a converted configuration to their present paths."""
    name = network["class_name"]
    with h5py.File(path, "r+") as file:
        folder = file[f"layers/{re.sub('(?<=.)(?=[A-Z])', '_', name).lower()}"]
        for old, new in WEIGHTS_MOVED[name].items():
            if old in folder:
                folder.move(old, new)
        if network["config"].get("cell") == "keras_lstm":
            layers: list[str] = []
            folder.visit(lambda part: layers.extend([part] * bool(OLD_LSTM.search(part))))
            for layer in layers:
                folder.move(layer, OLD_LSTM.sub(r"lstm\1", layer))
