"""Tagging schemes: conversion between them, detection, and illegal tags."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.tagging.schemes import (
    SCHEMES,
    TagError,
    bioes_spans,
    bioes_tags,
    bioes_transitions,
    find_scheme,
    to_bioes,
    to_iob2,
)

Segments = list[tuple[str | None, int]]


def segments_of(*labels: str) -> st.SearchStrategy[Segments]:
    return st.lists(st.tuples(st.sampled_from([None, *labels]), st.integers(1, 4)), max_size=8)


SEGMENTS = segments_of("X", "Y", "B-work-of-art")


def written(segments: Segments, scheme: str) -> list[str]:
    """Return the tags of consecutive segments, by the definition of the scheme."""
    tags: list[str] = []
    before = None
    for label, length in segments:
        inside = "M" if scheme == "BMES" else "I"
        first = "I" if scheme == "IOB1" and before != label else "B"
        last, only = {"BIOES": "ES", "BILOU": "LU", "BMES": "ES"}.get(scheme, inside + first)
        prefixes = [first, *inside * (length - 2), last] if length > 1 else [only]
        if label is None:
            tags += ["O"] * length
        elif scheme == "IO":
            tags += [label] * length
        else:
            tags += [f"{prefix}-{label}" for prefix in prefixes]
        before = label
    return tags


@pytest.mark.parametrize(
    ("scheme", "tags", "iob2"),
    [
        ("IOB1", "I-PER I-PER B-PER O I-LOC", "B-PER I-PER B-PER O B-LOC"),
        ("IOB1", "I-PER I-LOC I-PER", "B-PER B-LOC B-PER"),
        ("IOB1", "I-LOC B-PER I-PER", "B-LOC B-PER I-PER"),
        ("BIOES", "B-PER E-PER S-PER O S-LOC", "B-PER I-PER B-PER O B-LOC"),
        ("BIOES", "B-PER M-PER L-PER O U-LOC", "B-PER I-PER I-PER O B-LOC"),
        ("IO", "PER PER PER O LOC", "B-PER I-PER I-PER O B-LOC"),
        ("IO", "I-PER I-PER O I-LOC", "B-PER I-PER O B-LOC"),
        ("IO", "e-mail e-mail o S-Bahn b_w", "B-e-mail I-e-mail O B-S-Bahn B-b_w"),
        ("IOB2", "b-per i-per o B_LOC I_LOC", "B-per I-per O B-LOC I-LOC"),
        ("IOB2", "B-work-of-art I-work-of-art B-I-X", "B-work-of-art I-work-of-art B-I-X"),
        ("IOB2", "", ""),
    ],
)
def test_literally(scheme: str, tags: str, iob2: str) -> None:
    assert to_iob2(tags.split(), scheme) == iob2.split()


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "BIOES", "BILOU", "BMES"])
@given(SEGMENTS, st.booleans())
def test_every_scheme_says_the_same(scheme: str, segments: Segments, lower: bool) -> None:
    tags = written(segments, scheme)
    if lower:
        tags = [tag[0].lower() + tag[1:] for tag in tags]
    name = scheme if scheme in SCHEMES else "BIOES"
    iob2 = written(segments, "IOB2")
    assert to_iob2(tags, name) == iob2
    if any(label for label, _ in segments):
        assert find_scheme([tags]) == name


@given(segments_of("X", "Y", "work-of-art"))
def test_without_prefixes_what_is_side_by_side_is_one_entity(segments: Segments) -> None:
    apart = [part for segment in segments for part in (segment, (None, 1))]
    tags = written(apart, "IO")
    assert to_iob2(tags, "IO") == written(apart, "IOB2")
    if any(label for label, _ in segments):
        assert find_scheme([tags]) == "IO"


@given(SEGMENTS)
def test_bioes_and_back(segments: Segments) -> None:
    iob2, bioes = written(segments, "IOB2"), written(segments, "BIOES")
    assert to_bioes(iob2) == bioes
    spans = bioes_spans(bioes)
    assert [(s.end - s.start, s.label) for s in spans] == [
        (length, label) for label, length in segments if label
    ]


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["O O", "", "O"], "IOB2"),
        (["I-X O", "O I-Y I-X B-X"], "IOB1"),
        (["I-X I-X", "O"], "IOB1"),
        (["B-X O", "O B-Y B-X B-X"], "IOB2"),
        (["B-X B-X", "B-X I-X I-Y"], "IOB2"),
        (["I-X O I-X", "B-X"], "IOB1"),
        (["I-X O B-X"], "IOB2"),
        (["S-X", "B-X E-X"], "BIOES"),
        (["U-X", "B-X L-X"], "BIOES"),
        (["B-X O", "B-X I-X", "B-X E-X"], "IOB2"),
        (["I-X O I-X", "I-X", "S-X"], "IOB1"),
        (["PER O LOC"], "IO"),
        (["Tag", "B-X O"], "IOB2"),
        (["e-mail O e-mail"], "IO"),
        (["name O e-mail e-mail", "e-mail"], "IO"),
        (["name name O S-Bahn"], "IO"),
        (["PER O", "S-PER O S-PER"], "BIOES"),
        (["B-mail E-mail", "S-mail", "mail"], "BIOES"),
        (["I-X", "O I-X", "B-X", "I-X B-Y"], "IOB1"),
        (["I-X B-Y B-Z"], "IOB1"),
    ],
)
def test_found(sentences: list[str], scheme: str) -> None:
    assert find_scheme(sentence.split() for sentence in sentences) == scheme


def test_what_are_no_tags() -> None:
    with pytest.raises(DataError, match="every token has a label, and none has the tag O"):
        find_scheme([["NN", "VB"], ["NN"]])


@pytest.mark.parametrize(
    ("scheme", "tags", "token", "message"),
    [
        ("IOB2", "O I-X", 1, "the tag 'I-X' after 'O' continues no entity; in IOB2 one begins wi"),
        ("IOB2", "I-X", 0, "the tag 'I-X' at the beginning continues no entity; .* with B-X"),
        ("IOB2", "B-X I-Y", 1, "the tag 'I-Y' after 'B-X' continues no entity; .* with B-Y"),
        ("IOB2", "O E-X", 1, "the tag 'E-X' is none of IOB2; tags are O, B-X and I-X"),
        ("IOB1", "O S-X", 1, "the tag 'S-X' is none of IOB1; tags are O, I-X and B-X"),
        ("IOB2", "O PER", 1, "the tag 'PER' is none of IOB2"),
        ("IO", "PER B-PER", 1, "the tag 'B-PER' is none of IO; tags are O and labels without"),
        ("IOB1", "B-X", 0, "the tag 'B-X' at the beginning is beside no .* begins with I-X then"),
        ("IOB1", "I-X O B-X", 2, "the tag 'B-X' after 'O' is beside no entity; in IOB1 one begins"),
        ("IO", "O B", 1, "the tag 'B' has no label; tags are such as B-PER"),
        ("IOB2", "b-", 0, "the tag 'b-' has no label"),
        ("BIOES", "B-X O", 0, "the tag 'B-X' is followed by 'O'; .* must end with E-X"),
        ("BIOES", "B-X I-X S-X", 1, "the tag 'I-X' is followed by 'S-X'; .* must end with E-X"),
        ("BIOES", "O B-X", 1, "the tag 'B-X' is the sentence's last; .* must end with E-X"),
        ("BIOES", "E-X I-X", 0, "the tag 'E-X' at the beginning continues no entity"),
        ("BIOES", "B-X E-X I-X", 2, "the tag 'I-X' after 'E-X' continues no entity"),
        ("BIOES", "B-X E-Y", 1, "the tag 'E-Y' after 'B-X' continues no entity"),
    ],
)
def test_what_a_scheme_does_not_allow(scheme: str, tags: str, token: int, message: str) -> None:
    with pytest.raises(TagError, match=message) as caught:
        to_iob2(tags.split(), scheme)
    assert caught.value.token == token


def legal(tags: Sequence[str]) -> bool:
    try:
        to_iob2(tags, "BIOES")
    except TagError:
        return False
    return True


def test_transitions_are_those_of_all_legal_sequences() -> None:
    tags = bioes_tags(["X", "Y"])
    assert tags == ("O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y")
    first, following, last = bioes_transitions(tags)
    for length in (1, 2, 3, 4):
        for path in itertools.product(range(len(tags)), repeat=length):
            allowed = first[path[0]] and last[path[-1]]
            allowed = allowed and all(following[pair] for pair in itertools.pairwise(path))
            assert allowed == legal([tags[index] for index in path])
