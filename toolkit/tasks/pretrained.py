"""A network that starts from a language model's weights (Dai and Le 2015, "Semi-supervised Sequence
Learning", section 2)."""

import logging
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from toolkit.errors import ModelError, OptionError
from toolkit.models import OneToMany, TextModel, load_text_model
from toolkit.options import option
from toolkit.text import Tokenizer

logger = logging.getLogger("toolkit")


def read_pretrained(run: str | Path) -> TextModel:
    """The text layer and the network of a language model's run.

    Raises:
        ModelError: The run has no ``model.keras``, or it is of another task, or over subwords.
    """
    archive = Path(run) / "model.keras"
    if not archive.is_file():
        raise ModelError(f"pretrained needs {archive}, which is missing; train a language model")
    text_model = load_text_model(archive)
    if not isinstance(text_model.network, OneToMany):
        raise ModelError(f"{archive} is no language model")
    if not isinstance(text_model.tokenizer, Tokenizer):
        raise ModelError(f"{archive} is over subwords; a pretrained one must be over words")
    return text_model


def sizes_of(language_model: OneToMany, options: Any) -> dict[str, Any]:
    """What a network has in common with the language model that it starts from; this is said.

    Args:
        language_model: The language model.
        options: The task's.

    Raises:
        OptionError: One that is not as it is by default asks for something else.
    """
    names = ("cell", "embedding_size", "hidden_size", "layers")
    found = {name: language_model.config[name] for name in names}
    defaults = {field.name: field.default for field in fields(options)}
    for name, value in found.items():
        given = getattr(options, name)
        if given not in (value, defaults[name]):
            raise OptionError(f"{option(name)} is {given}; that of the pretrained model is {value}")
        logger.info("%s: %s (of the pretrained model)", name, value)
    return found


def vectors_of(language_model: OneToMany) -> Any:
    """The vectors of a language model's units as it reads them, [V, E]."""
    vectors = language_model.embedding.embeddings.numpy()
    return math.sqrt(language_model.config["embedding_size"]) * vectors  # see ``TiedEmbedding``


def start_from(recurrent: Sequence[Any], language_model: OneToMany) -> None:
    """Gives recurrent layers, which are built, the weights of a language model's.

    Of a layer in both directions it is the forward one that gets them, as the language model reads
    forward. Where a layer reads more than the language model's does, such as a word's characters,
    what it does with that stays as it was; what both read must come first.
    """
    for ours, theirs in zip(recurrent, language_model.recurrent, strict=True):
        layer = getattr(ours, "forward_layer", ours)
        weights = layer.get_weights()
        for number, given in enumerate(theirs.get_weights()):
            weights[number][: len(given)] = given
        layer.set_weights(weights)
