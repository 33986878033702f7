"""The ``README.md`` beside the core of a task: inputs, outputs, how to make them, how to ask."""

from collections.abc import Mapping
from typing import Any

from toolkit.export.runtimes import Runtime

_ASK = {
    "ONNX": """import json
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
with open("golden.jsonl", encoding="utf-8") as file:
    question = json.loads(file.readline())["inputs"]
inputs = {{
    name: np.array([question[name]], dtype) for name, dtype in {dtypes}.items()
}}
names = [output.name for output in session.get_outputs()]
answers = dict(zip(names, session.run(names, inputs)))""",
    "LiteRT": """import json
import numpy as np
from ai_edge_litert.interpreter import Interpreter

ask = Interpreter("model.tflite").get_signature_runner()
with open("golden.jsonl", encoding="utf-8") as file:
    question = json.loads(file.readline())["inputs"]
inputs = {{}}
for name, detail in ask.get_input_details().items():
    value = np.array([question[name]], detail["dtype"])
    inputs[name] = np.pad(value, [(0, n - m) for n, m in zip(detail["shape"], value.shape)])
answers = ask(**inputs)""",
}


def core_readme(core: Any, runtime: Runtime, length: int | None, outputs: Mapping[str, Any]) -> str:
    """Return the ``README.md`` of a version.

    Args:
        core: The ``Core``.
        runtime: The runtime.
        length: The fixed number of steps, if there is one.
        outputs: The specs of the outputs, the batch first.
    """
    rows = [
        _row("takes", name, runtime.dtypes.get(spec.dtype.name, spec.dtype.name), spec)
        for name, spec in core.inputs.items()
    ]
    rows += [_row("gives", name, spec.dtype.name, spec) for name, spec in outputs.items()]
    table = "\n".join(f"{row} {core.notes.get(name, '')} |" for name, row in rows)
    batch, time = ("1", str(length)) if runtime.fixed else ("batch", "time")
    table = table.replace("BATCH", batch).replace("TIME", time)
    given = {
        name: runtime.dtypes.get(spec.dtype.name, spec.dtype.name)
        for name, spec in core.inputs.items()
    }
    code = _ASK[runtime.title].format(dtypes=repr(given).replace("'", '"'))
    fixed = ""
    if runtime.fixed and core.timed:
        fixed = (
            f"\n\nThe model takes one row of the length {length}: pad a shorter one with zeros, "
            "and cut a longer one."
        )
    return f"""# The network alone, in {runtime.title}

{core.title}

`{runtime.file}` takes numbers, not raw input, which the SavedModel takes.{fixed}

| | name | type | shape | |
|---|---|---|---|---|
{table}

In the folder of this file:

```python
{code}
```

## The inputs

{core.preparation}

`golden.jsonl` has inputs, without padding, and the network's answers: what makes the inputs is
right if it gives the same numbers.
"""


def _row(kind: str, name: str, dtype: str, spec: Any) -> tuple[str, str]:
    """Return the name, and a row of the table without its last cell."""
    sizes = [*spec.shape]
    time = "TIME" if kind == "takes" else "steps"
    shown = ["BATCH", *(time if size is None else str(size) for size in sizes[1:])]
    return name, f"| {kind} | `{name}` | {dtype} | [{', '.join(shown)}] |"
