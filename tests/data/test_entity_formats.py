"""Entities as annotation tools and corpora write them are read, or refused with the cause."""

import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import EntityColumnOptions, EntityExamples, open_source
from toolkit.data.entities.options import read_tag_names
from toolkit.data.entities.spans import INCLUSIVE, UTF8, UTF16, as_list, likely_cause, other_offsets
from toolkit.data.options import inherit
from toolkit.errors import DataError
from toolkit.tagging.schemes import has_suffixes, to_iob2, to_prefix
from toolkit.tagging.spans import spans_of
from toolkit.tasks.entities.options import EntityTaggerOptions
from toolkit.tasks.marked_strands.options import StrandTaggerOptions

TEXT = "\U0001f600 Mia saw Ulm."
SPANS = [(2, 5, "PER"), (10, 13, "LOC")]
GOLD = (["Mia", "saw", "Ulm"], ["B-PER", "O", "B-LOC"])


def read(data: Any, **options: Any) -> list[Any]:
    examples = EntityExamples(data, EntityColumnOptions(**options))
    return [
        (list(e.tokens), list(e.tags)) if e.text is None else (e.text, [*map(tuple, e.spans)])
        for e in examples
    ]


def complaint(data: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(data, **options)
    return str(caught.value)


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def entity(start: float, end: float, label: str = "PER", **more: object) -> dict[str, object]:
    return {"start": start, "end": end, "label": label, **more}


# Offsets


def units(text: str, place: int, encoding: str, width: int) -> int:
    """The offset of a code point in units of an encoding."""
    return len(text[:place].encode(encoding)) // width


@pytest.mark.parametrize(
    ("cause", "encoding", "width"), [(UTF16, "utf-16-le", 2), (UTF8, "utf-8", 1)]
)
@given(before=st.text(st.characters(codec="utf-8"), max_size=5), end=st.integers(1, 3))
def test_offsets_in_other_units_are_recognised(
    before: str, end: int, cause: str, encoding: str, width: int
) -> None:
    text = f"{before}Mia"
    place = len(before)
    given_places = [units(text, at, encoding, width) for at in (place, place + end)]
    found = [
        (first, last) for way, first, last in other_offsets(text, *given_places) if way == cause
    ]
    assert found == ([] if given_places == [place, place + end] else [(place, place + end)])


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ((3, 6), f"the entity 'Mia' has the offsets 3 to 6, where its text has 'ia '; {UTF16}"),
        ((5, 8), f"the entity 'Mia' has the offsets 5 to 8, where its text has ' sa'; {UTF8}"),
        ((2, 4), f"the entity 'Mia' has the offsets 2 to 4, where its text has 'Mi'; {INCLUSIVE}"),
        ((6, 9), "the entity 'Mia' has the offsets 6 to 9, where its text has 'saw'$"),
    ],
)
def test_the_own_text_of_an_entity_tells_how_its_offsets_are_counted(
    offsets: tuple[int, int], message: str
) -> None:
    row = {"text": TEXT, "entities": [entity(*offsets, text="Mia")]}
    found = complaint([row])
    assert re.search(f"the list, row 1: {message}", found), found
    assert read([{"text": TEXT, "entities": [entity(2, 5, text=" Mia ")]}]) == [(TEXT, SPANS[:1])]


def test_offsets_beyond_the_end_and_empty_ones_are_explained() -> None:
    assert UTF16 in complaint([{"text": "\U0001f600 Mia", "entities": [entity(3, 6)]}])
    assert INCLUSIVE in complaint([{"text": "a b", "entities": [entity(2, 2)]}])


def test_one_wrong_end_is_not_explained_by_another_way_of_counting() -> None:
    beyond = {"text": "Mia visits the caf\u00e9", "entities": [entity(15, 20)]}
    assert UTF8 in complaint([beyond])
    others = [{"text": f"\u00c9mile and Mia {n}", "entities": [entity(10, 13)]} for n in range(9)]
    found = complaint([*others, beyond])
    assert "is no stretch of its text of 19 characters (or set" in found
    in_bytes = [{**row, "entities": [entity(11, 14)]} for row in others]
    assert UTF8 in complaint([beyond, *in_bytes])


# Repetitions, missing entities, whole numbers with a point


def test_an_entity_given_twice_is_read_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert read([{"text": TEXT, "entities": [*SPANS, SPANS[0]]}]) == [(TEXT, SPANS)]
    assert caplog.messages == ["the list: 1 repetition of an entity left out"]


def test_a_text_whose_entities_are_missing_has_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"text": TEXT, "entities": SPANS}, {"text": "no", "entities": None}, {"text": "none"}]
    with caplog.at_level(logging.WARNING, "toolkit"):
        for data in (rows, write(tmp_path / "a.jsonl", lines(*rows))):
            assert read(data) == [(TEXT, SPANS), ("no", []), ("none", [])]
    assert caplog.messages[0] == ("the list: 2 texts with a missing value read as without entities")


def test_offsets_may_be_whole_numbers_with_a_point() -> None:
    assert read([{"text": TEXT, "entities": [entity(2.0, 5.0)]}]) == [(TEXT, SPANS[:1])]
    assert "no whole number" in complaint([{"text": TEXT, "entities": [entity(2.5, 5.0)]}])


# Tools


def labels_of(*spans: tuple[int, int, str]) -> list[dict[str, object]]:
    return [{"start": s, "end": e, "text": TEXT[s:e], "labels": [label]} for s, e, label in spans]


def task(**annotation: object) -> dict[str, object]:
    results = [{"type": "labels", "value": value} for value in labels_of(*SPANS)]
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    return {
        "id": 1,
        "data": {"text": TEXT, "source": 5},
        "annotations": [{"was_cancelled": True}, {"result": [*results, relation], **annotation}],
    }


SHAPES: dict[str, Any] = {
    "doccano.jsonl": lines({"id": 3, "text": TEXT, "label": SPANS, "Comments": []}),
    "relations.jsonl": lines(
        {
            "text": TEXT,
            "entities": [
                {"id": 1, "label": label, "start_offset": start, "end_offset": end}
                for start, end, label in SPANS
            ],
            "relations": [],
        }
    ),
    "prodigy.jsonl": lines(
        {
            "text": TEXT,
            "tokens": [{"text": "Mia", "start": 2, "end": 5, "id": 0}],
            "spans": [entity(*span) for span in SPANS],
            "answer": "accept",
        }
    ),
    "pipeline.jsonl": lines(
        {
            "text": TEXT,
            "entities": [
                {"entity_group": label, "word": "?", "score": 0.9, "start": start, "end": end}
                for start, end, label in SPANS
            ],
        }
    ),
    "tasks.json": json.dumps([task()], indent=1),
    "min.json": json.dumps([{"id": 1, "text": TEXT, "label": labels_of(*SPANS)}]),
    "spacy.json": json.dumps([[TEXT, {"entities": SPANS}]]),
    "annotator.json": json.dumps(
        {"classes": ["PER"], "annotations": [[TEXT, {"entities": SPANS}]]}
    ),
    "indented.json": json.dumps({"annotations": [[TEXT, {"entities": SPANS}]]}, indent=2),
    "array.json": json.dumps([{"text": TEXT, "entities": SPANS}], indent=2),
    "lines.json": lines({"text": TEXT, "entities": SPANS}),
    "to_json.jsonl": lines(
        {
            "text": TEXT,
            "ents": [entity(*span) for span in SPANS],
            "sents": [{"start": 0, "end": 13}],
            "tokens": [{"id": 0, "start": 0, "end": 1}],
        }
    ),
    "arrays.jsonl": lines([TEXT, {"entities": SPANS}]),
    "pairs.json": json.dumps([[TEXT, SPANS]]),
    "triples.jsonl": lines({"data": TEXT, "labels": SPANS}),
    "studio.csv": (
        "annotator,annotation_id,id,label,lead_time,review\n"
        f'1,2,3,"{json.dumps(labels_of(*SPANS)).replace(chr(34), chr(34) * 2)}",0.5,{TEXT}\n'
    ),
    "studio.tsv": (
        "id\ttext\tlabel\n"
        f'1\t{TEXT}\t"{json.dumps(labels_of(*SPANS)).replace(chr(34), chr(34) * 2)}"\n'
    ),
    "label.csv": f"id,text,label\n1,{TEXT},\"[[2, 5, 'PER'], [10, 13, 'LOC']]\"\n",
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_tools_write(tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path / name, SHAPES[name])) == [(TEXT, SPANS)]


def test_tasks_without_annotations_can_be_answered(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps([task() | {"annotations": []}]))
    unlabelled = EntityExamples(path, EntityColumnOptions(), labelled=False)
    assert [example.text for example in unlabelled] == [TEXT]


def test_which_annotation_of_a_task_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = ({"result": [{"value": value}]} for value in labels_of(*SPANS))
    data = {"data": {"note": 1, "phrase": TEXT}, "annotations": [first, second]}
    unannotated = {"data": {"phrase": "no"}, "annotations": [{"was_cancelled": True}]}
    path = write(tmp_path / "a.jsonl", lines(data, unannotated))
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == [(TEXT, SPANS[:1])]
    assert caplog.messages == [
        "format: Label Studio (found)",
        f"{path}: of 1 task with several annotations, the first at row 1 (line 1), the first one "
        "is read",
        "text column: 'phrase' (guessed; set text_column)",
        f"{path}: 1 text left out that nobody has annotated",
    ]
    tasks = EntityExamples([unannotated], EntityColumnOptions(), labelled=False)
    assert [example.text for example in tasks] == ["no"]
    data["annotations"] = [first, second | {"ground_truth": True}]
    caplog.clear()
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read([unannotated, data, data]) == [(TEXT, SPANS[1:])] * 2
    assert caplog.messages[1] == (
        "the list: of 2 tasks with several annotations, the first at row 2, the ground truth is "
        "read"
    )
    data["completions"] = data.pop("annotations")
    assert read(write(tmp_path / "a.json", json.dumps(data, indent=1))) == [(TEXT, SPANS[1:])]


def test_annotations_of_a_task_that_are_none_of_plain_text() -> None:
    result = {"type": "hypertextlabels", "value": {"start": "/p[1]", "hypertextlabels": ["PER"]}}
    rows = [task(), {"data": {"text": "a"}, "annotations": [{"result": [result]}]}]
    assert "row 2: it has hypertextlabels; only labels of plain text have" in complaint(rows)


def test_offsets_of_label_studio_in_utf_16_units_are_converted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As some of its versions count; the text beside the offsets tells."""
    [mia, ulm] = labels_of(*SPANS)
    rows = [
        {"text": TEXT, "label": [mia, ulm]},
        {"text": TEXT, "label": [mia | {"start": 3, "end": 6}, ulm | {"start": 11, "end": 14}]},
    ]
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert read(rows) == [(TEXT, SPANS)] * 2
    assert caplog.messages == [
        "the list: 2 pairs of offsets in UTF-16 units, as the texts beside them show, converted to "
        "code points"
    ]
    assert "has the offsets 4 to 7, where" in complaint(
        [{"text": TEXT, "label": [mia | {"start": 4, "end": 7}]}]
    )


def test_documents_of_spacy(tmp_path: Path) -> None:
    bilou = ["U-PER", "O", "U-LOC"]
    tokens = [{"orth": word, "ner": tag} for word, tag in zip(GOLD[0], bilou, strict=True)]
    document = {"id": 0, "paragraphs": [{"sentences": [{"tokens": tokens}]}]}
    path = write(tmp_path / "a.json", json.dumps([document, document]))
    assert read(path) == [GOLD] * 2
    document["paragraphs"].append({"raw": "no"})
    write(path, json.dumps([document], indent=1))
    assert "document 1, paragraph 2, sentence 1: there are no tokens" in complaint(path)


def test_training_data_of_spacy_in_python() -> None:
    assert read([(TEXT, {"entities": SPANS}), ["no", {"entities": []}]]) == [
        (TEXT, SPANS),
        ("no", []),
    ]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("more", [[], ["no", {"entities": []}], ["no", None]])
def test_pairs_of_spacy_a_line(tmp_path: Path, name: str, more: list[Any]) -> None:
    rows = [[TEXT, {"entities": SPANS}], *([more] if more else [])]
    path = write(tmp_path / name, "\n" + lines(*rows))
    assert read(path) == [(TEXT, SPANS), ("no", [])][: len(rows)]
    with path.open("a") as file:
        file.write("[1]\n")
    assert f"row {len(rows) + 1} (line {len(rows) + 2}): not a JSON object" in complaint(path)


def test_pairs_without_entities_or_with_arrays_of_them() -> None:
    right = (TEXT, {"entities": SPANS})
    array = np.array(SPANS, dtype=object)
    for odd, marks in (
        (("no", None), []),
        (("no", {"entities": None}), []),
        ((TEXT.replace("saw", "met"), array), SPANS),
        ((TEXT.replace("saw", "met"), {"entities": array}), SPANS),
    ):
        assert read([right, odd, right]) == [(TEXT, SPANS), (odd[0], marks), (TEXT, SPANS)]
    found = complaint([right, (TEXT, 5), right])
    assert found.startswith("the list, row 2: the row is "), found


def test_a_folder_of_brat(tmp_path: Path) -> None:
    write(tmp_path / "b.txt", TEXT)
    write(tmp_path / "b.ann", "T1\tPER 2 5\tMia\nR1\tSees Arg1:T1 Arg2:T2\nT2\tLOC 10 13\tUlm\n")
    write(tmp_path / "a.txt", "nobody\n")
    write(tmp_path / "a.ann", "")
    assert read(tmp_path) == [("nobody\n", []), (TEXT, SPANS)]
    write(tmp_path / "a.ann", "T1\tPER 0 6\tsomeone\n")
    assert "file a.txt: the entity 'someone' has the offsets 0 to 6" in complaint(tmp_path)


def test_texts_of_brat_that_are_not_annotated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "a.txt", "nobody")
    unlabelled = EntityExamples(tmp_path, EntityColumnOptions(), labelled=False)
    assert [example.text for example in unlabelled] == ["nobody"]
    assert "can be used; 1 text left out that nobody has annotated" in complaint(tmp_path)
    write(tmp_path / "b.txt", TEXT)
    write(tmp_path / "b.ann", "T1\tPER 2 5\n")
    with caplog.at_level(logging.INFO, "toolkit"):
        caplog.clear()
        assert read(tmp_path) == [(TEXT, SPANS[:1])]
    assert caplog.messages == [
        "format: brat (a folder)",
        f"{tmp_path}: 1 text left out that nobody has annotated",
    ]
    write(tmp_path / "more" / "c.ann", "")
    assert "file more/c.txt: " in complaint(tmp_path)
    assert read(tmp_path, skip_bad_rows=True) == [(TEXT, SPANS[:1])]


def test_entities_of_brat_in_several_parts(tmp_path: Path) -> None:
    """One that is cut at a line break is whole; one with other words between is not learnt."""
    write(tmp_path / "a.txt", "Ada\nMoss and\nBo")
    write(tmp_path / "a.ann", "T1\tPER 0 3;4 8\tAda Moss\n")
    write(tmp_path / "b.txt", "Mia")
    write(tmp_path / "b.ann", "T1\tPER 0 3\tMia\n")
    assert read(tmp_path)[0][1] == [(0, 8, "PER")]
    write(tmp_path / "a.ann", "T1\tPER 0 3;13 15\tAda Bo\n")
    assert "file a.txt: a.ann, line 1: the entity 'Ada Bo' is in several parts (0 3;13 15); " in (
        complaint(tmp_path)
    )
    assert read(tmp_path, skip_bad_rows=True) == [("Mia", [(0, 3, "PER")])]
    unlabelled = EntityExamples(tmp_path, EntityColumnOptions(), labelled=False)
    assert [example.text for example in unlabelled] == ["Ada\nMoss and\nBo", "Mia"]
    write(tmp_path / "a.ann", "T1\tPER\n")
    assert "a.ann, line 1: an entity has a label, a start and an end, such as" in complaint(
        tmp_path
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[\n1]", "should have an object a line, an array of objects such as"),
        ('{\n"a": 1}', "has neither a column of texts (text_column) nor"),
        ('[\n{"text": }]', "line 2: not JSON: Expecting value at character 10"),
        ("[" * 3000, "not JSON"),
        (
            json.dumps([{"data": {"text": "a"}, "annotations": []}]),
            "has no row that can be used; 1 text left out that nobody has annotated",
        ),
        (
            json.dumps([{"data": {"a": "a", "b": "b"}, "annotations": [{"result": []}]}]),
            "has no column 'text' (text_column); it has: a, b, entities",
        ),
        (
            json.dumps([{"text": "a", "entities": []}, None]),
            "row 2: the row is null; it should be an object with text and entities",
        ),
    ],
)
def test_what_is_wrong_with_a_json_file(tmp_path: Path, content: str, message: str) -> None:
    assert message in complaint(write(tmp_path / "a.json", content))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.conll", "brat"])
def test_formats_in_another_encoding(tmp_path: Path, name: str) -> None:
    contents = {
        "a.jsonl": '{"text": "Zoë", "entities": [[0, 3, "PER"]]}',
        "a.json": '[["Zoë", {"entities": [[0, 3, "PER"]]}]]',
        "a.conll": "Zoë B-PER",
        "1.txt": "Zoë",
        "1.ann": "T1\tPER 0 3\tZoë\n",
    }
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content.encode("cp1252"))
    data = tmp_path if name == "brat" else tmp_path / name
    assert "is not UTF-8" in complaint(data)
    expected = (["Zoë"], ["B-PER"]) if name == "a.conll" else ("Zoë", [(0, 3, "PER")])
    assert read(data, encoding="cp1252") == [expected]


@pytest.mark.parametrize("name", ["a.spacy", "a.zip"])
def test_files_that_tools_write_and_that_are_no_text(tmp_path: Path, name: str) -> None:
    assert re.search("is (binary; write|an archive; unpack)", complaint(write(tmp_path / name, "")))


def test_texts_that_were_rejected_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        {"text": f"{n}", "spans": [entity(0, 1)], "answer": answer}
        for n, answer in enumerate(["accept", "reject", "ignore", None])
    ]
    examples = EntityExamples(rows, EntityColumnOptions())
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert [e.row for e in examples] == [e.row for e in examples] == [1, 4]
    assert examples.bad_rows == 0
    assert caplog.messages == ["the list: 2 texts left out whose answer is reject or ignore"]
    assert len(list(EntityExamples(rows, EntityColumnOptions(), labelled=False))) == 4
    sentences = [
        {"tokens": GOLD[0], "tags": GOLD[1], "answer": answer} for answer in ("reject", "accept")
    ]
    caplog.clear()
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert read(sentences) == [GOLD]
    assert caplog.messages == ["the list: 1 sentence left out whose answer is reject or ignore"]


# Columns and tags


def columns(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def test_a_column_of_numbers_is_not_that_of_the_tokens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"{n}\t{word}\t_\t{tag}" for n, (word, tag) in enumerate(zip(*GOLD, strict=True), 1)]
    path = write(tmp_path / "a.conllu", columns(*rows, "", "1\tno\t_\tO"))
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == [GOLD, (["no"], ["O"])]
    assert caplog.messages[0] == (
        "token column: '2', since column '1' numbers the tokens (guessed; set token_column)"
    )
    assert read(path, token_column="1")[1] == (["1"], ["O"])
    unlabelled = EntityExamples(path, EntityColumnOptions(), labelled=False)
    assert [list(e.tokens) for e in unlabelled] == [GOLD[0], ["no"]]
    frame = {"number": [0, 1, 2], "form": GOLD[0], "ner": GOLD[1]}
    assert read([frame]) == [GOLD]
    two = write(tmp_path / "b.conll", columns("1 O", "2 B-X", "", "1 O"))
    assert read(two) == [(["1", "2"], ["O", "B-X"]), (["1"], ["O"])]


def test_comments_before_sentences(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [f"{word}\t{tag}" for word, tag in zip(*GOLD, strict=True)]
    comments = ["# sent_id = 1", "# text = one"]
    path = write(tmp_path / "a", columns(*comments, *rows, "#\tO", "", "", comments[0], "no\tO"))
    right = [([*GOLD[0], "#"], [*GOLD[1], "O"]), (["no"], ["O"])]
    assert read(path, comment="#") == right
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == right
    assert caplog.messages[0] == (
        f"{path}: lines with # before a sentence are comments (guessed; set comment)"
    )
    hint = "lines that begin with # are comments with comment='#'"
    assert hint in complaint(path, comment="")
    path = write(tmp_path / "b", columns("a B-X", "b O", "", "# id=1", "a O"))
    assert re.search(f"line 4: the tag 'id=1' is none of IOB2; .*; {hint}", complaint(path))


@pytest.mark.parametrize(
    ("first", "is_comment"),
    [
        ("# id 7-a domain=en", True),
        ("# text = four words", True),
        ("# = x B-X", False),
        ("# x x O", False),
        ("#x x x B-X", False),
    ],
)
def test_a_first_line_that_may_be_a_comment(tmp_path: Path, first: str, is_comment: bool) -> None:
    """Tokens may begin with # as well; they have as many columns as the others, and a tag."""
    path = write(tmp_path / "a", columns(first, "Mia x x B-X", "", "# x x O", "#y x x B-X"))
    tokens = [tokens for tokens, _ in read(path)]
    assert tokens == [["Mia"] if is_comment else [first.split()[0], "Mia"], ["#", "#y"]]


def test_a_line_that_names_the_columns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [f"{word} x {tag}" for word, tag in zip(*GOLD, strict=True)]
    path = write(tmp_path / "a", columns("Word POS Tag", "", *rows, "", "no x O"))
    right = [GOLD, (["no"], ["O"])]
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == right
    assert caplog.messages[0] == f"{path}, line 1 names the columns: Word, POS, Tag"
    assert read(path, tag_column="Tag") == read(path, tag_column="3") == right
    unlabelled = EntityExamples(path, EntityColumnOptions(), labelled=False)
    assert [list(e.tokens) for e in unlabelled] == [GOLD[0], ["no"]]


def test_options_of_tables_beside_column_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"{word}\t{tag}" for word, tag in zip(*GOLD, strict=True)]
    for name in ("a.conll", "a.tsv"):
        path = write(tmp_path / name, columns("word\tO", *rows))
        assert read(path, header=False) == [(["word", *GOLD[0]], ["O", *GOLD[1]])]
    path = write(tmp_path / "b.tsv", columns("sentence\ttags", *rows))
    assert "line 1: the tag 'tags' is none of" in complaint(path, header=False)
    write(path, columns("token\ttag", *rows))
    assert read(path) == [GOLD]
    assert "line 1: the tag 'tag' is none of" in complaint(path, header=False)
    caplog.clear()
    options = EntityColumnOptions(sentence_column="number", quoting="none")
    path = write(tmp_path / "a.conll", columns(*rows))
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert [list(e.tokens) for e in EntityExamples(path, options)] == [GOLD[0]]
    assert [message.rpartition("; ")[2] for message in caplog.messages] == [
        "sentence_column='number' is for tables and changes nothing",
        "quoting='none' is for tables and changes nothing",
    ]
    caplog.clear()
    inherit(options, ["sentence_column", "quoting"], {})
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert len([*EntityExamples(path, options)]) == 1
    assert not caplog.messages


def test_a_table_separated_by_tabs_in_another_encoding(tmp_path: Path) -> None:
    table = "sentence\tword\ttag\n" + "".join(
        f"1\t{word}\t{tag}\n" for word, tag in zip(*GOLD, strict=True)
    )
    path = tmp_path / "a.tsv"
    path.write_bytes(table.encode("utf-16-le"))
    assert read(path, encoding="utf-16-le") == [GOLD]


CONLL_U = [
    "# text = vayámonos ya",
    "1-2\tvayámonos\t_\t_",
    "1\tvayamos\tVERB\t_",
    "2\tnos\tPRON\tSpaceAfter=No|NER=B-PER",
    "2.1\t_\tX\t_",
    "3\tya\tADV\tNER=I-PER",
]


def test_conll_u(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "a.conllu", columns(*CONLL_U, "", "1\tno\tADV\tSpaceAfter=No"))
    right = [(["vayamos", "nos", "ya"], ["O", "B-PER", "I-PER"]), (["no"], ["O"])]
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == right
    assert caplog.messages[1:] == [
        f"{path}: lines of ranges and of empty nodes, such as 1-2 in line 2, are left out",
        "token column: '2', since column '1' numbers the tokens (guessed; set token_column)",
        "tag column: '4' (guessed; set tag_column)",
        "tag scheme: IOB2 (found), among the features of words",
    ]
    plus = ["# global.columns = ID FORM UPOS MISC", *CONLL_U]
    assert read(write(tmp_path / "b.conllup", columns(*plus)), tag_column="MISC") == right[:1]
    assert "column 'UPOS': every token has a label" in complaint(
        tmp_path / "b.conllup", tag_column="UPOS"
    )


def test_what_looks_like_a_range_may_be_a_token(tmp_path: Path) -> None:
    path = write(tmp_path / "a", columns("1\tx\tB-X", "2-3\tx\tO", "", "1-2\tx\tO", "3\tx\tO"))
    assert [tokens for tokens, _ in read(path, token_column="1")] == [["1", "2-3"], ["1-2", "3"]]


@pytest.mark.parametrize(
    ("rows", "tags", "said"),
    [
        (["a B-NP B-X", "b O O"], ["B-X", "O"], "'3', not 2, which has tags as well"),
        (["a B-X B-X", "b I-X O"], ["B-X", "I-X"], "'2', not 3, which has tags as well"),
        (["a B-X O", "b I-X O"], ["B-X", "I-X"], "'2'"),
        (["a B-X mm", "b O mm"], ["B-X", "O"], "'2'"),
        (["a N PER", "b V O"], ["B-PER", "O"], "'3'"),
    ],
)
def test_which_column_has_the_tags(
    tmp_path: Path,
    rows: list[str],
    tags: list[str],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The last one with tags, or, of nested annotation, that of the outer entities."""
    path = write(tmp_path / "a", columns(*rows, "", "c O O"))
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path)[0] == (["a", "b"], tags)
    assert caplog.messages[0] == f"tag column: {said} (guessed; set tag_column)"


def test_tags_that_are_numbers_have_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = {"tokens": GOLD[0], "ner_tags": [1, 0, 3]}
    path = write(tmp_path / "a.jsonl", lines(row))
    assert read(path, tag_names="O, B-PER,I-PER,B-LOC") == [GOLD]
    with caplog.at_level(logging.INFO, "toolkit"):
        caplog.clear()
        assert "tags are such as B-PER, or numbers that tag_names='O,B-PER,I-PER' names" in (
            complaint(path)
        )
        assert caplog.messages == []  # no scheme was found
    assert "the token 'Ulm' has the tag 3 in column 'ner_tags'; tag_names has 2 names" in (
        complaint(path, tag_names="O,B-PER")
    )
    path = write(tmp_path / "a.conll", columns("Mia 1", "saw 0", "Ulm 3", "", "no 0"))
    assert read(path, tag_names="O,B-PER,I-PER,B-LOC") == [GOLD, (["no"], ["O"])]
    assert "or what numbers mean (tag_names='O,B-PER,I-PER')" in complaint(path)


@pytest.mark.parametrize(
    "content", ["O\nB-PER\r\nI-PER\n B-LOC\n\n", '["O", "B-PER",\n"I-PER", "B-LOC"]\n']
)
def test_a_file_of_the_names_of_tags(tmp_path: Path, content: str) -> None:
    """The run then has the names, not the file."""
    path = write(tmp_path / "names", content)
    assert EntityColumnOptions(tag_names=str(path)).tag_names == "O,B-PER,I-PER,B-LOC"
    assert EntityTaggerOptions(tag_names=str(path)).tag_names == "O,B-PER,I-PER,B-LOC"
    assert StrandTaggerOptions(tag_names=str(path)).tag_names == "O,B-PER,I-PER,B-LOC"
    assert read_tag_names("O, B-PER,") == ["O", "B-PER"]


@pytest.mark.parametrize("content", ["", "O,B-PER\n", "[1, 2]", "[", None])
def test_what_is_no_file_of_the_names_of_tags(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "names.txt"
    if content is not None:
        write(path, content)
    with pytest.raises(DataError, match=f"there is no file {path}|{path} should have the names"):
        EntityColumnOptions(tag_names=str(path))


class Hub(SimpleNamespace):
    """A stand-in for the package ``datasets``."""

    class Dataset:
        column_names = ("tokens", "ner_tags", "lang")
        features: ClassVar[dict[str, Any]] = {
            "tokens": SimpleNamespace(feature=SimpleNamespace(dtype="string")),
            "ner_tags": SimpleNamespace(feature=SimpleNamespace(names=["O", "B-PER", "B-LOC"])),
            "lang": SimpleNamespace(names=["en"]),
        }

        def __init__(self, *rows: dict[str, object]) -> None:
            self.rows = rows

        def __iter__(self) -> Iterator[dict[str, object]]:
            return iter(self.rows)


def test_a_data_set_with_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", Hub)  # type: ignore[arg-type]
    row = {"tokens": GOLD[0], "ner_tags": [1, 0, 2], "lang": 0}
    assert read(Hub.Dataset(row)) == [GOLD]
    data = Hub.Dataset(row, {"tokens": ["a"], "ner_tags": None, "lang": None})
    assert "row 2: there are no tags in column 'ner_tags'" in complaint(data)
    assert next(open_source(data).records()).values["lang"] == "en"


def test_lists_as_numpy_writes_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "tokens,tags\n['Ada' 'Moss'],['B-PER' 'I-PER']\n['x'],['O']\n")
    assert read(path) == [(["Ada", "Moss"], ["B-PER", "I-PER"]), (["x"], ["O"])]
    path = write(tmp_path / "b.csv", "tokens,ner_tags\n\"['Ada' 'Moss'\n 'x']\",\"[1 2\n 0]\"\n")
    assert read(path, tag_names="O,B-PER,I-PER") == [
        (["Ada", "Moss", "x"], ["B-PER", "I-PER", "O"])
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("['a' 'b']", ["a", "b"]),
        ("[0 1 2]", ["0", "1", "2"]),
        ('["a", 1]', ["a", 1]),
        ("['a', None]", ["a", None]),
        ("[(0, 3, 'PER'), (4, 5, ' x')]", [(0, 3, "PER"), (4, 5, " x")]),
        ("[{'start': 0, 'label': 'it\\'s'}]", [{"start": 0, "label": "it's"}]),
        ("[]", []),
        *[(text, None) for text in ("[b'a' b'b']", "['a' 'b', None]", "['a' ... 'b']", "[a b]")],
        *[(text, None) for text in ("[(0, 'a' 'b')]", "['a'", "[,]", "a")],
    ],
)
def test_written_lists(text: str, values: list[Any] | None) -> None:
    assert as_list(text) == values


@given(st.lists(st.tuples(st.integers(0, 9), st.text(st.characters(codec="utf-8"), max_size=5))))
def test_written_entities_are_read_back(values: list[tuple[int, str]]) -> None:
    assert as_list(str(values)) == values


@pytest.mark.parametrize("token", ["[1]", "[]", "['a']"])
@pytest.mark.parametrize("column", [None, "sentence"])
def test_a_token_that_looks_like_a_list(tmp_path: Path, token: str, column: str | None) -> None:
    path = write(tmp_path / "a.csv", f"sentence,word,tag\n1,{token},O\n1,Ada,B-PER\n2,x,O\n")
    assert read(path, sentence_column=column) == [([token, "Ada"], ["O", "B-PER"]), (["x"], ["O"])]


def test_a_text_that_looks_like_a_list(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text\n"[1, 2]"\n[3]\nAda\n')
    examples = EntityExamples(path, EntityColumnOptions(), labelled=False)
    assert [example.text for example in examples] == ["[1, 2]", "[3]", "Ada"]
    assert examples.bad_rows == 0


def test_a_list_that_cannot_be_read_does_not_change_what_columns_hold(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "tokens,tags\nx,['O']\n['Ada'],['B-PER']\n['x'],['O']\n")
    assert "the tokens in column 'tokens' are 'x', which is no list" in complaint(path)


@pytest.mark.parametrize("empty", [[], None])
def test_entities_after_many_texts_without_one(tmp_path: Path, empty: Any) -> None:
    rows: list[Any] = [{"text": "no", "spans": empty}] * 150
    if empty is None:
        rows[0] = {"text": "no", "spans": []}
    path = write(tmp_path / "a.jsonl", lines(*rows, {"text": "Ada", "spans": [entity(0, 3)]}))
    assert read(path)[-1] == ("Ada", [(0, 3, "PER")])


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Ada  Moss flew", "ADA MOSS"),
        ("Zo\u00eb  X flew", "Zoe\u0308 X"),
        ("Zoe\u0308 X flew", "zo\u00eb x"),
        ("ﬁve Str. flew", "FIVE STR."),
        ("ΟΔΟΣ X flew", "Οδος x"),
    ],
)
def test_an_entity_in_other_letters_is_the_same(text: str, own: str) -> None:
    end = text.index(" flew")
    row = {"text": text, "entities": [entity(0, end, text=own)]}
    assert read([row]) == [(text, [(0, end, "PER")])]
    row = {"text": f"x {text}", "entities": [entity(0, end, text=own)]}
    assert "has the offsets 0 to" in complaint([row])


@pytest.mark.parametrize(
    ("causes", "unaligned", "entities", "found"),
    [
        ({UTF16: 51, "": 49}, 1000, 5000, UTF16),
        ({UTF16: 50, "": 50}, 1000, 5000, ""),
        ({UTF16: 40, "": 60}, 100, 100, ""),
        ({INCLUSIVE: 60, "": 40}, 1000, 1100, INCLUSIVE),
        ({INCLUSIVE: 60, "": 40}, 1000, 1300, ""),
        ({"": 100}, 1000, 1000, ""),
        ({}, 0, 10, ""),
    ],
)
def test_the_likely_cause_by_those_that_were_examined(
    causes: dict[str, int], unaligned: int, entities: int, found: str
) -> None:
    assert likely_cause(Counter(causes), unaligned, entities) == (f"; {found}" if found else "")


SEGMENTS = st.lists(st.tuples(st.sampled_from([None, "X", "Y-Z"]), st.integers(1, 3)), max_size=8)


@given(SEGMENTS, st.booleans())
def test_prefixes_at_the_end(segments: list[tuple[str | None, int]], bioes: bool) -> None:
    prefixed, iob2 = [], []
    for label, length in segments:
        marks = ["B", *"I" * (length - 2), "E"] if length > 1 else ["S"]
        marks = marks if bioes else ["B", *"I" * (length - 1)]
        prefixed += [f"{mark}-{label}" if label else "O" for mark in marks]
        iob2 += [f"{'I' if n else 'B'}-{label}" if label else "O" for n in range(length)]
    suffixed = ["-".join(reversed(tag.split("-", 1))) for tag in prefixed]
    assert [to_prefix(tag) for tag in suffixed] == prefixed
    sure = any(label and length > 1 for label, length in segments)
    assert has_suffixes([suffixed]) == sure
    assert has_suffixes([suffixed], sure=False) == any(label for label, _ in segments)
    assert not has_suffixes([prefixed])
    data, right = ([["a"] * len(suffixed)], [suffixed]), [(["a"] * len(iob2), iob2)]
    if sure:
        assert read(data) == right
    if any(label for label, _ in segments):
        assert read(data, tag_scheme="BIOES" if bioes else "IOB2") == right


@pytest.mark.parametrize(
    "tags",
    [
        *("work-I work-I O", "PER O PLAN-B PER PER", "B-vitamin-B O", "DRUG-S O DRUG-L"),
        *("VITAMIN-B VITAMIN-B O", "A-B O A-I", "A-B B-I"),
    ],
)
def test_labels_that_end_like_prefixes(tags: str) -> None:
    assert not has_suffixes([tags.split()])


def test_labels_of_io_are_left_as_they_are() -> None:
    words = [["aspirin", "forte"], ["x"]]
    assert read((words, [["VITAMIN-B", "VITAMIN-B"], ["O"]])) == [
        (words[0], ["B-VITAMIN-B", "I-VITAMIN-B"]),
        (words[1], ["O"]),
    ]
    data = (words, [["DRUG-S", "DRUG-L"], ["O"]])
    assert read(data)[0][1] == ["B-DRUG-S", "B-DRUG-L"]
    data = (words, [["DRUG-B", "DRUG-I"], ["O"]])
    assert read(data, tag_scheme="IO")[0][1] == ["B-DRUG-B", "B-DRUG-I"]
    assert read(data)[0][1] == ["B-DRUG", "I-DRUG"]


def test_given_schemes_have_their_prefixes_at_either_end() -> None:
    data = ([["Ann", "x"], ["Bo", "y"]], [["PER-S", "O"], ["PER-S", "O"]])
    assert read(data)[0][1] == ["B-PER-S", "O"]
    assert read(data, tag_scheme="BIOES")[0][1] == ["B-PER", "O"]


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "BIOES"])
@given(st.lists(st.sampled_from([*"O", *(f"{p}-{label}" for p in "BIES" for label in "XY")])))
def test_repaired_tags_are_entities_as_the_evaluation_script_finds_them(
    scheme: str, tags: list[str]
) -> None:
    """By its rule: an entity ends where the next tag begins another, and begins otherwise."""
    if scheme != "BIOES":
        tags = [tag.replace("E-", "I-").replace("S-", "B-") for tag in tags]
    expected: list[list[Any]] = []
    inside = False
    for place, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if inside and prefix in "IE" and label == expected[-1][2]:
            expected[-1][1] = place + 1
        elif prefix != "O":
            expected.append([place, place + 1, label])
        inside = prefix in "BI"
    assert [list(span) for span in spans_of(to_iob2(tags, scheme, repair=True))] == expected


def test_an_inside_tag_may_begin_an_entity(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a", columns("a B-X", "b I-X", "", "a I-X", "b O", "", "c B-X"))
    assert "line 4: the tag 'I-X' at the beginning continues no entity" in complaint(path)
    with caplog.at_level(logging.WARNING, "toolkit"):
        assert read(path, repair_tags=True)[1] == (["a", "b"], ["B-X", "O"])
    assert caplog.messages == [
        f"{path}: 1 sentence with tags that IOB2 does not allow was repaired, the first at line 4"
    ]


# What misled


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a", "a,B-X\nb,O\n", "columns are separated by spaces or tabs, not by commas"),
        ("a", "Wort Art\n\na B-X\nb O\n", "'Art' is none of IOB2; .*; if this line names the col"),
        ("a", "a B-X\nb _\nc _\n", "line 2: the tag '_' is none of IOB2; what is no entity has"),
        (
            "a",
            "a PER\nb OTHER\nc OTHER\n",
            "none has the tag O of what is no entity; is it 'OTHER'",
        ),
        ("a", "a x O\nb B-X O\n", "has no entities in column '3'; tag_column names another"),
        (
            "a.csv",
            "no,phrase,pos,tag\n1,a b c,\"['N', 'V']\",\"['B-X', 'O']\"\n",
            "has lists in the columns pos, tag; which of them holds the tokens. set token_column",
        ),
    ],
)
def test_messages(tmp_path: Path, name: str, content: str, message: str) -> None:
    assert re.search(message, complaint(write(tmp_path / name, content)))


def test_the_reason_why_there_are_no_entities_is_said() -> None:
    rows = [{"text": "a", "entities": []}, {"text": "b", "entities": [5]}]
    found = complaint(rows, skip_bad_rows=True)
    assert "no entities in column 'entities'; row 2: the entity 5 should have start" in found


def test_lists_in_cells_as_json_or_in_python(tmp_path: Path) -> None:
    content = 'tokens,tags\n"[""Mia"", ""saw"", ""Ulm""]","[\'B-PER\', \'O\', \'B-LOC\']"\n'
    assert read(write(tmp_path / "a.csv", content)) == [GOLD]


def test_words_in_a_string_beside_a_list_of_tags(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "no,Sentence,POS,Tag\n1,Mia saw  Ulm,\"['N', 'V', 'N']\",\"['B-PER', 'O', 'B-LOC']\"\n"
    path = write(tmp_path / "a.csv", rows)
    with caplog.at_level(logging.INFO, "toolkit"):
        assert read(path) == read([{"text": "Mia saw Ulm", "ner_tags": GOLD[1]}]) == [GOLD]
    assert caplog.messages[0] == (
        "token column: 'Sentence', split at white space (guessed; set token_column)"
    )
    write(path, f"{rows}2,Mia,[],[]\n")
    assert "which of them holds the tokens?" in complaint(path)
    assert "row 2 (line 3): 1 token with 0 tags" in complaint(path, token_column="Sentence")
