"""The report of ``inspect`` on labelled series."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import FrameFormat, PackedCorpus, SeriesExamples
from toolkit.data.fingerprints import fingerprint
from toolkit.data.labels import class_name
from toolkit.data.series.columns import group_column
from toolkit.data.sources.source import is_missing
from toolkit.errors import DataError, count, quoted, shorten
from toolkit.inspection.channel_reading import SCALE_FACTOR, ChannelSums, find_other_scales
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import Warnings, length_summary, parts
from toolkit.inspection.labelled_rows import InspectedRows
from toolkit.options import option
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.sequences.inspected_frames import inspect_frames

#: The number of frames above which a series is very long for a recurrent network.
MANY_FRAMES = 10_000
#: What messages call the two parts.
PARTS = ("the training part", "the held-out part")


def inspect_series(prepared: Prepared, cost: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Report on labelled series as a training would read them.

    Args:
        prepared: The data of the training.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``labels``, ``lengths``, ``duplicates``,
        ``channels`` or, of videos, ``frames``, ``training`` and ``warnings``.
    """
    train, held_out = prepared.train, prepared.held_out
    files: Sequence[SeriesExamples] = prepared.readers  # type: ignore[assignment]
    corpora = [train] if held_out is None else [train, held_out]
    in_held_out = np.arange(sum(map(len, corpora))) >= len(train)
    inspected = InspectedRows(
        files=files,
        file=in_held_out.astype(np.int64) if len(files) > 1 else np.zeros(len(in_held_out), int),
        rows=np.concatenate([corpus.rows for corpus in corpora]),
        held_out=in_held_out,
        labels=np.concatenate([corpus.labels for corpus in corpora]),
        encoder=train.encoder,
        what="sequence",
    )
    warnings = Warnings()
    for examples in files:
        _warn_of_layout(examples, warnings)
    groups = _groups(files, inspected)
    _warn_of_shared_groups(groups, in_held_out, warnings)
    in_training_file = {group for group, n in zip(groups, inspected.file, strict=True) if not n}
    lengths = np.concatenate([corpus.lengths for corpus in corpora])
    content: dict[str, Any]
    frames = FrameFormat.of(prepared.settings)
    if frames is not None:
        content = {"frames": inspect_frames(frames, inspected, corpora, warnings)}
    else:
        content = {"channels": _inspect_channels(prepared, corpora, groups, in_held_out, warnings)}
    return {
        "files": inspected.file_report(len(in_training_file - {""}) or None, warnings),
        "labels": inspected.label_report(warnings),
        "lengths": _lengths(inspected, lengths, warnings),
        "duplicates": inspected.find_duplicates(
            {"exact": _fingerprints(corpora)},
            np.unique(inspected.labels, axis=0, return_inverse=True)[1].ravel(),
            warnings,
        ),
        **content,
        "training": cost(),
        "warnings": list(warnings),
    }


def _groups(files: Sequence[SeriesExamples], inspected: InspectedRows) -> list[str]:
    """Return the group of each series, such as its subject; empty where none is named.

    They are read anew: a training reads the groups of what it splits, not of validation data.
    """
    by_file = [_groups_by_row(examples) for examples in files]
    pairs = zip(inspected.file.tolist(), inspected.rows.tolist(), strict=True)
    return [by_file[file].get(row, "") for file, row in pairs]


def _groups_by_row(examples: SeriesExamples) -> dict[int, str]:
    """Return the groups of a file, by row."""
    column = None
    with suppress(DataError):  # validation data may lack the column that was chosen
        column = group_column(examples.source, examples.options)
    if column is None:
        return {}
    values = ((record.row, record.values.get(column)) for record in examples.source.records())
    return {row: class_name(value) for row, value in values if not is_missing(value)}


def _inspect_channels(
    prepared: Prepared,
    corpora: Sequence[PackedCorpus],
    groups: Sequence[str],
    in_held_out: NDArray[np.bool_],
    warnings: Warnings,
) -> list[dict[str, Any]]:
    """Return the figures of the channels; warn of those on other scales and of those without use.

    Args:
        prepared: The data of the training.
        corpora: The training part and, if any, the held-out part.
        groups: The group of each series [N]; empty where none is named.
        in_held_out: Whether it is in the held-out part [N].
        warnings: The warnings to add to.
    """
    names = prepared.preprocessing.channels
    is_grouped = any(groups)
    named = [group or "no group" for group in groups]
    places = named if is_grouped else [PARTS[side] for side in in_held_out.tolist()]
    sums, by_place = _channel_sums(corpora, places)
    if is_grouped or len(prepared.readers) > 1:
        _warn_of_scales(names, by_place, "group" if is_grouped else "part", warnings)
    return _channels(names, sums, warnings)


def _channel_sums(
    corpora: Sequence[PackedCorpus], places: Sequence[str]
) -> tuple[ChannelSums, dict[str, ChannelSums]]:
    """Return the sums of the channels in the training part, and in each place of both parts.

    Args:
        corpora: The training part and, if any, the held-out part.
        places: The group or the part of each series [N].
    """
    channels = corpora[0].sequences.values.shape[1]
    training = ChannelSums(channels)
    by_place = {place: ChannelSums(channels) for place in places}
    remaining = iter(places)
    for number, corpus in enumerate(corpora):
        for index in range(len(corpus)):
            frames = corpus.sequences[index]
            by_place[next(remaining)].add(frames)
            if not number:
                training.add(frames)
    return training, by_place


def _channels(names: Sequence[str], sums: ChannelSums, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the figures of each channel in the training part; warn of those that tell nothing."""
    missing = sums.known == 0
    constant = ~missing & (sums.low == sums.high)
    for mask, kind, what in (
        (missing, "missing_channels", "without any value"),
        (constant, "constant_channels", "constant"),
    ):
        if mask.any():
            listed = [names[channel] for channel in np.flatnonzero(mask).tolist()]
            warnings.add(
                kind,
                f"{count(len(listed), 'channel')} {what} in the training part, so that nothing can "
                f"be learnt from {'it' if len(listed) == 1 else 'them'}: {shorten(listed)}",
            )
    rows: list[dict[str, Any]] = []
    for channel, name in enumerate(names):
        figures = {
            "mean": sums.means[channel],
            "deviation": sums.deviations[channel],
            "min": sums.low[channel],
            "max": sums.high[channel],
        }
        known = not missing[channel]
        rows.append(
            {"channel": name}
            | {figure: float(value) if known else None for figure, value in figures.items()}
            | {"missing_share": float(1 - sums.known[channel] / sums.steps)}
        )
    return rows


def _warn_of_scales(
    names: Sequence[str], by_place: Mapping[str, ChannelSums], place: str, warnings: Warnings
) -> None:
    """Warn of channels on another scale in some groups, or in one part.

    Args:
        names: The names of the channels.
        by_place: The sums of each group or part.
        place: Which of them: ``group`` or ``part``.
        warnings: The warnings to add to.
    """
    if others := find_other_scales(by_place):
        first = others[0]
        channels = [names[channel] for channel in sorted({other.channel for other in others})]
        places = list(dict.fromkeys(other.place for other in others))
        warnings.add(
            "scales",
            f"{count(len(channels), 'channel')} ({shorten(channels)}) on another scale, by more "
            f"than {SCALE_FACTOR:g} times, in {count(len(places), place)} ({shorten(places)}): the "
            f"{first.measure} of {quoted(names[first.channel])} is {first.scale:.3g} in "
            f"{first.place} and {first.usual:.3g} in {first.usual_place}; are all in the same "
            "units, such as metres?",
        )


def _warn_of_layout(examples: SeriesExamples, warnings: Warnings) -> None:
    """Warn where the order of the axes was guessed to be [channels, time]."""
    if examples.channels_first and examples.options.layout == "auto":
        warnings.add(
            "channels_first",
            f"{examples.source.name}: series are taken for [channels, time] by their shapes, with "
            f"{count(examples.channels, 'channel')}; if they are [time, channels], set "
            f"{option('layout', 'time_first')}",
        )


def _warn_of_shared_groups(
    groups: Sequence[str], held_out: NDArray[np.bool_], warnings: Warnings
) -> None:
    """Warn of groups that are both in the training and in the held-out part."""
    sides: list[set[str]] = [set(), set()]
    for group, side in zip(groups, held_out.tolist(), strict=True):
        sides[side].add(group)
    if shared := sorted((sides[0] & sides[1]) - {""}):
        warnings.add(
            "shared_groups",
            f"{count(len(shared), 'group')} both in the training and in the held-out part, so that "
            "its metrics are better than those of new groups such as subjects: "
            f"{shorten(shared)}",
        )


def _lengths(
    inspected: InspectedRows, lengths: NDArray[np.int32], warnings: Warnings
) -> dict[str, Any]:
    """Return the numbers of frames; warn of series of one frame and of very long ones."""
    single = np.flatnonzero(lengths == 1)
    if len(single):
        rows, where = inspected.describe(single[:EXAMPLES])
        warnings.add(
            "single_frames", f"{count(len(single), 'sequence')} of a single frame ({where})", rows
        )
    long = np.flatnonzero(lengths > MANY_FRAMES)
    if len(long):
        longest = long[np.argsort(-lengths[long], kind="stable")]
        rows, where = inspected.describe(longest[:EXAMPLES])
        warnings.add(
            "long_sequences",
            f"{count(len(long), 'sequence')} of more than {MANY_FRAMES:,} frames, the longest of "
            f"{lengths[longest[0]]:,} ({where}): a network remembers little over so many; cut "
            f"them, or read fewer frames by {option('stride')}",
            rows,
        )
    masks = parts(inspected.held_out)
    return {part: length_summary(lengths[mask], "frames") for part, mask in masks.items()}


def _fingerprints(corpora: Sequence[PackedCorpus]) -> NDArray[np.int64]:
    """Return a fingerprint of the values of each series [N]."""
    prints = (
        fingerprint(np.ascontiguousarray(corpus.sequences[index]).data)
        for corpus in corpora
        for index in range(len(corpus))
    )
    return np.fromiter(prints, np.int64)
