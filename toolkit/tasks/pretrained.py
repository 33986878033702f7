"""A network that starts from a language model's weights (Dai and Le 2015, "Semi-supervised Sequence
Learning", section 2)."""

import math
from pathlib import Path
from typing import Any

import keras

from toolkit.errors import ModelError
from toolkit.models import OneToMany, TextModel, load_text_model
from toolkit.text import Tokenizer


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


def sizes_of(language_model: OneToMany) -> dict[str, Any]:
    """What a network must have in common with the language model that it starts from."""
    names = ("cell", "embedding_size", "hidden_size", "layers")
    return {name: language_model.config[name] for name in names}


def start_from(network: keras.Model, language_model: OneToMany) -> None:
    """Gives a network, which is built, the vectors and the recurrent weights of a language model.

    Of a layer in both directions it is the forward one that gets them, as the language model reads
    forward.
    """
    vectors = language_model.embedding.embeddings.numpy()
    scale = math.sqrt(language_model.config["embedding_size"])  # as ``TiedEmbedding`` reads them
    parts: Any = network
    parts.embedding.embeddings.assign(scale * vectors)
    for ours, theirs in zip(parts.recurrent, language_model.recurrent, strict=True):
        layer = getattr(ours, "forward_layer", ours)
        if [w.shape for w in layer.weights] == [w.shape for w in theirs.weights]:
            layer.set_weights(theirs.get_weights())
