"""A recogniser's answers to recordings, beside the transcripts."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from toolkit.tasks.outcomes import Outcomes
from toolkit.tasks.speech.recognition import Recognition, Spoken

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
            picture shows of each; None for no pictures.
    """

    places: Sequence[str]
    references: Sequence[str]
    answers: Sequence[str]
    speakers: Sequence[str]
    seconds: Sequence[float]
    checksum: int
    pictured: Callable[[Sequence[int]], Iterator[HeardRecording]] | None = None

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

        pairs = list(zip(self.references, self.answers, strict=True))
        errors = [edits(*map(str.split, pair)).total for pair in pairs]
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
            for row, heard in zip(sorted(worst), self._pictures(sorted(worst)), strict=False):
                name = f"worst_{worst.index(row) + 1}.png"
                draw_spikes(heard, hidden / name)
                earlier.remove(name)
        for name in earlier:  # pictures of an earlier evaluation
            (folder / name).unlink(missing_ok=True)

    def _pictures(self, rows: Sequence[int]) -> Iterator[HeardRecording]:
        """Yield what pictures show of some recordings, with their texts as titles."""
        found = iter(()) if self.pictured is None or not rows else self.pictured(rows)
        for row, heard in zip(rows, found, strict=False):
            said, answer = self.references[row], self.answers[row]
            place = ", ".join(part for part in (self.places[row], heard.name) if part)
            yield replace(heard, name=f"{place}\nsaid: {said}\nheard: {answer}")


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

    def pictured(numbers: Sequence[int]) -> Iterator[HeardRecording]:
        wanted = {kept[number].row for number in numbers}
        for example in examples:  # are read again, since none is held
            if example.row in wanted and look is not None:
                assert example.recording is not None
                yield look(example.recording)

    return SpeechOutcomes(
        [example.place for example in kept],
        [example.transcript for example in kept],
        [recognition.text(answer) for answer in answers],
        [example.group or "" for example in kept] if examples.group_column else [],
        seconds,
        checksum,
        None if look is None else pictured,
    )
