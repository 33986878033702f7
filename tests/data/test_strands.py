"""Strands from FASTA, FASTQ and tables, with their labels, and what is wrong with them."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from toolkit.data import StrandColumnOptions, StrandExamples, open_strands
from toolkit.errors import DataError

FASTA = """\
; made by hand
>s1 donor
ACGT
nnAC*

;a comment within
>s2 none
 ac gu
>s3 donor
R
"""
ROWS = [("ACGTnnAC", "donor"), ("acgu", "none"), ("R", "donor")]
FASTQ = "@s1 donor\nACGT\nnnAC\n+\nIIII\nI@#I\n\n@s2 none\nacgu\n+s2\n@@II\n@s3 donor\nR\n+\n;\n"


def rows(data: object, **options: object) -> list[tuple[str, object]]:
    chosen = StrandColumnOptions(**options)
    examples = StrandExamples(open_strands(data, "train", chosen), chosen)
    return [(example.text, example.label) for example in examples]


def answers(data: object, **options: object) -> list[tuple[str, str | None]]:
    chosen = StrandColumnOptions(**options)
    examples = StrandExamples(open_strands(data, None, chosen), chosen, labelled=False)
    return [(example.text, example.problem) for example in examples]


def written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.fa", FASTA),
        ("a.FASTA", FASTA.replace("\n", "\r\n")),
        ("a.fna.gz", FASTA),
        ("a.fas", FASTA.rstrip("\n")),
        ("a.fastq", FASTQ),
        ("a.fq.gz", FASTQ),
    ],
)
def test_every_format_of_records(tmp_path: Path, name: str, content: str) -> None:
    assert rows(written(tmp_path / name, content)) == ROWS


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("s1 label=donor len=4", {}),
        ("s1 a strand class=donor; of 4", {}),
        ("s1 label=donor;len=4", {}),
        ("s1 len=4|label=donor,of=s9", {}),
        ("s1|x|donor", {}),
        ("s1 donor", {}),
        ("s1 kept whole: a donor", {"header_separator": ": a"}),
        ("s1 type=donor of=4", {"header_separator": "type="}),
    ],
)
def test_the_label_in_a_header(tmp_path: Path, header: str, options: dict[str, str]) -> None:
    assert rows(written(tmp_path / "a.fa", f">{header}\nAC\n"), **options) == [("AC", "donor")]


def test_the_guess_of_the_separator_is_logged(tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO", "toolkit")
    rows(written(tmp_path / "a.fa", ">s1|donor\nAC\n>s2|none\nAC\n"))
    assert "the label is what follows '|' in a header, such as 'donor' (guessed" in caplog.text


def test_a_header_without_a_label_stops_reading(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fa", ">NM_1 of some gene\nAC\n")
    message = r"a\.fa, record 'NM_1' \(line 1\): the record has no label in the headers; say what"
    with pytest.raises(DataError, match=message):
        rows(path)


def test_a_table_of_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fa", ">s1 of a gene\nAC\n>s2\nGT\n")
    table = written(tmp_path / "labels.csv", "id,kind\ns2,none\ns1,donor\n")
    assert rows(path, label_file=str(table)) == [("AC", "donor"), ("GT", "none")]
    wide = written(tmp_path / "wide.tsv", "len\tname\tkind\n2\ts2\tnone\n2\ts1\tdonor\n")
    chosen = {"label_file": str(wide), "label_column": "kind"}
    assert rows(path, **chosen) == [("AC", "donor"), ("GT", "none")]
    with pytest.raises(DataError, match=r"which column holds the labels.*one of: len, kind"):
        rows(path, label_file=str(wide))


def test_labels_do_not_matter_for_prediction(tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO", "toolkit")
    path = written(tmp_path / "a.fa", ">s1 label=x\nAC\n")
    assert answers(path, label_file=str(tmp_path / "missing.csv")) == [("AC", None)]
    assert answers(path) == [("AC", None)]
    assert not caplog.text
    with pytest.raises(DataError, match=r"missing\.csv"):
        rows(path, label_file=str(tmp_path / "missing.csv"))


def test_a_part_that_a_folder_does_not_have(tmp_path: Path) -> None:
    written(tmp_path / "train" / "donor.fa", ">a\nAC\n")
    assert rows(tmp_path) == [("AC", "donor")]
    with pytest.raises(DataError, match="comes in parts; give one of the folders in it: train"):
        answers(tmp_path)


def test_names_without_a_label_and_with_two(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fa", ">s1\nAC\n>s9\nGT\n")
    table = written(tmp_path / "labels.csv", "id,kind\ns1,none\n")
    with pytest.raises(DataError, match=r"record 's9' \(line 3\): .*no label in .*csv"):
        rows(path, label_file=str(table))
    table = written(tmp_path / "labels.csv", "id,kind\ns1,none\ns1,donor\n")
    with pytest.raises(DataError, match=r"row 2.*'s1' has two labels, 'none' and 'donor'"):
        rows(path, label_file=str(table))


def test_a_file_or_a_folder_for_each_class(tmp_path: Path) -> None:
    donor = written(tmp_path / "files" / "donor.fa", ">a\nAC\n>b\nACC\n")
    none = written(tmp_path / "files" / "none.fa.gz", ">c x y\nGT\n")
    expected = [("AC", "donor"), ("ACC", "donor"), ("GT", "none")]
    assert rows(tmp_path / "files") == expected
    assert rows(f"{donor},{none}") == expected
    written(tmp_path / "folders" / "train" / "donor" / "1.fa", ">a\nAC\n>b\nACC\n")
    written(tmp_path / "folders" / "train" / "none" / "1.fa", ">c\nGT\n")
    written(tmp_path / "folders" / "test" / "none" / "1.fa", ">c\nGTTT\n")
    assert rows(tmp_path / "folders") == expected
    assert rows(tmp_path / "folders" / "train") == expected
    written(tmp_path / "texts" / "donor" / "1.txt", "AC\nGT\n")
    written(tmp_path / "texts" / "none" / "1.txt", "GT")
    assert rows(tmp_path / "texts") == [("ACGT", "donor"), ("GT", "none")]


def test_places_in_several_files_name_the_file(tmp_path: Path) -> None:
    written(tmp_path / "donor.fa", ">a\nAC\n")
    path = written(tmp_path / "none.fa", ">b\nGT\n>c\n")
    with pytest.raises(DataError, match=rf"{path}, record 'c' \(line 3\): .* no strand"):
        rows(tmp_path)


@pytest.mark.parametrize("column", ["sequence", "Seq", "DNA"])
def test_tables_by_their_usual_column(column: str) -> None:
    frame = pd.DataFrame(
        {"note": ["a long note"] * 2, column: [" acgt ", "GG TT"], "label": ["x", "y"]}
    )
    assert rows(frame) == [("acgt", "x"), ("GGTT", "y")]
    assert answers(frame) == [("acgt", None), ("GGTT", None)]
    assert rows(frame, text_column="label", label_column="note")[0][1] == "a long note"


def test_lists_and_numbers_as_for_texts() -> None:
    assert rows((["AC", "GT"], [0.5, 2]), target="number") == [("AC", 0.5), ("GT", 2.0)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.fa", "ACGT\n>s1\nAC\n", r"a\.fa, line 1: a header should stand before.*'ACGT'"),
        ("a.fa", "", r"a\.fa is empty"),
        ("a.fa", "\n;only a comment\n", r"a\.fa is empty"),
        ("a.fa", ">s1 x\n>s2 y\nAC\n", r"record 's1' \(line 1\): .* a header, but no strand"),
        ("a.fa", ">s1 x\n*\n>s2 y\nAC\n", r"record 's1' \(line 1\): .* a header, but no strand"),
        ("a.fa", ">s1 x\nMKTFFEVLLA\n", r"5 of 10 letters are no nucleotides \(F, L, E\); is it a"),
        ("a.fa", ">s1 x\nAC12345678\n", r"8 of 10 letters are no nucleotides \(1, 2, 3, 4, 5, 6 "),
        ("a.fastq", ">s1 x\nAC\n", r"a\.fastq, line 1: a FASTQ record begins with @.*'>s1 x'"),
        ("a.fastq", "@s1 x\nAC\n", r"record 's1' \(line 1\): the record has no line \+"),
        ("a.fastq", "@s1 x\nAC\n+\nI\n", r"the record has 2 bases and 1 qualities"),
        ("a.fastq", "@s1 x\nAC\n+\nIII\n", r"the record has 2 bases and 3 qualities"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(written(tmp_path / name, content))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*a\.fa"):
        rows(tmp_path / "a.fa")
    there = written(tmp_path / "b.fa", ">s1\nAC\n")
    with pytest.raises(DataError, match=r"there is no file .*a\.fa"):
        rows(f"{there},{tmp_path / 'a.fa'}")


def test_files_beside_folders_are_not_guessed(tmp_path: Path) -> None:
    written(tmp_path / "donor.fa", ">a\nAC\n")
    written(tmp_path / "none" / "1.fa", ">a\nAC\n")
    with pytest.raises(DataError, match=r"files of strands \(donor\.fa\) beside folders.*none/"):
        rows(tmp_path)


def test_few_letters_that_are_no_nucleotides_are_kept_counted_and_named(caplog) -> None:
    strands = ["ACGTACGTACGTACGTACGTE", "acgtacgtacgtacgtacgtjj"]
    chosen = StrandColumnOptions()
    examples = StrandExamples(open_strands((strands, ["x", "y"]), None, chosen), chosen)
    for _ in range(2):
        assert [example.text for example in examples] == strands
        assert examples.letters.unknown == {"J": 2, "E": 1}
    assert [r.message for r in caplog.records] == [
        "the list: letters that are no nucleotides (J, E) are read as places without a base: 3"
    ]


def test_each_row_is_answered_with_an_error_where_it_cannot_be_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fa", ">s1\nAC\n>s2\n>s3\nMKTFF\n>s4\nGT\n")
    found = answers(path)
    assert [text for text, _ in found] == ["AC", "", "", "GT"]
    assert found[0][1] is None
    assert found[3][1] is None
    assert "record 's2' (line 3): the record has a header, but no strand" in str(found[1][1])
    assert "2 of 5 letters are no nucleotides (F); is it a protein?" in str(found[2][1])


def test_equal_and_opposite_strands_are_groups_unless_there_is_a_column_of_groups() -> None:
    frame = pd.DataFrame({"seq": ["AACC", "aacc", "GGUU", "GG"], "label": [*"xyxy"], "gene": 1})

    def groups(**options: str) -> list[str | None]:
        chosen = StrandColumnOptions(**options)
        examples = StrandExamples(open_strands(frame, None, chosen), chosen)
        return [example.group for example in examples]

    assert groups() == ["AACC", "AACC", "AACC", "CC"]
    assert groups(group_column="gene") == ["1"] * 4
    chosen = StrandColumnOptions()
    ungrouped = StrandExamples(open_strands(frame, None, chosen), chosen, grouped=False)
    assert {example.group for example in ungrouped} == {None}


def test_long_lines_are_read_whole(tmp_path: Path) -> None:
    strand = "ACGTN" * 500_000
    assert rows(written(tmp_path / "a.fa", f">s1 x\n{strand}\n>s2 y\nA\n")) == [
        (strand, "x"),
        ("A", "y"),
    ]
