"""Time: recurrent layers, embeddings, pooling."""

from toolkit.layers.embedding import Embedding
from toolkit.layers.factory import CELLS, recurrent_layer
from toolkit.layers.pooling import SequencePooling
from toolkit.layers.recurrent import GRU, SimpleRNN, SimplifiedGRU
from toolkit.layers.word_dropout import WordDropout

__all__ = [
    "CELLS",
    "GRU",
    "Embedding",
    "SequencePooling",
    "SimpleRNN",
    "SimplifiedGRU",
    "WordDropout",
    "recurrent_layer",
]
