"""The sections on how a run was trained: its course, its gradients, its data and its command."""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit import __version__
from toolkit.errors import ToolkitError, count
from toolkit.report.blocks import Block, Cell, Figure, Prose, Section, Table
from toolkit.report.shared import words
from toolkit.report.svg import picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most epochs that curves draw; of more, some between are left out.
MOST_EPOCHS = 300
#: The prefix of validation metrics in a history.
VALIDATION = "val_"
#: The longest command that is shown, in characters.
LONGEST_COMMAND = 20_000

History = Sequence[Mapping[str, float]]


def training_section(
    history: History, monitor: str | None, ending: str | None, kept: int | None
) -> Section:
    """Return the section on the course of a training.

    Args:
        history: A row for each epoch, as in ``history.csv``.
        monitor: The metric that chose the weights; None if there was no validation.
        ending: Why the training ended, and whose weights it kept; None if that is not known.
        kept: The epoch whose weights are kept; None for the last weights, or if it is not known.
    """
    if not history:
        return Section("training", "Training", [])
    blocks: list[Block] = [Prose(_course(history, ending))]
    curves = {"training loss": "loss", "validation log loss": f"{VALIDATION}log_loss"}
    blocks += _figure(history, "Losses", curves, "losses", kept)
    if monitor not in (None, "log_loss"):
        named = {f"validation {words(str(monitor))}": f"{VALIDATION}{monitor}"}
        blocks += _figure(history, "The metric that chose the weights", named, "monitor", kept)
    norms = {"mean": "gradient_norm", "largest": "gradient_norm_max"}
    title = "Norm of the gradient before clipping"
    blocks += _figure(history, title, norms, "norms", None, log=True)
    blocks.append(_epochs(history))
    return Section("training", "Training", blocks)


def _course(history: History, ending: str | None) -> str:
    """Return how a training went and why it ended."""
    seconds = sum(row.get("seconds", 0) for row in history)
    sentences = [f"{count(len(history), 'epoch')} in {seconds:,.0f} s."]
    if ending is not None:
        sentences.append(f"The training ended: {ending}.")
    clipped = [row["clipped_share"] for row in history if "clipped_share" in row]
    if clipped:
        share = f"{np.mean(clipped):.1%} of the steps had their gradient clipped"
        sentences.append(f"{share} ({clipped[-1]:.1%} in the last epoch).")
    skipped = sum(row.get("skipped_steps", 0) for row in history)
    if skipped:
        sentences.append(f"{count(int(skipped), 'step')} with an infinite gradient were skipped.")
    return " ".join(sentences)


def _figure(
    history: History,
    title: str,
    curves: Mapping[str, str],
    name: str,
    kept: int | None,
    log: bool = False,
) -> list[Block]:
    """Return a figure of some columns of a history; none where it has none of them."""
    rows = [row for row in history if any(column in row for column in curves.values())]
    if not rows:
        return []
    chosen = np.unique(np.linspace(0, len(rows) - 1, MOST_EPOCHS).round().astype(int)).tolist()
    found = {
        label: [(rows[n].get("epoch", n + 1), rows[n][c]) for n in chosen if c in rows[n]]
        for label, c in curves.items()
    }
    found = {label: points for label, points in found.items() if points}

    def draw(axes: "Axes") -> None:
        from matplotlib.ticker import MaxNLocator

        for label, points in found.items():
            axes.plot(*zip(*points, strict=True), label=label, marker=".", ms=4)
        if kept is not None:
            axes.axvline(kept, color="0.5", lw=1, ls=":", label="kept")
        if log and all(value > 0 for points in found.values() for _, value in points):
            axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(found) > 1 or kept is not None:
            axes.legend()

    ends = "; ".join(f"{n} from {p[0][1]:.4g} to {p[-1][1]:.4g}" for n, p in found.items())
    return [Figure(f"{title} by epoch", f"{title} by epoch: {ends}.", picture(draw, name))]


def _epochs(history: History) -> Table:
    """Return the table of all epochs, the latest first, since the last rows may be left out."""
    names = list(dict.fromkeys(name for row in history for name in row if name != "epoch"))
    rows: list[list[Cell]] = [
        [int(row.get("epoch", place)), *(row.get(name) for name in names)]
        for place, row in enumerate(history, 1)
    ]
    columns = ["epoch", *map(words, names)]
    return Table("Epochs, the latest first", columns, rows[::-1], sortable=True)


def gradient_section(
    diagnosis: Mapping[str, Any] | ToolkitError | None, texts: bool = True
) -> Section:
    """Return the section on gradients through time.

    Args:
        diagnosis: The result of a task's ``diagnose``, or why there is none; None for no section.
        texts: Whether texts of the data are shown, which may be quoted in the reason.
    """
    title = "Gradients through time"
    if diagnosis is None:
        return Section("gradients", title, [])
    if isinstance(diagnosis, ToolkitError):
        why = f": {diagnosis}" if texts else ""
        return Section("gradients", title, [Prose(f"They could not be computed{why}.")])
    flows = {
        name: {int(at): value for at, value in norms.items() if at != "far_to_near"}
        for name, norms in diagnosis["gradient_at_distance"].items()
    }

    def draw(axes: "Axes") -> None:
        for name, norms in flows.items():
            axes.plot([*norms], [value or np.nan for value in norms.values()], marker="o", ms=4)
            axes.lines[-1].set_label(name)
        axes.set_yscale("log")
        axes.set_xscale("symlog", linthresh=1)
        axes.set(xlabel="distance |t - k| in time steps", ylabel="norm of dJ(t)/dh(k)")
        axes.legend()

    distances = sorted({at for norms in flows.values() for at in norms})
    rows: list[list[Cell]] = [
        [name, *(_scientific(norms.get(at)) for at in distances)] for name, norms in flows.items()
    ]
    blocks: list[Block] = [
        Prose(
            "How much an earlier state changes a later loss, for some of the longest sequences: a "
            "curve that falls steeply is a gradient that vanishes, one that rises explodes."
        )
    ]
    if any(value and value > 0 for norms in flows.values() for value in norms.values()):
        listed = "; ".join(f"{row[0]}: {', '.join(map(str, row[1:]))}" for row in rows)
        blocks.append(
            Figure(
                "Norm of the gradient of a loss with respect to an earlier state, by distance",
                f"Norms by distance {', '.join(map(str, distances))}: {listed}.",
                picture(draw, "flow"),
            )
        )
    blocks.append(Table("The same figures", ["layer", *map(str, distances)], rows))
    blocks += [Prose(f"{warning['message']}.") for warning in diagnosis["warnings"]]
    return Section("gradients", title, blocks)


def _scientific(value: float | None) -> str | None:
    return None if value is None else f"{value:.2e}"


def findings_section(findings: Sequence[str]) -> Section:
    """Return the section of findings about the training data.

    Args:
        findings: Sentences.
    """
    rows: list[list[Cell]] = [[place, finding] for place, finding in enumerate(findings, 1)]
    blocks = [Table("Found while training; inspect finds more", ["", "finding"], rows)]
    return Section("findings", "Findings about the data", blocks if rows else [])


def origin_section(
    measured: str, facts: Mapping[str, Any], options: Mapping[str, Any], run: str, texts: bool
) -> Section:
    """Return the section on data, versions, settings, and the command that trains the run anew.

    Args:
        measured: What the metrics were measured on.
        facts: The facts of the run.
        options: Its options.
        run: The name of its folder.
        texts: Whether texts of the data are shown; else the command is left out, and the folders
            of files.
    """
    plain = _plain_cell if texts else _cell_without_folders
    rows: list[list[Cell]] = [["run", run], ["measured on", measured]]
    rows += [["training data", plain(str(facts.get("data", "unknown")))]]
    for name in ("rows", "validation", "validation_data", "init_from", "trained_epochs"):
        if facts.get(name) is not None:
            rows.append([words(name), plain(facts[name])])
    if options.get("data_licence"):
        rows.append(["licence of the data", str(options["data_licence"])])
    versions = {"recurrent-toolkit": __version__, "Python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    rows += [[name, number] for name, number in versions.items()]
    settings: list[list[Cell]] = [
        [words(name), plain(facts.get(name, value))]
        for name, value in options.items()
        if facts.get(name, value) is not None
    ]
    blocks: list[Block] = [
        Table("Data, and the versions that wrote this report", ["what", "value"], rows)
    ]
    if facts.get("command") and texts:
        blocks += [
            Prose("The command that trains this run anew:"),
            Prose(str(facts["command"])[:LONGEST_COMMAND], verbatim=True),
        ]
    blocks.append(Table("Settings", ["option", "value"], settings, sortable=True))
    return Section("origin", "Data, versions and command", blocks)


def _plain_cell(value: Any) -> Cell:
    """Return a value of a run's description as a cell."""
    return value if isinstance(value, int | float | bool | str | None) else str(value)


def _cell_without_folders(value: Any) -> Cell:
    """Return a value of a run's description as a cell, in which paths have no folders."""
    cell = _plain_cell(value)
    return without_folders(cell) if isinstance(cell, str) else cell


def without_folders(names: str) -> str:
    """Return the names of files, separated by commas, without their folders."""
    return ",".join(name.rstrip("/").rpartition("/")[2] for name in names.split(","))
