"""The template of every task: training, inspection, diagnosis and evaluation."""

import contextlib
import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import LengthBatches, PackedCorpus
from toolkit.diagnostics.diagnosis import Subject, diagnose, untrained_copy
from toolkit.errors import OptionError, ToolkitError
from toolkit.evaluation import Statistics, check_classes
from toolkit.inspection.before_training import training_findings
from toolkit.inspection.findings import Warnings, length_summary, warn_of_bad_rows
from toolkit.models import SequenceModel
from toolkit.quiet import shown_log
from toolkit.report import REPORT_FILE, check_report_place
from toolkit.tasks.epoch_cost import epoch_figures
from toolkit.tasks.outcomes import Outcomes
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.previous import Previous
from toolkit.tasks.reporting import Measured, Other, data_words, shows_texts, write_run_report
from toolkit.tasks.run import Run
from toolkit.tasks.settings import Settings
from toolkit.training import TrainingOptions, fit
from toolkit.training.cost import Trial, try_steps
from toolkit.training.progress import Ending
from toolkit.training.start import Start

logger = logging.getLogger("toolkit")

#: What ``fit`` shows of its progress.
Verbosity = Literal[0, 1, 2, "auto"]

#: Options whose defaults are for Adam only; plain gradient descent has its own learning rate.
ADAM_OPTIONS = ("learning_rate", "epsilon")


class Task(Run):
    """The template of an estimator, a base class beside the dataclass of its options.

    A task implements the hooks: the methods with a leading underscore, which are abstract or have a
    default here and in ``Run``. ``docs/adding-a-task.md`` builds a task.
    """

    #: The input of the network, [B, T, ...], whose time steps are counted.
    STEPS_INPUT: ClassVar[str] = "values"
    #: The noun of what an input is.
    EXAMPLE: ClassVar[str] = "text"

    # Training

    def fit(
        self,
        data: Any,
        validation_data: Any = None,
        output: str | Path | None = None,
        continue_training: bool = False,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: Verbosity = "auto",
    ) -> Self:
        """Fit the task to data.

        Args:
            data: The training data, of any kind that the class names.
            validation_data: The data that chooses the best weights. Without it, the share
                ``validation_split`` of the training data is held out; if that is 0, the last
                weights are kept.
            output: A folder for ``history.csv`` and a checkpoint, from which the same call resumes
                after an interruption; ``export`` to this folder removes the checkpoint, as does
                ``toolkit.training.discard_checkpoint``.
            continue_training: Whether to go on from what was learnt before, for ``epochs`` more.
                Vocabulary and labels grow by those of the data, but for subwords; options of
                network and text must be the same. Otherwise the task forgets what it has learnt.
            callbacks: Further callbacks of Keras for the training. They see the logs of each epoch
                with the validation metrics, and the averaged weights if there are any; checkpoints
                do not have their state.
            verbose: 0 shows warnings alone; 2 a line an epoch and what else the toolkit logs, on
                standard error, or by the program's own handlers; 1, and auto, also a bar on a
                terminal.

        Raises:
            DataError: The data cannot be used.
            ModelError: With ``continue_training``, the task is not fitted.
            OptionError: An option cannot work, or cannot change, or the checkpoint is of another
                training.
            DivergedError: The loss became infinite or NaN; the last good weights are kept.
        """
        if verbose not in get_args(Verbosity):
            raise OptionError(f"verbose is {verbose!r}; it can be 0, 1, 2 or 'auto'")
        self.check_packages()
        previous = self._previous() if continue_training else None
        before = dict(vars(self))
        shown = shown_log() if verbose else contextlib.nullcontext()
        more = {"callbacks": tuple(callbacks), "bar": verbose in (1, "auto")}
        try:
            with shown:
                self._begin(anew=previous is None)
                folder = Path(output) if output else None
                return self._fit(data, validation_data, folder, previous, more)
        except KeyboardInterrupt:
            if previous is not None:  # the same call resumes from the same weights
                vars(self).update(before)
            raise

    def _fit(
        self,
        data: Any,
        validation_data: Any,
        folder: Path | None,
        previous: Previous | None,
        more: Mapping[str, Any],
    ) -> Self:
        """Fit the task, which goes on from what was learnt before, if that is given.

        Args:
            more: Further arguments of ``toolkit.training.fit``.
        """
        keras.utils.set_random_seed(self.seed)
        settings = Settings(self, previous)
        if previous is None and not settings.inherited:  # the columns are of another training
            settings = settings.override(named_columns={})
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        settings = prepared.settings
        self.classes = prepared.classes
        self._learnt_with = self._task_options()
        identity = self._identity(prepared)
        start = previous.start(identity, folder) if previous else Start()
        self.facts = {**prepared.facts, "epochs_before": start.epoch, **settings.resolved}
        before = previous.facts.get("named_columns", {}) if previous else {}
        self.named_columns = {**before, **prepared.named_columns}
        if self.named_columns:
            self.facts["named_columns"] = self.named_columns
        going_on = "" if previous is None else ", continue_training=True"
        self.facts["command"] = f"{Run.__repr__(self)}.fit(data{going_on})"
        self.metrics, self.history, self._state = {}, [], None
        self._held_out_inputs = prepared.held_out_inputs
        self._held_out_data = prepared.held_out_data
        self._folder = folder
        network = self._network(prepared)
        self.sequence_model = SequenceModel(
            prepared.preprocessing, network, target_preprocessing=prepared.target_preprocessing
        )
        self.sequence_model.build()
        if previous is not None:
            previous.hand_over(network, self.classes)
        self._initialize(network, prepared)
        self._keep_prepared(prepared)
        self._answer_from_network()

        batches = self._batches(prepared)
        self._log_size(prepared, batches, network)
        self._warn_of_data(prepared)
        measure = None if prepared.held_out is None else self._validation(network, prepared)

        def validate() -> dict[str, float]:
            assert measure is not None
            self.metrics = measure()
            return {k: value for k, value in self.metrics.items() if isinstance(value, float)}

        monitor = self._monitor(prepared)
        if measure is not None:
            self.facts["monitor"] = monitor
        self.history = fit(
            self._trained_model(network, batches, prepared),
            batches,
            settings.training,
            loss=self._loss(network, settings),
            epochs=settings.epochs,
            start=start,
            metrics=self._training_metrics(),
            validate=None if measure is None else validate,
            monitor=monitor,
            mode=self._monitors()[monitor],
            folder=folder,
            identity=identity,
            description=self._config(),
            keep=partial(self._keep_state, identity) if settings.keep_state else None,
            ended=self._keep_ending,
            **more,
        )
        self.facts["trained_epochs"] = start.epochs_with(self.history)
        if previous is not None and not settings.epochs:
            self._state = previous.state
        if measure is not None:
            self.metrics = self._final_metrics(network, prepared, measure)
        return self

    def _keep_ending(self, ending: Ending) -> None:
        """Keep among the facts why the training ended, and the epoch of the weights."""
        self.facts |= {"ending": str(ending), "kept_epoch": ending.epoch}

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Report on data as ``fit`` would read it, without changing the task.

        Args:
            data: The training data.
            validation_data: The validation data; None for the split that ``fit`` would make.

        Returns:
            Sections of plain values by name, ``warnings`` among them, for
            ``toolkit.evaluation.report_table``. Bad rows are counted among the warnings.

        Raises:
            DataError: No row can be used.
            OptionError: An option has an impossible value.
        """
        self._limit_threads()
        return self._inspect(Settings(self, skip_bad_rows=True), data, validation_data)

    @abstractmethod
    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        """Read and split data, fit the preprocessing on the training part, and encode all."""

    @abstractmethod
    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        """Return the values of the options of network and training that may be ``auto``."""

    def _resolve(self, prepared: Prepared) -> Prepared:
        """Return the data with settings without ``auto``."""
        defaults = dict(self._defaults(prepared))
        if prepared.settings.optimizer != "adam":
            for name in ADAM_OPTIONS:
                defaults.pop(name, None)
        settings = prepared.settings.resolve(**defaults)
        return replace(prepared, settings=settings.with_epochs())

    @abstractmethod
    def _network(self, prepared: Prepared) -> keras.Model:
        """Return the network, not built."""

    def _initialize(self, network: keras.Model, prepared: Prepared) -> None:
        """Set weights of a built network that are neither random nor those learnt before."""

    def _keep_prepared(self, prepared: Prepared) -> None:
        """Keep further results of preparing the data that answering needs."""

    def _batches(self, prepared: Prepared) -> Any:
        """Return the training part in batches."""
        settings = prepared.settings
        return LengthBatches(prepared.train, settings.batch_tokens, settings.seed)

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        """Log the size of the data and the network."""
        logger.info(
            "%d sequences of %d time steps to train on, %d to validate; %d batches, "
            "%.1f %% of them padding; %d parameters",
            *(prepared.size.texts, prepared.size.tokens, len(prepared.held_out or ())),
            *(len(batches), 100 * batches.padding_share, network.count_params()),
        )

    def _warn_of_data(self, prepared: Prepared) -> None:
        """Log the worst findings about the data, and keep them among the facts."""
        parts = prepared.train, prepared.held_out
        if not isinstance(prepared.train, PackedCorpus):
            return
        found = [each["message"] for each in training_findings(*parts, self.classes, self.EXAMPLE)]
        for message in found:
            logger.warning("%s", message)
        if found:
            self.facts["findings"] = found

    def _trained_model(self, network: keras.Model, batches: Any, prepared: Prepared) -> keras.Model:
        """Return the model to fit, which trains the network; by default the network itself."""
        return network

    def _loss(self, network: keras.Model, settings: Settings) -> keras.losses.Loss | None:
        """Return the loss on the output of ``call``; None if the network computes its own."""
        return None

    def _training_metrics(self) -> list[keras.metrics.Metric]:
        """Return the metrics of training batches."""
        return []

    @abstractmethod
    def _monitors(self) -> Mapping[str, str]:
        """Return the metrics that may choose the weights, with ``max`` or ``min``; auto first."""

    def _monitor(self, prepared: Prepared) -> str:
        """Return the name of the metric that chooses the weights."""
        monitor: str = prepared.settings.monitor
        return next(iter(self._monitors())) if monitor == "auto" else monitor

    @abstractmethod
    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        """Return a function that measures the network on the held-out part."""

    def _final_metrics(
        self, network: keras.Model, prepared: Prepared, measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the held-out metrics of the weights that are kept."""
        return measure()

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        """Return the report of ``inspect``; by default one for any packed corpus."""
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        parts = {"training": prepared.train, "held_out": prepared.held_out}
        lengths = {name: part.lengths for name, part in parts.items() if part is not None}
        sizes = {name: len(part) for name, part in lengths.items()}
        warnings = Warnings()
        for reader in prepared.readers:
            warn_of_bad_rows(reader, "row", warnings)
        return {
            "files": [{"file": prepared.facts["data"]} | sizes],
            "lengths": {n: length_summary(values, "time steps") for n, values in lengths.items()},
            "training": self._cost(prepared),
            "warnings": warnings,
        }

    def _cost(self, prepared: Prepared) -> dict[str, Any]:
        """Return the cost of an epoch, estimated from some steps of a new network."""
        network = self._network(prepared)
        network.build()
        batches = self._batches(prepared)
        trial = try_steps(
            self._trained_model(network, batches, prepared),
            batches.stream().take(len(batches)),
            prepared.settings.training,
            loss=self._loss(network, prepared.settings),
            time_steps_of=lambda inputs: tf.reduce_prod(tf.shape(inputs[self.STEPS_INPUT])[:2]),
        )
        return self._epoch_figures(network, batches, trial, prepared)

    def _epoch_figures(
        self, network: keras.Model, batches: Any, trial: Trial, prepared: Prepared
    ) -> dict[str, Any]:
        """Return the figures of an epoch, estimated from a trial."""
        epochs = prepared.settings.epochs
        return epoch_figures(network, batches, trial, prepared.size.tokens, epochs)

    def _identity(self, prepared: Prepared) -> dict[str, Any]:
        """Return the values that determine the training: settings, and checksums of the data."""
        held_out, previous = prepared.held_out, prepared.settings.previous
        names = [n for n in self._task_options() if n not in TrainingOptions.WITHOUT_EFFECT]
        return {name: getattr(prepared.settings, name) for name in names} | {
            "training_data": prepared.train.checksum,
            "validation_data": None if held_out is None else held_out.checksum,
            "first_weights_data": None if previous is None else previous.checksum,
        }

    # Gradients

    def diagnose(
        self, data: Any, fresh: bool = False, steps: int = 200, output: str | Path | None = None
    ) -> dict[str, Any]:
        """Report on the gradients through time.

        For some of the longest sequences, cut to a common length, this computes exactly, for each
        recurrent layer, the norm of dJ(t)/dh(k) and each step's share of the gradient of the
        recurrent weights. The norm of the whole gradient is computed on training batches. Dropout
        and class weights are off.

        Args:
            data: Data of the same kinds as for ``fit``.
            fresh: Whether to use new random weights.
            steps: The largest number of time steps.
            output: A folder for pictures (``gradients.png``, ``shares.png``, ``norms.png``,
                ``activations_<layer>.png``), numbers (``gradients.csv``, ``norms.csv``) and
                ``diagnosis.json``.

        Returns:
            Sections: ``followed``, the numbers of sequences and steps; ``gradient_at_distance``,
            the mean norm of dJ(t)/dh(k) by |t - k|, and the ratio of the farthest to the nearest;
            ``gradient_of_recurrent_weights``, the share of each quarter of the steps;
            ``saturated``, the share of gates and states near their bounds; and ``clipping``, with
            suggested limits.

        Raises:
            DataError: The data cannot be used.
            ModelError: The task is not fitted, ``model.keras`` is missing, or the network has no
                recurrent layer.
            OptionError: ``steps`` is below 1.
        """
        if steps < 1:
            raise OptionError(f"steps is {steps}; at least 1 is needed")
        options = self._task_options()
        network = self._needs_model("diagnose").network
        if fresh:
            network = untrained_copy(network, options["seed"])
        kind = "clipnorm" if options["clipnorm"] else "global_clipnorm"
        limit = float(options[kind] or np.inf)
        return diagnose(self._subject(data, network), (kind, limit), steps, output)

    @abstractmethod
    def _subject(self, data: Any, network: keras.Model) -> Subject:
        """Return the input of ``diagnose`` for a network and data."""

    # Evaluation

    def evaluate(
        self, data: Any, output: str | Path | None = None, texts: bool | None = None
    ) -> dict[str, Any]:
        """Evaluate the model on labelled data.

        Args:
            data: Data of the same kinds as for ``fit``.
            output: A folder for ``metrics.json``, ``report.html`` and the task's lists of errors.
            texts: Whether ``report.html`` shows texts of the data; None for what the facts say:
                yes, unless ``texts`` is false there.

        Returns:
            The metrics that the class names; None if one is undefined.

        Raises:
            DataError: The data cannot be used, or has an unknown label.
            ModelError: The task is not fitted.
        """
        outcomes = self._outcomes(data, keep_errors=output is not None)
        metrics = outcomes.metrics()
        if output:
            outcomes.write(Path(output), metrics)
            measured = Measured(data_words(data), outcomes, metrics)
            shown = shows_texts(self) if texts is None else texts
            write_run_report(Path(output, REPORT_FILE), self, measured, shown, explain=True)
        return metrics

    def report(
        self,
        output: str | Path,
        data: Any = None,
        texts: bool | None = None,
        beside: "Task | None" = None,
        gradients: bool = False,
    ) -> None:
        """Write a report on the model as one HTML file of less than 1 MB.

        Where data is given, the worst answers of a task that has ``explain`` are explained.

        Args:
            output: The file.
            data: Labelled data of the same kinds as for ``fit``; None for the part that ``fit``
                held out, or of a loaded run for the metrics that it has kept.
            texts: Whether texts of the data, ids and names of files and groups are shown; None for
                what the facts of both tasks say: yes, unless ``texts`` is false there.
            beside: Another task, which answers the same data.
            gradients: Whether to report on the gradients through time, as ``diagnose`` does; where
                it cannot, the report says why.

        Raises:
            DataError: The data cannot be used, or the two tasks read it differently.
            ModelError: The task is not fitted, or the two tasks have different classes.
            OptionError: The output is a file that is no report; or another task or gradients are
                asked for, and there is no data for them.
        """
        self._check_fitted()
        check_report_place(output)
        on, explain = None if data is None else data_words(data), data is not None
        if data is None and self._held_out_data is not None:
            data, on = self._held_out_data(), f"the held-out part: {self.facts['validation']}"
        if data is None and (gradients or beside is not None):
            raise OptionError("beside and gradients need data, and nothing was held out; give data")
        measured = other = None
        if texts is None:
            texts = all(shows_texts(each) for each in (self, beside) if each is not None)
        if beside is not None:
            check_classes(self.classes, beside.classes)
        if data is not None and on is not None:
            outcomes = self._outcomes(data, keep_errors=True)
            measured = Measured(on, outcomes, outcomes.metrics())
            if beside is not None:
                answers = beside._outcomes(data, keep_errors=True)
                other = Other(beside.run_name, beside.run_folder, answers)
        diagnosis: Mapping[str, Any] | ToolkitError | None = None
        if gradients:
            try:
                diagnosis = self.diagnose(data)
            except ToolkitError as error:  # such as that of a network without a recurrent layer
                diagnosis = error
        write_run_report(Path(output), self, measured, texts, other, diagnosis, explain)

    def statistics(self, data: Any) -> Statistics:
        """Return the statistics of the answers, for ``toolkit.evaluation.compare``.

        Args:
            data: Data of the same kinds as for ``fit``.

        Raises:
            DataError: The data cannot be used, or has an unknown label.
            ModelError: The task is not fitted.
        """
        return self._outcomes(data, keep_errors=False).paired_statistics()

    @abstractmethod
    def _outcomes(self, data: Any, keep_errors: bool) -> Outcomes:
        """Return the answers to labelled data; with ``keep_errors``, also those to write."""
