"""Measure how well splice sites are marked where their place varies.

Run ``python -m benchmarks.quality.splice_spans --data splice.csv``. The data are strands with a
junction in their middle, of class EI (a donor, which begins with GT) or IE (an acceptor, which ends
with AG), or without one, of class N. Each strand is cut to random windows of 30 to 60 bases, which
may miss the junction: ``--windows`` for training, one for the test. A fifth of the strands are the
test, by groups of equal strands. Further arguments are options of ``pipelines.dna_spans train``.

The baseline knows the place alone: it marks the most frequent kind of site, at the most frequent
place relative to the length of the window.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from benchmarks.machine import description
from benchmarks.quality.splice_junctions import split
from pipelines.parser import Parser
from toolkit.data import StrandColumnOptions, StrandExamples, open_strands
from toolkit.evaluation import Tagged, entity_metrics, metrics_within
from toolkit.tagging import Span
from toolkit.tasks.marked_strands.options import StrandTaggerOptions

#: By class the label of the site, and its place relative to the middle of the strand.
SITES = {"EI": ("donor", 0, 2), "IE": ("acceptor", -2, 0)}
SHORTEST, LONGEST = 30, 60
#: The lecture's strand.
LECTURE = "AGCCCCTGTGAGGAACTAG"


def main() -> None:
    """Run the command line: print a table of F1, exact and within the tolerance."""
    parser = Parser("python -m benchmarks.quality.splice_spans", "[options]", __doc__ or "")
    parser.add_argument("--data", "Strands of the classes EI, IE and N.", required=True)
    parser.add_argument("--windows", "The windows of a training strand.", type=int, default=4)
    parser.add_argument("--output", "A folder for the trained model.", metavar="RUN")
    parser.add_options(StrandTaggerOptions)
    options = parser.parse(sys.argv[1:])
    names = [field.name for field in fields(StrandTaggerOptions)]
    values = {name: getattr(options, name) for name in names}
    chosen = StrandTaggerOptions(**values)
    columns = StrandColumnOptions()
    examples = [*StrandExamples(open_strands(options.data, "train", columns), columns)]
    labels = np.array([str(example.label) for example in examples])
    groups = np.unique([str(example.group) for example in examples], return_inverse=True)[1]
    rows = next(split(labels, groups, 5))
    strands = [example.text.upper() for example in examples]
    train, test = (
        windows([(strands[i], labels[i]) for i in part], count, seed)
        for seed, (part, count) in enumerate(zip(rows, (options.windows, 1), strict=True))
    )

    from toolkit.tasks import StrandTagger

    tagger = StrandTagger(**values | {"validation_split": 0.0}).fit(train)
    metrics = tagger.evaluate(test)
    guessed = by_place(train, test)
    baseline = entity_metrics(guessed, tagger.classes) | metrics_within(guessed, chosen.tolerance)
    print(description(chosen.threads or os.cpu_count() or 1))
    print(f"\n| | F1 exact | F1 within {chosen.tolerance} bases | donor | acceptor |")
    print("|---|---:|---:|---:|---:|")
    for name, found in (("StrandTagger", metrics), ("by place alone", baseline)):
        of_kinds = [found["per_class"][kind]["f1"] for kind in ("donor", "acceptor")]
        figures = (found["f1"], found["f1_within"], *of_kinds)
        print(f"| {name} | {' | '.join(f'{figure or 0:.4f}' for figure in figures)} |")
    print(f"\n{LECTURE}: {tagger.predict([LECTURE])[0]['entities']}")
    if options.output:
        tagger.save(options.output)
        tagger.export(options.output)


def windows(strands: Sequence[tuple[str, str]], count: int, seed: int) -> list[dict[str, Any]]:
    """Return random windows of strands with their sites, as texts with entities."""
    draw = random.Random(seed)
    rows = []
    for strand, kind in strands:
        for _ in range(count):
            length = draw.randint(SHORTEST, min(LONGEST, len(strand)))
            start = draw.randint(0, len(strand) - length)
            spans = []
            if kind in SITES:
                label, *borders = SITES[kind]
                first, last = (len(strand) // 2 + border - start for border in borders)
                if first >= 0 and last <= length:
                    spans.append({"start": first, "end": last, "label": label})
            rows.append({"text": strand[start : start + length], "entities": spans})
    return rows


def by_place(train: Sequence[dict[str, Any]], test: Sequence[dict[str, Any]]) -> list[Tagged]:
    """Return the test strands with a site where most sites of the training are."""
    sites = Counter(
        (span["label"], round(20 * span["start"] / len(row["text"])))
        for row in train
        for span in row["entities"]
    )
    (label, place), _ = sites.most_common(1)[0]
    tagged = []
    for row in test:
        start = min(round(place / 20 * len(row["text"])), len(row["text"]) - 2)
        gold = [Span(**span) for span in row["entities"]]
        tagged.append(Tagged(row["text"], gold, [Span(start, start + 2, label)], [1.0]))
    return tagged


if __name__ == "__main__":
    main()
