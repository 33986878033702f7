"""The part of a task after training: answering, saving, loading and exporting."""

import base64
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import tensorflow as tf
import yaml

from toolkit.data.options import inherit
from toolkit.errors import ModelError, OptionError
from toolkit.export import (
    ARCHIVE,
    RUNTIMES,
    Card,
    Core,
    Servable,
    check_length,
    check_runtime,
    is_exported,
    of_python,
    read_asset,
    read_description,
    stored,
    write_card,
    write_core,
    write_golden,
    write_saved_model,
)
from toolkit.export.description import CONFIG_FILE, FORMAT, read_archive_description
from toolkit.export.signatures import input_specs
from toolkit.export.storage import Storage
from toolkit.models import SequenceModel, load_sequence_model
from toolkit.options import check_options
from toolkit.tasks.card import validation_metrics
from toolkit.tasks.golden import (
    EXPLANATION_PADDING,
    ORIGINS,
    chosen_inputs,
    golden_explanations,
    origin_of,
    tolerance_of,
    unpadded,
    vocabulary_texts,
)
from toolkit.tasks.previous import Previous, weights_checksum
from toolkit.tasks.saving import write_run
from toolkit.text import utf8
from toolkit.training import discard_checkpoint, set_threads
from toolkit.training.state import STATE, State, read_any_state

logger = logging.getLogger("toolkit")

#: The most classes whose confusions stand in ``config.yaml``.
MOST_CONFUSED = 200

#: The export formats of all tasks.
FORMATS = ("saved_model", *RUNTIMES)
#: The largest length that is chosen for a format with a fixed one.
LONGEST = 512
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
    #: The formats of ``export``, and the message about another one, ``{format}``.
    EXPORT_FORMATS: ClassVar[Sequence[str]] = ("saved_model",)
    NO_FORMAT: ClassVar[str] = "this task cannot be exported as {format}"
    #: Whether the task has ``explain``.
    EXPLAINS: ClassVar[bool] = False
    #: The default inputs of the golden file; empty for those of ``_own_inputs``.
    GOLDEN_INPUTS: ClassVar[Sequence[Any]] = ()
    #: The origin of ``_own_inputs``, one of ``toolkit.tasks.golden.ORIGINS``.
    OWN_INPUTS: ClassVar[str] = "vocabulary"
    #: The value that pads each output of ``serving_default`` whose length varies.
    PADDING: ClassVar[Mapping[str, Any]] = {}
    #: The value that pads each input of ``serving_default`` whose length varies.
    INPUT_PADDING: ClassVar[Mapping[str, Any]] = {}

    if TYPE_CHECKING:  # options that every task has, with types and defaults of its own
        seed: int
        threads: int
        storage: Any
        data_licence: str | None
        inherited: frozenset[str]
        named_columns: Mapping[str, str]
        check_packages: Callable[[], None]

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        self.classes: tuple[str, ...] = ()
        self.history: list[dict[str, float]] = []
        self.metrics: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.sequence_model: SequenceModel | None = None
        self._learnt_with: dict[str, Any] = {}  # the options of the latest training
        self._state: tuple[State, Mapping[str, Any]] | None = None  # at its end, if it is kept
        self._archive: Path | None = None  # from which it was loaded
        self._folder: Path | None = None
        self._held_out_inputs: Callable[[], Sequence[Any]] | None = None
        self._held_out_data: Callable[[], Any] | None = None
        self._calls: dict[str, Callable[..., dict[str, Any]]] = {}
        self._specs: dict[str, Mapping[str, tf.TensorSpec]] = {}  # of the inputs of each signature

    def __repr__(self) -> str:
        """Return the call that makes such a task, with its options that are not defaults."""
        changed = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __copy__(self) -> Self:
        """Return a task that shares all that has been learnt."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return what an unfitted task is pickled by.

        Raises:
            TypeError: The task is fitted.
        """
        if self._calls or self.sequence_model is not None:
            name = type(self).__name__
            raise TypeError(f"a fitted {name} cannot be pickled; use save() and {name}.load()")
        return super().__reduce_ex__(protocol)

    @property
    def input_name(self) -> str:
        """The main input of ``serving_default`` with these options."""
        return self.INPUT_NAME

    @property
    def own_origin(self) -> str:
        """The origin of ``_own_inputs`` with these options."""
        return self.OWN_INPUTS

    @property
    def run_folder(self) -> Path | None:
        """The folder of its training: into which it was fitted or saved, or from which loaded."""
        return self._folder

    @property
    def run_name(self) -> str:
        """The name of the run in reports: that of its folder, or of its class."""
        folder = self.run_folder
        return type(self).__name__ if folder is None else folder.resolve().name or str(folder)

    def save(self, folder: str | Path) -> None:
        """Write ``model.keras``, ``config.yaml`` and ``metrics.json``, which ``load`` reads.

        All are written before the first of them replaces an older file. ``model.keras`` has a copy
        of ``config.yaml``, so that it is complete by itself. With ``keep_state`` there is also
        ``state.npz``, from which a training goes on exactly.

        Raises:
            ModelError: The task is not fitted, or only its SavedModel was loaded.
            OSError: They cannot be written; older files are unchanged.
        """
        model = self._needs_model("save")
        config = self._config()
        texts = {
            CONFIG_FILE: config,
            "metrics.json": json.dumps(self.metrics, indent=2) + "\n",
        }
        assets = {CONFIG_FILE: config, **self._assets()}
        write_run(Path(folder), model, assets, texts, self._kept_state(model))
        self._folder = Path(folder)

    @classmethod
    def load(cls, folder: str | Path, archive: bool = False) -> Self:
        """Load a run that ``export`` or ``save`` wrote.

        Its newest SavedModel answers, or ``model.keras`` if there is none. The SavedModel alone is
        enough for ``predict`` and ``evaluate``.

        Options that say how data is read were set for the run's own data: until they are set anew,
        a column's number gives way to the name that the column had there, or to a usual name in the
        header, and ``skip_bad_rows`` leaves out at most a tenth of the rows.

        Args:
            folder: The run's folder.
            archive: Whether to read what ``save`` wrote, also where there is a SavedModel.

        Raises:
            ModelError: The folder is not a run of this task, or ``model.keras`` is needed and has a
                cell whose module has not been imported.
        """
        config = read_description(folder, cls.__name__, archive)
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        task = cls(**{name: value for name, value in config["options"].items() if name in known})
        task.facts, task.metrics = config["facts"], config["metrics"]
        inherit(task, known, task.facts)
        task._learnt_with = task._task_options()
        task._folder, task._archive = Path(folder), Path(folder) / ARCHIVE
        if is_exported(folder) and not archive:
            servable = Servable.load(folder)
            task._read_assets(servable.asset)
            task._calls = {name: partial(servable, signature=name) for name in servable.signatures}
            task._specs = {name: input_specs(call) for name, call in servable.signatures.items()}
            task._warn_of_other_archive()
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
        golden: Sequence[Any] | str | None = None,
        explain: bool = False,
        length: int | None = None,
    ) -> Path:
        """Write a new version of the model, with its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``, or another format that the class names.
            golden: Inputs for the golden file, or all arguments of ``serving_default`` as mappings;
                ``held-out`` for some that ``fit`` held out; by default texts of the vocabulary.
            explain: Whether the SavedModel has the signature ``explain`` as well.
            length: With ``litert``: the number of steps that the model reads; by default as many
                as the run reads of one input, at most 512.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: The task is not fitted, or ``model.keras`` is missing.
            OptionError: The format is unknown or needs a package, nothing was held out, or there
                are no explanations for this task or in this format.
        """
        self._check_format(format)
        check_length(length, format)
        if explain and (format != "saved_model" or not self.EXPLAINS):
            subject = "this task" if format == "saved_model" else f"format {format}"
            raise OptionError(f"there are no explanations for {subject}; export without explain")
        check_options(self)  # which may have been set since
        model = self._needs_model("export")
        if format != "saved_model":
            check_runtime(format)
            if RUNTIMES[format].fixed:
                length = length or self._core_length
            core = self._core(model, self._questions(golden), length)
            return write_core(folder, core, format, length)
        questions = self._questions(golden)
        signatures = self._answer_from_network(self.storage, explain)
        assets = {CONFIG_FILE: self._config(), **self._assets()}
        answers = self._golden_answers(questions)
        origin = origin_of(golden or self.GOLDEN_INPUTS, questions, folder, self.own_origin)
        card = self._card(signatures, questions, origin)
        version = write_saved_model(folder, signatures, [model], assets)
        write_golden(
            *(folder, questions, answers),
            tolerance=tolerance_of(answers),
            padding={**self.PADDING, **(EXPLANATION_PADDING if explain else {})},
            input_padding={n: pad for n, pad in self.INPUT_PADDING.items() if n in questions[0]},
            origin=origin,
            further=self._golden_explanations(questions) if explain else None,
        )
        write_card(folder, card)
        discard_checkpoint(folder)
        return version

    def _check_format(self, format: str) -> None:
        """Check that this task can be exported in a format."""
        if format not in FORMATS:
            raise OptionError(f"format is {format!r}; it can be {', '.join(FORMATS)}")
        if format not in self.EXPORT_FORMATS:
            others = " or ".join(self.EXPORT_FORMATS)
            raise OptionError(f"{self.NO_FORMAT.format(format=format)}; export {others}")

    @property
    def _core_length(self) -> int:
        """The number of steps of a format with a fixed one, if none is given."""
        return LONGEST

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        """Return what a format other than ``saved_model`` is made of.

        Args:
            model: The preprocessing and the network.
            questions: The arguments of ``serving_default`` for the golden file.
            length: The number of steps of a format with a fixed one; None for any.
        """
        raise NotImplementedError

    def _questions(self, golden: Sequence[Any] | str | None) -> list[dict[str, Any]]:
        """Return the arguments of ``serving_default`` for each question of the golden file."""
        inputs: list[Any] = [*(chosen_inputs(golden, self._held_out_inputs) or self.GOLDEN_INPUTS)]
        inputs = inputs or [*self._own_inputs()]
        if not inputs:
            raise OptionError("golden has no inputs; an export needs at least one")
        if all(isinstance(each, Mapping) for each in inputs):  # of a golden file
            if any(each.keys() != inputs[0].keys() for each in inputs):
                raise OptionError("all inputs in golden need the same arguments")
            if self.input_name not in inputs[0]:
                raise OptionError(f"an input in golden takes {self.input_name}, which is missing")
            return [{name: _encodable(value) for name, value in each.items()} for each in inputs]
        return self._golden_questions(inputs)

    def _own_inputs(self) -> Sequence[Any]:
        """Return inputs made of what the model itself contains; by default of its vocabulary."""
        return vocabulary_texts(self._needs_model("export").preprocessing)

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the arguments of ``serving_default`` for each input, without the batch."""
        return [{self.input_name: utf8(text).decode()} for text in golden]

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

    def _golden_explanations(self, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the questions of ``explain``, its answers and their tolerance, by its name."""
        ask = partial(self._serve, "explain")
        names, unit = self._specs["explain"], self._explanation_unit()
        return {"explain": golden_explanations(ask, names, questions, unit)}

    def _unpadded(self, name: str, value: Any) -> Any:
        """Return an output of one example without the padding at its end."""
        return unpadded(value, self.PADDING[name]) if name in self.PADDING else value

    def _card(self, signatures: Mapping[str, Any], questions: Sequence[Any], origin: str) -> Card:
        """Return the contents of the model card; its code example uses a golden question."""
        facts = self.facts
        words = {"data": facts["data"], "classes": facts.get("classes", {})} | self._card_words()
        contents = {CLASSES_FILE: "the names of the classes"} | words.pop("contents", {})
        return Card(
            licence=self.data_licence,
            contents=contents,
            golden=f"{ORIGINS[origin]}, with the model's answers",
            rows=facts["rows"],
            validation=facts["validation"],
            metrics=validation_metrics(self.metrics),
            command=facts["command"],
            signatures=signatures,
            example=next((q for q in questions if len(q[self.input_name])), questions[0]),
            parameters=trainable_parameters(self._needs_model("export").network),
            **words,
        )

    @abstractmethod
    def _card_words(self) -> dict[str, Any]:
        """Return the task's texts for the card: ``task``, ``long_texts``, ``contents`` and others.

        They are arguments of ``toolkit.export.Card``.
        """

    # Answering

    @abstractmethod
    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        """Return the signatures of the SavedModel, as ``tf.function``s by name."""

    def _explain_signature(self, model: SequenceModel) -> Any:
        """Return ``explain``, a ``tf.function``; for tasks with ``EXPLAINS``."""
        raise NotImplementedError

    def _explanation_unit(self) -> float:
        """Return the unit of what ``explain`` explains; by default 1 nat."""
        return 1.0

    def _answer_explanations(self) -> None:
        """Answer ``explain`` with the network, beside the signatures that answer already."""
        explain = self._explain_signature(self._needs_model("explain"))
        self._calls = {**self._calls, "explain": of_python(explain)}

    def _answer_from_network(
        self, storage: Storage = "float32", explain: bool = False
    ) -> dict[str, Any]:
        """Answer with the network as its SavedModel would, and return the signatures.

        Args:
            storage: The type of the stored weights that the signatures read.
            explain: Whether ``explain`` is one of them.
        """
        model = self._needs_model("export")
        functions = self._signatures(model)
        if explain:
            functions = {**functions, "explain": self._explain_signature(model)}
        signatures = stored(functions, model.network.weights, storage)
        self._calls = {name: of_python(function) for name, function in signatures.items()}
        self._specs = {name: input_specs(function) for name, function in signatures.items()}
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
        """Return preprocessing and network; read them from ``model.keras`` if need be.

        Args:
            verb: What needs them, for the message of an error.

        Raises:
            ModelError: The task is not fitted, or ``model.keras`` is missing, damaged, or from
                another training than the version that answers.
        """
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

    def _previous(self) -> Previous:
        """Return what was learnt, for a training that goes on from it."""
        model = self._needs_model("continue_training")
        folder = None if self._archive is None else self._archive.parent
        state = self._state
        if state is None and folder is not None:
            state = read_any_state(folder / STATE)
        return Previous(model, self.classes, self._learnt_with, self.facts, folder, state)

    def _kept_state(self, model: SequenceModel) -> tuple[State, Mapping[str, Any]] | None:
        """Return the state at the end of the training of a model, if it was kept."""
        kept: tuple[State, Mapping[str, Any]] | None = self._state
        if kept is None and self._archive is not None:
            kept = read_any_state(self._archive.with_name(STATE))
        return kept if kept and kept[1].get("weights") == weights_checksum(model) else None

    def _keep_state(self, identity: Mapping[str, Any], state: State) -> None:
        """Keep the state at the end of a training that these values determine."""
        weights = weights_checksum(self._needs_model("fit"))
        self._state = state, {**identity, "weights": weights}

    def _begin(self, anew: bool) -> None:
        """Begin a training, and say so if the task forgets what it has learnt."""
        if anew and self._calls:
            logger.warning(
                "the task starts anew; continue_training goes on from what it has learnt"
            )
        self._limit_threads()

    def _limit_threads(self) -> None:
        """Set the number of threads; that of a loaded run is not required."""
        set_threads(self.threads, required=self.threads != self._learnt_with.get("threads"))

    def _warn_of_other_archive(self) -> None:
        """Warn if ``save`` wrote ``model.keras`` after the export of the version that answers."""
        archive = self._archive
        with suppress(ModelError):  # a damaged one is an error where it is needed
            if archive is not None and archive.is_file() and self._differs(archive):
                logger.warning(
                    "%s: the newest exported version answers; model.keras is of another training: "
                    "load it by archive=True, and export it",
                    archive.parent,
                )

    def _check_archive(self, archive: Path) -> None:
        """Check that ``model.keras`` is from the training of the version that was loaded."""
        if self._differs(archive):
            raise ModelError(
                f"{archive} is from another training than the exported version that was loaded; "
                "train again, or export the task that was fitted"
            )

    def _differs(self, archive: Path) -> bool:
        """Return whether ``model.keras`` is from another training than what was loaded."""
        saved = read_archive_description(archive, type(self).__name__)
        facts = {} if saved is None else saved["facts"]
        assets = {name: (read_asset(archive, name), text) for name, text in self._assets().items()}
        return any(facts[n] != self.facts[n] for n in facts.keys() & self.facts.keys()) or any(
            found not in (None, expected) for found, expected in assets.values()
        )

    def _task_options(self) -> dict[str, Any]:
        """Return the options of the constructor by name."""
        return asdict(self)  # type: ignore[call-overload]

    def _config(self) -> str:
        """Return the run's options, facts and metrics as YAML.

        The confusions of many classes are in ``metrics.json`` alone, since their number grows with
        the square of that of the classes.
        """
        metrics = {
            name: value
            for name, value in self.metrics.items()
            if name != "confusion" or len(value) <= MOST_CONFUSED
        }
        config = {
            "format": FORMAT,
            "task": type(self).__name__,
            "options": self._task_options(),
            "facts": self.facts,
            "metrics": metrics,
        }
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def _encodable(value: Any) -> Any:
    """Return nested values in which lone surrogates of strings are replaced by U+FFFD.

    Bytes are given as they are, or as a golden file has them.
    """
    if isinstance(value, Mapping) and "b64" in value:
        return base64.b64decode(value["b64"])
    if isinstance(value, str):
        return utf8(value).decode()
    return [_encodable(each) for each in value] if isinstance(value, list) else value


def trainable_parameters(network: Any) -> int:
    """Return the number of trainable parameters of a network."""
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
