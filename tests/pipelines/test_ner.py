"""The pipeline for named entities from the command line, on files that a user might have."""

import csv
import io
import json
from pathlib import Path

import pytest
from trained import TAGGER, TrainedRun, as_columns, records

from pipelines.ner import main
from toolkit.export.verify import compare_with_golden as ask_golden

pytestmark = pytest.mark.xdist_group("entities")

SMALL = [f"--{name.replace('_', '-')}={value}" for name, value in TAGGER.items()]


@pytest.fixture(scope="module")
def folder(tagger_run: TrainedRun) -> Path:
    """The folder of the training data, and of a column file."""
    dev = as_columns(records(20, seed=2))
    (tagger_run.folder / "dev.conll").write_text(dev, encoding="utf-8")
    return tagger_run.folder


@pytest.fixture(scope="module")
def run(tagger_run: TrainedRun) -> Path:
    return tagger_run.path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    """Calls a verb; gives the exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


def test_a_run_is_whole(run: Path, call) -> None:
    assert {path.name for path in run.iterdir() if path.name[0] != "."} >= {
        *("1", "model.keras", "config.yaml", "metrics.json", "history.csv", "golden.jsonl"),
        "README.md",
    }
    assert ask_golden(str(run))[0] == 0
    assert json.loads((run / "metrics.json").read_text())["f1"] > 0.95


def test_evaluate_writes_metrics_pictures_and_errors(run: Path, folder: Path, call) -> None:
    report = folder / "report"
    code, out, _ = call("evaluate", run, "--data", folder / "dev.conll", "--output", report)
    assert code == 0
    assert json.loads(out)["f1"] > 0.9
    assert json.loads((report / "metrics.json").read_text()) == json.loads(out)
    assert (report / "confusion.png").stat().st_size > 1000
    assert (report / "errors.csv").read_text().startswith("kind,")


@pytest.mark.slow
def test_predict_texts_tokens_and_pages(run: Path, folder: Path, call) -> None:
    text = "today we saw Ada Moss in Cork."
    code, out, _ = call("predict", run, text, "", "--html", folder / "page.html")
    assert code == 0
    first, second = map(json.loads, out.splitlines())
    assert first["text"] == text
    assert [(e["text"], e["label"]) for e in first["entities"]] == [
        ("Ada Moss", "PER"),
        ("Cork", "LOC"),
    ]
    assert second == {"text": "", "entities": []}
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "Ada Moss" in page

    (folder / "words.conll").write_text("we\nsaw\nBo\nMoss\n\nwe\n", encoding="utf-8")
    page = folder / "words.html"
    code, out, _ = call("predict", run, "--data", folder / "words.conll", "--html", page)
    assert code == 0
    assert "Bo Moss" in page.read_text()
    assert [json.loads(line)["tags"] for line in out.splitlines()] == [
        ["O", "O", "B-PER", "I-PER"],
        ["O"],
    ]

    code, out, _ = call("predict", run, text, "", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [entity["text"] for entity in json.loads(rows[0]["entities"])] == ["Ada Moss", "Cork"]
    assert rows[1] == {"text": "", "entities": ""}


@pytest.mark.parametrize("name", ["", "nowhere/page.html"])
def test_a_page_that_cannot_be_is_refused_at_once(run: Path, tmp_path: Path, call, name) -> None:
    code, out, error = call("predict", run, "Ada", "--html", tmp_path / name)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_compare_and_export(run: Path, folder: Path, call) -> None:
    code, out, _ = call("compare", run, run, "--data", folder / "dev.conll", "--resamples", "100")
    assert code == 0
    assert json.loads(out)["metrics"]["f1"]["better"] is None
    code, _, error = call("export", run, "--format", "onnx")
    assert code == 2
    assert error.count("\n") == 1
    assert "onnx" in error


def test_the_same_command_again_is_finished(tagger_run: TrainedRun, call) -> None:
    code, _, error = call("train", *tagger_run.line)
    assert (code, "finished" in error) == (0, True)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("ragged.conll", "a x O\nb O\n\n", "line 2"),
        ("illegal.conll", "a B-PER\nb I-PER\n\nc O\nd I-LOC\n\ne B-PER\nf B-PER\n\n", "line 5"),
        ("untagged.conll", "a\nb\n\nc\n", "untagged.conll"),
        ("nothing.conll", "a O\nb O\n\n", "no entities"),
        ("whole.conll", "a O\nb B-PER\n", "one sentence of 2 tokens; there should be a blank line"),
        ("mixed.conll", "a I-PER\n\nb O\nc I-LOC\n\nd B-PER\n", "line 6: the tag 'B-PER' at the"),
        ("empty.conll", "", "empty.conll"),
        (
            "over.jsonl",
            '{"text": "Ada Moss", "entities": [{"start": 0, "end": 8, "label": "PER"}, '
            '{"start": 4, "end": 8, "label": "PER"}]}\n',
            "line 1",
        ),
        ("out.jsonl", '{"text": "Ada", "entities": [[0, 4, "PER"]]}\n', "line 1"),
        ("broken.jsonl", '{"text": "Ada", "entities": []}\n{"text": \n', "line 2"),
    ],
)
def test_bad_data_is_named(tmp_path: Path, call, name: str, content: str, complaint: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    code, _, error = call("train", "--data", path, "--output", tmp_path / "run")
    assert code == 2
    assert error.count("\n") == 1
    assert str(path) in error
    assert complaint in error
    assert not (tmp_path / "run").exists()


def test_one_sentence_that_would_have_to_be_held_out(tmp_path: Path, call) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text('{"text": "Ada", "entities": [[0, 3, "PER"]]}\n', encoding="utf-8")
    code, _, error = call("train", "--data", path, "--output", tmp_path / "run")
    assert (code, error.count("\n")) == (2, 1)
    assert "too few to hold out" in error
    assert not (tmp_path / "run").exists()


def test_a_label_of_the_test_data_that_was_never_learnt(run: Path, tmp_path: Path, call) -> None:
    path = tmp_path / "test.conll"
    path.write_text("we\tO\n\nsaw\tO\nAda\tB-PERSON\n\n", encoding="utf-8")
    code, _, error = call("evaluate", run, "--data", path)
    assert code == 2
    assert "line 4" in error
    assert "PER" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("saw 1 2\nwe 1\n", "line 2"),
        ("saw 1 2\nwe 1 2 3\n", "line 2"),
        ("saw 1 x\n", "line 1"),
        ("", "no vector"),
    ],
)
def test_bad_vectors_are_named(
    folder: Path, tmp_path: Path, call, content: str, complaint: str
) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(content, encoding="utf-8")
    line = ["--data", folder / "train.jsonl", "--output", tmp_path / "run", "--vectors", path]
    code, _, error = call("train", *line, *SMALL)
    assert code == 2
    assert str(path) in error.splitlines()[-1]
    assert complaint in error.splitlines()[-1]
    assert not (tmp_path / "run" / "1").exists()


def test_missing_vectors_are_said_before_anything_is_read(tmp_path: Path, folder, call) -> None:
    line = ["--data", folder / "train.jsonl", "--output", tmp_path / "run"]
    code, _, error = call("train", *line, "--vectors", tmp_path / "vectors.txt")
    assert (code, error.count("\n")) == (2, 1)
    assert "vectors.txt" in error
    assert not (tmp_path / "run").exists()


def test_help_names_what_entities_have(call) -> None:
    code, out, _ = call("train", "--help-all")
    assert code == 0
    for option in ("--tag-column", "--crf", "--characters", "--vectors", "later_words"):
        assert option in out
    assert out.count("--patience") == 1
