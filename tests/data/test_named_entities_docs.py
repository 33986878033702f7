"""The examples of entities in docs/named-entities.md and docs/your-data.md, as they stand there."""

import re
from pathlib import Path

import pytest

from toolkit.data import EntityColumnOptions, EntityExamples, Span, open_entities

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = {
    name: content
    for page in ("your-data.md", "named-entities.md")
    for name, content in re.findall(
        r"<!-- (\S+) -->\n```\w*\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL
    )
}

FLEW = (("Ada", "Moss", "flew", "to", "Cork"), ("B-PER", "I-PER", "O", "O", "B-LOC"))
NOBODY = (("Nobody", "else"), ("O", "O"))


MARKED = [
    ("Ada Moss flew to Cork.", (Span(0, 8, "PER"), Span(17, 21, "LOC"))),
    ("Nobody else.", ()),
]


def read(data: object, **given: str) -> list[tuple[object, object]]:
    options = EntityColumnOptions(**given)
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


TEXTS = [
    *("triples.jsonl", "relations.jsonl", "tasks.json", "min.json", "studio.csv", "prodigy.jsonl"),
    *("pairs.json", "annotator.json", "docs.jsonl"),
]
TOKENS = [
    *("studio.conll", "training.json", "outer.tsv", "features.conllu", "header.conll"),
    "strings.csv",
]


@pytest.mark.parametrize("name", [*TEXTS, *TOKENS])
def test_what_tools_and_corpora_write(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    assert read(tmp_path / name) == (MARKED if name in TEXTS else [FLEW, NOBODY])
    unlabelled = EntityExamples(tmp_path / name, EntityColumnOptions(), labelled=False)
    inputs = [example.tokens if example.text is None else example.text for example in unlabelled]
    if name == "prodigy.jsonl":
        assert inputs.pop(1) == "Ada Moss."
    assert inputs == ([text for text, _ in MARKED] if name in TEXTS else [FLEW[0], NOBODY[0]])


def test_tags_that_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_text(EXAMPLES[path.name], encoding="utf-8")
    page = (DOCS / "your-data.md").read_text(encoding="utf-8")
    [names] = re.findall(r"--data numbers.jsonl --tag-names (\S+)", page)
    assert read(path, tag_names=names) == [FLEW, NOBODY]


def test_a_folder_of_brat(tmp_path: Path) -> None:
    for line in EXAMPLES["brat"].splitlines():
        name, content = line.split("    ")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(content + ("\n" if name.endswith(".ann") else ""))
    assert read(tmp_path / "notes") == MARKED
