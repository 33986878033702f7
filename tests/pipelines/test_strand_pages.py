"""Pages of strands on the command line: spans with the probability of each base, and classes."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.dna import main
from toolkit.evaluation.pages.strands import MOST_BASES
from toolkit.tasks import StrandClassifier, StrandTagger
from toolkit.tasks.marked_strands.serving import base_probabilities

SIZES: dict[str, Any] = {"hidden_size": 3, "kmers": 4, "epochs": 1, "validation_split": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of spans and of classes with their first weights, and strands."""
    folder = tmp_path_factory.mktemp("pages")
    marked = [{"text": "ACCCGT" * 3, "entities": [{"start": 1, "end": 4, "label": "exon"}]}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.tasks.task.fit", lambda *_, **__: [])
        tagger = StrandTagger(**SIZES, window=40, overlap=15).fit(marked)
        tagger.save(folder / "spans")
        tagger.export(folder / "spans")
        StrandClassifier(**SIZES).fit((["ACG", "TTA"] * 4, ["a", "b"] * 4)).export(folder / "run")
        values = (["ACG", "TTA"] * 4, [0.5, 1.5] * 4)
        StrandClassifier(**SIZES, target="number").fit(values).export(folder / "number")
    draw = np.random.default_rng(0)
    long = "".join(draw.choice([*"ACGT"], MOST_BASES + 500))
    (folder / "a.fa").write_text(f">s<1> x\nACgtNRY\n>empty\n>long\n{long}\n")
    return folder


@pytest.fixture
def call(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls ``predict`` with a page; gives the exit code, the answers and the page."""

    def call(run: str, *arguments: object) -> tuple[int, list[Any], str]:
        page = folder / "page.html"
        page.unlink(missing_ok=True)
        code = main(["predict", str(folder / run), *map(str, arguments), "--html", str(page)])
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, answers, page.read_text("utf-8") if page.exists() else ""

    return call


def test_spans_are_drawn_with_the_probability_of_each_base(folder: Path, call: Any) -> None:
    code, answers, page = call("spans", "--data", folder / "a.fa")
    assert (code, len(answers)) == (0, 3)
    assert answers[1]["error"].startswith("record 'empty' (line 3): ")
    assert re.findall("<bdi>(.*?)</bdi>", page) == ["1: s&lt;1&gt;", "2: long"]
    sizes = re.findall("<p>(.*?)</p>", page)
    assert sizes[0].startswith("7 bases, ")
    assert sizes[1].startswith("2,500 bases, ")
    assert " not drawn: " in sizes[1]
    assert ">ACgtNRY</text>" in page
    assert "transform=" in page
    assert "<script" not in page
    found = sum(len(answer.get("entities", ())) for answer in answers)
    assert f"</mark> {found:,}</span>" in page


def test_a_base_is_in_spans_at_least_as_probably_as_one_is_there(folder: Path) -> None:
    tagger = StrandTagger.load(folder / "spans")
    draw = np.random.default_rng(1)
    many = ["".join(draw.choice([*"ACGTN"], 40)) for _ in range(5)]  # of one tile
    model = tagger._needs_model("a test")
    probabilities = base_probabilities(model, tagger.window, tagger.overlap)
    spans = 0
    for strand, answer in zip(many, tagger.predict(many), strict=True):
        table = probabilities(strand, 0, len(strand))
        assert table.shape == (40, 1)
        assert ((table >= 0) & (table <= 1)).all()
        for each in answer["entities"]:
            spans += 1
            assert (table[each["start"] : each["end"], 0] >= each["score"] - 1e-5).all()
    assert spans


def test_classes_are_drawn_as_bars(call: Any) -> None:
    code, answers, page = call("run", "ACGtn", "ac gu")
    assert code == 0
    for number, answer in enumerate(answers, 1):
        assert f"{number}: {answer['label']} ({answer['score']:.3f})" in page
    assert ">ACGtn</text>" in page
    assert ">acgu</text>" in page
    assert page.count("<tr>") == 4


def test_numbers_are_named(call: Any) -> None:
    code, (answer,), page = call("number", "ACG")
    assert code == 0
    assert f"1: {answer['value']:.4g}</bdi>" in page
    assert "<tr>" not in page


def test_without_the_network_spans_have_no_probabilities(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / "spans", tmp_path / "spans")
    (tmp_path / "spans" / "model.keras").unlink()
    page = tmp_path / "page.html"
    code = main(["predict", str(tmp_path / "spans"), "ACGT" * 10, "--html", str(page)])
    out, error = capsys.readouterr()
    assert code == 0
    assert re.search("the probability of each base needs .*model.keras, which is missing", error)
    text = page.read_text("utf-8")
    assert text.count("<rect") >= len(json.loads(out)["entities"])
    assert "transform=" not in text
