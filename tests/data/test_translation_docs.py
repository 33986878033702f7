"""The examples of docs/translation.md, as they stand there."""

import re
from pathlib import Path

from toolkit.data import PairColumnOptions, PairExamples, open_pairs

PAGE = (Path(__file__).parents[2] / "docs" / "translation.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
WHERE = ("Where are you going?", "Où vas-tu ?")
RAIN = ("It is raining.", "Il pleut.")
KNOW = ("I do not know.", "Je ne sais pas.")


def read(data: object, **options: str) -> list[tuple[str, str]]:
    columns = PairColumnOptions(**options)
    examples = PairExamples(open_pairs(data, "train", columns), columns)
    return [(example.source, example.target) for example in examples]


def test_files(tmp_path: Path) -> None:
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert read((tmp_path / "train.en", tmp_path / "train.fr")) == [WHERE, RAIN, KNOW]
    assert read(tmp_path / "pairs.tsv") == [WHERE, RAIN, KNOW]
    turned = read(tmp_path / "pairs.tsv", source_column="2", target_column="1")
    assert turned == [pair[::-1] for pair in (WHERE, RAIN, KNOW)]
    assert read(tmp_path / "pairs.csv") == [WHERE, ("It is raining, sadly.", "Il pleut, hélas.")]
    assert read(tmp_path / "pairs.jsonl") == [WHERE, RAIN, ("Two\nlines.", "Deux\nlignes.")]


def test_python() -> None:
    lines = [line for line in EXAMPLES["python"].splitlines() if "translator" not in line]
    variables: dict[str, object] = {}
    exec("\n".join(lines), variables)
    assert read((variables["sources"], variables["targets"])) == [WHERE, RAIN, KNOW]
