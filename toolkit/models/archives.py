"""Conversion of ``.keras`` files of earlier versions."""

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"

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

#: The limits of a member's size and of its expansion; archives beyond both are left to Keras, which
#: refuses them.
MOST_BYTES, MOST_EXPANSION = 1 << 28, 100


@contextmanager
def upgraded(path: Path) -> Iterator[Path]:
    """Provide the path of an archive that this version reads: the path itself, or a converted copy.

    The copy is removed afterwards. In earlier versions a model had a ``tokenizer``, and its network
    no front.
    """
    with zipfile.ZipFile(path) as archive:
        config = None if _too_large(archive) else _new_config(archive.read(CONFIG))
        if config is None:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
            weights = Path(archive.extract(WEIGHTS, folder))
            _move_weights(weights, config["config"]["network"]["class_name"])
            copy = Path(folder, path.name)
            with zipfile.ZipFile(copy, "w") as rewritten:
                rewritten.writestr(CONFIG, json.dumps(config))
                rewritten.write(weights, WEIGHTS)
                for name in archive.namelist():
                    if name not in (CONFIG, WEIGHTS):
                        with archive.open(name) as member, rewritten.open(name, "w") as same:
                            shutil.copyfileobj(member, same)
            yield copy


def _too_large(archive: zipfile.ZipFile) -> bool:
    """Return whether a member of a small archive would fill memory or disk."""
    return any(
        member.file_size > max(MOST_BYTES, MOST_EXPANSION * member.compress_size)
        for member in archive.infolist()
    )


def _new_config(content: bytes) -> Any:
    """Return a converted configuration; None if it needs no change."""
    config = json.loads(content)
    arguments = config["config"]
    if config["registered_name"] != "toolkit>TextModel" or "tokenizer" not in arguments:
        return None
    for old, new in ARGUMENTS.items():
        if old in arguments:
            arguments[new] = arguments.pop(old)
            layer = arguments[new]["config"]
            if "units" in layer:
                level = layer.pop("units")
                layer["token_level"] = "treebank_words" if level == "compounds" else level
    return config


def _move_weights(path: Path, network: str) -> None:
    """Move a network's weights in an HDF5 file to their present paths."""
    with h5py.File(path, "r+") as file:
        folder = file[f"layers/{re.sub('(?<=.)(?=[A-Z])', '_', network).lower()}"]
        for old, new in WEIGHTS_MOVED[network].items():
            if old in folder:
                folder.move(old, new)
