"""The hyperparameters that tasks share, as plain values that the command line can read.

This module and the tasks' own options import neither TensorFlow nor Keras, so that help texts and
errors appear at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, option

#: The names of the cells that ``toolkit.layers.recurrent_layer`` knows.
CELLS = ("simple_rnn", "simplified_gru", "min_gru", "gru", "lstm", "keras_gru", "keras_lstm")

#: The metrics that may choose a classifier's weights, by target, with ``max`` or ``min``; the first
#: is auto.
CLASSIFIER_MONITORS = {
    "classes": {"accuracy": "max", "macro_f1": "max", "log_loss": "min"},
    "labels": {"macro_f1": "max", "micro_f1": "max", "accuracy": "max", "log_loss": "min"},
    "number": {"mean_absolute_error": "min", "root_mean_squared_error": "min", "r2": "max"},
}

#: The metrics that may choose a tagger's weights, likewise.
TAGGER_MONITORS = {
    "f1": "max",
    "macro_f1": "max",
    "precision": "max",
    "recall": "max",
    "log_loss": "min",
}

#: The value of ``golden`` and ``--golden`` for inputs that a training held out.
HELD_OUT = "held-out"


@dataclass(kw_only=True)
class RecurrentOptions:
    """The options of recurrent layers.

    Args:
        cell: ``simple_rnn``, ``simplified_gru``, ``min_gru``, ``gru``, ``lstm``, ``keras_gru`` or
            ``keras_lstm`` (Keras's layers, which are fused on a GPU), or a cell of your own as
            ``module:Class``.
        hidden_size: The size of the recurrent state; auto depends on the task and the data.
        layers: The number of recurrent layers.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole sequence.
        recurrent_dropout: The same for the recurrent state; it needs the slower general time loop.
            ``min_gru`` has none.
        output_dropout: The share of the last layer's inputs that is dropped; auto depends on the
            data.
    """

    LIMITS: ClassVar[Limits] = {
        "hidden_size": (1, None),
        "layers": (1, None),
        "dropout": (0, 1),
        "recurrent_dropout": (0, 1),
        "output_dropout": (0, 1),
    }

    #: Options that a training that goes on from an earlier one cannot change.
    FIXED: ClassVar[tuple[str, ...]] = ("cell", "hidden_size", "layers")

    cell: str = "gru"
    hidden_size: int | Literal["auto"] = "auto"
    layers: int = 1
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    output_dropout: float | Literal["auto"] = "auto"

    def check_cell(self) -> None:
        """Check the name of the cell.

        Raises:
            OptionError: The cell is unknown and is not given as ``module:Class``, or it has no
                recurrent dropout.
        """
        if self.cell not in CELLS and ":" not in self.cell:
            known = ", ".join(CELLS)
            raise OptionError(f"cell is {self.cell!r}; it can be {known}, or your own module:Class")
        if self.cell == "min_gru" and self.recurrent_dropout:
            raise OptionError(
                f"recurrent_dropout is {self.recurrent_dropout}, but the cell min_gru has no "
                "recurrent kernel; leave it at 0"
            )


@dataclass(kw_only=True)
class EmbeddingOptions:
    """The options of embeddings.

    Args:
        embedding_size: The size of a token's vector; auto depends on the task and the data.
        embedding_dropout: The share of the vectors' channels that is dropped; auto depends on the
            data.
    """

    LIMITS: ClassVar[Limits] = {"embedding_size": (1, None), "embedding_dropout": (0, 1)}
    FIXED: ClassVar[tuple[str, ...]] = ("embedding_size",)

    embedding_size: int | Literal["auto"] = "auto"
    embedding_dropout: float | Literal["auto"] = "auto"


@dataclass(kw_only=True)
class EncoderOptions(RecurrentOptions):
    """The options of a recurrent encoder.

    Args:
        bidirectional: Whether each layer reads in both directions.
    """

    FIXED: ClassVar[tuple[str, ...]] = ("bidirectional",)

    bidirectional: bool = True


@dataclass(kw_only=True)
class StrandOptions(EncoderOptions):
    """The options of networks that read strands.

    Args:
        kmers: The number of k-mers that the network learns to recognise at each base; auto depends
            on the data.
        kmer_size: The number of bases of each, which is odd.
        kmer_dropout: The share of k-mers dropped for a whole strand.
        base_dropout: The share of bases that are replaced by N in training; auto depends on the
            data.
    """

    LIMITS: ClassVar[Limits] = {
        "kmers": (1, None),
        "kmer_size": (1, None),
        "kmer_dropout": (0, 1),
        "base_dropout": (0, 1),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("kmers", "kmer_size")

    kmers: int | Literal["auto"] = "auto"
    kmer_size: int = 7
    kmer_dropout: float = 0.0
    base_dropout: float | Literal["auto"] = "auto"

    def check_kmers(self) -> None:
        """Check the size of k-mers.

        Raises:
            OptionError: It is even.
        """
        if self.kmer_size % 2 == 0:
            raise OptionError(
                f"kmer_size is {self.kmer_size}; it must be odd, so that a k-mer has as many bases "
                "before its middle as after it"
            )


@dataclass(kw_only=True)
class ClassWeightOptions:
    """The weights of classes in the loss.

    Args:
        class_weights: balanced gives every class the same total weight, however rare it is.
    """

    class_weights: Literal["none", "balanced"] = "none"


@dataclass(kw_only=True)
class LabelSmoothingOptions:
    """The smoothing of labels.

    Args:
        label_smoothing: The share of each label that is spread evenly over all classes.
    """

    LIMITS: ClassVar[Limits] = {"label_smoothing": (0, 1)}

    label_smoothing: float = 0.0


#: The number of characters of a text that signatures look at, for each token that they may read:
#: so their time is limited by the number of tokens, whatever the tokens are.
CHARACTERS_PER_TOKEN = 100


def check_monitor(monitor: str, monitors: Iterable[str]) -> None:
    """Check that a metric may choose the weights of the task.

    Raises:
        OptionError: The metric is unknown.
    """
    known = list(monitors)
    if monitor != "auto" and monitor not in known:
        raise OptionError(f"monitor is {monitor!r}; it can be auto, {', '.join(known)}")


@dataclass(kw_only=True)
class ClassAnswerOptions:
    """The options of a classifier's answers.

    Args:
        top_k: The number of classes whose probabilities are answered, the likeliest first; null
            for all, in their own order.
        threshold: The probability from which a label is answered where there are several.
        abstain_below: The probability below which no class is answered; the label is then null.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"top_k": (1, None)}

    top_k: int | None = None
    threshold: float = 0.5
    abstain_below: float | None = None

    def __post_init__(self) -> None:
        check_options(self)
        for name in ("threshold", "abstain_below"):
            check_probability(name, getattr(self, name))

    def check_for(self, target: str) -> None:
        """Check the options against what a model answers.

        Args:
            target: The target of the model: ``classes``, ``labels`` or ``number``.

        Raises:
            OptionError: One is not for that.
        """
        own = {"classes": ("top_k", "abstain_below"), "labels": ("top_k", "threshold")}
        taken = own.get(target, ())
        for field in fields(self):
            if getattr(self, field.name) != field.default and field.name not in taken:
                instead = f"; {option(taken[1])} is" if taken else ""
                raise OptionError(
                    f"{option(field.name)} is not for a model whose target is {target}{instead}"
                )


@dataclass(kw_only=True)
class SpanAnswerOptions:
    """The options of a tagger's answers.

    Args:
        threshold: The probability below which a span is left out.

    Raises:
        OptionError: It is out of its limits.
    """

    threshold: float = 0.0

    def __post_init__(self) -> None:
        check_options(self)
        check_probability("threshold", self.threshold)


def check_probability(name: str, value: float | None) -> None:
    """Check the value of an option that is a probability, or None.

    Raises:
        OptionError: It is not from 0 to 1.
    """
    if value is not None and not 0 <= value <= 1:
        raise OptionError(f"{option(name)} is {value}; a probability is from 0 to 1")
