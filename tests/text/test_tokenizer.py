"""The Tokenizer as a layer: adapt, call, split, detokenize."""

import os
import subprocess
import sys
import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError, OptionError
from toolkit.text import PADDING_ID, UNKNOWN_ID, Tokenizer

LETTERS = ["", "[UNK]", *"abcdefg"]


def test_example_in_the_docstring():
    tokenizer = Tokenizer(min_count=1)
    tokenizer.adapt(["A film, a good film."])
    assert tokenizer.vocabulary == ["", "[UNK]", "a", "film", ",", ".", "good"]
    ids = tokenizer(["A good film!", ""])
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 6, 3, 1], [0, 0, 0, 0]]
    assert tokenizer.detokenize(ids).numpy().tolist() == [b"a good film [UNK]", b""]
    assert (PADDING_ID, UNKNOWN_ID) == (0, 1)


def test_adapt_counts():
    texts = ["b a a", "c b a d", "", "a\ud800"]
    counts = Tokenizer(min_count=2, max_tokens=4).adapt(iter(texts))
    assert counts.lengths.tolist() == [3, 4, 0, 2]
    assert counts.frequencies.tolist() == [4, 2, 1, 1, 1]
    assert (counts.texts, counts.tokens, counts.distinct) == (4, 9, 5)
    assert counts.vocabulary_size == 4
    assert counts.unknown_share == pytest.approx(3 / 9)


def test_adapt_breaks_ties_in_code_point_order_whatever_the_batches(monkeypatch):
    texts = ["d c b a é Z", "e a", "b"] * 5
    whole = Tokenizer(lowercase=False)
    whole.adapt(texts)
    assert whole.vocabulary[2:] == ["a", "b", "Z", "c", "d", "e", "é"]
    monkeypatch.setattr("toolkit.text.counts._BATCH_TEXTS", 2)
    batched = Tokenizer(lowercase=False)
    batched.adapt(reversed(texts))
    assert batched.vocabulary == whole.vocabulary


def test_adapt_counts_equal_forms_together():
    tokenizer = Tokenizer(min_count=1)
    assert tokenizer.adapt(["É e\u0301 é", "E\u0301"]).frequencies.tolist() == [4]
    assert tokenizer.vocabulary[2:] == ["é"]


def test_adapt_on_nothing_knows_nothing():
    tokenizer = Tokenizer()
    counts = tokenizer.adapt([])
    assert (counts.texts, counts.tokens, counts.unknown_share) == (0, 0, 0.0)
    assert tokenizer(["a b"]).numpy().tolist() == [[1, 1]]


@pytest.mark.parametrize("texts", [["a", 3], [None], [b"a"]])
def test_adapt_names_what_is_not_text(texts):
    with pytest.raises(DataError, match=f"text {len(texts) - 1} is "):
        Tokenizer().adapt(texts)


@pytest.mark.parametrize(
    ("truncation", "length", "expected"),
    [
        ("head", 3, "abc"),
        ("tail", 3, "efg"),
        ("head_and_tail", 3, "abg"),
        ("head_and_tail", 4, "abfg"),
        ("head_and_tail", 1, "a"),
        ("head", 7, "abcdefg"),
        ("tail", 9, "abcdefg"),
    ],
)
@pytest.mark.parametrize("units", ["words", "characters"])
def test_truncation(units, truncation, length, expected):
    tokenizer = Tokenizer(units, max_length=length, truncation=truncation, vocabulary=LETTERS)
    separator = " " if units == "words" else ""
    ids = tokenizer([separator.join("abcdefg"), "", separator.join("ab")[: 2 * length - 1]])
    assert tokenizer.detokenize(ids).numpy()[0].decode() == separator.join(expected)
    assert not ids.numpy()[1].any()
    assert tokenizer.detokenize(ids).numpy()[2].decode() == separator.join("ab")[: 2 * length - 1]


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"]])
def test_there_is_always_a_step(texts):
    ids = Tokenizer()(tf.constant(texts, tf.string))
    assert ids.shape == (len(texts), 1)
    assert not ids.numpy().any()


TEXTS = st.lists(
    st.one_of(st.text(), st.text("aAéE\u0301 .'’t\n<br/>我👍🏽\u200d\0ς Σ")), max_size=5
)


@pytest.mark.parametrize("units", ["words", "characters"])
@given(texts=TEXTS)
def test_scalar_single_and_batch_agree_in_graph_and_out(units, texts):
    tokenizer = TOKENIZERS[units]
    batch = tokenizer(tf.constant(texts, tf.string)).numpy()
    assert np.array_equal(batch, GRAPHS[units](tf.constant(texts, tf.string)))
    for row, text in zip(batch, texts, strict=True):
        scalar = tokenizer(text).numpy()
        assert scalar.ndim == 1
        assert np.array_equal(scalar, tokenizer([text]).numpy()[0])
        assert np.array_equal(row, np.pad(scalar, (0, len(row) - len(scalar))))


@pytest.mark.parametrize("units", ["words", "characters"])
@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(text=st.text(st.characters(exclude_characters="Σσς", codec="utf-8")))
def test_units_are_the_normalised_originals(units, form, text):
    pieces = Tokenizer(units, normalization=form, lowercase=False).split(text)
    for token, start, end in zip(*(p.numpy().tolist() for p in pieces), strict=True):
        if token != b"\n":
            assert token.decode() == unicodedata.normalize(form, text[start:end])


@given(text=st.text(st.characters(codec="utf-8")))
def test_characters_come_back_exactly(text):
    tokenizer = Tokenizer("characters", normalization="none", lowercase=False, html_breaks=False)
    units = {unit.decode() for unit in tokenizer.split(text).tokens.numpy()}
    tokenizer = Tokenizer.from_config(tokenizer.get_config() | {"vocabulary": sorted(units)})
    expected = text.replace("\r\n", "\n")
    for line_break in "\r\v\f\x85\u2028\u2029":
        expected = expected.replace(line_break, "\n")
    assert tokenizer.detokenize(tokenizer(text)).numpy().decode() == expected


def test_offsets_are_of_the_original_though_normalising_changes_lengths():
    text = "İİ ﬁn e\u0301te\u0301"
    pieces = Tokenizer(normalization="NFKC").split(text)
    assert [t.decode() for t in pieces.tokens.numpy()] == ["i\u0307i\u0307", "fin", "été"]
    spans = zip(pieces.starts.numpy(), pieces.ends.numpy(), strict=True)
    assert [text[start:end] for start, end in spans] == text.split()


def test_lone_surrogates_count_as_one_replacement_character():
    text = "a \ud83d b"
    pieces = Tokenizer().split([text])
    assert pieces.tokens.to_list() == [[b"a", "\ufffd".encode(), b"b"]]
    assert pieces.starts.to_list() == [[0, 2, 4]]


def test_in_a_dataset_batched_and_not():
    tokenizer = Tokenizer(vocabulary=["a", "b"])
    dataset = tf.data.Dataset.from_tensor_slices(["a b", "b", ""])
    single = [row.numpy().tolist() for row in dataset.map(tokenizer)]
    assert single == [[2, 3], [3], [0]]
    assert [row.numpy().tolist() for row in dataset.batch(3).map(tokenizer)] == [
        [[2, 3], [3, 0], [0, 0]]
    ]


def test_config_and_keras_file(tmp_path):
    tokenizer = Tokenizer("characters", False, "NFKC", False, 50, 1, 12, "tail")
    tokenizer.adapt(["Tab\tand\nline \0"])
    clone = Tokenizer.from_config(tokenizer.get_config())
    assert clone.get_config() == tokenizer.get_config()

    model = keras.Sequential([keras.Input((), dtype="string"), tokenizer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == tokenizer.get_config()
    text = tf.constant(["a\nTab"])
    assert np.array_equal(loaded(text), model(text))


@pytest.mark.slow
def test_exported_graph_answers_alone_moved_and_under_another_locale(tmp_path):
    tokenizer = Tokenizer("characters", min_count=1)
    texts = ["TITLE Ünï\r\nline\0", "", "a<br />👍🏽 e\u0301"]
    tokenizer.adapt(texts)

    def serve(text):
        ids = tokenizer(text)
        return {"ids": ids, "text": tokenizer.detokenize(ids)}

    archive = keras.export.ExportArchive()
    archive.track(tokenizer)
    archive.add_endpoint("serve", serve, [tf.TensorSpec([None], tf.string, name="text")])
    archive.write_out(str(tmp_path / "first"), verbose=False)
    (tmp_path / "first").rename(tmp_path / "moved")
    lines = (tmp_path / "moved/assets/vocabulary.txt").read_bytes().decode().split("\n")
    assert len(lines) == tokenizer.vocabulary_size + 1
    code = (
        "import sys, tensorflow as tf;"
        "serve = tf.saved_model.load(sys.argv[1]).signatures['serve'];"
        "answer = serve(text=tf.constant([bytes.fromhex(a) for a in sys.argv[2:]]));"
        "print(answer['ids'].numpy().tolist(), [t.hex() for t in answer['text'].numpy()])"
    )
    arguments = [str(tmp_path / "moved"), *(text.encode().hex() for text in texts)]
    turkish = os.environ | {"LC_ALL": "tr_TR.UTF-8"}  # where tf.strings.lower makes "ı" of "I"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=turkish,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = serve(tf.constant(texts))
    assert expected["text"].numpy()[0].decode().startswith("title ünï\nline")
    told = [text.hex() for text in expected["text"].numpy()]
    assert result.stdout.strip() == f"{expected['ids'].numpy().tolist()} {told}"


def test_it_needs_no_disk(full_disk):
    full_disk()
    assert Tokenizer(vocabulary=["a"])(tf.constant(["a b"])).numpy().tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"token_level": "bytes"},
            "token_level is 'bytes'; it must be one of words, treebank_words, spaced_words",
        ),
        ({"normalization": "NFD"}, "must be one of NFC, NFKC, none"),
        ({"truncation": "middle"}, "must be one of head, tail, head_and_tail"),
        ({"max_tokens": 2}, "max_tokens is 2"),
        ({"max_tokens": "auto"}, "must be a whole number"),
        ({"min_count": 0}, "min_count is 0"),
        ({"max_length": 0}, "max_length is 0"),
    ],
)
def test_impossible_options_are_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        Tokenizer(**arguments)


def test_a_matrix_of_strings_is_refused():
    with pytest.raises(DataError, match=r"text has shape \(1, 1\)"):
        Tokenizer().call(tf.constant([["a"]]))


def test_options_import_without_tensorflow():
    code = "import sys, toolkit.text.options; assert not {'tensorflow', 'keras'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)


TOKENIZERS = {units: Tokenizer(units, min_count=1) for units in ("words", "characters")}
for _tokenizer in TOKENIZERS.values():
    _tokenizer.adapt(["A é t . ' don't 我 👍🏽 b r / < > \0 \n σας"])
GRAPHS = {
    units: tf.function(tokenizer.call, input_signature=[tf.TensorSpec([None], tf.string)])
    for units, tokenizer in TOKENIZERS.items()
}


@pytest.mark.parametrize("truncation", ["head", "tail", "head_and_tail"])
def test_tokens_that_are_kept_are_those_that_are_read(truncation):
    tokenizer = Tokenizer(truncation=truncation, min_count=1)
    text = "One film, a GOOD film!"
    tokenizer.adapt([text])
    kept = tokenizer.kept([text], 4)
    tokens = [token.decode() for token in kept.tokens[0].numpy()]
    places = zip(kept.starts[0].numpy(), kept.ends[0].numpy(), strict=True)
    assert [text[start:end] for start, end in places] == tokens
    (ids,), (longer,) = tokenizer.read(tf.constant([text]), 4)
    assert longer
    assert [t.decode() for t in tokenizer.tokens_of(ids).numpy()] == [t.lower() for t in tokens]
