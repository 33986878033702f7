"""Labels: from values of any type to class names, and from names to numbers."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, quoted

if TYPE_CHECKING:
    from toolkit.data.examples import Example

Label = str | list[str] | float | None
"""A class, several classes, a number, or none where there is no label."""

Target = Literal["classes", "labels", "number"]


class LabelEncoder:
    """Turns labels into the numbers that a model is fitted to.

    ===========  ==================  ================================
    target       label               encoded
    ===========  ==================  ================================
    ``classes``  ``"pos"``           the class's index, int32 [B]
    ``labels``   ``["fun", "sad"]``  a one for each, float32 [B, C]
    ``number``   ``4.5``             the number itself, float32 [B]
    ===========  ==================  ================================

    Args:
        target: What a label is.
        classes: The names of the classes in the order of their indices; none for a number.
    """

    def __init__(self, target: Target, classes: Sequence[str] = ()) -> None:
        self.target = target
        self.classes = tuple(classes)
        self._indices = {name: index for index, name in enumerate(self.classes)}

    @property
    def outputs(self) -> int:
        """How many outputs a model needs: one for each class, or one for a number."""
        return 1 if self.target == "number" else len(self.classes)

    def check(self, label: Label) -> str | None:
        """Says what is wrong with a label, or None: for example that its class is not known."""
        names = [label] if isinstance(label, str) else label if isinstance(label, list) else []
        for name in names:
            if name not in self._indices:
                known = shorten(self.classes)
                return f"the label {quoted(name)} is none of the known classes: {known}"
        return None

    def encode(self, labels: Sequence[Label]) -> NDArray[np.generic]:
        """Encodes a batch of labels that :meth:`check` has nothing against."""
        if self.target == "number":
            return np.asarray(labels, np.float32)
        if self.target == "classes":
            return np.asarray([self._indices[str(label)] for label in labels], np.int32)
        encoded = np.zeros((len(labels), len(self.classes)), np.float32)
        for row, names in enumerate(labels):
            if isinstance(names, list):
                encoded[row, [self._indices[name] for name in names]] = 1
        return encoded


class LabelCounter:
    """Learns the classes from examples that pass by, as in the survey of the data::

        counter = LabelCounter("classes")
        for example in counter.watch(examples):
            ...  # what else the reading is for
        encoder = counter.encoder()

    Args:
        target: What a label is.

    Attributes:
        counts: How often each class has been seen.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.counts: Counter[str] = Counter()

    def watch(self, examples: "Iterable[Example]") -> "Iterator[Example]":
        """Yields the examples unchanged and counts their classes."""
        for example in examples:
            if isinstance(example.label, str):
                self.counts[example.label] += 1
            elif isinstance(example.label, list):
                self.counts.update(set(example.label))
            yield example

    def encoder(self, where: str = "the data") -> LabelEncoder:
        """Makes the encoder for the classes seen so far, in natural order.

        Args:
            where: What to call the place of the labels in messages.

        Raises:
            DataError: there are fewer than two classes to tell apart, or no label at all.
        """
        if self.target == "classes" and len(self.counts) == 1:
            (name,) = self.counts
            raise DataError(f"{where}: every label is {quoted(name)}; at least two must differ")
        if self.target != "number" and not self.counts:
            raise DataError(f"{where}: there are no labels to learn from")
        return LabelEncoder(self.target, natural_order(self.counts))


def class_name(value: object) -> str:
    """The name of a class as a string: ``1``, ``1.0`` and ``" 1 "`` are all ``"1"``."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    return str(value).strip()


def natural_order(names: Iterable[str]) -> list[str]:
    """Sorts names as people do: numbers by value (``-1 < 2 < 10``), digits within words too."""

    def key(name: str) -> tuple[float, list[tuple[int, str]], str]:
        try:
            number = float(name)
        except ValueError:
            number = math.inf
        number = math.inf if math.isnan(number) else number
        pieces = re.split(r"(\d{1,18})", name)
        return number, [(int(p) if p.isdecimal() else -1, p) for p in pieces], name

    return sorted(names, key=key)


def shorten(names: Sequence[str], most: int = 12, longest: int = 40) -> str:
    """Writes names as one short line for a message."""
    shown = ", ".join(n if len(n) <= longest else f"{n[:longest]}…" for n in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
