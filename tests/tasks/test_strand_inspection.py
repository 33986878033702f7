"""The reports on strands with classes and with spans, and planted faults found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.samples.strands import marked_strands, strands
from toolkit.evaluation import report_table
from toolkit.tasks import StrandClassifier, StrandTagger
from toolkit.tasks import task as template
from toolkit.text.bases import reverse_complement
from toolkit.training.cost import Trial

FIGURES = ("training", "held_out", "across", "contradicting")


@pytest.fixture(scope="module", autouse=True)
def _not_tried() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "try_steps", lambda *_, **__: Trial(1, 100, 0.5))
        yield


def rows(count: int = 60, seed: int = 0) -> tuple[list[str], list[str]]:
    """Random strands of 20 to 29 bases, of two classes."""
    draw = np.random.default_rng(seed)
    drawn = ["".join(draw.choice([*"ACGT"], draw.integers(20, 30))) for _ in range(count)]
    return drawn, ["a", "b"] * (count // 2)


def inspect(data: Any, validation_data: Any = None, **options: Any) -> dict[str, Any]:
    task = StrandClassifier(hidden_size=3, kmers=2, **options)
    report = task.inspect(data, validation_data)
    assert task.sequence_model is None
    return report


def inspect_spans(data: Any, validation_data: Any = None, **options: Any) -> dict[str, Any]:
    task = StrandTagger(hidden_size=3, kmers=2, **options)
    report = task.inspect(data, validation_data)
    assert task.sequence_model is None
    return report


def warnings(report: dict[str, Any], kind: str | None = None) -> list[dict[str, Any]]:
    return [warning for warning in report["warnings"] if kind in (None, warning["kind"])]


# Classes


@pytest.fixture(scope="module")
def clean() -> dict[str, Any]:
    return inspect(rows(), validation_split=0.2)


def test_rows_labels_lengths_and_letters_are_counted(clean: dict[str, Any]) -> None:
    assert warnings(clean) == []
    (file,) = clean["files"]
    assert (file["rows"], file["bad_rows"], file["outside_rule"]) == (60, 0, 0)
    assert file["training"] + file["held_out"] == 60
    assert "groups" not in file
    assert [row["label"] for row in clean["labels"]] == ["a", "b"]
    assert sum(row["training"] for row in clean["labels"]) == file["training"]
    assert clean["lengths"]["training"]["unit"] == "bases"
    assert clean["lengths"]["training"]["cut"] == 0
    assert 20 <= clean["lengths"]["held_out"]["min"] <= clean["lengths"]["held_out"]["max"] < 30
    letters = [clean["letters"][part] for part in ("training", "held_out")]
    assert sum(part["letters"] for part in letters) == sum(map(len, rows()[0]))
    assert clean["duplicates"] == {"exact": dict.fromkeys(FIGURES, 0), "opposite": {"across": 0}}
    assert clean["training"]["batches"] >= 1


def test_the_report_is_json_and_a_table(clean: dict[str, Any]) -> None:
    assert json.loads(json.dumps(clean)) == clean
    table = report_table(clean)
    assert table.endswith("no warnings")
    assert "gc share" in table


def test_g_and_c_of_each_class_are_those_of_its_training_strands() -> None:
    first, second = ["GGCC" * 8, "AATT" * 8, "SSWW" * 8] * 20, ["AT" * 20] * 12
    labels = ["gc", "at", "both"] * 20
    report = inspect((first, labels), (second, ["gc", "at", "both"] * 4))
    shares = {row["label"]: row["training_gc_share"] for row in report["labels"]}
    assert shares == {"gc": 1, "at": 0, "both": 0.5}
    assert report["letters"]["held_out"]["gc_share"] == 0
    assert report["letters"]["training"]["other_codes_share"] == pytest.approx(1 / 3)


def test_equal_and_opposite_strands_in_both_parts_are_named() -> None:
    (first, labels), (second, others) = rows(40), rows(30, seed=1)
    second[2], others[2] = first[7].lower().replace("t", "u"), labels[7]
    second[5] = reverse_complement(first[3])
    first[9], labels[9] = first[4], "a"
    labels[4] = "b"
    report = inspect((first, labels), (second, others))
    assert report["duplicates"] == {
        "exact": {"training": 1, "held_out": 0, "across": 1, "contradicting": 1},
        "opposite": {"across": 1},
    }
    (overlap,) = warnings(report, "overlap")
    assert overlap["rows"] == [[3, 8]]
    (opposite,) = warnings(report, "opposite_overlap")
    assert opposite["rows"] == [[6, 4]]
    assert opposite["message"].startswith(
        "1 held-out strand whose opposite strand is in the training part: "
    )
    (contradiction,) = warnings(report, "contradiction")
    assert contradiction["rows"] == [[10, 5]]


def test_opposite_strands_of_one_file_stay_together() -> None:
    first, labels = rows(60)
    first[30:] = map(reverse_complement, first[:30])
    report = inspect((first, labels), validation_split=0.3)
    assert report["files"][0]["held_out"] > 5
    assert warnings(report) == []


def test_letters_that_are_no_nucleotides_and_strands_without_a_base_are_named() -> None:
    first, labels = rows()
    first[0] = first[0][:10] + "Q" + first[0][11:]
    first[5], first[9] = "NNnnxx", "-" * 12
    report = inspect((first, labels), validation_split=0)
    (letters,) = warnings(report, "letters")
    assert letters["message"].endswith("(Q) are read as places without a base: 1")
    (blank,) = warnings(report, "no_bases")
    assert blank["rows"] == [6, 10]
    assert report["letters"]["training"]["N_share"] > 0


def test_strands_that_are_cut_and_short_ones_are_named() -> None:
    first, labels = rows()
    first[4], first[8] = "ACG", "ACGTTGCA" * 20
    report = inspect((first, labels), validation_split=0, max_length=100)
    assert report["lengths"]["training"]["cut"] == 1
    (cut,) = warnings(report, "cut_strands")
    assert cut["rows"] == [9]
    assert "of more than 100 bases, the longest of 160 (row 9)" in cut["message"]
    (short,) = warnings(report, "short_strands")
    assert short["rows"] == [5]
    assert warnings(inspect((["ACG", "CCG"] * 20, ["a", "b"] * 20)), "short_strands") == []


def test_bad_rows_rare_labels_and_groups() -> None:
    import pandas as pd

    first, labels = rows()
    first[7], labels[1] = "MKVLEFPQ", "c"
    frame = pd.DataFrame({"seq": first, "label": labels, "gene": [n // 3 for n in range(60)]})
    report = inspect(frame, group_column="gene", validation_split=0.2)
    (file,) = report["files"]
    assert (file["rows"], file["bad_rows"], file["groups"]) == (60, 1, 20)
    assert "is it a protein?" in warnings(report, "bad_rows")[0]["message"]
    assert {"rare_labels", "imbalance"} <= {warning["kind"] for warning in warnings(report)}


def test_unknown_classes_of_validation_data_are_bad_rows() -> None:
    second, others = rows(30, seed=1)
    others[3] = "c"
    report = inspect(rows(), (second, others))
    assert (report["files"][1]["rows"], report["files"][1]["bad_rows"]) == (30, 1)
    assert "the label 'c' is none of the known" in warnings(report, "bad_rows")[0]["message"]


@pytest.mark.parametrize("target", ["number", "labels"])
def test_other_targets(target: Any) -> None:
    first, _ = rows()
    labels = (np.arange(60) / 8).tolist() if target == "number" else ["a|b", "b", "b"] * 20
    report = inspect((first, labels), target=target, validation_split=0.2)
    assert report["duplicates"]["exact"]["contradicting"] == 0
    if target == "number":
        assert report["labels"]["training"]["max"] <= 59 / 8
    else:
        (a, b) = report["labels"]
        assert (a["label"], b["training_share"]) == ("a", 1.0)
        assert 0.4 < a["training_gc_share"] < 0.6


def test_files_of_classes(tmp_path: Path) -> None:
    first, labels = rows(40)
    for label in "ab":
        of_class = [strand for strand, each in zip(first, labels, strict=True) if each == label]
        records = [f">{label}{n}\n{strand}\n" for n, strand in enumerate(of_class)]
        (tmp_path / f"{label}.fa").write_text("".join(records) + ">empty\n")
    report = inspect(f"{tmp_path / 'a.fa'},{tmp_path / 'b.fa'}")
    (file,) = report["files"]
    assert (file["rows"], file["bad_rows"]) == (42, 2)
    assert [warning["kind"] for warning in warnings(report)] == ["bad_rows"]


# Spans


def marked(count: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    """Random strands of 30 to 39 bases with an exon of 6 to 9, and a site in each other one."""
    draw = np.random.default_rng(seed)
    records = []
    for number in range(count):
        text = "".join(draw.choice([*"ACGT"], draw.integers(30, 40)))
        spans = [{"start": 5, "end": int(draw.integers(11, 15)), "label": "exon"}]
        if number % 2:
            spans.append({"start": 20, "end": 22, "label": "site"})
        records.append({"text": text, "entities": spans})
    return records


def test_spans_are_counted_by_label_and_part() -> None:
    records = marked()
    records[0]["entities"] = [{"start": 0, "end": 4, "label": "exon"}]
    end = len(records[1]["text"])
    records[1]["entities"] = [{"start": 3, "end": end, "label": "exon"}]
    records[2]["entities"] = []
    report = inspect_spans(records, validation_split=0.3)
    assert warnings(report) == []
    (file,) = report["files"]
    bases = sum(len(record["text"]) for record in records)
    assert (file["rows"], file["bases"], file["without_spans"]) == (60, bases, 1)
    assert file["spans"] == 59 + 29
    exon, site = report["labels"]
    assert (exon["label"], exon["training"] + exon["held_out"]) == ("exon", 59)
    assert site["training"] + site["held_out"] == 29
    assert exon["training_share"] + site["training_share"] == pytest.approx(1)
    exon, site = report["spans"]
    assert (exon["at_start"], exon["at_end"], site["at_start"], site["at_end"]) == (1, 1, 0, 0)
    assert (exon["min"], exon["max"], exon["unit"]) == (4, end - 3, "bases")
    assert (site["min"], site["mean"], site["max"]) == (2, 2.0, 2)
    assert report["lengths"]["training"]["min"] >= 30
    assert json.loads(json.dumps(report)) == report
    assert report_table(report).endswith("no warnings")


def test_parts_of_long_strands_are_one_strand() -> None:
    whole, in_pieces = (
        inspect_spans(marked(), window=window, overlap=20, validation_split=0.3)
        for window in (1000, 16)
    )
    for section in ("files", "labels", "spans", "lengths", "duplicates", "letters"):
        assert in_pieces[section] == whole[section]


def test_faults_of_strands_with_spans_are_named() -> None:
    first, second = marked(40), marked(30, seed=1)
    second[2]["text"] = reverse_complement(first[7]["text"])
    second[4]["text"] = first[3]["text"]
    first[9]["text"] = first[8]["text"] = "ACGTN" * 7
    first[11]["text"] = "N" * 35
    first[12]["text"] = first[12]["text"][:-1] + "?"
    report = inspect_spans(first, second)
    assert report["duplicates"] == {
        "exact": {"training": 1, "held_out": 0, "across": 1, "contradicting": 2},
        "opposite": {"across": 1},
    }
    assert warnings(report, "opposite_overlap")[0]["rows"] == [[3, 8]]
    assert warnings(report, "overlap")[0]["rows"] == [[5, 4]]
    (contradiction,) = warnings(report, "contradiction")
    assert "2 strands marked in more than one way" in contradiction["message"]
    assert warnings(report, "no_bases")[0]["rows"] == [12]
    assert len(warnings(report, "letters")) == 1


def test_spans_that_tiles_may_miss_are_named() -> None:
    records = marked()
    records[6]["entities"] = [{"start": 2, "end": 28, "label": "exon"}]
    report = inspect_spans(records, window=20, overlap=15, validation_split=0)
    (long,) = warnings(report)
    assert (long["kind"], long["rows"]) == ("long_spans", [7])
    assert "1 span of more than 15 bases" in long["message"]
    assert warnings(inspect_spans(records, overlap=15, validation_split=0)) == []


def test_rare_and_unknown_labels_of_spans() -> None:
    first, second = marked(40), marked(20, seed=1)
    first[0]["entities"] = [{"start": 1, "end": 3, "label": "rare"}]
    second[0]["entities"] = [{"start": 1, "end": 3, "label": "other"}]
    report = inspect_spans(first, second)
    kinds = [warning["kind"] for warning in warnings(report)]
    assert sorted(kinds) == ["bad_rows", "missing_labels", "rare_labels"]
    assert report["files"][1]["bad_rows"] == 1


def test_files_of_bed(tmp_path: Path) -> None:
    path = tmp_path / "a.fa"
    records = marked(30)
    path.write_text("".join(f">s{n}\n{each['text']}\n" for n, each in enumerate(records)))
    lines = [
        f"s{n}\t{span['start']}\t{span['end']}\t{span['label']}\t0\t{'+-'[n % 2]}\n"
        for n, each in enumerate(records)
        for span in each["entities"]
    ]
    path.with_suffix(".bed").write_text("".join(lines))
    report = inspect_spans(str(path), validation_split=0)
    assert [row["label"] for row in report["spans"]] == ["exon", "exon(-)", "site(-)"]
    assert warnings(report) == []


# Samples


def test_the_samples_have_no_warnings() -> None:
    assert warnings(inspect(strands("train"), strands("test"))) == []
    assert warnings(inspect_spans(marked_strands("train"), marked_strands("test"))) == []
