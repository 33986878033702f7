"""What a file that is read may make us run: nothing."""

import sys
from collections.abc import Mapping
from typing import Any

from toolkit.errors import ModelError


def check_cell_is_trusted(config: Mapping[str, Any]) -> None:
    """Complains of a network's configuration whose cell is code that nobody has imported.

    Raises:
        ModelError: The cell is ``module:Class``, and the module has not been imported: a file that
            is read must not choose what code is run.
    """
    cell = str(config.get("cell"))
    module, colon, _ = cell.partition(":")
    if colon and module not in sys.modules:
        raise ModelError(
            f"the model has the cell {cell!r}; if its code is to be trusted, "
            f"import {module} first, or give the verb export --cell {cell}"
        )
