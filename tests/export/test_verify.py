"""The golden file, and its verification in a process with TensorFlow alone."""

import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import ModelError
from toolkit.export import of_python, read_golden, verify, write_golden, write_saved_model
from toolkit.export.verify import _first_difference, compare_with_golden


@pytest.fixture
def run(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "run")


def test_golden_round_trip(tmp_path):
    exact = np.float32(0.1) + np.arange(3, dtype="float32")
    write_golden(tmp_path, [{"text": "ü\u2028\n"}], [{"p": exact, "s": exact[0], "k": b"x"}], 0.02)
    (example,) = read_golden(tmp_path)
    assert example["inputs"] == {"text": "ü\u2028\n"}
    assert np.float32(example["outputs"]["p"]).tolist() == exact.tolist()
    assert np.float32(example["outputs"]["s"]) == exact[0]
    assert (example["outputs"]["k"], example["tolerance"]) == ("x", 0.02)


def test_an_answer_for_each_question(tmp_path):
    with pytest.raises(ValueError, match="zip"):
        write_golden(tmp_path, [{"text": "a"}], [])


def test_the_right_answers_pass(exported):
    result = verify(exported)
    assert result.passed, result.verdict
    assert "3 golden answers" in result.verdict


def test_a_wrong_answer_fails(run, golden):
    inputs, outputs = golden
    write_golden(run, inputs, [*outputs[:2], {"label": "pos"}])
    status, verdict = compare_with_golden(str(run))
    assert status == 1
    assert "label" in verdict
    assert "expected 'pos'" in verdict


@pytest.mark.slow
def test_neither_keras_nor_the_toolkit_is_there(exported):
    from toolkit.export.verify import __file__ as script

    watcher = (
        "import runpy, sys\n"
        "try:\n    runpy.run_path(sys.argv.pop(1), run_name='__main__')\n"
        "except SystemExit as end:\n    print(end.code)\n"
        "there = {name.split('.')[0] for name, module in sys.modules.items() if module}\n"
        "print(there & {'keras', 'toolkit'})\n"
    )
    process = subprocess.run(
        [sys.executable, "-P", "-c", watcher, script, exported],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    verdict, status, ours = process.stdout.strip().split("\n")
    assert "gives all 3 golden answers" in verdict
    assert (status, ours) == ("0", "set()")


def change_line(run, **changes):
    lines = (run / "golden.jsonl").read_text(encoding="utf-8").split("\n")
    lines[1] = json.dumps(json.loads(lines[1]) | changes)
    (run / "golden.jsonl").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"outputs": {"score": 0.98196}}, 0),
        ({"outputs": {"score": 0.9818}}, 1),
        ({"outputs": {"score": 0.9818}, "tolerance": 1e-3}, 0),
        ({"outputs": {"score": float("nan")}}, 1),
        ({"outputs": {"probabilities": [0.982014]}}, 1),
        ({"outputs": {"score": "0.98"}}, 1),
        ({"outputs": {"mood": "bad"}}, 1),
        ({"inputs": {"words": "bad"}}, 1),
    ],
)
def test_what_counts_as_the_same(run, changes, status):
    change_line(run, **changes)
    assert compare_with_golden(str(run))[0] == status


def test_differences():
    assert not _first_difference([1, "a", [2.0]], [1, b"a", [2.0]], 0)
    assert _first_difference([1, "a"], [1, b"b"], 1) == ("[1]", "a", b"b")
    assert _first_difference([[1, 2], [3, 4]], [[1, 2], [3, 5]], 5) == ("[1][1]", 4, 5)
    assert _first_difference(1, 2, 5)
    assert not _first_difference(1, 1.05, 0.1)
    assert not _first_difference("Infinity", math.inf, 0.1)
    assert _first_difference("-Infinity", math.inf, 0.1)
    assert _first_difference("Infinity", b"infinity", 0.1)
    assert not _first_difference(None, math.nan, 0)
    assert _first_difference(None, 0.0, 0)
    assert _first_difference(math.nan, math.nan, 0)


@pytest.mark.parametrize(
    ("expected", "actual", "padding", "same"),
    [
        ([2.0], [2.0, -1.0], [-1], True),
        ([2.0, -1.0], [2.0], [-1], True),
        ([2.0], [2.0, -1.0], [], False),
        ([2.0], [2.0, 0.0], [-1], False),
        ([2.0, -1.0], [2.0, 5.0], [-1], False),
        ([[2.0]], [[2.0], [0.0]], [0], True),
        ([[2.0]], [[2.0, 0.0], [0.0, 0.0]], [0], True),
        ([[2.0]], [[2.0, 0.0], [0.0, 3.0]], [0], False),
        ([[]], [[], []], [], False),
        ([0.5], [0.5, math.nan], [None], True),
        (["a"], [b"a", b""], [""], True),
        (["a"], [b"a", b""], [], False),
    ],
)
def test_only_the_padding_that_is_stated_makes_no_difference(expected, actual, padding, same):
    assert (_first_difference(expected, actual, 1e-4, padding) is None) == same


def test_lines_written_before_padding_was_stored(run):
    """In such lines, as in those of ``saved_models``, '' and -1 may pad any output."""
    lines = [json.loads(line) for line in (run / "golden.jsonl").read_text().splitlines()]
    older = [{"inputs": each["inputs"], "outputs": each["outputs"]} for each in lines]
    older[0]["outputs"]["probabilities"] += [-1]
    content = "".join(json.dumps(each) + "\n" for each in older)
    (run / "golden.jsonl").write_text(content)
    assert compare_with_golden(str(run))[0] == 0
    for example in older:
        example["padding"] = {}
    (run / "golden.jsonl").write_text("".join(json.dumps(each) + "\n" for each in older))
    status, verdict = compare_with_golden(str(run))
    assert (status, "is nothing, expected -1" in verdict) == (1, True)


@pytest.mark.slow
def test_numbers_alone_and_in_a_batch(series_run):
    result = verify(series_run)
    assert result.passed, result.verdict
    lines = (series_run / "golden.jsonl").read_text()
    assert "[null, 1.0]" in lines
    assert "NaN" not in lines


def test_a_question_in_a_batch_is_padded_as_its_line_says(series_run, series_golden, tmp_path):
    """The second question states a length that includes padding, so that the model reads it."""
    inputs, outputs, padding = series_golden
    run = shutil.copytree(series_run, tmp_path / "run")
    inputs = [{**each, "length": 3} for each in inputs[:2]]
    outputs = [outputs[0], {"missing": 2}]
    write_golden(run, inputs, outputs, **padding)
    status, verdict = compare_with_golden(str(run))
    assert status == 1
    assert "missing" in verdict
    assert "asked alone is 0, expected 2" in verdict  # in the batch it is 2


def test_questions_that_vary_in_size_need_a_padding(series_run, series_golden, tmp_path):
    inputs, outputs, _ = series_golden
    run = shutil.copytree(series_run, tmp_path / "run")
    write_golden(run, inputs, outputs)
    status, verdict = compare_with_golden(str(run))
    assert (status, "series in golden.jsonl varies in size" in verdict) == (1, True)
    write_golden(run, inputs, outputs, input_padding={"series": 0})
    status, verdict = compare_with_golden(str(run))
    assert status == 1
    assert "sums[1] of" in verdict
    assert "asked in a batch is -1.0, expected nothing" in verdict
    write_golden(run, [inputs[0] | {"series": [1.0]}], outputs[:1])
    assert "does not have the shape (None, None, 2)" in compare_with_golden(str(run))[1]


def test_inputs_without_a_batch_are_asked_apart(series_run, series_golden, tmp_path):
    """If questions with different factors were asked in one call, one answer would be wrong."""
    question, answer = series_golden[0][2], series_golden[1][2]
    run = shutil.copytree(series_run, tmp_path / "run")
    questions = [{**question, "factor": factor} for factor in (10, 1, 10)]
    tenth = {name: np.divide(value, 10) for name, value in answer.items()}
    write_golden(run, questions, [answer, tenth | {"missing": 0}, answer])
    assert compare_with_golden(str(run))[0] == 0


def test_a_long_question_is_shortened_in_the_verdict(series_run, tmp_path):
    run = shutil.copytree(series_run, tmp_path / "run")
    series = np.arange(2000, dtype="float32").reshape(1000, 2)
    question = {"series": series, "length": 1000, "factor": 1}
    sums = series.sum(axis=1)
    sums[700] += 1
    write_golden(run, [question], [{"sums": sums}])
    status, verdict = compare_with_golden(str(run))
    assert status == 1
    assert "sums[700] of" in verdict
    assert "is 2801.0, expected 2802.0" in verdict
    assert len(verdict) < 1000


def test_bytes_and_pictures(tmp_path):
    import tensorflow as tf

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="wav"),
            tf.TensorSpec([None, 2, 2], tf.uint8, name="frames"),
        ]
    )
    def serve(wav, frames):
        return {
            "size": tf.strings.length(wav),
            "wav": wav,
            "brightest": tf.reduce_max(frames, [1, 2]),
            "log": tf.math.log(tf.cast(frames[:, 0, 0], tf.float32)),
        }

    write_saved_model(tmp_path, {"serving_default": serve})
    wav = b"RIFF\x00\xff\x00"
    inputs = [
        {"wav": wav, "frames": np.array([[0, 255], [7, 8]], np.uint8)},
        {"wav": b"plain", "frames": [[1, 2], [3, 4]]},
    ]
    answers = of_python(serve)(**{name: [each[name] for each in inputs] for name in inputs[0]})
    assert answers["size"].tolist() == [7, 5]
    outputs = [
        {"size": 7, "wav": wav, "brightest": 255, "log": -np.inf},
        {"size": 5, "wav": "plain", "brightest": 4, "log": 0.0},
    ]
    path = write_golden(tmp_path, inputs, outputs)
    assert '"log": "-Infinity"' in path.read_text()
    status, verdict = compare_with_golden(str(tmp_path))
    assert status == 0, verdict
    outputs[0]["wav"] = wav + b"\xff"
    write_golden(tmp_path, inputs, outputs)
    assert "wav of" in compare_with_golden(str(tmp_path))[1]


def test_an_empty_sequence(tmp_path):
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.float32, name="x")])
    def serve(x):
        return {"sum": tf.reduce_sum(x, [1, 2])}

    write_saved_model(tmp_path, {"serving_default": serve})
    inputs = [{"x": np.zeros([0, 3])}, {"x": [[1, 2, 3]]}]
    write_golden(tmp_path, inputs, [{"sum": 0.0}, {"sum": 6.0}], input_padding={"x": 0})
    status, verdict = compare_with_golden(str(tmp_path))
    assert status == 0, verdict


@given(
    st.recursive(
        st.floats() | st.integers(-(2**31), 2**31 - 1),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_any_numbers_survive_the_file(tmp_path_factory, value):
    folder = tmp_path_factory.getbasetemp()
    write_golden(folder, [{"x": value}], [{"y": 0}])
    (line,) = (folder / "golden.jsonl").read_text().splitlines()
    json.loads(line, parse_constant=pytest.fail)  # NaN and Infinity are not JSON
    (example,) = read_golden(folder)
    assert _first_difference(example["inputs"]["x"], value, 0) is None


def test_folders_without_what_is_needed(run, tmp_path):
    def complaint(folder):
        with pytest.raises(ModelError) as caught:
            verify(folder)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "No such file" in complaint(tmp_path / "missing")
    (run / "golden.jsonl").write_text("[]\n")
    assert "line 1" in complaint(run)
    (run / "golden.jsonl").write_text("")
    assert "empty" in complaint(run)
    (run / "golden.jsonl").unlink()
    assert "golden.jsonl is missing" in complaint(run)
    shutil.rmtree(run / "1")
    assert "no exported version" in complaint(run)


def test_a_broken_model(run):
    (run / "1/saved_model.pb").write_bytes(b"no")
    status, verdict = compare_with_golden(str(run))
    assert (status, "not a SavedModel" in verdict) == (2, True)
