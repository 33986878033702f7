"""What all tasks share: what they learnt, how it is kept, and how it is loaded again."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import yaml

from toolkit.errors import ModelError, OptionError
from toolkit.export import (
    Card,
    Servable,
    read_description,
    stored,
    write_card,
    write_golden,
    write_saved_model,
)
from toolkit.files import atomic_write, named, unfinished
from toolkit.models import TextModel, load_text_model
from toolkit.tasks import automatic
from toolkit.tasks.diagnosis import Subject, diagnose, fresh_network
from toolkit.training import TrainingOptions, discard_checkpoint


class Checked(Protocol):
    """Data with a checksum."""

    @property
    def checksum(self) -> int:
        """A function of all that is learnt from."""


FORMATS = ("saved_model", "onnx")


class Task:
    """The part of an estimator that is the same for every task.

    It is mixed into a dataclass of options, which is the task itself.

    Attributes:
        classes: The names of what is answered, such as classes or kinds of entities.
        history: A row for each epoch of the last ``fit``.
        metrics: What the validation data gave for the weights that were kept.
        facts: What ``auto`` came to, and what the model card says of the training data.
        text_model: The text layer and the network; None when loaded from a SavedModel alone.
    """

    #: What ``serving_default`` takes.
    ASKED: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        self.classes: tuple[str, ...] = ()
        self.history: list[dict[str, float]] = []
        self.metrics: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.text_model: TextModel | None = None
        self._archive: Path | None = None

    # Learning

    def _choose(self, name: str, value: Any) -> Any:
        """An option's value, or for ``auto`` the given one; it is kept among the facts."""
        self.facts[name] = automatic.choose(self, name, value)
        return self.facts[name]

    def _training_options(self, suited: Any) -> TrainingOptions:
        """How to train; of what is auto, the values that suit the data."""
        training = {field.name: getattr(self, field.name) for field in fields(TrainingOptions)}
        suiting = ("ema", "learning_rate", "epsilon")
        for name in suiting if training["optimizer"] == "adam" else suiting[:1]:
            training[name] = self._choose(name, getattr(suited, name))
        return TrainingOptions(**training)

    def _identity(self, train: Checked, held_out: Checked | None) -> dict[str, Any]:
        """What the training is a function of: values, those that auto came to, and data."""
        checksums = {
            "training_data": train.checksum,
            "validation_data": None if held_out is None else held_out.checksum,
        }
        without = TrainingOptions.WITHOUT_EFFECT
        given = {k: v for k, v in self._options().items() if k not in without}
        options = {name: self.facts.get(name, value) for name, value in given.items()}
        return options | checksums

    # Looking

    def diagnose(
        self, data: Any, fresh: bool = False, steps: int = 200, output: str | Path | None = None
    ) -> dict[str, Any]:
        """Looks at what gradients do on their way back through time.

        Of some of the longest texts, cut to one length of at most ``steps`` units, the norm of
        dJ(t)/dh(k) is taken for each recurrent layer, exactly, and each step's share of the
        gradient of its recurrent weights. Of batches such as training has the norm of the whole
        gradient is taken. Dropout is off, and no class counts more than another.

        Args:
            data: Data of the same kinds as for ``fit``.
            fresh: Whether to look at the network with new random weights instead of what it learnt.
            steps: The most steps that are followed back.
            output: A folder that gets pictures (``gradients.png``, ``shares.png``, ``norms.png``,
                ``activations_<layer>.png``), the numbers in them (``gradients.csv``, ``norms.csv``)
                and ``diagnosis.json``.

        Returns:
            Sections: how many texts and steps were ``followed``; ``gradient_at_distance`` |t - k|,
            the mean norm of dJ(t)/dh(k) for each layer, and the ratio of the farthest to the
            nearest; what each quarter of the steps adds to the ``gradient_of_recurrent_weights``,
            as shares of its whole; which share of the values of gates and states is
            ``saturated``, near their bounds; and ``clipping``, with limits that would suit.

        Raises:
            DataError: The data is not what it should be.
            ModelError: Nothing has been learnt, ``model.keras`` is missing, or the network has no
                recurrent layer.
            OptionError: The number of steps cannot be.
        """
        if steps < 1:
            raise OptionError(f"steps is {steps}; at least 1 is needed")
        options = self._options()
        network = self._needs_text_model("diagnose").network
        if fresh:
            network = fresh_network(network, options["seed"])
        kind = "clipnorm" if options["clipnorm"] else "global_clipnorm"
        limit = float(options[kind] or np.inf)
        return diagnose(self._subject(data, network), (kind, limit), steps, output)

    def _subject(self, data: Any, network: Any) -> Subject:
        """What is looked at of a network on data."""
        raise NotImplementedError

    # Keeping

    def save(self, folder: str | Path) -> None:
        """Writes what training on needs: ``model.keras``, ``config.yaml``, ``metrics.json``.

        Raises:
            ModelError: Nothing has been learnt yet, or only the SavedModel is at hand.
        """
        text_model = self._needs_text_model("save")
        folder = Path(folder)
        archive = folder / "model.keras"
        with unfinished(archive) as beside:
            beside.mkdir()  # Keras wants the ending
            with named(archive):
                text_model.save(beside / archive.name)
            os.replace(beside / archive.name, archive)
        atomic_write(folder / "config.yaml", self._config())
        atomic_write(folder / "metrics.json", json.dumps(self.metrics, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Loads a run: its newest SavedModel and, where there is one, ``model.keras``.

        The SavedModel alone is enough to predict and to evaluate.

        Raises:
            ModelError: The folder is not a run of this task.
        """
        config = read_description(folder, cls.__name__)
        servable = Servable.load(folder)
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        task = cls(**{name: value for name, value in config["options"].items() if name in known})
        task.classes = tuple(servable.classes() or ())
        task.facts, task.metrics = config["facts"], config["metrics"]
        task._archive = Path(folder) / "model.keras"
        task._serve(servable)
        return task

    def _serve(self, servable: Servable) -> None:
        """Lets a SavedModel answer for this task."""
        raise NotImplementedError

    def _stored(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The signatures, reading the weights as the SavedModel is to store them."""
        network = self._needs_text_model("export").network
        return stored(found, network.weights, self._options()["storage"])

    def _write(
        self,
        folder: str | Path,
        signatures: Mapping[str, Any],
        assets: Mapping[str, str],
        texts: Sequence[str],
        answers: Mapping[str, Any],
        card: Card,
        also: Mapping[str, Sequence[str]] | None = None,
    ) -> Path:
        """Writes a version of the SavedModel, its golden file and, last of all, its card.

        Args:
            folder: The run's folder.
            signatures: Of the SavedModel.
            assets: The contents of files beside ``classes.txt`` and ``config.yaml``, by name.
            texts: The questions of the golden file.
            answers: What ``serving_default`` gives of them, the batch first.
            card: What the task knows.
            also: By name, what else the questions ask with, for each of them.
        """
        own = {"config.yaml": self._config()}
        if self.classes:
            own["classes.txt"] = "".join(f"{name}\n" for name in self.classes)
        version = write_saved_model(folder, signatures, [self.text_model], {**own, **assets})
        write_golden(
            folder,
            [
                {self.ASKED: text, **{name: given[i] for name, given in (also or {}).items()}}
                for i, text in enumerate(texts)
            ],
            [{name: value[i] for name, value in answers.items()} for i in range(len(texts))],
        )
        write_card(folder, card)
        discard_checkpoint(folder)
        return version

    def _needs_text_model(self, verb: str) -> TextModel:
        if self.text_model is None:
            if self._archive is None:
                raise ModelError(f"{verb} needs what has been learnt; call fit, or load a run")
            if not self._archive.is_file():
                raise ModelError(f"{verb} needs {self._archive}, which is missing")
            self.text_model = load_text_model(self._archive)
        return self.text_model

    def _options(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    def _config(self) -> str:
        """The run's configuration as YAML: what was asked for, and what came of it."""
        config = {
            "task": type(self).__name__,
            "options": self._options(),
            "facts": self.facts,
            "metrics": self.metrics,
        }
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def check_format(format: str) -> None:
    """Complains of a format that no task exports.

    Raises:
        OptionError: It is none.
    """
    if format not in FORMATS:
        raise OptionError(f"format is {format!r}; it can be {', '.join(FORMATS)}")


def balanced(counts: Any) -> Any:
    """Weights [C] that make every class count the same, and one on average; of counts [C]."""
    counts = np.maximum(1, counts)
    return counts.sum() / len(counts) / counts


def not_fitted(*_: Any, **__: Any) -> Any:
    """What a task answers that has learnt nothing.

    Raises:
        ModelError: Always.
    """
    raise ModelError("nothing has been learnt yet; call fit, or load a run's folder")
