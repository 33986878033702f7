"""Write the texts for pretraining a classifier's language model, without the held-out texts.

Run ``python -m benchmarks.quality.pretraining_texts --data reviews.csv --group-column movie
--unlabelled more.txt --output texts.txt``, then ``python -m pipelines.language_model train --data
texts.txt --lines``.

The texts are the training part of the labelled data, on the split that the pipeline makes with the
same seed, and the unlabelled texts, shuffled, one a line.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.quality.labelled_texts import add_arguments, read
from toolkit.data import StreamColumnOptions, open_stream, whole_texts
from toolkit.files import atomic_write


def main() -> None:
    """Run the command line: write the file."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.pretraining_texts", description=__doc__
    )
    add_arguments(parser)
    parser.add_argument("--unlabelled", required=True, help="a plain text file, one text a line")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    labelled = read(options)
    texts = [labelled.texts[index] for index in labelled.train]
    texts += whole_texts(open_stream(options.unlabelled, options=StreamColumnOptions(lines=True)))
    order = np.random.default_rng(options.seed).permutation(len(texts))
    atomic_write(options.output, "".join(" ".join(texts[i].split()) + "\n" for i in order))
    print(f"{len(texts):,} texts, {len(labelled.train):,} of them labelled")


if __name__ == "__main__":
    main()
