"""The report on marked sentences: what a training would meet, planted faults found."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.ner import main
from toolkit.data import spans_of, split_indices
from toolkit.errors import DataError
from toolkit.evaluation import report_table
from toolkit.tasks import EntityTagger
from toolkit.tasks import task as template
from toolkit.training.cost import Trial, try_steps

SMALL: dict[str, Any] = {
    "embedding_size": 4,
    "hidden_size": 4,
    "characters": "none",
    "shape_size": 0,
    "affix_size": 0,
}
WORDS = [f"{a}{b}" for a in ("ka", "lo", "mi", "nu", "re", "ti", "va") for b in "bdgklmnprst"]
NAMES = {
    "LOC": ["Arles", "Bray", "Cork", "New Delft"],
    "PER": ["Ada Moss", "Bo Ng", "Cleo", "Dov van der Pike"],
}

Data = tuple[list[list[str]], list[list[str]]]


def sentences(count: int, seed: int = 0) -> Data:
    """Tokens and tags of sentences of random words with a person and a town in each other one."""
    random = np.random.default_rng(seed)
    tokens, tags = [], []
    for number in range(count):
        words = [str(word) for word in random.choice(WORDS, random.integers(8, 30))]
        marks = ["O"] * len(words)
        for label, names in NAMES.items() if number % 2 else ():
            name = str(random.choice(names)).split()
            words += [*name, "and"]
            marks += [f"B-{label}", *[f"I-{label}"] * (len(name) - 1), "O"]
        tokens.append(words)
        tags.append(marks)
    return tokens, tags


def column_file(path: Path, data: Data) -> Path:
    pairs = [zip(*sentence, strict=True) for sentence in zip(*data, strict=True)]
    blocks = ["".join(f"{token}\t{tag}\n" for token, tag in each) for each in pairs]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def lines(data: Data) -> list[int]:
    """The line of each sentence's first token in a column file."""
    return np.cumsum([1, *(len(tokens) + 1 for tokens in data[0][:-1])]).tolist()


def inspect(data: Any, validation_data: Any = None, **options: Any) -> dict[str, Any]:
    return EntityTagger(**SMALL, **options).inspect(data, validation_data)


def warnings(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [warning for warning in report["warnings"] if warning["kind"] == kind]


@pytest.fixture(scope="module", autouse=True)
def _tried():
    """Nothing is tried but where it is the subject: 100 tokens take half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "try_steps", lambda *_, **__: Trial(1, 100, 0.5))
        yield


@pytest.fixture(scope="module")
def clean() -> dict[str, Any]:
    return inspect(sentences(200))


def test_data_without_faults_has_no_warnings(clean: dict[str, Any]) -> None:
    assert clean["warnings"] == []
    assert clean["several_labels"] == []
    assert clean["files"] == [
        {
            "file": "the list",
            "rows": 200,
            "bad_rows": 0,
            "tag_scheme": "IOB2",
            "training": 180,
            "held_out": 20,
            "tokens": sum(map(len, sentences(200)[0])),
            "entities": 200,
            "unaligned": 0,
        }
    ]


def test_the_report_is_json_and_a_table(clean: dict[str, Any]) -> None:
    assert json.loads(json.dumps(clean)) == clean
    table = report_table(clean)
    assert table.endswith("no warnings")
    assert all(f"\n{name}\n" in f"\n{table}" for name in ("files", "entities", "vocabulary"))


def test_what_is_counted_by_hand() -> None:
    tokens, tags = sentences(120, seed=1)
    for number in range(120):  # words and names that no other sentence has
        tokens[number] += ["Eva", f"Fen{number}", "saw", f"zz{number}"]
        tags[number] += ["B-PER", "I-PER", "O", "O"]
    report = inspect((tokens, tags), validation_split=0.25)
    parts = dict(zip(("training", "held_out"), split_indices(120, 0.25, 0), strict=True))
    found = {
        part: [
            (" ".join(tokens[row][span.start : span.end]), span)
            for row in rows
            for span in spans_of(tags[row])
        ]
        for part, rows in parts.items()
    }
    for label in ("LOC", "PER"):
        (row,) = [row for row in report["labels"] if row["label"] == label]
        for part, entities in found.items():
            of_label = [(form, span) for form, span in entities if span.label == label]
            assert row[part] == len(of_label)
            assert row[f"{part}_share"] == pytest.approx(len(of_label) / len(entities))
            assert row[f"{part}_distinct"] == len({form for form, _ in of_label})
            mean = np.mean([span.end - span.start for _, span in of_label])
            assert row[f"{part}_mean_tokens"] == pytest.approx(mean)
    known = {form for form, _ in found["training"]}
    unseen = sum(form not in known for form, _ in found["held_out"])
    assert unseen >= 30
    assert report["entities"] == {
        part: {
            "entities": len(entities),
            "distinct": len({form for form, _ in entities}),
            "marked_sentences_share": 1.0,
        }
        | ({"unseen": unseen, "unseen_share": unseen / len(entities)} if part != "training" else {})
        for part, entities in found.items()
    }
    for part, rows in parts.items():
        lengths = np.array([len(tokens[row]) for row in rows])
        of_part = report["lengths"][part]
        assert (of_part["min"], of_part["max"]) == (lengths.min(), lengths.max())
        assert of_part["mean"] == pytest.approx(lengths.mean())
        assert of_part["unit"] == "tokens"
        for percent in (5, 50, 95):
            share = percent / 100
            assert (lengths <= of_part[f"p{percent}"]).mean() >= share
            assert (lengths < of_part[f"p{percent}"]).mean() < share
    counts = {part: Counter(t for row in rows for t in tokens[row]) for part, rows in parts.items()}
    # Digits are all one to the vocabulary: zz1 and zz2 are the same word.
    words = {re.sub(r"\d", "0", token.lower()) for token in counts["training"]}
    unknown = Counter(
        {
            token: number
            for token, number in counts["held_out"].items()
            if re.sub(r"\d", "0", token.lower()) not in words
        }
    )
    assert report["vocabulary"]["distinct_in_training"] == len(counts["training"])
    assert report["vocabulary"]["entries"] == len(words) + 2
    share = unknown.total() / counts["held_out"].total()
    assert report["vocabulary"]["unknown_held_out_share"] == pytest.approx(share)
    assert report["vocabulary"]["unknown_training_share"] == 0
    assert set(report["vocabulary"]["commonest_unknown"]) == set(unknown)


@pytest.mark.slow
def test_words_that_are_not_learnt_are_unknown() -> None:
    tokens, tags = sentences(60, seed=2)
    rare = [[*words, f"zz{chr(97 + n % 26)}{chr(97 + n // 26)}"] for n, words in enumerate(tokens)]
    report = inspect((rare, [[*marks, "O"] for marks in tags]), min_count=2, validation_split=0.2)
    total = sum(len(words) for row, words in enumerate(rare) if row in split_indices(60, 0.2, 0)[0])
    assert report["vocabulary"]["unknown_training_share"] == pytest.approx(48 / total)
    other = [[word.title() for word in words] for words in sentences(20, seed=3)[0]]
    odd = [[f"{word}x" for word in words] for words in other]
    report = inspect((rare, [[*marks, "O"] for marks in tags]), (odd, sentences(20, seed=3)[1]))
    (warning,) = warnings(report, "unknown")
    assert warning["message"].startswith("100.0% of the held-out part's tokens are not in the")


@pytest.mark.slow
def test_batches_and_network_are_those_of_a_training() -> None:
    """Against what ``fit`` is about to train; the trial sees one epoch."""
    data = sentences(40, seed=4)
    options = {**SMALL, "batch_tokens": 200, "validation_split": 0}
    trials: list[Trial] = []
    trained: list[Any] = []

    def try_once(*arguments: Any, **named: Any) -> Trial:
        trials.append(try_steps(*arguments, **named, seconds=600))
        return trials[-1]

    def train(*arguments: Any, epochs: int, **_: Any) -> list[Any]:
        trained.extend([*arguments, epochs])
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "try_steps", try_once)
        report = EntityTagger(**options).inspect(data)["training"]
        patch.setattr(template, "fit", train)
        EntityTagger(**options).fit(data)
    network, batches, _, epochs = trained
    (trial,) = trials
    assert report["batches"] == trial.steps == len(batches)
    assert report["batch_tokens"] == 200
    assert report["padding_share"] == batches.padding_share
    assert report["parameters"] == network.count_params()
    assert report["epochs"] == epochs
    lengths = np.array([len(tokens) for tokens in data[0]])
    assert trial.time_steps == sum(len(each) * lengths[each].max() for each in batches.order())
    assert report["estimated_time_steps_per_second"] == pytest.approx(lengths.sum() / trial.seconds)
    assert report["estimated_seconds_per_epoch"] == pytest.approx(trial.seconds)


def test_inspecting_learns_nothing_and_changes_nothing() -> None:
    task = EntityTagger(**SMALL)
    before = vars(task).copy()
    task.inspect(sentences(40))
    assert vars(task) == before


def test_repeats_overlaps_and_contradictions_are_named_with_their_lines(tmp_path: Path) -> None:
    tokens, tags = train = sentences(60, seed=5)
    dev_tokens, dev_tags = dev = sentences(20, seed=6)
    tokens[10], tags[10] = [*tokens[3]], [*tags[3]]
    tokens[20] = [word.upper() for word in tokens[5]] + ["!", "--"]
    tags[20] = ["O"] * len(tokens[20])  # 5 has two entities
    dev_tokens[7], dev_tags[7] = ["\u201c", *tokens[9]], ["O", *tags[9]]
    train_file = column_file(tmp_path / "train.conll", train)
    dev_file = column_file(tmp_path / "dev.conll", dev)
    report = inspect(train_file, dev_file)

    def place(number: int, some: Data) -> str:
        return f"sentence {number + 1} (line {lines(some)[number]})"

    assert report["duplicates"] == {
        "exact": {"training": 1, "held_out": 0, "across": 0, "contradicting": 0},
        "normalised": {"training": 2, "held_out": 0, "across": 1, "contradicting": 1},
    }
    (again,) = warnings(report, "duplicates")
    assert again["rows"] == [[11, 4], [21, 6]]
    assert again["message"] == (
        "2 repeats within the training part, 1 word for word ("
        f"{place(10, train)} and {place(3, train)} of {train_file}; "
        f"{place(20, train)} and {place(5, train)} of {train_file})"
    )
    (overlap,) = warnings(report, "overlap")
    assert overlap["rows"] == [[8, 10]]
    assert overlap["message"].startswith("1 held-out sentence also in the training part, 0 word")
    assert overlap["message"].endswith(
        f"({place(7, dev)} of {dev_file} and {place(9, train)} of {train_file})"
    )
    (contradiction,) = warnings(report, "contradiction")
    assert contradiction["message"] == (
        "1 sentence annotated in more than one way ("
        f"{place(20, train)} and {place(5, train)} of {train_file})"
    )


def test_the_overlap_of_the_split_that_training_makes() -> None:
    tokens, tags = sentences(100, seed=7)
    tokens, tags = tokens + tokens[:30], tags + tags[:30]
    report = inspect((tokens, tags))
    train, held_out = split_indices(130, 0.1, 0)
    trained = {tuple(tokens[row]) for row in train}
    across = sum(tuple(tokens[row]) in trained for row in held_out)
    assert across > 0
    assert report["duplicates"]["exact"]["across"] == across
    assert report["duplicates"]["exact"]["training"] == len(train) - len(trained)
    for row, other in warnings(report, "overlap")[0]["rows"]:
        assert (row - 1 in held_out, other - 1 in train) == (True, True)
        assert tokens[row - 1] == tokens[other - 1]


def test_names_with_several_labels_are_listed_the_commonest_first() -> None:
    tokens, tags = sentences(60, seed=8)
    for number in range(12):
        tokens += [["the", "Cork", "Crew", f"zza{number}"], ["so", "Nile", "Nile", f"zzb{number}"]]
        label = "ORG" if number < 8 else "PER"
        tags += [["O", f"B-{label}", f"I-{label}", "O"]]
        tags += [["O", "B-LOC", "B-LOC" if number else "B-ORG", "O"]]
    report = inspect((tokens, tags), validation_split=0.3)
    assert report["several_labels"] == [
        {"entity": "Nile", "labels": ["LOC", "ORG"], "counts": [23, 1]},
        {"entity": "Cork Crew", "labels": ["ORG", "PER"], "counts": [8, 4]},
    ]


def test_bad_rows_and_labels_of_the_validation_data_alone_are_named(tmp_path: Path) -> None:
    train, dev = sentences(60, seed=9), sentences(20, seed=10)
    train[1][6][0] = "I-PER"
    dev[1][2][1], dev[1][4][3], dev[1][6][5] = "B-PERSON", "B-TIME", "B-PERSON"
    dev[1][8][0] = "PER"
    report = inspect(
        column_file(tmp_path / "train.conll", train), column_file(tmp_path / "dev.conll", dev)
    )
    assert [file["rows"] for file in report["files"]] == [60, 20]
    assert [file["bad_rows"] for file in report["files"]] == [1, 4]
    assert [file["training"] for file in report["files"]] == [59, 0]
    assert [file["held_out"] for file in report["files"]] == [0, 16]
    first, second = warnings(report, "bad_rows")
    assert first["rows"] == [f"line {lines(train)[6]}"]
    assert "1 sentence that cannot be used" in first["message"]
    assert "'I-PER' at the beginning continues no entity" in first["message"]
    assert (
        f"line {lines(dev)[2] + 1} and 1 more: the label 'PERSON' is none of" in second["message"]
    )
    (unlearnt,) = warnings(report, "unlearnt_labels")
    assert unlearnt["message"] == (
        f"{tmp_path / 'dev.conll'}: 2 labels not in the training data, for which 3 rows cannot be "
        "used: PERSON (2), TIME (1)"
    )


def test_rare_labels_and_those_of_one_part_alone() -> None:
    tokens, tags = sentences(100, seed=11)
    train, held_out = split_indices(100, 0.1, 0)
    for row, label in zip((*train[:2], *held_out[:2]), ("ART", "ART", "TIME", "time"), strict=True):
        tags[row][0] = f"B-{label}"
    report = inspect((tokens, tags))
    (rare,) = warnings(report, "rare_labels")
    assert rare["message"] == "1 label with fewer than 10 training entities: ART (2)"
    (missing,) = warnings(report, "missing_labels")
    assert missing["message"].startswith("1 label not in the held-out part")
    assert missing["message"].endswith(": ART")
    (unlearnt,) = warnings(report, "unlearnt_labels")
    assert unlearnt["message"].startswith("2 labels not in the training part")
    assert unlearnt["message"].endswith(": TIME, time")
    (similar,) = warnings(report, "similar_labels")
    assert "'TIME' (1) and 'time' (1) differ only in case" in similar["message"]
    assert [row["label"] for row in report["labels"]] == ["ART", "LOC", "PER", "TIME", "time"]
    assert report["labels"][3]["training_mean_tokens"] is None


def records(count: int) -> list[dict[str, Any]]:
    """Texts of two sentences, the second with a person."""
    random = np.random.default_rng(count)
    found = []
    for _ in range(count):
        before = " ".join(random.choice(WORDS, 6)) + ". We saw "
        name = str(random.choice(NAMES["PER"]))
        entity = {"start": len(before), "end": len(before) + len(name), "label": "PER"}
        found.append({"text": f"{before}{name}.", "entities": [entity]})
    return found


def test_entities_that_do_not_fit_tokens_or_sentences(tmp_path: Path) -> None:
    some = records(40)
    some[4]["entities"] = [{"start": 0, "end": 2, "label": "PER"}]  # half a word
    end = some[9]["text"].index(". We") + 4
    some[9]["entities"] = [{"start": 0, "end": end, "label": "PER"}]  # over the full stop
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in some), encoding="utf-8")
    report = inspect(path, validation_split=0)
    (file,) = report["files"]
    assert (file["rows"], file["entities"], file["unaligned"]) == (40, 40, 2)
    assert file["tag_scheme"] is None
    assert (file["training"], file["held_out"]) == (80, 0)  # sentences
    (unaligned,) = warnings(report, "unaligned")
    assert (
        "2 of 40 entities (5.0%) do not begin and end where tokens of one" in unaligned["message"]
    )
    assert f"({some[4]['text'][:2]!r} in " in unaligned["message"]
    assert re.findall(r"line (\d+)", unaligned["message"]) == ["5", "10"]
    assert report["labels"][0]["training"] == 38
    assert "held_out" not in report["lengths"]


def test_one_huge_sentence_suggests_missing_blank_lines(tmp_path: Path) -> None:
    data = sentences(60, seed=12)
    text = column_file(tmp_path / "train.conll", data).read_text()
    tail = "".join(f"{word}\tO\n" for word in np.random.default_rng(0).choice(WORDS, 301))
    (tmp_path / "train.conll").write_text(f"{text}\n{tail}", encoding="utf-8")
    (long,) = warnings(inspect(tmp_path / "train.conll", validation_split=0), "long_sentences")
    line = text.count("\n") + 2
    assert long["message"] == (
        f"1 sentence of more than 300 tokens, the longest of 301 (sentence 61 (line {line})): is "
        "there a blank line after each sentence?"
    )
    assert long["rows"] == [61]


def test_a_long_text_is_not_taken_for_missing_blank_lines() -> None:
    some = records(40)
    some[3]["text"] += " ka" * 400
    report = inspect(some, validation_split=0, sentences=False)
    assert report["lengths"]["training"]["max"] > 400
    assert warnings(report, "long_sentences") == []


def test_what_cannot_be_inspected_says_why() -> None:
    with pytest.raises(DataError, match="no entities"):
        inspect(([["a", "b"]] * 4, [["O", "O"]] * 4))
    with pytest.raises(DataError, match="no row that can be used; row 1: 1 token with 2 tags"):
        inspect(([["a"], ["b"]], [["B-PER", "O"], []]))


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, dev = sentences(60, seed=13), sentences(20, seed=14)
    dev[0][2], dev[1][2] = train[0][1], train[1][1]
    train[1][6][0] = "I-PER"
    paths = [
        *("--data", str(column_file(tmp_path / "train.conll", train))),
        *("--validation-data", str(column_file(tmp_path / "dev.conll", dev))),
        *("--embedding-size", "4", "--hidden-size", "4", "--characters", "none"),
    ]
    assert main(["inspect", *paths, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    kinds = [warning["kind"] for warning in report["warnings"]]
    assert kinds == ["bad_rows", "overlap"]
    assert main(["inspect", *paths]) == 0
    table = capsys.readouterr().out
    assert table.startswith("files\n")
    assert "overlap: 1 held-out sentence also in the training part, 1 word for word" in table
    assert main(["inspect", "--data", str(tmp_path / "none.conll")]) == 2
