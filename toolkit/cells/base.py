"""The base class of all cells: arguments, weights, dropout and saving."""

from typing import Any, ClassVar

import keras
from keras import ops

# Keras makes, shares and resets dropout masks only for cells of this private class
# (`keras.layers.RNN.call`). This is the toolkit's one private import.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from toolkit.errors import OptionError
from toolkit.options import plain, positive_integer


class RecurrentCell(keras.layers.Layer, DropoutRNNCell):
    """One time step of a recurrent network.

    A subclass sets ``blocks``, the number of its pre-activations, and ``states``, the number of its
    states if there are several, and implements its equations in ``step``. The first state is the
    output. A cell in which it enters matrix products is also a ``RecurrentKernelCell``.

    Dropout follows Gal and Ghahramani (2016), "A Theoretically Grounded Application of Dropout in
    Recurrent Neural Networks", section 4: one mask for the whole sequence, here on the inputs.

    Args:
        units: H, the size of each state and of the output.
        activation: The activation of the new state or of its candidate.
        use_bias: Whether the pre-activations have a bias.
        kernel_initializer: The initializer of the input weights.
        bias_initializer: The initializer of the biases.
        kernel_regularizer: A penalty on the input weights.
        bias_regularizer: A penalty on the biases.
        kernel_constraint: A constraint on the input weights after each update.
        bias_constraint: A constraint on the biases after each update.
        dropout: The share of the inputs that is dropped in training, at least 0 and below 1.
        seed: The seed of the dropout masks.
        **kwargs: Arguments of ``keras.layers.Layer``: ``name``, ``dtype``, ``trainable``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    blocks: ClassVar[int]
    states: ClassVar[int] = 1
    recurrent_dropout: float = 0.0  # Keras reads it of every ``DropoutRNNCell``

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        *,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive_integer("units", units)
        self.activation = from_keras("activation", keras.activations, activation)
        self.use_bias = use_bias
        self.describe_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = share("dropout", dropout)
        self.seed = plain(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.output_size = self.units
        self.state_size = self.units if self.states == 1 else [self.units] * self.states

    def describe_weight(
        self, name: str, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        """Set a weight's initializer, regularizer and constraint as attributes."""
        for kind, family, value in (
            ("initializer", keras.initializers, initializer),
            ("regularizer", keras.regularizers, regularizer),
            ("constraint", keras.constraints, constraint),
        ):
            argument = f"{name}_{kind}"
            setattr(self, argument, from_keras(argument, family, value))

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.blocks * self.units,)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of shape [..., D]."""
        self.kernel = self.add_weight(  # [D, blocks * H]
            name="kernel",
            shape=(input_shape[-1], self.blocks * self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            autocast=False,
        )
        self.build_recurrence()
        self.bias: Any = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self.bias_shape,
                initializer=self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                autocast=False,
            )
        self.built = True

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Return the first value of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    def build_recurrence(self) -> None:
        """Make the weights of the previous state, if any."""

    def cast_weights(self) -> tuple[Any, ...]:
        """Return the weights in the compute dtype, at last the bias (0 without one).

        With Keras's automatic cast, gradients would not be in full precision.
        """
        bias = ops.cast(self.bias, self.compute_dtype) if self.use_bias else 0
        return ops.cast(self.kernel, self.compute_dtype), bias

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Compute one time step.

        Args:
            inputs: [B, D].
            states: A list of the previous states, [B, H] each; a single one also alone.
            training: Whether dropout is on.

        Returns:
            The output [B, H] and the new states, in a list if they came in one. The output is the
            first of them.
        """
        nested = isinstance(states, list | tuple)
        previous = tuple(states) if nested else (states,)
        dropped = previous[0]
        if training and self.dropout:
            inputs = inputs * self.get_dropout_mask(inputs)
        if training and self.recurrent_dropout:
            dropped = dropped * self.get_recurrent_dropout_mask(dropped)
        new = self.step(inputs, previous if self.states > 1 else previous[0], dropped)
        new = new if self.states > 1 else (new,)
        return new[0], list(new) if nested else new[0]

    def step(self, x: Any, previous: Any, dropped: Any) -> Any:
        """Compute the cell's equations.

        Args:
            x: The inputs [B, D], after dropout.
            previous: The previous state [B, H]; a tuple of them if there are several.
            dropped: The first of them after dropout [B, H], for the matrix products.

        Returns:
            The new state [B, H]; a tuple of them if there are several.
        """
        raise NotImplementedError

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return zeros, [B, H] for each state."""
        shape = (batch_size, self.units)
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in range(self.states)]

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "seed": self.seed,
        }


def share(name: str, value: Any) -> float:
    """Return a share of at least 0 and below 1."""
    number = plain(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1:
        raise OptionError(f"{name} is {value!r}; it must be at least 0 and below 1")
    return number


def from_keras(name: str, family: Any, value: Any) -> Any:
    """Return Keras's object for a name, a configuration or a callable."""
    try:
        return family.get(value)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"{name} is {value!r}, which {family.__name__} does not know; "
            "give one of its names or a callable"
        ) from error
