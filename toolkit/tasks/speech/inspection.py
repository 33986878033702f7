"""The report of ``inspect`` on recordings with transcripts."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import AudioExamples, Unreadable
from toolkit.data.audio.corpus import Recordings
from toolkit.data.audio.recording import open_recording
from toolkit.data.bad_rows import BadRowError
from toolkit.data.fingerprints import fingerprint
from toolkit.errors import count, shorten
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import (
    LISTED,
    Warnings,
    find_duplicates,
    length_summary,
    parts,
    warn_of_bad_rows,
)
from toolkit.options import option
from toolkit.tasks.speech.prepared import PreparedSpeech

#: The largest sample of 16 bits; a recording with this share of them, or more, is clipped.
FULL, CLIPPED_SHARE = 32_700, 0.001
#: The root mean square, as a share of the largest sample, below which a recording is silent.
SILENT = 1e-3


def inspect_speech(prepared: PreparedSpeech, cost: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Report on recordings as a training would read them.

    Args:
        prepared: The data of the training.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``recordings``, ``durations``,
        ``transcripts``, ``symbols``, ``duplicates``, ``training`` and ``warnings``.
    """
    files: Sequence[AudioExamples] = prepared.readers  # type: ignore[assignment]
    read, held_out = prepared.recordings, prepared.is_held_out
    warnings = Warnings()
    for examples in files:
        warn_of_bad_rows(examples, "row", warnings)
    sizes = [len(part.rows) for part in read]
    places = [
        f"{place} of {examples.source.name}" if len(files) > 1 else place
        for examples, part in zip(files, read, strict=True)
        for place in part.places
    ]
    rows = np.concatenate([part.rows for part in read])

    def describe(indices: NDArray[np.int64]) -> tuple[list[Any], str]:
        lines = indices.reshape(len(indices), -1).tolist()
        described = [" and ".join(places[number] for number in line) for line in lines]
        return rows[indices].tolist(), "; ".join(described)

    rate = prepared.settings.sample_rate
    lengths = np.concatenate([part.sequences.lengths for part in read])
    transcripts = [text for part in read for text in part.transcripts]
    levels = _levels(read)
    _warn_of_levels(levels, describe, warnings)
    _warn_of_speakers(read, held_out, warnings)
    _warn_of_unalignable(prepared, describe, warnings)
    masks = parts(held_out)
    milliseconds = np.round(1000 * lengths / rate).astype(np.int32)
    characters = np.array([len(text) for text in transcripts], np.int32)
    sides = np.split(held_out, np.cumsum(sizes)[:-1])
    return {
        "files": [
            {
                "file": examples.source.name,
                "rows": len(part.rows) + examples.bad_rows,
                "bad_rows": examples.bad_rows,
                "training": int((~side).sum()),
                "held_out": int(side.sum()),
            }
            for examples, part, side in zip(files, read, sides, strict=True)
        ],
        "recordings": _kinds(files),
        "durations": {part: length_summary(milliseconds[m], "ms") for part, m in masks.items()},
        "transcripts": {
            part: length_summary(characters[m], "characters") for part, m in masks.items()
        },
        "symbols": _symbols(prepared, transcripts, warnings),
        "duplicates": find_duplicates(
            {"exact": _fingerprints(read)},
            np.fromiter(map(fingerprint, transcripts), np.int64),
            held_out,
            "recording",
            "with more than one transcript",
            describe,
            warnings,
        ),
        "training": cost(),
        "warnings": list(warnings),
    }


def _kinds(files: Sequence[AudioExamples]) -> list[dict[str, Any]]:
    """Count the recordings by rate and number of channels, as the files have them."""
    kinds: Counter[tuple[int, int]] = Counter()
    for examples in files:
        for value in examples.values():
            with suppress(BadRowError):
                if not isinstance(value, Unreadable):
                    recording = open_recording(value, examples.rate)
                    kinds[recording.rate, recording.channels] += 1
    return [
        {"rate": rate, "channels": channels, "recordings": number}
        for (rate, channels), number in sorted(kinds.items())
    ]


def _levels(read: Sequence[Recordings]) -> NDArray[np.float64]:
    """Return the share of the largest samples and the root mean square of each, [N, 2]."""
    rows = []
    for part in read:
        for number in range(len(part.rows)):
            samples = part.sequences[number].astype(np.float64)
            rows.append(((np.abs(samples) >= FULL).mean(), np.sqrt((samples**2).mean()) / 2**15))
    return np.asarray(rows)


def _warn_of_levels(levels: NDArray[np.float64], describe: Any, warnings: Warnings) -> None:
    """Warn of recordings that are clipped, and of silent ones."""
    for kind, found, what in (
        ("clipping", levels[:, 0] >= CLIPPED_SHARE, "clipped, so that loud sounds are distorted"),
        ("silence", levels[:, 1] < SILENT, "so quiet that nothing may be heard"),
    ):
        which = np.flatnonzero(found)
        if len(which):
            rows, where = describe(which[:EXAMPLES])
            verb = "is" if len(which) == 1 else "are"
            warnings.add(kind, f"{count(len(which), 'recording')} {verb} {what} ({where})", rows)


def _warn_of_speakers(
    read: Sequence[Recordings], held_out: NDArray[np.bool_], warnings: Warnings
) -> None:
    """Warn of speakers that are both in the training and in the held-out part."""
    names = [name for part in read for name in part.names or [""] * len(part.rows)]
    sides: list[set[str]] = [set(), set()]
    for name, side in zip(names, held_out.tolist(), strict=True):
        sides[side].add(name)
    if shared := sorted((sides[0] & sides[1]) - {""}):
        warnings.add(
            "shared_groups",
            f"{count(len(shared), 'group')} both in the training and in the held-out part, so that "
            f"its metrics are better than those of new speakers: {shorten(shared)}",
        )


def _warn_of_unalignable(prepared: PreparedSpeech, describe: Any, warnings: Warnings) -> None:
    """Warn of recordings that are too short for their transcripts."""
    if len(prepared.unalignable):
        rows, where = describe(prepared.unalignable[:EXAMPLES])
        warnings.add(
            "unalignable",
            f"{count(len(prepared.unalignable), 'recording')} too short for so many symbols, which "
            f"CTC cannot align and a training leaves out ({where}); a smaller {option('stack')} "
            "makes more steps of them",
            rows,
        )


def _symbols(
    prepared: PreparedSpeech, transcripts: Sequence[str], warnings: Warnings
) -> dict[str, Any]:
    """Count the symbols; warn of those that occur once, and of those that are only held out."""
    layer, words = prepared.target_preprocessing, prepared.settings.symbols == "words"
    counts: list[Counter[str]] = [Counter(), Counter()]
    for text, side in zip(transcripts, prepared.is_held_out.tolist(), strict=True):
        counts[side].update(text.split() if words else text)
    once = sorted(symbol for symbol, number in counts[0].items() if number == 1)
    if once:
        warnings.add(
            "rare_symbols",
            f"{count(len(once), 'symbol')} in a single training transcript, from which they can "
            f"hardly be learnt: {shorten([repr(symbol) for symbol in once])}",
        )
    if unseen := sorted(counts[1].keys() - counts[0].keys()):
        warnings.add(
            "unseen_symbols",
            f"{count(len(unseen), 'symbol')} in held-out transcripts only, which no answer can "
            f"have: {shorten([repr(symbol) for symbol in unseen])}",
        )
    return {
        "kind": prepared.settings.symbols,
        "number": layer.vocabulary_size - 2,
        "in_training": sum(counts[0].values()),
        "commonest": [symbol for symbol, _ in counts[0].most_common(LISTED)],
    }


def _fingerprints(read: Sequence[Recordings]) -> NDArray[np.int64]:
    """Return a fingerprint of the samples of each recording [N]."""
    prints = (
        fingerprint(np.ascontiguousarray(part.sequences[number]).data)
        for part in read
        for number in range(len(part.rows))
    )
    return np.fromiter(prints, np.int64)
