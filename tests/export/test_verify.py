"""The golden file, and a process with TensorFlow alone that compares with it."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from toolkit.errors import ModelError
from toolkit.export import read_golden, verify, write_golden
from toolkit.export.verify import _difference, _main


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
    status, verdict = _main(str(run))
    assert status == 1
    assert "label" in verdict
    assert "expected 'pos'" in verdict


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
    assert _main(str(run))[0] == status


def test_differences():
    assert not _difference([1, "a", [2.0]], [1, "a", [2.0]], 0)
    assert _difference([1, "a"], [1, "b"], 1)
    assert _difference(1, 2, 5)
    assert not _difference(1, 1.05, 0.1)


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
    status, verdict = _main(str(run))
    assert (status, "not a SavedModel" in verdict) == (2, True)
