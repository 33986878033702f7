"""A run's folder: exported models, golden file, model card, description, and their verification.

Names that need TensorFlow are imported at their first use, so that the rest does not wait for it.
"""

from typing import TYPE_CHECKING, Any

from toolkit.export.archive import add_assets, read_asset
from toolkit.export.bounded_yaml import read_yaml
from toolkit.export.card import CARD_FILE, Card, write_card
from toolkit.export.description import (
    ARCHIVE,
    description_path,
    is_exported,
    read_description,
    upgrade_description,
    version_folder,
)
from toolkit.export.golden import write_golden
from toolkit.export.runtimes import RUNTIMES, check_length, check_runtime
from toolkit.export.verify import VerifyResult, newest_version, read_golden, verify

if TYPE_CHECKING:
    from toolkit.export.core import Core, in_float32, write_core
    from toolkit.export.servable import Servable, array_of, first_alone, of_python
    from toolkit.export.storage import stored
    from toolkit.export.write import write_saved_model

__all__ = [
    "ARCHIVE",
    "CARD_FILE",
    "RUNTIMES",
    "Card",
    "Core",
    "Servable",
    "VerifyResult",
    "add_assets",
    "array_of",
    "check_length",
    "check_runtime",
    "description_path",
    "first_alone",
    "in_float32",
    "is_exported",
    "newest_version",
    "of_python",
    "read_asset",
    "read_description",
    "read_golden",
    "read_yaml",
    "stored",
    "upgrade_description",
    "verify",
    "version_folder",
    "write_card",
    "write_core",
    "write_golden",
    "write_saved_model",
]


def __getattr__(name: str) -> Any:
    if name in ("Servable", "array_of", "first_alone", "of_python"):
        from toolkit.export import servable

        return getattr(servable, name)
    if name in ("Core", "in_float32", "write_core"):
        from toolkit.export import core

        return getattr(core, name)
    if name == "stored":
        from toolkit.export.storage import stored

        return stored
    if name == "write_saved_model":
        from toolkit.export.write import write_saved_model

        return write_saved_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
