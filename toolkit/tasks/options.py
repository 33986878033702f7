"""The hyperparameters of each task, as plain values that the command line can read.

This module imports neither TensorFlow nor Keras, so that help texts and complaints come at once.
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.labels import shorten
from toolkit.data.options import (
    ColumnOptions,
    EntityColumnOptions,
    PairColumnOptions,
    StreamColumnOptions,
)
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, option
from toolkit.text.options import TextOptions, TokenOptions, check_subwords
from toolkit.training.options import TrainingOptions

#: The names of the cells that ``toolkit.layers.recurrent_layer`` knows.
CELLS = ("simple_rnn", "simplified_gru", "gru", "lstm", "keras_gru")

#: What early stopping may go by, and whether more or less of it is better; the first is auto.
MONITORS = {
    "classes": {"accuracy": "max", "macro_f1": "max", "log_loss": "min"},
    "labels": {"macro_f1": "max", "micro_f1": "max", "accuracy": "max", "log_loss": "min"},
    "number": {"mean_absolute_error": "min", "root_mean_squared_error": "min", "r2": "max"},
    "entities": {
        "f1": "max",
        "macro_f1": "max",
        "precision": "max",
        "recall": "max",
        "log_loss": "min",
    },
    "translation": {
        "bleu": "max",
        "bleu_lowercase": "max",
        "chrf": "max",
        "exact_match": "max",
        "log_loss": "min",
    },
    "text": {"log_loss": "min"},
}


@dataclass(kw_only=True)
class RecurrentOptions:
    """The recurrent network.

    Args:
        cell: ``simple_rnn``, ``simplified_gru``, ``gru``, ``lstm`` (Keras's own), ``keras_gru``
            (Keras's fused layer, for a GPU), or a cell of your own as ``module:Class``.
        embedding_size: The size of a unit's vector; auto suits it to the data.
        hidden_size: The size of the recurrent state; auto suits it to the data.
        layers: How many recurrent layers are stacked.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole sequence.
        recurrent_dropout: The same within the recurrence; it takes the slower general time loop.
        embedding_dropout: The share of the units' vectors that is dropped; auto suits it to the
            data, as with the other shares and sizes that are auto.
        output_dropout: The share of the last layer's inputs that is dropped.
    """

    LIMITS: ClassVar[Limits] = {
        "embedding_size": (1, None),
        "hidden_size": (1, None),
        "layers": (1, None),
        "dropout": (0, 1),
        "recurrent_dropout": (0, 1),
        "embedding_dropout": (0, 1),
        "output_dropout": (0, 1),
    }

    cell: str = "gru"
    embedding_size: int | Literal["auto"] = "auto"
    hidden_size: int | Literal["auto"] = "auto"
    layers: int = 1
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    embedding_dropout: float | Literal["auto"] = "auto"
    output_dropout: float | Literal["auto"] = "auto"

    def check_cell(self) -> None:
        """Complains of a cell that cannot be.

        Raises:
            OptionError: It is no name of a cell, and no ``module:Class``.
        """
        if self.cell not in CELLS and ":" not in self.cell:
            known = ", ".join(CELLS)
            raise OptionError(f"cell is {self.cell!r}; it can be {known}, or your own module:Class")


@dataclass(kw_only=True)
class EncoderOptions(RecurrentOptions):
    """The recurrent network that reads a text.

    Args:
        bidirectional: Whether each layer also reads from the end, so that the future matters.
    """

    bidirectional: bool = True


@dataclass(kw_only=True)
class TextClassifierOptions(ColumnOptions, TextOptions, EncoderOptions, TrainingOptions):
    """The hyperparameters of a text classifier.

    Args:
        model: many_to_one reads the whole text with a recurrent network; one_to_one is the
            standard network on a fixed window, the lecture's baseline.
        pooling: How the states become one vector: the last state, their mean, their maximum, all of
            these (concat), or a learnt weighting; auto is concat with pretrained, and else max.
        window: How many units the one_to_one model sees.
        vectors: What the units' vectors start from: random numbers, or what the training texts say
            by which units occur near each other; auto suits it to the data.
        word_dropout: The share of units that are hidden as unknown in training; auto suits it to
            the data.
        pretrained: The run of a language model over words or characters, from whose vectors and
            recurrent weights this starts, with its vocabulary, cell and sizes.

    Raises:
        OptionError: A value is none of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"window": (1, None), "word_dropout": (0, 1)}

    model: Literal["many_to_one", "one_to_one"] = "many_to_one"
    pooling: Literal["last", "mean", "max", "concat", "attention", "auto"] = "auto"
    window: int = 100
    vectors: Literal["random", "cooccurrence", "auto"] = "auto"
    word_dropout: float | Literal["auto"] = "auto"
    pretrained: str | None = None

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, self.target)
        if self.class_weights == "balanced" and self.target != "classes":
            raise OptionError(f"class_weights balanced needs target classes, not {self.target}")
        if self.pretrained and self.model != "many_to_one":
            raise OptionError("pretrained is for the model many_to_one")
        if self.pretrained and self.vectors == "cooccurrence":
            raise OptionError("vectors come from pretrained or from cooccurrence; give one")


@dataclass(kw_only=True)
class EntityTaggerOptions(EntityColumnOptions, TokenOptions, EncoderOptions, TrainingOptions):
    """The hyperparameters of a tagger of named entities.

    Args:
        crf: Whether it is learnt which tags follow which (a conditional random field); otherwise
            each tag is learnt for itself, and only what the scheme forbids is left out.
        characters: How the characters of a word are read: by a convolution, by a small GRU in both
            directions, or not at all.
        character_size: The size of the vector that comes of a word's characters; even for a GRU.
        shape_size: The size of the vector of a word's shape (Xxx, XX, 00-00); 0 leaves it out.
        affix_size: The size of the vector of each of a word's four prefixes and four suffixes; 0
            leaves them out.
        vectors: What the words' vectors start from: random, or the path of a text file of word
            vectors (GloVe, word2vec; also .gz), whose size they then have.
        pretrained: The run of a language model over words, from whose vectors and recurrent weights
            this starts, and whose cell and sizes it takes.
        word_dropout: The share of words that occur once that are hidden as unknown in training; of
            more frequent words it is less.
        patience: How many epochs without a better metric end the training.

    Raises:
        OptionError: A value is none of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "character_size": (1, None),
        "shape_size": (0, None),
        "affix_size": (0, None),
        "word_dropout": (0, 1),
    }

    crf: bool = True
    characters: Literal["convolution", "gru", "none"] = "convolution"
    character_size: int = 50
    shape_size: int = 20
    affix_size: int = 10
    vectors: str = "random"
    pretrained: str | None = None
    word_dropout: float = 0.33
    patience: int = 5

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, "entities")
        if self.label_smoothing:
            raise OptionError("label_smoothing is for classes; a tagger of entities has none")
        if self.characters == "gru" and self.character_size % 2:
            raise OptionError(
                f"character_size is {self.character_size}; with characters gru it must be even"
            )
        if self.pretrained and self.vectors != "random":
            raise OptionError("vectors come from pretrained or from a file; give one")


@dataclass(kw_only=True)
class BeamOptions:
    """How the best translation is looked for.

    Args:
        beam_size: How many hypotheses are followed at once; 1 follows the likeliest unit alone.
        length_penalty: The power of its length by which the log probability of a hypothesis is
            divided: 0 favours short ones, 1 compares the mean of their units.
    """

    LIMITS: ClassVar[Limits] = {"beam_size": (1, 101), "length_penalty": (0, None)}

    beam_size: int = 5
    length_penalty: float = 1.0


@dataclass(kw_only=True)
class AskOptions:
    """How texts are answered.

    Args:
        beam_size: How many hypotheses are followed at once; when not given, as many as the run was
            trained to follow, and at least n_best.
        n_best: How many translations are given of each text.

    Raises:
        OptionError: A value cannot be.
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
class TranslatorOptions(PairColumnOptions, BeamOptions, EncoderOptions, TrainingOptions):
    """The hyperparameters of a translator.

    Args:
        units: What one time step is: a subword (of the pieces that training texts are best made of;
            any text can be written, case and spacing kept), a word or a character.
        max_tokens: The largest number of vocabulary entries; auto suits it to the data.
        min_count: How often a word or character must occur to get an id of its own.
        shared_vocabulary: Whether both sides have one vocabulary and share their units' vectors.
        max_length: Training pairs with more units than this on a side are left out, and counted.
        attention: How the decoder looks at the source: by an additive or a multiplicative score, or
            not at all, so that all it knows of the source is one vector.
        layers: How many recurrent layers the encoder has; the decoder has one more.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole sequence;
            auto suits it to the data.
        word_dropout: The share of units that are hidden as unknown in training; auto suits it to
            the data.
        label_smoothing: The share of each unit that is spread over all others in training.
        patience: How many epochs without a better metric end the training.
        storage: How the SavedModel keeps the weights; the arithmetic is in float32 either way, and
            BLEU is the same.

    Raises:
        OptionError: A value is none of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_length": (1, None),
        "word_dropout": (0, 1),
    }

    units: Literal["subwords", "words", "characters"] = "subwords"
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
        check_monitor(self.monitor, "translation")
        if self.class_weights != "none":
            raise OptionError("class_weights are for classes; a translator has none")
        if self.units == "subwords" and self.max_tokens != "auto":
            check_subwords(self.max_tokens)


@dataclass(kw_only=True)
class LanguageModelOptions(StreamColumnOptions, RecurrentOptions, TrainingOptions):
    """The hyperparameters of a language model.

    Args:
        units: What one time step is: a character (a user-perceived one), a word (white space is not
            kept) or a subword (of the pieces that training texts are best made of; any text can be
            written, case and spacing kept).
        lowercase: Whether upper and lower case are the same; subwords keep them apart.
        max_tokens: The largest number of vocabulary entries; auto suits it to units and data.
        min_count: How often a word or character must occur to get an id of its own.
        window: Over how many units the gradient goes back (truncated backpropagation through time);
            the state is carried on from window to window. With conditions no window holds the end
            of one text and the beginning of another.
        word_dropout: The share of units that are hidden as unknown in training.
        sampled_softmax: With so many units drawn at random instead of the whole vocabulary the loss
            of a training step is estimated (Jean et al. 2015); 0 takes the whole vocabulary.
        patience: How many epochs without a better metric end the training.
        storage: How the SavedModel keeps the weights; the arithmetic is in float32 either way.

    Raises:
        OptionError: A value is none of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "window": (1, None),
        "word_dropout": (0, 1),
        "sampled_softmax": (0, None),
    }

    units: Literal["characters", "words", "subwords"] = "characters"
    lowercase: bool = False
    max_tokens: int | Literal["auto"] = "auto"
    min_count: int = 1
    window: int = 128
    word_dropout: float = 0.0
    sampled_softmax: int = 0
    patience: int = 5
    storage: Literal["float32", "float16"] = "float16"

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, "text")
        if self.class_weights != "none":
            raise OptionError("class_weights are for classes; a language model has none")
        if self.label_smoothing:
            raise OptionError("label_smoothing is for classes; a language model has none")
        if self.lowercase and self.units == "subwords":
            raise OptionError("lowercase is for words and characters; subwords keep case apart")
        if self.units == "subwords" and self.max_tokens != "auto":
            check_subwords(self.max_tokens)


@dataclass(kw_only=True)
class WritingOptions:
    """How text is written.

    Args:
        max_length: The most units that are written; a text may end before.
        temperature: What the logits are divided by: below 1 likely units become likelier; 0 always
            takes the likeliest.
        top_k: Only so many of the likeliest units are drawn from; 0 for all.
        top_p: Only the likeliest units are drawn from that together have this probability; 1 for
            all.
        repetition_penalty: What the logits of units that have been written are divided by, or
            multiplied where they are negative; 1 for none.
        seed: The same seed writes the same text.
        condition: What the text is to be like, where the run has learnt conditions: one of them.

    Raises:
        OptionError: A value cannot be.
    """

    LIMITS: ClassVar[Limits] = {
        "max_length": (0, 100_001),
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
    """Complains of a condition that a language model has not learnt.

    Args:
        condition: What was asked for, if anything.
        conditions: What the model has learnt; nothing where it has no conditions.

    Raises:
        OptionError: It is none of them, or is missing.
    """
    if condition in conditions or (condition is None and not conditions):
        return
    given, known = option("condition"), shorten(conditions)
    if not conditions:
        raise OptionError(
            f"{given} is {condition!r}, but this model has learnt no conditions; they are learnt "
            f"with {option('condition_column')}"
        )
    if condition is None:
        raise OptionError(f"{given} must be given; there are: {known}")
    near = difflib.get_close_matches(condition, conditions, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    raise OptionError(f"{given} is {condition!r}{hint} there are: {known}")


def check_monitor(monitor: str, target: str) -> None:
    """Complains of a metric that is not among those of the target.

    Raises:
        OptionError: It is not.
    """
    if monitor != "auto" and monitor not in MONITORS[target]:
        known = ", ".join(MONITORS[target])
        raise OptionError(f"monitor is {monitor!r}; it can be auto, {known}")
