"""Subwords: round trips of any text, and the longest pieces from the left."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.errors import DataError, OptionError
from toolkit.text import SubwordTokenizer, utf8
from toolkit.text.subwords import BYTES, FIRST_BYTE, FIRST_SUBWORD

TEXTS = [
    "The lowest of the low are lower than the lowly.",
    "New news is newer: the newest!",
    "Größe größer am größten, naïve Œuvre",
    "two\nlines  and   spaces\t.",
] * 3


@pytest.fixture(scope="module")
def tokenizer() -> SubwordTokenizer:
    layer = SubwordTokenizer(400)
    layer.adapt(TEXTS)
    return layer


@pytest.fixture(scope="module")
def compiled(tokenizer: SubwordTokenizer) -> Any:
    """A graph from texts to ids and back."""
    signature = [tf.TensorSpec([None], tf.string)]

    @tf.function(input_signature=signature, autograph=False)
    def there_and_back(texts: Any) -> tuple[Any, Any]:
        ids = tokenizer(texts)
        return ids, tokenizer.detokenize(ids)

    return there_and_back


def back(tokenizer: SubwordTokenizer, text: str) -> str:
    return tokenizer.detokenize(tokenizer(text)).numpy().decode()


ANY = st.text(st.characters(), max_size=60)


@given(st.lists(ANY, min_size=1, max_size=4))
@example(["", " ", "  ", "\n"])
@example(["a\r\nb\rc\u2028d\x85", "\\n [UNK] [PAD] <0x41> \ue0ff", "\0\x1f\ufffe"])
@example(["👩‍👩‍👧‍👦 e\u0301" * 3, "٣٤ १२ 四", "\ud800lone\udfff"])
@example(["low" * 40, "\u0301" * 40, " " * 50, "!" * 50, "новости 🙂"])
def test_any_text_comes_back(compiled: Any, texts: list[str]) -> None:
    given = [utf8(text) for text in texts]
    ids, found = (value.numpy() for value in compiled(tf.constant(given)))
    assert found.tolist() == given
    assert not (ids == 1).any()
    for text, row in zip(given, ids, strict=True):
        alone = compiled(tf.constant([text]))[0].numpy()[0]
        np.testing.assert_array_equal(alone, row[: len(alone)])
        assert not row[len(alone) :].any()


def words_of(text: str) -> list[str]:
    """Return the words of plain text, by Python's own regular expressions."""
    return re.findall(r" ?[^\W\d_]+| ?\d| ?[^\w\s]+|\s", text)


@pytest.mark.parametrize("text", [*TEXTS, "unheard-of slowness, lowlow! 1984", "größtenteils"])
def test_pieces_are_the_longest_from_the_left(tokenizer: SubwordTokenizer, text: str) -> None:
    pieces = set(tokenizer.vocabulary[FIRST_SUBWORD:])
    right: list[str] = []
    for word in words_of(text):
        while word:
            longest = next((word[:n] for n in range(len(word), 0, -1) if word[:n] in pieces), "")
            right += [longest] if longest else [BYTES[byte] for byte in word[0].encode()]
            word = word[max(1, len(longest)) :]
    units = tokenizer.tokens_of(tokenizer(text)).numpy()
    assert [unit.decode() for unit in units] == right


def test_frequent_words_are_whole_and_bytes_never_collide(tokenizer: SubwordTokenizer) -> None:
    assert tokenizer.tokens_of(tokenizer(" the low")).numpy().tolist() == [b" the", b" low"]
    assert tokenizer.vocabulary[FIRST_BYTE:FIRST_SUBWORD] == list(BYTES)
    ids = tokenizer("\x01<0x41>").numpy()
    assert ids[0] == FIRST_BYTE + 1
    assert len(ids) > 2  # a text like a byte's name is not that byte


def test_bytes_that_are_no_text_are_replaced(tokenizer: SubwordTokenizer) -> None:
    ids = [FIRST_BYTE + 0xE2, FIRST_BYTE + 0x41, 0, 1]
    assert tokenizer.detokenize(ids).numpy().decode() == "\ufffdA[UNK]"
    assert tokenizer.detokenize([[0, 0]]).numpy().tolist() == [b""]


def test_the_vocabulary_has_a_limit_and_a_length(tokenizer: SubwordTokenizer) -> None:
    small = SubwordTokenizer(FIRST_SUBWORD + 9)
    small.adapt(TEXTS)
    assert small.vocabulary_size <= FIRST_SUBWORD + 9
    assert back(small, TEXTS[2]) == TEXTS[2]
    assert SubwordTokenizer(300)("né").numpy().tolist() == [
        FIRST_BYTE + byte for byte in "né".encode()
    ]
    short = SubwordTokenizer.from_config(tokenizer.get_config() | {"max_length": 3})
    np.testing.assert_array_equal(short(TEXTS), tokenizer(TEXTS)[:, :3])


def test_long_words_and_runs_take_no_time_to_speak_of(tokenizer: SubwordTokenizer) -> None:
    for text in ("q" * 100_000, " " * 100_000, "low" * 30_000):
        assert back(tokenizer, text) == text


def test_batches_of_nothing(tokenizer: SubwordTokenizer) -> None:
    assert tokenizer(tf.constant([], tf.string)).shape == (0, 1)
    assert tokenizer([""]).numpy().tolist() == [[0]]
    assert tokenizer.detokenize(tf.zeros([0, 3], tf.int32)).shape == (0,)
    with pytest.raises(DataError, match="text has shape"):
        tokenizer([["a"]])


def test_it_learns_the_same_and_survives_saving(
    tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    again = SubwordTokenizer(400)
    again.adapt(iter(TEXTS))
    assert again.vocabulary == tokenizer.vocabulary
    config = SubwordTokenizer.from_config(tokenizer.get_config())
    assert config.get_config() == tokenizer.get_config()
    tokenizer.save_assets(str(tmp_path))
    loaded = SubwordTokenizer(400)
    loaded.load_assets(str(tmp_path))
    np.testing.assert_array_equal(loaded(TEXTS), tokenizer(TEXTS))


def test_a_data_set_is_mapped(tokenizer: SubwordTokenizer) -> None:
    ids = tf.data.Dataset.from_tensor_slices(TEXTS).batch(5).map(tokenizer)
    for batch, first in zip(ids, range(0, len(TEXTS), 5), strict=True):
        np.testing.assert_array_equal(batch, tokenizer(TEXTS[first : first + 5]))


ALONE = """
import sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
text = tf.constant(["The new Größe 🙂 is  low\\n"])
found = model.signatures["serving_default"](text=text)
assert found["one"].numpy() == found["other"].numpy() == text.numpy(), found
assert found["ids"].shape[1] < found["others"].shape[1]
assert not [name for name in sys.modules if name.startswith("toolkit")]
"""


@pytest.mark.slow
def test_two_of_them_in_one_saved_model_answer_alone(
    tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    other = SubwordTokenizer(FIRST_SUBWORD + 20, file_name="other.txt")
    other.adapt(TEXTS)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def both(text: Any) -> dict[str, Any]:
        ids, others = tokenizer(text), other(text)
        return {
            "ids": ids,
            "others": others,
            "one": tokenizer.detokenize(ids),
            "other": other.detokenize(others),
        }

    archive = keras.export.ExportArchive()
    archive.track(tokenizer)
    archive.track(other)
    archive.add_endpoint("serving_default", both)
    archive.write_out(str(tmp_path / "here"), verbose=False)
    (tmp_path / "here").rename(tmp_path / "there")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "there")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"max_tokens": 258}, "more than 258"), ({"max_length": 0}, "at least 1")],
)
def test_impossible_arguments(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        SubwordTokenizer(**options)


def test_graphs_share_the_one_that_cuts(tokenizer: SubwordTokenizer) -> None:
    def cut(text: Any) -> Any:
        return tokenizer(text)

    signature = [tf.TensorSpec([None], tf.string)]
    graphs = [tf.function(cut, input_signature=signature).get_concrete_function() for _ in "ab"]
    called = [
        {
            node.attr["f"].func.name
            for node in graph.graph.as_graph_def().node
            if node.attr["f"].func
        }
        for graph in graphs
    ]
    assert len(called[0] - {""}) == 1
    assert called[0] == called[1]
    assert all(len(graph.graph.get_operations()) < 10 for graph in graphs)


@pytest.mark.slow
def test_a_new_vocabulary_is_used_by_graphs_made_after_it() -> None:
    layer = SubwordTokenizer(300)

    def pieces() -> int:
        cut = tf.function(lambda text: layer(text), autograph=False)
        return int(cut(tf.constant(["abab"])).shape[1])

    layer.adapt(["xyxy"] * 5)
    assert pieces() == 4  # a piece for each byte
    layer.adapt(["abab"] * 5)
    assert pieces() < 4
