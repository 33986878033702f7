"""The text classifier of the benchmark, with the toolkit's or Keras's recurrent layer."""

from typing import Any, Literal

import keras
import numpy as np

from benchmarks.speed.classifier.workload import VOCABULARY
from toolkit.layers import recurrent_layer
from toolkit.models import ManyToOne

EMBEDDING_SIZE = 64
#: The cell of each library, by that of the toolkit.
CELLS = {
    "gru": {
        "toolkit": "gru",
        "Keras": "keras_gru",
        "Keras RNN": "toolkit.cells:GRUCell",  # the toolkit's cell in keras.layers.RNN
    },
    "lstm": {
        "toolkit": "lstm",
        "Keras": "keras_lstm",
        "Keras RNN": "toolkit.cells:LSTMCell",
    },
}
#: The number of pre-activations of a cell.
BLOCKS = {"gru": 3, "lstm": 4}


def classifier(
    name: Literal["toolkit", "Keras", "Keras RNN"],
    hidden_size: int,
    reset_after: bool | None,
    precision: str = "float32",
    cell: str = "gru",
) -> ManyToOne:
    """Return ``ManyToOne`` with a bidirectional recurrent layer, max pooling and two classes.

    Args:
        name: The library of the recurrent layer. With ``Keras`` the embedding is Keras's too.
        hidden_size: H of one direction.
        reset_after: Whether the reset gate is applied after the matrix product; None for an LSTM.
        precision: ``float32`` or ``bfloat16`` (Keras's mixed policy).
        cell: ``gru`` or ``lstm``.
    """
    dtype = "mixed_bfloat16" if precision == "bfloat16" else precision
    network = ManyToOne(VOCABULARY, 2, embedding_size=EMBEDDING_SIZE, pooling="max", dtype=dtype)
    arguments: dict[str, Any] = {"dtype": dtype, "bidirectional": True}
    if name != "Keras RNN":
        arguments["reset_after"] = reset_after
    elif reset_after:
        raise ValueError("a custom cell (module:Class) has no reset_after")
    network.recurrent = [recurrent_layer(CELLS[cell][name], hidden_size, **arguments)]
    if name == "Keras":
        network.front.embedding = keras.layers.Embedding(
            VOCABULARY, EMBEDDING_SIZE, mask_zero=True, dtype=dtype
        )
    network(np.ones((1, 1), np.int32))
    return network


def training_flop(tokens: int, texts: int, hidden_size: int, cell: str = "gru") -> float:
    """Return the FLOP of the model's matrix products in training, forward and backward.

    Each product of the forward pass has two in the backward pass, one for each factor. A token
    takes, in each direction, a product of [E] by [E, 3 H] and one of [H] by [H, 3 H], in an LSTM
    4 H; a text one of [2 H] by [2 H, 2].
    """
    token = 2 * 2 * (EMBEDDING_SIZE + hidden_size) * BLOCKS[cell] * hidden_size
    return 3.0 * (tokens * token + texts * 2 * 2 * hidden_size * 2)
