"""The options of a tagger of named entities."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.entities.options import EntityColumnOptions
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options
from toolkit.tasks.options import (
    TAGGER_MONITORS,
    ClassWeightOptions,
    EmbeddingOptions,
    EncoderOptions,
    check_monitor,
)
from toolkit.text.options import TokenOptions
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class EntityTaggerOptions(
    EntityColumnOptions,
    TokenOptions,
    EncoderOptions,
    EmbeddingOptions,
    TrainingOptions,
    ClassWeightOptions,
):
    """The options of a tagger of named entities.

    Args:
        crf: Whether scores of transitions between tags are learnt (a conditional random field);
            otherwise each tag is learnt by itself, and the scheme only excludes forbidden
            transitions.
        characters: The encoder of a word's characters: a convolution, a small bidirectional GRU, or
            none.
        character_size: The size of the vector of a word's characters; even for a GRU.
        shape_size: The size of the vector of a word's shape (Xxx, XX, 00-00); 0 leaves it out.
        affix_size: The size of the vector of each of a word's four prefixes and four suffixes; 0
            leaves them out.
        vectors: The initial vectors of words: random, or the path of a text file of word vectors
            (GloVe, word2vec; also .gz), which sets their size.
        pretrained: The run of a language model over words that initialises vectors and recurrent
            weights, and sets cell and sizes.
        word_dropout: The share of words that occur once that are replaced by unknown in training;
            it is smaller for more frequent words.
        patience: The number of epochs without a better metric that end the training.
        max_sentence_length: The largest number of tokens that the exported model reads at once; a
            longer sentence is read in pieces, a longer text sentence by sentence.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "character_size": (1, None),
        "shape_size": (0, None),
        "affix_size": (0, None),
        "word_dropout": (0, 1),
        "max_sentence_length": (1, None),
    }
    FIXED: ClassVar[tuple[str, ...]] = (
        *("crf", "characters", "character_size", "shape_size", "affix_size"),
    )
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("max_sentence_length",)

    crf: bool = True
    characters: Literal["convolution", "gru", "none"] = "convolution"
    character_size: int = 50
    shape_size: int = 20
    affix_size: int = 10
    vectors: str = "random"
    pretrained: str | None = None
    word_dropout: float = 0.33
    patience: int = 5
    max_sentence_length: int = 1000

    def __post_init__(self) -> None:
        check_options(self)
        super().__post_init__()
        self.check_cell()
        check_monitor(self.monitor, TAGGER_MONITORS)
        if self.characters == "gru" and self.character_size % 2:
            raise OptionError(
                f"character_size is {self.character_size}; with characters gru it must be even"
            )
        if self.pretrained and self.vectors != "random":
            raise OptionError("vectors come from pretrained or from a file; give one")
