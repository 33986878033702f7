"""Compare networks on the embedded samples of sequences with simple baselines.

Run ``python -m benchmarks.quality.sample_baselines``. With ``--only movements``, ``videos`` or
``strands`` one sample is compared.

The baseline is scikit-learn's logistic regression: on the mean and the standard deviation of each
channel over time, for movements relative to the hips too, or of each pixel; on counts of 6-mers for
strands. The network has the defaults of the task. Both learn from the sample's training part and
are measured on its test part, whose subjects are not in training.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines import activity
from pipelines.samples.strands import strands
from toolkit.series.joints import KINECT_20
from toolkit.tasks import SequenceClassifier, StrandClassifier


def main() -> None:
    """Run the command line: print a table of accuracies."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.sample_baselines", description=__doc__
    )
    parser.add_argument("--only", choices=COMPARED)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| sample | baseline | network | seconds of training |\n|---|---:|---:|---:|")
    for name in [options.only] if options.only else COMPARED:
        read, baseline, make = COMPARED[name]
        train, test = (columns_of(read(part)) for part in ("train", "test"))
        model = baseline().fit(*train)
        start = time.monotonic()
        network = make(seed=options.seed).fit(read("train"))
        seconds = time.monotonic() - start
        accuracy = network.evaluate(read("test"))["accuracy"]
        print(f"| {name} | {model.score(*test):.4f} | {accuracy:.4f} | {seconds:.0f} |", flush=True)


def columns_of(data: Any) -> tuple[Sequence[Any], Sequence[str]]:
    """Return the inputs and the labels of a sample."""
    return data if isinstance(data, tuple) else (list(data["series"]), list(data["label"]))


class Moments:
    """The means and the standard deviations of channels over time, as scikit-learn's features."""

    def fit(self, series: Sequence[NDArray[Any]], labels: Sequence[str]) -> "Moments":
        """Learn nothing."""
        return self

    def transform(self, series: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the moments of each series [N, 2 D], and of skeletons about their hips."""
        return np.stack([self._moments(np.asarray(each, np.float64)) for each in series])

    def _moments(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = series.reshape(len(series), -1)
        if series.shape[1:] == (3 * len(KINECT_20.names),):
            joints = series.reshape(len(series), -1, 3)
            about = joints - joints[:, list(KINECT_20.hip)].mean(axis=1, keepdims=True)
            flat = np.concatenate([flat, about.reshape(len(series), -1)], axis=1)
        return np.concatenate([flat.mean(axis=0), flat.std(axis=0)])


def moments() -> Any:
    """Return the baseline on means and deviations."""
    return make_pipeline(Moments(), StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def kmers() -> Any:
    """Return the baseline on counts of 6-mers."""
    counter = CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False)
    return make_pipeline(counter, LogisticRegression(max_iter=300))


def skeletons(seed: int) -> Any:
    """Return the network of movements."""
    return SequenceClassifier(front="skeleton", seed=seed)


def videos(seed: int) -> Any:
    """Return the network of videos."""
    return SequenceClassifier(front="frames", seed=seed)


#: The reader, the baseline and the network of each sample.
COMPARED: dict[str, tuple[Callable[[Any], Any], Callable[[], Any], Callable[..., Any]]] = {
    "movements": (activity.sample, moments, skeletons),
    "videos": (activity.sample_videos, moments, videos),
    "strands": (strands, kmers, StrandClassifier),
}


if __name__ == "__main__":
    main()
