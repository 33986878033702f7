"""Initialisation from a language model (Dai and Le 2015, "Semi-supervised Sequence Learning")."""

import logging
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from toolkit.errors import ModelError, OptionError
from toolkit.models import OneToMany, SequenceModel, load_sequence_model
from toolkit.options import option
from toolkit.text import Tokenizer

logger = logging.getLogger("toolkit")


def read_pretrained(run: str | Path) -> SequenceModel:
    """Return the preprocessing and the network of a language model's run.

    Raises:
        ModelError: The run has no ``model.keras``, or it is of another task, or uses subwords.
    """
    archive = Path(run) / "model.keras"
    if not archive.is_file():
        raise ModelError(f"pretrained needs {archive}, which is missing; train a language model")
    text_model = load_sequence_model(archive)
    if not isinstance(text_model.network, OneToMany):
        raise ModelError(f"{archive} is not a language model")
    if not isinstance(text_model.preprocessing, Tokenizer):
        raise ModelError(f"{archive} uses subwords; it must use words or characters")
    return text_model


def pretrained_sizes(language_model: OneToMany, options: Any) -> dict[str, Any]:
    """Return, and log, the cell and sizes that a network takes from a language model.

    Args:
        language_model: The language model.
        options: The options of the task.

    Raises:
        OptionError: An option that is not at its default has another value.
    """
    names = ("cell", "embedding_size", "hidden_size", "layers")
    sizes = {name: language_model.config[name] for name in names}
    defaults = {field.name: field.default for field in fields(options)}
    for name, value in sizes.items():
        chosen = getattr(options, name)
        if chosen not in (value, defaults[name]):
            raise OptionError(
                f"{option(name)} is {chosen}; that of the pretrained model is {value}"
            )
        logger.info("%s: %s (of the pretrained model)", name, value)
    return sizes


def embedding_vectors(language_model: OneToMany) -> Any:
    """Return the input vectors of a language model's tokens, [V, E]."""
    vectors = language_model.front.embedding.embeddings.numpy()
    return math.sqrt(language_model.config["embedding_size"]) * vectors  # see ``TiedEmbedding``


def initialize_recurrent(recurrent: Sequence[Any], language_model: OneToMany) -> None:
    """Set the weights of built recurrent layers to those of a language model.

    In a bidirectional layer the forward layer gets them, because the language model reads forward.
    If a layer has more inputs than that of the language model, such as a word's characters, the
    weights of the additional inputs are kept; the common inputs must come first.
    """
    for ours, theirs in zip(recurrent, language_model.recurrent, strict=True):
        layer = getattr(ours, "forward_layer", ours)
        weights = layer.get_weights()
        for number, pretrained in enumerate(theirs.get_weights()):
            weights[number][: len(pretrained)] = pretrained
        layer.set_weights(weights)
