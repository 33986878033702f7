"""The examples of docs/language-model.md, as they stand there."""

import re
from pathlib import Path

from toolkit.data import (
    StreamColumnOptions,
    conditioned_prompts,
    open_conditioned,
    open_stream,
    whole_texts,
)

PAGE = (Path(__file__).parents[2] / "docs" / "language-model.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))


def test_files(tmp_path: Path) -> None:
    for name in ("plays.txt", "poems.csv"):
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    assert list(whole_texts(open_stream(tmp_path / "plays.txt"))) == [EXAMPLES["plays.txt"]]
    poems = ["Rain again, and again.", "No rain, no again."]
    assert list(whole_texts(open_stream(tmp_path / "poems.csv"))) == poems


def test_conditions(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text(EXAMPLES["reviews.csv"], encoding="utf-8")
    options = StreamColumnOptions(text_column="text", condition_column="label")
    source = open_conditioned(tmp_path / "reviews.csv", options=options)
    assert list(conditioned_prompts(source, options, ["negative", "positive"])) == [
        ("A warm film, and not a minute too long.", "positive"),
        ("Nothing happens, twice.", "negative"),
    ]


def test_python() -> None:
    texts = re.search(r"model\.fit\((.*)\)", EXAMPLES["python"])
    assert texts is not None
    found = list(whole_texts(open_stream(eval(texts.group(1)))))
    assert found == ["It was late.", "It was very late.", "It was early."]
