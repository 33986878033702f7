"""What a model's last layer says, and the loss that goes with it."""

from typing import Any

import keras
from keras import ops

OUTPUTS = ("softmax", "sigmoid", "linear")


@keras.saving.register_keras_serializable(package="toolkit")
class OutputLayer(keras.layers.Dense):
    """``U h + b`` in float32, and the function that makes an answer of it.

    Args:
        outputs: How many classes, labels or numbers.
        output: ``softmax``, ``sigmoid`` or ``linear``.
        mean: With ``linear``: what an output of zero stands for.
        scale: With ``linear``: what an output of one adds to it.
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
        """Logits [B, outputs] to probabilities, or to numbers on the targets' own scale."""
        if self.output_kind == "softmax":
            return ops.softmax(logits)
        if self.output_kind == "sigmoid":
            return ops.sigmoid(logits)
        return logits * self.scale + self.mean

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """The loss on logits: cross-entropy in nats, or the squared error in units of ``scale``.

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
        """All constructor arguments."""
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
        classes: How many classes there are.
        label_smoothing: The share of each label that is spread evenly over all classes.
    """

    def __init__(self, classes: int, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Class numbers [B] and logits [B, classes] to losses [B] in nats."""
        wanted = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), self.classes)
        wanted = wanted * (1 - self.label_smoothing) + self.label_smoothing / self.classes
        return -ops.sum(wanted * ops.log_softmax(y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
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
        """Numbers [B] and the network's outputs [B, 1] to losses [B]."""
        wanted = (ops.reshape(y_true, (-1, 1)) - self.mean) / self.scale
        return ops.mean(ops.square(wanted - y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), "mean": self.mean, "scale": self.scale}
