"""Networks as ONNX and LiteRT: ONNX Runtime and XNNPACK give the answers of the network."""

import itertools
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from test_onnx_readme import TEXTS, classifier

from toolkit.audio.inputs import AudioInputs
from toolkit.data.audio.wav import wav_bytes
from toolkit.errors import OptionError
from toolkit.export import read_golden, write_core
from toolkit.export.runtimes import RUNTIMES
from toolkit.models import ManyToOne, OneToMany, SequenceModel
from toolkit.models.speech import SpeechToMany
from toolkit.models.strands import StrandToMany, StrandToOne
from toolkit.series.inputs import SeriesInputs
from toolkit.tasks import TextClassifier, Translator
from toolkit.tasks.language_modelling.core import step_core
from toolkit.tasks.marked_strands.core import mark_core
from toolkit.tasks.sequences.core import series_core
from toolkit.tasks.speech.core import speech_core
from toolkit.tasks.strands.core import strand_core
from toolkit.text import Nucleotides, Tokenizer


def check_snippet(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the snippet of the README, and compare its answers with those of the golden file."""
    snippet = (version / "README.md").read_text().split("```python\n")[1].split("```")[0]
    names: dict = {}
    monkeypatch.chdir(version)
    exec(snippet, names)
    for name, value in read_golden(version)[0]["outputs"].items():
        found = names["answers"][name][0]
        found = found[: len(value)] if np.ndim(value) == 2 else found  # steps of a fixed length
        np.testing.assert_allclose(found, value, atol=1e-5)


def test_texts_of_a_fixed_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = classifier("gru")
    version = task.export(tmp_path, format="litert", golden=TEXTS, length=9)
    check_snippet(version, monkeypatch)
    ids = task.sequence_model.preprocessing(TEXTS[:3]).numpy()
    ask = Interpreter(str(version / "model.tflite")).get_signature_runner()
    for row, expected in zip(ids, task.sequence_model.network.answer(ids).numpy(), strict=True):
        padded = np.pad(row, (0, 9 - len(row)))[None]
        np.testing.assert_allclose(ask(ids=padded)["probabilities"][0], expected, atol=1e-6)
    assert len(read_golden(version)[3]["inputs"]["ids"]) == 9  # of "the " * 20
    monkeypatch.setattr("toolkit.tasks.run.write_core", lambda *arguments: arguments[-1])
    assert task.export(tmp_path, format="litert") == 12  # what the run reads


#: The formats, and the length of one that has a fixed length.
FORMATS = pytest.mark.parametrize(("format", "length"), [("onnx", None), ("litert", 20)])


@FORMATS
def test_series_with_their_front(
    format: str, length: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(0)
    front = {"means": [0.0, 9.0], "indicated": [1], "velocities": True, "stack": 2, "stride": 2}
    network = ManyToOne(outputs=2, series=front, hidden_size=4, cell="min_gru")
    model = SequenceModel(SeriesInputs(["x", "y"]), network)
    model.build()
    frames = [[1.0, np.nan], [0.5, 8.0], [2.0, 7.0]]
    questions = [{"series": frames, "length": 3}, {"series": [], "length": 0}]
    core = series_core(model, "Tells.", ("a", "b"), questions)
    check_snippet(write_core(tmp_path, core, format, length), monkeypatch)


@FORMATS
@pytest.mark.parametrize("reverse_complement", ["off", "average"])
def test_strands_by_a_network_with_gates(
    format: str,
    length: int | None,
    reverse_complement: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keras.utils.set_random_seed(0)
    options = {"kmers": 4, "hidden_size": 8, "places": True}
    network = StrandToOne(outputs=2, **options, reverse_complement=reverse_complement)
    model = SequenceModel(Nucleotides(max_length=50), network)
    model.build()
    core = strand_core(model, "Tells.", ("a", "b"), ["ACGTN", ""])
    check_snippet(write_core(tmp_path, core, format, length), monkeypatch)


@FORMATS
def test_spans_of_strands_by_the_best_path(
    format: str, length: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(0)
    network = StrandToMany(labels=["exon"], kmers=4, hidden_size=4)
    model = SequenceModel(Nucleotides(), network)
    model.build()
    random = np.random.default_rng(1)
    for weight in (*network.crf.scores.values(), network.scores.kernel):
        weight.assign(random.normal(0, 2, weight.shape))
    core = mark_core(model, "Marks.", 10, 2, ["ACGTA", "GN"])
    version = write_core(tmp_path, core, format, length)
    check_snippet(version, monkeypatch)
    found = json.loads((version / "tags.json").read_text())
    start, transitions, end = (np.array(found[name]) for name in ("start", "transitions", "end"))
    for strand, example in zip(["ACGTA", "GN"], read_golden(version), strict=True):
        scores = np.array(example["outputs"]["scores"])

        def total(path: tuple[int, ...], scores: np.ndarray = scores) -> float:
            of_tags = sum(step[tag] for step, tag in zip(scores, path, strict=True))
            return of_tags + start[path[0]] + end[path[-1]] + transitions[path[:-1], path[1:]].sum()

        best = max(itertools.product(range(5), repeat=len(strand)), key=total)
        inputs = model.preprocessing([strand])
        assert [*best] == network.answer(inputs)[0].numpy()[0].tolist()


@pytest.mark.parametrize(("format", "length"), [("onnx", None), ("litert", 1500)])
def test_speech_from_samples_to_a_text(
    format: str, length: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(0)
    symbols, rate = Tokenizer("characters", vocabulary=["a", "b"]), 1000
    network = SpeechToMany(4, {"rate": rate, "bands": 8, "stack": 2}, hidden_size=6)
    model = SequenceModel(AudioInputs(rate), network, symbols)
    model.build()
    network.scores.bias.assign([-0.3, 0.0, 0.0, 0.0])  # or all would be blank
    waves = [np.random.default_rng(n).integers(-9999, 9999, n, np.int16) for n in (900, 40, 0)]
    core = speech_core(model, [{"wav": wav_bytes(wave, rate)} for wave in waves])
    version = write_core(tmp_path, core, format, length)
    check_snippet(version, monkeypatch)
    audio, lengths = np.zeros((3, 900), "float32"), np.array([len(wave) for wave in waves])
    for row, wave in enumerate(waves):
        audio[row, : len(wave)] = wave / 2**15
    found = RUNTIMES[format].runner(version / RUNTIMES[format].file)(
        {"audio": audio, "length": lengths}
    )
    lines = (version / "vocabulary.txt").read_text().split("\n")
    texts = []
    for row, steps in zip(found["log_probabilities"], found["steps"], strict=True):
        classes = row[:steps].argmax(-1).tolist()  # as the README says
        kept = [k for k, before in zip(classes, [None, *classes], strict=False) if k != before]
        texts.append("".join(lines[k + 1] for k in kept if k != 3))
    path = network.answer({"values": tf.constant(audio), "length": tf.constant(lengths, "int32")})
    expected = [text.decode() for text in symbols.detokenize(path.ids).numpy()]
    assert texts[:2] == expected[:2]
    assert len(texts[0]) > 1


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_step_of_a_language_model(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(0)
    network = OneToMany(6, 2, embedding_size=3, hidden_size=4, cell="lstm")
    model = SequenceModel(Tokenizer(vocabulary=["a", "b", "c", "d"]), network)
    model.build()
    version = write_core(tmp_path, step_core(model, ("x", "y"), True), format)
    check_snippet(version, monkeypatch)
    ask = RUNTIMES[format].runner(version / RUNTIMES[format].file)
    starts = json.loads((version / "conditions.json").read_text())["y"]
    states = {name: np.array([value], "float32") for name, value in starts.items()}
    for token in (0, 3, 2):  # the states go on
        found = ask({"token": np.array([token], "int32"), **states})
        states = {name: found[f"next_{name}"] for name in states}
    logits, _ = network.run(np.array([[0, 3, 2]]), network.start(1, np.array([1])))
    np.testing.assert_allclose(found["logits"], np.asarray(logits)[:, -1], atol=1e-5)


def test_what_litert_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for options, words in [
        ({"format": "litert", "length": 0}, "length is 0; it must be at least 1"),
        ({"format": "onnx", "length": 5}, "length is of format litert"),
    ]:
        with pytest.raises(OptionError, match=words):
            classifier().export(tmp_path, **options)
    with pytest.raises(OptionError, match="translator cannot be exported as litert, which has no"):
        Translator().export(tmp_path, format="litert")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"pip install ai-edge-litert$"):
        TextClassifier.export(classifier(), tmp_path, format="litert")
    assert list(tmp_path.iterdir()) == []
