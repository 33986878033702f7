"""Preprocessing and a network as one model, from raw inputs to answers."""

import os
import zipfile
from pathlib import Path
from typing import Any

import keras

from toolkit.audio.inputs import AudioInputs
from toolkit.errors import ModelError, ToolkitError
from toolkit.layers.sequences import with_length
from toolkit.models.archives import FORMAT, only_stored_weights, upgraded
from toolkit.music.inputs import RollInputs
from toolkit.series.inputs import SeriesInputs, VideoInputs
from toolkit.text import Nucleotides, SubwordTokenizer, TokenFeatures, Tokenizer

#: Keras can load a class only after its module has been imported.
PREPROCESSING = (
    *(AudioInputs, Nucleotides, RollInputs, SeriesInputs, VideoInputs),
    *(SubwordTokenizer, TokenFeatures, Tokenizer),
)


@keras.saving.register_keras_serializable(package="toolkit", name="TextModel")
class SequenceModel(keras.Model):
    """Preprocessing followed by a network, saved and exported together.

    Args:
        preprocessing: A Keras layer from raw inputs, such as strings [B], to the network's inputs;
            or to ids [B, T], padded with 0 on the right.
        network: Maps sequences to logits, and to answers by its ``answer``.
        target_preprocessing: Maps generated ids to strings, if the network generates sequences;
            None for ``preprocessing``.
    """

    def __init__(
        self,
        preprocessing: Any,
        network: keras.Model,
        target_preprocessing: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.preprocessing = preprocessing
        self.network = network
        self.target_preprocessing = (
            preprocessing if target_preprocessing is None else target_preprocessing
        )

    def build(self, input_shape: Any = None) -> None:
        """Make the network's weights, unless they exist."""
        if not self.network.built:
            self.network.build()

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the network's weights; their sizes depend only on the constructor's arguments."""
        self.build()

    def prepare(self, raw: Any) -> Any:
        """Return the network's inputs for raw inputs."""
        inputs = self.preprocessing(raw)
        return inputs if isinstance(inputs, dict) else with_length(inputs)

    def call(self, raw: Any, training: bool = False) -> Any:
        """Return the network's outputs for raw inputs, such as logits [B, outputs]."""
        return self.network(self.prepare(raw), training=training)

    def answer(self, raw: Any) -> Any:
        """Return the network's answers to raw inputs, such as probabilities [B, outputs]."""
        return self.network.answer(self.prepare(raw))

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor, and the ``format`` of the archive."""
        parts = {"preprocessing": self.preprocessing, "network": self.network}
        if self.target_preprocessing is not self.preprocessing:
            parts["target_preprocessing"] = self.target_preprocessing
        serialized = {k: keras.saving.serialize_keras_object(part) for k, part in parts.items()}
        return {**super().get_config(), "format": FORMAT, **serialized}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SequenceModel":
        """Return the model that ``get_config`` describes."""
        config = {name: value for name, value in config.items() if name != "format"}
        parts = {
            name: keras.saving.deserialize_keras_object(config.pop(name), custom_objects)
            for name in ("preprocessing", "network", "target_preprocessing")
            if name in config
        }
        return cls(**parts, **config)


def load_sequence_model(path: str | os.PathLike[str]) -> SequenceModel:
    """Read a ``SequenceModel`` from a ``.keras`` file, of this version or an earlier one.

    No code that the file contains or names is run: Keras refuses functions and classes that are not
    registered, and the networks refuse cells whose modules have not been imported.

    Raises:
        ModelError: The file is missing or damaged, has another model, or needs code.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path} is missing")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is not a complete .keras file")
    try:
        with upgraded(path) as current, only_stored_weights(current):
            model = keras.saving.load_model(current, compile=False, safe_mode=True)
    except ModelError as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    except Exception as error:  # a damaged archive fails in many ways
        raise ModelError(f"{path} cannot be read: {_reason(error)}") from error
    if not isinstance(model, SequenceModel):
        raise ModelError(
            f"{path} has a {type(model).__name__}, not a SequenceModel of this toolkit"
        )
    return model


def _reason(error: BaseException) -> str:
    """Return the root cause of an error, without the configurations that Keras repeats."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, ToolkitError):
        return str(error)
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
