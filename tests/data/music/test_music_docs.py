"""The pieces of docs/music.md, as they stand there."""

import re
from pathlib import Path
from typing import Any

from toolkit.data import MusicDataOptions, MusicExamples, open_music
from toolkit.music.rolls import pitches_of

PAGE = (Path(__file__).parents[3] / "docs" / "music.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))


def read(path: Path, part: str) -> list[Any]:
    options = MusicDataOptions()
    examples = MusicExamples(open_music(path, part, options), options)
    return [pitches_of(example.roll) for example in examples]


def test_the_examples_are_read_as_they_look(tmp_path: Path) -> None:
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    chord = [60, 64, 67]
    assert read(tmp_path / "tunes.json", "train") == [
        [chord, chord, [59, 62, 67], chord],
        [[48], [], [50]],
    ]
    assert read(tmp_path / "tunes.json", "test") == [[[62, 65], [60, 64]]]
    notes = [[[60, 64], [60], [62]], [[], [], [], [], [72]]]
    assert read(tmp_path / "notes.csv", "train") == notes
