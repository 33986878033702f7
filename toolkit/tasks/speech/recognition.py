"""Recognition of recordings of any length: long ones in pieces that overlap."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from toolkit.audio.frames import Framing
from toolkit.data.audio.recording import Recording

#: The length in seconds of a piece; and of what is read of it at least at either side of what is
#: answered, since a network knows little of a word that is cut.
PIECE, OVERLAP = 30.0, 2.0
#: How much more the time between two spaces counts than that from them to the middle.
APART = 4.0
#: The duration in seconds from which on a time without characters is a pause between words.
PAUSE = 0.5
#: The most samples that wait to be answered, and the most of a batch, padding included.
WAITING, SAMPLES = 16_000_000, 4_000_000
#: The most pieces of a batch.
BATCH = 128

Answer = TypeVar("Answer")

#: A symbol with its start and end in seconds.
Symbol = tuple[str, float, float]


@dataclass
class Spoken:
    """The answer to a recording, put together of those to its pieces.

    Attributes:
        symbols: The symbols; of the last piece all, to its end.
        scores: The log probability of each piece: the mean over its steps, or of a beam that of the
            text; with the duration that counts.
        texts: The text of each piece.
        beam: The texts of the last piece with their scores, of a beam search.
        seconds: The duration of the recording.
    """

    symbols: list[Symbol] = field(default_factory=list)
    scores: list[tuple[float, float]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    beam: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The log probability of all pieces: the mean of means, or the sum."""
        if self.beam or len(self.scores) == 1:
            return sum(score for score, _ in self.scores)
        return sum(s * d for s, d in self.scores) / sum(d for _, d in self.scores)


@dataclass(frozen=True)
class Piece:
    """A piece of a recording.

    Attributes:
        samples: Its samples, int16 [N].
        offset: The time of its first sample.
        start: The time from which on it counts, in the middle of what the one before also has.
        stop: The time at which it stops to count.
    """

    samples: NDArray[np.int16]
    offset: float = 0.0
    start: float = 0.0
    stop: float = np.inf


def pieces(recording: Recording, framing: Framing) -> Iterator[Piece]:
    """Yield the pieces of a recording, a whole number of steps apart; of a short one itself.

    Args:
        recording: The recording.
        framing: The steps, and the samples a second of the pieces.

    Raises:
        BadRowError: It cannot be decoded.
    """
    louder, end, rate = recording.gain(), recording.seconds, framing.rate
    if end <= PIECE:
        yield Piece(recording.samples(rate, louder=louder))
        return
    step = framing.step_seconds
    apart = max(1, int((PIECE - 2 * OVERLAP) / step))
    inner, overlap = apart * step, round((PIECE / step - apart) / 2) * step
    last = int(np.ceil((end - PIECE) / inner))
    for number in range(last + 1):
        offset = number * inner
        stop = end if number == last else offset + PIECE
        samples = recording.samples(rate, offset, stop, louder)
        start = offset + overlap if number else 0.0
        yield Piece(samples, offset, start, np.inf if number == last else offset + inner + overlap)


def joined(before: Sequence[Symbol], after: Sequence[Symbol], middle: float) -> list[Symbol]:
    """Return the symbols of two pieces that overlap, those of the overlap once.

    The times of a symbol in the pieces differ a little. So characters are cut at a space of each,
    near to each other and to the middle. Words, and characters without spaces there, are cut in
    the longest time in which neither piece has any. What comes before the cut ends before what
    comes after it begins.

    Args:
        before: The symbols of the first piece.
        after: Those of the second.
        middle: The middle of the overlap, in seconds.
    """
    low, high = middle - OVERLAP / 2, middle + OVERLAP / 2
    one, other = (
        [
            number
            for number, (symbol, start, _) in enumerate(piece)
            if not symbol.strip() and low <= start <= high
        ]
        for piece in (before, after)
    )
    if one and other:

        def distance(places: tuple[int, int]) -> float:
            first, second = before[places[0]][1], after[places[1]][1]
            return abs(first - middle) + APART * abs(first - second)

        last, first = min(itertools.product(one, other), key=distance)
        kept, added = before[:last], after[first:]
    else:
        starts = (start for _, start, _ in (*before, *after) if low < start < high)
        times = sorted((low, *starts, high))
        left, right = max(itertools.pairwise(times), key=lambda pair: pair[1] - pair[0])
        cut = (left + right) / 2
        kept = [each for each in before if each[1] < cut]
        added = [each for each in after if each[1] >= cut]
        has_spaces = any(not symbol.strip() for symbol, _, _ in (*before, *after))
        if has_spaces and right - left >= PAUSE:
            added = [(" ", cut, cut), *added]
    until = added[0][1] if added else np.inf
    return [*((s, min(start, until), min(end, until)) for s, start, end in kept), *added]


class InPieces(ABC, Generic[Answer]):
    """The answering of recordings in pieces; those of short ones are answered together.

    Args:
        framing: The steps of the model.
        ask: Answers ``audio`` [B, N] and ``length`` [B] as a signature.
    """

    def __init__(self, framing: Framing, ask: Callable[..., dict[str, Any]]) -> None:
        self.framing = framing
        self._ask = ask
        self._waiting: list[tuple[Answer, Piece]] = []
        self._size = 0

    def begin(self, recording: Recording, answer: Answer) -> Answer:
        """Begin to answer a recording; ``finish`` completes its answer, which is returned.

        Raises:
            BadRowError: It cannot be decoded.
        """
        added = len(self._waiting)
        try:
            for piece in pieces(recording, self.framing):
                self._waiting.append((answer, piece))
                self._size += len(piece.samples)
                if self._size > WAITING:
                    self.finish()
                    added = 0
        except Exception:
            del self._waiting[added:]
            raise
        return answer

    def finish(self) -> None:
        """Answer what waits."""
        answers: dict[int, tuple[dict[str, Any], int]] = {}
        lengths = np.array([len(piece.samples) for _, piece in self._waiting], np.int32)
        for rows in batches(lengths):
            audio = np.zeros((len(rows), max(1, lengths[rows].max(initial=0))), np.float32)
            for line, row in zip(audio, rows, strict=True):
                line[: lengths[row]] = self._waiting[row][1].samples / np.float32(2**15)
            outputs = self._ask(audio=audio, length=lengths[rows])
            answers |= {row: (outputs, place) for place, row in enumerate(rows.tolist())}
        for row, (answer, piece) in enumerate(self._waiting):
            self._put(answer, piece, *answers[row])
        self._waiting, self._size = [], 0

    @abstractmethod
    def _put(self, answer: Answer, piece: Piece, outputs: dict[str, Any], place: int) -> None:
        """Add the answer to a piece to that to its recording.

        Args:
            answer: The answer to the recording.
            piece: The piece.
            outputs: The outputs for its batch.
            place: The row of the piece in them.
        """


class Recognition(InPieces[Spoken]):
    """The recognition of recordings one after the other.

    Args:
        framing: The steps of the model.
        word_by_word: Whether a symbol is a word rather than a character.
        ask: Answers ``audio`` [B, N] and ``length`` [B] as the signature ``align`` or ``beam``.
    """

    def __init__(
        self, framing: Framing, word_by_word: bool, ask: Callable[..., dict[str, Any]]
    ) -> None:
        super().__init__(framing, ask)
        self.space = " " if word_by_word else ""

    def add(self, recording: Recording) -> Spoken:
        """Begin to answer a recording; ``finish`` completes its answer.

        Raises:
            BadRowError: It cannot be decoded.
        """
        return self.begin(recording, Spoken(seconds=recording.seconds))

    def text(self, spoken: Spoken) -> str:
        """Return the text of an answer."""
        if len(spoken.texts) == 1:
            return spoken.texts[0]
        return " ".join(self.space.join(symbol for symbol, _, _ in spoken.symbols).split())

    def words(self, spoken: Spoken) -> list[dict[str, Any]]:
        """Return the words of an answer, each with its ``start`` and ``end`` in seconds."""
        return words_of(spoken.symbols, bool(self.space))

    def plain(self, spoken: Spoken, words: bool, n_best: int) -> dict[str, Any]:
        """Return an answer as plain values, as ``SpeechRecognizer.predict`` does."""
        answer: dict[str, Any] = {"text": self.text(spoken), "score": spoken.score}
        if n_best > 1:
            beam = {answer["text"]: spoken.score} if len(spoken.texts) > 1 else spoken.beam
            best = sorted(beam.items(), key=lambda item: -item[1])[:n_best]
            answer |= {"texts": [text for text, _ in best], "scores": [s for _, s in best]}
        if words:
            answer |= {"words": self.words(spoken), "seconds": round(spoken.seconds, 3)}
        return answer

    def _put(self, answer: Spoken, piece: Piece, outputs: dict[str, Any], place: int) -> None:
        spoken, seconds = answer, len(piece.samples) / self.framing.rate
        duration = min(piece.stop, piece.offset + seconds) - piece.start
        if "texts" in outputs:
            texts, scores = (outputs[name][place].tolist() for name in ("texts", "scores"))
            text, score = texts[0], scores[0]
            spoken.beam = dict(zip(reversed(texts), reversed(scores), strict=True))
        else:
            text, score = outputs["text"][place], outputs["score"][place]
        spoken.scores.append((float(score), max(duration, 1e-6)))
        spoken.texts.append(str(text))
        spans = (outputs[name][place].tolist() for name in ("symbol", "start", "end"))
        found: list[Symbol] = [
            (symbol, round(piece.offset + start, 3), round(piece.offset + end, 3))
            for symbol, start, end in zip(*spans, strict=True)
            if symbol
        ]
        if len(spoken.texts) > 1:
            first = len(spoken.symbols)
            while first and spoken.symbols[first - 1][1] >= piece.offset:
                first -= 1
            found = joined(spoken.symbols[first:], found, piece.start)
            del spoken.symbols[first:]
        spoken.symbols += found


def words_of(symbols: Iterable[Symbol], word_by_word: bool) -> list[dict[str, Any]]:
    """Return the words of symbols, each with its ``start`` and ``end`` in seconds.

    Args:
        symbols: The symbols in order.
        word_by_word: Whether each is a word rather than a character.
    """
    words: list[dict[str, Any]] = []
    inside = False
    for symbol, start, end in symbols:
        if word_by_word or not inside:
            words.append({"word": "", "start": start, "end": end})
        inside = bool(symbol.strip())
        words[-1] |= {"word": words[-1]["word"] + symbol.strip()} | ({"end": end} if inside else {})
    return [word for word in words if word["word"]]


def batches(lengths: NDArray[np.int32]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of batches of similar lengths, the shortest first."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        sizes = lengths[order[start : start + BATCH]]
        padded = sizes * np.arange(1, len(sizes) + 1, dtype=np.int64)
        stop = start + max(1, int(np.searchsorted(padded, SAMPLES, side="right")))
        yield order[start:stop]
        start = stop


def arriving_text(
    step: Callable[..., dict[str, Any]], sizes: Mapping[str, int], parts: Iterable[Any]
) -> Iterator[str]:
    """Yield what each part of a recording adds to its text.

    Args:
        step: Answers as the signature ``step``.
        sizes: The sizes of its states by name.
        parts: The samples as they arrive, arrays [N] of floats from -1 to 1, or of 16 bits.
    """
    before: dict[str, Any] = {name: np.zeros((1, size)) for name, size in sizes.items()}
    before |= {"tail": np.zeros((1, 0)), "last": [0]}
    for part in parts:
        samples = np.asarray(part)
        scale = 2.0**15 if samples.dtype.kind == "i" else 1.0
        outputs = step(audio=samples[None] / scale, **before)
        before.update({name: outputs[name] for name in before})
        yield str(outputs["text"][0])
