"""How a model is trained, as plain values."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.options import Limits

#: The folder, within the run's, that is there while the training is not finished.
CHECKPOINT = "checkpoint"


@dataclass(kw_only=True)
class TrainingOptions:
    """How a model is trained.

    Args:
        optimizer: Adam (Kingma and Ba 2015) or plain gradient descent, as in the lecture.
        learning_rate: The peak learning rate; auto suits it to the optimizer and the data.
        epsilon: What Adam adds to the root of its second moment; 0.0001 keeps the steps of rare
            words' vectors small, and they learn by heart less. Auto suits it to the data.
        schedule: How the learning rate falls from its peak to zero over the planned steps.
        warmup: The share of the planned steps over which the learning rate first rises.
        clipnorm: The largest norm of each variable's gradient; it stands in for the next.
        global_clipnorm: The largest norm of all gradients together (Pascanu et al. 2013,
            Algorithm 1); null or 0 for no clipping.
        epochs: How often the training data is seen; auto suits it to the data's size.
        batch_tokens: About how many units, padding included, one training step sees; auto suits it
            to the data's size.
        validation_split: The share of the training data that is kept for validation when no
            validation data is given.
        monitor: The validation metric that early stopping and the best weights go by; auto is
            accuracy for classes, macro F1 for several labels, the mean absolute error for numbers,
            F1 for entities, BLEU for translations, the log loss for text.
        patience: How many epochs without a better metric end the training.
        ema: The decay of the averaged weights, which are then what is evaluated and kept; 0 turns
            averaging off, auto suits it to the data.
        label_smoothing: The share of each label that is spread over all classes.
        class_weights: balanced makes every class count the same, however rare.
        precision: The arithmetic of the layers; weights stay in float32.
        storage: How the SavedModel keeps the weights; float16 halves its size, and the arithmetic
            stays as it is.
        checkpoint_seconds: The fewest seconds between two checkpoints, from which the same command
            goes on after it was cut off; they take at most 2 % of the time in any case.
        seed: The seed of everything random.
        threads: How many CPU threads TensorFlow may use; 0 is all of them.
        tensorboard: A folder for TensorBoard's logs.
    """

    LIMITS: ClassVar[Limits] = {
        "learning_rate": (0, None),
        "epsilon": (0, None),
        "warmup": (0, 1),
        "clipnorm": (0, None),
        "global_clipnorm": (0, None),
        "epochs": (1, None),
        "batch_tokens": (1, None),
        "validation_split": (0, 1),
        "patience": (0, None),
        "ema": (0, 1),
        "label_smoothing": (0, 1),
        "checkpoint_seconds": (0, None),
        "seed": (0, 2**32),
        "threads": (0, None),
    }

    #: Options that do not change what is learnt.
    WITHOUT_EFFECT: ClassVar[tuple[str, ...]] = ("checkpoint_seconds", "storage", "tensorboard")

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float | Literal["auto"] = "auto"
    epsilon: float | Literal["auto"] = "auto"
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = 0.05
    clipnorm: float | None = None
    global_clipnorm: float | None = 1.0
    epochs: int | Literal["auto"] = "auto"
    batch_tokens: int | Literal["auto"] = "auto"
    validation_split: float = 0.1
    monitor: str = "auto"
    patience: int = 3
    ema: float | Literal["auto"] = "auto"
    label_smoothing: float = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    storage: Literal["float32", "float16"] = "float32"
    checkpoint_seconds: float = 20.0
    seed: int = 0
    threads: int = 0
    tensorboard: str | None = None
