"""Write the recordings of spoken digits by which recognisers of speech are measured.

Run ``python -m benchmarks.quality.spoken_digits fsdd_train_wav.zip FOLDER``. The archive is that of
the Free Spoken Digit Dataset, whose recordings are called ``<digit>_<speaker>_<number>.wav``. The
folder gets the recordings and tables for ``pipelines.speech``, with the words ``zero`` to ``nine``:

- ``dev.csv``: recordings 5 to 9 of each speaker and digit, one word each;
- ``dev_strings.csv``: 500 strings of three to seven of these, each of one speaker, joined with
  pauses of 0 to 300 ms;
- ``train.csv``: all others, and as many strings of these as ``--strings`` says;
- ``without_<speaker>.csv`` and ``only_<speaker>.csv``: the same by speaker, to leave one out.

Then::

    python -m pipelines.speech train --data FOLDER/train.csv --validation-data FOLDER/dev.csv \
        --output saved_models/spoken_digits
    python -m pipelines.speech evaluate saved_models/spoken_digits --data FOLDER/dev.csv
    python -m pipelines.speech evaluate saved_models/spoken_digits --data FOLDER/dev_strings.csv
"""

import csv
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.parser import Parser
from toolkit.data.audio.recording import open_recording
from toolkit.data.audio.wav import wav_bytes

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE = 8_000
#: The numbers of the recordings that are held out; those below are not in the archive.
HELD_OUT = range(10)
#: The number of strings that are measured, the digits of each, and the longest pause in seconds.
MEASURED, DIGITS, PAUSE = 500, (3, 7), 0.3


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        path: The file, relative to the table.
        text: What is said.
        speaker: Who says it.
    """

    path: str
    text: str
    speaker: str


def main() -> None:
    """Run the command line: write recordings and tables."""
    parser = Parser("python -m benchmarks.quality.spoken_digits", "ARCHIVE FOLDER", __doc__ or "")
    parser.add_argument("archive", "The archive of recordings.", metavar="ARCHIVE")
    parser.add_argument("folder", "The folder to write.", metavar="FOLDER")
    parser.add_argument("--strings", "The number of strings to learn from.", type=int, default=600)
    parser.add_argument("--seed", "The seed of the strings.", type=int, default=0)
    options = parser.parse(sys.argv[1:])
    folder = Path(options.folder)
    waves: dict[Row, NDArray[np.int16]] = {}
    parts: dict[bool, list[Row]] = {False: [], True: []}
    with zipfile.ZipFile(options.archive) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".wav"):
                continue
            digit, speaker, number = Path(name).stem.split("_")
            row = Row(f"single/{Path(name).name}", WORDS[int(digit)], speaker)
            waves[row] = open_recording(archive.read(name)).samples(RATE)
            parts[int(number) in HELD_OUT].append(row)
            write_wave(folder / row.path, waves[row])
    random = np.random.default_rng(options.seed)
    made = {
        part: strings(folder, f"{name}_strings", rows, waves, count, random)
        for part, name, rows, count in (
            (True, "dev", parts[True], MEASURED),
            (False, "train", parts[False], options.strings),
        )
    }
    write_table(folder / "dev.csv", parts[True])
    write_table(folder / "dev_strings.csv", made[True])
    train = [*parts[False], *made[False]]
    write_table(folder / "train.csv", train)
    for who in sorted({row.speaker for row in waves}):
        write_table(folder / f"without_{who}.csv", [row for row in train if row.speaker != who])
        of_one = [row for row in waves if row.speaker == who]
        write_table(folder / f"only_{who}.csv", of_one)


def strings(
    folder: Path,
    name: str,
    rows: Sequence[Row],
    waves: dict[Row, NDArray[np.int16]],
    count: int,
    random: np.random.Generator,
) -> list[Row]:
    """Write strings of recordings, each of one speaker, and return their rows."""
    speakers = sorted({row.speaker for row in rows})
    made = []
    for number in range(count):
        who = speakers[random.integers(len(speakers))]
        own = [row for row in rows if row.speaker == who]
        length = random.integers(DIGITS[0], DIGITS[1] + 1)
        chosen = [own[place] for place in random.integers(len(own), size=length)]
        pieces: list[NDArray[np.int16]] = []
        for row in chosen:
            pause = int(random.uniform(0, PAUSE) * RATE) if pieces else 0
            pieces += [np.zeros(pause, np.int16), waves[row]]
        made.append(Row(f"{name}/{number:04}.wav", " ".join(row.text for row in chosen), who))
        write_wave(folder / made[-1].path, np.concatenate(pieces))
    return made


def write_wave(path: Path, samples: NDArray[np.int16]) -> None:
    """Write a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(samples, RATE))


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write a table of recordings."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
