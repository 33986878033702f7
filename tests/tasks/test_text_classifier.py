"""The text classifier from data to answers: fitted, exported, loaded, measured."""

import copy
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit import layers
from toolkit.errors import DataError, ModelError, OptionError, WorkError
from toolkit.evaluation import BootstrapOptions, compare
from toolkit.export import Servable
from toolkit.export.verify import compare_with_golden as ask_golden
from toolkit.tasks import TextClassifier
from toolkit.tasks.options import CELLS

SMALL = {
    "embedding_size": 8,
    "hidden_size": 8,
    "epochs": 6,
    "batch_tokens": 128,
    "learning_rate": 0.02,
    "min_count": 1,
    "embedding_dropout": 0.0,
    "output_dropout": 0.0,
    "bidirectional": False,
}
#: The least that is a classifier, where it does not matter what the network is.
LEAN = SMALL | {"model": "one_to_one", "window": 12}
GRADES = {"awful": "1", "poor": "2", "fair": "3", "good": "4", "superb": "5"}


def graded_frame(rows: int, seed: int) -> pd.DataFrame:
    """Reviews in which one of five words gives the grade away, wherever it stands."""
    random = np.random.default_rng(seed)
    others = ["the", "film", "and", "its", "cast", "was", "in", "town"]
    grades = random.choice(list(GRADES), rows)
    texts = []
    for grade in grades:
        words = list(random.choice(others, random.integers(2, 9)))
        words.insert(random.integers(len(words) + 1), grade)
        texts.append(" ".join(words))
    return pd.DataFrame({"opinion": texts, "stars": [int(GRADES[g]) for g in grades]})


COLUMNS = {"text_column": "opinion", "label_column": "stars"}


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(**COLUMNS, **SMALL).fit(graded_frame(400, seed=1))


@pytest.fixture(scope="module")
def run(fitted: TextClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "grades"
    fitted.save(folder)
    fitted.export(folder)
    return folder


def test_five_classes_from_a_frame_with_names_of_its_own(fitted: TextClassifier) -> None:
    assert fitted.classes == ("1", "2", "3", "4", "5")
    assert fitted.facts["rows"] == 360
    assert sum(fitted.facts["classes"].values()) == 360
    metrics = fitted.evaluate(graded_frame(200, seed=2))
    assert metrics["accuracy"] >= 0.95
    answers = fitted.predict(["the cast was superb", "awful"])
    assert [answer["label"] for answer in answers] == ["5", "1"]
    for answer in answers:
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert answer["score"] == max(answer["probabilities"].values())


def test_a_report_is_on_the_run_that_was_saved_last(
    fitted: TextClassifier, run: Path, tmp_path: Path
) -> None:
    assert fitted.facts["ending"].endswith(f"kept epoch {fitted.facts['kept_epoch']}")
    loaded = TextClassifier.load(run)
    assert loaded.run_name == "grades"
    assert loaded.facts["ending"] == fitted.facts["ending"]
    loaded.save(tmp_path / "other")
    assert loaded.run_name == "other"
    page = tmp_path / "page.html"
    loaded.report(page)
    assert "<h1>Report on other</h1>" in page.read_text()
    for more in ({"gradients": True}, {"beside": fitted}):
        with pytest.raises(OptionError, match="need data"):
            loaded.report(page, **more)
    with pytest.raises(OptionError, match="is no report"):
        loaded.report(tmp_path / "other" / "model.keras")


def test_some_of_the_probabilities_and_no_answer_where_none_is_sure(fitted: TextClassifier) -> None:
    texts = ["the superb film", "the film", "poor"]
    whole = fitted.predict(texts)
    for answer, few in zip(whole, fitted.predict(texts, top_k=2), strict=True):
        ordered = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
        assert [*few["probabilities"].items()] == ordered[:2]
        assert (few["label"], few["score"]) == (answer["label"], answer["score"])
    limit = sorted(answer["score"] for answer in whole)[1]
    sure = fitted.predict(texts, abstain_below=limit)
    assert [answer["label"] for answer in sure] == [
        answer["label"] if answer["score"] >= limit else None for answer in whole
    ]
    assert sum(answer["label"] is None for answer in sure) == 1
    for wrong in ({"top_k": 0}, {"abstain_below": 1.5}, {"threshold": 0.3}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            fitted.predict(texts, **wrong)


def test_a_missing_package_is_complained_of_before_the_data_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"tensorboard, which is missing: pip install"):
        TextClassifier(tensorboard="logs").fit("nowhere.csv")


def test_answers_keep_their_order_and_do_not_depend_on_company(fitted: TextClassifier) -> None:
    texts = [*graded_frame(100, seed=3)["opinion"], "", "é" * 3000, "good " * 2000, "\0", "🙂"]
    together = fitted.predict(texts)
    assert len(together) == len(texts)
    for text, answer in list(zip(texts, together, strict=True))[::9]:
        (alone,) = fitted.predict([text])
        assert alone["label"] == answer["label"]
        assert alone["score"] == pytest.approx(answer["score"], abs=1e-5)
    assert fitted.predict([]) == []


@pytest.fixture(scope="module")
def servable(run: Path) -> Servable:
    return Servable.load(run)


ANY = st.text(
    st.characters(exclude_categories=[]) | st.sampled_from("goodé\u0301 .<br>👍🏽\u200d\0\n")
)


@given(texts=st.lists(ANY | ANY.map(lambda text: text * 200), min_size=1, max_size=6))
def test_any_strings_get_the_same_answers_alone(servable: Servable, texts: list[str]) -> None:
    together = servable(text=texts)["probabilities"]
    assert together.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    for text, expected in zip(texts, together, strict=True):
        assert servable(text=[text])["probabilities"][0] == pytest.approx(expected, abs=1e-6)


def test_evaluate_agrees_with_predict(fitted: TextClassifier, tmp_path: Path) -> None:
    frame = graded_frame(150, seed=4)
    frame["opinion"] = frame["opinion"].str.replace("superb", "fair")  # which no model can know
    frame["review_id"] = [f"r{number}" for number in range(150)]
    metrics = fitted.evaluate(frame, output=tmp_path)
    answers = [answer["label"] for answer in fitted.predict(list(frame["opinion"]))]
    right = [a == str(b) for a, b in zip(answers, frame["stars"], strict=True)]
    assert metrics["accuracy"] == pytest.approx(np.mean(right))
    assert json.loads((tmp_path / "metrics.json").read_text())["accuracy"] == metrics["accuracy"]
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "errors.csv").open(newline="", encoding="utf-8") as file:
        errors = list(csv.DictReader(file))
    assert len(errors) == min(20, right.count(False)) == 20
    for error in errors:
        row = int(error["row"]) - 1
        assert not right[row]
        assert (error["review_id"], error["text"]) == (f"r{row}", frame["opinion"][row])


def test_data_of_one_class_is_measured_as_far_as_that_goes(fitted: TextClassifier) -> None:
    metrics = fitted.evaluate((["superb cast", "the cast was superb"], [5, 5]))
    assert (metrics["accuracy"], metrics["roc_auc"]) == (1.0, None)
    with pytest.raises(DataError, match="no row that can be used"):
        fitted.evaluate(([], []))


def test_a_run_is_compared_with_another(fitted: TextClassifier, not_trained: None) -> None:
    frame = graded_frame(150, seed=4)
    poor = TextClassifier(**COLUMNS, **LEAN).fit(graded_frame(60, seed=1))
    measured = {"a": poor.evaluate(frame), "b": fitted.evaluate(frame)}
    result = compare(poor, fitted, frame, BootstrapOptions(resamples=1000))
    assert result["examples"] == 150
    for name, found in result["metrics"].items():
        for side, metrics in measured.items():
            assert found[side] == pytest.approx(metrics[name])
        assert (found["better"], found["more_than_chance"]) == ("b", True)
    itself = compare(fitted, fitted, frame, BootstrapOptions(resamples=10))["metrics"]
    assert [(found["difference"], found["p_value"]) for found in itself.values()] == [(0, 1)] * 2


def test_runs_that_read_other_labels_are_not_compared(fitted: TextClassifier, run: Path) -> None:
    frame = graded_frame(30, seed=4)
    other = TextClassifier.load(run)
    other.label_column = "grade"
    both = frame.assign(grade=frame["stars"].to_numpy()[::-1])
    with pytest.raises(DataError, match="read the data differently"):
        compare(fitted, other, both)


def test_a_label_never_learnt_is_named_with_its_row(fitted: TextClassifier) -> None:
    frame = graded_frame(3, seed=5)
    frame.loc[1, "stars"] = 9
    with pytest.raises(DataError, match=r"(?s)row 2.*'9'.*1, 2, 3, 4, 5"):
        fitted.evaluate(frame)


def test_a_loaded_run_exports_the_same_answers_as_the_next_version(run: Path) -> None:
    again = TextClassifier.load(run)
    assert again.hidden_size == 8
    version = again.export(run, golden=["the cast was superb"])
    assert version.name == "2"
    assert (run / "1" / "saved_model.pb").is_file()
    status, verdict = ask_golden(str(run))
    assert status == 0, verdict


@pytest.mark.slow
def test_several_labels_at_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = {"loud": "noise", "slow": "pace", "dull": "plot"}
    texts, labels = [], []
    for _ in range(400):
        chosen = [word for word in words if random.random() < 0.5]
        texts.append(" ".join(["it", "is", *chosen]))
        labels.append([words[word] for word in chosen])
    classifier = TextClassifier(target="labels", **SMALL).fit((texts, labels))
    assert classifier.classes == ("noise", "pace", "plot")
    assert classifier.metrics["macro_f1"] >= 0.95
    (answer,) = classifier.predict(["it is loud dull"])
    assert answer["labels"] == ["noise", "plot"]
    least = min(answer["probabilities"].values())
    (every,) = classifier.predict(["it is loud dull"], threshold=least)
    assert every["labels"] == ["noise", "pace", "plot"]
    classifier.save(tmp_path)
    classifier.export(tmp_path)
    (again,) = TextClassifier.load(tmp_path).predict(["it is loud dull"])
    assert again["labels"] == ["noise", "plot"]
    assert classifier.evaluate((texts, labels))["macro_f1"] >= 0.95
    found = compare(classifier, classifier, (texts, labels))["metrics"]
    assert [*found] == ["accuracy", "macro_f1", "micro_f1"]
    assert found["micro_f1"]["a"] == pytest.approx(classifier.metrics["micro_f1"], abs=0.05)


@pytest.mark.slow
def test_a_number_on_its_own_scale(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    counts = random.integers(0, 6, 400)
    texts = [" ".join(random.permutation(["more"] * n + ["or", "less"])) for n in counts]
    values = 5000.0 + 100.0 * counts
    options = SMALL | {"epochs": 15, "pooling": "last"}
    classifier = TextClassifier(target="number", **options).fit((texts, list(values)))
    assert classifier.metrics["mean_absolute_error"] < 40
    measured = classifier.evaluate((texts, list(values)))
    for name, found in compare(classifier, classifier, (texts, list(values)))["metrics"].items():
        assert found["b"] == pytest.approx(measured[name])
    (answer,) = classifier.predict(["more more or more less"])
    assert answer == {"value": pytest.approx(5300, abs=80), "truncated": False}
    classifier.save(tmp_path)
    classifier.export(tmp_path)
    (again,) = TextClassifier.load(tmp_path).predict(["more more or more less"])
    assert again["value"] == pytest.approx(answer["value"], abs=0.05)
    assert ask_golden(str(tmp_path))[0] == 0


@pytest.mark.slow
def test_another_seed_gives_another_model() -> None:
    frame = graded_frame(60, seed=7)
    options = LEAN | {"epochs": 1, "word_dropout": 0.2, "output_dropout": 0.2}
    made = [TextClassifier(**COLUMNS, **options, seed=seed).fit(frame) for seed in (3, 4)]
    first, other = (one.predict(["fair film"])[0]["score"] for one in made)
    assert first != other


def test_the_vocabulary_is_learnt_from_the_training_part_alone(not_trained: None) -> None:
    texts = [f"word{number} film" for number in range(40)]
    labels = ["a", "b"] * 20
    classifier = TextClassifier(**LEAN, validation_split=0.25).fit((texts, labels))
    assert classifier.sequence_model is not None
    own = [
        word
        for word in classifier.sequence_model.preprocessing.vocabulary
        if word.startswith("word")
    ]
    assert len(own) == 30


def test_validation_data_of_its_own_and_a_group_column(not_trained: None) -> None:
    frame = graded_frame(120, seed=8)
    frame["film"] = np.arange(120) // 6
    grouped = TextClassifier(**COLUMNS, **LEAN, group_column="film").fit(frame)
    assert grouped.facts["rows"] % 6 == 0
    assert "by film" in grouped.facts["validation"]
    assert 0 <= grouped.evaluate(graded_frame(20, seed=9))["accuracy"] <= 1  # without films
    own = TextClassifier(**COLUMNS, **LEAN).fit(frame, validation_data=graded_frame(30, seed=9))
    assert own.facts["rows"] == 120
    assert "30 rows" in own.facts["validation"]


def test_a_data_set_that_is_shuffled_anew_each_time_is_refused() -> None:
    frame = graded_frame(60, seed=8)
    data = tf.data.Dataset.from_tensor_slices((list(frame["opinion"]), list(frame["stars"])))
    with pytest.raises(DataError, match="order"):
        TextClassifier(**SMALL).fit(data.shuffle(60))


@pytest.mark.slow
def test_balanced_class_weights_answer_the_rare_class() -> None:
    texts = ["plain film"] * 95 + ["odd film"] * 5 + ["film"] * 20
    labels = ["usual"] * 95 + ["rare"] * 5 + ["usual"] * 14 + ["rare"] * 6
    options = LEAN | {"epochs": 12, "validation_split": 0.0}
    weighted = TextClassifier(**options, class_weights="balanced").fit((texts, labels))
    plain = TextClassifier(**options).fit((texts, labels))
    score = [c.predict(["film"])[0]["probabilities"]["rare"] for c in (weighted, plain)]
    assert score[0] > 0.5 > score[1]


@pytest.mark.slow
def test_the_fixed_window_model_is_a_choice_like_any_other() -> None:
    classifier = TextClassifier(**COLUMNS, **SMALL, model="one_to_one", window=12)
    assert classifier.fit(graded_frame(400, seed=1)).metrics["accuracy"] > 0.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pooling": "sum"}, "last, mean, max, concat, attention"),
        ({"hidden_size": "big"}, "auto, a whole number"),
        ({"optimizer": "rmsprop"}, "adam, sgd"),
        ({"dropout": 1.5}, "at least 0 and below 1"),
        ({"min_count": 0}, "at least 1"),
        ({"epochs": -1}, "at least 0"),
        ({"seed": 1.5}, "a whole number"),
        ({"lowercase": "yes"}, "true or false"),
        ({"seed": -1}, "at least 0"),
        ({"cell": "gruu"}, "simplified_gru, min_gru, gru, lstm"),
        (
            {"cell": "min_gru", "recurrent_dropout": 0.1},
            "recurrent_dropout is 0.1, but the cell min_gru has no recurrent kernel; leave it at 0",
        ),
        ({"monitor": "bleu"}, "auto, accuracy, macro_f1, log_loss"),
        ({"target": "number", "class_weights": "balanced"}, "needs target classes"),
    ],
)
def test_impossible_options(options: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        TextClassifier(**options)


def test_a_metric_to_go_by() -> None:
    frame = graded_frame(60, seed=7)
    classifier = TextClassifier(**COLUMNS, **LEAN, monitor="log_loss", patience=0)
    losses = [row["val_log_loss"] for row in classifier.fit(frame).history]
    assert classifier.metrics["log_loss"] == pytest.approx(min(losses), rel=1e-5)


def test_a_string_is_taken_for_a_path(fitted: TextClassifier) -> None:
    with pytest.raises(DataError, match=r"no\.csv"):
        fitted.predict("no.csv")


def test_predict_takes_what_fit_takes(fitted: TextClassifier, tmp_path: Path) -> None:
    frame = graded_frame(5, seed=10)
    expected = fitted.predict(list(frame["opinion"]))
    frame.to_csv(tmp_path / "five.csv", index=False)
    assert fitted.predict(frame) == expected
    assert fitted.predict(frame["opinion"]) == expected
    assert fitted.predict(str(tmp_path / "five.csv")) == expected
    missing, empty = fitted.predict(pd.Series(["good", None]))[1], fitted.predict([""])[0]
    assert missing["probabilities"] == pytest.approx(empty["probabilities"], abs=1e-6)


def test_a_loaded_run_keeps_the_metrics_of_its_card(run: Path, fitted: TextClassifier) -> None:
    again = TextClassifier.load(run)
    assert again.metrics == fitted.metrics
    again.export(run)
    assert f"| validation accuracy | {fitted.metrics['accuracy']:.4f} |" in (
        run / "README.md"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("changed", ["classes", "facts"])
def test_an_archive_from_another_training_is_refused(
    fitted: TextClassifier, run: Path, tmp_path: Path, changed: str
) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    other = copy.copy(fitted)
    if changed == "classes":
        other.classes = fitted.classes[::-1]
    else:
        other.facts = fitted.facts | {"rows": 1}
    other.save(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    loaded = TextClassifier.load(folder)
    assert loaded.predict(["the cast was superb"])[0]["label"] == "5"
    for call in (loaded.export, loaded.save):
        with pytest.raises(ModelError, match="is from another training than the exported version"):
            call(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_archive_without_a_fact_of_the_version_is_accepted(
    fitted: TextClassifier, run: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    other = copy.copy(fitted)
    other.facts = {name: value for name, value in fitted.facts.items() if name != "rows"}
    assert other.facts != fitted.facts
    other.save(folder)
    TextClassifier.load(folder).save(tmp_path / "saved")
    assert TextClassifier.load(tmp_path / "saved").facts == fitted.facts


def test_a_damaged_archive_hinders_export_alone(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "copy")
    (tmp_path / "copy" / "model.keras").write_bytes(b"PK broken")
    damaged = TextClassifier.load(tmp_path / "copy")
    assert damaged.predict(["the cast was superb"])[0]["label"] == "5"
    with pytest.raises(ModelError, match=r"model\.keras is not a complete \.keras file"):
        damaged.export(tmp_path / "copy")


def test_a_full_disk_leaves_what_was_there(
    fitted: TextClassifier, run: Path, tmp_path: Path, full_disk: Callable[[], None]
) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    full_disk()
    with pytest.raises(OSError, match=r"too large|unable to|can't") as caught:
        fitted.save(copy)
    assert caught.value.filename == str(copy / "model.keras")
    with pytest.raises(WorkError, match="could not be written"):
        fitted.export(copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    assert not [path for path in copy.iterdir() if path.name.startswith(".")]


def test_saved_model_cli_runs_the_exported_classifier(run: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run"),
            *("--dir", str(run / "1"), "--tag_set", "serve"),
            *("--signature_def", "serving_default"),
            *("--input_exprs", "text=['the cast was superb']"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Result for output key label:\n[b'5']" in done.stdout, done.stderr


def test_the_card_of_a_fixed_window_names_the_window(tmp_path: Path) -> None:
    options = SMALL | {"epochs": 1}
    classifier = TextClassifier(**COLUMNS, **options, model="one_to_one", window=7)
    classifier.fit(graded_frame(60, seed=1)).export(tmp_path)
    assert "Only the first 7 words" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_options_know_the_cells_that_the_layers_know() -> None:
    assert CELLS == layers.CELLS
