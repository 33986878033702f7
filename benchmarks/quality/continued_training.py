"""Measure what each task knows before and after a training that goes on with other data.

Run ``python -m benchmarks.quality.continued_training``. Each task learns from generated texts, is
saved and loaded, and goes on with other texts that have new words, and a new label or kind of
entity, once alone and once mixed with part of the first texts. The report is a Markdown table on
standard output: the task's metric on the first test data and on the new ones.
"""

import argparse
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import description
from benchmarks.timing import say
from toolkit.errors import DataError

#: Sizes that suit the few words of the generated texts.
SMALL: dict[str, Any] = {"hidden_size": 32, "embedding_size": 32, "learning_rate": 0.01}

Texts = Callable[[random.Random, int, bool], Any]


@dataclass(frozen=True)
class Case:
    """A task with its data.

    Attributes:
        name: The name of its class in ``toolkit.tasks``.
        metric: The metric.
        texts: Returns a number of examples; with the words of the new data, or the first ones.
        join: Returns two data sets as one.
        options: The options of the task.
    """

    name: str
    metric: str
    texts: Texts
    join: Callable[[Any, Any], Any]
    options: dict[str, Any]


def reviews(rng: random.Random, count: int, new: bool) -> tuple[list[str], list[str]]:
    """Return texts of positive and negative words, and labels; new data has a third label."""
    first = {"pos": ["good", "fine", "warm"], "neg": ["bad", "dull", "cold"]}
    later = {"pos": ["superb", "lovely"], "neg": ["awful", "vile"], "odd": ["weird", "strange"]}
    words = later if new else first
    labels = [rng.choice([*words]) for _ in range(count)]
    texts = [
        f"the {rng.choice(['film', 'play', 'book'])} was {rng.choice(words[label])} today"
        for label in labels
    ]
    return texts, labels


def names(rng: random.Random, count: int, new: bool) -> list[dict[str, Any]]:
    """Return texts with persons and places; new data has other names, and organisations."""
    first = {"PER": ["Ada", "Bo", "Cleo", "Dov"], "LOC": ["Arles", "Bray", "Cork"]}
    later = {"PER": ["Eli", "Fay"], "LOC": ["Delft"], "ORG": ["Umber", "Zetex", "Quill"]}
    before = {"PER": "we saw ", "LOC": "they stayed in ", "ORG": "he works for "}
    texts = []
    for _ in range(count):
        kind = rng.choice([*(later if new else first)])
        name, start = rng.choice((later if new else first)[kind]), len(before[kind])
        entity = {"start": start, "end": start + len(name), "label": kind}
        text = f"{before[kind]}{name} {rng.choice(['today', 'again'])}"
        texts.append({"text": text, "entities": [entity]})
    return texts


def pairs(rng: random.Random, count: int, new: bool) -> tuple[list[str], list[str]]:
    """Return sources of one to four words, and targets, which have their order reversed."""
    words = [("old", "alt"), ("new", "neu"), ("bird", "Vogel"), ("house", "Haus"), ("big", "groß")]
    more = [("red", "rot"), ("cat", "Katze"), ("tree", "Baum")]
    known = words[:2] + more if new else words
    chosen = [rng.choices(known, k=rng.randint(1, 4)) for _ in range(count)]
    sources = [" ".join(source for source, _ in one) for one in chosen]
    return sources, [" ".join(target for _, target in reversed(one)) for one in chosen]


def lines(rng: random.Random, count: int, new: bool) -> list[str]:
    """Return sentences about animals; new data has other animals."""
    subjects = ["zebra", "owl"] if new else ["cat", "dog"]
    return [
        f"the {rng.choice(subjects)} {rng.choice(['sees', 'likes'])} the "
        f"{rng.choice(['moon', 'rain', 'sea'])}."
        for _ in range(count)
    ]


def _columns(one: Sequence[Any], other: Sequence[Any]) -> Any:
    return tuple([*a, *b] for a, b in zip(one, other, strict=True))


def _lists(one: Sequence[Any], other: Sequence[Any]) -> Any:
    rows = [*one, *other]
    return random.Random(0).sample(rows, len(rows))  # a language model holds the last ones out


CASES = [
    Case("TextClassifier", "accuracy", reviews, _columns, SMALL | {"epochs": 12}),
    Case("EntityTagger", "f1", names, _lists, SMALL | {"epochs": 12}),
    Case("Translator", "bleu", pairs, _columns, SMALL | {"epochs": 15, "token_level": "words"}),
    Case(
        *("LanguageModel", "log_loss", lines, _lists),
        SMALL | {"epochs": 12, "token_level": "words", "lines": True},
    ),
]
#: The number of examples to learn from, and to measure on.
ROWS, TEST_ROWS = 300, 60
#: The columns of the table. The last model went on with the new data and part of the first.
HEADING = (
    *("| task, metric", "first data: fitted", "loaded", "0 epochs more", "new data more"),
    *("new and first data more", "new data: fitted", "new data more", "new and first data more"),
    *("words", "classes |"),
)
#: The epochs on new data.
MORE_EPOCHS = 8


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.continued_training", description=__doc__
    )
    names = [case.name for case in CASES]
    parser.add_argument("--tasks", nargs="+", choices=names, default=names)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(f"{description(options.threads)}\n")
    print(*HEADING, sep=" | ")
    print("|---|", "---:|" * (len(HEADING) - 1), sep="")
    for case in CASES:
        if case.name not in options.tasks:
            continue
        print(_row(case, options.threads, options.seed), flush=True)


def _row(case: Case, threads: int, seed: int) -> str:
    from toolkit import tasks

    say(case.name)
    kind: Any = getattr(tasks, case.name)
    rng = random.Random(seed)
    first, test = case.texts(rng, ROWS, False), case.texts(rng, TEST_ROWS, False)
    new, new_test = case.texts(rng, ROWS, True), case.texts(rng, TEST_ROWS, True)
    part = case.texts(rng, ROWS // 3, False)

    def measured(task: Any, data: Any) -> str:
        try:
            return f"{task.evaluate(data)[case.metric]:.4g}"
        except DataError:  # a label that it does not know
            return "refused"

    with tempfile.TemporaryDirectory() as folder:
        task = kind(**case.options, threads=threads, seed=seed)
        task.fit(first).save(Path(folder))
        values = [measured(task, test), measured(kind.load(folder), test)]
        again = kind.load(folder)
        again.epochs = 0
        again.fit(first, continue_training=True)
        values.append(measured(again, test))
        later = []
        for data in (new, case.join(new, part)):
            more = kind.load(folder)
            more.epochs = MORE_EPOCHS
            more.fit(data, continue_training=True)
            later.append(more)
    values += [measured(more, test) for more in later]
    values += [measured(each, new_test) for each in (task, *later)]
    sizes = f"{_vocabulary(task)} -> {_vocabulary(later[0])}"
    classes = f"{len(task.classes)} -> {len(later[0].classes)}" if task.classes else ""
    return f"| {case.name}, {case.metric} | {' | '.join(values)} | {sizes} | {classes} |"


def _vocabulary(task: Any) -> int:
    """Return the number of tokens that a task knows."""
    layer = task.sequence_model.preprocessing
    size: int = getattr(layer, "vocabulary_size", 0) or layer.sizes["words"]
    return size


if __name__ == "__main__":
    main()
