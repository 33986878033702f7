"""The LiteRT model: it answers as the network does, at any length up to its own."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from toolkit.errors import OptionError, WorkError
from toolkit.export import check_litert, write_litert
from toolkit.layers import CELLS
from toolkit.models import ManyToOne
from toolkit.tasks.core_export import check_length, sequence_core

STEPS, CHANNELS = 11, 3
DAILY = ("gru", "min_gru")


def randomised(network: Any) -> Any:
    """Set all weights to random values; return the network."""
    random = np.random.default_rng(1)
    network.build()
    network.set_weights([random.normal(0, 0.6, w.shape) for w in network.get_weights()])
    return network


def core_of(network: Any) -> Any:
    """The core of a network that reads vectors, and whose questions are vectors."""
    shape = (STEPS, CHANNELS)
    return sequence_core(network, "x", "float32", shape, lambda q: np.asarray(q["x"]), "Vectors.")


def questions() -> list[dict[str, Any]]:
    """Return series of no frame, of one, of some, of as many as the model takes, and of more."""
    random = np.random.default_rng(2)
    return [{"x": random.normal(size=(n, CHANNELS)).tolist()} for n in (1, 4, STEPS, STEPS + 5)]


@pytest.mark.parametrize(
    "cell", [pytest.param(c, marks=[] if c in DAILY else pytest.mark.slow) for c in CELLS]
)
def test_it_answers_as_the_network_does(cell: str, tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.INFO, "toolkit")
    network = randomised(
        ManyToOne(input_size=CHANNELS, outputs=4, hidden_size=5, cell=cell, pooling="concat")
    )
    version = write_litert(tmp_path, core_of(network), questions(), {"a.txt": "é\n"})
    assert version == tmp_path / "litert" / "1"
    assert (version / "a.txt").read_text(encoding="utf-8") == "é\n"
    assert "LiteRT's answers are the network's within " in caplog.text
    run = Interpreter(str(version / "model.tflite")).get_signature_runner()
    rows = [json.loads(line) for line in (version / "golden.jsonl").read_text().splitlines()]
    assert len(rows) == len(questions())
    for question, row in zip(questions(), rows, strict=True):
        frames = np.asarray(question["x"], np.float32)[:STEPS]
        expected = np.asarray(network.answer(frames[None]))  # of that length, without padding
        given = {name: np.asarray([row["inputs"][name]]) for name in ("x", "length")}
        assert given["length"] == [len(frames)]
        found = run(x=given["x"].astype("float32"), length=given["length"].astype("int32"))
        np.testing.assert_allclose(found["probabilities"], expected, atol=1e-5)
        np.testing.assert_allclose(row["outputs"]["probabilities"], expected[0], atol=1e-5)


def test_a_number_of_mixed_precision(tmp_path: Path) -> None:
    network = randomised(
        ManyToOne(
            input_size=CHANNELS,
            outputs=1,
            output="linear",
            hidden_size=4,
            output_mean=5.0,
            output_scale=10.0,
            dtype="mixed_bfloat16",
        )
    )
    version = write_litert(tmp_path, core_of(network), questions()[:1], {})
    run = Interpreter(str(version / "model.tflite")).get_signature_runner()
    (details,) = run.get_output_details().values()
    assert details["dtype"] == np.float32
    assert [*run.get_output_details()] == ["value"]


def test_other_answers_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = core_of(randomised(ManyToOne(input_size=CHANNELS, hidden_size=4)))
    monkeypatch.setattr("toolkit.export.litert.TOLERANCE", -1.0)
    with pytest.raises(WorkError, match="differ from the network's by"):
        write_litert(tmp_path, core, questions(), {})
    assert not [*tmp_path.rglob("*.tflite")]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_length(None, "tokens", 400) == 400
    assert check_length(7, "bases") == 7
    with pytest.raises(OptionError, match="needs length, the number of bases that each input has"):
        check_length(None, "bases")
    with pytest.raises(OptionError, match="length"):
        check_length(0, "bases")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match="pip install ai_edge_litert"):
        check_litert()
