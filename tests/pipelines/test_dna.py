"""The commands of ``pipelines.dna``: whose they are, their formats, and the samples."""

import io
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from pipelines import dna, dna_spans
from pipelines.samples.strands import OPENING, marked_strands, strands
from pipelines.streams import write_answers
from toolkit.data.strands.named import NamedStrand
from toolkit.errors import DataError, OptionError
from toolkit.tasks.marked_strands.options import StrandTaggerOptions
from toolkit.tasks.strands.options import StrandClassifierOptions

SPAN = {"text": "CCCC", "label": "insert", "start": 2, "end": 6, "score": 0.98765}
OPPOSITE = {"text": "A", "label": "site(-)", "start": 8, "end": 9, "score": 1.0}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The pipelines that are run, with their arguments, instead of running them."""
    found: list[tuple[str, list[str]]] = []

    def run(pipeline, arguments):
        found.append((pipeline.name, [*arguments]))
        return 0

    monkeypatch.setattr(dna, "run", run)
    return found


@pytest.mark.parametrize("words", [["--target", "spans"], ["--target=spans"]])
def test_the_target_spans_is_for_the_other_pipeline(called, words: list[str]) -> None:
    assert dna.main(["train", "--data", "a.fa", *words, "--epochs", "2"]) == 0
    assert called == [("dna_spans", ["train", "--data", "a.fa", "--epochs", "2"])]


def test_other_targets_are_for_classes(called) -> None:
    dna.main(["train", "--data", "spans", "--target", "number"])
    assert called == [("dna", ["train", "--data", "spans", "--target", "number"])]


def test_runs_and_configurations_of_spans_are_for_the_other_pipeline(
    called, tmp_path: Path
) -> None:
    from toolkit.tasks import StrandTagger

    (tmp_path / "spans.yaml").write_text(StrandTagger()._config())
    (tmp_path / "other.yaml").write_text("task: StrandClassifier\n")
    (tmp_path / "list.yaml").write_text("- task: StrandTagger\n")
    names = ("spans.yaml", "other.yaml", "list.yaml", "no.yaml")
    for name, pipeline in zip(names, ("dna_spans", "dna", "dna", "dna"), strict=True):
        words = ["train", "--config", str(tmp_path / name)]
        dna.main(words)
        assert called.pop() == (pipeline, words)
    dna.main(["evaluate", str(tmp_path)])
    assert called == [("dna", ["evaluate", str(tmp_path)])]


def answers(form: str) -> list[str]:
    output = io.StringIO()
    inputs = [NamedStrand.of("AGCCCCAGA", "s1"), "ACGT"]
    rows = [{"entities": [SPAN, OPPOSITE]}, {"entities": [SPAN]}]
    written = write_answers(
        [inputs],
        lambda _: rows,
        output,
        form,
        lambda value, _: {"text": value},
        None,
        dna_spans.PIPELINE.writers,
    )
    assert [answer for _, answer in written] == [
        {**answer, "row": row} for row, answer in enumerate(rows, 1)
    ]
    return output.getvalue().splitlines()


def test_answers_as_bed_gff3_and_json_lines() -> None:
    assert answers("bed") == [
        "s1\t2\t6\tinsert\t988\t+",
        "s1\t8\t9\tsite\t1000\t-",
        "2\t2\t6\tinsert\t988\t+",
    ]
    assert answers("gff3") == [
        "##gff-version 3",
        "s1\ttoolkit\tinsert\t3\t6\t0.9877\t+\t.\t.",
        "s1\ttoolkit\tsite\t9\t9\t1\t-\t.\t.",
        "2\ttoolkit\tinsert\t3\t6\t0.9877\t+\t.\t.",
    ]
    first, second = map(json.loads, answers("jsonl"))
    assert first == {"name": "s1", "text": "AGCCCCAGA", "entities": [SPAN, OPPOSITE]}
    assert second == {"text": "ACGT", "entities": [SPAN]}


def test_strands_that_cannot_be_read_are_comments_in_bed() -> None:
    output = io.StringIO()
    writer = dna_spans.BedWriter(output)
    writer.write({"text": "", "error": "record 's1': no strand"})
    assert output.getvalue() == "# 1: record 's1': no strand\n"


def test_names_and_labels_are_one_column_of_bed() -> None:
    output = io.StringIO()
    writer = dna_spans.BedWriter(output)
    writer.write({"name": "chr\t1\nx", "entities": [{**SPAN, "label": "two\twords(-)"}]})
    writer.write({"name": "\n", "error": "row 1:\nwhite space"})
    assert output.getvalue() == "chr 1 x\t2\t6\ttwo words\t988\t-\n# 2: row 1: white space\n"


@pytest.mark.parametrize("options", [StrandClassifierOptions, StrandTaggerOptions])
def test_kmers_have_a_middle(options: type) -> None:
    with pytest.raises(OptionError, match="kmer_size is 6; it must be odd"):
        options(kmer_size=6)


def test_what_predict_reads_of_a_file_has_names(tmp_path: Path) -> None:
    path = tmp_path / "a.fa"
    path.write_text(">s1 x\nAC\n>s2\n>s3 y\nGG\n")
    labelled = dna_spans.PIPELINE.labelled
    columns = StrandTaggerOptions()
    inputs = list(labelled.inputs(labelled.open(path, "test", columns), columns, {}))
    assert [getattr(each, "name", None) for each in inputs] == ["s1", None, "s3"]
    assert "no strand" in inputs[1].problem


@pytest.mark.parametrize("content", [">s1\nACGTAC\n", ">s1\nACGTAC\n>s2\nACGTAC\n"])
def test_strands_that_cannot_be_split_are_found_early(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.fa"
    path.write_text(content)
    path.with_suffix(".bed").write_text("s1\t1\t3\tsite\n")
    labelled = dna_spans.PIPELINE.labelled

    def check(**chosen: object) -> None:
        options = StrandTaggerOptions(**chosen)
        validation = labelled.open(path, "test", options) if "crf" in chosen else None
        labelled.check_training(labelled.open(path, "train", options), validation, options)

    with pytest.raises(DataError, match="no examples can be held out, since all belong together"):
        check()
    check(validation_split=0.0)
    check(crf=False)


# Samples


def test_counts_of_6_mers_do_not_solve_the_sample_of_classes() -> None:
    (x, y), (test_x, test_y) = strands("train"), strands("test")
    assert not {*x} & {*test_x}
    assert max(Counter(y).values()) == len(y) // 3
    counter = CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False)
    model = LogisticRegression(max_iter=300).fit(counter.fit_transform(x), y)
    accuracy = model.score(counter.transform(test_x), test_y)
    assert accuracy < 0.4  # a network of the defaults: 1.00


def test_the_ends_of_inserts_alone_do_not_solve_the_sample_of_spans() -> None:
    hits = predicted = gold = 0
    for record in marked_strands("test"):
        text = record["text"]
        spans = {(span["start"], span["end"]) for span in record["entities"]}
        for start, end in spans:
            assert re.fullmatch("CCCC[ACGT]{5,14}AACT", text[start:end])
            assert (text[start - 2 : start], text[end : end + 2]) == ("AG", "AG")
        opened = [match.start() + 2 for match in re.finditer(f"(?={OPENING})", text)]
        lengths = [end - start for start, end in spans]
        guesses = {(start, start + 17) for start in opened}  # the most frequent length
        hits += len(guesses & spans)
        predicted += len(guesses)
        gold += len(lengths)
    assert gold > 100
    assert 2 * hits / (predicted + gold) < 0.2  # a network of the defaults finds nearly all


def test_every_insert_is_marked_and_no_decoy() -> None:
    pattern = re.compile("(?<=AG)CCCC[ACGT]{5,14}?AACT(?=AG)")
    wrong = 0
    for record in marked_strands("train"):
        found = {match.span() for match in pattern.finditer(record["text"])}
        spans = {(span["start"], span["end"]) for span in record["entities"]}
        wrong += found != spans
    assert wrong / len(marked_strands("train")) < 0.02  # a motif may occur by chance


def test_the_parts_of_the_samples_differ_and_are_the_same_each_time() -> None:
    assert marked_strands("test") == marked_strands("test")
    texts = [{record["text"] for record in marked_strands(part)} for part in ("train", "test")]
    assert not texts[0] & texts[1]
    assert np.mean([len(text) for text in texts[0]]) < 250
