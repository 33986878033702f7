"""What a pipeline is, for the verbs to work on."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines import console
from pipelines.labelled import Labelled
from toolkit.data import Source

#: The name of the embedded sample, where data is asked for.
SAMPLE = "sample"


@dataclass(frozen=True)
class View:
    """A file in which answers are looked at.

    Args:
        option: What asks ``predict`` for it, without dashes.
        help: What the file shows, for the help text.
        write: Writes it to a path; given the task, texts with their answers, which it may read as
            they come, and the run's folder.
    """

    option: str
    help: str
    write: Callable[[Any, Iterator[tuple[Any, Any]], str, str], None]


@dataclass(frozen=True)
class Pipeline:
    """A task with the names and texts that go with it.

    Args:
        name: The name of its module in ``pipelines``.
        description: What it does, in a sentence.
        options: The dataclass of its task's hyperparameters.
        task: Where the task is, as ``module:Class``; imported when it is needed.
        labelled: How its labelled data is read.
        samples: The embedded samples by name; each gives its ``train`` or ``test`` part as data
            that ``labelled`` opens.
        examples: Texts for the golden file and the demonstration, written by ourselves.
        asking: The dataclass of what can be said of how texts are answered, where there is any.
        view: How its answers are looked at, where they are.
        streams: Whether its task has ``stream``, which gives an answer piece by piece.
    """

    name: str
    description: str
    options: type
    task: str
    labelled: Labelled
    samples: Mapping[str, Callable[[Literal["train", "test"]], Any]]
    examples: Sequence[str]
    asking: type | None = None
    view: View | None = None
    streams: bool = False

    @property
    def command(self) -> str:
        """How a user calls it."""
        return f"python -m pipelines.{self.name}"

    def data(self, name: str, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data by the name that the user gave, if it is there.

        Args:
            name: A path, the name of a data set, or of a sample.
            part: Which part of data that comes in parts, where the name does not say.
            columns: The options that say which columns mean what.

        Raises:
            DataError: There is no such data.
        """
        sample = self.samples.get(name)
        return self.labelled.open(sample(part) if sample else name, part, columns)

    def load_task(self) -> Any:
        """Import the class of the task, and TensorFlow with it, quietly unless in ``--debug``."""
        with console.importing():
            module, name = self.task.split(":")
            return getattr(importlib.import_module(module), name)
