"""Versions of models, loaded from their folders, and the signatures that answer."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.protobuf import saved_model_pb2

from toolkit.errors import DataError, ModelError, as_message
from toolkit.export import (
    Servable,
    first_alone,
    read_golden,
    read_yaml,
    upgrade_description,
)
from toolkit.export.description import CONFIG_FILE
from toolkit.export.signatures import input_specs
from toolkit.export.verify import OLDER_PADDING
from toolkit.serving.batching import (
    ALONE_BYTES,
    BATCH_BYTES,
    MOST_ALONE,
    MOST_ROWS,
    Batcher,
    Question,
)
from toolkit.serving.options import ServingOptions
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

DEFAULT_SIGNATURE = "serving_default"


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


class Version:
    """One loaded version of a model.

    Args:
        number: Its number.
        folder: Its folder.
        golden: The run's folder, whose golden file has the padding; None if there is none.

    Raises:
        ModelError: The folder holds no SavedModel that can be served.
    """

    def __init__(self, number: int, folder: Path, golden: Path | None) -> None:
        self.number = number
        servable = Servable.load(folder)
        self._servable = servable  # keeps the variables alive
        self.signature_def = _signature_def(folder)
        self.description = _description(servable)
        padding, input_padding = _paddings(golden, servable.signatures)
        self.signatures = {
            name: Signature(
                name,
                function,
                padding if name == DEFAULT_SIGNATURE else {},
                input_padding if name == DEFAULT_SIGNATURE else {},
            )
            for name, function in servable.signatures.items()
        }
        self.batchers: dict[str, Batcher] = {}
        self._most_rows = MOST_ROWS

    def start(
        self,
        options: ServingOptions,
        executor: Executor,
        alone: Executor,
        calls: int,
        measure: Callable[[str, int, int], None],
    ) -> None:
        """Make a queue for each signature; see ``Batcher``.

        Args:
            options: The options of the server.
            executor: The threads of calls that answer several requests.
            alone: The threads of calls that answer one, and can take long.
            calls: The number of threads of each.
            measure: Called with the signature, and the number of questions and rows of each call.
        """
        self._most_rows = max(MOST_ROWS, options.max_batch)

        def measured(name: str) -> Callable[[int, int], None]:
            return lambda questions, rows: measure(name, questions, rows)

        self.batchers = {
            name: Batcher(
                signature.answer,
                executor if signature.is_batched else alone,
                calls,
                options.max_batch,
                options.batch_delay / 1000,
                options.queue,
                measured(name),
            )
            for name, signature in self.signatures.items()
        }

    def signature(self, name: Any) -> Signature:
        """Return a signature.

        Raises:
            DataError: There is none of this name.
        """
        if not isinstance(name, str) or name not in self.signatures:
            known = ", ".join(self.signatures)
            raise DataError(f"there is no signature {as_message(str(name))}; there are: {known}")
        return self.signatures[name]

    async def ask(self, signature: Signature, inputs: Arrays, always: bool = False) -> Arrays:
        """Return the outputs of a signature, asked in several calls for many rows.

        See ``Batcher.ask``.
        """
        answers: list[Arrays] = []
        large = sum(array.size for array in inputs.values()) > MOST_ROWS
        parts = (
            await asyncio.to_thread(signature.parts, inputs, self._most_rows)
            if large
            else signature.parts(inputs, self._most_rows)
        )
        for part in parts:
            answers.append(await self.batchers[signature.name].ask(part, always or bool(answers)))
        return signature.whole(answers)

    def warm_up(self) -> None:
        """Call each signature once."""
        for signature in self.signatures.values():
            signature.warm_up()


def _signature_def(folder: Path) -> dict[str, Any]:
    """Return the signatures of a SavedModel as TensorFlow Serving's metadata has them."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    return {
        name: MessageToDict(
            definition,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, definition in saved.meta_graphs[0].signature_def.items()
    }


def _description(servable: Servable) -> dict[str, Any]:
    """Return the task, options and facts of a version; empty for one of another program."""
    content = servable.asset(CONFIG_FILE)
    if content is None:
        return {}
    try:
        found = upgrade_description(read_yaml(CONFIG_FILE, content), servable.folder / CONFIG_FILE)
    except ModelError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{servable.folder}: its assets/{CONFIG_FILE} is damaged") from error
    return {name: found[name] for name in ("task", "options", "facts")}


def _paddings(
    run: Path | None, signatures: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """Return the padding of outputs and inputs that a run's golden file states."""
    if run is None:
        return {}, {}
    try:
        lines = read_golden(run)
    except (OSError, ValueError):
        return {}, {}
    names = set(input_specs(signatures[DEFAULT_SIGNATURE]))
    for line in lines:
        if line["inputs"].keys() == names:
            return line["padding"], line["input_padding"]
    return {}, {}
