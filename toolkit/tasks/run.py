"""The part of a task after training: answering, saving, loading and exporting."""

import errno
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import yaml

from toolkit.errors import ModelError, OptionError
from toolkit.export import (
    ARCHIVE,
    Card,
    Servable,
    add_assets,
    is_exported,
    of_python,
    read_asset,
    read_description,
    stored,
    write_card,
    write_golden,
    write_saved_model,
)
from toolkit.export.description import FORMAT, read_archive_description
from toolkit.export.storage import Storage
from toolkit.files import temporary_sibling, with_filename
from toolkit.models import SequenceModel, load_sequence_model
from toolkit.options import check_options
from toolkit.tasks.card import validation_metrics
from toolkit.text import utf8
from toolkit.training import discard_checkpoint

#: The export formats of all tasks.
FORMATS = ("saved_model", "onnx")
#: The file with the names of the classes, in their order.
CLASSES_FILE = "classes.txt"


class Run(ABC):
    """A fitted task: its answers, its folder and its exports.

    It is the base of ``Task``, which adds training and evaluation.

    Attributes:
        classes: The names of the classes or entity labels.
        history: One row per epoch of the last ``fit``.
        metrics: The validation metrics of the weights that were kept.
        facts: The values of resolved options, and facts about the training data.
        sequence_model: The preprocessing and the network; None when loaded from a SavedModel alone.
    """

    #: The main input of ``serving_default``; a golden question begins with it.
    INPUT_NAME: ClassVar[str] = "text"
    #: The formats of ``export``, and the message if ONNX is not among them.
    EXPORT_FORMATS: ClassVar[Sequence[str]] = ("saved_model",)
    NO_ONNX: ClassVar[str] = "this task cannot be exported as onnx"
    #: The default inputs of the golden file.
    GOLDEN_INPUTS: ClassVar[Sequence[Any]] = ()
    #: The value that pads each output of ``serving_default`` whose length varies.
    PADDING: ClassVar[Mapping[str, Any]] = {}
    #: The value that pads each input of ``serving_default`` whose length varies.
    INPUT_PADDING: ClassVar[Mapping[str, Any]] = {}

    if TYPE_CHECKING:  # options that every task has, with types and defaults of its own
        seed: int
        threads: int
        storage: Any

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        self.classes: tuple[str, ...] = ()
        self.history: list[dict[str, float]] = []
        self.metrics: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.sequence_model: SequenceModel | None = None
        self._archive: Path | None = None
        self._calls: dict[str, Callable[..., dict[str, Any]]] = {}

    def save(self, folder: str | Path) -> None:
        """Write ``model.keras``, ``config.yaml`` and ``metrics.json``, which ``load`` reads.

        All three are written before the first of them replaces an older file.

        Raises:
            ModelError: The task is not fitted, or only its SavedModel was loaded.
            OSError: They cannot be written; older files are unchanged.
        """
        model = self._needs_model("save")
        folder = Path(folder)
        texts = {
            "config.yaml": self._config(),
            "metrics.json": json.dumps(self.metrics, indent=2) + "\n",
        }
        with temporary_sibling(folder / ARCHIVE) as sibling:
            sibling.mkdir()  # Keras requires the suffix .keras
            with with_filename(folder / ARCHIVE):
                model.save(sibling / ARCHIVE)
                add_assets(sibling / ARCHIVE, self._assets())
            for name, content in texts.items():
                with with_filename(folder / name):
                    (sibling / name).write_text(content, encoding="utf-8", newline="")
            for name in (ARCHIVE, *texts):
                if (folder / name).is_dir():
                    reason = os.strerror(errno.EISDIR)
                    raise IsADirectoryError(errno.EISDIR, reason, str(folder / name))
            for name in (ARCHIVE, *texts):
                os.replace(sibling / name, folder / name)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load a run that ``export`` or ``save`` wrote.

        Its newest SavedModel answers, or ``model.keras`` if there is none. The SavedModel alone is
        enough for ``predict`` and ``evaluate``.

        Raises:
            ModelError: The folder is not a run of this task, or ``model.keras`` is needed and has a
                cell whose module has not been imported.
        """
        config = read_description(folder, cls.__name__)
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        task = cls(**{name: value for name, value in config["options"].items() if name in known})
        task.facts, task.metrics = config["facts"], config["metrics"]
        task._archive = Path(folder) / ARCHIVE
        if is_exported(folder):
            servable = Servable.load(folder)
            task._read_assets(servable.asset)
            task._calls = {name: partial(servable, signature=name) for name in servable.signatures}
        else:
            task._read_assets(partial(read_asset, task._archive))
            task._answer_from_network()
        return task

    def _assets(self) -> dict[str, str]:
        """Return further files that answering needs, as contents by name."""
        return {CLASSES_FILE: "".join(f"{name}\n" for name in self.classes)} if self.classes else {}

    def _read_assets(self, asset: Callable[[str], str | None]) -> None:
        """Restore the state that ``_assets`` wrote.

        Args:
            asset: Returns the content of a file by name, or None if it is missing.
        """
        content = asset(CLASSES_FILE)
        if content is None:  # no classes, or a run of an earlier version
            self.classes = tuple(self.facts.get("classes", ()))
        else:
            self.classes = tuple(content.removesuffix("\n").split("\n"))

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[Any] | None = None,
    ) -> Path:
        """Write a new version of the model, with its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``, or another format that the class names.
            golden: Inputs for the golden file, or all arguments of ``serving_default`` as mappings;
                by default the task's own inputs.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: The task is not fitted, or ``model.keras`` is missing.
            OptionError: The format is unknown, or a package that it needs is not installed.
        """
        self._check_format(format)
        check_options(self)  # which may have been set since
        model = self._needs_model("export")
        if format != "saved_model":
            return self._export_as(format, Path(folder), golden)
        questions = self._questions(golden)
        signatures = self._answer_from_network(self.storage)
        assets = {"config.yaml": self._config(), **self._assets()}
        answers = self._golden_answers(questions)
        card = self._card(signatures, questions)
        version = write_saved_model(folder, signatures, [model], assets)
        write_golden(
            folder, questions, answers, padding=self.PADDING, input_padding=self.INPUT_PADDING
        )
        write_card(folder, card)
        discard_checkpoint(folder)
        return version

    def _check_format(self, format: str) -> None:
        """Check that this task can be exported in a format."""
        if format not in FORMATS:
            raise OptionError(f"format is {format!r}; it can be {', '.join(FORMATS)}")
        if format not in self.EXPORT_FORMATS:
            raise OptionError(f"{self.NO_ONNX}; export saved_model")

    def _export_as(self, format: str, folder: Path, golden: Sequence[Any] | None) -> Path:
        """Write the model in a format other than ``saved_model``."""
        raise NotImplementedError

    def _questions(self, golden: Sequence[Any] | None) -> list[dict[str, Any]]:
        """Return the arguments of ``serving_default`` for each question of the golden file."""
        inputs = golden or self.GOLDEN_INPUTS
        if not inputs:
            raise OptionError("golden has no inputs; an export needs at least one")
        if all(isinstance(each, Mapping) for each in inputs):  # of a golden file
            if any(each.keys() != inputs[0].keys() for each in inputs):
                raise OptionError("all inputs in golden need the same arguments")
            return [dict(each) for each in inputs]
        return self._golden_questions(inputs)

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the arguments of ``serving_default`` for each input, without the batch."""
        return [{self.INPUT_NAME: utf8(text).decode()} for text in golden]

    def _golden_answers(self, questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the answers of ``serving_default``, computed in one batch.

        Inputs of unequal lengths are answered one by one.
        """
        answers: list[dict[str, Any]] = []
        for batch in [[one] for one in questions] if self.INPUT_PADDING else [questions]:
            inputs = {name: [question[name] for question in batch] for name in batch[0]}
            outputs = self._serve("serving_default", **inputs)
            answers += [
                {name: self._unpadded(name, output[row]) for name, output in outputs.items()}
                for row in range(len(batch))
            ]
        return answers

    def _unpadded(self, name: str, value: Any) -> Any:
        """Return an output of one example without the padding at its end."""
        if name not in self.PADDING:
            return value
        kept = np.flatnonzero(value != self.PADDING[name])
        return value[: kept[-1] + 1 if len(kept) else 0]

    def _card(self, signatures: Mapping[str, Any], questions: Sequence[Mapping[str, Any]]) -> Card:
        """Return the contents of the model card; its code example uses a golden question."""
        facts = self.facts
        words = {"data": facts["data"], "classes": facts.get("classes", {})} | self._card_words()
        return Card(
            rows=facts["rows"],
            validation=facts["validation"],
            metrics=validation_metrics(self.metrics),
            command=facts["command"],
            signatures=signatures,
            example=next((q for q in questions if len(q[self.INPUT_NAME])), questions[0]),
            parameters=self._needs_model("export").network.count_params(),
            **words,
        )

    @abstractmethod
    def _card_words(self) -> dict[str, Any]:
        """Return the task's texts for the card: ``task``, ``long_texts``, ``limits`` and others.

        They are arguments of ``toolkit.export.Card``.
        """

    # Answering

    @abstractmethod
    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        """Return the signatures of the SavedModel, as ``tf.function``s by name."""

    def _answer_from_network(self, storage: Storage = "float32") -> dict[str, Any]:
        """Answer with the network as its SavedModel would, and return the signatures.

        Args:
            storage: The type of the stored weights that the signatures read.
        """
        model = self._needs_model("export")
        signatures = stored(self._signatures(model), model.network.weights, storage)
        self._calls = {name: of_python(function) for name, function in signatures.items()}
        return signatures

    def _serve(self, signature: str, **inputs: Any) -> dict[str, Any]:
        """Return the outputs of a signature for Python values, the batch first.

        Raises:
            ModelError: The task is not fitted.
        """
        self._check_fitted()
        return self._calls[signature](**inputs)

    def _check_fitted(self) -> None:
        """Check that the task is fitted."""
        if not self._calls:
            raise ModelError("nothing has been learnt yet; call fit, or load a run's folder")

    def _needs_model(self, verb: str) -> SequenceModel:
        if self.sequence_model is None:
            if self._archive is None:
                raise ModelError(f"{verb} needs what has been learnt; call fit, or load a run")
            if not self._archive.is_file():
                raise ModelError(f"{verb} needs {self._archive}, which is missing")
            model = load_sequence_model(self._archive)
            if self._calls:
                self._check_archive(self._archive)
            self.sequence_model = model
        return self.sequence_model

    def _check_archive(self, archive: Path) -> None:
        """Check that ``model.keras`` is from the training of the version that was loaded."""
        saved = read_archive_description(archive.parent, type(self).__name__)
        assets = {name: (read_asset(archive, name), text) for name, text in self._assets().items()}
        if (saved and saved["facts"] != self.facts) or any(
            found not in (None, expected) for found, expected in assets.values()
        ):
            raise ModelError(
                f"{archive} is from another training than the exported version that was loaded; "
                "train again, or export the task that was fitted"
            )

    def _task_options(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    def _config(self) -> str:
        """Return the run's options, facts and metrics as YAML."""
        config = {
            "format": FORMAT,
            "task": type(self).__name__,
            "options": self._task_options(),
            "facts": self.facts,
            "metrics": self.metrics,
        }
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
