"""Sentence splitting."""

import itertools
import time
from functools import cache

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.text import sentence_lengths
from toolkit.text.split import split

UNITS = ["words", "treebank_words"]

# Texts, and their sentences from the first token to the last.
PAIRS = [
    ("", ""),
    (" \n\n\u200b ", ""),
    ("word", "word"),
    ("He won! “Did he?” Yes… (Really.) ok", "He won!|“Did he?”|Yes…|(Really.) ok"),
    ("Mr. J. Hill, No. 5, lost. So?", "Mr. J. Hill, No. 5, lost.|So?"),
    ("1. Ann 2.5. 2. Bob", "1. Ann 2.5.|2. Bob"),
    ("Er kam. »Ja«, sagte sie. Gut.", "Er kam.|»Ja«, sagte sie.|Gut."),
    ("Sie rief: „Komm!“ Er kam.", "Sie rief: „Komm!“|Er kam."),
    ("我爱北京。你呢？好", "我爱北京。|你呢？|好"),
    ("行く。「はい。」帰る。", "行く。|「はい。」|帰る。"),
    ("a title\n\nand a\ntext", "a title|and a\ntext"),
    ("a \t\r\n \r\nb\u2029c<br><br />d<br>e\r\nf", "a|b|c|d<br>e\r\nf"),
    ("\n\nA b.\n\nC", "A b.|C"),
    (b"\x80\x80\x80\x80a\n\nb", "\ufffd\ufffd\ufffd\ufffda|b"),
    ("in the U.S. He left", "in the U.S. He left"),
    ("Acme Inc. The end of St. Ann, i.e. Ann. ok", "Acme Inc. The end of St. Ann, i.e. Ann. ok"),
    ("We saw No. He left. No. 5, No. 6", "We saw No.|He left.|No. 5, No. 6"),
    ("We saw No. - He left", "We saw No.|- He left"),
    ("In Mar. 5 came. In Mar. Ann came.", "In Mar. 5 came.|In Mar.|Ann came."),
    ("Is it 5? 12 of us. 1990 was good. So", "Is it 5?|12 of us.|1990 was good.|So"),
    ("1. Ann\n\n3. Bob ok. 12. Cy", "1. Ann|3. Bob ok.|12. Cy"),
    ("The age of 15. This", "The age of 15.|This"),
    ("Use .NET and 3.5. .NET too. Or node.js", "Use .NET and 3.5. .NET too.|Or node.js"),
    ("film.The end", "film.|The end"),
    ("Oh?! Well... so... So", "Oh?!|Well... so...|So"),
    ('"Why?" he asked. "No." (A [fly.]) \'Ok.\' I', '"Why?" he asked.|"No."|(A [fly.])|\'Ok.\'|I'),
    ("''So.'' ``No.'' Ok", "''So.''|``No.''|Ok"),
    ('He left . " Why ? " She won . " No . " I', 'He left .|" Why ? "|She won .|" No . "|I'),
    ("to U.S . He saw Mr . Hill", "to U.S .|He saw Mr .|Hill"),
    ("He won. - Ann. -- Bob! – Cy. — no", "He won.|- Ann.|-- Bob!|– Cy. — no"),
    ("«Да!» — сказал он. — Нет. Ёж", "«Да!» — сказал он.|— Нет.|Ёж"),
    ("А. С. Орлов жил. Он пел", "А. С. Орлов жил.|Он пел"),
    ("¿Qué? ¡Sí! @ann ok. #tag. 😀 ok. $5. • b", "¿Qué?|¡Sí!|@ann ok.|#tag.|😀 ok.|$5.|• b"),
    ("هل أنت هنا؟ نعم. لا۔ ok", "هل أنت هنا؟|نعم.|لا۔ ok"),
    ("שלום. מה שלומך? טוב", "שלום.|מה שלומך?|טוב"),
    ("क्या? हाँ। नहीं॥ ठीक", "क्या?|हाँ।|नहीं॥|ठीक"),
    ("გამარჯობა. როგორ ხარ? კარგად", "გამარჯობა.|როგორ ხარ?|კარგად"),
    ("Բարեւ։ Ինչպես ես", "Բարեւ։|Ինչպես ես"),
    ("ናይ። ሰላም", "ናይ።|ሰላም"),
    ("Yahoo!'s big. e\u0301. E\u0301t\u0301e", "Yahoo!'s big. e\u0301. E\u0301t\u0301e"),
    ("e\u0301te\u0301. E\u0301te\u0301", "e\u0301te\u0301.|E\u0301te\u0301"),
]


@cache
def compiled(units):
    """Return the function as a graph, which is many times as fast as eager execution."""

    def parts(texts):
        pieces = split(texts, units, html_breaks=True)
        return sentence_lengths(pieces, texts), pieces.starts, pieces.ends

    return tf.function(parts, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)


def cut(texts, units):
    """Return the sentences of each text, from the first token to the last."""
    found = compiled(units)(tf.constant(texts, tf.string))
    assert found[0].dtype == tf.int64
    cuts = []
    rows = zip(*(each.to_list() for each in found), strict=True)
    for text, (row, starts, ends) in zip(texts, rows, strict=True):
        assert sum(row) == len(starts)
        borders = [0]
        for length in row:
            assert length > 0
            borders.append(borders[-1] + length)
        places = itertools.pairwise(borders)
        decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
        cuts.append([decoded[starts[first] : ends[next_ - 1]] for first, next_ in places])
    return cuts


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize(("text", "sentences"), PAIRS)
def test_literal_pairs(units, text, sentences):
    assert cut([text], units) == [sentences.split("|") if sentences else []]


SENTENCES = [
    "Ann Hill won.",
    "“Did Mr. J. Hill go?”",
    "(No. 5 lost 3.50, i.e. all!)",
    "12 of us left…",
    "- Bob said: 'no'.",
    "我爱北京。",
    "Élan, Ёж и Ωμέγα!",
    "@ann likes #tag?!",
    "هل أنت هنا؟",
]


@pytest.mark.parametrize("units", UNITS)
@given(
    sentences=st.lists(st.sampled_from(SENTENCES), max_size=6),
    gap=st.sampled_from([" ", "  ", "\n", "\t", "\n\n", "<br /><br />", "\u2029"]),
)
def test_sentences_put_together_are_taken_apart_again(units, sentences, gap):
    assert cut([gap.join(sentences)], units) == [sentences]


@pytest.mark.parametrize("units", UNITS)
@given(paragraphs=st.lists(st.sampled_from(["a title", "- b", "3. Ann c", "(d", ".. e"])))
def test_a_blank_line_ends_a_sentence_whatever_stands_there(units, paragraphs):
    assert cut(["\n \n".join(paragraphs)], units) == [paragraphs]


TEXTS = st.one_of(
    st.text(), st.text("aB.,!\"'’1) (-I我é\u0301😀\u200d\0\r\n "), st.binary(), st.just("")
)


@pytest.mark.parametrize("units", UNITS)
@given(texts=st.lists(TEXTS, max_size=4))
def test_lengths_sum_up_and_a_batch_is_cut_as_each_text_alone(units, texts):
    texts = [text.encode() if isinstance(text, str) else text for text in texts]
    assert cut(texts, units) == [cut([text], units)[0] for text in texts]


@pytest.mark.parametrize("units", UNITS)
def test_what_ends_the_text_before_does_not_touch_this_one(units):
    texts = ["Ann", "   .NET too", 'A "', 'He left . " Why ? " She won']
    sentences = [["Ann"], [".NET too"], ['A "'], ["He left .", '" Why ? "', "She won"]]
    assert cut(texts, units) == sentences


def test_other_html_breaks_and_bytes_that_are_not_unicode_do_no_harm():
    text = tf.constant([b"a<br><br>b \xff\xfe.\n\n\xffc"])
    pieces = split(text, "words", html_breaks=False)
    lengths = sentence_lengths(pieces, text).to_list()[0]
    assert sum(lengths) == len(pieces.tokens.to_list()[0])
    assert lengths[-1] == 2  # the last paragraph: U+FFFD and c


@pytest.mark.slow
@pytest.mark.parametrize("units", UNITS)
def test_the_exported_graph_cuts_as_python_does(units, tmp_path):
    def lengths(text):
        return sentence_lengths(split(text, units, html_breaks=True), text).to_tensor()

    module = tf.Module()
    module.lengths = tf.function(lengths, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for texts in ([text for text, _ in PAIRS], ["", " "], []):
        text = tf.constant(texts, tf.string)
        assert loaded.lengths(text).numpy().tolist() == lengths(text).numpy().tolist()
        batches = tf.data.Dataset.from_tensor_slices(text).batch(8).map(lengths)
        assert sum(int(tf.reduce_sum(batch)) for batch in batches) == int(
            tf.reduce_sum(lengths(text))
        )


LONG = ["a", "a ", ".", "a. ", "A. ", '." ', "1. ", "No. ", "a\n\n", "\n", "<br>", "我", "(", "- "]


@pytest.mark.parametrize("units", UNITS)
def test_a_long_text_takes_linear_time(units):
    for unit in LONG:
        text = tf.constant([unit * (100_000 // len(unit))])
        pieces = split(text, units, html_breaks=True)
        began = time.process_time()
        sentence_lengths(pieces, text)
        assert time.process_time() - began < 5, unit  # 0.2 s; minutes if the time were quadratic
