"""The report on a run, of what its task knows and of its answers to labelled data."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.errors import ToolkitError
from toolkit.evaluation import NOTHING, Statistics
from toolkit.files import atomic_write
from toolkit.report.answered import Answered
from toolkit.report.blocks import Block, Prose, Report, Section
from toolkit.report.classes import confusion_table
from toolkit.report.page import report_page
from toolkit.report.shared import (
    beside_section,
    errors_section,
    metrics_section,
    slices_section,
)
from toolkit.report.training import (
    findings_section,
    gradient_section,
    origin_section,
    training_section,
    without_folders,
)
from toolkit.tasks.explaining.errors import explained_errors
from toolkit.tasks.outcomes import Outcomes

#: What stands in the place of explanations in the report of a training, which they would delay.
NOT_EXPLAINED = Prose("report RUN --data DATA explains the worst of these answers.")


class Measured(NamedTuple):
    """Answers of a run to labelled data.

    Attributes:
        on: What the data is, in words.
        outcomes: The answers.
        metrics: Their metrics.
    """

    on: str
    outcomes: Outcomes
    metrics: Mapping[str, Any]


class Other(NamedTuple):
    """Another run's answers to the same data.

    Attributes:
        name: What it is called.
        folder: Its folder; None if it has none.
        outcomes: Its answers.
    """

    name: str
    folder: Path | None
    outcomes: Outcomes


def write_run_report(
    path: Path,
    task: Any,
    measured: Measured | None,
    texts: bool,
    beside: Other | None = None,
    diagnosis: Mapping[str, Any] | ToolkitError | None = None,
    explain: bool = False,
) -> None:
    """Write the report on a run as one HTML file.

    Args:
        path: The file; it is written whole or not at all.
        task: The task, which has learnt.
        measured: Its answers to labelled data; None for those metrics that the run has kept.
        texts: Whether texts of the data are shown.
        beside: Another run's answers to the same data.
        diagnosis: The result of the task's ``diagnose``, or why there is none.
        explain: Whether the worst errors are explained, if the task has ``explain``.
    """
    facts, run = task.facts, task.run_folder
    history = task.history or ([] if run is None else read_history(run))
    monitor = facts.get("monitor") or _kept_by(history, task)
    options = task._task_options()
    names = [task.run_name]
    if beside is not None:
        names.append(beside.name)
        if names[0] == names[1] and texts and run and beside.folder:
            names = [str(folder.resolve()) for folder in (run, beside.folder)]
    sections: list[Section] = []
    if measured is None:
        on = f"the held-out part: {facts.get('validation', 'none')}"
        sections += [metrics_section(task.metrics, None, None), *_kept_classes(task)]
    else:
        on = measured.on if texts else without_folders(measured.on)
        sections += _measured_sections(task, measured, texts, explain, names, beside)
    sections += [
        training_section(history, monitor, facts.get("ending"), facts.get("kept_epoch")),
        gradient_section(diagnosis, texts),
        findings_section(facts.get("findings", ())),
        origin_section(on, facts, options, names[0], texts),
    ]
    words = task._card_words()["task"]
    report = Report(f"Report on {names[0]}", f"{words} Measured on {on}.", texts, sections)
    atomic_write(path, report_page(report))


def _measured_sections(
    task: Any,
    measured: Measured,
    texts: bool,
    explain: bool,
    names: Sequence[str],
    beside: Other | None,
) -> list[Section]:
    """Return the sections on a run's answers."""
    facts, outcomes = task.facts, measured.outcomes
    statistics: Statistics = outcomes.paired_statistics()
    answered: Answered | None = outcomes.answered(facts)
    sections = [metrics_section(measured.metrics, statistics, answered)]
    if beside is not None:
        other = beside.outcomes
        pair = statistics, other.paired_statistics()
        both = answered, other.answered(facts)
        sections.append(beside_section((names[0], names[1]), pair, both, texts))
    sections += outcomes.sections(texts)
    if answered is not None:

        def explained(numbers: Sequence[int]) -> Sequence[Block]:
            if not (texts and task.EXPLAINS and answered.asked):
                return ()
            return explained_errors(task, answered, numbers) if explain else [NOT_EXPLAINED]

        sections += [
            slices_section(statistics, answered, texts),
            errors_section(answered, texts, explained),
        ]
    return sections


def _kept_classes(task: Any) -> list[Section]:
    """Return the section on the confusions among the metrics that a run has kept."""
    confusion = task.metrics.get("confusion")
    if not confusion:
        return []
    names = [*task.classes, NOTHING][: len(confusion)]
    return [Section("classes", "Classes", [confusion_table(confusion, names)])]


def _kept_by(history: Any, task: Any) -> str | None:
    """Return the metric that chose the weights of a run that does not name it."""
    names = {name for row in history for name in row}
    known = (name for name in task._monitors() if f"val_{name}" in names)
    return next(known, None)


def shows_texts(task: Any) -> bool:
    """Return whether reports on a task show texts of the data, as its training was told."""
    return task.facts.get("texts") is not False


def data_words(data: Any) -> str:
    """Return what labelled data is called."""
    name = data if isinstance(data, str | Path) else getattr(data, "name", None)
    return str(name) if isinstance(name, str | Path) else "data in memory"


def read_history(folder: Path) -> list[dict[str, float]]:
    """Return the rows of a run's ``history.csv``; none where it is missing or damaged."""
    try:
        with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
            return [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError):
        return []
