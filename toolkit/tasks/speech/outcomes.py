"""A recogniser's answers to recordings, beside the transcripts."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import AudioExamples
from toolkit.data.audio.examples import AudioExample
from toolkit.data.audio.recording import Recording
from toolkit.data.bad_rows import BadRowError
from toolkit.evaluation import (
    HeardRecording,
    Statistics,
    draw_spikes,
    edits,
    speech_metrics,
    speech_statistics,
)
from toolkit.files import atomic_write, written_together
from toolkit.report.answered import Answered
from toolkit.report.blocks import Block, Cell, Section, Table
from toolkit.report.recordings import MOST_SECONDS, RATE, recording, recording_examples
from toolkit.tasks.outcomes import Outcomes
from toolkit.tasks.speech.recognition import Recognition, Spoken

#: What a picture shows of a recording, and its first samples, int16 [N], at ``RATE``.
Heard = tuple[HeardRecording, NDArray[np.int16]]
#: The number of recordings with most wrong words of which there is a picture.
PICTURED = 4


@dataclass(frozen=True)
class SpeechOutcomes(Outcomes):
    """Recognised texts beside the transcripts.

    Attributes:
        places: The places of the recordings.
        references: The transcripts.
        answers: The recognised texts.
        speakers: The group of each recording, such as its speaker; empty without groups.
        seconds: The duration of each.
        checksum: The checksum of the recordings and transcripts as read.
        pictured: Function from some numbers of recordings, from 0 in increasing order, to what a
            picture shows of each, and its first samples for a report; None for no pictures.
    """

    places: Sequence[str]
    references: Sequence[str]
    answers: Sequence[str]
    speakers: Sequence[str]
    seconds: Sequence[float]
    checksum: int
    pictured: Callable[[Sequence[int]], Iterator[Heard]] | None = None

    def metrics(self) -> dict[str, Any]:
        """Return the metrics of ``speech_metrics``; with groups also ``by_group``."""
        metrics = speech_metrics(self.references, self.answers)
        if not self.speakers:
            return metrics
        rows: list[dict[str, Any]] = []
        for name in sorted(set(self.speakers)):
            chosen = [n for n, speaker in enumerate(self.speakers) if speaker == name]
            texts = ([side[n] for n in chosen] for side in (self.references, self.answers))
            of_group = speech_metrics(*texts)
            rows.append(
                {"group": name, "recordings": len(chosen)}
                | {kind: of_group[kind] for kind in ("words", "wer", "cer", "sentence_error")}
            )
        return metrics | {"by_group": rows}

    def statistics(self) -> Statistics:
        """Return the statistics of the errors, one row per recording."""
        return speech_statistics(self.references, self.answers)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``, and ``recordings.csv`` with the most wrong words first.

        Of the worst few with wrong words there are pictures, ``worst_1.png`` and so on; those of an
        earlier evaluation are deleted.
        """
        import pandas as pd

        errors = self._errors().tolist()
        table = pd.DataFrame(
            {
                "errors": errors,
                "recording": self.places,
                "seconds": self.seconds,
                "transcript": self.references,
                "recognised": self.answers,
            }
        ).sort_values("errors", ascending=False, kind="stable")
        worst = [row for row in table.index[:PICTURED].tolist() if errors[row]]
        earlier = {f"worst_{place + 1}.png" for place in range(PICTURED)}
        with written_together(folder, over=True) as hidden:
            text = json.dumps(metrics, indent=2, ensure_ascii=False)
            atomic_write(hidden / "metrics.json", text + "\n")
            atomic_write(hidden / "recordings.csv", table.to_csv(index=False, float_format="%.2f"))
            for row, (heard, _) in zip(sorted(worst), self._pictures(sorted(worst)), strict=False):
                name = f"worst_{worst.index(row) + 1}.png"
                draw_spikes(heard, hidden / name)
                earlier.remove(name)
        for name in earlier:  # pictures of an earlier evaluation
            (folder / name).unlink(missing_ok=True)

    def answered(self, facts: Mapping[str, Any]) -> Answered:
        """Return the answers; the loss is the number of wrong words by that of the transcript's."""
        errors = self._errors()
        lengths = np.array([len(reference.split()) for reference in self.references])
        loss = errors / np.maximum(lengths, 1)

        def show(numbers: Sequence[int]) -> list[Mapping[str, Cell]]:
            return [
                {
                    "recording": self.places[number],
                    "right": self.references[number],
                    "answer": self.answers[number],
                    "wrong words": int(errors[number]),
                    "word error rate": float(loss[number]),
                }
                for number in numbers
            ]

        return Answered(
            noun="recording",
            loss=loss,
            show=show,
            texts=frozenset({"recording", "right", "answer"}),
            keys={"length in words": lengths.tolist()}
            | ({"group": self.speakers} if self.speakers else {}),
            named=frozenset({"group"}),
            baselines={"nothing said": {"wer": 1.0, "cer": 1.0, "sentence_error": 1.0}},
        )

    def sections(self, texts: bool) -> list[Section]:
        """Return the sections on confused words, and the worst recordings with their sound."""
        if not texts:
            return []
        errors = self._errors()
        ranked = np.argsort(-errors, kind="stable")[:PICTURED]
        worst = ranked[errors[ranked] > 0].tolist()
        drawn = zip(sorted(worst), self._pictures(sorted(worst)), strict=False)
        found = {row: recording(*heard) for row, heard in drawn}
        items = [found[row] for row in worst if row in found]
        confused = speech_metrics(self.references, self.answers)["confused"]
        rows = [[*row.values()] for row in confused]
        heads = ["spoken", "recognised", "count"]
        table = Table("The most frequent wrong words", heads, rows, sortable=True)
        blocks: list[Block] = [table] if rows else []
        blocks += [recording_examples(items)] if items else []
        return [Section("recordings", "Recordings", blocks)]

    def _errors(self) -> NDArray[np.int64]:
        """Return the number of wrong words of each recording [N]."""
        pairs = zip(self.references, self.answers, strict=True)
        return np.array([edits(*map(str.split, pair)).total for pair in pairs])

    def _pictures(self, rows: Sequence[int]) -> Iterator[Heard]:
        """Yield what pictures show of some recordings, with their texts as titles."""
        found = iter(()) if self.pictured is None or not rows else self.pictured(rows)
        for row, (heard, samples) in zip(rows, found, strict=False):
            said, answer = self.references[row], self.answers[row]
            place = ", ".join(part for part in (self.places[row], heard.name) if part)
            yield replace(heard, name=f"{place}\nsaid: {said}\nheard: {answer}"), samples


def recognise_labelled(
    recognition: Recognition,
    examples: AudioExamples,
    look: Callable[[Recording], HeardRecording] | None = None,
) -> SpeechOutcomes:
    """Return the answers to labelled recordings.

    Args:
        recognition: The recognition, which has answered nothing yet.
        examples: The recordings; those that cannot be decoded are bad rows.
        look: Returns what a picture shows of a recording; None for no pictures.

    Raises:
        DataError: A row cannot be used, or none can.
    """
    kept: list[AudioExample] = []
    answers: list[Spoken] = []
    seconds: list[float] = []
    checksum = 0
    for example in examples:
        assert example.recording is not None
        try:
            answers.append(recognition.add(example.recording))
        except BadRowError as error:
            examples.reject(example.place, str(error))
            continue
        kept.append(example._replace(recording=None))  # which holds an open file
        seconds.append(example.recording.seconds)
        content = f"{example.recording.rate} {example.recording.length} {example.transcript}\n"
        checksum = zlib.crc32(content.encode("utf-8", "surrogatepass"), checksum)
    recognition.finish()
    if not kept:
        raise examples.no_usable_rows()

    def pictured(numbers: Sequence[int]) -> Iterator[Heard]:
        wanted = {kept[number].row for number in numbers}
        for example in examples:  # are read again, since none is held
            if example.row in wanted and look is not None:
                assert example.recording is not None
                end = min(MOST_SECONDS, example.recording.seconds)
                yield look(example.recording), example.recording.samples(RATE, stop=end)

    return SpeechOutcomes(
        [example.place for example in kept],
        [example.transcript for example in kept],
        [recognition.text(answer) for answer in answers],
        [example.group or "" for example in kept] if examples.group_column else [],
        seconds,
        checksum,
        None if look is None else pictured,
    )
