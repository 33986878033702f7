"""Trial steps: as many as the time allows, timed without the tracing of the graph."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from toolkit.data import LabelEncoder, LengthBatches, PackedCorpus, PackedSequences
from toolkit.models import OneToOne
from toolkit.training import TrainingOptions
from toolkit.training.cost import peak_memory, try_steps


@pytest.fixture
def batches():
    lengths = np.full(20, 5, np.int32)
    labels = np.arange(20, dtype=np.int32) % 2
    corpus = PackedCorpus(
        PackedSequences(np.arange(1, 6, dtype=np.int32), np.zeros(20, np.int64), lengths),
        labels,
        encoder=LabelEncoder("classes", ["neg", "pos"]),
    )
    return LengthBatches(corpus, 21)  # four texts of 5 time steps in each batch


def test_steps_and_units_are_counted(batches) -> None:
    network = OneToOne(vocabulary_size=7, outputs=2, window=5, embedding_size=2, hidden_size=2)
    network.build()
    loss = network.output_layer.loss()
    before = [np.array(weight) for weight in network.get_weights()]
    train_step, made = network.train_step, []
    network.train_step = lambda batch: made.append(batch) or train_step(batch)
    trial = try_steps(network, batches.dataset(), TrainingOptions(), loss=loss, seconds=600)
    assert (trial.steps, trial.time_steps) == (len(batches), 100)
    assert trial.seconds > 0
    assert len(made) == 1  # the graph is traced once, before the timing
    assert any((a != b).any() for a, b in zip(before, network.get_weights(), strict=True))
    assert try_steps(network, batches.dataset(), TrainingOptions(), loss=loss, seconds=0).steps == 1


def test_peak_memory_lies_between_what_is_held_and_what_the_system_says() -> None:
    peak = peak_memory()
    if sys.platform != "linux":
        assert peak is None
        return
    held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert held <= peak + 10_000_000
    assert peak <= most + 10_000_000
