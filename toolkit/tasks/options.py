"""The hyperparameters of each task, as plain values that the command line can read.

This module imports neither TensorFlow nor Keras, so that help texts and complaints come at once.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from toolkit.data.options import ColumnOptions
from toolkit.errors import OptionError
from toolkit.text.options import TextOptions
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class RecurrentOptions:
    """The recurrent network.

    Args:
        cell: ``simple_rnn``, ``simplified_gru``, ``gru``, ``lstm`` (Keras's own), ``keras_gru``
            (Keras's fused layer, for a GPU), or a cell of your own as ``module:Class``.
        embedding_size: The size of a unit's vector; auto suits it to the data.
        hidden_size: The size of the recurrent state; auto suits it to the data.
        layers: How many recurrent layers are stacked.
        bidirectional: Whether each layer also reads from the end, so that the future matters.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole sequence.
        recurrent_dropout: The same within the recurrence; it takes the slower general time loop.
        embedding_dropout: The share of the units' vectors that is dropped.
        output_dropout: The share of the last layer's inputs that is dropped.
    """

    cell: str = "gru"
    embedding_size: int | Literal["auto"] = "auto"
    hidden_size: int | Literal["auto"] = "auto"
    layers: int = 1
    bidirectional: bool = True
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    embedding_dropout: float = 0.2
    output_dropout: float = 0.3


@dataclass(kw_only=True)
class TextClassifierOptions(ColumnOptions, TextOptions, RecurrentOptions, TrainingOptions):
    """The hyperparameters of a text classifier.

    Args:
        model: many_to_one reads the whole text with a recurrent network; one_to_one is the
            standard network on a fixed window, the lecture's baseline.
        pooling: How the states become one vector: the last state, their mean, their maximum, or
            a learnt weighting.
        window: How many units the one_to_one model sees.
    """

    model: Literal["many_to_one", "one_to_one"] = "many_to_one"
    pooling: Literal["last", "mean", "max", "attention"] = "max"
    window: int = 100


def check_options(options: Any) -> None:
    """Holds the values of a dataclass of options against the choices that its types name.

    Raises:
        OptionError: A value is none of the choices.
    """
    hints = get_type_hints(type(options))
    for field in fields(options):
        hint, value = hints[field.name], getattr(options, field.name)
        kinds = (hint,) if get_origin(hint) is Literal else get_args(hint)
        choices = [c for kind in kinds if get_origin(kind) is Literal for c in get_args(kind)]
        if not choices or value in choices:
            continue
        others = [kind for kind in kinds if isinstance(kind, type)]
        if not any(isinstance(value, kind) and not isinstance(value, bool) for kind in others):
            allowed = ", ".join([*map(str, choices), *(f"a {kind.__name__}" for kind in others)])
            raise OptionError(f"{field.name} is {value!r}; it can be {allowed}")
