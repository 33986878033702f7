"""Features of tokens, against strings in plain Python and ``unicodedata``."""

import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import groupby

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.text import TokenFeatures
from toolkit.text.token_features import MIN_COUNTS

NAMES = ("words", "characters", "shapes", "affixes")
UNNAMEABLE = {"", "[PAD]", "[UNK]", "\\n"}  # and strings with a line break


def known(character: str) -> bool:
    """Return whether Python and TensorFlow, whose Unicode is 15.0, agree on the code point."""
    return unicodedata.category(character) not in ("Cn", "Cs") and not (
        "\U0002ebf0" <= character <= "\U0002ee5d"  # new in Unicode 15.1
    )


CODE_POINTS = [chr(code) for code in range(sys.maxunicode + 1) if known(chr(code))]
TOKENS = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8").filter(known)),
        st.text("aAéE\u0301İΣσς1٣²Ⅷǅ…\n\r\\n[]."),
        st.sampled_from(["", "…", "[PAD]", "[UNK]", "\\n", "\n", "x" * 300, "ΑΣ\u0301Σ", "Ⅻ①½"]),
    ),
    max_size=6,
)


def lower(text: str, form: str) -> str:
    text = "".join(map(str.lower, text))
    text = text if form == "none" else unicodedata.normalize(form, text)
    before = text[:-1]
    while before and unicodedata.category(before[-1])[0] == "M":
        before = before[:-1]
    ends_a_word = text.endswith("σ") and before and unicodedata.category(before[-1])[0] == "L"
    return text[:-1] + "ς" if ends_a_word else text


def shape(text: str) -> str:
    def kind(c: str) -> str:
        category = unicodedata.category(c)
        if category in ("Lu", "Lt"):
            return "X"
        return {"L": "x", "M": "x", "N": "0"}.get(category[0], c)

    runs = [[*run] for _, run in groupby(map(kind, text))]
    return "".join("".join(run[:2] if run[0] in "Xx0" else run) for run in runs)[:10]


def strings(token: str, form: str = "NFC", most: int = 24) -> dict[str, list[str]]:
    """Return the features of a token as strings, such as ``words`` ["anna"]; none for ''."""
    token = token if form == "none" else unicodedata.normalize(form, token)
    if not token:
        return {name: [] for name in NAMES}
    decimal = [unicodedata.category(c) == "Nd" for c in lower(token, form)]
    word = "".join("0" if d else c for c, d in zip(lower(token, form), decimal, strict=True))
    head = (most + 1) // 2
    tail = min(most - head, max(0, len(token) - head))
    return {
        "words": [word],
        "characters": [*token[:head], *token[len(token) - tail :]],
        "shapes": [shape(token)],
        "affixes": [a for n in (1, 2, 3, 4) for a in (f"{word[:n]}…", f"…{word[-n:]}")],
    }


def ids(features: TokenFeatures, name: str, units: list[str]) -> list[int]:
    vocabulary = features.get_config()["vocabularies"][name]
    table = {unit: number for number, unit in enumerate(vocabulary) if number > 1}
    return [table.get(unit, 1) for unit in units]


def stripped(row: list[int]) -> list[int]:
    """Return a row without the padding at its end."""
    return row[: len(row) - next((n for n, i in enumerate(reversed(row)) if i), len(row))]


def rows(found: dict, name: str) -> list[list[int]]:
    """Return the ids of each distinct token, without padding."""
    return [stripped(np.atleast_1d(row).tolist()) for row in found[name].numpy()]


def adapted(counts: dict[str, int], **options) -> TokenFeatures:
    features = TokenFeatures(**options)
    features.adapt(counts)
    return features


def test_the_example_in_the_docstring():
    features = TokenFeatures()
    counts = features.adapt({"Anna": 3, "sang": 2})
    assert counts.tolist() == [0, 0, 3, 2]
    found = features([["Anna", "sang"], ["Anna", ""]])
    assert {value.dtype for value in found.values()} == {tf.int32}
    assert found["index"].numpy().tolist() == [[1, 2], [1, 0]]
    assert found["words"].numpy().tolist() == [0, 2, 3]
    assert features.words == ["", "[UNK]", "anna", "sang"]
    assert found["characters"].shape == (3, 4)
    assert found["characters"].numpy()[0].tolist() == [0] * 4
    assert found["affixes"].numpy()[0].tolist() == [0] * 8
    assert found["shapes"].numpy()[0] == 0
    vocabularies = features.get_config()["vocabularies"]
    assert [vocabularies["shapes"][i] for i in found["shapes"].numpy()] == ["", "Xxx", "[UNK]"]
    of_anna = [vocabularies["affixes"][i] for i in found["affixes"].numpy()[1]]
    assert of_anna == ["a…", "…a", "an…", "…na", "ann…", "…nna", "anna…", "…anna"]
    assert features.sizes == {name: len(vocabularies[name]) for name in NAMES}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("Anna", "Xxx"),
        ("U.S.", "X.X."),
        ("1996-08-22", "00-00-00"),
        ("McDonald's", "XxXxx'x"),
        ("....", "...."),
        ("e\u0301té", "xx"),
        ("\u0301", "x"),
        ("ǅ", "X"),
        ("我", "x"),
        ("½Ⅻ٣", "00"),
        ("a-b-c-d-e-f", "x-x-x-x-x-"),
    ],
)
def test_shapes(token, expected):
    assert shape(unicodedata.normalize("NFC", token)) == expected
    assert adapted({token: 3}).get_config()["vocabularies"]["shapes"] == ["", "[UNK]", expected]


@pytest.mark.slow
def test_every_code_point():
    each = [strings(character) for character in CODE_POINTS]
    units = {name: [of_one[name][0] for of_one in each] for name in ("words", "shapes")}
    named = {name: {*found} - {"\n", "\r"} for name, found in units.items()}
    features = TokenFeatures(vocabularies=named)
    found = features.lookup(CODE_POINTS)
    for name, expected in units.items():
        assert found[name].numpy().tolist() == ids(features, name, expected)


@pytest.mark.slow
@given(tokens=TOKENS, form=st.sampled_from(["NFC", "NFKC", "none"]), most=st.integers(1, 25))
@example(tokens=["é" * 30, "A\u0301" * 30], form="NFC", most=24)
def test_any_tokens(tokens, form, most):
    learnt = tokens[::2]
    features = TokenFeatures(normalization=form, max_characters=most)
    features.adapt(dict.fromkeys(learnt, 3))
    for name in NAMES:
        units = {unit for token in learnt for unit in strings(token, form, most)[name]}
        named = {u for u in units if u not in UNNAMEABLE and not {"\n", "\r"} & {*u}}
        assert {*features.get_config()["vocabularies"][name][2:]} == named
    found = features.lookup(tf.constant(tokens, tf.string))
    for name in NAMES:
        expected = [ids(features, name, strings(token, form, most)[name]) for token in tokens]
        assert rows(found, name) == expected
    longest = max((len(strings(token, form, most)["characters"]) for token in tokens), default=0)
    assert found["characters"].shape == (len(tokens), max(1, longest))


@given(batch=st.lists(st.lists(st.one_of(TOKENS.map("".join), st.sampled_from("ab")), max_size=4)))
def test_a_batch_looks_at_each_distinct_token_once(batch):
    width = max(map(len, batch), default=0)
    padded = [[*row, *[""] * (width - len(row))] for row in batch]
    tokens = tf.constant(padded, tf.string, shape=(len(batch), width))
    found = FEATURES(tokens)
    index = found["index"].numpy()
    assert index.shape == (len(batch), max(1, width))
    distinct = list(dict.fromkeys(["", *(token for row in padded for token in row)]))
    expected = FEATURES.lookup(tf.constant(distinct))
    in_graph = GRAPH(tokens)
    for name in NAMES:
        assert np.array_equal(found[name], expected[name])
        assert np.array_equal(found[name], in_graph[name])
    assert [[distinct[i] for i in row[:width]] for row in index] == padded
    assert not index[:, width:].any()


@given(tokens=st.lists(st.one_of(st.binary(), st.text().map(str.encode)), max_size=5))
@example(tokens=[b"\xff", b"\xe2\x82", b"a\xf0\x9fb", b"\xed\xa0\x80", b"\xc0\x80"])
def test_bytes_that_are_not_utf8_count_as_replacement_characters(tokens):
    decoded = [token.decode("utf-8", "replace").encode() for token in tokens]
    for found in FEATURES.lookup(tf.constant(tokens + decoded, tf.string)).values():
        assert np.array_equal(found[: len(tokens)], found[len(tokens) :])


def test_lone_surrogates_count_as_replacement_characters_when_learning():
    features = TokenFeatures()
    counts = dict(zip(["a\ud800b", "a\udfffb", "a\ufffdb"], [3, 2, 1], strict=True))
    assert features.adapt(counts).tolist() == [0, 0, 6]
    assert features.words == ["", "[UNK]", "a\ufffdb"]


@pytest.mark.parametrize(("most", "read"), [(1, "a"), (2, "ag"), (3, "abg"), (7, "abcdefg")])
def test_of_a_long_token_both_ends_are_read(most, read):
    features = TokenFeatures(max_characters=most, vocabularies={"characters": [*"abcdefg"]})
    assert features.lookup(["abcdefg", "", "b"])["characters"].numpy().tolist() == [
        [2 + "abcdefg".index(c) for c in read],
        [0] * most,
        [3, *[0] * (most - 1)],
    ]


def test_a_very_long_token():
    token = "Aé" + "x" * 100_000 + "yz"
    found = FEATURES.lookup([token])
    assert found["characters"].shape == (1, 24)
    for name in NAMES:
        assert rows(found, name) == [ids(FEATURES, name, strings(token)[name])]


def test_adapt_counts():
    tokens = {"Tom": 1, "tom": 4, "Ann": 4, "1990": 2, "2024": 1, "bob": 1, "": 7, "\\n": 2}
    tokens |= {"a\nb": 1}
    features = TokenFeatures(min_count=2)
    counts = features.adapt(tokens)
    assert features.words == ["", "[UNK]", "tom", "ann", "0000"]
    assert counts.dtype == np.int64
    assert counts.tolist() == [0, 4, 5, 4, 3]
    vocabularies = features.get_config()["vocabularies"]
    for name in ("characters", "shapes", "affixes"):
        often = Counter()
        for token, count in tokens.items():
            for unit in strings(token)[name]:
                often[unit] += count
        frequent = sorted((-n, unit) for unit, n in often.items() if n >= MIN_COUNTS[name])
        named = [u for _, u in frequent if u not in UNNAMEABLE and not {"\n", "\r"} & {*u}]
        assert vocabularies[name] == ["", "[UNK]", *named]


def test_adapt_keeps_the_most_frequent():
    features = TokenFeatures(max_tokens=4)
    assert features.adapt({"c": 5, "d": 3, "b": 3, "a": 1}).tolist() == [0, 4, 5, 3]
    assert features.words == ["", "[UNK]", "c", "b"]
    assert max(features.sizes.values()) == 4


def test_adapt_on_nothing_knows_nothing():
    features = TokenFeatures()
    assert features.adapt({}).tolist() == [0, 0]
    assert set(features.sizes.values()) == {2}
    found = features([["a", ""]])
    assert {name: rows(found, name)[1] for name in NAMES} == {
        "words": [1],
        "characters": [1],
        "shapes": [1],
        "affixes": [1] * 8,
    }


def test_text_is_cut_as_it_was_told():
    text = ["the<br />26-year-old"]
    tokens = TokenFeatures("treebank_words").split(text).tokens.to_list()
    assert tokens == [[b"the", b"26-year-old"]]
    words = TokenFeatures(html_breaks=False).split(text).tokens.to_list()
    assert words[0][:3] == [b"the", b"<", b"br"]


def test_config_round_trip_and_later_vocabularies():
    options = {"token_level": "treebank_words", "normalization": "NFKC", "html_breaks": False}
    options |= {"max_tokens": 50, "min_count": 2, "max_characters": 12}
    features = TokenFeatures(**options)
    assert features.get_config().items() >= options.items()
    features.adapt({"Anna": 3, "né": 2})
    again = TokenFeatures.from_config(features.get_config())
    assert again.get_config() == features.get_config()
    assert again.words == features.words == ["", "[UNK]", "anna", "né"]
    again.adapt({"Bo": 3})
    assert again.words == ["", "[UNK]", "bo"]
    assert again([["bo"]])["words"].numpy().tolist() == [0, 2]


@pytest.mark.slow
def test_exported_graph_answers_alone(tmp_path):
    def serve(tokens):
        return FEATURES(tokens)

    archive = keras.export.ExportArchive()
    archive.track(FEATURES)
    archive.add_endpoint("serve", serve, [tf.TensorSpec([None, None], tf.string, name="tokens")])
    archive.write_out(str(tmp_path / "first"), verbose=False)
    (tmp_path / "first").rename(tmp_path / "moved")
    assets = {path.name for path in (tmp_path / "moved/assets").iterdir()}
    assert assets == {f"{name}.txt" for name in NAMES}
    code = (
        "import sys, tensorflow as tf;"
        "serve = tf.saved_model.load(sys.argv[1]).signatures['serve'];"
        "found = serve(tokens=tf.constant([[bytes.fromhex(a) for a in sys.argv[2:]]]));"
        "print({name: value.numpy().tolist() for name, value in sorted(found.items())})"
    )
    tokens = ["Anna", "ΑΣ", "", "Anna", "e\u0301té", "unseen", "1999"]
    arguments = [str(tmp_path / "moved"), *(token.encode().hex() for token in tokens)]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    expected = {name: v.numpy().tolist() for name, v in sorted(FEATURES([tokens]).items())}
    assert result.stdout.strip() == str(expected)


FEATURES = adapted({"Anna": 3, "ΑΣ": 3, "été": 3, "a": 3, "b": 3, "\ufffd": 3, "2024": 3, "Aé": 3})
GRAPH = tf.function(
    FEATURES.call, input_signature=[tf.TensorSpec([None, None], tf.string)], autograph=False
)
