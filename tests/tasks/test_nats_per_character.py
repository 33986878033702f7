r"""The nats per character are the same whether lines end with ``\n`` or with ``\r\n``."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from toolkit.tasks.language_modelling.conditioned_texts import ConditionedTexts
from toolkit.tasks.language_modelling.options import LanguageModelOptions
from toolkit.tasks.language_modelling.outcomes import LanguageModelOutcomes, characters_of
from toolkit.tasks.language_modelling.running_text import RunningText

LINES = ["Ann sang.", "", "e\u0301t\u00e9 \r Bo", "\U0001f600"]


def ask(name: str, **inputs: Any) -> dict[str, Any]:
    """Answer as a model to which each character has a nat and a half, and each end none."""
    size = len(inputs["condition"] if name == "start" else inputs.get("text", [""]))
    characters = [text.replace("\r\n", "\n") for text in inputs.get("text", [""] * size)]
    lengths = np.array([len(text) for text in characters])
    answers = {
        "state_0": np.zeros([size, 2], np.float32),
        "logits": np.array([[0.0, -1e9]] * size),
    }
    if name in ("start", "read"):
        answers["token"] = np.zeros(size, np.int32)
    if name == "read":
        answers |= {"nll": 1.5 * lengths, "units": lengths}
    return answers


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("reading", [RunningText(), ConditionedTexts()])
def test_line_ends(end: str, reading: Any) -> None:
    text = end.join(LINES) + end
    conditioned = isinstance(reading, ConditionedTexts)
    options = LanguageModelOptions(condition_column="label" if conditioned else None)
    facts = {"ends": True}
    inherited = {"inherited": frozenset(), "named_columns": {}}
    task = SimpleNamespace(**vars(options), **inherited, facts=facts, classes=("a",))
    data = ([text, text], ["a", "a"]) if conditioned else [text, text]
    rows = [*reading.rows(task, ask, data)]
    metrics = LanguageModelOutcomes(np.array(rows, float), 0).metrics()
    assert metrics["nats_per_character"] == pytest.approx(1.5, rel=1e-12)
    assert characters_of(text) == len(text.replace("\r\n", "\n"))
