"""Recurrent cells, those of the lecture and the LSTM, in ``keras.ops``."""

from toolkit.cells.gru import GRUCell
from toolkit.cells.lstm import LSTMCell
from toolkit.cells.min_gru import MinGRUCell
from toolkit.cells.simple_rnn import SimpleRNNCell
from toolkit.cells.simplified_gru import SimplifiedGRUCell

__all__ = ["GRUCell", "LSTMCell", "MinGRUCell", "SimpleRNNCell", "SimplifiedGRUCell"]
