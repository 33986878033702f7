"""The sections on translations: their quality by length, and what they attend to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from toolkit.evaluation import LengthRow, translation_metrics
from toolkit.evaluation.translation import sentence_chrf
from toolkit.pictures import visible
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Block, Cell, Section, Table

#: The most translations whose attention is shown, and the most tokens of each side.
MOST_ALIGNED, MOST_TOKENS = 3, 24
#: The metrics of copied sources that are shown beside those of the run.
BASELINE = ("bleu", "chrf", "bleu_lowercase", "exact_match")


def answered_translations(
    sources: Sequence[str],
    translations: Sequence[str],
    references: Sequence[str],
    tokenizer: str,
    asked: Callable[[Sequence[int]], Iterator[list[Question]]] | None = None,
) -> Answered:
    """Return the answers of a translator; the loss is 100 - chrF of the text.

    Args:
        sources: [N] the source texts.
        translations: [N] their translations.
        references: [N] the references.
        tokenizer: The name of sacreBLEU's tokenizer.
        asked: As for ``Answered``.
    """
    chrf = [sentence_chrf(*pair) for pair in zip(translations, references, strict=True)]

    def show(numbers: Sequence[int]) -> list[Mapping[str, Cell]]:
        return [
            {
                "source": sources[number],
                "right": references[number],
                "answer": translations[number],
                "chrF": chrf[number],
            }
            for number in numbers
        ]

    copied = translation_metrics(sources, references, tokenizer)
    same = np.array([a == b for a, b in zip(translations, references, strict=True)])
    return Answered(
        noun="pair",
        loss=np.where(same, 0, 100 - np.array(chrf)),
        show=show,
        asked=asked,
        texts=frozenset({"source", "right", "answer"}),
        keys={"length of the source in characters": [*map(len, sources)]},
        baselines={"copy of the source": {name: float(copied[name]) for name in BASELINE}},
    )


def length_section(rows: Sequence[LengthRow]) -> Section:
    """Return the section on BLEU by the number of words of the source."""
    cells: list[list[Cell]] = [[row.words, row.pairs, row.bleu] for row in rows]
    table = Table("BLEU by the number of words of the source", ["words", "pairs", "BLEU"], cells)
    return Section("lengths", "Lengths", [table])


def attention_section(
    pairs: Sequence[tuple[str, str]], align: Callable[[str, str], Mapping[str, Any]]
) -> Section:
    """Return the section on what translations attend to, as tables of weights in percent.

    Args:
        pairs: Sources with their translations, the first ones that are short are shown.
        align: Returns ``source`` and ``target``, the tokens, and ``weights`` [T, S].
    """
    blocks: list[Block] = []
    for source, translation in pairs:
        found = align(source, translation)
        sides = found["source"], found["target"]
        if not all(0 < len(side) <= MOST_TOKENS for side in sides):
            continue
        percent = np.rint(100 * np.asarray(found["weights"])).astype(int).tolist()
        columns, names = ([visible(token) for token in side] for side in sides)
        rows: list[list[Cell]] = [[n, *row] for n, row in zip(names, percent, strict=True)]
        caption = f"{translation}: a row for each of its tokens, in percent of its attention"
        blocks.append(Table(caption, ["token", *columns], rows, shaded=True))
        if len(blocks) == MOST_ALIGNED:
            break
    return Section("attention", "Attention of the worst translations", blocks)
