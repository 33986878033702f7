"""The export of a classifier's network to LiteRT, with its ``README.md``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.errors import OptionError
from toolkit.export import Core, in_single_precision, write_litert
from toolkit.options import option, positive_integer


def check_length(length: int | None, unit: str, default: int | None = None) -> int:
    """Return the number of steps that a model of a fixed length takes.

    Args:
        length: The number that was asked for, if any.
        unit: The name of a step, such as ``bases``.
        default: The number for None.

    Raises:
        OptionError: It is no positive integer, or is needed.
    """
    if length is None and default is None:
        raise OptionError(
            f"format litert needs {option('length')}, the number of {unit} that each input has"
        )
    return positive_integer("length", default if length is None else length)


def padded(values: Any, length: int, dtype: str) -> np.ndarray[Any, Any]:
    """Return the first steps of a sequence [T, ...], zeros after the last: [1, length, ...]."""
    first = np.asarray(values)[:length]
    whole = np.zeros((1, length, *first.shape[1:]), dtype)
    whole[0, : len(first)] = first
    return whole


def sequence_core(
    network: Any,
    name: str,
    dtype: str,
    shape: Sequence[int],
    encode: Callable[[Mapping[str, Any]], Any],
    description: str,
) -> Core:
    """Return the core of a network that reads ``values`` and ``length``.

    Args:
        network: The network.
        name: The name of the values among the inputs.
        dtype: Their type.
        shape: The number of steps, and the shape of each.
        encode: Function from a question of the golden file to its values [T, ...].
        description: How values are made of raw data.
    """
    steps = shape[0]

    def inputs(question: Mapping[str, Any]) -> dict[str, Any]:
        values = encode(question)
        length = np.array([min(len(values), steps)], np.int32)
        return {name: padded(values, steps, dtype), "length": length}

    return Core(
        in_single_precision(network),
        lambda net, given: net.answer({"values": given[name], "length": given["length"]}),
        {name: (dtype, (1, *shape)), "length": ("int32", (1,))},
        inputs,
        _output(network),
        description,
    )


def ids_core(model: Any, length: int, description: str) -> Core:
    """Return the core of a ``SequenceModel`` of texts, which reads ids, 0 being padding.

    Args:
        model: The model.
        length: The number of ids.
        description: How ids are made of a text.
    """
    tokenizer = model.preprocessing
    return Core(
        in_single_precision(model.network),
        lambda net, given: net.answer(given["ids"]),
        {"ids": ("int32", (1, length))},
        lambda question: {"ids": padded(tokenizer(question["text"]), length, "int32")},
        _output(model.network),
        description,
        tokenizer.save_assets,
    )


def _output(network: Any) -> str:
    """Return the name of a network's answers."""
    return "value" if network.output_layer.output_kind == "linear" else "probabilities"


def export_core(
    folder: Path,
    core: Core,
    questions: Sequence[Mapping[str, Any]],
    summary: str,
    classes: Sequence[str],
) -> Path:
    """Write a LiteRT version, with its ``README.md`` and its classes; see ``write_litert``.

    Args:
        folder: The run's folder.
        core: The network with its inputs.
        questions: The questions of the golden file.
        summary: What the model does, in a sentence.
        classes: The names of the classes; none for a number.
    """
    files = {"README.md": _readme(core, summary, classes)}
    if classes:
        files["classes.txt"] = "".join(f"{name}\n" for name in classes)
    return write_litert(folder, core, questions, files)


def _readme(core: Core, summary: str, classes: Sequence[str]) -> str:
    """Return the ``README.md`` beside ``model.tflite``."""
    size, order = (len(classes), "the order of `classes.txt`") if classes else (1, "the number")
    rows = [
        f"| takes | `{name}` | {dtype} | {[*shape]} |"
        for name, (dtype, shape) in core.inputs.items()
    ]
    given = ", ".join(
        f"{name}=np.zeros({shape}, np.{dtype})" for name, (dtype, shape) in core.inputs.items()
    )
    return f"""# From numbers to answers, in LiteRT

{summary}

`model.tflite` answers one sequence a call. All its shapes are fixed, and it needs no operators but
LiteRT's own, so that it runs on phones and small devices. It takes numbers, not raw data: LiteRT
has no operators for text. The SavedModel takes raw data of any length, in batches.

| | name | type | shape |
|---|---|---|---|
{chr(10).join(rows)}
| gives | `{core.output}` | float32 | [1, {size}], {order} |

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter

answer = Interpreter("model.tflite").get_signature_runner()
inputs = dict({given})  # to be filled
print(answer(**inputs)["{core.output}"])
```

## The inputs

{core.description}

`golden.jsonl` has questions with their inputs and the network's answers.
"""
