"""The base classes of networks: their configuration, and a front, a recurrent stack and a head."""

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Self

import keras

from toolkit.errors import OptionError
from toolkit.layers import recurrent_layer
from toolkit.models.fronts import Front
from toolkit.models.outputs import OutputLayer
from toolkit.models.trust import check_cell_is_trusted

#: The shape of a tensor; None stands for any size.
Shape = tuple[int | None, ...]


class Network(keras.Model):
    """A network that is saved with the arguments of its constructor.

    Args:
        arguments: The ``locals()`` at the beginning of the subclass's constructor: all its
            arguments.
        **kwargs: Arguments of ``keras.Model``.

    Attributes:
        config: All arguments of the constructor by name.
    """

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        ignored = ("self", "kwargs", "__class__")
        self.config: dict[str, Any] = {k: v for k, v in arguments.items() if k not in ignored}

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Return the network that ``get_config`` describes.

        Raises:
            ModelError: The cell is ``module:Class``, and the module has not been imported: a file
                must not choose which code is run.
        """
        check_cell_is_trusted(config)
        return super().from_config(config, custom_objects)


class StackedNetwork(Network):
    """A front, a recurrent stack and a head that answers a sequence or each of its steps.

    A subclass makes these in its constructor, and implements ``build_head`` and ``after_front``.

    Attributes:
        front: The front.
        recurrent: The recurrent layers in their order; empty for a feed-forward network.
        output_layer: The last layer of the head.
    """

    front: Front
    recurrent: Sequence[keras.Layer] = ()
    output_layer: OutputLayer

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; their sizes depend only on the constructor's arguments."""
        self.front.build()
        self.build_head(build_stack(self.recurrent, (None, None, self.front.size)))

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights when a file is loaded; Keras would hide errors in that."""
        self.build()

    def build_head(self, shape: Shape) -> None:
        """Make the weights of the head.

        Args:
            shape: The shape of the last recurrent layer's states, [B, T, H].
        """
        raise NotImplementedError

    def mask(self, inputs: Any) -> Any:
        """Return the mask of real steps of the inputs, bool [B, T]."""
        return self.front.mask(inputs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return what the head gives: logits of a sequence or scores of its steps."""
        vectors, mask = self.front(inputs, training=training)
        return self.after_front(vectors, mask, training)

    def after_front(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Return what ``call`` does, for the result of the front.

        Args:
            vectors: [B, T, E].
            mask: Bool [B, T].
            training: Whether dropout is on.
        """
        raise NotImplementedError

    def states(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Return the last recurrent layer's states [B, T, H] for the result of the front."""
        states = vectors
        for layer in self.recurrent:
            states = layer(states, mask=mask, training=training)
        return states

    def answer(self, inputs: Any) -> Any:
        """Return the probabilities [B, outputs], or the numbers [B, outputs], of sequences."""
        return self.output_layer.answer(self(inputs, training=False))

    def log_answer(self, inputs: Any) -> Any:
        """Return the logarithms of ``answer``'s probabilities, or its numbers, [B, outputs]."""
        return self.output_layer.log_answer(self(inputs, training=False))


def recurrent_stack(
    cell: str,
    hidden_size: int,
    layers: int,
    *,
    name: str = "recurrent",
    first_dropout: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> list[keras.Layer]:
    """Return stacked recurrent layers.

    Args:
        cell: A cell's name or ``module:Class``.
        hidden_size: H of one direction.
        layers: The number of layers.
        name: The prefix of the layers' names.
        first_dropout: The dropout of the first layer's inputs; None for the same as in other
            layers.
        dropout: The share of each layer's inputs that is dropped.
        **options: Further arguments of ``toolkit.layers.recurrent_layer``.

    Raises:
        OptionError: The number of layers is below 1, or a layer cannot be made.
    """
    if layers < 1:
        raise OptionError(f"layers is {layers}; at least 1 is needed")
    first = dropout if first_dropout is None else first_dropout
    shares = chain([first], repeat(dropout, layers - 1))  # a file may ask for a billion
    return [
        recurrent_layer(cell, hidden_size, name=f"{name}_{number}", dropout=share, **options)
        for number, share in enumerate(shares, 1)
    ]


def build_stack(layers: Sequence[keras.Layer], shape: Shape) -> Shape:
    """Make the weights of recurrent layers for an input shape, and return the states' shape."""
    for layer in layers:
        layer.build(shape)
        output_shape = layer.compute_output_shape(shape)
        shape = (
            output_shape[0] if isinstance(output_shape[0], tuple) else output_shape
        )  # followed by shapes of states
    return shape
