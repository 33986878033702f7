"""The examples of docs/named-entities.md, as they stand there."""

import re
from pathlib import Path

from toolkit.data import EntityColumnOptions, EntityExamples, Span, open_entities

PAGE = (Path(__file__).parents[2] / "docs" / "named-entities.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))

FLEW = (("Ada", "Moss", "flew", "to", "Cork"), ("B-PER", "I-PER", "O", "O", "B-LOC"))
NOBODY = (("Nobody", "else"), ("O", "O"))


def read(data: object) -> list[tuple[object, object]]:
    options = EntityColumnOptions()
    examples = EntityExamples(open_entities(data, "train", options), options)
    return [
        (example.tokens, example.tags) if example.text is None else (example.text, example.spans)
        for example in examples
    ]


def test_files(tmp_path: Path) -> None:
    for name in ("train.conll", "train.jsonl", "tokens.jsonl", "train.csv"):
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    assert read(tmp_path / "train.conll") == [FLEW, NOBODY]
    assert read(tmp_path / "train.jsonl") == [
        ("Ada Moss flew to Cork.", (Span(0, 8, "PER"), Span(17, 21, "LOC"))),
        ("Nobody else.", ()),
    ]
    assert read(tmp_path / "tokens.jsonl") == [FLEW]
    assert read(tmp_path / "train.csv") == [
        (FLEW[0][:3], FLEW[1][:3]),
        (NOBODY[0][:1], NOBODY[1][:1]),
    ]


def test_python() -> None:
    lines = [line for line in EXAMPLES["python"].splitlines() if "tagger" not in line]
    variables: dict[str, object] = {}
    exec("\n".join(lines), variables)
    assert read((variables["sentences"], variables["tags"])) == [FLEW, NOBODY]


def test_utf16_offsets() -> None:
    variables: dict[str, object] = {}
    exec(EXAMPLES["utf16"], variables)
    text = "\U0001f600 Ada"
    assert [variables["code_points"](text, place) for place in (0, 3, 6)] == [0, 2, 5]  # type: ignore[operator]
