"""Explanations: what each part of an input adds to an answer."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.explanation.classes import (
        explained_row,
        left_out_row,
        likeliest_unless,
        row_by_row,
    )
    from toolkit.explanation.gradients import TOLERANCE, integrated_gradients
    from toolkit.explanation.state_path import path_of_state, reads_forward
    from toolkit.explanation.tags import iob2_tags, log_tags

_HOMES = {
    "TOLERANCE": "gradients",
    "explained_row": "classes",
    "integrated_gradients": "gradients",
    "iob2_tags": "tags",
    "left_out_row": "classes",
    "likeliest_unless": "classes",
    "log_tags": "tags",
    "path_of_state": "state_path",
    "reads_forward": "state_path",
    "row_by_row": "classes",
}

__all__ = [
    "TOLERANCE",
    "explained_row",
    "integrated_gradients",
    "iob2_tags",
    "left_out_row",
    "likeliest_unless",
    "log_tags",
    "path_of_state",
    "reads_forward",
    "row_by_row",
]


def __getattr__(name: str) -> Any:
    """Import TensorFlow only when a name is used."""
    if name in _HOMES:
        return getattr(import_module(f"toolkit.explanation.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
