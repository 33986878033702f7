"""Classification of series: activities of skeletons and sensors, or any other classes or numbers.

Run ``python -m pipelines.activity --help``.
"""

import json
import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import CLASS_ANSWERS, TABLE, LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.movements import FRAME_RATE, demo_movements, movements
from pipelines.samples.videos import render
from toolkit.data import (
    FrameFormat,
    LabelEncoder,
    Source,
    Unreadable,
    VideoExamples,
    scan,
)
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.videos.frames import is_video
from toolkit.data.videos.options import SequenceColumnOptions
from toolkit.explanation.options import ExplanationOptions
from toolkit.files import atomic_write_parts
from toolkit.tasks.options import ClassAnswerOptions
from toolkit.tasks.sequences.options import SequenceClassifierOptions
from toolkit.tasks.sequences.reading import open_sequences, read_examples


class LabelledSeries(LabelledData):
    """Series, each with a class, several labels or a number."""

    columns = SequenceColumnOptions
    evaluate_columns = (
        *("series_column", "label_column", "label_columns", "sequence_column", "time_column"),
        *("channels", "layout"),
        *("label_rule", "label_separator", *FILE_OPTIONS, "skip_bad_rows"),
    )
    predict_columns = (
        *("series_column", "sequence_column", "time_column", "channels", "layout", *FILE_OPTIONS),
    )
    formats = (
        f"A {TABLE}, a .ts file (also .gz), a .npz file, or a folder with a sub-folder a class, of "
        "series or of videos"
    )
    example_file = "your.jsonl"
    answer_names = (*CLASS_ANSWERS, "row", "video")
    lines_may_fail = True
    lines_may_be_paths = True

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_sequences(data, part, columns)

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return read_examples(train, options, decode=False)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data once, split it, and check the classes of the validation data."""
        share = options.validation_split if validation is None else 0
        examples = read_examples(train, options, grouped=share > 0, decode=False)
        with console.silence():  # the task logs the same later
            scanned = scan(examples, options.target, known or ())
            if share:
                scanned.split(share, options.seed)
        if validation is not None:
            self._read(validation, options, scanned.encoder, examples.channel_names)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its classes and channels."""
        classes = facts.get("classes")
        encoder = None if classes is None else LabelEncoder(columns.target, tuple(classes))
        self._read(data, columns, encoder, facts.get("channels", ()))

    def table(self, data: Source, columns: Any) -> Table:
        """Return the rows, or the sequences, with the column of the series or videos."""
        with console.silence():  # ``inputs`` logs the same
            examples = read_examples(data, columns, labelled=False, decode=False)
        is_path = isinstance(examples, VideoExamples)  # which stands beside its answer already
        return Table(data, [examples.series_column, *(["file"] if is_path else [])])

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the series of each row; of a video its path, or its frames."""
        names = facts.get("channels", ())
        examples = read_examples(data, columns, labelled=False, channels=names)
        if isinstance(examples, VideoExamples):
            yield from examples.videos()
            return
        for example in examples:
            if example.problem is None:
                yield [[*map(_shortest, frame)] for frame in example.series]
            else:
                yield Unreadable(example.problem)

    def read_line(self, line: str) -> Any:
        """Return the series that a line has as JSON, or the path of a video."""
        if is_video(line) or os.path.isfile(line):
            return line
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return Unreadable(
                "a line should be a series as JSON: a list of frames, each a list of its channels, "
                "such as [[0.5, 1], [0.4, 1.1]]; or the path of a video"
            )

    def write_line(self, value: Any) -> str:
        """Return a series as JSON, or the path of a video."""
        return value if isinstance(value, str) else json.dumps(np.asarray(value).tolist())

    def answer_columns(self, value: Any, row: int) -> dict[str, Any]:
        """Return the path of a video, or the row: a series would be too long."""
        return {"video": value} if isinstance(value, str) and value else {"row": row}

    def predict_arguments(self, text: str, classes: Sequence[str]) -> str:
        """Return a file with series, since one is long on a command line."""
        return f"--data {self.example_file}"

    def _read(
        self, data: Source, columns: Any, encoder: LabelEncoder | None, names: Sequence[str]
    ) -> None:
        """Read the data once and check its channels and labels."""
        examples = read_examples(data, columns, grouped=False, channels=names, decode=False)
        with console.silence():  # the task logs the same later
            deque(examples.known(encoder) if encoder else examples, maxlen=0)


def _shortest(value: np.float32) -> float | None:
    """Return a value with the fewest digits that single precision needs; None if it is missing."""
    return None if np.isnan(value) else float(str(value))


def sample(part: Literal["train", "test"]) -> Any:
    """Return the generated movements as a table of series, labels and subjects."""
    import pandas as pd

    rows = movements(part)
    return pd.DataFrame(
        {
            "series": [row.series for row in rows],
            "label": [row.label for row in rows],
            "subject": [row.subject for row in rows],
        }
    )


def sample_videos(part: Literal["train", "test"]) -> Any:
    """Return the generated movements as videos, in a table with labels and subjects."""
    table = sample(part)
    every = round(FRAME_RATE / FrameFormat().frame_rate)
    table["series"] = [render(series[::every]) for series in table["series"]]
    return table


def write_page(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write an HTML page of the series with their answers."""
    from toolkit.tasks.sequences.viewing import answer_page  # which imports TensorFlow

    atomic_write_parts(path, answer_page(task, answers, title=Path(run).resolve().name))


def draw_stills(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Draw the first skeleton in stills, with the probabilities over time."""
    from toolkit.tasks.sequences.viewing import draw_first  # which imports TensorFlow

    draw_first(task, answers, path)


PIPELINE = Pipeline(
    name="activity",
    description="Classifies series of vectors, such as movements of skeletons.",
    options=SequenceClassifierOptions,
    task="toolkit.tasks.sequences.task:SequenceClassifier",
    labelled=LabelledSeries(),
    predict_options=ClassAnswerOptions,
    samples={SAMPLE: sample, "sample_videos": sample_videos},
    first_options=("data", "validation_data", "front", "label_column", "group_column", "target"),
    examples=[movement.series.tolist() for movement in demo_movements()],
    explanation_options=ExplanationOptions,
    views=[
        View("html", "an HTML page of the series with their answers", write_page),
        View("stills", "a picture of the first skeleton in stills (.png)", draw_stills),
    ],
    frames=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
