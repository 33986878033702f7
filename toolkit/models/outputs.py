"""The output layer of a network, and its losses."""

from typing import Any

import keras
from keras import ops

from toolkit.errors import OptionError

OUTPUTS = ("softmax", "sigmoid", "linear")


def check_output(output: str) -> None:
    """Check the kind of an output.

    Raises:
        OptionError: It is not one of ``OUTPUTS``.
    """
    if output not in OUTPUTS:
        raise OptionError(f"output is {output!r}; it can be {', '.join(OUTPUTS)}")


@keras.saving.register_keras_serializable(package="toolkit")
class OutputLayer(keras.layers.Dense):
    """``U h + b`` in float32, and its conversion to answers.

    Args:
        outputs: The number of classes, labels or numbers.
        output: ``softmax``, ``sigmoid`` or ``linear``.
        mean: With ``linear``: the number for an output of zero.
        scale: With ``linear``: the factor of the outputs.
    """

    def __init__(
        self, outputs: int, output: str, *, mean: float = 0.0, scale: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(outputs, **{"dtype": "float32", "name": "output", **kwargs})
        self.outputs = outputs
        self.output_kind = output
        self.mean = mean
        self.scale = scale

    def answer(self, logits: Any) -> Any:
        """Map logits [B, outputs] to probabilities, or to numbers on the scale of the targets."""
        if self.output_kind == "softmax":
            return ops.softmax(logits)
        if self.output_kind == "sigmoid":
            return ops.sigmoid(logits)
        return logits * self.scale + self.mean

    def log_answer(self, logits: Any) -> Any:
        """Map logits to the logarithms of the probabilities of ``answer``, or to its numbers."""
        if self.output_kind == "softmax":
            return ops.log_softmax(logits)
        if self.output_kind == "sigmoid":
            return ops.log_sigmoid(logits)
        return self.answer(logits)

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Return the loss on logits: cross-entropy in nats, or the scaled squared error.

        Args:
            label_smoothing: The share of each label that is spread evenly over all classes
                (Szegedy et al. 2016, section 7).
        """
        if self.output_kind == "softmax":
            return ClassCrossEntropy(self.outputs, label_smoothing)
        if self.output_kind == "sigmoid":
            return keras.losses.BinaryCrossentropy(
                from_logits=True, label_smoothing=label_smoothing
            )
        return ScaledSquaredError(self.mean, self.scale)

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        base = keras.layers.Layer.get_config(self)
        return {
            **base,
            "outputs": self.outputs,
            "output": self.output_kind,
            "mean": self.mean,
            "scale": self.scale,
        }


@keras.saving.register_keras_serializable(package="toolkit")
class ClassCrossEntropy(keras.losses.Loss):
    """Cross-entropy of class numbers against logits, with label smoothing.

    Args:
        classes: The number of classes.
        label_smoothing: The share of each label that is spread evenly over all classes.
    """

    def __init__(self, classes: int, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses [B] in nats of class numbers [B] against logits [B, classes]."""
        targets = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), self.classes)
        targets = targets * (1 - self.label_smoothing) + self.label_smoothing / self.classes
        return -ops.sum(targets * ops.log_softmax(y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        return {
            **super().get_config(),
            "classes": self.classes,
            "label_smoothing": self.label_smoothing,
        }


@keras.saving.register_keras_serializable(package="toolkit")
class ScaledSquaredError(keras.losses.Loss):
    """The squared error of numbers, measured in standard deviations of the training targets.

    Args:
        mean: The mean of the training targets.
        scale: Their standard deviation.
    """

    def __init__(self, mean: float, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = mean
        self.scale = scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses [B] of numbers [B] against the network's outputs [B, 1]."""
        targets = (ops.reshape(y_true, (-1, 1)) - self.mean) / self.scale
        return ops.mean(ops.square(targets - y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        return {**super().get_config(), "mean": self.mean, "scale": self.scale}
