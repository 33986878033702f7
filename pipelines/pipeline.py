"""What a pipeline is, for the verbs to work on."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines import console
from toolkit.data import Source, open_source

Labelled = tuple[list[str], list[str]]

#: The name of the embedded sample, where data is asked for.
SAMPLE = "sample"


@dataclass(frozen=True)
class Pipeline:
    """A task with the names and texts that go with it.

    Args:
        name: The name of its module in ``pipelines``.
        description: What it does, in a sentence.
        options: The dataclass of its task's hyperparameters.
        task: Where the task is, as ``module:Class``; imported when it is needed.
        sample: Gives the texts and labels of the embedded sample's ``train`` or ``test`` part.
        examples: Texts for the golden file and the demonstration, written by ourselves.
    """

    name: str
    description: str
    options: type
    task: str
    sample: Callable[[Literal["train", "test"]], Labelled]
    examples: Sequence[str]

    @property
    def command(self) -> str:
        """How a user calls it."""
        return f"python -m pipelines.{self.name}"

    def data(self, name: str, part: Literal["train", "test"]) -> Source:
        """Open data by the name that the user gave, if it is there.

        Args:
            name: A path, the name of a data set, or ``sample``.
            part: Which part of data that comes in parts, where the name does not say.

        Raises:
            DataError: There is no such data.
        """
        return open_source(self.sample(part) if name == SAMPLE else name, part)

    def load_task(self) -> Any:
        """Import the class of the task, and TensorFlow with it, quietly unless in ``--debug``."""
        with console.importing():
            module, name = self.task.split(":")
            return getattr(importlib.import_module(module), name)
