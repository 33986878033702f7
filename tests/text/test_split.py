"""Tokens of texts, and their places."""

import re
import time
import unicodedata
from functools import cache

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.text.split import choose_token_level, join, split

WORDS = [
    ("", ""),
    (" \t\n", ""),
    ("Don't shout, it's 3.50 a kilo!", "Don't|shout|,|it|'s|3.50|a|kilo|!"),
    ("We’ll see: they're 'there'.", "We|’ll|see|:|they|'re|'|there|'|."),
    ("CAN'T isn’t wouldn't've", "CAN'T|isn’t|wouldn't|'ve"),
    ("state-of-the-art (U.S.)", "state|-|of|-|the|-|art|(|U.S.|)"),
    ("Plan B. No", "Plan|B|.|No"),
    ("1,000,000 10.11.2024 v1.5 3rd 7/10", "1,000,000|10.11.2024|v1|.|5|3rd|7|/|10"),
    ("well... what?!", "well|.|.|.|what|?|!"),
    ("l’Europe, O'Brien, м’яч, п'ять", "l|’|Europe|,|O|'|Brien|,|м’яч|,|п'ять"),
    ("привет, мир: ёлка", "привет|,|мир|:|ёлка"),
    ("e\u0301te\u0301 Ångström", "e\u0301te\u0301|Ångström"),
    ("我爱北京。", "我|爱|北|京|。"),
    ("ひらがなカタカナ", "ひ|ら|が|な|カタカナ"),
    ("สวัสดี", "ส|วั|ส|ดี"),
    ("한국어 \u1112\u1161\u11ab", "한국어|\u1112\u1161\u11ab"),
    ("हिन्दी में", "हिन्दी|में"),
    ("שָׁלוֹם עולם", "שָׁלוֹם|עולם"),
    ("مرحبا، می\u200cخواهم", "مرحبا|،|می\u200cخواهم"),
    ("\u200fabc\u202c \ufeffdef\u200b", "abc|def"),
    ("👍🏽👩‍👩‍👧 🇫🇷🇩🇪🇫", "👍🏽|👩‍👩‍👧|🇫🇷|🇩🇪|🇫"),
    ("❤️1️⃣2️⃣#️⃣ 🏴\U000e0067\U000e0062\U000e007f!", "❤️|1️⃣|2️⃣|#️⃣|🏴\U000e0067\U000e0062\U000e007f|!"),
    ("good😀film \U0001f600\u200dbad", "good|😀|film|\U0001f600|\u200dbad"),
    ("a\0b\x01c", "a|b|c"),
    (b"caf\xc3 \xff\xfe x\xe2\x82", "caf|\ufffd|\ufffd|\ufffd|x|\ufffd"),
    ("<br>a<BR/>b<br />c</br>d<b>", "a|b|c|d|<|b|>"),
    ("co\u00adop", "co\u00adop"),
]

COMPOUNDS = [
    ("", ""),
    (" \t\n", ""),
    ("the 26-year-old (Paris-based)", "the|26-year-old|(|Paris-based|)"),
    ("Don't say it's O'Brien's.", "Do|n't|say|it|'s|O'Brien|'s|."),
    ("“Yes,” said St. John.", "“|Yes|,|”|said|St.|John|."),
    ("U.S.-led, 1996-08-22 3/4 -- ...", "U.S.-led|,|1996-08-22|3/4|--|..."),
    ("@user #tag http://t.co/x :-)", "@user|#tag|http://t.co/x|:-)"),
    ('"Yes," (Reuters) London.', '"|Yes|,|"|(|Reuters|)|London|.'),
    ("he'd've WE’LL CAN'T couldn't've", "he|'d|'ve|WE|’LL|CA|N'T|could|n't|'ve"),
    ("'They're' the dogs' o'clock", "'|They|'re|'|the|dogs|'|o'clock"),
    ("n't 's 'There' Ankara'dır", "n't|'s|'|There|'|Ankara'dır"),
    ("Mr. J. R. Hill, Acme Inc., No. 5", "Mr.|J.|R.|Hill|,|Acme|Inc.|,|No.|5"),
    ("Marco. Mar. incorporated.", "Marco|.|Mar.|incorporated|."),
    ("a.m. Ph.D. J.J.Field U.S now", "a.m.|Ph.D.|J.J.Field|U.S|now"),
    ("А. С. Орлов и т.д. Ёж.", "А.|С.|Орлов|и|т.д.|Ёж|."),
    ("film.The end,he v1.5 example.org.", "film|.|The|end|,|he|v1.5|example.org|."),
    ("3. Ann 4. Bob\n12. Cy 2.", "3.|Ann|4|.|Bob|12.|Cy|2|."),
    ("1,820,000 3,5 1:54.342 3:2 1,a", "1,820,000|3,5|1:54.342|3:2|1|,|a"),
    ("+0.7 .576 +44 2.3pt 5-1/2 1970–72", "+0.7|.576|+44|2.3pt|5-1/2|1970–72"),
    ("R&D AT&T, Q & A a&amp;b &lt;", "R&D|AT&T|,|Q|&|A|a&amp|;|b|&lt;"),
    ("either/or this--that those—they", "either|/|or|this|--|that|those|—|they"),
    ("C$ 5 US$7 $9 100%", "C$|5|US$|7|$|9|100|%"),
    ("a_b ann@mail.example.org, @a_1 #1", "a_b|ann@mail.example.org|,|@a_1|#1"),
    ("(see www.example.org/a?b=1).", "(|see|www.example.org/a?b=1|)|."),
    ("''so'' ``it'' what?! *** == '' .", "''|so|''|``|it|''|what|?!|***|==|''|."),
    (":) ;-) :P Time:Paris :", ":)|;-)|:P|Time|:|Paris|:"),
    ("l’Europe м’яч e\u0301te\u0301-né", "l’Europe|м’яч|e\u0301te\u0301-né"),
    ("我爱U.S. 北京。", "我|爱|U.S.|北|京|。"),
    ("हिन्दी-में می\u200cخواهم", "हिन्दी-में|می\u200cخواهم"),
    ("👍🏽👩‍👩‍👧 🇫🇷🇩🇪1️⃣ a😀b", "👍🏽|👩‍👩‍👧|🇫🇷|🇩🇪|1️⃣|a|😀|b"),
    ("co\u00adop \u200fabc\u202c a\0b\x01c", "co\u00adop|abc|a|b|c"),
    (b"don't caf\xc3 \xff\x80's", "do|n't|caf|\ufffd|\ufffd|\ufffd|'s"),
    ("<br>it's<br />3. Ann", "it|'s|3|.|Ann"),
]

CHARACTERS = [
    ("", ""),
    ("né ok", "n|é| |o|k"),
    ("ne\u0301\u0323", "n|e\u0301\u0323"),
    ("a  b\tc\r\nd\n", "a| | |b|\t|c|\r\n|d|\n"),
    ("a<br />b<br", "a|<br />|b|<|b|r"),
    ("👍🏽👩‍👩‍👧🇫🇷🇩🇪1️⃣", "👍🏽|👩‍👩‍👧|🇫🇷|🇩🇪|1️⃣"),
    ("각\u1100\u1161\u11a8\uac00\u11a8", "각|\u1100\u1161\u11a8|\uac00\u11a8"),
    ("हिन्दी", "हि|न्|दी"),
    ("שָׁל", "שָׁ|ל"),
    ("می\u200cخ", "م|ی\u200c|خ"),
    ("\0\u0301a\u200f", "\0|\u0301|a|\u200f"),
    (b"a\xff\xfe\xc3", "a|\ufffd|\ufffd|\ufffd"),
]


@cache
def compiled(units, html_breaks=True):
    """Return the function as a graph, which is many times as fast as eager execution."""
    return tf.function(
        lambda texts: split(texts, units, html_breaks),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )


def cut(text, units, html_breaks=True):
    pieces = compiled(units, html_breaks)(tf.constant([text]))
    return [values.numpy().tolist() for values in (p.values for p in pieces)]


def decoded(text):
    return text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text


@pytest.mark.parametrize(
    ("units", "text", "expected"),
    [("words", *pair) for pair in WORDS]
    + [("treebank_words", *pair) for pair in COMPOUNDS]
    + [("spaced_words", "don't (e.g.  A-b)\nc", "don't|(e.g.|A-b)|c")]
    + [("characters", *pair) for pair in CHARACTERS],
)
def test_literal_pairs(units, text, expected):
    tokens, starts, ends = cut(text, units)
    assert [token.decode() for token in tokens] == (expected.split("|") if expected else [])
    original = decoded(text)
    assert [original[a:b] for a, b in zip(starts, ends, strict=True)] == [
        token.decode() for token in tokens
    ]


def test_html_breaks_stay_when_they_are_not_white_space():
    assert [t.decode() for t in cut("a<br />b", "words", html_breaks=False)[0]] == [
        *("a", "<", "br", "/", ">", "b")
    ]
    assert len(cut("a<br />b", "characters", html_breaks=False)[0]) == 8


UNITS = ["words", "treebank_words", "spaced_words", "characters"]
BYTES = st.one_of(
    st.text(),
    st.text("aB.,'’1 <>br/é\u0301ё我ก가\u1100🇫👍🏽\u200d\0\r\n"),
    st.text("nts'’.-:/,1$&@#_(+Aé \n"),
    st.binary(),
)
GAPS = {"Zs", "Zl", "Zp", "Cc", "Cf"}  # white space and invisible characters


@pytest.mark.parametrize("units", UNITS)
@given(texts=st.lists(BYTES, max_size=4))
def test_tokens_are_what_stands_at_their_places(units, texts):
    texts = [text.encode() if isinstance(text, str) else text for text in texts]
    pieces = compiled(units)(tf.constant(texts, tf.string))
    for row, text in enumerate(texts):
        original, end_before = decoded(text), 0
        for token, start, end in zip(*(p[row].numpy().tolist() for p in pieces), strict=True):
            assert end_before <= start < end <= len(original)
            assert original[start:end] == token.decode()
            assert is_gap(original[end_before:start], units)
            end_before = end
        assert is_gap(original[end_before:], units)


def is_gap(text, units):
    if units == "characters":
        return text == ""
    unseen = re.sub(r"<br ?/?>|</br>", "", text, flags=re.IGNORECASE)
    return all(unicodedata.category(character) in GAPS for character in unseen)


@pytest.mark.parametrize("units", UNITS)
@given(texts=st.lists(BYTES, min_size=1, max_size=4))
def test_a_text_is_cut_alike_alone_and_in_a_batch(units, texts):
    texts = [text.encode() if isinstance(text, str) else text for text in texts]
    batch = compiled(units)(tf.constant(texts, tf.string))
    for row, text in enumerate(texts):
        assert [p[row].numpy().tolist() for p in batch] == cut(text, units)


@pytest.mark.parametrize("units", UNITS)
def test_the_exported_graph_cuts_as_python_does(units, tmp_path):
    module = tf.Module()
    module.cut = tf.function(
        lambda text: [pieces.to_tensor() for pieces in split(text, units, html_breaks=True)],
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    texts = [text for text, _ in WORDS + COMPOUNDS + CHARACTERS]
    for batch in (texts, ["", ""], []):
        text = tf.constant(batch, tf.string)
        for values, pieces in zip(
            loaded.cut(text), split(text, units, html_breaks=True), strict=True
        ):
            assert values.numpy().tolist() == pieces.to_tensor().numpy().tolist()


LONG = {
    "letters": "a",
    "accents": "e\u0301\u0323",
    "marks": "\u0301",
    "apostrophes": "n'",
    "numbers": "1.",
    "initials": "A.",
    "cyrillic": "м'",
    "thousands": "\u0482",
    "joiners": "👩\u200d",
    "flags": "🇫",
    "han": "我",
    "jamo": "\u1100",
    "breaks": "<br",
    "nul": "\0",
    "clitics": "'s",
    "negations": "n't",
    "hyphens": "a-",
    "domains": "a.b",
    "addresses": "http://",
}


@pytest.mark.parametrize("units", UNITS)
def test_a_long_text_takes_linear_time(units):
    for name, unit in LONG.items():
        text = unit * (200_000 // len(unit))
        cut(text[:100], units)
        began = time.process_time()
        cut(text, units)
        assert time.process_time() - began < 5, name  # 0.1 s; minutes if the time were quadratic


@pytest.mark.parametrize("units", UNITS)
def test_mixed_scripts_do_not_exhaust_the_automaton(units):
    codes = [*range(0x20, 0x3000, 3), *range(0xAC00, 0xD7A0, 5), *range(0x1F000, 0x1FA00, 3)]
    text = "".join(chr(codes[i * i * 7919 % len(codes)]) for i in range(100_000))
    began = time.process_time()
    cut(text, units)
    assert time.process_time() - began < 3  # 0.2 s; 5 s with RE2's slow engine


JOINED = [
    ("it|'s|good|(|very|)|!", "it's good (very)!"),
    ("I|don't|know|,|really|…", "I don't know, really…"),
    ("Do|n't|it|’s|n|'t", "Don't it’s n 't"),
    ("我|爱|北|京|。|ok", "我爱北京。 ok"),
    ("ส|วั|ส|ดี", "สวัสดี"),
    ("a||b||", "a b"),
    ("", ""),
]


@pytest.mark.parametrize(("tokens", "text"), JOINED)
def test_words_are_joined_as_usual(tokens, text):
    assert join(tf.constant([tokens.split("|")]), "words").numpy()[0].decode() == text


SUITING = [
    ([["Paris-based", "Smith", "&", "Co."]], "treebank_words"),
    ([["Paris", "-", "based", "Smith", "&", "Co"]], "words"),
    ([["a", "b"], ["It", "'s"]], "words"),
    ([["né", "\ud83d", "😀", "a-b"]], "treebank_words"),
    ([["a-b"], ["c", "-", "d"], ["e", "-", "f"]], "treebank_words"),
    ([["a-b"], ["don't", "can't"]], "words"),
    ([[], [""]], "words"),
    ([], "words"),
]


@pytest.mark.parametrize(("sentences", "units"), SUITING)
def test_the_units_that_give_back_more_tokens_suit(sentences, units):
    assert choose_token_level(iter(sentences)) == units


def test_only_the_first_sentences_are_looked_at():
    def sentences():
        yield ["a-b"]
        yield ["don't", "can't"]
        raise AssertionError("read too far")

    assert choose_token_level(sentences(), sample=1) == "treebank_words"
    assert choose_token_level(sentences(), sample=2) == "words"
