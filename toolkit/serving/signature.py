"""Signatures of a version: their inputs, and the calls that answer questions."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.errors import DataError
from toolkit.export import first_alone
from toolkit.export.signatures import input_specs
from toolkit.export.verify import OLDER_PADDING
from toolkit.serving.batching import ALONE_BYTES, BATCH_BYTES, MOST_ALONE, Question
from toolkit.serving.tensors import (
    Arrays,
    cut,
    has_rows,
    is_mostly_padding,
    joined,
    row_bytes,
    row_sizes,
    slices,
)

logger = logging.getLogger("toolkit.serving")


class Signature:
    """One signature of a version, whose questions are asked several in one call where that is safe.

    It is safe where a question's answer does not depend on the others: each input and output has
    rows, and outputs of any size have a padding that can be cut off. A signature that samples has
    inputs without rows, and so is asked one question at a time.

    Args:
        name: The name.
        function: The loaded function.
        padding: By output, the value that pads rows which are shorter than others; None where it is
            of the kind that earlier versions used.
        input_padding: By input, the same.
    """

    def __init__(
        self,
        name: str,
        function: Any,
        padding: Mapping[str, Any] | None,
        input_padding: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.specs: dict[str, Any] = input_specs(function)
        self.outputs: dict[str, Any] = dict(sorted(function.structured_outputs.items()))
        self.input_padding = {n: pad for n, pad in input_padding.items() if n in self.specs}
        self._call = first_alone(function)
        self._padding = _output_padding(self.outputs, padding)
        for name in self.input_padding:  # such an output is as long as the input that it goes on
            self._padding.pop(name, None)
        varying = {n for n, spec in self.outputs.items() if None in (spec.shape[1:] or ())}
        specs = [*self.specs.values(), *self.outputs.values()]
        known = self._padding.keys() | self.input_padding.keys()
        self.is_batched = bool(self.specs) and all(map(has_rows, specs)) and varying <= known
        #: Whether inputs of other lengths are asked together: where no output depends on these.
        self._pads = varying <= self._padding.keys()

    def question(self, inputs: Arrays) -> Question:
        """Return a question.

        Raises:
            DataError: The inputs have unequal numbers of rows.
        """
        sizes = {len(inputs[name]) for name, spec in self.specs.items() if has_rows(spec)}
        if len(sizes) > 1:
            names = ", ".join(name for name, spec in self.specs.items() if has_rows(spec))
            raise DataError(f"{names} need as many rows, and have {', '.join(map(str, sizes))}")
        rows = sizes.pop() if sizes else 1
        if not (self.is_batched and rows):
            return Question(inputs, rows, 0, None)
        pads = self.input_padding if self._pads else {}
        shapes = tuple(
            (name, array.shape[2 if name in pads else 1 :]) for name, array in inputs.items()
        )
        return Question(inputs, rows, row_bytes(inputs, rows), shapes)

    def answer(self, questions: Sequence[Question]) -> list[Arrays | Exception]:
        """Return the outputs for each question, or the error that it met, asked in one call.

        Where the call fails for any reason, each question is asked alone, so that a bad one does no
        harm to others.
        """
        if len(questions) == 1:
            try:
                return [self._outputs(questions[0].inputs)]
            except Exception as error:
                return [error]
        ends = np.cumsum([question.rows for question in questions])
        try:
            together = self._outputs(
                {
                    name: joined([q.inputs[name] for q in questions], self.input_padding.get(name))
                    for name in self.specs
                }
            )
            if any(len(array) != ends[-1] for array in together.values()):
                raise ValueError(f"{self.name} does not answer each row")
        except Exception as error:
            logger.debug("%s is asked one by one: %s", self.name, error)
            return [self.answer([question])[0] for question in questions]
        return [
            {
                name: cut(rows, self._padding[name]) if name in self._padding else rows
                for name, rows in (
                    (name, array[end - question.rows : end]) for name, array in together.items()
                )
            }
            for question, end in zip(questions, ends.tolist(), strict=True)
        ]

    def parts(self, inputs: Arrays, most_rows: int) -> list[Question]:
        """Return questions that together ask for inputs, each small enough for one call.

        Args:
            inputs: An array for each input.
            most_rows: The largest number of rows of a question.

        Raises:
            DataError: The inputs have unequal numbers of rows, or too many rows of a kind that has
                to be asked at once.
        """
        whole = self.question(inputs)
        rows = whole.rows
        if whole.kind is None:
            with_rows = {name: a for name, a in inputs.items() if has_rows(self.specs[name])}
            if rows > 1 and (rows > MOST_ALONE or rows * row_bytes(with_rows, rows) > ALONE_BYTES):
                raise DataError(f"{rows} rows are too many for one request of {self.name}")
            return [whole]
        if rows <= most_rows and rows * whole.row_bytes <= BATCH_BYTES:
            return [whole]
        cuts = slices(row_sizes(inputs, rows), most_rows, BATCH_BYTES)
        return [self.question({name: a[part] for name, a in inputs.items()}) for part in cuts]

    def whole(self, answers: Sequence[Arrays]) -> Arrays:
        """Return the answer to inputs from those to their ``parts``.

        Raises:
            DataError: Most of it would be padding, and it is large.
        """
        if len(answers) == 1:
            return answers[0]
        for name in self.outputs:
            arrays = [each[name] for each in answers]
            rows, longest = sum(map(len, arrays)), max(array[:1].size for array in arrays)
            if is_mostly_padding(sum(array.size for array in arrays), rows * longest):
                raise DataError(
                    f"the answers to {rows} rows differ too much in length ({name}); ask for long "
                    "and short ones in requests of their own"
                )
        return {
            name: joined([each[name] for each in answers], self._padding.get(name))
            for name in self.outputs
        }

    def _outputs(self, inputs: Arrays) -> Arrays:
        """Call the signature.

        Raises:
            DataError: The model refuses the inputs.
        """
        tensors = {
            name: tf.constant(array, self.specs[name].dtype) for name, array in inputs.items()
        }
        try:
            outputs = self._call(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise DataError(reason(error)) from error
        return {name: outputs[name].numpy() for name in self.outputs}

    def warm_up(self) -> None:
        """Ask for one row of zeros and empty strings, since the first call takes longest."""
        inputs = {
            name: np.full([size or 1 for size in spec.shape], b"", object)
            if spec.dtype == tf.string
            else np.zeros([size or 1 for size in spec.shape], spec.dtype.as_numpy_dtype)
            for name, spec in self.specs.items()
        }
        try:
            self._outputs(inputs)
        except DataError:  # zeros are not for every signature
            logger.debug("%s refuses zeros", self.name)


def _output_padding(
    outputs: Mapping[str, Any], padding: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the padding of outputs whose second dimension is of any size."""
    found: dict[str, Any] = {}
    for name, spec in outputs.items():
        if spec.shape.rank is None or spec.shape.rank < 2 or spec.shape[1] is not None:
            continue
        is_string = spec.dtype == tf.string
        if padding is None:
            found[name] = OLDER_PADDING[0 if is_string else 1]
        elif name in padding:
            found[name] = padding[name]
        if is_string and name in found:
            found[name] = found[name].encode()
    return found


def reason(error: Any) -> str:
    """Return what an ``InvalidArgumentError`` says of the input, without places in the graph."""
    lines = [line for line in str(error.message).split("\n") if line and line[0] != "\t"]
    last = lines[-1] if lines else "the input cannot be used"
    _, asserted, parts = last.partition("assertion failed: ")
    if asserted:
        last = " ".join(re.findall(r"\[(.*?)\](?=\s\[|\s*$)", parts)).replace(" , ", ", ")
    return re.sub(r"\{\{function_node [^}]*\}\}\s*", "", last)
