"""The options of a text classifier."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.texts.options import ColumnOptions
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options
from toolkit.tasks.options import (
    CLASSIFIER_MONITORS,
    ClassWeightOptions,
    EmbeddingOptions,
    EncoderOptions,
    LabelSmoothingOptions,
    check_monitor,
)
from toolkit.text.options import TextOptions
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class TextClassifierOptions(
    ColumnOptions,
    TextOptions,
    EncoderOptions,
    EmbeddingOptions,
    TrainingOptions,
    ClassWeightOptions,
    LabelSmoothingOptions,
):
    """The options of a text classifier.

    Args:
        model: many_to_one reads the whole text with a recurrent network; one_to_one is the
            feed-forward network on a fixed window, the lecture's baseline.
        pooling: The reduction of the states to one vector: the last state, their mean, their
            maximum, all three (concat), or a learnt weighting; auto is concat with pretrained, and
            else max.
        window: The number of tokens that the one_to_one model sees.
        vectors: The initial vectors of tokens: random, or from the co-occurrence of tokens in the
            training texts; auto depends on the data.
        word_dropout: The share of tokens that are replaced by unknown in training; auto depends on
            the data.
        pretrained: The run of a language model over words or characters that initialises vectors
            and recurrent weights, and sets vocabulary, cell and sizes.
        max_text_length: The largest number of tokens that the exported model reads of a text; none
            for max_length, as in training.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "window": (1, None),
        "word_dropout": (0, 1),
        "max_text_length": (1, None),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("model", "pooling", "window")
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("max_text_length",)

    model: Literal["many_to_one", "one_to_one"] = "many_to_one"
    pooling: Literal["last", "mean", "max", "concat", "attention", "auto"] = "auto"
    window: int = 100
    vectors: Literal["random", "cooccurrence", "auto"] = "auto"
    word_dropout: float | Literal["auto"] = "auto"
    pretrained: str | None = None
    max_text_length: int | None = None

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, CLASSIFIER_MONITORS[self.target])
        if self.class_weights == "balanced" and self.target != "classes":
            raise OptionError(f"class_weights balanced needs target classes, not {self.target}")
        if self.pretrained and self.model != "many_to_one":
            raise OptionError("pretrained is for the model many_to_one")
        if self.pretrained and self.vectors == "cooccurrence":
            raise OptionError("vectors come from pretrained or from cooccurrence; give one")
