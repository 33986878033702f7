"""The scan of sentences with tags, against counts by hand."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.data import EntityColumnOptions, EntityExamples, split_indices
from toolkit.data.entities.scan import EntityScan, scan_entities
from toolkit.errors import DataError


def scan(data: Any, **options: Any) -> EntityScan:
    return scan_entities(EntityExamples(data, EntityColumnOptions(**options)))


def test_what_is_found() -> None:
    tokens = [["Ann", "met", "Bo"], ["no"], ["Ulm"]]
    found = scan((tokens, [["B-PER", "O", "B-PER"], ["O"], ["B-LOC"]]))
    assert found == EntityScan(3, ("LOC", "PER"), [tuple(each) for each in tokens])
    for one, other in zip(found.split(0.3, seed=4), split_indices(3, 0.3, 4), strict=True):
        assert one.tolist() == other.tolist()
    found = scan((["Ann", "no"], [[(0, 3, "X")], []]))
    assert found == EntityScan(2, ("X",), [])


@pytest.mark.parametrize("content", ["a O\nb B-X\n", "-DOCSTART- O\n\na O\nb B-X\n\n"])
def test_a_column_file_without_blank_lines(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.conll"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        scan(path)
    assert str(caught.value) == (
        f"{path} is one sentence of 2 tokens; there should be a blank line after each sentence"
    )


def test_one_sentence_of_another_kind_or_beside_bad_ones(tmp_path: Path) -> None:
    assert scan(([["a"]], [["B-X"]])).count == 1
    path = tmp_path / "a.conll"
    path.write_text("a B-X\n\nb I-Y\n", encoding="utf-8")
    assert scan(path, skip_bad_rows=True).count == 1
