"""Files of NumPy arrays."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, quoted
from toolkit.files import is_bomb


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a ``.npz`` file by name, or that of a ``.npy`` file under ``array``.

    Raises:
        DataError: It cannot be read, would fill the memory, or holds pickled objects, which could
            run code as they are read.
    """
    name = ""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if any(map(is_bomb, archive.infolist())):
                    raise DataError(f"{path} expands to far more than its size; it is not read")
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"array": loaded}
            arrays = {}
            for name in loaded.files:
                arrays[name] = loaded[name]
            return arrays
    except DataError:
        raise
    except (ValueError, OSError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):
            what = f"the array {quoted(name)}" if name else "it"
            raise DataError(
                f"{path}: {what} holds pickled objects, which are not read, since they could run "
                "code; save series of unequal length as a padded array [N, T, C] with an array "
                "`lengths`"
            ) from None
        if "pickle" in str(error):
            raise DataError(f"{path} is no NumPy file") from None
        raise DataError(f"{path} cannot be read: {error}") from None
