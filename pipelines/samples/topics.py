"""English text that is part of Python: the help texts on its language, ``pydoc_data.topics``."""

from pydoc_data.topics import topics as texts
from typing import Literal

#: Every tenth text is for the test.
EVERY = 10


def topics(part: Literal["train", "test"]) -> list[str]:
    """Return the texts of a part, in the order of their names."""
    ordered = [texts[name] for name in sorted(texts)]
    test = ordered[::EVERY]
    return test if part == "test" else [text for text in ordered if text not in test]
