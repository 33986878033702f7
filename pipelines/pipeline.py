"""The declaration of a pipeline, for the verbs to work on."""

import importlib
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, ClassVar, Literal, TextIO

from pipelines.labelled import LabelledData
from pipelines.streams import AnswerWriter
from toolkit import __version__
from toolkit.data import Source
from toolkit.explanation.options import ExplanationOptions
from toolkit.quiet import quiet_import
from toolkit.tasks.protocol import TaskProtocol

#: The name of the embedded sample, as a value of ``--data``.
SAMPLE = "sample"


def version() -> str:
    """Return a line with the versions of the toolkit and of what it stands on."""
    numbers = ", ".join(f"{name} {metadata.version(name)}" for name in ("tensorflow", "keras"))
    return f"recurrent-toolkit {__version__} ({numbers}, Python {platform.python_version()})\n"


@dataclass(frozen=True)
class View:
    """A file that shows answers to a reader.

    Args:
        option: The option of ``predict`` for it, without dashes.
        help: What the file shows, for the help text.
        write: Function that writes it; it gets the task, an iterator of inputs with their answers
            and ``row``, the number of the input; the run's folder and the path.
        is_folder: Whether it is a folder of files rather than a file.
    """

    option: str
    help: str
    write: Callable[[Any, Iterator[tuple[Any, Any]], str, str], None]
    is_folder: bool = False


@dataclass(frozen=True)
class Pipeline:
    """A task with its command line, data readers and samples.

    Args:
        name: The name of its module in ``pipelines``.
        description: One sentence for the help text.
        options: The dataclass of the task's options.
        task: The task as ``module:Class``; imported when it is needed.
        labelled: The reader of its labelled data.
        samples: Functions by name that return the ``train`` or ``test`` part of an embedded sample,
            as data that ``labelled`` opens.
        first_options: The names of those options that ``train --help`` shows, beside those of every
            task.
        examples: Inputs for the golden file of the sample ``SAMPLE``, and for the demonstration.
        predict_options: The dataclass of further options of ``predict``, if there are any.
        metric_options: The dataclass of further options of ``evaluate`` and ``compare``, if there
            are any; they are options of the task as well.
        search_options: The dataclass of the options by which answers are searched for, if
            ``evaluate`` and ``compare`` take them; the task keeps them in its attribute ``search``.
        pairs: Function from a source, column options and the facts of a run to its inputs, each in
            a pair with what is known of it, or ``Unreadable``, for tasks with ``align``.
        explanation_options: The dataclass of the options of ``explain``, for tasks that have it.
        views: Files that show answers; a prediction writes one of them at most.
        drawn: Whether answers are drawn at random; ``predict`` of the task then has the argument
            ``earlier``, as ``StreamingTask`` says.
        streams: Whether the task has ``stream``, which yields an answer piece by piece; its answers
            are drawn as well.
        frames: Whether the task has ``answer_frames``, which answers as frames arrive.
        listens: Whether the task has ``stream``, which takes parts of a recording as they arrive.
        writers: Further formats of ``predict`` by name: functions that return a writer of answers
            for a stream, with ``write(row)`` and ``close()``.
    """

    name: str
    description: str
    options: type
    task: str
    labelled: LabelledData
    samples: Mapping[str, Callable[[Literal["train", "test"]], Any]]
    examples: Sequence[Any]
    first_options: Sequence[str] = ("data", "validation_data")
    predict_options: type | None = None
    metric_options: type | None = None
    search_options: type | None = None
    pairs: Callable[[Source, Any, Mapping[str, Any]], Iterator[Any]] | None = None
    explanation_options: type[ExplanationOptions] | None = None
    views: Sequence[View] = ()
    drawn: bool = False
    streams: bool = False
    frames: bool = False
    listens: bool = False
    writers: Mapping[str, Callable[[TextIO], AnswerWriter]] = field(default_factory=dict)

    #: The program before the pipeline's name, as the user has called it.
    program: ClassVar[str | None] = None

    @property
    def command(self) -> str:
        """The command of the pipeline, without a verb."""
        if self.program is not None:
            return f"{self.program} {self.name.replace('_', '-')}"
        return f"python -m pipelines.{self.name}"

    def data(self, name: str, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data by its name.

        Args:
            name: A path, or the name of a data set or of a sample.
            part: The part to read of data that has parts, if the name does not tell.
            columns: The column options.

        Raises:
            DataError: There is no such data.
        """
        sample = self.samples.get(name)
        return self.labelled.open(sample(part) if sample else name, part, columns)

    def load_task(self) -> type[TaskProtocol]:
        """Import the class of the task, and TensorFlow with it; quietly, unless in ``--debug``."""
        with quiet_import():
            module, name = self.task.split(":")
            task: type[TaskProtocol] = getattr(importlib.import_module(module), name)
            return task
