"""The files that ``save`` writes."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.export import ARCHIVE, add_assets
from toolkit.files import temporary_sibling, with_filename
from toolkit.models import SequenceModel
from toolkit.training.state import STATE, State, write_state


def write_run(
    folder: Path,
    model: SequenceModel,
    assets: Mapping[str, str],
    texts: Mapping[str, str],
    state: tuple[State, Mapping[str, Any]] | None,
) -> None:
    """Write ``model.keras``, texts and the state of the training into a run's folder.

    All are written before the first of them replaces an older file.

    Args:
        folder: The folder.
        model: The model.
        assets: Further contents of ``model.keras`` by name.
        texts: Contents of files by name.
        state: The state and what it is the state of; None if none is kept, which removes an older
            one.

    Raises:
        OSError: They cannot be written; older files are unchanged.
    """
    with temporary_sibling(folder / ARCHIVE) as sibling:
        sibling.mkdir()  # Keras requires the suffix .keras
        with with_filename(folder / ARCHIVE):
            model.save(sibling / ARCHIVE)
            add_assets(sibling / ARCHIVE, assets)
        for name, content in texts.items():
            with with_filename(folder / name):
                (sibling / name).write_text(content, encoding="utf-8", newline="")
        names = [ARCHIVE, *texts]
        if state is not None:
            names.append(STATE)
            with with_filename(folder / STATE):
                write_state(sibling / STATE, *state)
        for name in names:
            if (folder / name).is_dir():
                reason = os.strerror(errno.EISDIR)
                raise IsADirectoryError(errno.EISDIR, reason, str(folder / name))
        for name in names:
            os.replace(sibling / name, folder / name)
    if state is None:
        (folder / STATE).unlink(missing_ok=True)
