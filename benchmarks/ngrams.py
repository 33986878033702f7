"""What n-grams alone give, without a network: the row beside the recurrent models.

Logistic regression on binary n-grams, weighted by their naive Bayes log-count ratios (Wang and
Manning, ACL 2012, section 2.3), by scikit-learn, on the split that the pipeline makes of the same
data with the same seed. Two classes. All texts are held in memory.

Run ``python -m benchmarks.ngrams --data reviews.csv --group-column movie``. With ``--beside RUN``
there are rows for the mean of the probabilities of the n-grams and of a trained run, which must
have been trained with the same split.
"""

import argparse

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.labelled import add_arguments, read


def main() -> None:
    """Print a table of validation accuracies."""
    parser = argparse.ArgumentParser("python -m benchmarks.ngrams", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--beside", metavar="RUN")
    given = parser.parse_args()
    texts, labels, train, held = read(given)

    of_run = None
    if given.beside:
        from toolkit.tasks import TextClassifier

        answers = TextClassifier.load(given.beside).predict([texts[i] for i in held])
        second_class = list(answers[0]["probabilities"])[1]
        of_run = np.asarray([answer["probabilities"][second_class] for answer in answers])

    print("| n-grams | features | accuracy |\n|---|---:|---:|")
    for name, longest, most in (("words", 1, 20_000), ("words and pairs", 2, None)):
        counter = CountVectorizer(
            ngram_range=(1, longest),
            binary=True,
            min_df=2,
            max_features=most,
            token_pattern=r"\w+|[^\w\s]",
        )
        seen = counter.fit_transform([texts[i] for i in train])
        unseen = counter.transform([texts[i] for i in held])
        first, second = (
            1 + np.asarray(seen[labels[train] == label].sum(axis=0)).ravel() for label in (0, 1)
        )
        ratio = np.log((second / second.sum()) / (first / first.sum()))
        model = LogisticRegression(C=0.1, max_iter=100, solver="liblinear")
        model.fit(seen.multiply(ratio).tocsr(), labels[train])
        of_ngrams = model.predict_proba(unseen.multiply(ratio).tocsr())[:, 1]
        rows = {name: of_ngrams}
        if of_run is not None:
            rows[f"{name}, beside the run"] = (of_ngrams + of_run) / 2
        for row, probabilities in rows.items():
            accuracy = np.mean((probabilities > 0.5) == labels[held])
            print(f"| {row} | {seen.shape[1]:,} | {accuracy:.4f} |", flush=True)
    if of_run is not None:
        print(f"| the run alone | | {np.mean((of_run > 0.5) == labels[held]):.4f} |")


if __name__ == "__main__":
    main()
