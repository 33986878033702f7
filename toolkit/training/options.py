"""The options of training."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.options import Limits, option
from toolkit.packages import check_packages

#: The folder in a run's folder that exists while the training is not finished.
CHECKPOINT = "checkpoint"


@dataclass(kw_only=True)
class TrainingOptions:
    """The options of training.

    Args:
        optimizer: Adam (Kingma and Ba 2015) or plain gradient descent, as in the lecture.
        learning_rate: The peak learning rate; auto depends on the optimizer and the data.
        epsilon: The constant that Adam adds to the root of its second moment; 0.0001 keeps the
            steps of rare words' vectors small, which reduces overfitting. Auto depends on the data.
        schedule: How the learning rate falls from its peak to zero over the planned steps.
        warmup: The share of the planned steps over which the learning rate first rises.
        clipnorm: The largest norm of each variable's gradient; it replaces global_clipnorm.
        global_clipnorm: The largest norm of all gradients together (Pascanu et al. 2013,
            Algorithm 1); null or 0 for no clipping.
        epochs: The number of passes over the training data; auto depends on the data's size.
        batch_tokens: The approximate number of time steps, padding included, in a batch; auto
            depends on the data's size.
        validation_split: The share of the training data that is held out for validation if no
            validation data is given.
        monitor: The validation metric for early stopping and the choice of the best weights; auto
            is accuracy for classes, macro F1 for several labels (of fewer than 100 held-out
            sequences the log loss for both), the mean absolute error for numbers, F1 for entities,
            BLEU for translations, the log loss for text.
        patience: The number of epochs without a better metric that end the training.
        ema: The decay of the averaged weights, which are then evaluated and kept; 0 turns averaging
            off, auto depends on the data.
        precision: The arithmetic of the layers; weights stay in float32.
        storage: The type of the weights in the SavedModel; float16 halves its size, and the
            arithmetic is unchanged.
        checkpoint_seconds: The fewest seconds between two checkpoints, from which the same command
            resumes after an interruption; writing takes at most 2 % of the time in any case.
        keep_state: Whether the run keeps ``state.npz``, the state of the training at its end, so
            that a training that goes on is the same as a longer one; its size is four times that
            of the weights, and five times with ema (float32).
        seed: The seed of all random numbers.
        threads: The number of CPU threads that TensorFlow may use; 0 is all of them.
        tensorboard: A folder for TensorBoard's logs.
        data_licence: The licence of the training data, for the model card.
    """

    LIMITS: ClassVar[Limits] = {
        "learning_rate": (0, None),
        "epsilon": (0, None),
        "warmup": (0, 1),
        "clipnorm": (0, None),
        "global_clipnorm": (0, None),
        "epochs": (0, None),
        "batch_tokens": (1, None),
        "validation_split": (0, 1),
        "patience": (0, None),
        "ema": (0, 1),
        "checkpoint_seconds": (0, None),
        "seed": (0, 2**32),
        "threads": (0, None),
    }

    #: Options that do not change the weights.
    WITHOUT_EFFECT: ClassVar[tuple[str, ...]] = (
        *("checkpoint_seconds", "storage", "keep_state", "tensorboard", "data_licence"),
    )

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
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    storage: Literal["float32", "float16"] = "float32"
    checkpoint_seconds: float = 20.0
    keep_state: bool = False
    seed: int = 0
    threads: int = 0
    tensorboard: str | None = None
    data_licence: str | None = None

    def check_packages(self) -> None:
        """Check that the packages that these options need for a training are installed.

        Raises:
            OptionError: One is missing.
        """
        if self.tensorboard is not None:
            check_packages(f"{option('tensorboard')} needs", "tensorboard")
