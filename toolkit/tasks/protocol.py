"""The interface of tasks that the verbs, ``compare``, ``diagnose`` and ``inspect`` use.

A task is a keyword-only dataclass of options that satisfies ``TaskProtocol``. ``Task`` in
``toolkit.tasks.task`` implements most of it. This module imports neither TensorFlow nor Keras.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from toolkit.evaluation.compare import Comparable


@runtime_checkable
class TaskProtocol(Comparable, Protocol):
    """A task: an estimator with options that can be fitted, evaluated, saved and exported.

    The constructor takes the options by keyword. Each has a default and is an attribute of the same
    name, which may be changed before ``fit``; columns may be changed afterwards as well.

    ``verify`` only needs the files of ``export``: a SavedModel whose ``serving_default`` gives the
    answers in the golden file.

    Attributes:
        classes: The names of the classes or entity labels, in the order of the model's outputs;
            empty if there are none, and before ``fit``.
        history: One row of numbers by name for each epoch of the last ``fit``.
        metrics: The validation metrics of the weights that were kept, as plain values.
        facts: Facts about the training beside the options, as plain values: the values of resolved
            options, and facts about the data for the model card. ``fit`` sets them; the verb
            ``train`` adds the names of the data and its command line.
    """

    classes: tuple[str, ...]
    history: list[dict[str, float]]
    metrics: dict[str, Any]
    facts: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        """Make a task that is not fitted.

        Args:
            options: The fields of its dataclass of options.

        Raises:
            OptionError: A value cannot work.
        """

    def fit(
        self,
        data: Any,
        validation_data: Any = None,
        output: str | Path | None = None,
        continue_training: bool = False,
        callbacks: Sequence[Any] = (),
        verbose: int | str = "auto",
    ) -> Self:
        """Fit the task to data, and return the task.

        Args:
            data: The training data, of any kind that the task documents, or opened by the
                pipeline's ``labelled``.
            validation_data: The data that chooses the best weights.
            output: A folder for ``history.csv`` and a checkpoint, from which the same call resumes
                after an interruption, with the same weights as a result. Nothing is written before
                the data has been read.
            continue_training: Whether to go on from what was learnt before. Vocabulary and classes
                grow by those of the data.
            callbacks: Further callbacks of Keras for the training.
            verbose: 0 shows no progress, 2 a line an epoch, 1 or ``auto`` also a bar.

        Raises:
            DataError: The data cannot be used.
            ModelError: With ``continue_training``, the task is not fitted.
            OptionError: An option cannot work or change, or the folder has a checkpoint of another
                training.
            DivergedError: The loss became infinite or NaN; the last good weights are kept.
        """

    def predict(self, texts: Any) -> list[dict[str, Any]]:
        """Answer each input, in order, as the exported ``serving_default`` does.

        An answer does not depend on the other inputs.

        Args:
            texts: A list of inputs, or data of any kind that ``fit`` takes. A task may take further
                keyword arguments with defaults: the fields of its pipeline's ``predict_options``.

        Returns:
            For each input an answer of plain values by name.

        Raises:
            ModelError: The task is not fitted.
        """

    def evaluate(
        self, data: Any, output: str | Path | None = None, texts: bool | None = None
    ) -> dict[str, Any]:
        """Evaluate the task on labelled data.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.
            output: A folder for ``metrics.json``, ``report.html`` and the task's own files.
            texts: Whether ``report.html`` shows texts of the data; None for what the facts say:
                yes, unless ``texts`` is false there.

        Returns:
            Metrics by name: numbers, None if undefined, and nested plain values.

        Raises:
            DataError: The data cannot be used.
            ModelError: The task is not fitted.
        """

    def report(
        self,
        output: str | Path,
        data: Any = None,
        texts: bool | None = None,
        beside: Any = None,
        gradients: bool = False,
    ) -> None:
        """Write a report on the task as one HTML file of less than 1 MB.

        Where data is given, the worst answers of an ``ExplainingTask`` are explained.

        Args:
            output: The file.
            data: Labelled data, of the same kinds as for ``fit``; None for the part that ``fit``
                held out, or of a loaded run for the metrics that it has kept.
            texts: Whether texts of the data, ids and names of files and groups are shown; None for
                what the facts of both tasks say: yes, unless ``texts`` is false there.
            beside: Another task, which answers the same data.
            gradients: Whether to report on the gradients through time, as ``diagnose`` does; where
                it cannot, the report says why.

        Raises:
            DataError: The data cannot be used.
            ModelError: The task is not fitted, or the other task cannot be compared with it.
            OptionError: The output is a file that is no report; or another task or gradients are
                asked for, and there is no data for them.
        """

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Report on data as ``fit`` would read it, without changing the task.

        Args:
            data: The training data.
            validation_data: The validation data, if any.

        Returns:
            Sections by name, ``warnings`` among them, for ``toolkit.evaluation.report_table``.

        Raises:
            DataError: No row can be used.
            OptionError: An option has an impossible value.
        """

    def diagnose(
        self, data: Any, fresh: bool = False, steps: int = 200, output: str | Path | None = None
    ) -> dict[str, Any]:
        """Report on the gradients through time.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.
            fresh: Whether to use new random weights instead of the learnt ones.
            steps: The largest number of time steps.
            output: A folder for pictures and numbers.

        Raises:
            DataError: The data cannot be used.
            ModelError: The task is not fitted, or ``model.keras`` is missing.
            OptionError: The number of steps is below 1.
        """

    def save(self, folder: str | Path) -> None:
        """Write ``model.keras``, ``config.yaml`` and ``metrics.json``, which ``load`` reads.

        ``config.yaml`` has ``task``, the name of the class, and ``options``, ``facts`` and
        ``metrics``. All files are written, or none.

        Raises:
            ModelError: The task is not fitted, or only its SavedModel was loaded.
        """

    @classmethod
    def load(cls, folder: str | Path, archive: bool = False) -> Self:
        """Load a run that ``export`` or ``save`` wrote; its newest SavedModel answers, if any.

        Args:
            folder: The run's folder.
            archive: Whether what ``save`` wrote answers, also where there is a SavedModel.

        Raises:
            ModelError: The folder is not a run of this task.
        """

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[str] | str | None = None,
    ) -> Path:
        """Write a new version of the model, its golden file and finally its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``, or ``onnx`` if the task supports it.
            golden: Inputs for the golden file; ``held-out`` for some that ``fit`` held out; by
                default such as are made of what the model itself contains.

        A task with ``explain`` takes ``explain=True`` as well, for the signature ``explain``.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: The task is not fitted, or ``model.keras`` is missing.
            OptionError: The format is unknown.
        """


@runtime_checkable
class StreamingTask(TaskProtocol, Protocol):
    """A task that can also yield an answer in parts, for a pipeline with ``streams``.

    Its answers are drawn at random: ``predict`` has the argument ``earlier`` as well.
    """

    def stream(self, prompt: str = "", earlier: Counter[Any] | None = None) -> Iterator[str]:
        """Yield the parts of the answer to one input as they are generated.

        Args:
            prompt: The input. The fields of the pipeline's ``predict_options`` are keyword
                arguments.
            earlier: How often each input was given in earlier calls, so that equal ones get
                different answers; it is counted on.
        """


@runtime_checkable
class FrameTask(TaskProtocol, Protocol):
    """A task that can also answer a series frame by frame, for a pipeline with ``frames``."""

    def answer_frames(self, frames: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Answer one series after each of its frames, as they arrive.

        Args:
            frames: The frames, and a ``toolkit.data.Unreadable`` in the place of one that cannot be
                read.

        Returns:
            An iterator of answers: after each frame what ``predict`` answers to the series up to
            it; in the place of an unreadable one only ``error``.

        Raises:
            ModelError: The task is not fitted, or its network reads in both directions.
        """


@runtime_checkable
class ExplainingTask(TaskProtocol, Protocol):
    """A task that can also explain its answers, for a pipeline with ``explanation_options``."""

    @property
    def explanation_method(self) -> str:
        """The method by which reports explain: integrated-gradients where there are gradients."""

    def explain(self, texts: Any) -> list[dict[str, Any]]:
        """Explain the answer to each input, in order.

        Args:
            texts: Inputs, as for ``predict``. The fields of the pipeline's ``explanation_options``
                are keyword arguments with defaults.

        Returns:
            For each input what was explained, and ``attributions``, what each of its parts adds to
            it; or ``error``.

        Raises:
            ModelError: The task is not fitted.
            OptionError: An option is not for this run.
        """
