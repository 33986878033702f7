"""The sections that the reports of all tasks share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import count
from toolkit.evaluation import BootstrapOptions, Statistics
from toolkit.evaluation.bootstrap import intervals
from toolkit.evaluation.compare import compare_statistics
from toolkit.evaluation.report import WORST
from toolkit.report.answered import Answered
from toolkit.report.blocks import Block, Cell, Prose, Section, Table

#: Percentile intervals need about 1,000 resamples (Efron and Tibshirani 1993, section 13.6).
BOOTSTRAP = BootstrapOptions(resamples=1_000)
#: Of large data there are fewer resamples, but at least ``LEAST_RESAMPLES``, so that they add up at
#: most about this many numbers, for one or two seconds.
MOST_SUMMED, LEAST_RESAMPLES = 2_000_000_000, 200
#: Fewer examples have no intervals: these would look certain where the data says little.
FEWEST = 20
#: The most slices by length, and by names such as those of groups, the largest first.
BY_LENGTH, BY_NAME = 5, 50
#: The number of examples with different answers of two runs.
DIFFERING = 20


def words(name: str) -> str:
    """Return the name of a metric or an option in words."""
    return name.replace("_", " ")


def resampling(statistics: Statistics) -> BootstrapOptions | None:
    """Return the options of the bootstrap for some statistics; None for too few examples."""
    if len(statistics.rows) < FEWEST:
        return None
    affordable = MOST_SUMMED // max(1, statistics.rows.size)
    return replace(BOOTSTRAP, resamples=min(BOOTSTRAP.resamples, max(LEAST_RESAMPLES, affordable)))


def metrics_section(
    metrics: Mapping[str, Any], statistics: Statistics | None, answered: Answered | None
) -> Section:
    """Return the section of metrics, with bootstrap intervals and simple baselines.

    Args:
        metrics: The metrics of ``evaluate``.
        statistics: Their statistics; None for no intervals.
        answered: The answers; None for no baselines.
    """
    options = None if statistics is None else resampling(statistics)
    found = {} if statistics is None or options is None else intervals(statistics, options)
    baselines = {} if answered is None else answered.baselines
    columns = ["metric", "this run", *(["95 % from", "to"] if found else []), *baselines]
    rows: list[list[Cell]] = []
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            continue
        bounds: list[Cell] = []
        if found:
            interval = found.get(name)
            bounds = [None, None] if interval is None else [interval.low, interval.high]
        simple = [baseline.get(name) for baseline in baselines.values()]
        rows.append([words(name), value, *bounds, *simple])
    blocks: list[Block] = [Table("Metrics", columns, rows)]
    if statistics is not None:
        noun = "example" if answered is None else answered.noun
        said = f"Measured on {count(len(statistics.rows), noun)}"
        if options is None:
            said += f", which are too few for intervals: at least {FEWEST} are needed."
        else:
            said += (
                f". The intervals are those of the bootstrap: {options.confidence:.0%} of "
                f"{options.resamples:,} resamples of these lie between their bounds. They are "
                "about the luck of the test data, not of the seed."
            )
        blocks.append(Prose(said))
    blocks += _nested(metrics)
    return Section("metrics", "Metrics", blocks)


def _nested(metrics: Mapping[str, Any]) -> Iterator[Table]:
    """Yield tables of the metrics that are rows: those of classes, and lists of mappings."""
    per_class = metrics.get("per_class")
    if per_class:
        heads = list(next(iter(per_class.values())))
        rows = [[name, *figures.values()] for name, figures in per_class.items()]
        yield Table("Metrics of each class", ["class", *map(words, heads)], rows, sortable=True)


def slices_section(statistics: Statistics, answered: Answered, texts: bool) -> Section:
    """Return the section of metrics on parts of the data, by each of the keys.

    Args:
        statistics: The statistics of all examples.
        answered: The answers, with the keys of the examples.
        texts: Whether texts of the data are shown.
    """
    blocks = []
    for key, values in answered.keys.items():
        slices = by_number(np.asarray(values)) if _is_numeric(values) else by_name(values)
        hidden = key in answered.named and not texts
        rows: list[list[Cell]] = []
        for place, (name, chosen) in enumerate(slices, 1):
            sums = statistics.rows[chosen].sum(axis=0, dtype=np.float64)
            figures = [float(metric.of(sums)) for metric in statistics.metrics.values()]
            rows.append([str(place) if hidden else name, len(chosen), *figures])
        if len(rows) < 2:
            continue
        caption = f"By {key}"
        total = len({*values}) if not _is_numeric(values) else len(rows)
        if total > len(rows):
            caption += f": the {len(rows)} largest of {total:,}"
        heads = [key, f"{answered.noun}s", *map(words, statistics.metrics)]
        blocks.append(Table(caption, heads, rows, sortable=True))
    return Section("slices", "Slices of the data", blocks)


def _is_numeric(values: Sequence[Any]) -> bool:
    return np.issubdtype(np.asarray(values).dtype, np.number)


def by_number(values: NDArray[Any]) -> list[tuple[str, NDArray[np.intp]]]:
    """Return slices of examples by a number, about equally large, with their names.

    Args:
        values: A number of each example [N].
    """
    edges = np.quantile(values, np.linspace(0, 1, BY_LENGTH + 1)[1:-1], method="higher")
    part = np.searchsorted(np.unique(edges), values, side="left")
    found = []
    for number in np.unique(part):
        chosen = np.flatnonzero(part == number)
        low, high = values[chosen].min(), values[chosen].max()
        found.append((f"{low:,}" if low == high else f"{low:,} to {high:,}", chosen))
    return found


def by_name(values: Iterable[Any]) -> list[tuple[str, NDArray[np.intp]]]:
    """Return slices of examples by a name, the largest first, and at most ``BY_NAME``."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(str(value), []).append(place)
    ordered = sorted(places.items(), key=lambda item: -len(item[1]))[:BY_NAME]
    return [(name, np.array(chosen, np.intp)) for name, chosen in ordered]


def errors_section(
    answered: Answered,
    texts: bool,
    explained: Callable[[Sequence[int]], Sequence[Block]] = lambda _: (),
) -> Section:
    """Return the section of the worst errors.

    Args:
        answered: The answers.
        texts: Whether texts of the data are shown.
        explained: Returns the explanations of the answers with some numbers, the worst first.
    """
    if answered.graded:
        hardest = np.argsort(-answered.loss, kind="stable")[:WORST]
        title = answered.graded.capitalize()
        caption = f"{title}: {len(hardest)} of {count(len(answered.loss), answered.noun)}"
        shown = _shown(caption, answered, hardest, texts)
        return Section("errors", title, [shown, *explained(hardest.tolist())])
    wrong = int((answered.loss > 0).sum())
    worst = np.argsort(-answered.loss, kind="stable")[: min(WORST, wrong)]
    blocks: list[Block] = []
    if len(worst):
        of = f"{len(worst)} worst of {wrong:,}" if wrong > len(worst) else str(wrong)
        blocks = [
            Prose(f"{count(wrong, answered.noun)} of {len(answered.loss):,} wrong."),
            _shown(f"Errors: {of}", answered, worst, texts),
            *explained(worst.tolist()),
        ]
    return Section("errors", "Worst errors", blocks)


def _shown(
    caption: str,
    answered: Answered,
    numbers: NDArray[np.intp],
    texts: bool,
    other: Answered | None = None,
) -> Table:
    """Return a table of some examples, in the order of their numbers as they are given.

    Args:
        caption: Its caption.
        answered: The answers.
        numbers: Which examples; at least one.
        texts: Whether texts of the data are shown.
        other: The answers of another run, B, which get columns of their own where they differ.
    """
    order = sorted(numbers.tolist())
    place = {number: place for place, number in enumerate(order)}
    rows = answered.show(order)
    others = rows if other is None else other.show(order)
    columns: dict[str, list[Cell]] = {}
    for name in rows[0]:
        if name in answered.texts and not texts:
            continue
        sides = {"A": rows, "B": others} if any(map(_differ(name), rows, others)) else {"": rows}
        for side, of_side in sides.items():
            values = [of_side[place[number]].get(name) for number in numbers.tolist()]
            columns[f"{name} of {side}" if side else name] = values
    table = zip(range(1, len(numbers) + 1), *columns.values(), strict=True)
    return Table(caption, ["rank", *columns], [list(row) for row in table], sortable=True)


def _differ(name: str) -> Callable[[Mapping[str, Cell], Mapping[str, Cell]], bool]:
    """Return whether two rows differ in a column, as a function of them."""
    return lambda one, other: one.get(name) != other.get(name)


def beside_section(
    names: tuple[str, str],
    statistics: tuple[Statistics, Statistics],
    answered: tuple[Answered | None, Answered | None],
    texts: bool,
) -> Section:
    """Return the section that compares two runs on the same examples by the paired bootstrap.

    Args:
        names: What the runs are called.
        statistics: Those of both.
        answered: The answers of both.
        texts: Whether texts of the data are shown.

    Raises:
        DataError: The two runs read the data differently.
        ModelError: They have different metrics.
    """
    options = resampling(statistics[0])
    comparison = compare_statistics(*statistics, options or BOOTSTRAP)
    rows = [
        [
            words(name),
            *(result[field] for field in ("a", "b", "difference", "low", "high", "p_value")),
            _verdict(result),
        ]
        for name, result in comparison["metrics"].items()
    ]
    heads = ["metric", "A", "B", "B - A", "95 % from", "to", "p", "verdict"]
    caption = "Both runs on the same examples: paired bootstrap"
    if options is None:  # the differences alone
        heads, rows = heads[:4], [row[:4] for row in rows]
        caption = f"Both runs on the same examples, too few for intervals: {FEWEST} are needed"
    blocks: list[Block] = [
        Prose(f"A is this run, {names[0]}; B is the other run, {names[1]}."),
        Table(caption, heads, rows),
    ]
    a, b = answered
    if a is not None and b is not None:
        change = b.loss - a.loss
        for title, sign in (("A is better", 1), ("B is better", -1)):
            better = np.argsort(-sign * change, kind="stable")[:DIFFERING]
            better = better[sign * change[better] > 1e-9]
            if not len(better):
                continue
            number = int((sign * change > 1e-9).sum())
            caption = f"{title}: {len(better)} of {count(number, a.noun)}"
            blocks.append(_shown(caption, a, better, texts, b))
    return Section("beside", "Beside another run", blocks)


def _verdict(result: Mapping[str, Any]) -> str:
    if result["better"] is None:
        return "equal"
    certain = "more than chance" if result["more_than_chance"] else "may be chance"
    return f"{result['better'].upper()} is better, {certain}"
