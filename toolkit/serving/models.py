"""Versions of models, loaded from their folders."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from tensorflow.core.protobuf import saved_model_pb2

from toolkit.errors import DataError, ModelError, as_message
from toolkit.export import Servable, read_golden, read_yaml, upgrade_description
from toolkit.export.description import CONFIG_FILE
from toolkit.export.signatures import input_specs
from toolkit.serving.batching import MOST_ROWS, Batcher
from toolkit.serving.options import ServingOptions
from toolkit.serving.signature import Signature
from toolkit.serving.tensors import Arrays

DEFAULT_SIGNATURE = "serving_default"


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

    @property
    def classes(self) -> list[str]:
        """The names of the classes or labels, in the order of ``probabilities``; none otherwise."""
        return [*self.description.get("facts", {}).get("classes", ())]

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
