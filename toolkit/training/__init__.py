"""Training: options, optimizer, callbacks, checkpoints and ``fit``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.training.options import CHECKPOINT, TrainingOptions

if TYPE_CHECKING:
    from toolkit.training.fitting import fit
    from toolkit.training.optimizer import make_optimizer
    from toolkit.training.state import checkpoint_place, discard_checkpoint
    from toolkit.training.threads import set_threads

__all__ = [
    "CHECKPOINT",
    "TrainingOptions",
    "checkpoint_place",
    "discard_checkpoint",
    "fit",
    "make_optimizer",
    "set_threads",
]

_HOMES = {
    "checkpoint_place": "toolkit.training.state",
    "discard_checkpoint": "toolkit.training.state",
    "fit": "toolkit.training.fitting",
    "make_optimizer": "toolkit.training.optimizer",
    "set_threads": "toolkit.training.threads",
}


def __getattr__(name: str) -> Any:
    """Import Keras only when a name that needs it is used."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
