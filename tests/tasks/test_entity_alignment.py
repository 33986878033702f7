"""Entities that are no tokens of a tagger, and tokens that it cuts otherwise."""

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import EntityExample, Span, spans_of, split_indices
from toolkit.data.entities.spans import INCLUSIVE, UTF8, UTF16
from toolkit.errors import DataError
from toolkit.tasks import EntityTagger
from toolkit.tasks.entities.alignment import MOST_EXPLAINED, EntityAligner, UnalignedEntities
from toolkit.tasks.entities.own_tokens import FACTOR, OwnTokens, foreign_tokens, own_tokens
from toolkit.text import TokenFeatures

LEAN: dict[str, Any] = {
    "characters": "none",
    "shape_size": 0,
    "affix_size": 0,
    "crf": False,
    "cell": "simple_rnn",
    "bidirectional": False,
    "embedding_size": 4,
    "hidden_size": 4,
}
TEXTS = [
    "\U0001f600 \U0001f600 Ada Moss flew to Cork. Nobody else did.",
    "é è In Lima, Bo slept.",
    "Nobody slept.",
]
SPANS = [[(4, 12, "PER"), (21, 25, "LOC")], [(7, 11, "LOC"), (13, 15, "PER")], []]


def units(text: str, place: int, encoding: str, width: int) -> int:
    return len(text[:place].encode(encoding)) // width


def shifted(way: str) -> tuple[list[str], list[list[tuple[int, int, str]]]]:
    """The texts with offsets that are counted in another way."""

    def place(text: str, at: int, end: bool) -> int:
        if way == INCLUSIVE:
            return at - end
        return units(text, at, *(("utf-16-le", 2) if way == UTF16 else ("utf-8", 1)))

    rows = zip(TEXTS, SPANS, strict=True)
    return TEXTS, [
        [(place(text, s, False), place(text, e, True), label) for s, e, label in spans]
        for text, spans in rows
    ]


@pytest.mark.parametrize("way", [UTF8, INCLUSIVE])
def test_a_training_that_could_learn_nothing_is_refused_with_the_cause(way: str) -> None:
    texts, spans = shifted(way)
    words = texts[0][slice(*spans[0][0][:2])].strip()
    tagger = EntityTagger(**LEAN, validation_split=0.0)
    with pytest.raises(DataError) as caught:
        tagger.fit((texts, spans))
    assert str(caught.value) == (
        "the list: 4 of 4 entities do not begin and end where tokens of one sentence do, and "
        f"cannot be learnt ({words!r} in row 1); {way}"
    )
    assert tagger.sequence_model is None


@pytest.mark.slow
def test_a_cause_is_said_where_it_explains_most_of_what_cannot_be_learnt(
    caplog: pytest.LogCaptureFixture, not_trained: None
) -> None:
    texts, spans = shifted(UTF16)
    data = (texts, [spans[0], SPANS[1], []])
    tagger = EntityTagger(**LEAN, validation_split=0.0)
    with caplog.at_level("WARNING", logger="toolkit"):
        tagger.fit(data)
        tagger.evaluate(data)
    learnt, found = (message for message in caplog.messages if "do not begin" in message)
    assert learnt.startswith("2 of 4 entities do not begin and end")
    assert learnt.endswith(f"; {UTF16}")
    assert found == learnt.replace("learnt", "found")


def test_a_few_entities_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each explanation takes as long as its text."""
    explained: list[Span] = []

    def explain(span: Span, *_: Any) -> str:
        explained.append(span)
        return UTF16

    monkeypatch.setattr("toolkit.tasks.entities.alignment._aligning_way", explain)
    spans = [Span(4 * n, 4 * n + 2, "X") for n in range(80)]  # words of three letters
    examples = [EntityExample(row, text="abc " * 80, spans=tuple(spans)) for row in range(3)]
    aligner = EntityAligner(TokenFeatures(), sentences=False)
    for _ in range(2):
        watched = UnalignedEntities()
        cuts = list(watched.watch(aligner(examples)))
        assert [len(cut.causes) for cut in cuts] == [80, 20, 0]
        assert watched.describe("learnt").endswith(f"; {UTF16}")
    assert len(explained) == 2 * MOST_EXPLAINED


def test_tags_of_many_sentences_in_a_text() -> None:
    text = "Ada Moss flew. " * 50
    spans = [
        Span(start, start + length, label)
        for row in range(50)
        for start, length, label in ((15 * row, 8, "PER"), (15 * row + 9, 4, "X"))
    ]
    spans[1] = Span(9, 18, "X")  # into the next sentence
    spans[2:3] = [Span(19, 23, "PER")]
    (cut,) = EntityAligner(TokenFeatures(), True)([EntityExample(1, text=text, spans=(*spans,))])
    assert cut.unaligned == [Span(9, 18, "X")]
    assert cut.causes == [
        "most of them go on after what is taken for the end of a sentence: sentences=False reads "
        "each text as one"
    ]
    assert [tags for _, tags in cut.sentences] == [
        ["B-PER", "I-PER", "O", "O"],
        ["O", "B-PER", "B-X", "O"],
        *[["B-PER", "I-PER", "B-X", "O"]] * 48,
    ]


@pytest.mark.slow
def test_a_report_on_what_cannot_be_learnt_has_the_cause() -> None:
    texts, spans = shifted(UTF16)
    report = EntityTagger(**LEAN, validation_split=0.0).inspect((texts, [spans[0], SPANS[1], []]))
    (message,) = [each["message"] for each in report["warnings"] if UTF16 in each["message"]]
    assert "2 of 4 entities (50.0%)" in message


def test_entities_in_the_held_out_part_alone_are_not_enough() -> None:
    rows = [{"text": f"nobody {n}", "entities": []} for n in range(9)]
    _, held_out = split_indices(10, 0.2, seed=0)
    rows.insert(int(held_out[0]), {"text": "Ada", "entities": [(0, 3, "PER")]})
    with pytest.raises(DataError, match="the training part has no entities, only the held-out"):
        EntityTagger(**LEAN, validation_split=0.2, seed=0).fit(rows)


FEATURES = TokenFeatures()


@given(
    st.lists(
        st.tuples(st.sampled_from(["Ada", "O'Hara", "北京", "a.b", "<br>", " "]), st.booleans())
    )
)
def test_own_tokens_have_the_same_entities_by_their_characters(
    marked: list[tuple[str, bool]],
) -> None:
    tokens = tuple(token for token, _ in marked)
    tags = tuple("B-X" if mark else "O" for _, mark in marked)
    own = own_tokens(FEATURES, dict.fromkeys(tokens, 1))
    example = EntityExample(1, tokens, tags)
    replaced = own.replace(example)

    def characters(some: EntityExample) -> list[tuple[int, int]]:
        ends = [0, *accumulate(len(token) for token in some.tokens)]
        return [(ends[span.start], ends[span.end]) for span in spans_of(some.tags)]

    assert "".join(replaced.tokens) == "".join(tokens)
    assert characters(replaced) == characters(example)
    assert len(replaced.tags) == len(replaced.tokens)
    if {"O'Hara", "a.b"} & {*tokens}:
        assert len(replaced.tokens) > len(tokens)


def test_which_tokens_are_replaced() -> None:
    sentences = [["Ada", "O'Hara"], ["Bo"], ["O'Hara"]]
    found = foreign_tokens(FEATURES, sentences, trained=0.0)
    assert found == OwnTokens({"O'Hara": ["O", "'", "Hara"]}, 2, 4)
    assert found.share == 0.5
    assert foreign_tokens(FEATURES, sentences, 0.49 / FACTOR) == found
    for trained in (None, 0.5 / FACTOR, 1.0):  # not known, or learnt so
        assert foreign_tokens(FEATURES, sentences, trained) == OwnTokens({}, 0, 4)


@pytest.mark.slow
def test_a_training_says_that_it_learns_other_tokens_than_those_of_raw_text(
    caplog: pytest.LogCaptureFixture, not_trained: None
) -> None:
    tokens, tags = [["O'Hara", "sang"], ["no"]], [["B-X", "O"], ["O"]]
    options = LEAN | {"validation_split": 0.0, "token_level": "words"}
    with caplog.at_level("WARNING", logger="toolkit"):
        tagger = EntityTagger(**options).fit((tokens, tags))
        assert tagger.facts["cut_share"] == pytest.approx(1 / 3, abs=1e-6)
        assert tagger.evaluate((tokens, tags))["cut_otherwise"] == 0
    (message,) = [each for each in caplog.messages if "cut otherwise" in each]
    assert message.startswith("33 % of the tokens are cut otherwise in raw text (such as O'Hara), ")
