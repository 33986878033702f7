"""Keras layers: recurrent layers, embeddings, attention, pooling, CRF."""

from toolkit.layers.attention import Attention
from toolkit.layers.characters import CharacterEncoder
from toolkit.layers.convert import (
    from_keras_gru,
    from_keras_lstm,
    from_torch_gru,
    from_torch_lstm,
    to_keras_gru,
    to_keras_lstm,
    to_torch_gru,
    to_torch_lstm,
)
from toolkit.layers.crf import CRF
from toolkit.layers.embedding import Embedding, TiedEmbedding
from toolkit.layers.factory import CELLS, recurrent_layer
from toolkit.layers.pooling import SequencePooling
from toolkit.layers.rare_words import RareWordDropout
from toolkit.layers.recurrent import GRU, LSTM, MinGRU, SimpleRNN, SimplifiedGRU
from toolkit.layers.word_dropout import WordDropout

__all__ = [
    "CELLS",
    "CRF",
    "GRU",
    "LSTM",
    "Attention",
    "CharacterEncoder",
    "Embedding",
    "MinGRU",
    "RareWordDropout",
    "SequencePooling",
    "SimpleRNN",
    "SimplifiedGRU",
    "TiedEmbedding",
    "WordDropout",
    "from_keras_gru",
    "from_keras_lstm",
    "from_torch_gru",
    "from_torch_lstm",
    "recurrent_layer",
    "to_keras_gru",
    "to_keras_lstm",
    "to_torch_gru",
    "to_torch_lstm",
]
