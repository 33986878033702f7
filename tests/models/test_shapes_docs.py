"""The examples of docs/shapes.md, as they stand there: each learns its task."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "shapes.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


def test_there_are_five() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_learns(name: str) -> None:
    keras.utils.set_random_seed(1)
    variables: dict[str, object] = {}
    exec(EXAMPLES[name], variables)
    assert np.mean(variables["correct"]) > 0.9
