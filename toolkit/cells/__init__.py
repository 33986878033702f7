"""The lecture's recurrent cells, in ``keras.ops``."""

from toolkit.cells.gru import GRUCell
from toolkit.cells.min_gru import MinGRUCell
from toolkit.cells.simple_rnn import SimpleRNNCell
from toolkit.cells.simplified_gru import SimplifiedGRUCell

__all__ = ["GRUCell", "MinGRUCell", "SimpleRNNCell", "SimplifiedGRUCell"]
