"""Tables as other programs write them: stray quotes, announced separators, labels as strings."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.data import (
    ColumnOptions,
    EntityExamples,
    LabelEncoder,
    PairColumnOptions,
    PairExamples,
    StreamColumnOptions,
    TableFormat,
    TextExamples,
    open_entities,
    open_pairs,
    open_source,
    open_stream,
)
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.labels import class_name, to_number, written_list
from toolkit.data.pairs.examples import source_texts
from toolkit.data.sources import delimited
from toolkit.data.sources.delimited import Quoting
from toolkit.data.sources.sentence_table import SentenceTable
from toolkit.errors import DataError
from toolkit.options import on_the_command_line

ROWS = "".join(f"a calm day {number},{'pn'[number % 2]}\n" for number in range(30))


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8", newline="")
    return path


def read(path: Path, quoting: Quoting = "auto") -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The values of all good rows, and the problems of the others by their places."""
    records = [*open_source(path, None, TableFormat(quoting)).records()]
    assert [record.row for record in records] == [*range(1, len(records) + 1)]
    good = [tuple(map(str, record.values.values())) for record in records if not record.problem]
    return good, {record.place: record.problem for record in records if record.problem}


def labels(path: Path, **options) -> list[object]:
    return [e.label for e in TextExamples(open_source(path), ColumnOptions(**options))]


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ('"It rained.,n\n', "unexpected end of data"),  # nothing closes it
        ('"It rained.,n\nHe said "so",p\n', "expected after"),  # what closes it is no end
    ],
)
def test_an_open_quote_costs_its_own_row_only(tmp_path: Path, odd: str, reason: str) -> None:
    path = write(tmp_path / "a.csv", f"text,label\n{ROWS}{odd}{ROWS}")
    good, bad = read(path)
    assert len(good) == 60 + odd.count("\n") - 1
    assert list(bad) == ["row 31 (line 32)"]
    assert "quotes that do not match, up to line" in bad["row 31 (line 32)"]
    assert reason in bad["row 31 (line 32)"]
    literal, none = read(path, "none")
    assert len(literal) == 60 + odd.count("\n")
    assert not none
    assert ('"It rained.', "n") in literal
    with on_the_command_line(), pytest.raises(DataError, match="--quoting none"):
        labels(path)


def test_the_reason_is_one_printable_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", 'text\tlabel\n"It rained.\tn\nHe said "so\tp\n')
    _, bad = read(path)
    assert "a tab expected after" in next(iter(bad.values()))
    assert all(problem.isprintable() for problem in bad.values())


def learnt(path: Path, quoting: Quoting = "auto", **options) -> tuple[list[str], TextExamples]:
    """The texts to learn from, without bad rows, and their reader."""
    source = open_source(path, None, TableFormat(quoting))
    examples = TextExamples(source, ColumnOptions(skip_bad_rows=True, **options))
    return [example.text for example in examples], examples


def answered(path: Path) -> list[str]:
    """The texts to answer, in order."""
    return [e.text for e in TextExamples(open_source(path), ColumnOptions(), labelled=False)]


@pytest.mark.parametrize("lines", [2, 5])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_rows_within_quotes_are_not_one_text(tmp_path: Path, separator: str, lines: int) -> None:
    inner = "".join(f"Dull, really, {number}{separator}n\n" for number in range(lines - 2))
    inner = inner.replace(", ", " ") if separator == "," else inner
    odd = f'"I hated it.{separator}n\n{inner}I left."{separator}n\n'
    content = f"text,label\n{ROWS}".replace(",", separator) + odd
    path = write(tmp_path / "a.tsv" if separator == "\t" else tmp_path / "a.csv", content)
    texts, examples = learnt(path)
    assert len(texts) == 30
    assert (examples.rows, examples.bad_rows) == (30 + lines, lines)  # all lines are counted
    (problem,) = examples.problems.values()
    assert f"quotes from here to line {31 + lines} make one text of lines" in problem
    with on_the_command_line(), pytest.raises(DataError, match=r"row 31 .*--quoting none"):
        labels(path)
    assert len(learnt(path, "none")[0]) == 30 + lines
    blank = write(path.with_name(f"blank{path.suffix}"), content.replace("\nI left", "\n\nI left"))
    assert len(learnt(blank)[0]) == 30
    for whole in (learnt(path, "minimal")[0], answered(path)):
        assert len(whole) == 31
        assert whole[-1].startswith(f"I hated it.{separator}n\n")


@pytest.mark.parametrize("before", [0, 3, 40])
@pytest.mark.parametrize("after", [0, 3, 300])
@pytest.mark.parametrize("joined", [50, 1200])
def test_many_rows_within_quotes_are_found_wherever_they_are(
    tmp_path: Path, before: int, after: int, joined: int
) -> None:
    rows = [f"text number {number},{'pn'[number % 2]}\n" for number in range(joined)]
    odd = f'"No way,n\n{"".join(rows)}so he said it",p\n'
    path = write(
        tmp_path / "a.csv", f"text,label\n{''.join(rows[:before])}{odd}{''.join(rows[:after])}"
    )
    with pytest.raises(DataError, match=rf"row {before + 1} .* to line {before + joined + 3} make"):
        labels(path)


def test_rows_within_quotes_of_a_sorted_file(tmp_path: Path) -> None:
    rows = "".join(f"calm day {number},n\n" for number in range(1100))
    rows += "".join(f"wild day {number},p\n" for number in range(20))
    path = write(tmp_path / "a.csv", f'text,label\n{rows}"Wow,p\nhe said",p\n')
    with pytest.raises(DataError, match=r"row 1121 .*one text of lines"):
        labels(path)


def test_few_rows_within_quotes_of_a_small_table(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", 'text\tlabel\na\tp\n"b\tn\nc"\tn\nd\tn\ne\tp\n')
    with pytest.raises(DataError, match=r"row 2 .*one text of lines"):
        labels(path)
    assert answered(path) == ["a", "b\tn\nc", "d", "e"]


def test_all_readers_learn_from_no_doubtful_row_and_answer_each(tmp_path: Path) -> None:
    content = "text,target\n" + "calm,fine\nwild,bad\n" * 20 + '"No,bad\nhe said",fine\n'
    path = write(tmp_path / "a.csv", content)
    stream = open_stream(path, options=StreamColumnOptions(skip_bad_rows=True))
    assert len([*stream]) == 40
    assert [*stream.prompts()][-1] == "No,bad\nhe said"
    with pytest.raises(DataError, match=r"row 41 .*one text of lines"):
        list(open_stream(path))
    options = PairColumnOptions(source_column="text")
    with pytest.raises(DataError, match=r"row 41 .*one text of lines"):
        list(PairExamples(open_pairs(path, None, options), options))
    assert [*source_texts(open_pairs(path, None, options))][-1] == "No,bad\nhe said"
    entities = EntityColumnOptions(text_column="text")
    source = open_entities(path, None, entities)
    assert [e.text for e in EntityExamples(source, entities, labelled=False)][-1].startswith("No,")


def test_tokens_that_are_quotes_within_a_table(tmp_path: Path) -> None:
    rows = "".join(f"{n // 5},w{n % 7},O\n" for n in range(60))
    path = write(tmp_path / "a.csv", f'sentence,word,tag\n{rows}11,",O\n11,w,O\n11,",O\n12,w,O\n')
    *sentences, odd, last = SentenceTable(open_source(path), "sentence").records()
    assert all(sentence.doubt is None for sentence in [*sentences, last])
    assert odd.doubt is not None
    assert odd.doubt.startswith("row 61 (line 62): quotes from here to line 64 make one text")


@pytest.mark.parametrize(
    "text",
    ["Good, but\nlong, really", "Two\nlines", "I paid 1,000\nfor it", 'So "he" said,\nthen', "\n"],
)
def test_texts_with_line_ends_stay_whole(tmp_path: Path, text: str) -> None:
    frame = pd.DataFrame({"text": ["fine", text, "dull"], "label": ["p", "n", "p"]})
    for separator, name in ((",", "a.csv"), (";", "b.csv"), ("\t", "c.tsv")):
        frame.to_csv(tmp_path / name, sep=separator, index=False)
        good, bad = read(tmp_path / name)
        assert good == [("fine", "p"), (text, "n"), ("dull", "p")]
        assert not bad


LOG = "time,ok\n" * 30


@pytest.mark.parametrize(
    "content",
    [
        'movie,text,label\ntt01,Good.,p\ntt01,"Slow, but nice\nI liked it, really",p\ntt02,Bad,n\n',
        'text,labels\nHello,\nBuy now,spam\n"Dear Sir,\nthank you",\n"Dear Sir,\nbye",spam\n',
        "text,stars\n" + "fine,4\ndull,5\n" * 9 + '"It gets 4,5\nof ten",4\n',
        "stars,text,source\n" + "5,fine,web\n" * 20 + '5,"Great, so\nWould buy, again",web\n',
        "text,label\n" + "calm,good\n" * 20 + f'"{LOG}end",good\n',
        "text,label\ncalm,good\n" + f'"{LOG}end",good\n"{LOG}end",bad\n',
        f'label,text\ngood,calm\ngood,"now\n{LOG}time,ok"\nbad,calm\n',
        "text,label\n" + "fine,p\n" * 9 + '"Two\nlines",p\n"a\nb",n\n"what of a,p\nb",p\n',
    ],
)
def test_tables_that_are_quoted_by_the_rules_are_not_refused(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "a.csv", content)
    _, *rows = csv.reader(content.splitlines(keepends=True))
    text = open_source(path).columns.index("text")
    texts, examples = learnt(path, target="labels")
    assert texts == answered(path) == [row[text] for row in rows]
    assert examples.bad_rows == 0


#: No line of such a text ends or begins with the name of a class.
LINES = st.lists(st.text(st.sampled_from('ab15", \t'), max_size=8), min_size=1, max_size=4)
TEXTS = LINES.map("\n".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(
        st.tuples(TEXTS, st.sampled_from(["pos", "neg", "none"]), TEXTS, st.sampled_from("15")),
        max_size=30,
    ),
    order=st.permutations(range(4)),
    form=st.sampled_from([("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_program_writes_is_read_back(tmp_path: Path, table, order, form, ends) -> None:
    name, separator = form
    rows = [[row[column] for column in order] for row in table]
    with open(tmp_path / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=ends)
        writer.writerows([[f"column {c}" for c in order], *rows])
    records = [*open_source(tmp_path / name).records()]
    assert [[*record.values.values()] for record in records] == rows
    assert all(record.problem is None and record.doubt is None for record in records)


def test_a_quoted_row_with_too_many_fields_is_one_bad_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label,by\na,p,x\nb,"two\nlines",p,x\nc,p,x\n')
    good, bad = read(path)
    assert [text for text, *_ in good] == ["a", "c"]
    assert list(bad) == ["row 2 (line 3)"]
    assert bad["row 2 (line 3)"].endswith("must be quoted (lines 3 to 4)")


FIELDS = st.text(st.sampled_from('ab", \t\n;'), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.tuples(FIELDS, FIELDS), max_size=5))
def test_what_is_quoted_by_the_rules_is_read_back(tmp_path: Path, table) -> None:
    with open(tmp_path / "a.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *table])
    assert read(tmp_path / "a.csv", "minimal") == (table, {})
    assert read(tmp_path / "a.csv") == (table, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.text(st.sampled_from('ab",\n'), max_size=60),
    quoting=st.sampled_from(["auto", "minimal", "none"]),
)
def test_no_line_is_lost_without_a_word(tmp_path: Path, content: str, quoting: Quoting) -> None:
    """Each line that is not blank is in a good row, or named with a bad one."""
    path = write(tmp_path / "a.csv", f"text,label\n{content}\n")
    good, bad = read(path, quoting)
    ranges = re.findall(r"\(lines (\d+) to (\d+)\)", " ".join(bad.values()))
    covered = len(bad) + sum(int(end) - int(begin) for begin, end in ranges)
    covered += sum(1 + "".join(fields).count("\n") for fields in good)
    lines = content.split("\n")
    assert sum(map(bool, lines)) <= covered <= len(lines)


def test_lines_that_cannot_be_read_again_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.data.sources.delimited._READ_AGAIN", 40)
    good, bad = read(write(tmp_path / "a.csv", f'text,label\nfine,p\n"open,n\n\n{ROWS}'))
    assert good == [("fine", "p")]
    assert len(bad) == 31
    assert bad["row 3 (line 5)"] == "it was read as part of the row in line 3, and is lost"
    assert list(bad)[-1] == "row 32 (line 34)"


def test_many_open_quotes_do_not_multiply_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = 2_000  # of which each opens a quote that the next one closes and opens
    path = write(tmp_path / "a.csv", "text,label\n" + 'x","y\n' * lines)
    taken = 0
    take = delimited._Lines.__next__

    def counted(self: delimited._Lines) -> str:
        nonlocal taken
        taken += 1
        return take(self)

    monkeypatch.setattr(delimited._Lines, "__next__", counted)
    monkeypatch.setattr(delimited, "_READ_AGAIN", 12 * lines)
    good, bad = read(path)
    assert len(good) + len(bad) == lines
    assert lines < taken < 10 * lines  # without a limit it is the square


@pytest.mark.parametrize(
    ("first", "separator"),
    [("sep=;\r\n", ";"), ("SEP=|\n", "|"), ('"sep=;"\r\n', ";"), ("\ufeffsep=\t\n", "\t")],
)
def test_a_line_that_announces_the_separator(tmp_path: Path, first: str, separator: str) -> None:
    rows = f"text{separator}label\na, b{separator}pos\nc{separator}neg\n"
    for name in ("a.csv", "a.tsv"):
        path = write(tmp_path / name, first + rows)
        assert open_source(path).columns == ("text", "label")
        records = [*open_source(path).records()]
        assert [r.values["text"] for r in records] == ["a, b", "c"]
        assert records[0].place == "row 1 (line 3)"


@pytest.mark.parametrize("first", ["sep=", 'sep="'])
def test_a_line_that_announces_no_separator(tmp_path: Path, first: str) -> None:
    path = write(tmp_path / "a.csv", f"{first}\r\ntext\r\n")
    assert open_source(path).columns == (first,)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("[\"it's\", 'b, c']", ["it's", "b, c"]),
        ("[a, b c]", ["a", "b c"]),
        ("[1, 2]", [1, 2]),
        ("[1 2]", ["1", "2"]),
        (" [] ", []),
        ("['a',]", ["a"]),
        *[(text, None) for text in ("a|b", "[a", "['a', None]", "['a", "[a, ['b']]", "", "[a,,b]")],
    ],
)
def test_lists_written_as_strings(text: str, names: list[object] | None) -> None:
    assert written_list(text) == names


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=3))
def test_lists_of_other_programs_are_read_back(names: list[str]) -> None:
    assert written_list(str(names)) == written_list(json.dumps(names)) == names


@given(st.lists(st.text("ab c'\"\\", min_size=1, max_size=5), min_size=1, max_size=4))
def test_arrays_of_numpy_are_read_back(names: list[str]) -> None:
    assert written_list(str(np.array(names, object))) == names


def test_labels_in_a_cell(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["x", "y"], "labels": [["fun", "sad"], ["sad"]]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert labels(tmp_path / "a.csv", target="labels") == [["fun", "sad"], ["sad"]]
    with pytest.raises(DataError, match="several labels at once need target='labels'"):
        labels(tmp_path / "a.csv")
    path = write(tmp_path / "b.csv", "text,labels\nx,\"['fun', None]\"\n")
    with pytest.raises(DataError, match="no list that can be read; write it as JSON"):
        labels(path, target="labels")
    path = write(tmp_path / "c.csv", "text,label\nx,[News]\ny,[Talk]\n")
    assert labels(path) == ["[News]", "[Talk]"]


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("[toxic]|[spam]", ["[toxic]", "[spam]"]),
        ("[toxic]", ["[toxic]"]),
        ("[toxic|spam]", ["[toxic", "spam]"]),
        ("[toxic] | spam", ["[toxic]", "spam"]),
        ("[a, b]|[c]", ["[a, b]", "[c]"]),
        ("[a, b]", ["a", "b"]),
        ("[]|[toxic]", ["[]", "[toxic]"]),
        ("['toxic', 'a|b']", ["toxic", "a|b"]),
        ('["a|b"]', ["a|b"]),
        ("['toxic']|[spam]", ["['toxic']", "[spam]"]),
        ("[]", []),
        ("[1]", ["1"]),
        ("[0 12]", ["0", "12"]),
        ("[toxic content]", ["[toxic content]"]),
    ],
)
def test_labels_in_brackets(tmp_path: Path, field: str, names: list[str]) -> None:
    with open(tmp_path / "a.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "labels"), ("x", field)])
    assert labels(tmp_path / "a.csv", target="labels") == [names]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *[("1.0", "1"), ("-2.00", "-2"), ("-0.0", "0"), ("1.50", "1.50")],
        *[(name, name) for name in ("v1.0", "01.0", "1.0.0", "1.")],
    ],
)
def test_whole_numbers_are_one_class_however_written(value: str, name: str) -> None:
    assert class_name(value) == name


def test_a_missing_label_makes_no_other_classes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": list("abcd"), "label": [0, 1, None, 1]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert "1.0" in (tmp_path / "a.csv").read_text()
    found = labels(tmp_path / "a.csv", skip_bad_rows=True)
    assert Counter(map(str, found)) == {"0": 1, "1": 2}
    earlier = LabelEncoder("classes", ["0.0", "1.0"])  # of a run that was trained before
    assert earlier.check("1") is None
    assert earlier.encode(["1", "0"]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *[("4,5", 4.5), ("-0,125", -0.125), (" 12,75 ", 12.75), ("1250", 1250.0), (3, 3.0)],
        *[(value, None) for value in ("1,250", "12,5,0", "4,", ",5", "many", None)],
    ],
)
def test_decimal_commas(value: object, number: float | None) -> None:
    assert to_number(value) == number


def test_numbers_with_decimal_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text;score\na;4,5\nb;3\n")
    assert labels(path, target="number") == [4.5, 3.0]
    assert labels(path, label_rule="low:<4,high:>=4") == ["high", "low"]
    path = write(tmp_path / "b.csv", "text;score\na;1,250\n")
    with pytest.raises(DataError, match="is its comma a decimal point, or does it separate thou"):
        labels(path, target="number")


def test_columns_without_names_are_called_by_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "v1,v2,,,\n1,a day,,,\n0,b day,,x,\n")
    source = open_source(path)
    assert source.columns == ("v1", "v2", "column 3", "column 4", "column 5")
    assert [record.values["column 4"] for record in source.records()] == ["", "x"]
    assert labels(path, text_column="v2", label_column="v1") == ["1", "0"]
    one = write(tmp_path / "b.csv", ",text,label\n0,a day,1\n")
    assert open_source(one).columns == ("", "text", "label")


def test_bars_stand_between_fields_where_the_header_has_nothing_else(tmp_path: Path) -> None:
    bars = write(tmp_path / "a.csv", "text|label\na day, or two|p\n")
    assert labels(bars) == ["p"]
    commas = write(tmp_path / "b.csv", "text,a|b\na day,p|q\n")
    assert open_source(commas).columns == ("text", "a|b")


def test_a_list_of_one_label_is_that_label(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": ["p"]}\n{"text": "b", "label": "q"}\n')
    assert labels(path) == ["p", "q"]
    assert labels(write(tmp_path / "b.csv", "text,label\na,['p']\n")) == ["p"]
    with pytest.raises(DataError, match="several labels at once need"):
        labels(write(tmp_path / "c.csv", "text,label\na,\"['p', 'q']\"\n"))


@pytest.mark.parametrize(
    "values",
    [
        np.array([[1], [0]]),
        pd.array([1, 0], dtype="Int64"),
        pd.Series([1, 0]),
        [np.array([1]), np.array([0])],
    ],
)
def test_arrays_of_labels(values: object) -> None:
    examples = TextExamples(open_source((["a", "b"], values)), ColumnOptions())
    assert [example.label for example in examples] == ["1", "0"]


def test_labels_that_are_no_list_are_named() -> None:
    with pytest.raises(DataError, match="labels of type dict cannot be read; give a list"):
        open_source((["a", "b"], {0: 1}))
    with pytest.raises(DataError, match="labels of type ndarray cannot be read"):
        open_source((["a", "b"], np.zeros((2, 2))))
