"""The check that a file does not make the toolkit run code."""

import sys
from collections.abc import Mapping
from typing import Any

from toolkit.errors import ModelError


def check_cell_is_trusted(config: Mapping[str, Any]) -> None:
    """Check that the cell in a network's configuration is known or has been imported.

    Raises:
        ModelError: The cell is ``module:Class``, and the module has not been imported: a file must
            not choose which code is run.
    """
    cell = str(config.get("cell"))
    module, colon, _ = cell.partition(":")
    if colon and module not in sys.modules:
        raise ModelError(
            f"the model has the cell {cell!r}; if you trust its code, "
            f"import {module} first, or give export or diagnose the option --cell {cell}"
        )
