"""Strands as fractions of bases, and their complements; Biopython is the oracle."""

import string

import numpy as np
import pytest
import tensorflow as tf
from Bio.Data.IUPACData import ambiguous_dna_values
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models import ManyToOne, SequenceModel, load_sequence_model
from toolkit.text import Nucleotides
from toolkit.text.bases import reverse_complement, unknown_letters
from toolkit.text.nucleotides import reverse_complement_vectors

strands = st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn-", max_size=30)


def fractions(letter: str) -> list[float]:
    """The fractions of a letter by Biopython's table."""
    bases = ambiguous_dna_values.get(letter.upper().replace("U", "T"), "")
    return [(base in bases) / max(1, len(bases)) for base in "ACGT"]


def test_a_batch_is_padded_with_zeros_and_has_lengths() -> None:
    found = Nucleotides()(["ACGU", "rn"])
    assert found["values"].dtype == tf.float32
    assert found["length"].dtype == tf.int32
    assert found["length"].numpy().tolist() == [4, 2]
    assert found["values"].numpy().tolist() == [
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[0.5, 0, 0.5, 0], [0.25] * 4, [0] * 4, [0] * 4],
    ]


def test_every_letter_has_the_fractions_of_its_code() -> None:
    letters = string.ascii_letters
    found = Nucleotides()(letters)["values"].numpy()
    np.testing.assert_allclose(found, [fractions(letter) for letter in letters], rtol=1e-6)


def test_each_character_is_a_step_and_what_is_no_nucleotide_has_no_base() -> None:
    found = Nucleotides()(["-A.*é👍E5 \0", "", b"\xffC"])
    assert found["length"].numpy().tolist() == [10, 0, 2]
    values = found["values"].numpy()
    assert values[0, 1].tolist() == [1, 0, 0, 0]
    assert values[2, 1].tolist() == [0, 1, 0, 0]
    assert values.sum() == 2


@pytest.mark.parametrize("strand", [[], [""], ["", ""]])
def test_no_strand_and_no_base_have_one_step_of_padding(strand: list[str]) -> None:
    found = Nucleotides()(tf.constant(strand, tf.string))
    assert found["values"].shape == (len(strand), 1, 4)
    assert found["length"].numpy().tolist() == [0] * len(strand)


def test_of_a_longer_strand_only_the_beginning_is_read() -> None:
    layer = Nucleotides.from_config(Nucleotides(max_length=3).get_config())
    found = layer(["ACGTA", "éAC", "C"])
    assert found["length"].numpy().tolist() == [3, 3, 1]
    np.testing.assert_array_equal(found["values"], Nucleotides()(["ACG", "éAC", "C"])["values"])


def test_the_same_in_a_data_set_one_by_one_and_batched() -> None:
    layer = Nucleotides()
    rows = ["ACGT", "NNU", "y"]
    whole = layer(rows)
    alone = list(tf.data.Dataset.from_tensor_slices(rows).map(layer))
    batched = next(iter(tf.data.Dataset.from_tensor_slices(rows).batch(3).map(layer)))
    np.testing.assert_array_equal(batched["values"], whole["values"])
    for row, found in enumerate(alone):
        length = int(found["length"])
        assert length == len(rows[row])
        np.testing.assert_array_equal(found["values"], whole["values"][row, :length])


def test_it_is_saved_and_exported_with_a_network(tmp_path) -> None:
    model = SequenceModel(Nucleotides(), ManyToOne(input_size=4, outputs=2, hidden_size=3))
    model.build()
    asked = ["ACGTN", "gg"]
    expected = model.answer(asked).numpy()
    model.save(tmp_path / "model.keras")
    loaded = load_sequence_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.answer(asked), expected, rtol=1e-6)
    signature = [tf.TensorSpec([None], tf.string, name="text")]
    module = tf.Module()
    module.model = model
    module.answer = tf.function(model.answer, input_signature=signature, autograph=False)
    tf.saved_model.save(module, tmp_path / "1")
    exported = tf.saved_model.load(tmp_path / "1")
    np.testing.assert_allclose(exported.answer(tf.constant(asked)), expected, rtol=1e-6)


@given(strands)
def test_the_opposite_strand_is_that_of_biopython(strand: str) -> None:
    assert reverse_complement(strand) == str(Seq(strand).reverse_complement())
    assert reverse_complement(reverse_complement(strand)) == strand


def test_the_opposite_strand_of_rna_and_of_what_is_no_nucleotide() -> None:
    assert reverse_complement("AAGN-c") == "g-NCTT"
    assert reverse_complement("Ug") == "cA"
    assert reverse_complement("XxE*A") == "T*ExX"


@given(st.lists(strands, min_size=1, max_size=4))
def test_vectors_of_the_opposite_strands_are_those_of_their_letters(rows: list[str]) -> None:
    layer = Nucleotides()
    found = reverse_complement_vectors(layer(rows))
    expected = layer([reverse_complement(row) for row in rows])
    np.testing.assert_array_equal(found["length"], expected["length"])
    np.testing.assert_array_equal(found["values"], expected["values"])


def test_unknown_letters_are_counted_in_upper_case() -> None:
    assert unknown_letters("ACGTUNryXx-.*") == {}
    assert unknown_letters("MEFf5 ") == {"E": 1, "F": 2, "5": 1, " ": 1}
