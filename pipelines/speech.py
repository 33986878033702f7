"""Recognition of speech: recordings become text.

Run ``python -m pipelines.speech --help``.
"""

import base64
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import TABLE, LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.digits import RATE, digits, sayings
from pipelines.subtitles import SubtitleWriter, TextGridWriter, VttWriter
from toolkit.data import AudioExamples, AudioOptions, Source, open_audio
from toolkit.data.audio.recording import DATA_URI
from toolkit.data.audio.wav import is_wav, wav_bytes
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.sources.encodings import decoding
from toolkit.tasks.speech.options import (
    NO_SPEECH,
    RecognitionOptions,
    SearchOptions,
    SpeechRecognizerOptions,
)

#: The formats of words with their times.
TIMED = {"srt": SubtitleWriter, "vtt": VttWriter, "textgrid": TextGridWriter}


class LabelledSpeech(LabelledData):
    """Recordings with transcripts."""

    columns = AudioOptions
    evaluate_columns = (
        *("audio_column", "transcript_column", "group_column", *FILE_OPTIONS, "skip_bad_rows"),
    )
    predict_columns = ("audio_column", *FILE_OPTIONS)
    formats = (
        f"A {TABLE} with a recording and its transcript a row, a folder of recordings in one of "
        "several layouts, a .zip archive of it"
    )
    example_file = "recordings.csv"
    answer_names = ("file", "row", "score", "texts", "scores", "words", "symbols")
    unreadable = NO_SPEECH
    lines_may_fail = True
    lines_may_be_paths = True

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_audio(data, part, columns)

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return AudioExamples(train, options)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read transcripts and the headers of the recordings once."""
        self.check(train, options, {})
        if validation is not None:
            self.check(validation, options, {})

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read transcripts and the headers of the recordings once."""
        with console.silence():  # the task logs the same later
            deque(AudioExamples(data, columns, rate=facts.get("sample_rate")), maxlen=0)

    def table(self, data: Source, columns: Any) -> Table:
        """Return the rows, with the column of the recordings."""
        with console.silence():  # ``inputs`` logs the same
            return Table(data, [AudioExamples(data, columns, labelled=False).audio_column])

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the recording of each row, by its path where it has one."""
        return AudioExamples(data, columns, labelled=False).values()

    def predict_values(self, form: str) -> dict[str, Any]:
        """Return that some formats need the words with their times."""
        return {"words": True} if form in TIMED else {}

    def arriving(self, descriptor: int, encoding: str | None = None) -> Iterator[Any]:
        """Yield a recording, or recordings a line, when the input has ended."""
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read()
        if is_wav(content[:12]):
            yield content
        else:
            codec, _ = decoding(content[:4], encoding or "utf-8", "standard input")
            yield from content.decode(codec, "replace").splitlines()

    def write_line(self, value: Any) -> str:
        """Return the path of a recording, or its bytes in base64."""
        return value if isinstance(value, str) else DATA_URI + base64.b64encode(value).decode()

    def answer_columns(self, value: Any, row: int) -> dict[str, Any]:
        """Return the path of a recording, or the row where it has none."""
        return {"file": value} if self.has_path(value) else {"row": row}

    @staticmethod
    def has_path(value: Any) -> bool:
        """Return whether an input is the path of a recording."""
        return isinstance(value, str) and bool(value) and not value.startswith(DATA_URI)

    def predict_arguments(self, text: str, classes: Sequence[str]) -> str:
        """Return a file, since a recording is long on a command line."""
        return "your.wav"


def pairs(data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
    """Return the recording of each row, by its path where it has one, with its transcript."""
    return AudioExamples(data, columns, grouped=False).pairs()


def draw_first(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Draw the first recording, with the probabilities of symbols over time."""
    for value, answer in islice(answers, 1):
        name = value if LabelledSpeech.has_path(value) else f"row {answer['row']}"
        task.draw(value, path, f"{name}\nheard: {answer['text']}")


PIPELINE = Pipeline(
    name="speech",
    description="Writes what is said in recordings.",
    options=SpeechRecognizerOptions,
    task="toolkit.tasks.speech.task:SpeechRecognizer",
    labelled=LabelledSpeech(),
    samples={SAMPLE: digits},
    first_options=(
        "data",
        "validation_data",
        "audio_column",
        "transcript_column",
        "group_column",
        "symbols",
    ),
    examples=[wav_bytes(saying.recording, RATE) for saying in sayings("test", 3)],
    predict_options=RecognitionOptions,
    search_options=SearchOptions,
    pairs=pairs,
    views=[
        View(
            "picture",
            "a picture of the first recording (.png): its spectrogram, and the probabilities of "
            "symbols over time",
            draw_first,
        )
    ],
    writers=TIMED,
    listens=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
