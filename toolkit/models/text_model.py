"""Strings in, answers out: a tokenizer and a network as one model."""

import os
import zipfile
from pathlib import Path
from typing import Any

import keras

from toolkit.errors import ModelError, ToolkitError


@keras.saving.register_keras_serializable(package="toolkit")
class TextModel(keras.Model):
    """A tokenizer followed by a network, saved and exported together.

    Args:
        tokenizer: Maps strings [B] to ids [B, T].
        network: Maps ids [B, T] to logits, and to answers by its ``answer``.
        target_tokenizer: Maps to strings the ids that the network writes, where it writes any; the
            same as ``tokenizer`` when None.
    """

    def __init__(
        self,
        tokenizer: Any,
        network: keras.Model,
        target_tokenizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tokenizer = tokenizer
        self.network = network
        self.target_tokenizer = tokenizer if target_tokenizer is None else target_tokenizer

    def build(self, input_shape: Any = None) -> None:
        """Makes the network's weights, if there are none yet."""
        if not self.network.built:
            self.network.build()
        self.built = True

    def call(self, text: Any, training: bool = False) -> Any:
        """Strings [B] to logits [B, outputs]."""
        return self.network(self.tokenizer(text), training=training)

    def answer(self, text: Any) -> Any:
        """Strings [B] to probabilities [B, outputs], or to numbers [B, outputs]."""
        return self.network.answer(self.tokenizer(text))

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        parts = {"tokenizer": self.tokenizer, "network": self.network}
        if self.target_tokenizer is not self.tokenizer:
            parts["target_tokenizer"] = self.target_tokenizer
        serialized = {k: keras.saving.serialize_keras_object(part) for k, part in parts.items()}
        return {**super().get_config(), **serialized}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TextModel":
        """The inverse of ``get_config``."""
        parts = {
            name: keras.saving.deserialize_keras_object(config.pop(name), custom_objects)
            for name in ("tokenizer", "network", "target_tokenizer")
            if name in config
        }
        return cls(**parts, **config)


def load_text_model(path: str | os.PathLike[str]) -> TextModel:
    """Reads a ``TextModel`` from a ``.keras`` file.

    No code that the file holds or names is run: Keras refuses functions and classes that are not
    registered, ``ManyToOne`` refuses cells that nobody has imported.

    Raises:
        ModelError: The file is missing or damaged, holds something else, or asks for code.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path} is missing")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no .keras file, or only a part of one")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged archive fails in many ways
        raise ModelError(f"{path} cannot be read: {_reason(error)}") from error
    if not isinstance(model, TextModel):
        raise ModelError(f"{path} holds a {type(model).__name__}, no TextModel of this toolkit")
    return model


def _reason(error: BaseException) -> str:
    """What was at the bottom of an error, without the configurations that Keras repeats."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, ToolkitError):
        return str(error)
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
