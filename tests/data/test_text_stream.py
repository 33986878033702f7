"""Long text as pieces, as ids on disk, and as batches of consecutive windows."""

import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data.streams.corpus import StreamCorpus, encode_stream
from toolkit.data.streams.options import StreamColumnOptions
from toolkit.data.streams.stream import PIECE_LENGTH, open_stream, parted, size_of
from toolkit.data.streams.window_batches import StreamBatches
from toolkit.errors import DataError
from toolkit.text import Tokenizer

TEXT = "to be\nor not\n\nto be, that is"


def texts(stream) -> list[str]:
    """Return the texts of a stream, each joined from its pieces."""
    found, begun = [], ""
    for piece in stream:
        begun += piece.text
        if piece.ends:
            found.append(begun)
            begun = ""
    assert not begun
    return found


def characters(text: str = TEXT) -> Tokenizer:
    tokenizer = Tokenizer("characters", lowercase=False, min_count=1)
    tokenizer.adapt([text])
    return tokenizer


def test_a_file_is_one_text(tmp_path: Path) -> None:
    path = tmp_path / "play.txt"
    path.write_bytes(TEXT.encode())
    (tmp_path / "play.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    for name in ("play.txt", "play.txt.gz"):
        stream = open_stream(tmp_path / name)
        assert texts(stream) == texts(stream) == [TEXT]
    path.write_bytes(b"")
    assert texts(open_stream(path)) == [""]


def test_a_long_file_comes_in_pieces_that_end_with_lines(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(20_000))
    path = tmp_path / "long"
    path.write_text(text)
    pieces = list(open_stream(path))
    assert texts(pieces) == [text]
    assert len(pieces) > 2
    assert all(
        piece.text.endswith("\n") and len(piece.text) < PIECE_LENGTH + 20 for piece in pieces[:-1]
    )


def test_a_folder_has_a_text_a_file(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/10.txt", "a.txt", ".hidden", "b/.git/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert texts(open_stream(tmp_path)) == ["a.txt", "b/2.txt", "b/10.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no files"):
        open_stream(tmp_path / "empty")


def test_rows_are_texts(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('text,label\n"one\ntwo",a\nthree,b\n')
    assert texts(open_stream(tmp_path / "rows.csv")) == ["one\ntwo", "three"]
    assert texts(open_stream(pd.DataFrame({"text": ["x", "y"]}))) == ["x", "y"]
    assert texts(open_stream(["x", "y"])) == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"fine\n\x89PNG\x00\n", "line 2 has a NUL byte"),
        (b"fine\ncaf\xe9\n", "line 2 is not UTF-8"),
        ("wide".encode("utf-16-le"), "UTF-16"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        list(open_stream(path))
    with pytest.raises(DataError, match="there is no"):
        open_stream(tmp_path / "nowhere.txt")


def test_ids_are_those_of_the_texts_each_ended_by_nothing(tmp_path: Path) -> None:
    tokenizer = characters()
    some = [TEXT, "", "be"]
    corpus = encode_stream(open_stream(some), tokenizer)
    right = []
    for text in some:
        right += ([] if not text else np.asarray(tokenizer(text)).tolist()) + [0]
    assert corpus.ids.tolist() == right
    assert corpus.checksum != encode_stream(open_stream(some[:2]), tokenizer).checksum
    assert corpus.texts == 3


def test_a_long_text_is_not_padded_to_by_many_short_ones() -> None:
    seen: list[tuple[int, ...]] = []
    tokenizer = characters()

    def watched(some: tf.Tensor) -> tf.Tensor:
        ids = tokenizer(some)
        tf.py_function(lambda shape: seen.append(tuple(shape.numpy())), [tf.shape(ids)], [])
        return ids

    short, long = ["to be"] * 100 + [""] * 3, "be" * 2 * PIECE_LENGTH
    corpus = encode_stream(open_stream([*short, long, *short]), watched)
    assert [rows * width for rows, width in seen] == [515, len(long), 515]
    assert len(corpus) == 2 * (500 + 103) + len(long) + 1


def test_a_stream_is_parted_within_a_single_text_and_between_several(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text("".join(f"line {number}\n" for number in range(20_000)))
    for stream, tail_size in ((open_stream(path), 50_000), (open_stream(["abc", "de", "fghi"]), 4)):
        size = size_of(stream)
        whole = texts(stream)
        head, tail = parted(stream, size, tail_size / size.characters)
        assert [texts(part) for part in (head, tail)] == [texts(part) for part in (head, tail)]
        found = texts(head) + texts(tail)
        assert found == (
            whole if size.texts > 1 else [whole[0][:-tail_size], whole[0][-tail_size:]]
        )


def test_lines_may_be_texts(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("one\n\n two \nthree")
    assert texts(open_stream(path, options=StreamColumnOptions(lines=True))) == [
        *("one", "two", "three"),
    ]


def test_pieces_are_put_together_again(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(20_000))
    path = tmp_path / "long"
    path.write_text(text)
    tokenizer = characters(text)
    corpus = encode_stream(open_stream(path), tokenizer)
    assert len(corpus) == len(text)
    assert bytes(tokenizer.detokenize(corpus.ids).numpy()).decode() == text


@given(st.integers(20, 200), st.integers(1, 6), st.integers(1, 9), st.booleans(), st.integers(0, 3))
def test_every_row_goes_on_where_it_ended(size, rows, steps, shuffle, epoch) -> None:
    batches = StreamBatches(StreamCorpus(np.arange(size, dtype=np.int32)), rows, steps, 1, shuffle)
    windows = list(batches.windows(epoch))
    assert len(windows) == len(batches)
    resets = [inputs["reset_mask"].tolist() for inputs, _ in windows]
    assert resets == [[True] * rows] + [[False] * rows] * (len(batches) - 1)
    ids = np.concatenate([inputs["ids"] for inputs, _ in windows], axis=1)
    after = np.concatenate([targets for _, targets in windows], axis=1)
    np.testing.assert_array_equal(ids[:, 1:], after[:, :-1])
    assert not ids[:, 0].any()  # the token before the first is unknown: id 0
    assert (np.diff(after, axis=1) == 1).all()
    assert len(set(after.flatten().tolist())) == ids.size  # no token is a target twice
    unused = size - 1 - ids.size
    assert unused < rows + (min(steps, size // 10) if shuffle else 0)


def test_a_stream_goes_on_from_any_batch_and_epochs_begin_elsewhere() -> None:
    batches = StreamBatches(StreamCorpus(np.arange(100, dtype=np.int32)), 2, 5, seed=3)
    whole = [x["ids"].numpy().tolist() for x, _ in batches.stream().take(3 * len(batches))]
    later = [x["ids"].numpy().tolist() for x, _ in batches.stream(1, 4).take(5)]
    assert later == whole[len(batches) + 4 :][:5]
    starts = {int(next(batches.windows(epoch))[1][0, 0]) for epoch in range(20)}
    assert starts <= set(range(1, 7))
    assert len(starts) > 3
    assert [x["ids"].numpy().tolist() for x, _ in itertools.islice(batches.stream(), 3)] == whole[
        :3
    ]


def test_a_text_that_is_too_short() -> None:
    with pytest.raises(DataError, match="3 tokens; 2 rows of a batch need at least 4"):
        StreamBatches(StreamCorpus(np.arange(3, dtype=np.int32)), 2, 5)
