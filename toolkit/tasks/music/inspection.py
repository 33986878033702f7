"""The report of ``inspect`` on pieces of music."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import RollCorpus
from toolkit.data.fingerprints import fingerprint
from toolkit.inspection.findings import Warnings, find_duplicates, length_summary, warn_of_bad_rows
from toolkit.music.rolls import LOWEST
from toolkit.tasks.music.prepared import PieceFacts, PreparedMusic

#: A share of silent frames, and of frames like the one before, of which the report warns.
MOST_SILENCE, MOST_HELD = 0.3, 0.98


def inspect_music(prepared: PreparedMusic, cost: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Report on pieces as a training would read them.

    Args:
        prepared: The encoded pieces.
        cost: Returns the cost of an epoch.

    Returns:
        Sections by name, of plain values: ``files``, ``lengths``, ``keys`` (range and polyphony),
        ``tempo``, ``metre``, ``duplicates``, ``training`` and ``warnings``.
    """
    warnings = Warnings()
    for reader in prepared.readers:
        warn_of_bad_rows(reader, "piece", warnings)
    parts: dict[str, RollCorpus] = {"training": prepared.train}
    facts = {"training": prepared.train_facts}
    if prepared.held_out is not None:
        parts["held_out"], facts["held_out"] = prepared.held_out, prepared.held_out_facts
    sizes = {name: len(corpus) for name, corpus in parts.items()}
    return {
        "files": [{"file": prepared.facts["data"], **sizes}],
        "lengths": {name: length_summary(c.lengths, "frames") for name, c in parts.items()},
        "keys": {name: _keys(name, corpus, warnings) for name, corpus in parts.items()},
        "tempo": {name: _tempo(of_part) for name, of_part in facts.items()},
        "metre": {name: _metre(of_part) for name, of_part in facts.items()},
        "duplicates": _duplicates(parts, facts, warnings),
        "training": cost(),
        "warnings": list(warnings),
    }


def _keys(name: str, corpus: RollCorpus, warnings: Warnings) -> dict[str, Any]:
    """Return which keys sound, and how many at once."""
    used, at_once = np.zeros(88, bool), np.zeros(89, np.int64)
    held = frames = 0
    for row in range(len(corpus)):
        roll = corpus.sequences[row]
        used |= roll.any(axis=0)
        at_once += np.bincount(roll.sum(axis=1, dtype=np.int64), minlength=89)
        held += int((roll[1:] == roll[:-1]).all(axis=1).sum())
        frames += len(roll)
    part = name.replace("_", "-")
    keys, silent = np.flatnonzero(used), at_once[0] / max(1, frames)
    report = {
        "lowest_pitch": int(keys[0]) + LOWEST,
        "highest_pitch": int(keys[-1]) + LOWEST,
        "different_keys": len(keys),
        "keys_at_once_mean": float(at_once @ np.arange(89) / max(1, frames)),
        "keys_at_once_max": int(np.flatnonzero(at_once)[-1]),
        "silent_share": float(silent),
        "unchanged_share": held / max(1, frames - len(corpus)),
    }
    if silent > MOST_SILENCE:
        warnings.add("silence", f"{silent:.0%} of the {part} frames are silent")
    if report["unchanged_share"] > MOST_HELD:
        warnings.add(
            "unchanged",
            f"{report['unchanged_share']:.0%} of the {part} frames are like the one before; read "
            "fewer steps a quarter",
        )
    return report


def _tempo(facts: tuple[PieceFacts, ...]) -> dict[str, Any]:
    """Return the tempos of pieces."""
    known = [each.tempo for each in facts if each.tempo is not None]
    report: dict[str, Any] = {"known": len(known), "unknown": len(facts) - len(known)}
    if known:
        report |= {"min": min(known), "median": float(np.median(known)), "max": max(known)}
    return report


def _metre(facts: tuple[PieceFacts, ...]) -> dict[str, Any]:
    """Return the number of pieces of each metre, and of those that change it."""
    named = Counter("unknown" if e.metre is None else f"{e.metre[0]}/{e.metre[1]}" for e in facts)
    return {**dict(named.most_common()), "changing": sum(each.metres > 1 for each in facts)}


def _duplicates(
    parts: Mapping[str, RollCorpus],
    facts: Mapping[str, tuple[PieceFacts, ...]],
    warnings: Warnings,
) -> dict[str, Any]:
    """Return the pieces that occur again, in any key."""
    prints = [
        fingerprint(_in_one_key(corpus.sequences[row]))
        for corpus in parts.values()
        for row in range(len(corpus))
    ]
    places = [
        f"{name.replace('_', '-')} {each.place}"
        for name, of_part in facts.items()
        for each in of_part
    ]

    def describe(pairs: NDArray[np.int64]) -> tuple[list[Any], str]:
        named = [[places[index] for index in pair] for pair in pairs.tolist()]
        return named, "; ".join(" and ".join(pair) for pair in named)

    found = find_duplicates(
        {"exact": np.array(prints, np.int64)},
        np.zeros(len(prints), np.int64),
        np.arange(len(prints)) >= len(parts["training"]),
        "piece",
        "",
        describe,
        warnings,
    )
    return {"in_any_key": {k: v for k, v in found["exact"].items() if k != "contradicting"}}


def _in_one_key(roll: NDArray[np.uint8]) -> bytes:
    """Return a roll as bytes, moved down as far as possible."""
    used = np.flatnonzero(roll.any(axis=0))
    lowest = int(used[0]) if len(used) else 0
    return np.packbits(np.roll(roll, -lowest, axis=1)).tobytes() + str(len(roll)).encode()
