"""Batches by length: each example once an epoch, within the budget, determined by the seed."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import LabelEncoder, LengthBatches, PackedCorpus, PackedSequences
from toolkit.errors import DataError, OptionError
from toolkit.models import ManyToOne

LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=80)


def bare_corpus(lengths: list[int]) -> PackedCorpus:
    sizes = np.asarray(lengths, np.int32)
    empty = np.zeros(0, np.int32)
    return PackedCorpus(PackedSequences(empty, np.cumsum(sizes) - sizes, sizes))


def flat(order: list[np.ndarray]) -> list[int]:
    return np.concatenate(order).tolist()


@given(
    lengths=LENGTHS,
    budget=st.integers(1, 500),
    most=st.integers(1, 40),
    shuffle=st.booleans(),
    epoch=st.integers(0, 3),
)
def test_every_example_once_and_within_the_budget(lengths, budget, most, shuffle, epoch) -> None:
    batches = LengthBatches(bare_corpus(lengths), budget, 0, shuffle, most)
    order = batches.order(epoch)
    assert len(order) == len(batches)
    assert sorted(flat(order)) == list(range(len(lengths)))
    for indices in order:
        longest = max(1, max(lengths[index] for index in indices))
        assert 1 <= len(indices) <= most
        assert len(indices) == 1 or len(indices) * longest <= budget


def test_the_budget_holds_however_the_lengths_are_stretched() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 5000)
    batches = LengthBatches(bare_corpus(lengths), 2000)
    most = max(
        len(batch) * lengths[batch].max() for epoch in range(5) for batch in batches.order(epoch)
    )
    assert 1900 < most <= 2000


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 300)

    def order(seed: int, epoch: int) -> list[int]:
        return flat(LengthBatches(bare_corpus(lengths), 200, seed).order(epoch))

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)
    assert order(0, 1) != order(1, 0)


def test_batches_mix_anew_in_every_epoch() -> None:
    batches = LengthBatches(bare_corpus([7] * 200), 70)
    first, second = ({frozenset(b.tolist()) for b in batches.order(epoch)} for epoch in (0, 1))
    assert len(first & second) == 0


def test_long_and_short_batches_are_mixed() -> None:
    order = LengthBatches(bare_corpus(range(1, 400)), 2000).order()
    longest = [int(batch.max()) for batch in order]
    assert longest != sorted(longest)


def test_padding_share(corpus_of) -> None:
    assert LengthBatches(corpus_of([1, 2, 4]), 12, shuffle=False).padding_share == 1 - 7 / 12
    assert LengthBatches(corpus_of([5] * 8), 20).padding_share == 0
    lengths = np.random.default_rng(0).lognormal(5, 0.6, 20_000).clip(5, 400).astype(int)
    assert LengthBatches(bare_corpus(lengths), 16_384).padding_share < 0.03


def test_elements(corpus_of) -> None:
    labels = np.asarray([1, 0, 1], np.int32)
    corpus = corpus_of([2, 0, 3], labels, LabelEncoder("classes", ["a", "b"]))
    weights = np.asarray([0.5, 2.0])
    batches = LengthBatches(corpus, 6, shuffle=False, class_weights=weights)
    elements = [
        [inputs["values"].tolist(), inputs["length"].tolist(), *map(list, others)]
        for inputs, *others in batches.dataset().as_numpy_iterator()
    ]
    assert elements == [
        [[[0, 0], [1, 1]], [0, 2], [0, 1], [0.5, 2.0]],
        [[[3, 3, 3]], [3], [1], [2.0]],
    ]
    inputs, labels_spec, weights_spec = batches.dataset().element_spec
    ids, length = inputs["values"], inputs["length"]
    assert (ids.shape.as_list(), ids.dtype) == ([None, None], "int32")
    assert (length.shape.as_list(), length.dtype) == ([None], "int32")
    assert (labels_spec.dtype, weights_spec.dtype) == ("int32", "float32")


def test_elements_without_labels_and_with_several(corpus_of) -> None:
    ((inputs,),) = LengthBatches(corpus_of([1, 1]), 6, shuffle=False).dataset()
    assert inputs["values"].numpy().tolist() == [[1], [2]]
    several = corpus_of([1, 1], np.eye(2, dtype=np.float32), LabelEncoder("labels", ["a", "b"]))
    ((_, labels),) = LengthBatches(several, 6, shuffle=False).dataset()
    assert labels.numpy().tolist() == [[1, 0], [0, 1]]


def first_ids(dataset) -> list[int]:
    """Return the indices of a fixture's examples in the order of the data set."""
    return [index for (inputs,) in dataset for index in (inputs["values"][:, 0] - 1).numpy()]


def test_a_data_set_is_one_epoch(corpus_of) -> None:
    batches = LengthBatches(corpus_of(np.random.default_rng(0).integers(1, 9, 50)), 30, seed=3)
    dataset = batches.dataset(epoch=2)
    assert dataset.cardinality() == len(batches)
    for _ in range(2):
        assert first_ids(dataset) == flat(batches.order(2))


def test_a_stream_begins_in_the_middle_and_goes_on_with_the_next_epochs(corpus_of) -> None:
    batches = LengthBatches(corpus_of(np.random.default_rng(0).integers(1, 9, 50)), 30, seed=3)
    left_out = 2
    stream = batches.stream(epoch=4, batch=left_out)
    assert stream.cardinality() == tf.data.INFINITE_CARDINALITY
    expected = flat(batches.order(4)[left_out:]) + flat(batches.order(5)) + flat(batches.order(6))
    assert first_ids(stream.take(3 * len(batches) - left_out)) == expected


def test_restoring_the_order(corpus_of) -> None:
    corpus = corpus_of(np.random.default_rng(0).integers(1, 9, 50))
    batches = LengthBatches(corpus, 30, shuffle=False)
    values = np.concatenate([inputs["values"][:, :1] for (inputs,) in batches.dataset()])
    assert batches.restore(values).tolist() == [[index + 1] for index in range(50)]


def test_keras_fits_without_a_warning(corpus_of) -> None:
    labels = np.arange(12, dtype=np.float32)
    corpus = corpus_of([1 + n % 4 for n in range(12)], labels, LabelEncoder("number"))
    batches = LengthBatches(corpus, 12)
    model = ManyToOne(13, 1, output="linear", embedding_size=2, hidden_size=2)
    model.compile("sgd", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(batches.dataset(), epochs=2, shuffle=False, verbose=0)
    assert len(history.history["loss"]) == 2


def test_nothing_to_deal(corpus_of) -> None:
    batches = LengthBatches(corpus_of([]), 10)
    assert (len(batches), batches.order(), batches.padding_share) == (0, [], 0.0)


def test_impossible_batches(corpus_of) -> None:
    with pytest.raises(OptionError, match="at least one token"):
        LengthBatches(corpus_of([1]), 0)
    with pytest.raises(OptionError, match="class weights need exactly one class"):
        LengthBatches(corpus_of([1]), 10, class_weights=np.ones(2))


def test_steps_of_another_shape_are_refused() -> None:
    for steps in ([[1.0], [2.0]], [[], [], []]):
        with pytest.raises(DataError, match=r"sequence 2 has time steps of shape"):
            PackedSequences.from_sequences([[[1.0, 2.0]], steps], np.float32, (2,))
    packed = PackedSequences.from_sequences([[], [[1.0, 2.0]]], np.float32, (2,))
    np.testing.assert_array_equal(packed[1], [[1, 2]])
    assert packed.lengths.tolist() == [0, 1]
