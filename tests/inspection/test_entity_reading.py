"""Statistics and fingerprints of sentences with entities, against values by hand."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import EntityExample, Span, tags_of
from toolkit.inspection.entity_reading import EntityReading, TokenizedExample

TOKENS = st.sampled_from(["Ann", "ann", "ANN!", "b", "B", ".", "--", "x"])


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[str], list[Span]]:
    """Draw tokens, and spans of them that do not overlap."""
    tokens = draw(st.lists(TOKENS, min_size=1, max_size=5))
    borders = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=4)))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    labels = st.sampled_from(["P", "Q"])
    return tokens, [Span(start, end, draw(labels)) for start, end in pairs]


def cut(
    row: int, *some: tuple[list[str], list[Span]], unaligned: tuple[Span, ...] = ()
) -> TokenizedExample:
    example = EntityExample(row, text="0123456789", place=f"row {row}")
    return TokenizedExample(example, [(t, tags_of(s, len(t))) for t, s in some], list(unaligned))


def in_letters(tokens: list[str]) -> str:
    return "".join(c for c in "".join(tokens).lower() if c.isalpha())


@given(st.lists(sentences(), min_size=1, max_size=8), st.sets(st.integers(0, 7)))
def test_sentences_as_read_by_hand(
    some: list[tuple[list[str], list[Span]]], training: set[int]
) -> None:
    reading = EntityReading()
    read = reading.read((cut(number + 1, each) for number, each in enumerate(some)), training)
    assert read.examples == len(some)
    assert read.rows.tolist() == list(range(1, len(some) + 1))
    assert read.lengths.tolist() == [len(tokens) for tokens, _ in some]
    assert read.entities.tolist() == [len(spans) for _, spans in some]
    assert read.held_out.tolist() == [number not in training for number in range(len(some))]

    for part, is_held_out in (("training", False), ("held_out", True)):
        of_part = [
            each for number, each in enumerate(some) if (number not in training) == is_held_out
        ]
        assert reading.tokens[part] == Counter(t for tokens, _ in of_part for t in tokens)
        assert reading.entities[part] == Counter(
            (tuple(tokens[start:end]), label)
            for tokens, spans in of_part
            for start, end, label in spans
        )

    for one, (tokens, spans) in enumerate(some):
        for other, (others, of_others) in enumerate(some):
            assert (read.fingerprints[one] == read.fingerprints[other]) == (tokens == others)
            normal = in_letters(tokens) or tokens, in_letters(others) or others
            assert (read.normal_fingerprints[one] == read.normal_fingerprints[other]) == (
                normal[0] == normal[1]
            )
            marks = [
                [(len(in_letters(t[:a])), len(in_letters(t[:b])), label) for a, b, label in s]
                for t, s in ((tokens, spans), (others, of_others))
            ]
            assert (read.entity_fingerprints[one] == read.entity_fingerprints[other]) == (
                marks[0] == marks[1]
            )


def test_an_example_of_several_sentences_and_one_of_none() -> None:
    first, second = (["a", "b"], [Span(0, 1, "P")]), (["c"], [])
    reading = EntityReading()
    read = reading.read([cut(4, first, ([], []), second), cut(5), cut(6, second)], {0})
    assert read.examples == 3
    assert read.rows.tolist() == [4, 4, 6]
    assert read.places == ["row 4", "row 4", "row 6"]
    assert read.lengths.tolist() == [2, 1, 1]
    assert read.held_out.tolist() == [False, False, True]


def test_files_are_counted_together_and_the_first_misfits_are_kept() -> None:
    reading = EntityReading()
    sentence = (["a"], [Span(0, 1, "P")])
    unaligned = tuple(Span(start, start + 2, "P") for start in range(4))
    first = reading.read(
        [cut(1, sentence, unaligned=unaligned[:2]), cut(2, unaligned=unaligned)], {0, 1}
    )
    second = reading.read([cut(1, sentence)])
    assert (first.unaligned, second.unaligned) == (6, 0)
    assert first.unaligned_examples == ["'01' in row 1", "'12' in row 1", "'01' in row 2"]
    assert not first.held_out.any()
    assert second.held_out.all()
    assert reading.entities["held_out"] == {(("a",), "P"): 1}
