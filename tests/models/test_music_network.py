"""The network of music: what it reads, and that steps, parts and whole pieces agree."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolkit.data import MusicDataOptions, MusicExamples, encode_music, open_music
from toolkit.errors import OptionError
from toolkit.models import MusicNetwork

Array = NDArray[Any]


def made(**options: Any) -> MusicNetwork:
    network = MusicNetwork(**{"hidden_size": 6, "output_size": 5, "seed": 1, **options})
    network.build()
    return network


def rolls(*lengths: int) -> dict[str, Array]:
    random = np.random.default_rng(1)
    values = (random.random((len(lengths), max(lengths), 88)) < 0.1).astype(np.uint8)
    return {"values": values, "length": np.array(lengths, np.int32)}


def nats(network: MusicNetwork, inputs: dict[str, Array]) -> Array:
    losses: Array = network.losses(network(inputs), inputs["values"]).numpy()
    return losses


@pytest.mark.parametrize("cell", ["simple_rnn", "min_gru", "gru", "lstm"])
@pytest.mark.parametrize("kind", ["independent", "autoregressive"])
def test_frame_by_frame_it_is_in_the_same_states(cell: str, kind: str) -> None:
    network = made(cell=cell, layers=2, output_layer=kind)
    inputs = rolls(5, 5)
    whole = network(inputs).numpy()
    state: Any = network.start(2)
    for number, vector in enumerate(np.asarray(network.steps(inputs))[:, :-1].swapaxes(0, 1)):
        found, state = network.step(vector, state)
        np.testing.assert_allclose(found, whole[:, number], atol=1e-6)


def test_a_frame_is_predicted_from_those_before_alone() -> None:
    network, inputs = made(), rolls(6)
    before = nats(network, inputs)
    inputs["values"] = inputs["values"].copy()
    inputs["values"][0, 3] ^= 1
    after = nats(network, inputs)
    np.testing.assert_array_equal(after[0, :3], before[0, :3])
    assert (after[0, 3:] != before[0, 3:]).all()


def test_what_lies_behind_an_end_does_not_matter() -> None:
    network, inputs = made(), rolls(6, 3)
    alone = {"values": inputs["values"][1:, :3], "length": inputs["length"][1:]}
    np.testing.assert_allclose(nats(network, inputs)[1, :3], nats(network, alone)[0], rtol=1e-5)
    loss = float(network.compute_loss(inputs, y_pred=network(inputs)))
    nll = nats(network, inputs)
    assert loss == pytest.approx((nll[0].sum() + nll[1, :3].sum()) / 9, rel=1e-5)


def test_the_first_frame_is_told_from_one_after_silence() -> None:
    network = made()
    inputs = rolls(2)
    silent = {**inputs, "before": np.zeros((1, 88), np.uint8), "begins": np.array([False])}
    assert (nats(network, silent) != nats(network, inputs)).all()
    same = {**silent, "begins": np.array([True])}
    np.testing.assert_array_equal(nats(network, same), nats(network, inputs))


def test_a_part_of_a_piece_knows_the_frame_before_it() -> None:
    pieces = [[[60 + n] for n in range(10)], [[40]], [[50], [52], [54]]]
    corpus = encode_music(MusicExamples(open_music(pieces), MusicDataOptions()))
    parts = corpus.parts(4)
    assert parts.lengths.tolist() == [3, 3, 4, 1, 3]
    assert parts.begins.tolist() == [True, False, False, True, True]
    assert parts.rows.tolist() == [1, 1, 1, 2, 3]
    inputs = parts.inputs(np.array([2, 0, 4]))
    assert [np.flatnonzero(row).tolist() for row in inputs["before"]] == [[44], [], []]
    assert inputs["begins"].tolist() == [False, True, True]
    assert corpus.parts(10).lengths.tolist() == corpus.lengths.tolist()
    assert {*parts.input_signature} == {*inputs}


def test_unknown_outputs_are_refused() -> None:
    with pytest.raises(OptionError, match="output_layer is 'x'; it can be independent, auto"):
        MusicNetwork(output_layer="x")
