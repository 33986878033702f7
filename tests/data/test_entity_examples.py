"""Examples of entities: the same from every form of data, and errors of bad data."""

import csv
import gzip
import json
import logging
import re
import tempfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import EntityColumnOptions, EntityExample, EntityExamples, Span, open_entities
from toolkit.errors import DataError

TOKENS = [["Ann", "Lee", "met", "Bo", "Cy"], ["Yes", "!"]]
TAGS = [["B-PER", "I-PER", "O", "B-PER", "B-PER"], ["O", "O"]]
TEXTS = ["👩‍👧 Ann Lee met Bo.", "Yes!"]
ENTITIES = [
    [{"start": 4, "end": 11, "label": "PER"}, {"start": 16, "end": 18, "label": "PER"}],
    [],
]
SPANS = [[(4, 11, "PER"), (16, 18, "PER")], []]
TABLE = {
    "sentence_id": [7, 7, 7, 7, 7, 8, 8],
    "word": [*TOKENS[0], *TOKENS[1]],
    "pos": ["N", "N", "V", "N", "N", "X", "."],
    "tag": [*TAGS[0], *TAGS[1]],
}


def read(data: Any, labelled: bool = True, labels: Sequence[str] | None = None, **options: Any):
    return list(EntityExamples(data, EntityColumnOptions(**options), labelled, labels))


def complaint(data: Any, labels: Sequence[str] | None = None, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(data, labels=labels, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def sentences(data: Any, **options: Any) -> list[tuple[list[str], list[str]]]:
    return [([*e.tokens], [*e.tags]) for e in read(data, **options)]


def texts(data: Any, **options: Any) -> list[tuple[str | None, list[tuple[int, int, str]]]]:
    return [(e.text, [*map(tuple, e.spans)]) for e in read(data, **options)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def column_file(separator: str = " ") -> str:
    rows = (zip(*sentence, strict=True) for sentence in zip(TOKENS, TAGS, strict=True))
    return "\n".join("".join(separator.join(row) + "\n" for row in s) for s in rows)


# Tokens with tags


@pytest.mark.parametrize("name", ["eng.train", "data", "a.conll", "a.txt", "a.iob", "a.bio.gz"])
def test_column_files_of_any_name(tmp_path: Path, name: str) -> None:
    content = column_file().encode()
    path = write(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content)
    for data in (path, str(path)):
        assert sentences(data) == [*zip(TOKENS, TAGS, strict=True)]


def test_an_example_says_where_it_stands(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", column_file("\t"))
    assert read(path)[1] == EntityExample(2, ("Yes", "!"), ("O", "O"), place="sentence 2 (line 7)")
    examples = EntityExamples(path, EntityColumnOptions())
    assert list(examples) == list(examples) == read(open_entities(path, None, examples.options))


def test_columns_by_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conll", "1 Ann N B-PER x\n2 sang V O y\n")
    for tag in ("4", "-2"):
        options = {"token_column": "2", "tag_column": tag}
        assert sentences(path, **options) == [(["Ann", "sang"], ["B-PER", "O"])]
    assert "has 5 columns; tag_column=6 is none of them" in complaint(path, tag_column="6")
    assert "has 5 columns; token_column=0 is none" in complaint(path, token_column="0")
    assert "no column 'ner' (tag_column); it has: 1, 2" in complaint(path, tag_column="ner")
    assert "no column of tags beside that of the tokens, '2'" in complaint(path, tag_column="2")


@pytest.mark.parametrize(
    "names",
    [("tokens", "tags"), ("words", "ner_tags"), ("Tokens", "NER"), ("what", "which")],
)
def test_json_lines_of_lists(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = [
        {"id": number, names[0]: tokens, "more": tokens, names[1]: tags, "sentence_id": number}
        for number, (tokens, tags) in enumerate(zip(TOKENS, TAGS, strict=True))
    ]
    path = write(tmp_path / "a.jsonl", lines(*rows))
    assert sentences(path) == [*zip(TOKENS, TAGS, strict=True)]


def test_usual_names_come_before_places(tmp_path: Path) -> None:
    row = {"pos": ["N"], "tokens": ["Ann"], "ner": ["S-X"], "chunks": ["NP"]}
    assert sentences(write(tmp_path / "a.jsonl", lines(row))) == [(["Ann"], ["B-X"])]


def test_text_beside_lists_and_numbers_of_sentences(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines({"text": "Ann", "numbers": [1, 2]}))
    assert [e.text for e in read(path, labelled=False)] == ["Ann"]
    path = write(tmp_path / "a.csv", 'sentence_id,text,entities\n1,Ann,"[[0, 3, ""X""]]"\n')
    assert texts(path) == [("Ann", [(0, 3, "X")])]


def test_text_beside_tokens_is_passed_over(tmp_path: Path) -> None:
    row = {"text": "Ann", "tokens": ["Ann"], "tags": ["S-X"]}
    path = write(tmp_path / "a.jsonl", lines(row))
    assert sentences(path) == [(["Ann"], ["B-X"])]
    path = write(tmp_path / "a.jsonl", lines(row | {"entities": [[0, 3, "Y"]]}))
    assert texts(path) == [("Ann", [(0, 3, "Y")])]


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_lists_and_frames_of_lists(kind: Any) -> None:
    tokens, tags = [*map(kind, TOKENS)], [*map(kind, TAGS)]
    expected = [*zip(TOKENS, TAGS, strict=True)]
    assert sentences((tokens, tags)) == expected
    assert sentences(pd.DataFrame({"n": [1, 2], "tokens": tokens, "tags": tags})) == expected
    assert all(type(token) is str for example in read((tokens, tags)) for token in example.tokens)
    assert [[*e.tokens] for e in read(tokens, labelled=False)] == TOKENS
    assert sentences([{"tokens": a, "tags": b} for a, b in zip(tokens, tags, strict=True)]) == (
        expected
    )


@pytest.mark.parametrize("name", ["sentence", "sentence_id", "Sentence #", "sent_id", "s"])
def test_tables_with_a_token_a_row(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"sentence_column": "s"} if name == "s" else {}
    table = pd.DataFrame(TABLE).rename(columns={"sentence_id": name})
    table.to_csv(tmp_path / "a.csv", index=False)
    with caplog.at_level("INFO", "toolkit"):
        for data in (table, tmp_path / "a.csv"):
            assert sentences(data, **options) == [*zip(TOKENS, TAGS, strict=True)]
    guess = f"sentence column: '{name}' (guessed; set sentence_column)"
    assert caplog.messages.count(guess) == (0 if options else 2)
    assert read(table, **options)[1].place == "sentence 2 from row 6"


def test_a_sentence_column_filled_in_first_rows_alone(tmp_path: Path) -> None:
    table = pd.DataFrame(TABLE)
    table["Sentence #"] = [f"Sentence: {number}" for number in table.pop("sentence_id")]
    table.loc[[1, 2, 3, 4, 6], "Sentence #"] = None
    assert sentences(table) == [*zip(TOKENS, TAGS, strict=True)]
    table.to_csv(tmp_path / "ner.csv.gz", index=False)
    assert sentences(tmp_path / "ner.csv.gz") == [*zip(TOKENS, TAGS, strict=True)]


def test_a_table_separated_by_tabs_is_one_if_its_columns_are_named(tmp_path: Path) -> None:
    pd.DataFrame(TABLE).to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    options = {"sentence_column": "sentence_id", "token_column": "word"}
    for asked in (options, {}):  # named by options, or found by their usual names
        assert sentences(tmp_path / "a.tsv", **asked) == [*zip(TOKENS, TAGS, strict=True)]
    path = write(tmp_path / "b.tsv", "Sentence\tB-X\ntag\tO\n")
    assert sentences(path) == [(["Sentence", "tag"], ["B-X", "O"])]


def test_options_that_name_columns_of_other_data(tmp_path: Path) -> None:
    options = {"text_column": "body", "entities_column": "marks", "sentence_column": "number"}
    path = write(tmp_path / "a.conll", column_file())
    for data in (path, (TOKENS, TAGS)):
        assert sentences(data, **options) == [*zip(TOKENS, TAGS, strict=True)]
    assert texts((TEXTS, SPANS), **options) == [*zip(TEXTS, SPANS, strict=True)]


def test_lists_are_sentences_already() -> None:
    rows = pd.DataFrame({"words": TOKENS, "tags": TAGS})
    assert sentences(rows, sentence_column="words") == [*zip(TOKENS, TAGS, strict=True)]


def test_a_row_that_cannot_be_read_spoils_the_sentences_beside_it(tmp_path: Path) -> None:
    rows = ["sentence,word,tag", "1,a,B-X", "1,b", "1,c,O", "2,d,O", "3,e", "4,f,O", "5,g,O"]
    path = write(tmp_path / "a.csv", "\n".join(rows))
    assert [[*e.tokens] for e in read(path, skip_bad_rows=True, labels=["X"])] == [["g"]]
    assert "a.csv, row 2 (line 3): 2 fields where the header has 3" in complaint(path)


# The scheme


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("I-PER I-PER O I-PER B-PER", "IOB1"),
        ("B-PER I-PER O B-PER B-PER", "IOB2"),
        ("B-PER E-PER O S-PER S-PER", "BIOES"),
        ("b-PER l-PER o u-PER u-PER", "BIOES"),
    ],
)
def test_the_scheme_is_found_and_said_once(
    tags: str, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "toolkit"):
        examples = EntityExamples((TOKENS, [tags.split(), ["O", "O"]]), EntityColumnOptions())
        assert [[*e.tags] for e in examples] == [[*e.tags] for e in examples] == TAGS
        assert examples.scheme == scheme
        assert caplog.messages == [f"tag scheme: {scheme} (found)"]
    options = EntityColumnOptions(tag_scheme=scheme)
    assert EntityExamples((TOKENS, TAGS), options).scheme == scheme


def test_what_is_known_of_unlabelled_data_and_texts() -> None:
    assert EntityExamples(TOKENS, EntityColumnOptions(), labelled=False).scheme is None
    assert EntityExamples((TEXTS, ENTITIES), EntityColumnOptions()).scheme is None


def test_mixed_schemes_are_left_out_and_what_most_tags_are_in_is_read(tmp_path: Path) -> None:
    blocks = ["a I-X\nb O\n", "a I-X\nb B-X\n", "c I-X\nd I-Y\nd B-Z\n"] * 3
    blocks += ["e B-X\n", "f S-X\n", "g B-X\nh E-X\n", "i X\n", "j O\n"]
    path = write(tmp_path / "a", "\n".join(blocks))
    examples = EntityExamples(path, EntityColumnOptions(skip_bad_rows=True))
    assert [e.row for e in examples] == [*range(1, 10), 14]
    assert examples.scheme == "IOB1"
    assert [*examples.problems] == ["line 31", "line 33"]
    assert examples.listed_problems[1].startswith("line 33 and 2 more: ")


def test_labels_that_look_like_tags(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "a e-mail\nb e-mail\nc O\n\nd e-mail\ne name\n\nf S-Bahn\n")
    expected = [
        (["a", "b", "c"], ["B-e-mail", "I-e-mail", "O"]),
        (["d", "e"], ["B-e-mail", "B-name"]),
        (["f"], ["B-S-Bahn"]),
    ]
    write(path, path.read_text() + "\n" + "g name\n" * 2)
    assert sentences(path)[:3] == expected
    assert sentences(path, tag_scheme="IO")[:3] == expected
    assert read(path, labels=["S-Bahn", "e-mail", "name"])
    assert "the label 'S-Bahn' is none of the" in complaint(path, labels=["e-mail", "name"])


def test_a_scheme_that_is_given_is_held_to() -> None:
    data = ([["a", "b"]], [["I-X", "B-X"]])
    assert sentences(data) == [(["a", "b"], ["B-X", "B-X"])]
    assert "the tag 'I-X' at the beginning continues no" in complaint(data, tag_scheme="IOB2")


# Texts with entities


@pytest.mark.parametrize("entities", [ENTITIES, SPANS, [[Span(*s) for s in e] for e in SPANS]])
def test_texts(tmp_path: Path, entities: list[Any]) -> None:
    rows = [{"text": t, "entities": e} for t, e in zip(TEXTS, entities, strict=True)]
    frame = pd.DataFrame({"text": TEXTS, "entities": entities})
    in_json = frame.assign(entities=[json.dumps(e) for e in entities])
    in_json.to_csv(tmp_path / "a.csv", index=False, quoting=csv.QUOTE_ALL)
    expected = [*zip(TEXTS, SPANS, strict=True)]
    for data in (
        *(rows, frame, in_json, (TEXTS, entities), tmp_path / "a.csv"),
        write(tmp_path / "a.jsonl", lines(*rows)),
        write(tmp_path / "a.json.gz", gzip.compress(lines(*rows).encode())),
    ):
        assert texts(data) == expected
    named = frame.rename(columns={"text": "t", "entities": "e"})
    assert texts(named, text_column="t", entities_column="e") == expected
    for text, spans in expected:
        for start, end, _ in spans:
            assert text[start:end] in ("Ann Lee", "Bo")


def test_entities_are_put_in_order_and_lose_the_white_space_at_their_ends() -> None:
    assert texts((["Ann met  Bo ."], [[(7, 12, " X "), (0, 4, "Y")]])) == [
        ("Ann met  Bo .", [(0, 3, "Y"), (9, 11, "X")])
    ]


# Data without labels


def test_unlabelled_data_gives_an_example_for_every_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert [e.text for e in read(TEXTS, labelled=False)] == TEXTS
    assert read([], labelled=False) == []
    path = write(tmp_path / "words", "Anna\nsang\n\na b\n\nYes\n\n\xe9\nYes\n".encode("latin-1"))
    with caplog.at_level("INFO", "toolkit"):
        examples = EntityExamples(path, EntityColumnOptions(), labelled=False)
        assert [(e.row, e.tokens, e.tags, e.text, (e.problem or "")[:7]) for e in examples] == [
            (1, ("Anna", "sang"), (), None, ""),
            (2, (), (), None, "line 4:"),
            (3, ("Yes",), (), None, ""),
            (4, ("", "Yes"), (), None, "line 8:"),
        ]
    assert f"{path}: 2 bad rows answered with an error, of 4 (50.0 %; line 4: " in caplog.text
    assert [*examples.problems] == ["line 4", "line 8"]
    path = write(tmp_path / "a.jsonl", lines({"text": "a"}, {"text": None}, {"text": 5}, {}))
    with caplog.at_level("INFO", "toolkit"):
        found = [(e.text, e.problem) for e in read(path, labelled=False)]
    problem = "row 3 (line 3): the text in column 'text' is 5, not a string"
    assert found == [("a", None), ("", None), ("", problem), ("", None)]
    assert f"{path}: 1 bad row answered with an error, of 4 (25.0 %; {problem})" in caplog.text


@pytest.mark.parametrize("none", ["", None, pd.NA, 5, "a\0", "\ud800"])
def test_a_token_that_is_none_keeps_its_place_in_unlabelled_data(none: Any) -> None:
    some = [["a"], [none, "b", none, none], "c", []]
    examples = EntityExamples(some, EntityColumnOptions(), labelled=False)
    assert [e.tokens for e in examples] == [("a",), ("", "b", "", ""), (), ()]
    assert [*examples.problems] == ["row 2, token 1", "row 3"]
    assert examples.bad_rows == 2


# Errors

FILES = {
    "a.conll": [
        ("", "is empty; each of its lines should have a token"),
        ("a O\nb\n\nc B-X\n", "line 2: 1 columns, separated by white space, where line 1 has 2"),
        ("a O\n\nb O x\n\nc B-X\n", "line 3: 3 columns, separated by white space, where line 1"),
        ("a\nb\n", "no column of tags beside that of the tokens, '1'; it has: 1$"),
        ("a O\nb O\n\nc O\n", "has no entities in column '2'$"),
        ("a N\nb V\n", "column '2': every token has a label, and none .*; name the column of the"),
        ("a O\nb I-X\n\nc B-X\n", "line 2: the tag 'I-X' after 'O' continues no entity; in IOB2"),
        ("\na E-X\nb I-X\n\nc B-X\n", "line 2: the tag 'E-X' at the beginning continues no entity"),
        (
            "a B-X\nb E-X\n\nc S-X\nd E-X\n",
            "line 5: the tag 'E-X' after 'S-X' continues no entity; in BIOES one begins with B-X",
        ),
        (
            "a B-X\nb E-X\n\nc B-X\nd O\ne S-X\n",
            "line 4: the tag 'B-X' is followed by 'O'; in BIOES",
        ),
        ("a B-X\nb I-X\n\nc S-X\nd B-X\n", "line 4: the tag 'S-X' is none of IOB2; tags are O"),
        (
            "a I-X\nb O\n\nc I-X\n\nd B-X\n",
            "line 6: the tag 'B-X' at the beginning is beside no entity; in IOB1 one begins with "
            "I-X then; most tags are IOB1, as tag_scheme='auto' finds; repair_tags lets entities "
            "begin and end so .or set skip_bad_rows; inspect counts such rows.$",
        ),
        ("a I-X\nb I-Y\n\nc S-X\n", "line 4: the tag 'S-X' is none of IOB1; .* most tags are IOB1"),
        (
            "a X\nb O\nc Y\n\nd B-X\n",
            "line 5: the tag 'B-X' is none of IO; .* most tags are IO, as",
        ),
        ("Wort Art\na O\nb B-X\n", "line 1: the tag 'Art' is none of IOB2; tags are O, B-X and"),
        ("a B\nb I\nc O\n", "line 1: the tag 'B' has no label; tags are such as B-PER"),
        (b"a O\ncaf\xe9 B-X\n", "line 2: the token in column '1' is not UTF-8: the byte 0xE9 at"),
        (b"a B-X\nb B-\xe9\n", "line 2: the label is not UTF-8: the byte 0xE9 at character 1"),
        (b"abc B-X\n\nd O\ne\0 O\n", "line 4: there is a NUL byte"),
        ("a O\nb B-X\n".encode("utf-16-le"), "encoded in UTF-16"),
        ("a\tB-X\n\tO\n", "line 2: the token in column '1' is empty"),
        ("a\tB-X\nb\t\n", "line 2: the token 'b' has no tag in column '2'"),
        (
            gzip.compress(b"a O\nb B-X\n" * 9, mtime=0)[:-9],
            "ends in the middle of its compressed data",
        ),
    ],
    "a.jsonl": [
        ("", "is empty; each of its lines should be a JSON object"),
        ("[1]\n", "row 1 .line 1.: not a JSON object"),
        (
            '[\n {\n "text": "a"}]',
            "1.: not JSON: Expecting .*; each line should be a JSON object",
        ),
        (lines({"text": "a"}), "no column of entities .entities_column.; it has: text"),
        (lines({"text": "a", "entities": None}), "has no entities in column 'entities'$"),
        (lines({"text": "a", "entities": 5}), "the entities in column 'entities' are 5, which is"),
        (lines({"text": "a", "entities": "x"}), "the entities .* are 'x', which is no list"),
        (lines({"text": 5, "entities": []}), "the text in column 'text' is 5, not a string"),
        (lines({"text": "", "entities": []}), "the text in column 'text' is empty"),
        (lines({"text": "a\ud800", "entities": []}), "the text .* is not UTF-8: U.D800 at char"),
        (lines({"text": "a", "entities": []}), "has no entities in column 'entities'$"),
        (lines({"tokens": ["a"], "tags": ["O", "B-X"]}), "row 1 .*: 1 token with 2 tags"),
        (lines({"tokens": [], "tags": []}, {"tokens": ["a"], "tags": ["B-X"]}), "no tokens"),
        (
            lines({"tokens": ["a", "b"], "tags": ["B-X", 1]}),
            "row 1 .line 1., token 2: the token 'b' has the tag 1 in column 'tags'; tags are such",
        ),
        (lines({"tokens": ["a", 5], "tags": ["O", "B-X"]}), "token 2: the token .* is 5, which is"),
        (lines({"tokens": ["a\0"], "tags": ["B-X"]}), r"token 1: the token .* is 'a\\x00', which"),
        (lines({"tokens": ["a"], "tags": ["B-X"]}, {"tokens": "b"}), "the tokens .* are 'b'"),
        (lines({"tokens": ["a"], "tags": ["B-X"]}, {"tokens": ["b"]}), "there are no tags in col"),
        (lines({"tokens": ["a"], "tags": ["B-a\nb"]}), r"the label 'a\\nb' has a line break"),
    ],
    "a.csv": [
        ("a,b\nx,y\n", "neither a column of texts .* nor, .*, one of sentences .*; it has: a, b"),
        ("sentence,word,tag\n1,a,B-X\n1,b,\n", "row 2 .line 3.: the token 'b' has no tag in colu"),
        ("sentence,word,tag\n1,a,B-X\n1,,O\n", "row 2 .line 3.: the token in column 'word' is em"),
        ("text,entities\nAnn,\n", "has no entities in column 'entities'$"),
    ],
}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [(name, *case) for name, cases in FILES.items() for case in cases],
)
def test_bad_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    assert re.search(message, complaint(write(tmp_path / name, content)))


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([(0, 9, "P")], "(0, 9, 'P') is no stretch of its text of 8 characters"),
        ([(-1, 3, "P")], "(-1, 3, 'P') is no stretch"),
        ([(3, 3, "P")], "(3, 3, 'P') is no stretch"),
        ([(3, 1, "P")], "(3, 1, 'P') is no stretch"),
        ([(0, 1.5, "P")], "(0, 1.5, 'P') begins or ends at no whole number"),
        ([("0", 3, "P")], "('0', 3, 'P') begins or ends at no whole number"),
        ([(True, 3, "P")], "(True, 3, 'P') begins or ends at no whole number"),
        ([(0, 3)], "the entity (0, 3) should have start, end and label"),
        ([{"start": 0, "end": 3}], "should have start, end and label"),
        ([5], "the entity 5 should have start, end and label"),
        (["abc"], "the entity 'abc' should have start, end and label"),
        ([(0, 3, " ")], "the label of the entity (0, 3, ' ') is no name"),
        ([(0, 3, 5)], "the label of the entity (0, 3, 5) is no name"),
        ([(0, 3, "\ud800")], "the label is not UTF-8"),
        ([(0, 3, "a\nb")], "the label 'a\\nb' has a line break"),
        ([(3, 4, "P")], "(3, 4, 'P') is nothing but white space"),
        ([(0, 3, "P"), (2, 5, "Q")], "entities 'Ann' (0 to 3) and 'n s' (2 to 5) overlap"),
        ([(0, 8, "P"), (4, 8, "P")], "'Ann sang' (0 to 8) and 'sang' (4 to 8) overlap"),
        ([(0, 3, "P"), (0, 3, "Q")], "overlap"),
    ],
)
def test_bad_entities(entities: list[Any], message: str) -> None:
    found = complaint((["fine", "Ann sang"], [[(0, 4, "P")], entities]))
    assert message in found
    assert found.startswith("the list, row 2: ")


def test_labels_that_were_never_learnt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conll", "a O\n\nb B-LOC\nc B-PRE\n")
    message = "line 4: the label 'PRE' is none of the known ones: LOC, PER; did you mean 'PER'?"
    assert message in complaint(path, labels=["LOC", "PER"])
    assert "none of the known ones: x, y (or" in complaint(path, labels=["x", "y"])
    assert len(read(path, labels=["LOC", "PRE"])) == 2
    write(path, "a O\n\nb B-PRE\nc I-PER\nd I-LOC\n")  # illegal in every scheme as well
    assert message.replace("4", "3") in complaint(path, labels=["LOC", "PER"])
    data = (["ab"], [[(0, 1, "Q")]])
    assert "row 1: the label 'Q' is none of the known ones: P" in complaint(data, labels=["P"])


def test_labels_that_were_never_learnt_are_counted_by_row_in_each_reading() -> None:
    tags = [["B-X", "B-Y"], ["B-Y", "O"], ["B-Z", "B-X"], ["B-X", "O"]]
    options = EntityColumnOptions(skip_bad_rows=True)
    examples = EntityExamples(([["a", "b"]] * 4, tags), options, labels=["X"])
    for _ in range(2):
        assert len(list(examples)) == 1
        assert examples.unknown_labels == {"Y": 2, "Z": 1}


def test_data_without_entities_can_be_measured_on(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conll", "a O\nb O\n")
    assert sentences(path, labels=["X"]) == [(["a", "b"], ["O", "O"])]


def test_bad_rows_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a", "a B-X\n\nb\n\nc I-X\n\nd B-Y\n\ne S-X\n\nf O\n\ng B-X\n")
    options = EntityColumnOptions(skip_bad_rows=True)
    examples = EntityExamples(path, options, labels=["X"])
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert [e.row for e in examples] == [e.row for e in examples] == [1, 6, 7]
    assert examples.bad_rows == 4
    assert [*examples.problems] == ["line 3", "line 5", "line 7", "line 9"]
    assert f"{path}: 4 bad rows left out, of " in caplog.text
    write(path, "a B-X\nb\n\nc B-X\n")
    message = "no row that can be used; line 2: 1 columns, separated by white space, where line 1"
    assert message in complaint(path, labels=["Z"], skip_bad_rows=True)


def test_a_file_without_blank_lines_works_and_is_wondered_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a", "a O\n" * 300 + "\n" + "a O\n" * 300 + "b B-X\n")
    with caplog.at_level(logging.WARNING, "toolkit"):
        examples = EntityExamples(path, EntityColumnOptions())
        assert [len(e.tokens) for e in examples] == [len(e.tokens) for e in examples] == [300, 301]
    assert caplog.messages == [
        f"{path}, sentence 2 (line 302): one sentence has 301 tokens; is there a blank line after "
        "each sentence?"
    ]


def test_what_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "eng.train", "a O\n")
    near = f"there is no {tmp_path}/eng.tran; did you mean {tmp_path}/eng.train?"
    assert complaint(tmp_path / "eng.tran") == near
    assert complaint(tmp_path).startswith(f"{tmp_path} is a folder without texts; give a file")
    assert complaint("a\0b") == "there is no a\\x00b"
    assert "no data set 'conll2004'; did you mean 'conll2003'?" in complaint("conll2004")
    assert complaint("/dev/null") == "/dev/null is no regular file; it is read more than once"
    assert "data of type int cannot be read" in complaint(5)


def test_objects_without_labels_or_rows() -> None:
    assert complaint(TOKENS) == "the list has no tags to learn from; give a pair of lists"
    assert complaint(TEXTS) == "the list has no entities to learn from; give a pair of lists"
    assert complaint(([], [])) == "the list has no row that can be used"
    assert "1 token with 0 tags" in complaint(([["a"]], [[]]))
    table = pd.DataFrame(TABLE).drop(columns="sentence_id")
    assert "nor, for a token a row, one of sentences (sentence_column)" in complaint(table)
    only = pd.DataFrame({"id": [1], "words": [["a"]]})
    assert "no column of tags beside that of the tokens, 'words'; it has: id, w" in complaint(only)


def test_missing_values_of_pandas() -> None:
    table = pd.DataFrame(TABLE)
    table.loc[3, "word"] = np.nan
    assert "row 4: the token in column 'word' is empty" in complaint(table)
    assert "token 2: the token is empty" in complaint(([["a", pd.NA]], [["O", "B-X"]]))
    assert "token 1: the token 'a' has no tag" in complaint(([["a"]], [[pd.NA]]))


# Files of any bytes

WHOLE = {
    "conll": b"-DOCSTART- O\n\nAnn B-PER\nLee I-PER\nsang O\n\nYes O\n",
    "tsv": b"Ann\tN\tI-PER\r\nLee\tN\tI-PER\r\n\r\nYes\tX\tO\r\n",
    "jsonl": b'{"text": "Ann sang", "entities": [[0, 3, "PER"]]}\n{"text": "b", "entities": []}\n',
    "ndjson": b'{"tokens": ["Ann", "b"], "tags": ["S-PER", "O"]}\n{"tokens": ["c"], "tags": "O"}\n',
    "csv": b"Sentence #,word,tag\n1,Ann,B-PER\n,Lee,I-PER\n2,Yes,O\n",
}
PIECES = st.binary(max_size=6) | st.sampled_from(
    [
        *(b'"', b",", b"\t", b"\n", b"\n\n", b"\r", b"\\", b"\0", b" ", b"\xff\xfe", b"\x1f\x8b"),
        *(b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xe9", b"\\ud800", b"[", b"]", b"{}"),
        *(b"[" * 2000, b"9" * 5000, b"1e999", b"NaN", b"null", b"true", b"-1", b"B-", b"E-X", b"-"),
    ]
)
CHANGES = st.lists(st.tuples(st.integers(0), st.integers(0, 12), PIECES), max_size=5)


def changed(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return the content with a few bytes replaced at the given places."""
    for place, length, piece in changes:
        start = place % (len(content) + 1)
        content = content[:start] + piece + content[start + length :]
    return content


@pytest.mark.parametrize("kind", WHOLE)
@given(changes=CHANGES, packed=st.none() | CHANGES, skip=st.booleans())
def test_changed_files(kind, changes, packed, skip):
    content = changed(WHOLE[kind], changes)
    if packed is not None:
        content = changed(gzip.compress(content, mtime=0), packed)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, f"data.{kind}"), content)
        for labelled in (True, False):
            options = EntityColumnOptions(skip_bad_rows=skip)
            complaint = None
            try:
                examples = list(EntityExamples(path, options, labelled))
            except DataError as error:
                complaint = str(error)
            if complaint is not None:
                assert complaint.isprintable()
                assert len(complaint) < 5000
                continue
            if not labelled:
                assert [e.row for e in examples] == [*range(1, len(examples) + 1)]
            for example in examples:
                assert len(example.tags) == (len(example.tokens) if labelled else 0)
                assert not labelled or "" not in example.tokens
                before = 0
                for start, end, label in example.spans:
                    assert before <= start < end <= len(example.text)
                    assert label.strip() == label != ""
                    before = end


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    row = f"{'word' * 50} O\nword B-X\n\n"
    path = write(tmp_path / "data.gz", gzip.compress((row * 10_000).encode()))  # 2 MB
    tracemalloc.start()
    assert sum(1 for _ in EntityExamples(path, EntityColumnOptions())) == 10_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
