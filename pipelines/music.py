"""Models of music: generation and scoring of pieces for 88 keys.

Run ``python -m pipelines.music --help``.
"""

import itertools
import json
import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import TABLE, LabelledData
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.chorales import chorales
from toolkit.data import MusicDataOptions, MusicExamples, Source, Unreadable, open_music
from toolkit.data.music.midi_file import is_midi
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.splits import split_indices
from toolkit.errors import OptionError
from toolkit.files import written_together
from toolkit.music.rolls import KEYS, pitches_of
from toolkit.tasks.music.golden import beginnings
from toolkit.tasks.music.options import MusicGenerationOptions, MusicOptions


class LabelledMusic(LabelledData):
    """Pieces of music to learn from, and beginnings to go on from."""

    columns = MusicDataOptions
    evaluate_columns = (*FILE_OPTIONS, "skip_bad_rows")
    predict_columns = FILE_OPTIONS
    formats = (
        f"A MIDI file or a folder of them, a JSON file of pieces, a {TABLE} of pieces or notes, a "
        ".npz file of rolls"
    )
    example_file = "your_midi_files/"
    lines_may_fail = True
    lines_may_be_paths = True
    without_inputs = ("",)

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_music(data, part, columns)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data once, and split it."""
        count = self._read(train, options)
        if validation is not None:
            self._read(validation, options)
        elif options.validation_split:
            split_indices(count, options.validation_split, options.seed)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once."""
        self._read(data, columns)

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield each piece: the path of a MIDI file, or its pitches."""
        for example in MusicExamples(data, columns, for_prediction=True):
            if example.problem is not None:
                yield Unreadable(example.problem)
            elif is_midi(example.value):
                yield os.fspath(example.value)
            else:
                yield pitches_of(example.roll)

    def read_line(self, line: str) -> Any:
        """Return the path of a MIDI file, or the pitches that a line has as JSON."""
        if is_midi(line) or not line.strip():
            return line
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return Unreadable(
                f"{line!r} should be the path of a MIDI file (.mid), or the pitches of each frame "
                "as JSON, such as [[60, 64, 67], [60]]"
            )

    def write_line(self, value: Any) -> str:
        """Return a path, or pitches as JSON."""
        return value if isinstance(value, str) else json.dumps(value)

    def answer_columns(self, value: Any, row: int) -> dict[str, Any]:
        """Return the path of the beginning, or its row."""
        return {"file": value} if isinstance(value, str) and value else {"row": row}

    def written(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an answer with the pitches of each frame rather than 88 numbers."""
        if "frames" not in answer:
            return answer
        return {"pitches": pitches_of(answer["frames"]), "length": answer["length"]}

    def predict_arguments(self, text: str, classes: Sequence[str]) -> str:
        """Return arguments that write music which begins by itself."""
        return "--length 64 --seed 1 --output out/"

    def _read(self, data: Source, columns: Any) -> int:
        """Read the data once; return the number of pieces that can be used."""
        examples = MusicExamples(data, columns)
        with console.silence():  # the task logs the same later
            deque(examples, maxlen=0)
        return examples.rows - examples.bad_rows


def write_music(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write a MIDI file, its sound and a picture of its roll for each answer into a folder.

    They are named like the file of the beginning, with the row of the answer where the name is
    taken, or ``music_1`` and so on by the row. Tempo and metre are those of the beginning, or of
    the training data. Nothing is written before all answers are there, and all or nothing.

    Raises:
        OptionError: A file would be written over another one, such as a beginning.
    """
    import numpy as np

    from toolkit.data.music.values import read_piece
    from toolkit.music.midi import METRE, TEMPO, midi_bytes
    from toolkit.music.picture import draw_roll
    from toolkit.music.sound import wav_bytes

    rolls = dict[str, tuple[Any, Any]]()
    for value, answer in answers:
        row = answer["row"]
        name = Path(value).stem if is_midi(value) else f"music_{row}"
        numbers = itertools.count(row)
        free = name
        while free in rolls:
            free = f"{name}_{next(numbers)}"
        _check_free(path, free)
        rolls[free] = value, np.array(answer["frames"], np.uint8).reshape(-1, KEYS)
    steps = task.steps_per_quarter
    with written_together(path) as folder:
        for name, (value, roll) in rolls.items():
            piece = read_piece(value, steps)
            tempo = piece.tempo or task.facts.get("tempo") or TEMPO
            metre = piece.metre or tuple(task.facts.get("metre") or METRE)
            (folder / f"{name}.mid").write_bytes(midi_bytes(roll, steps, tempo, metre))
            (folder / f"{name}.wav").write_bytes(wav_bytes(roll, steps, tempo))
            draw_roll(roll, folder / f"{name}.png", steps, len(piece.roll))


def _check_free(path: str, name: str) -> None:
    """Check that no file of a piece would be written over another one.

    Raises:
        OptionError: One would.
    """
    there = [end for end in (".mid", ".wav", ".png") if os.path.lexists(Path(path, name + end))]
    if there:
        raise OptionError(
            f"--output {path}: {name}{there[0]} is there and would be written over; give another "
            "folder"
        )


PIPELINE = Pipeline(
    name="music",
    description="Learns to predict the next frame of music for 88 keys, and generates music.",
    options=MusicOptions,
    task="toolkit.tasks.music.task:MusicModel",
    labelled=LabelledMusic(),
    samples={SAMPLE: chorales},
    first_options=(
        "data",
        "validation_data",
        "steps_per_quarter",
        "output_layer",
        "transpose",
        "window",
    ),
    examples=[*beginnings()],
    predict_options=MusicGenerationOptions,
    views=[
        View(
            "output",
            "each piece as MIDI, as sound (.wav) and as a picture (.png)",
            write_music,
            is_folder=True,
        )
    ],
    drawn=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
