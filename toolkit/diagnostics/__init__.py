"""Gradients through time: recorded by ``record``, drawn by ``plot``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.diagnostics.plot import (
    draw_activations,
    draw_flows,
    draw_norms,
    draw_shares,
    write_flows,
)

if TYPE_CHECKING:
    from toolkit.diagnostics.record import (
        Flow,
        gradient_flows,
        gradient_norms,
        recurrent_layers,
    )

__all__ = [
    "Flow",
    "draw_activations",
    "draw_flows",
    "draw_norms",
    "draw_shares",
    "gradient_flows",
    "gradient_norms",
    "recurrent_layers",
    "write_flows",
]


def __getattr__(name: str) -> Any:
    """Import TensorFlow only when a name that needs it is used."""
    if name in ("Flow", "gradient_flows", "gradient_norms", "recurrent_layers"):
        return getattr(import_module("toolkit.diagnostics.record"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
