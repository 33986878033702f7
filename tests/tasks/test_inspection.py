"""The report on data: what a training would meet, planted faults found, for every target."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.data import LengthBatches, TextExamples, encode, open_source, scan
from toolkit.errors import DataError
from toolkit.evaluation import report_table
from toolkit.tasks import TextClassifier
from toolkit.tasks import task as template
from toolkit.text import Tokenizer
from toolkit.training.cost import Trial, try_steps

#: The standard network, and small.
FAST = {"model": "one_to_one", "window": 8, "embedding_size": 4, "hidden_size": 4}
WORDS = [f"{a}{b}" for a in ("ka", "lo", "mi", "nu", "re", "ti", "va") for b in "bdgklmnprst"]


def reviews(rows: int, seed: int = 0) -> pd.DataFrame:
    """Texts of random words that say nothing of their labels."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, random.integers(8, 40))) for _ in range(rows)]
    return pd.DataFrame({"text": texts, "label": ["neg", "pos"] * (rows // 2)})


def inspect(data, validation_data=None, **options):
    return TextClassifier(**FAST, **options).inspect(data, validation_data)


@pytest.fixture(scope="module", autouse=True)
def _tried():
    """Nothing is tried but where it is the subject: 100 units take half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "try_steps", lambda *_, **__: Trial(1, 100, 0.5))
        yield


def warnings(report, kind: str) -> list[dict]:
    return [warning for warning in report["warnings"] if warning["kind"] == kind]


@pytest.fixture(scope="module")
def clean():
    return inspect(reviews(600))


def test_data_without_faults_has_no_warnings(clean) -> None:
    assert clean["warnings"] == []
    assert clean["associations"] == []
    assert clean["files"] == [
        {
            "file": "the DataFrame",
            "rows": 600,
            "bad_rows": 0,
            "outside_rule": 0,
            "training": 540,
            "held_out": 60,
        }
    ]
    assert clean["labels"][1] == {
        "label": "pos",
        "training": 270,
        "training_share": 0.5,
        "held_out": 30,
        "held_out_share": 0.5,
    }


def test_the_report_is_json_and_a_table(clean) -> None:
    assert json.loads(json.dumps(clean)) == clean
    table = report_table(clean)
    assert table.endswith("no warnings")
    assert all(f"\n{name}\n" in f"\n{table}" for name in ("files", "lengths", "vocabulary"))


def test_lengths_batches_and_unknown_units_are_those_of_a_training() -> None:
    """Against the parts that ``fit`` is made of, put together anew."""
    frame = reviews(400, seed=1)
    rare = [f"{text} word{n}" for n, text in enumerate(frame["text"])]  # each text's own
    frame["text"] = rare
    options = {"max_length": 20, "max_tokens": 60, "batch_tokens": 200, "validation_split": 0.25}
    task = TextClassifier(**FAST, **options)
    report = task.inspect(frame)

    examples = TextExamples(open_source(frame), task)
    found = scan(examples, "classes")
    train, held_out = found.split(0.25, 0)
    tokenizer = Tokenizer(max_length=20, max_tokens=60)
    counts = tokenizer.adapt(frame["text"].iloc[train])
    corpus = encode(examples, tokenizer, found.encoder)
    batches = LengthBatches(corpus.subset(train), 200)
    assert report["training"]["batches"] == len(batches)
    assert report["training"]["padding_share"] == pytest.approx(batches.padding_share)
    assert report["training"]["epochs"] == 40
    assert report["vocabulary"]["entries"] == tokenizer.vocabulary_size == 60
    assert report["vocabulary"]["distinct_in_training"] == counts.distinct
    assert report["vocabulary"]["unknown_training_share"] == pytest.approx(counts.unknown_share)
    ids = Tokenizer(vocabulary=tokenizer.vocabulary)(rare).numpy()[held_out]
    unknown = (ids == 1).sum() / (ids > 0).sum()
    assert report["vocabulary"]["unknown_held_out_share"] == pytest.approx(unknown)
    (warning,) = warnings(report, "unknown")
    assert f"{unknown:.1%} of the held-out part's words" in warning["message"]
    assert not set(report["vocabulary"]["commonest_unknown"]) & set(tokenizer.vocabulary)

    lengths = np.array([len(text.split()) for text in rare])
    of_training = report["lengths"]["training"]
    assert of_training["min"] == lengths[train].min()
    assert of_training["max"] == lengths[train].max()
    assert of_training["mean"] == pytest.approx(lengths[train].mean())
    assert of_training["cut"] == (lengths[train] > 20).sum()
    for percent in (5, 50, 95):
        at_most = (lengths[train] <= of_training[f"p{percent}"]).mean()
        assert at_most >= percent / 100 > (lengths[train] < of_training[f"p{percent}"]).mean()
    suggested = report["training"]["suggested_max_length"]
    assert (lengths[train] <= suggested).mean() >= 0.99 > (lengths[train] < suggested).mean()
    computed = int(corpus.subset(train).lengths.sum()) / (1 - batches.padding_share)
    assert report["training"]["estimated_seconds_per_epoch"] == pytest.approx(computed / 200)
    assert report["training"]["parameters"] == 60 * 4 + 4 * 8 * 4 + 4 + 4 * 2 + 2


def test_inspecting_learns_nothing_and_changes_nothing() -> None:
    task = TextClassifier(**FAST)
    task.inspect(reviews(40))
    assert task.sequence_model is None
    assert task.facts == {}


def test_a_planted_leak_is_found_in_a_file(tmp_path: Path) -> None:
    frame = reviews(600, seed=2)
    leaking = frame.index % 3 == 0
    positive = frame["label"] == "pos"
    frame.loc[leaking & positive, "text"] += ". Rating: 10/10"
    frame["stars"] = np.where(positive, 5, 1)
    frame["source"] = [f"crawl/{label}/{n}.txt" for n, label in enumerate(frame["label"])]
    frame["number"] = range(600)
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    report = inspect(tmp_path / "reviews.csv")

    (leak,) = warnings(report, "leak")
    assert "nearly determines 'pos'" in leak["message"]
    assert "'rating'" in leak["message"]
    assert "'10'" in leak["message"]
    assert "in 0.0% of the others (rows " in leak["message"]
    assert len(leak["rows"]) == 3
    assert all(leaking[row - 1] and positive[row - 1] for row in leak["rows"])
    first = report["associations"][0]
    assert (first["label"], first["label_share"], first["decides"]) == ("pos", 1.0, True)
    assert first["within_share"] == pytest.approx(1 / 3, abs=0.05)

    columns = {found["column"]: found for found in report["columns"]}
    assert set(columns) == {"stars", "source", "number"}
    told = [found["message"].split("'")[1] for found in warnings(report, "leaking_column")]
    assert sorted(told) == ["source", "stars"]
    assert columns["source"]["part"] == "part 2"


def test_the_names_of_files_give_nothing_away(tmp_path: Path) -> None:
    for number, (text, label) in enumerate(reviews(60).itertuples(index=False)):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{number}.txt").write_text(text)
    report = inspect(tmp_path)
    assert report["columns"] == []
    assert warnings(report, "leaking_column") == []


def test_a_split_overlap_is_found_with_its_rows() -> None:
    train, other = reviews(400, seed=3), reviews(40, seed=4)
    other.loc[5, "text"] = train["text"][99]
    other.loc[9, "text"] = train["text"][7].upper().replace(" ", " - ")
    report = inspect(train, other)
    (overlap,) = warnings(report, "overlap")
    assert overlap["rows"] == [[6, 100], [10, 8]]
    assert overlap["message"].startswith("2 held-out texts also in the training part, 1 word for")
    assert report["duplicates"]["exact"]["across"] == 1
    assert report["duplicates"]["normalised"]["across"] == 2
    assert report["files"][1]["held_out"] == 40
    assert warnings(report, "duplicates") == []


def test_an_overlap_of_the_split_that_training_makes() -> None:
    frame = reviews(300, seed=5)
    frame = pd.concat([frame, frame.iloc[:60]], ignore_index=True)
    report = inspect(frame)
    found = scan(TextExamples(open_source(frame), TextClassifier()), "classes")
    train, held_out = found.split(0.1, 0)
    trained = set(frame["text"].iloc[train])
    across = sum(text in trained for text in frame["text"].iloc[held_out])
    assert across > 0
    assert report["duplicates"]["exact"]["across"] == across
    (overlap,) = warnings(report, "overlap")
    for row, other in overlap["rows"]:
        assert row - 1 in held_out
        assert other - 1 in train
        assert frame["text"][row - 1] == frame["text"][other - 1]
    assert report["duplicates"]["exact"]["training"] == len(train) - len(trained)


def test_repeats_contradictions_and_near_empty_texts_are_named() -> None:
    frame = reviews(400, seed=6)
    frame.loc[10, "text"] = frame["text"][3].title() + "!"
    frame.loc[10, "label"] = "pos" if frame["label"][3] == "neg" else "neg"
    frame.loc[20, "text"] = "ok"
    frame.loc[21, "text"] = "\u200b"
    report = inspect(frame, validation_split=0)
    (again,) = warnings(report, "duplicates")
    assert again["rows"] == [[11, 4]]
    (contradiction,) = warnings(report, "contradiction")
    assert contradiction["message"] == "1 text with more than one label (rows 11 and 4)"
    (short,) = warnings(report, "near_empty")
    assert short["message"] == "2 texts of at most 2 words (rows 21; 22)"
    assert report["lengths"]["training"]["min"] == 0
    assert "held_out" not in report["lengths"]


def test_texts_of_class_folders_are_called_by_their_files(tmp_path) -> None:
    frame = reviews(40)
    for row, (text, label) in enumerate(zip(frame["text"], frame["label"], strict=True)):
        path = tmp_path / label / f"{row}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "neg" / "90.txt").write_text(frame["text"][1], encoding="utf-8")
    report = TextClassifier(validation_split=0).inspect(tmp_path)
    (contradiction,) = warnings(report, "contradiction")
    assert contradiction["rows"] == [["pos/1.txt", "neg/90.txt"]]
    assert contradiction["message"].endswith("label (files pos/1.txt and neg/90.txt)")


def test_bad_rows_are_counted_and_named_with_the_reason() -> None:
    frame = reviews(100, seed=7)
    frame.loc[3, "text"] = ""
    frame.loc[8, "label"] = None
    other = reviews(20, seed=8)
    other.loc[4, "label"] = "odd"
    report = inspect(frame, other)
    assert [file["bad_rows"] for file in report["files"]] == [2, 1]
    assert [file["rows"] for file in report["files"]] == [100, 20]
    first, second = warnings(report, "bad_rows")
    assert first["rows"] == ["row 4", "row 9"]
    assert "row 4: the text in column 'text' is empty" in first["message"]
    assert "'odd' is none of the known classes" in second["message"]


def test_imbalance_and_labels_that_nothing_measures() -> None:
    frame = reviews(400, seed=9)
    frame["label"] = ["rare" if n < 3 else "one" if n == 3 else "common" for n in range(400)]
    report = inspect(frame)
    (imbalance,) = warnings(report, "imbalance")
    assert "2 labels at least 10 times rarer than 'common'" in imbalance["message"]
    (rare,) = warnings(report, "rare_labels")
    assert "one (1), rare (" in rare["message"]
    (missing,) = warnings(report, "missing_labels")
    assert "one" in missing["message"]


def test_several_labels_at_once() -> None:
    random = np.random.default_rng(10)
    frame = reviews(400, seed=10)
    has = random.random((400, 3)) < 0.5
    frame["label"] = ["|".join(np.array(["x", "y", "z"])[row]) for row in has]
    frame.loc[has[:, 2], "text"] += " acme"
    frame["kind"] = frame["label"]
    report = inspect(frame, target="labels", validation_split=0)
    assert [row["training"] for row in report["labels"]] == has.sum(axis=0).tolist()
    (leak,) = warnings(report, "leak")
    assert leak["message"].startswith("'acme' nearly determines 'z': it occurs in 100.0%")
    (column,) = warnings(report, "leaking_column")
    assert "'kind'" in column["message"]


def test_a_number() -> None:
    frame = reviews(400, seed=11)
    frame["label"] = np.arange(400) / 4
    frame.loc[frame["label"] >= 75, "text"] += " acme"
    frame["double"] = frame["label"] * 2
    report = inspect(frame, target="number", validation_split=0)
    assert report["labels"]["training"]["max"] == 99.75
    assert report["labels"]["training"]["mean"] == pytest.approx(49.875)
    assert report["associations"][0]["feature"] == "acme"
    assert [found["message"].split("'")[1] for found in warnings(report, "leaking_column")] == [
        "double"
    ]


def test_characters() -> None:
    frame = reviews(100, seed=12)
    report = inspect(frame, token_level="characters")
    assert report["lengths"]["training"]["unit"] == "characters"
    assert report["lengths"]["training"]["max"] <= frame["text"].str.len().max()
    assert report["training"]["max_length"] == 1600


def test_the_recurrent_network_is_tried(monkeypatch) -> None:
    monkeypatch.setattr(template, "try_steps", try_steps)
    options = {"embedding_size": 4, "hidden_size": 4, "bidirectional": False}
    report = TextClassifier(**options).inspect(reviews(40, seed=13))
    assert report["training"]["estimated_time_steps_per_second"] > 0
    assert "training step" in report["training"]["estimated_from"]


def test_what_cannot_be_inspected_says_why() -> None:
    with pytest.raises(DataError, match="every label is 'x'"):
        inspect((["a", "b"], ["x", "x"]))
    with pytest.raises(DataError, match=r"no row that can be used; row 1: the text .* is empty"):
        inspect((["", ""], ["x", "y"]))
