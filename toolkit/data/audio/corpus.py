"""Recordings on disk, as samples of 16 bits, with the ids of their transcripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.audio.frames import Framing
from toolkit.data.audio.examples import AudioExample, AudioExamples
from toolkit.data.bad_rows import BadRowError
from toolkit.data.corpora.packed import PackedCorpus, PackedSequences, SequenceWriter
from toolkit.data.fingerprints import fingerprint
from toolkit.options import option


class AudioCorpus(PackedCorpus):
    """Recordings with the symbols of their transcripts.

    Args:
        sequences: The samples, int16, of one channel.
        labels: The ids of the symbols.
        rows: The row of each recording in its source, int64 [N].
        framing: How recordings are cut into steps.
    """

    labels: PackedSequences

    def __init__(
        self,
        sequences: PackedSequences,
        labels: PackedSequences,
        rows: NDArray[np.int64],
        framing: Framing,
    ) -> None:
        super().__init__(sequences, labels, rows)
        self.framing = framing

    @property
    def lengths(self) -> NDArray[np.int32]:
        """The number of steps of each recording [N]."""
        steps: NDArray[np.int32] = self.framing.steps(self.sequences.lengths)
        return steps

    @property
    def seconds(self) -> float:
        """The duration of all recordings."""
        return float(self.sequences.lengths.sum(dtype=np.int64)) / self.framing.rate

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return ``values``, samples int16 [B, N], and ``length``, their numbers [B]."""
        return {
            "values": self.sequences.batch(indices),
            "length": self.sequences.lengths[indices],
        }

    def _replaced(
        self, sequences: PackedSequences, labels: Any, rows: NDArray[np.int64]
    ) -> "AudioCorpus":
        """Return a corpus of the same framing with other recordings."""
        return AudioCorpus(sequences, labels, rows, self.framing)


@dataclass(frozen=True)
class Recordings:
    """All recordings of a source, decoded, with what is known of them.

    Attributes:
        sequences: The samples, int16, of one channel.
        transcripts: Their transcripts.
        groups: A fingerprint of the group of each, int64 [N]; None without groups.
        names: The names of the groups; empty without.
        rows: The row of each in its source, int64 [N].
        places: The place of each in its source, for messages.
    """

    sequences: PackedSequences
    transcripts: Sequence[str]
    groups: NDArray[np.int64] | None
    names: Sequence[str]
    rows: NDArray[np.int64]
    places: Sequence[str]


def read_recordings(examples: AudioExamples, rate: int, longest: float) -> Recordings:
    """Decode recordings into a file on disk, in one pass.

    Args:
        examples: The recordings; those that cannot be decoded, and those that are too long, are bad
            rows.
        rate: The samples a second.
        longest: The largest duration in seconds.

    Raises:
        DataError: A row cannot be used, or none can.
        WorkError: The temporary file cannot be written.
    """
    kept: list[AudioExample] = []
    with SequenceWriter(np.int16) as writer:
        for example, samples in decoded(examples, rate, longest):
            writer.write(samples, [len(samples)])
            kept.append(example._replace(recording=None))
        sequences = writer.packed()
    names = [example.group or "" for example in kept] if examples.group_column else []
    groups = np.fromiter(map(fingerprint, names), np.int64) if names else None
    return Recordings(
        sequences,
        [example.transcript for example in kept],
        groups,
        names,
        np.asarray([example.row for example in kept], np.int64),
        [example.place for example in kept],
    )


def decoded(
    examples: AudioExamples, rate: int, longest: float
) -> Iterable[tuple[AudioExample, NDArray[np.int16]]]:
    """Yield labelled examples with their samples; those that cannot be decoded are bad rows."""
    good = 0
    for example in examples:
        recording = example.recording
        assert recording is not None  # labelled
        try:
            if recording.seconds > longest:
                raise BadRowError(
                    f"the recording takes {recording.seconds:,.1f} s, more than {longest:g} s; cut "
                    f"it, or set {option('max_seconds')}"
                )
            samples = recording.samples(rate, louder=recording.gain())
        except BadRowError as error:
            examples.reject(example.place, str(error))
            continue
        good += 1
        yield example, samples
    if not good:
        raise examples.no_usable_rows()
