"""The files that ``save`` writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.export import ARCHIVE, add_assets
from toolkit.files import with_filename, written_together
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
    with written_together(folder, over=True) as hidden:
        with with_filename(folder / ARCHIVE):
            model.save(hidden / ARCHIVE)
            add_assets(hidden / ARCHIVE, assets)
        for name, content in texts.items():
            with with_filename(folder / name):
                (hidden / name).write_text(content, encoding="utf-8", newline="")
        if state is not None:
            with with_filename(folder / STATE):
                write_state(hidden / STATE, *state)
    if state is None:
        (folder / STATE).unlink(missing_ok=True)
