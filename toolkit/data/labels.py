"""Labels: class names, and their encoding as numbers."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from toolkit.data.sources.natural_order import natural_order
from toolkit.errors import DataError, quoted, shorten

Label = str | list[str] | float | None
"""A class, several classes, a number, or None for unlabelled examples."""

Target = Literal["classes", "labels", "number"]


class HasLabel(Protocol):
    """An example with a label."""

    @property
    def label(self) -> Label:
        """The label."""


E = TypeVar("E", bound=HasLabel)


class LabelEncoder:
    """Encode labels as the targets of a model.

    ===========  ==================  ================================
    target       label               encoded
    ===========  ==================  ================================
    ``classes``  ``"pos"``           the index of the class, int32 [B]
    ``labels``   ``["fun", "sad"]``  multi-hot, float32 [B, C]
    ``number``   ``4.5``             the number, float32 [B]
    ===========  ==================  ================================

    Args:
        target: The kind of label.
        classes: The names of the classes in the order of their indices; empty for numbers.
    """

    def __init__(self, target: Target, classes: Sequence[str] = ()) -> None:
        self.target = target
        self.classes = tuple(classes)
        indices = {name: index for index, name in enumerate(self.classes)}
        # Earlier versions had "1.0" for a class that class_name now calls "1".
        self._indices = {class_name(name): index for name, index in indices.items()} | indices

    @property
    def outputs(self) -> int:
        """The number of outputs of a model: one for each class, or one for a number."""
        return 1 if self.target == "number" else len(self.classes)

    def knows(self, name: str) -> bool:
        """Return whether a class has this name, also in the form of earlier versions."""
        return name in self._indices

    def check(self, label: Label) -> str | None:
        """Return what is wrong with a label, such as an unknown class, or None."""
        names = [label] if isinstance(label, str) else label if isinstance(label, list) else []
        for name in names:
            if not self.knows(name):
                known = shorten(self.classes)
                return f"the label {quoted(name)} is none of the known classes: {known}"
        return None

    def encode(self, labels: Sequence[Label]) -> NDArray[np.generic]:
        """Encode a batch of labels that pass :meth:`check`."""
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
    """Count the classes of examples while they are read for another purpose::

        counter = LabelCounter("classes")
        for example in counter.watch(examples):
            ...  # any other use of the examples
        encoder = counter.encoder()

    Args:
        target: The kind of label.
        known: The classes that have a number already; others get the numbers after these.

    Attributes:
        counts: The number of examples of each class.
    """

    def __init__(self, target: Target, known: Sequence[str] = ()) -> None:
        self.target = target
        self.known = tuple(known)
        self.counts: Counter[str] = Counter()

    def watch(self, examples: Iterable[E]) -> Iterator[E]:
        """Yield the examples unchanged and count their classes."""
        for example in examples:
            if isinstance(example.label, str):
                self.counts[example.label] += 1
            elif isinstance(example.label, list):
                self.counts.update(set(example.label))
            yield example

    def encoder(self, where: str = "the data") -> LabelEncoder:
        """Return the encoder of the known classes, and of others seen so far, in natural order.

        Args:
            where: The place of the labels, for messages.

        Raises:
            DataError: There are fewer than two classes, or no labels.
        """
        if self.target == "classes" and len(self.counts) == 1 and not self.known:
            (name,) = self.counts
            raise DataError(f"{where}: every label is {quoted(name)}; at least two must differ")
        if self.target != "number" and not self.counts:
            raise DataError(f"{where}: there are no labels to learn from")
        known = LabelEncoder(self.target, self.known)
        others = natural_order(name for name in self.counts if not known.knows(name))
        return LabelEncoder(self.target, (*self.known, *others))


_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*", re.ASCII)
#: A comma that may also separate thousands.
_AMBIGUOUS_COMMA = re.compile(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*", re.ASCII)
_STRING = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
#: A list as Python or NumPy write it: strings with commas or spaces between them.
_STRINGS = re.compile(rf"\[\s*(?:(?:{_STRING})\s*(?:,\s*|(?=[\s'\"\]])))+\]", re.DOTALL)
#: What stands between strings side by side: white space, and the prefix of the second.
_BESIDE = re.compile(r"\s*[bru]{0,2}", re.IGNORECASE)


def written_list(text: str, names: bool = True) -> list[Any] | None:
    """Return the list that a string stands for, or None if it stands for none.

    Tables have lists as JSON, as Python or NumPy write them (``['a', 'b']``, ``['a' 'b']``; numbers
    as in ``[1 2]`` stay strings), or without quotes, but with a comma (``[a, b]``).

    Args:
        text: The string.
        names: Whether a list of names may be without quotes.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    with suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, list) else None
    if _STRINGS.fullmatch(text):
        with suppress(ValueError, SyntaxError):
            return [ast.literal_eval(match) for match in re.findall(_STRING, text, re.DOTALL)]
    inside = text[1:-1].strip().removesuffix(",")
    numbers = inside.split()
    if numbers and all(to_number(number) is not None for number in numbers):
        return list(numbers)
    if not names or any(character in inside for character in "'\"[]"):
        return None
    parts = [part.strip() for part in inside.split(",")]
    return list(parts) if "," in text and all(parts) else None


def written_literal(text: str) -> Any:
    """Return the value of a Python literal; None if it is none, or has strings side by side.

    Those are one string to Python, and several to NumPy.
    """
    strings = re.finditer(_STRING, text, re.DOTALL)
    if any(_BESIDE.fullmatch(text, a.end(), b.start()) for a, b in pairwise(strings)):
        return None
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.literal_eval(text)
    return None


def to_number(value: object) -> float | None:
    """Return a value as a number, which may be infinite or NaN; None if it is no number.

    A string may have a decimal comma, as in ``"4,5"``, unless the comma may separate thousands.
    """
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        return None if _AMBIGUOUS_COMMA.fullmatch(value) else float(value.replace(",", "."))
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def to_flag(value: object) -> bool | None:
    """Return whether a value is 1 or true; None if it is neither that nor 0 or false."""
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    number = to_number(value)
    return bool(number) if number in (0, 1) else None


def class_name(value: object) -> str:
    """Return the name of a class: ``"1"`` for each of ``1``, ``1.0``, ``"1.0"`` and ``" 1 "``."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    name = str(value).strip()
    if whole := _WHOLE.fullmatch(name):  # as pandas writes them beside missing ones
        return whole[1] if whole[1] != "-0" else "0"
    return name
