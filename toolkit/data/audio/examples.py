"""Examples of recordings with transcripts, checked row by row."""

import logging
import os
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from toolkit.data.audio.options import AudioOptions
from toolkit.data.audio.recording import Recording, is_audio, is_there, open_recording
from toolkit.data.audio.sources import AUDIO, SPEAKER, TRANSCRIPT
from toolkit.data.bad_rows import BadRowError, CheckedRows, Unreadable, utf8
from toolkit.data.columns import (
    find_column,
    guessed,
    learnt_column,
    log_guess,
    named_columns,
    require_column,
)
from toolkit.data.labels import class_name
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.texts.columns import classes_of_texts
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

AUDIO_NAMES = (
    *(AUDIO, "path", "file", "wav", "file_name", "filename", "audio_filepath", "wav_filename"),
    *("audio_path", "audio_file", "wav_path", "file_path", "filepath", "recording", "clip"),
)
TRANSCRIPT_NAMES = (
    *(TRANSCRIPT, "text", "sentence", "transcription", "normalized_text", "normalized"),
    *("transcript_text", "words", "utterance", "label"),
)
GROUP_NAMES = (
    *(SPEAKER, "speaker_id", "speakerid", "client_id", "spk", "spk_id", "voice", "user", "user_id"),
    *("reader", "subject", "participant", "group"),
)
#: The value of ``group_column`` for no groups.
NO_GROUPS = "none"


class AudioExample(NamedTuple):
    """A recording with its transcript.

    Attributes:
        row: The row in the source, from 1.
        recording: The recording; None if it cannot be read.
        transcript: Its transcript, with single spaces; empty in unlabelled data.
        group: The group that a split must not divide, such as a speaker.
        place: The place in the source, for messages.
        problem: In unlabelled data, the place and the reason if the recording cannot be read.
    """

    row: int
    recording: Recording | None
    transcript: str = ""
    group: str | None = None
    place: str = ""
    problem: str | None = None


class AudioExamples(CheckedRows):
    """The recordings of a source; each iteration opens them again, but decodes none.

    A bad row stops reading with an error that has its place and the reason, or is skipped and
    counted with ``skip_bad_rows``. Unlabelled data, for prediction, gives an example for every row,
    bad rows with their ``problem``.

    Args:
        source: A source that ``open_audio`` returned.
        options: The columns.
        labelled: Whether to read transcripts.
        rate: The rate of arrays that come without.
        grouped: Whether to read groups in labelled data; where not, their column may be missing.

    Attributes:
        group_column: The column of the groups, if there is one.

    Raises:
        DataError: A column does not exist or cannot be guessed, or there are no transcripts; in an
            iteration, a row is bad, or no row can be used.
        OptionError: In an iteration, the package ``soundfile`` is needed and missing.
    """

    COLUMN_OPTIONS = ("audio_column", "transcript_column")

    def __init__(
        self,
        source: Source,
        options: AudioOptions,
        labelled: bool = True,
        rate: int | None = None,
        grouped: bool = True,
    ) -> None:
        super().__init__(source, labelled, options)
        self.options = options
        self.rate = rate
        self.audio_column = _audio_column(source, options)
        self.transcript_column = self.group_column = None
        if labelled:
            self.transcript_column = _transcript_column(source, options, self.audio_column)
            self.group_column = _group_column(source, options) if grouped else None
        self._logged_columns = source.fixed_columns

    def __iter__(self) -> Iterator[AudioExample]:
        self._log_columns()
        good = 0
        for record in self.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                if self.for_prediction:
                    problem = f"{record.place}: {error}"
                    yield AudioExample(record.row, None, place=record.place, problem=problem)
                continue
            good += 1
            yield example
        self.finish(good)

    def values(self) -> Iterator[Any]:
        """Yield the value of each row that ``open_recording`` takes, or why there is none."""
        for record in self.source.records():
            try:
                yield self._value(record)
            except BadRowError as error:
                yield Unreadable(f"{record.place}: {error}")

    def pairs(self) -> Iterator[Any]:
        """Yield the value of each row as ``values`` does, with its transcript, or why not."""
        for record in self.source.records():
            try:
                yield self._value(record), self._transcript(record)
            except BadRowError as error:
                yield Unreadable(f"{record.place}: {error}")

    def _value(self, record: Record) -> Any:
        """Return the value of a row that ``open_recording`` takes.

        A relative path is relative to the manifest's folder; as in Common Voice, the files may lie
        in a folder ``clips`` beside the manifest.
        """
        if record.problem is not None:
            raise BadRowError(record.problem)
        value: Any = record.values.get(self.audio_column)
        if value is None or (isinstance(value, (str, float)) and is_missing(value)):
            raise BadRowError(f"the recording in column {quoted(self.audio_column)} is missing")
        folder = getattr(self.source, "folder", None)
        if not isinstance(value, (str, os.PathLike)) or folder is None or os.path.isabs(value):
            return value
        name = os.fspath(value)
        if name.startswith("data:"):
            return name
        path, clips = (str(folder / os.path.normpath(each)) for each in (name, f"clips/{name}"))
        return clips if not is_there(path) and is_there(clips) else path

    def _example(self, record: Record) -> AudioExample:
        """Return the example of a record."""
        value = self._value(record)
        transcript, group = "", None
        if self.labelled:
            transcript = self._transcript(record)
            if self.group_column is not None:
                named = record.values.get(self.group_column)
                group = "" if is_missing(named) else class_name(named)
        recording = open_recording(value, self.rate)
        if self.labelled and not recording.length:
            raise BadRowError("the recording has no samples")
        return AudioExample(record.row, recording, transcript, group, record.place)

    def _transcript(self, record: Record) -> str:
        """Return the transcript of a record."""
        value = record.values.get(self.transcript_column or "")
        where = f"the transcript in column {quoted(self.transcript_column)}"
        if is_missing(value):
            raise BadRowError(f"{where} is {'empty' if isinstance(value, str) else 'missing'}")
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        return normal_transcript(utf8(class_name(value), where), self.options.lowercase)

    @property
    def named_columns(self) -> Mapping[str, str]:
        """The columns that options do not give by their names, by option, for a run to keep."""
        chosen = {"audio_column": self.audio_column, "transcript_column": self.transcript_column}
        return named_columns(self.source, self.options, chosen)

    def _log_columns(self) -> None:
        """Log the guessed columns, at the beginning of the first iteration."""
        if self._logged_columns:
            return
        self._logged_columns = True
        for what, column in (("audio", self.audio_column), ("transcript", self.transcript_column)):
            if getattr(self.options, f"{what}_column") is None and column is not None:
                log_guess(self.source, self.options, what, column)
        if self.group_column is not None and self.options.group_column is None:
            logger.info(
                "group column: %s (guessed; rows of one group stay together; set %s to split at "
                "random)",
                *(quoted(self.group_column), option("group_column", NO_GROUPS)),
            )


def normal_transcript(text: str, lowercase: bool) -> str:
    """Return a transcript in NFC with single spaces, in lower case if that is to be ignored."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return text.lower() if lowercase else text


def _audio_column(source: Source, options: AudioOptions) -> str:
    """Return the column of the recordings: by option, by a usual name, or by its files."""
    if source.fixed_columns:
        return source.columns[0]
    if options.audio_column is not None:
        return require_column(source, options.audio_column, "audio_column")
    if (own := learnt_column(source, options, "audio_column")) is not None:
        return own
    first = next((record for record in source.records() if record.problem is None), None)
    values = first.values if first else {}
    files = [column for column in source.columns if is_audio(values.get(column))]
    guess = find_column(files or source.columns, AUDIO_NAMES)
    if guess is None and len(files) == 1:
        guess = files[0]
    choices = files or source.columns
    instead = classes_of_texts(source)
    return guessed(source, guess, "audio", choices, AUDIO_NAMES, "recordings", instead)


def _transcript_column(source: Source, options: AudioOptions, audio: str) -> str:
    """Return the column of the transcripts: by option, by a usual name, or the only one left."""
    if source.fixed_columns:
        if TRANSCRIPT not in source.columns:
            raise DataError(
                f"{source.name} has recordings without transcripts; name them in a table with a "
                "column of each, or give them as the names of sub-folders or as .txt files beside "
                "the recordings"
            )
        return TRANSCRIPT
    if options.transcript_column is not None:
        return require_column(source, options.transcript_column, "transcript_column")
    if (own := learnt_column(source, options, "transcript_column")) is not None:
        return own
    others = {audio, options.group_column, find_column(source.columns, GROUP_NAMES)}
    candidates = [column for column in source.columns if column not in others]
    guess = find_column(candidates, TRANSCRIPT_NAMES)
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    return guessed(source, guess, "transcript", candidates, TRANSCRIPT_NAMES)


def _group_column(source: Source, options: AudioOptions) -> str | None:
    """Return the column of the groups: by option, or one with a usual name; None without them."""
    if options.group_column == NO_GROUPS:
        return None
    if source.fixed_columns:
        return SPEAKER if SPEAKER in source.columns else None
    if options.group_column is not None:
        return require_column(source, options.group_column, "group_column")
    return find_column(source.columns, GROUP_NAMES)
