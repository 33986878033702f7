"""Spans of BED and GFF3 files beside FASTA files, and what is wrong with them."""

import gzip
from pathlib import Path

import pytest

from toolkit.data.entities.scan import scan_entities
from toolkit.errors import DataError
from toolkit.tagging import Span
from toolkit.tasks.marked_strands.examples import MarkedStrandExamples, open_marked
from toolkit.tasks.marked_strands.options import MarkedStrandOptions

FASTA = ">s1 a gene\nTAGCCCCAG\n>s2\nacgt\n"
BED = "track name=x\ns1\t3\t7\texon\t0\t+\ns1\t8\t9\texon\t0\t-\n\n# none\ns2\t0\t2\tsite\n"
GFF = (
    "##gff-version 3\ns1\tx\texon\t4\t7\t.\t+\t.\tID=1\ns1\tx\texon\t9\t9\t.\t-\t.\t.\n"
    "s2\tx\tsite\t1\t2\t.\t.\t.\t.\n##FASTA\n>s1\nTAG\n"
)
SPANS = [
    ("TAGCCCCAG", (Span(3, 7, "exon"), Span(8, 9, "exon(-)"))),
    ("acgt", (Span(0, 2, "site"),)),
]


def read(data: object, labelled: bool = True, **options: object) -> list[tuple[object, object]]:
    chosen = MarkedStrandOptions(**options)
    examples = MarkedStrandExamples(open_marked(data, "train", chosen), chosen, labelled)
    return [(example.text, example.spans if labelled else example.problem) for example in examples]


def written(path: Path, content: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bed", BED),
        ("a.bed.gz", BED),
        ("a.gff3", GFF),
        ("a.gff", GFF),
        ("a.bed", BED.replace("\t", " ")),
    ],
)
def test_spans_beside_a_file_and_after_a_comma(tmp_path: Path, name: str, content: str) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / name, content)
    assert read(fasta) == SPANS
    other = written(tmp_path / "b.fa.gz", FASTA)
    assert read(f"{other},{tmp_path / name}") == SPANS
    assert read(other, labelled=False) == [("TAGCCCCAG", None), ("acgt", None)]


def test_the_labels_that_are_read(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / "a.bed", BED + "s1\t0\t9\tgene\n")
    with pytest.raises(
        DataError, match=r"record 's1' \(line 1\): the entities .* overlap; span_labels"
    ):
        read(fasta)
    assert read(fasta, span_labels="exon, site") == SPANS
    assert read(fasta, span_labels="exon(-)") == [("TAGCCCCAG", SPANS[0][1][1:]), ("acgt", ())]
    with pytest.raises(DataError, match=r"no spans with the label CDS; it has exon, exon\(-\), si"):
        read(fasta, span_labels="CDS")


def test_a_bed_of_three_columns_has_spans_without_a_name(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", ">s\nACGT\n")
    written(tmp_path / "a.bed", "s\t1\t3\n")
    assert read(fasta) == [("ACGT", (Span(1, 3, "span"),))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.bed",
            "s1\t3\t12\texon\n",
            r"'s1' \(line 1\): the span 'exon' of .*a\.bed, line 1, ends at 12",
        ),
        ("a.bed", "chr1\t3\t4\n", r"a\.bed has spans of other records \(chr1\) than .* \(s1, s2\)"),
        ("a.bed", "s1\t3\t3\n", r"a\.bed, line 1: a span from 3 to 3 has no base"),
        ("a.bed", "s1\t-1\t3\n", r"a\.bed, line 1: a span from -1 to 3 has no base"),
        ("a.bed", "s1\tx\t3\n", r"a\.bed, line 1: a line of BED has a name, a start from 0"),
        ("a.bed", "\n", r"a\.bed has no spans"),
        ("a.gff3", "s1\tx\texon\t4\n", r"a\.gff3, line 1: a line of GFF3 has nine columns"),
        ("a.gff3", "s1\tx\texon\t0\t3\t.\t+\t.\t.\n", r"a\.gff3, line 1: a span from -1 to 3"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: str, message: str) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / name, content)
    with pytest.raises(DataError, match=message):
        read(fasta)


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    with pytest.raises(DataError, match=r"a\.fa has no spans; put a BED or GFF3 file beside it"):
        read(fasta)
    with pytest.raises(DataError, match=r"there is no file .*b\.bed"):
        read(f"{fasta},{tmp_path / 'b.bed'}")
    with pytest.raises(DataError, match=r"a\.fa is no file of spans"):
        read(f"{fasta},{fasta}")
    for name in ("a.bed", "a.gff3"):
        written(tmp_path / name, BED)
    with pytest.raises(DataError, match=r"several files of spans beside it: a\.bed, a\.gff3"):
        read(fasta)


def test_files_of_spans_do_not_matter_for_prediction(tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO", "toolkit")
    fasta = written(tmp_path / "a.fa", FASTA)
    for name in ("a.bed", "a.gff3"):
        written(tmp_path / name, "")
        assert read(fasta, labelled=False) == [("TAGCCCCAG", None), ("acgt", None)]
    assert not caplog.text
    (tmp_path / "a.gff3").unlink()
    written(tmp_path / "a.bed", BED)
    assert read(fasta) == SPANS
    assert f"spans from {tmp_path / 'a.bed'}" in caplog.text


def test_endings_in_upper_case(tmp_path: Path) -> None:
    fasta = tmp_path / "a.FA.GZ"
    fasta.write_bytes(gzip.compress(FASTA.encode()))
    written(tmp_path / "a.bed", BED)
    assert read(fasta) == SPANS


def test_records_of_the_same_name(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", FASTA + ">s1 again\nTAGCCCCAGA\n")
    written(tmp_path / "a.bed", BED)
    with pytest.raises(DataError, match="several records of the name s1, so that it is not clear"):
        read(fasta)
    written(tmp_path / "a.bed", "s2\t0\t2\tsite\n")
    assert len(read(fasta)) == 3


def test_a_fasta_file_needs_no_columns_of_a_run(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / "a.bed", BED)
    chosen = {"text_column": "sequence", "entities_column": "exons"}
    assert read(fasta, **chosen) == SPANS
    assert read(fasta, labelled=False, **chosen) == [("TAGCCCCAG", None), ("acgt", None)]


@pytest.mark.parametrize("name", ["track1", "browser_x"])
def test_records_whose_names_begin_as_other_lines_of_bed(tmp_path: Path, name: str) -> None:
    fasta = written(tmp_path / "a.fa", f">{name}\nACGT\n")
    written(tmp_path / "a.bed", f"browser hide all\ntrack name=x\n{name}\t1\t3\tsite\n")
    assert read(fasta) == [("ACGT", (Span(1, 3, "site"),))]


def test_a_column_file_of_one_strand(tmp_path: Path) -> None:
    path = written(tmp_path / "a.conll", "A O\nC B-x\nG I-x\n")
    chosen = MarkedStrandOptions()
    examples = MarkedStrandExamples(open_marked(path, "train", chosen), chosen)
    with pytest.raises(DataError, match="is one sentence of 3 tokens; there should be a blank"):
        scan_entities(examples)


def test_spans_of_some_other_records_are_left_out_and_counted(tmp_path: Path, caplog) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / "a.bed", f"{BED}s9\t1\t2\tsite\n")
    assert read(fasta) == SPANS
    assert "spans of 1 record that" in caplog.text
    assert "left out: s9" in caplog.text


def test_spans_beyond_a_strand_matter_in_training_alone(tmp_path: Path) -> None:
    fasta = written(tmp_path / "a.fa", FASTA)
    written(tmp_path / "a.bed", "s1\t3\t12\texon\ns2\t0\t2\tsite\n")
    assert read(fasta, skip_bad_rows=True) == [("acgt", (Span(0, 2, "site"),))]
    assert read(fasta, labelled=False) == [("TAGCCCCAG", None), ("acgt", None)]


def test_sentences_of_bases_are_strands() -> None:
    bases = [[*"TAGC"], [*"ac"]]
    tags = [["O", "B-x", "I-x", "O"], ["O", "O"]]
    assert read((bases, tags)) == [("TAGC", (Span(1, 3, "x"),)), ("ac", ())]
    with pytest.raises(DataError, match="the token 'AG' is no single base"):
        read(([["T", "AG"]], [["O", "B-x"]]))
    with pytest.raises(DataError, match=r"2 of 3 letters are no nucleotides .*is it a protein"):
        read([{"text": "EFA", "entities": [{"start": 0, "end": 1, "label": "x"}]}])
