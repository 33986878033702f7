"""The options of a language model."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.streams.options import StreamColumnOptions
from toolkit.errors import OptionError, shorten
from toolkit.export.options import MOST_GENERATED
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import EmbeddingOptions, RecurrentOptions, check_monitor
from toolkit.text.options import check_subwords
from toolkit.training.options import TrainingOptions

#: The metrics for early stopping, with ``max`` or ``min``; the first is auto.
MONITORS = {"log_loss": "min"}


@dataclass(kw_only=True)
class LanguageModelOptions(
    StreamColumnOptions,
    RecurrentOptions,
    EmbeddingOptions,
    TrainingOptions,
):
    """The options of a language model.

    Args:
        token_level: The kind of token: a character (a user-perceived one), a word (white space is
            not kept) or a subword (learnt from the training texts; any text can be generated, with
            case and spacing).
        lowercase: Whether text is lowercased; not for subwords.
        max_tokens: The largest number of vocabulary entries; auto is 5,000
            characters, 4,000 subwords or 20,000 words.
        min_count: The frequency from which a word or character gets an id of its own.
        window: The number of tokens that the gradient spans (truncated backpropagation through
            time); the state is carried from window to window. With conditions no window holds the
            end of one text and the beginning of another.
        word_dropout: The share of tokens that are replaced by unknown in training.
        sampled_softmax: The number of random tokens by which the training loss is estimated (Jean
            et al. 2015); 0 uses the whole vocabulary.
        patience: The number of epochs without a better metric that end the training.
        storage: The type of the weights in the SavedModel; the arithmetic is in float32 either way.
        max_generated_length: The largest max_length that the exported model accepts.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "window": (1, None),
        "word_dropout": (0, 1),
        "sampled_softmax": (0, None),
        "max_generated_length": (1, MOST_GENERATED + 1),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("token_level", "lowercase")
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("max_generated_length",)

    token_level: Literal["characters", "words", "subwords"] = "characters"
    lowercase: bool = False
    max_tokens: int | Literal["auto"] = "auto"
    min_count: int = 1
    window: int = 128
    word_dropout: float = 0.0
    sampled_softmax: int = 0
    patience: int = 5
    storage: Literal["float32", "float16"] = "float16"
    max_generated_length: int = MOST_GENERATED

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, MONITORS)
        if self.lowercase and self.token_level == "subwords":
            raise OptionError("lowercase is for words and characters; subwords keep case apart")
        if self.token_level == "subwords" and self.max_tokens != "auto":
            check_subwords(self.max_tokens)

    def check_generated_length(self, max_length: int) -> None:
        """Check that the exported model generates texts of this length.

        Raises:
            OptionError: It generates shorter ones alone.
        """
        if max_length > self.max_generated_length:
            raise OptionError(
                f"{option('max_length')} is {max_length}; this model generates at most "
                f"{self.max_generated_length} tokens"
            )


def check_condition(condition: str | None, conditions: Sequence[str]) -> None:
    """Check that a language model has learnt a condition.

    Args:
        condition: The requested condition, if any.
        conditions: The conditions of the model, if any.

    Raises:
        OptionError: The condition is unknown or missing.
    """
    if condition in conditions or (condition is None and not conditions):
        return
    name, known = option("condition"), shorten(conditions)
    if not conditions:
        raise OptionError(
            f"{name} is {condition!r}, but this model has learnt no conditions; they are learnt "
            f"with {option('condition_column')}"
        )
    if condition is None:
        raise OptionError(f"{name} must be given; there are: {known}")
    near = difflib.get_close_matches(condition, conditions, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    raise OptionError(f"{name} is {condition!r}{hint} there are: {known}")
