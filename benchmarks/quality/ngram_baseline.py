"""Evaluate a text classifier of n-grams, as a baseline without a network.

Run ``python -m benchmarks.quality.ngram_baseline --data reviews.csv --group-column movie``. With
``--beside RUN`` there are rows for the mean of the probabilities of the n-grams and of a trained
run, which must have the same split.

The baseline is scikit-learn's logistic regression on binary n-grams, weighted by their naive Bayes
log-count ratios (Wang and Manning, ACL 2012, section 2.3), for two classes, on the split that the
pipeline makes with the same seed. All texts are held in memory.
"""

import argparse

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.labelled_texts import add_arguments, read


def main() -> None:
    """Run the command line: print a table of validation accuracies."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.ngram_baseline", description=__doc__
    )
    add_arguments(parser)
    parser.add_argument("--beside", metavar="RUN", help="average with this run's probabilities")
    options = parser.parse_args()
    texts, labels, train, held = read(options)

    run_probabilities = None
    if options.beside:
        from toolkit.tasks import TextClassifier

        answers = TextClassifier.load(options.beside).predict([texts[i] for i in held])
        second_class = list(answers[0]["probabilities"])[1]
        run_probabilities = np.asarray(
            [answer["probabilities"][second_class] for answer in answers]
        )

    print("| n-grams | features | accuracy |\n|---|---:|---:|")
    for name, max_n, max_features in (("words", 1, 20_000), ("words and pairs", 2, None)):
        counter = CountVectorizer(
            ngram_range=(1, max_n),
            binary=True,
            min_df=2,
            max_features=max_features,
            token_pattern=r"\w+|[^\w\s]",
        )
        train_counts = counter.fit_transform([texts[i] for i in train])
        held_counts = counter.transform([texts[i] for i in held])
        first, second = (
            1 + np.asarray(train_counts[labels[train] == label].sum(axis=0)).ravel()
            for label in (0, 1)
        )
        ratio = np.log((second / second.sum()) / (first / first.sum()))
        model = LogisticRegression(C=0.1, max_iter=100, solver="liblinear")
        model.fit(train_counts.multiply(ratio).tocsr(), labels[train])
        ngram_probabilities = model.predict_proba(held_counts.multiply(ratio).tocsr())[:, 1]
        rows = {name: ngram_probabilities}
        if run_probabilities is not None:
            rows[f"{name}, averaged with the run"] = (ngram_probabilities + run_probabilities) / 2
        for row, probabilities in rows.items():
            accuracy = np.mean((probabilities > 0.5) == labels[held])
            print(f"| {row} | {train_counts.shape[1]:,} | {accuracy:.4f} |", flush=True)
    if run_probabilities is not None:
        print(f"| the run by itself | | {np.mean((run_probabilities > 0.5) == labels[held]):.4f} |")


if __name__ == "__main__":
    main()
