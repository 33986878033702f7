"""The earlier training from which a training goes on."""

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import count, shorten
from toolkit.models import SequenceModel
from toolkit.models.growth import copy_weights
from toolkit.options import check_fixed, fixed_options, option
from toolkit.text import SubwordTokenizer, Tokenizer
from toolkit.training.callbacks import read_history
from toolkit.training.options import TrainingOptions
from toolkit.training.start import Start
from toolkit.training.state import STATE, State

logger = logging.getLogger("toolkit")


@dataclass(frozen=True)
class Previous:
    """The result of an earlier training; ``Settings.previous`` has it for the hooks of a task.

    A hook extends the preprocessing and the classes instead of fitting them anew: what has an id or
    a number keeps it, and more comes after.

    Attributes:
        model: The preprocessing and the network.
        classes: The names of the classes, in the order of their numbers.
        options: The options of the earlier training.
        facts: Its facts, which have the resolved options.
        folder: The folder from which it was loaded, if any.
        state: The state at its end, if it was kept, and what that is the state of.
    """

    model: SequenceModel
    classes: tuple[str, ...]
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    folder: Path | None = None
    state: tuple[State, Mapping[str, Any]] | None = field(default=None, repr=False)

    @property
    def epochs(self) -> int:
        """The number of epochs of all earlier trainings."""
        epochs: int = self.facts.get("trained_epochs", self.facts["epochs"])
        return epochs

    @property
    def checksum(self) -> int:
        """The CRC-32 of the weights."""
        return weights_checksum(self.model)

    def start(self, identity: Mapping[str, Any], output: Path | None) -> Start:
        """Return where the training begins.

        Args:
            identity: The values that determine it.
            output: Its folder; if that is the folder of the earlier training, its history goes on.
        """
        start = Start(self.epochs)
        if output and self.folder and output.resolve() == self.folder.resolve():
            start.rows.extend(read_history(output / "history.csv")[: self.epochs])
        if self.state is None:
            return start
        state, recorded = self.state
        if recorded.get("weights") != self.checksum:
            logger.warning("%s is not of the weights of model.keras, and is not used", STATE)
            return start

        def kept(*names: str) -> bool:
            return all(recorded[name] == identity[name] for name in names)

        if not kept("optimizer", "precision") or bool(recorded["ema"]) != bool(identity["ema"]):
            logger.warning("%s is of another optimizer, and is not used", STATE)
            return start
        exact = kept("training_data", "validation_data", "monitor")
        return replace(start, state=state, exact=exact)

    def kept(self, options: Any) -> dict[str, Any]:
        """Return the options that come from the earlier training.

        They are those that cannot change, and of others than those of training each ``auto``.

        Args:
            options: The options of the training that goes on.

        Raises:
            OptionError: One that cannot change has another value.
        """
        check_fixed(options, self.options, self.facts)
        training = {field.name for field in fields(TrainingOptions)}
        fixed = {*fixed_options(type(options))}
        values = {field.name: getattr(options, field.name) for field in fields(options)}
        return {
            name: self.facts[name]
            for name, value in values.items()
            if name in self.facts and name not in training and (name in fixed or value == "auto")
        }

    def hand_over(self, network: Any, classes: Sequence[str]) -> None:
        """Set the weights of a network to those that were learnt, and log which classes are new.

        Args:
            network: A built network, at least as large.
            classes: All classes.
        """
        copy_weights(self.model.network, network)
        if new := classes[len(self.classes) :]:
            logger.info("labels: %d, %d of them new: %s", len(classes), len(new), shorten(new))


def weights_checksum(model: SequenceModel) -> int:
    """Return the CRC-32 of the weights of a model's network."""
    checksum = 0
    for weight in model.network.get_weights():
        checksum = zlib.crc32(np.asarray(weight).tobytes(), checksum)
    return checksum


def with_more_tokens(layer: Any, settings: Any, texts: Iterable[str]) -> Any:
    """Return a text layer that knows the frequent tokens of further texts as well.

    Subwords stay as they are, since they cover every text.

    Args:
        layer: A ``Tokenizer`` or a ``SubwordTokenizer``.
        settings: The settings of the training, with the limits of the vocabulary.
        texts: The texts.
    """
    if isinstance(layer, SubwordTokenizer):
        logger.info("vocabulary: %d subwords, as before", layer.vocabulary_size)
        return layer
    limits = {name: getattr(settings, name) for name in ("max_tokens", "min_count")}
    larger = Tokenizer.from_config({**layer.get_config(), **limits})
    larger.adapt(texts, extend=True)
    sizes = layer.vocabulary_size, larger.vocabulary_size
    log_vocabulary(larger.token_level.removesuffix("s"), *sizes, settings.max_tokens)
    return larger


def log_vocabulary(name: str, before: int, after: int, max_tokens: int) -> None:
    """Log how a vocabulary has grown.

    Args:
        name: What it holds, such as ``word``.
        before: Its size before.
        after: Its size now.
        max_tokens: The largest size that it may have.
    """
    logger.info("vocabulary: %s, %d of them new", count(after, name), after - before)
    if after >= max_tokens:
        logger.warning(
            "the vocabulary is full: further new %ss are unknown; set %s above %d to learn them",
            *(name, option("max_tokens"), max_tokens),
        )
