"""The options of a translator, and those of its search."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.pairs.options import PairColumnOptions
from toolkit.errors import OptionError
from toolkit.evaluation.options import BleuOptions
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import (
    EmbeddingOptions,
    EncoderOptions,
    LabelSmoothingOptions,
    check_monitor,
)
from toolkit.text.options import check_subwords
from toolkit.training.options import TrainingOptions

#: The metrics for early stopping, with ``max`` or ``min``; the first is auto.
MONITORS = {
    "bleu": "max",
    "bleu_lowercase": "max",
    "chrf": "max",
    "exact_match": "max",
    "log_loss": "min",
}


#: The answer to a source that cannot be read, beside its ``error``.
NO_TRANSLATION = {"translation": ""}
#: The tokens that are translated of a text, as a multiple of those of the longest training pairs;
#: far beyond these, translations are bad.
TIMES_READ = 3


@dataclass(kw_only=True)
class BeamOptions:
    """The options of the exported beam search.

    Args:
        beam_size: The number of hypotheses; 1 always takes the likeliest token.
        length_penalty: The power of its length by which the log probability of a hypothesis is
            divided: 0 favours short ones, 1 compares the means over tokens.
        max_beam_size: The largest beam_size that the signature beam of the exported model accepts.
        max_text_length: The largest number of tokens that the exported model translates of a text,
            from its beginning; none for three times max_length.
    """

    LIMITS: ClassVar[Limits] = {
        "beam_size": (1, 101),
        "length_penalty": (0, None),
        "max_beam_size": (1, 101),
        "max_text_length": (1, None),
    }
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("max_beam_size", "max_text_length")

    beam_size: int = 5
    length_penalty: float = 1.0
    max_beam_size: int = 100
    max_text_length: int | None = None


@dataclass(kw_only=True)
class BeamSearchOptions:
    """The options of the search at prediction.

    Args:
        beam_size: The number of hypotheses; by default that of the run, and at least n_best.
        n_best: The number of translations of each text.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"beam_size": (1, 101), "n_best": (1, 101)}

    beam_size: int | None = None
    n_best: int = 1

    def __post_init__(self) -> None:
        check_options(self)
        if self.beam_size is not None and self.n_best > self.beam_size:
            raise OptionError(
                f"{option('n_best')} is {self.n_best}; {option('beam_size')}, {self.beam_size}, "
                "is the most that it can be"
            )


@dataclass(kw_only=True)
class TranslatorOptions(
    PairColumnOptions,
    BeamOptions,
    BleuOptions,
    EncoderOptions,
    EmbeddingOptions,
    TrainingOptions,
    LabelSmoothingOptions,
):
    """The options of a translator.

    Args:
        token_level: The kind of token: a subword (learnt from the training texts; any text can be
            generated, with case and spacing), a word or a character.
        max_tokens: The largest number of vocabulary entries; auto depends on the data.
        min_count: The frequency from which a word or character gets an id of its own.
        shared_vocabulary: Whether both sides have one vocabulary and share the vectors of tokens.
        max_length: Training pairs with more tokens than this on a side are left out and counted.
        attention: The score of the decoder's attention to the source: additive, multiplicative, or
            none, so that the decoder has one vector of the source.
        layers: The number of recurrent layers of the encoder; the decoder has one more.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole sequence;
            auto depends on the data.
        word_dropout: The share of tokens that are replaced by unknown in training; auto depends on
            the data.
        label_smoothing: The share of each target token that is spread evenly over all tokens in
            training.
        patience: The number of epochs without a better metric that end the training.
        storage: The type of the weights in the SavedModel; the arithmetic is in float32 either way,
            and BLEU is the same.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_length": (1, None),
        "word_dropout": (0, 1),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("token_level", "shared_vocabulary", "attention")

    token_level: Literal["subwords", "words", "characters"] = "subwords"
    max_tokens: int | Literal["auto"] = "auto"
    min_count: int = 1
    shared_vocabulary: bool = True
    max_length: int = 100
    attention: Literal["additive", "multiplicative", "none"] = "additive"
    dropout: float | Literal["auto"] = "auto"  # type: ignore[assignment]
    word_dropout: float | Literal["auto"] = "auto"
    label_smoothing: float = 0.1
    patience: int = 5
    storage: Literal["float32", "float16"] = "float16"

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, MONITORS)
        if self.token_level == "subwords" and self.max_tokens != "auto":
            check_subwords(self.max_tokens)

    @property
    def text_limit(self) -> int:
        """The largest number of tokens that the exported model translates of a text."""
        return self.max_text_length or TIMES_READ * self.max_length
