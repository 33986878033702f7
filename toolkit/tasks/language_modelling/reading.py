"""The interface of the two readings of text for a language model."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from toolkit.errors import OptionError
from toolkit.options import option
from toolkit.tasks.language_modelling import defaults
from toolkit.tasks.language_modelling.surprise import Ask, ReadText
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.previous import with_more_tokens
from toolkit.tasks.settings import Settings
from toolkit.text import SubwordTokenizer, Tokenizer

#: Returns nats and tokens of a corpus, by the network's current weights.
Measure = Callable[[], tuple[float, int]]


class Reading(Protocol):
    """A way to read text: as running text, or as texts with conditions."""

    def prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        """Return the data, prepared for training.

        Raises:
            DataError: The data cannot be used, or is too small.
        """

    def batches(self, settings: Settings, corpus: Any) -> Any:
        """Return batches of windows within the budget of ``batch_tokens``."""

    def measure(self, network: Any, corpus: Any, whole: bool = False) -> Measure:
        """Return a function that measures a network on a corpus.

        Args:
            network: A ``OneToMany``.
            corpus: The held-out text.
            whole: Whether the text is read in as few parts as possible, which is slower and more
                exact.
        """

    def encode(self, options: Any, data: Any, tokenizer: Any, classes: tuple[str, ...]) -> Any:
        """Return text as a corpus, encoded by a fitted tokenizer."""

    def window(self, corpus: Any, texts: int, steps: int) -> tuple[Any, Any]:
        """Return inputs and targets of some windows of one length, for ``diagnose``."""

    def rows(self, task: Any, ask: Ask, data: Any) -> Iterator[tuple[float, int, int]]:
        """Yield nats, tokens and characters of each separately measured part of data."""

    def texts(self, task: Any, data: Any) -> Iterator[ReadText]:
        """Yield the text of each of these parts."""

    def checksum(self, task: Any, data: Any) -> int:
        """Return the checksum of the data as read."""


def text_layer(settings: Settings, texts: Iterable[str]) -> tuple[Any, Settings]:
    """Return a tokenizer fitted to training texts, and settings with its vocabulary size.

    Where a training goes on, it is the earlier one with more tokens.

    Raises:
        OptionError: Conditions were learnt before and there are none now, or the other way round.
    """
    settings = settings.resolve(max_tokens=defaults.max_tokens(settings.token_level))
    if (previous := settings.previous) is not None:
        if bool(previous.classes) != bool(settings.condition_column):
            raise OptionError(
                f"{option('condition_column')} is {settings.condition_column}, but the earlier "
                f"training was {'with' if previous.classes else 'without'} conditions; "
                "a training that goes on from it cannot change this"
            )
        return with_more_tokens(previous.model.preprocessing, settings, texts), settings
    layer: Any
    if settings.token_level == "subwords":
        layer = SubwordTokenizer(settings.max_tokens)
    else:
        layer = Tokenizer(
            token_level=settings.token_level,
            lowercase=settings.lowercase,
            normalization="NFC",
            html_breaks=settings.token_level == "words",
            max_tokens=settings.max_tokens,
            min_count=settings.min_count,
        )
    layer.adapt(texts)
    return layer, settings
