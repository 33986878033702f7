"""Word vectors from files, good and bad."""

import gzip
import logging
from pathlib import Path

import numpy as np
import pytest

from toolkit.data import read_vectors
from toolkit.errors import DataError

WORDS = ["", "[UNK]", "anna", "sang", "of", "new york", "\xa0b"]
GLOVE = "the 9 9 9\nanna 1 2 3\nof -0.5 1e-2 .25\n"


def write(tmp_path: Path, content: str | bytes, name: str = "vectors.txt") -> Path:
    path = tmp_path / name
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def known(vectors: np.ndarray, places: list[int]) -> list[list[float]]:
    return np.round(vectors[places].astype(float), 6).tolist()


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz", "gzipped_all_the_same"])
@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        GLOVE.removesuffix("\n"),
        "3 3\n" + GLOVE,  # word2vec
        "3\t3\n" + GLOVE.replace(" ", "\t"),
        GLOVE.replace(" ", "\t").replace("\n", "\t\n"),
        GLOVE.replace("\n", " \n"),  # line ends of fastText
        GLOVE.replace("\n", "\r\n"),
        "\ufeff" + GLOVE,
    ],
)
def test_ways_of_writing(tmp_path: Path, name: str, content: str) -> None:
    data = content.encode()
    path = write(tmp_path, gzip.compress(data) if name.startswith("gzipped") else data, name)
    vectors = read_vectors(path, WORDS, seed=0)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(WORDS), 3)
    assert known(vectors, [0, 2, 4]) == [[0, 0, 0], [1, 2, 3], [-0.5, 0.01, 0.25]]


def test_words_that_are_not_there_get_random_vectors_of_the_same_deviation(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    size = 50
    lines = [f"w{i} " + " ".join(map(str, 3 * random.normal(size=size))) for i in range(200)]
    path = write(tmp_path, "\n".join(lines))
    words = ["", "[UNK]", *(f"w{i}" for i in range(200)), *(f"new{i}" for i in range(200))]
    vectors = read_vectors(path, words, seed=5)
    new = np.concatenate([vectors[1:2], vectors[202:]])
    assert new.std() == pytest.approx(vectors[2:202].std(), rel=0.03)
    assert abs(new.mean()) < 0.1
    assert np.linalg.matrix_rank(new) == size  # all of them differ
    np.testing.assert_array_equal(vectors, read_vectors(path, words, seed=5))
    other = read_vectors(path, words, seed=6)
    np.testing.assert_array_equal(vectors[2:202], other[2:202])
    assert not np.isclose(vectors[202:], other[202:]).any(axis=1).all()


@pytest.mark.parametrize(
    ("content", "vector"),
    [
        ("Anna 1\nANNA 2", 1),  # no exact match: the first match without case
        ("Anna 1\nanna 2", 2),  # an exact match comes first
        ("anna 2\nAnna 1", 2),
        ("anna 1\nanna 2", 1),
    ],
)
def test_case_and_repetition(tmp_path: Path, content: str, vector: float) -> None:
    path = write(tmp_path, f"{content}\nsang 7")
    assert read_vectors(path, WORDS, 0)[2:4].tolist() == [[vector], [7]]


def test_words_with_spaces(tmp_path: Path) -> None:
    content = "anna 1 2\nNew York 3 4\n. . . 5 6\n\xa0b 7 8\n"
    assert known(read_vectors(write(tmp_path, content), WORDS, 0), [2, 5, 6]) == [
        *([1, 2], [3, 4], [7, 8])
    ]
    tabs = content.replace(" ", "\t").replace("New\t", "New ")
    tabs = tabs.replace(".\t.\t.", ". . .")
    assert known(read_vectors(write(tmp_path, tabs), WORDS, 0), [2, 5, 6]) == [
        *([1, 2], [3, 4], [7, 8])
    ]


def test_words_that_look_like_numbers_or_like_nothing(tmp_path: Path) -> None:
    content = "anna 1 2\n1996 3 4\nnan 5 6\n 7 8\n[UNK] 9 9\n"
    words = ["", "[UNK]", "1996", "nan"]
    vectors = read_vectors(write(tmp_path, content), words, 0)
    assert known(vectors, [0, 2, 3]) == [[0, 0], [3, 4], [5, 6]]
    assert known(vectors, [1]) != [[9, 9]]  # the file's vector of '[UNK]' is not used


def test_two_whole_numbers_are_passed_over_in_the_first_line_alone(tmp_path: Path) -> None:
    words = ["", "[UNK]", "2", "3"]
    vectors = read_vectors(write(tmp_path, "2 1\n3 5\n2 7\n"), words, 0)
    assert known(vectors, [2, 3]) == [[7], [5]]


def test_bytes_that_are_not_utf8_spoil_no_other_word(tmp_path: Path) -> None:
    path = write(tmp_path, b"caf\xe9 1 2\nanna 3 4\n")
    assert known(read_vectors(path, WORDS, 0), [2]) == [[3, 4]]


def test_coverage_is_said(tmp_path: Path, caplog) -> None:
    path = write(tmp_path, "Anna 1\nof 2\nnobody 3\n[UNK] 4")
    with caplog.at_level(logging.INFO, "toolkit"):
        read_vectors(path, WORDS, 0)
    assert caplog.messages == [f"{path}: vectors for 2 of 5 words (40.0 %)"]


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " has no vectors; it should have a word and its numbers on each line"),
        ("0 3\n", " has no vectors; it should have a word and its numbers on each line"),
        ("the 1 2\n", " has no vector for any word of the training data"),
        ("anna\n", ", line 1 has 1 fields; it should be a word and its numbers"),
        ("1 2\nanna\n", ", line 2 has 1 fields; it should be a word and its numbers"),
        ("anna 1 2\n\nof 1 2\n", ", line 2 has 1 fields; it should be a word and 2 numbers"),
        ("anna 1 2\nof 1", ", line 2 has 2 fields; it should be a word and 2 numbers"),
        ("anna 1 2\nof 1 2 3", ", line 2 has 3 numbers; the lines before it have 2"),
        ("1 3\nanna 1 2 3\nof 1 2", ", line 3 has 3 fields; it should be a word and 3 numbers"),
        ("anna 1 2\nof 1 two", ", line 2 has something other than numbers after the word: '1 two'"),
        ("anna 1 2\nof x 2 3 4", ", line 2 has 4 numbers; the lines before it have 2"),
        ("ice cream 1 2", ", line 1 has something other than numbers after the word: 'cream 1 2'"),
        ("anna  1 2", ", line 1 has something other than numbers after the word: ' 1 2'"),
        ("anna 1 nan", ", line 1 has a number that is not finite"),
        ("anna 1 2\nof -inf 1", ", line 2 has a number that is not finite"),
        ("anna 1 2\nof 1e39 1", ", line 2 has a number that is not finite"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = write(tmp_path, content, name)
    with pytest.raises(DataError) as caught:
        read_vectors(path, WORDS, 0)
    assert str(caught.value) == f"{path}{message}"


def test_what_is_no_file_of_vectors(tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    with pytest.raises(DataError, match=r"missing\.txt cannot be read: No such file"):
        read_vectors(missing, WORDS, 0)
    with pytest.raises(DataError, match="is a folder; word vectors are a file"):
        read_vectors(tmp_path, WORDS, 0)
    whole = gzip.compress(GLOVE.encode() * 1000)
    with pytest.raises(DataError, match="ends in the middle of its compressed data after line"):
        read_vectors(write(tmp_path, whole[:-20]), WORDS, 0)
    binary = b"2 3\nanna " + np.array([1, 2, 3], np.float32).tobytes() + b"\nof \x80\x3f\n"
    with pytest.raises(DataError, match=r"vectors\.txt, line 2 has ") as caught:
        read_vectors(write(tmp_path, binary), WORDS, 0)
    assert str(caught.value).isprintable()
