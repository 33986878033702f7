"""Beam search over the texts of CTC that a language model helps to choose (shallow fusion)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: The log probability, 1 in 10,000, below which a symbol is not written at a step.
LEAST = float(np.log(1e-4))


class TextScores(Protocol):
    """Scores of texts beside the probability that CTC gives them, symbol by symbol.

    A text is any object; symbols are classes of CTC, 0 to S - 1.
    """

    def start(self) -> Any:
        """Return the empty text."""

    def gains(self, texts: Sequence[Any], likely: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return what each symbol adds to the score of each text [N, S]; -inf if it never follows.

        Args:
            texts: The texts [N].
            likely: Whether a symbol may be written after a text [N, S]; other gains are not used.
        """

    def after(self, texts: Sequence[Any], symbols: Sequence[int]) -> Sequence[Any]:
        """Return each text with one more symbol, of which ``gains`` has told the gain."""

    def ends(self, texts: Sequence[Any]) -> NDArray[np.float64]:
        """Return what the end adds to the score of each text [N]."""


class FusedText(NamedTuple):
    """A text that the search has found.

    Attributes:
        symbols: The classes of its symbols.
        steps: The step at which each is written.
        score: The log probability of all its paths, and what it has gained.
    """

    symbols: tuple[int, ...]
    steps: tuple[int, ...]
    score: float


@dataclass(frozen=True)
class _Prefix:
    """A prefix in the beam, with all that it has gained."""

    symbols: tuple[int, ...]
    steps: tuple[int, ...]
    text: Any
    gained: float


@dataclass
class _Beam:
    """The prefixes of one recording.

    Attributes:
        prefixes: The prefixes [K].
        blank: The log probability of all their paths that end in a blank [K].
        symbol: That of those that end in the last symbol [K].
    """

    prefixes: list[_Prefix]
    blank: NDArray[np.float64]
    symbol: NDArray[np.float64]


def fused_search(
    scores: Sequence[NDArray[np.floating[Any]]],
    size: int,
    texts: TextScores,
    least: float = LEAST,
) -> list[list[FusedText]]:
    """Return the best texts of each recording, at most ``size``, the best first.

    A prefix is kept once, with the sum of the probabilities of all its paths (Hannun et al. 2014,
    'First-Pass Large Vocabulary Continuous Speech Recognition', algorithm 1). Prefixes are ranked
    by the logarithm of this sum and by what ``texts`` adds to it. All recordings go on step by
    step together, so that a language model is asked for many prefixes at once.

    Args:
        scores: The log probabilities of the classes [T, S + 1] of each recording, the blank last.
        size: The number of prefixes that are kept.
        texts: The scores of texts.
        least: The log probability from which on a symbol is written at a step.
    """
    beams = _first(texts.start(), len(scores))
    for time in range(max(map(len, scores), default=0)):
        running = [number for number, each in enumerate(scores) if time < len(each)]
        known = [prefix.text for number in running for prefix in beams[number].prefixes]
        counts = [len(beams[number].prefixes) for number in running]
        likely = np.stack([scores[number][time, :-1] >= least for number in running])
        likely = np.repeat(likely, counts, axis=0)
        gains = np.where(likely, texts.gains(known, likely), -np.inf)
        parts = np.split(gains, np.cumsum(counts)[:-1])
        chosen = [
            _next(beams[number], scores[number][time].astype(np.float64), part, size)
            for number, part in zip(running, parts, strict=True)
        ]
        _write(texts, [beams[number] for number in running], chosen, time)
    ends = texts.ends([prefix.text for beam in beams for prefix in beam.prefixes])
    found = []
    for beam in beams:
        own, ends = ends[: len(beam.prefixes)], ends[len(beam.prefixes) :]
        gained = np.array([prefix.gained for prefix in beam.prefixes])
        totals = np.logaddexp(beam.blank, beam.symbol) + gained + own
        order = np.argsort(-totals, kind="stable").tolist()
        kept = [(beam.prefixes[place], float(totals[place])) for place in order]
        found.append([FusedText(each.symbols, each.steps, total) for each, total in kept])
    return found


def _first(start: Any, number: int) -> list[_Beam]:
    """Return beams of the empty text, which nothing else holds: a text may hold those after it."""
    prefix = _Prefix((), (), start, 0.0)
    return [_Beam([prefix], np.zeros(1), np.full(1, -np.inf)) for _ in range(number)]


class _Next(NamedTuple):
    """The prefixes that follow those of a beam.

    Attributes:
        parents: The place in the beam of the prefix that each continues [K].
        symbols: The symbol that each writes; -1 for none [K].
        gains: What it adds to the score [K].
        blank: As of ``_Beam``.
        symbol: As of ``_Beam``.
    """

    parents: list[int]
    symbols: list[int]
    gains: list[float]
    blank: NDArray[np.float64]
    symbol: NDArray[np.float64]


def _next(beam: _Beam, scores: NDArray[np.float64], gains: NDArray[np.float64], size: int) -> _Next:
    """Return the best prefixes after one more step.

    Args:
        beam: The prefixes [K].
        scores: The log probabilities of the classes at this step [S + 1].
        gains: What each symbol adds to the score of each prefix [K, S].
        size: The number of prefixes that are kept.
    """
    total = np.logaddexp(beam.blank, beam.symbol)
    last = np.array([each.symbols[-1] if each.symbols else -1 for each in beam.prefixes])
    places = {each.symbols: place for place, each in enumerate(beam.prefixes)}
    stays_blank = total + scores[-1]
    stays_symbol = np.where(last >= 0, beam.symbol + scores[last], -np.inf)
    grows = total[:, None] + scores[None, :-1]
    written = np.flatnonzero(last >= 0)
    grows[written, last[written]] = beam.blank[written] + scores[last[written]]
    for place in written.tolist():  # a prefix that grows into another one adds to that one
        parent = places.get(beam.prefixes[place].symbols[:-1])
        if parent is not None:
            added = grows[parent, last[place]]
            stays_symbol[place] = np.logaddexp(stays_symbol[place], added)
            grows[parent, last[place]] = -np.inf
    gained = np.array([each.gained for each in beam.prefixes])
    ranks = np.concatenate(
        [np.logaddexp(stays_blank, stays_symbol) + gained, (grows + gains + gained[:, None]).flat]
    )
    order = np.argsort(-ranks, kind="stable")[:size]
    order = order[ranks[order] > -np.inf]
    is_new = order >= len(last)
    parents, symbols = np.divmod(order - len(last), gains.shape[1])
    parents, symbols = np.where(is_new, parents, order), np.where(is_new, symbols, -1)
    return _Next(
        parents.tolist(),
        symbols.tolist(),
        np.where(is_new, gains[parents, symbols], 0.0).tolist(),
        np.where(is_new, -np.inf, stays_blank[parents]),
        np.where(is_new, grows[parents, symbols], stays_symbol[parents]),
    )


def _write(texts: TextScores, beams: Sequence[_Beam], chosen: Sequence[_Next], time: int) -> None:
    """Set beams to their next prefixes; all new texts are made at once."""
    new = [
        (beam.prefixes[parent].text, symbol)
        for beam, following in zip(beams, chosen, strict=True)
        for parent, symbol in zip(following.parents, following.symbols, strict=True)
        if symbol >= 0
    ]
    made = iter(texts.after([text for text, _ in new], [symbol for _, symbol in new]))
    for beam, following in zip(beams, chosen, strict=True):
        prefixes = []
        for parent, symbol, gain in zip(*following[:3], strict=True):
            before = beam.prefixes[parent]
            if symbol >= 0:
                before = _Prefix(
                    (*before.symbols, symbol),
                    (*before.steps, time),
                    next(made),
                    before.gained + gain,
                )
            prefixes.append(before)
        beam.prefixes, beam.blank, beam.symbol = prefixes, following.blank, following.symbol
