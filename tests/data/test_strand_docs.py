"""The strands of docs/your-data.md, as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest

from toolkit.data import StrandColumnOptions, StrandExamples, open_strands
from toolkit.errors import DataError
from toolkit.options import on_the_command_line
from toolkit.tagging import Span
from toolkit.tasks.marked_strands.examples import MarkedStrandExamples, open_marked
from toolkit.tasks.marked_strands.options import MarkedStrandOptions

PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))

SITES = [("CAGGTAAGTNNRY", "donor"), ("ttacggcataacg", "none"), ("AAGGUGAGU", "donor")]
GENES = [
    ("acCAGGTAttGTGcc", (Span(2, 8, "exon"), Span(10, 13, "exon(-)"))),
    ("TAGCCnn", (Span(0, 3, "site"),)),
    ("ggcgcg", ()),
]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in a folder of their own, which is the current one."""
    monkeypatch.chdir(tmp_path)


def write(*names: str) -> str:
    """Write examples, and return the name of the first."""
    for name in names:
        Path(name).write_text(EXAMPLES[name], encoding="utf-8")
    return names[0]


def sites(data: Any, **options: Any) -> list[tuple[str, Any]]:
    chosen = StrandColumnOptions(**options)
    examples = StrandExamples(open_strands(data, "train", chosen), chosen)
    return [(example.text, example.label) for example in examples]


def genes(data: str) -> list[tuple[str | None, tuple[Span, ...]]]:
    chosen = MarkedStrandOptions()
    examples = MarkedStrandExamples(open_marked(data, "train", chosen), chosen)
    return [(example.text, example.spans) for example in examples]


@pytest.mark.parametrize("name", ["sites.fa", "sites.fastq", "sites.csv"])
def test_classes(name: str) -> None:
    assert sites(write(name)) == SITES


def test_labels_in_a_table() -> None:
    Path("bare.fa").write_text(EXAMPLES["sites.fa"].replace("label=", ""))
    assert sites("bare.fa", label_file=write("labels.csv")) == SITES


@pytest.mark.parametrize("name", ["genes.bed", "genes.gff3"])
def test_spans_beside_fasta(name: str) -> None:
    assert genes(write("genes.fa", name)) == GENES
    Path(name).rename("others" + Path(name).suffix)
    assert genes("genes.fa,others" + Path(name).suffix) == GENES


def test_spans_in_json_lines() -> None:
    assert genes(write("genes.jsonl")) == GENES


def test_a_span_beyond_its_record() -> None:
    write("genes.fa", "bad.bed")
    with on_the_command_line(), pytest.raises(DataError) as caught:
        genes("genes.fa,bad.bed")
    assert f"\n{caught.value}\n" in PAGE
