"""Alignment of recordings with their transcripts: the times of each word and symbol."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.audio.alignment import forced_path
from toolkit.audio.ctc import steps_needed
from toolkit.audio.frames import Framing
from toolkit.data.audio.examples import AudioExample
from toolkit.data.audio.recording import Recording
from toolkit.data.bad_rows import BadRowError
from toolkit.errors import count, quoted, shorten
from toolkit.tasks.speech.recognition import InPieces, Piece, words_of
from toolkit.text import UNKNOWN_ID

#: The largest product of steps and states of a search, each of which takes a byte.
MOST_CELLS = 1 << 28


@dataclass
class Aligned:
    """The answer to a recording with its transcript.

    Attributes:
        transcript: The transcript.
        seconds: The duration of the recording.
        symbols: The symbols of the transcript [L].
        places: The place of each in ``classes`` [L].
        classes: The classes of the symbols, each once, and the blank at the end.
        parts: The log probabilities of these classes in the pieces that have been answered.
        answer: The answer as plain values, when all have been answered.
    """

    transcript: str
    seconds: float
    symbols: Sequence[str]
    places: NDArray[np.int64]
    classes: NDArray[np.int64]
    parts: list[NDArray[np.float32]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)


class Alignment(InPieces[Aligned]):
    """The alignment of recordings one after the other.

    Args:
        framing: The steps of the model.
        word_by_word: Whether a symbol is a word rather than a character.
        ask: Answers ``audio`` [B, N] and ``length`` [B] as the signature ``probabilities``.
        encode: Answers ``text`` [B] as the signature ``encode``.
    """

    def __init__(
        self,
        framing: Framing,
        word_by_word: bool,
        ask: Callable[..., dict[str, Any]],
        encode: Callable[..., dict[str, Any]],
    ) -> None:
        super().__init__(framing, ask)
        self.word_by_word = word_by_word
        self._encode = encode
        nothing = ask(audio=np.zeros((1, 1), np.float32), length=[0])
        self._symbols: list[str] = nothing["symbols"].tolist()

    def add(self, recording: Recording, transcript: str) -> Aligned:
        """Begin to align a recording; ``finish`` completes its answer.

        Raises:
            BadRowError: It cannot be decoded, or cannot be aligned with the transcript.
        """
        ids = self._encode(text=[transcript])["ids"][0]
        ids = ids[ids > 0]
        if not len(ids):
            raise BadRowError("the transcript is empty")
        if (ids == UNKNOWN_ID).any():
            parts = transcript.split() if self.word_by_word else [*transcript]
            names = [quoted(part) for part in dict.fromkeys(parts) if part not in self._symbols]
            raise BadRowError(
                f"the transcript has {shorten(names or [quoted(transcript)])}, which the model "
                "does not know"
            )
        steps = int(self.framing.steps(round(recording.seconds * self.framing.rate)))
        needed = steps_needed(ids)
        if steps < needed:
            raise BadRowError(
                f"the recording has {count(steps, 'step')}, and its transcript needs {needed}: it "
                "is too short for so many symbols"
            )
        if steps * (2 * len(ids) + 1) > MOST_CELLS:
            raise BadRowError(
                f"the recording takes {recording.seconds:,.0f} s and has {len(ids):,} symbols, too "
                "many to be aligned at once; cut it"
            )
        classes, places = np.unique(ids - 1, return_inverse=True)
        names = [self._symbols[number] for number in (ids - 1).tolist()]
        classes = np.append(classes, len(self._symbols))
        answer = Aligned(transcript, recording.seconds, names, places, classes)
        return self.begin(recording, answer)

    def _put(self, answer: Aligned, piece: Piece, outputs: dict[str, Any], place: int) -> None:
        step = self.framing.step_seconds
        first = int((piece.start - piece.offset) / step + 0.5)
        last = int(outputs["steps"][place])
        is_last = piece.stop == np.inf
        if not is_last:
            last = int((piece.stop - piece.offset) / step + 0.5)
        answer.parts.append(outputs["log_probabilities"][place, first:last][:, answer.classes])
        if is_last:
            answer.answer = self._answer(answer, np.concatenate(answer.parts))
            answer.parts = []

    def _answer(self, aligned: Aligned, scores: NDArray[np.float32]) -> dict[str, Any]:
        """Return the answer to a recording as plain values."""
        path = forced_path(scores, aligned.places)
        if path is None:
            problem = "the recording is too short for its transcript"
            return {"text": aligned.transcript, "error": problem}
        seconds = self.framing.step_seconds
        times = (np.round(each * seconds, 3).tolist() for each in (path.starts, path.ends))
        spans = [*zip(aligned.symbols, *times, strict=True)]
        return {
            "text": aligned.transcript,
            "score": path.score / len(scores),
            "words": words_of(spans, self.word_by_word),
            "symbols": [{"symbol": s, "start": start, "end": end} for s, start, end in spans],
            "seconds": round(aligned.seconds, 3),
        }


def aligned_answers(alignment: Alignment, examples: Iterable[AudioExample]) -> list[dict[str, Any]]:
    """Return the answer to each recording with its transcript, or its ``error``."""
    answers: list[Aligned | dict[str, Any]] = []
    for example in examples:
        problem = example.problem
        if example.recording is not None:
            try:
                answers.append(alignment.add(example.recording, example.transcript))
                continue
            except BadRowError as error:
                problem = f"{example.place}: {error}"
        answers.append({"text": example.transcript, "error": problem or ""})
    alignment.finish()
    return [each.answer if isinstance(each, Aligned) else each for each in answers]
