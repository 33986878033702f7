"""The earlier run that a training goes on from, by ``--init-from`` or ``--more-epochs``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.pipeline import Pipeline
from pipelines.verbs.common import import_cell
from toolkit.data.options import inherit
from toolkit.errors import ModelError, OptionError
from toolkit.export import ARCHIVE, newest_version, read_asset, read_description, read_yaml
from toolkit.export.description import CONFIG_FILE
from toolkit.options import check_fixed
from toolkit.training import CHECKPOINT, set_threads


class EarlierRun(NamedTuple):
    """A run to go on from.

    Attributes:
        folder: Its folder.
        options: Its options.
        facts: Its facts.
        inherited: The names of the options that come from it and not with its own data.
    """

    folder: str
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    inherited: frozenset[str] = frozenset()


def earlier_values(pipeline: Pipeline, words: Any) -> dict[str, Any]:
    """Return the options of the run to go on from, which are those that are not given.

    With ``--more-epochs`` its data is among them. A cell of the user's own is not: the run may name
    any code.

    Args:
        pipeline: The pipeline.
        words: The words of the command line by option.

    Raises:
        ModelError: It is no run of this task, or has no ``model.keras``.
    """
    run = _read(pipeline, words)
    if run is None:
        return {}
    values = {k: v for k, v in run.options.items() if k != "cell" or ":" not in str(v)}
    if words.more_epochs is not None:
        data = {name: run.facts.get(name) for name in ("data", "validation_data")}
        values |= {name: value for name, value in data.items() if value}
    return values


def earlier_run(pipeline: Pipeline, options: Any, task_options: Any) -> EarlierRun | None:
    """Return the run to go on from, after checks; None if the training begins anew.

    Unless it goes on with its own data, the options that come from it are marked as inherited.

    Args:
        pipeline: The pipeline.
        options: The parsed options.
        task_options: The task's options among them, as their dataclass.

    Raises:
        ModelError: It is no run of this task, or has no ``model.keras``.
        OptionError: An option cannot be changed, or the folders do not suit.
    """
    if options.more_epochs is not None:
        if options.more_epochs < 0:
            raise OptionError(f"--more-epochs is {options.more_epochs}; it must be at least 0")
        if newest_version(options.output) is None:
            raise OptionError(
                f"{options.output} is no finished run; the same command without --more-epochs "
                "goes on with it"
            )
    elif options.init_from and Path(options.init_from).resolve() == Path(options.output).resolve():
        raise OptionError(
            "--init-from and --output are one folder; give another --output, or --more-epochs"
        )
    elif getattr(task_options, "epochs", None) == 0 and not options.init_from:
        raise OptionError("--epochs is 0; at least 1 is needed, but with --init-from")
    run = _read(pipeline, options)
    if run is None:
        return None
    check_fixed(task_options, run.options, run.facts)
    if options.more_epochs is not None and _has_own_data(run, options):
        return run
    run = run._replace(inherited=options.inherited)
    inherit(task_options, run.inherited, run.facts)
    return run


def load_earlier(pipeline: Pipeline, run: EarlierRun, values: Mapping[str, Any]) -> Any:
    """Return the task of the run to go on from, with new values of its options."""
    kind = pipeline.load_task()
    if threads := values.get("threads"):
        set_threads(threads)  # TensorFlow runs from the loading on
    if ":" in str(values.get("cell", "")):
        import_cell(values["cell"])
    task = kind.load(run.folder, archive=True)
    for name, value in values.items():
        setattr(task, name, value)
    inherit(task, run.inherited, run.facts)
    return task


def interrupted(run: Path) -> bool:
    """Return whether a finished run has the checkpoint of ``--more-epochs``."""
    return _training(run / CHECKPOINT).before > _training(run).before


def only_to_export(run: Path, epochs: int) -> bool:
    """Return whether ``--more-epochs`` has trained a run, and was ended before the export.

    Args:
        run: The run's folder.
        epochs: The number of epochs that are asked for.
    """
    begun, saved = _training(run / CHECKPOINT), _training(run)
    exported = _training(run / str(newest_version(run)) / "assets")
    return begun == saved != exported and begun.before > 0 and begun.epochs == epochs


def _has_own_data(run: EarlierRun, options: Any) -> bool:
    """Return whether a run goes on with the data that it was trained on."""
    names = ("data", "validation_data")
    return all(getattr(options, name) == run.facts.get(name) for name in names)


class _Training(NamedTuple):
    """The numbers of epochs before a training, and of those that it was asked for."""

    before: int
    epochs: Any


def _training(folder: Path) -> _Training:
    """Return the training of a folder's ``model.keras``, or else of its ``config.yaml``."""
    archive, path = folder / ARCHIVE, folder / CONFIG_FILE
    try:
        content = read_asset(archive, CONFIG_FILE) if archive.is_file() else None
        facts = read_yaml(path if content is None else archive, content)["facts"]
        return _Training(int(facts.get("epochs_before", 0)), facts.get("epochs"))
    except (ModelError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return _Training(-1, None)


def _read(pipeline: Pipeline, options: Any) -> EarlierRun | None:
    """Return the run that is named, if any."""
    folder = options.init_from
    if options.more_epochs is not None:
        if folder is not None:
            raise OptionError("--init-from and --more-epochs exclude each other")
        folder = options.output
    if folder is None:
        return None
    try:
        found = read_description(folder, pipeline.task.partition(":")[2], archive=True)
    except ModelError as error:
        name = "--init-from" if options.init_from else "--more-epochs"
        raise ModelError(f"{name}: {error}") from error
    return EarlierRun(folder, found["options"], found["facts"])
