"""The options of a language model, and those of text generation."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.streams.options import StreamColumnOptions
from toolkit.errors import OptionError, shorten
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import EmbeddingOptions, RecurrentOptions, check_monitor
from toolkit.text.options import check_subwords
from toolkit.training.options import TrainingOptions

#: The metrics for early stopping, with ``max`` or ``min``; the first is auto.
MONITORS = {"log_loss": "min"}

#: The largest number of tokens that can be generated at once.
MOST_GENERATED = 100_000


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


@dataclass(kw_only=True)
class GenerationOptions:
    """The options of text generation.

    Args:
        max_length: The largest number of generated tokens; a text may end before.
        temperature: The divisor of the logits: below 1 likely tokens become likelier; 0 always
            takes the likeliest token.
        top_k: Sample only from this number of likeliest tokens; 0 for all.
        top_p: Sample only from the likeliest tokens that together have this probability; 1 for all.
        repetition_penalty: The divisor of the logits of tokens that occurred before, or their
            factor if they are negative; 1 for none.
        seed: The seed of the sampling. A text is a function of it, of the prompt with its condition
            and of its number among those of equal prompts.
        condition: The condition of the text, if the run has learnt conditions.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_length": (0, MOST_GENERATED + 1),
        "temperature": (0, None),
        "top_k": (0, None),
        "seed": (0, 2**31),
    }

    max_length: int = 200
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0
    condition: str | None = None

    def __post_init__(self) -> None:
        check_options(self)
        if not math.isfinite(self.temperature):
            raise OptionError(f"{option('temperature')} is {self.temperature}; it must be finite")
        if not 0 < self.top_p <= 1:
            raise OptionError(f"{option('top_p')} is {self.top_p}; it must be above 0, at most 1")
        if self.repetition_penalty <= 0:
            raise OptionError(
                f"{option('repetition_penalty')} is {self.repetition_penalty}; it must be above 0"
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
