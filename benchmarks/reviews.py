"""Texts for a language model that a classifier is to start from: none that it is validated by.

The training part of labelled data, by the split that the pipeline makes of it with the same seed,
and unlabelled texts, all mixed, a text a line.

Run ``python -m benchmarks.reviews --data reviews.csv --group-column movie --unlabelled more.txt
--output texts.txt``, then ``python -m pipelines.language_model train --data texts.txt --lines``.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.labelled import add_arguments, read
from toolkit.data import StreamColumnOptions, open_stream, whole_texts
from toolkit.files import atomic_write


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser("python -m benchmarks.reviews", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--unlabelled", required=True, help="a plain text file, a text a line")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    labelled = read(given)
    texts = [labelled.texts[index] for index in labelled.train]
    texts += whole_texts(open_stream(given.unlabelled, options=StreamColumnOptions(lines=True)))
    order = np.random.default_rng(given.seed).permutation(len(texts))
    atomic_write(given.output, "".join(" ".join(texts[i].split()) + "\n" for i in order))
    print(f"{len(texts):,} texts, {len(labelled.train):,} of them labelled")


if __name__ == "__main__":
    main()
