"""The examples of docs/your-data.md, as they stand there."""

import re
from pathlib import Path

import pandas
import pytest
import tensorflow as tf

from toolkit.data import (
    ColumnOptions,
    Example,
    LabelRule,
    TextExamples,
    open_source,
    table_format,
)
from toolkit.errors import DataError
from toolkit.options import on_the_command_line

PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))

SLOW = "Slow, but never dull."
TRUST = 'They said "trust us". We did.'


def read(data: object, **options) -> list[tuple[str, object]]:
    columns = ColumnOptions(**options)
    source = open_source(data, "train", table_format(columns))
    examples: list[Example] = list(TextExamples(source, columns))
    return [(example.text, example.label) for example in examples]


@pytest.fixture
def file(tmp_path: Path):
    def file(name: str) -> Path:
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
        return tmp_path / name

    return file


def run(name: str) -> dict[str, object]:
    """Run a Python example without the line that fits a model; return its variables."""
    lines = [line for line in EXAMPLES[name].splitlines() if "classifier" not in line]
    variables: dict[str, object] = {"pandas": pandas, "tf": tf}
    exec("\n".join(lines), variables)
    return variables


def test_files(file) -> None:
    assert read(file("reviews.csv")) == [(SLOW, "pos"), (TRUST, "neg")]
    assert read(file("reviews.tsv")) == [(SLOW, "pos"), ('"Trust us", they said.', "neg")]
    well_spent = ("Two hours\nwell spent.", "pos")
    assert read(file("reviews.jsonl")) == [(SLOW, "pos"), (TRUST, "neg"), well_spent]


@pytest.mark.parametrize(
    "name",
    [
        *("sep.csv", "bars.csv", "index.csv", "array.json", "columns.json"),
        *("doccano.jsonl", "label_studio.json"),
    ],
)
def test_other_forms_of_tables(file, name: str) -> None:
    assert read(file(name)) == [(SLOW, "pos"), (TRUST, "neg")]


def test_no_header(file, caplog: pytest.LogCaptureFixture) -> None:
    path = file("headerless.csv")
    options = {"header": False, "label_column": "1", "text_column": "3"}
    assert "--no-header --label-column 1 --text-column 3" in PAGE
    assert read(path, **options) == [(SLOW, "pos"), (TRUST, "neg")]
    path.write_text(EXAMPLES["headerless.csv"] + "pos,u19,Two hours well spent.\n")
    with on_the_command_line():
        read(path, text_column=SLOW, label_column="pos", skip_bad_rows=True)
    assert caplog.records[0].getMessage().replace(str(path), "headerless.csv") in PAGE


def test_encoding(file) -> None:
    path = file("latin.csv")
    path.write_bytes(EXAMPLES["latin.csv"].encode("cp1252"))
    with on_the_command_line(), pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).replace(str(path), "latin.csv") in PAGE
    assert read(path, encoding="cp1252") == [("Slow café film", "pos")]


def test_folder(tmp_path: Path) -> None:
    for line in EXAMPLES["folder"].splitlines():
        name, text = re.split(r"\s{4}", line)
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read(tmp_path / "reviews") == [
        (TRUST, "neg"),
        (SLOW, "pos"),
        ("Two hours well spent.", "pos"),
    ]


def test_python() -> None:
    frame = run("frame")["frame"]
    assert 'text_column="opinion", label_column="stars"' in EXAMPLES["frame"]
    columns = {"text_column": "opinion", "label_column": "stars"}
    assert read(frame, **columns) == [(SLOW, "4"), ("We trusted them.", "1")]
    dicts = run("dicts")
    for table in (dicts["columns"], dicts["rows"]):
        assert read(table, **columns) == [(SLOW, "4"), ("We trusted them.", "1")]
    assert read(run("pairs")["pairs"]) == [(SLOW, "pos"), ("They said: trust us. We did.", "neg")]
    lists = run("lists")
    assert read((lists["texts"], lists["labels"])) == [
        (SLOW, "pos"),
        ("They said: trust us. We did.", "neg"),
    ]
    assert read(run("dataset")["dataset"]) == [(SLOW, "1"), ("We trusted them.", "0")]


def test_label_rules() -> None:
    rules = [LabelRule(rule) for rule in re.findall(r'--label-rule "(.*?)"', EXAMPLES["rule"])]
    assert [[rule(stars) for stars in range(1, 6)] for rule in rules] == [
        ["neg", "neg", None, "pos", "pos"],
        ["low", "low", "middle", "high", "high"],
        ["bad", "bad", "good", "good", "good"],
    ]


def test_labels(file) -> None:
    several = read(file("several.csv"), target="labels")
    assert several == [(SLOW, ["calm", "clever"]), ("Two hours well spent.", ["clever"])]
    onehot = read(file("onehot.csv"), target="labels", label_columns="calm,clever")
    assert "--target labels --label-columns calm,clever" in PAGE
    assert [label for _, label in onehot] == [["calm", "clever"], ["clever"], []]
    assert read(file("number.csv"), target="number") == [(SLOW, 7.5), ("Two hours well spent.", 9)]


def test_groups(file) -> None:
    examples = TextExamples(open_source(file("groups.csv")), ColumnOptions(group_column="movie"))
    assert [example.group for example in examples] == ["tt01", "tt02"]


def test_bad_rows(file) -> None:
    path = file("bad.csv")
    with on_the_command_line(), pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).replace(str(path), "bad.csv") in PAGE


def test_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with on_the_command_line(), caplog.at_level("INFO", "toolkit"):
        read(pandas.DataFrame({"review": ["a"], "sentiment": ["b"]}))
    assert "\n".join(record.getMessage() for record in caplog.records) in PAGE
