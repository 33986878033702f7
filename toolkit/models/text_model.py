"""Strings in, answers out: a tokenizer and a network as one model."""

from typing import Any

import keras

from toolkit.text import Tokenizer


@keras.saving.register_keras_serializable(package="toolkit")
class TextModel(keras.Model):
    """A tokenizer followed by a network, saved and exported together.

    Args:
        tokenizer: Maps strings [B] to ids [B, T].
        network: Maps ids [B, T] to logits, and to answers by its ``answer``.
    """

    def __init__(self, tokenizer: Tokenizer, network: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tokenizer = tokenizer
        self.network = network

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
        return {
            **super().get_config(),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "network": keras.saving.serialize_keras_object(self.network),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TextModel":
        """The inverse of ``get_config``."""
        parts = {
            name: keras.saving.deserialize_keras_object(config.pop(name), custom_objects)
            for name in ("tokenizer", "network")
        }
        return cls(**parts, **config)
