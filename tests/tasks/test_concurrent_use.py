"""Eight threads, and eight processes, get the answers that one gets."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import keras
import pytest

from toolkit.models import ManyToOne, SequenceModel
from toolkit.tasks import TextClassifier
from toolkit.text import Tokenizer

EIGHT = 8
WORDS = ["the", "film", "is", "not", "good", "bad", "very", ",", "."]
#: For each of the eight some texts of its own, of many lengths, between texts that all share.
TEXTS = [
    [" ".join(WORDS[(i * k + k) % 9] for k in range(1 + (7 * i + n) % 60)) for n in range(90)]
    + ["", "unheard of", "É\u0301 👍🏽 <br />"]
    for i in range(EIGHT)
]


def fitted() -> TextClassifier:
    """A classifier as it is after ``fit``, with random weights, that was never asked."""
    keras.utils.set_random_seed(0)
    task = TextClassifier(max_length=50, hidden_size=8)
    task.classes = ("neg", "pos")
    network = ManyToOne(11, 2, embedding_size=8, hidden_size=8, bidirectional=False)
    task.sequence_model = SequenceModel(Tokenizer(max_length=50, vocabulary=WORDS), network)
    task.sequence_model.build()
    task.facts = {"max_length": 50, "data": "d", "rows": 1, "classes": {}, "validation": "none"}
    task.facts["command"] = "fit"
    task._answer_from_network()
    return task


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    fitted().export(folder, golden=["the film is good"])
    return folder


@pytest.fixture(scope="module")
def answers(run: Path) -> list[list[dict[str, Any]]]:
    """What one thread of one process gets."""
    task = TextClassifier.load(run)
    return [task.predict(texts) for texts in TEXTS]


def test_eight_threads_and_one_saved_model(run: Path, answers: list[Any]) -> None:
    task = TextClassifier.load(run)
    start = Barrier(EIGHT)

    def work(number: int) -> Any:
        start.wait()
        return [task.predict(TEXTS[number]) for _ in range(3)]

    with ThreadPoolExecutor(EIGHT) as pool:
        answered = list(pool.map(work, range(EIGHT)))
    assert answered == [[expected] * 3 for expected in answers]


def test_eight_threads_are_the_first_to_ask(answers: list[Any]) -> None:
    task = fitted()
    start = Barrier(EIGHT)

    def work(number: int) -> Any:
        start.wait()
        return task.predict(TEXTS[number])

    with ThreadPoolExecutor(EIGHT) as pool:
        assert list(pool.map(work, range(EIGHT))) == answers


def in_a_process(run: Path, number: int, start: Any, answered: Any) -> None:
    task = TextClassifier.load(run)
    start.wait(300)
    answered.put((number, [task.predict(TEXTS[number]) for _ in range(3)]))


@pytest.mark.slow
def test_eight_processes_at_once(run: Path, answers: list[Any]) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "toolkit.tasks.classification.task"])  # once for all
    start, answered = context.Barrier(EIGHT), context.Queue()
    processes = [
        context.Process(target=in_a_process, args=(run, number, start, answered), daemon=True)
        for number in range(EIGHT)
    ]
    for process in processes:
        process.start()
    got = dict(answered.get(timeout=300) for _ in processes)
    for process in processes:
        process.join()
    assert [got[number] for number in range(EIGHT)] == [[expected] * 3 for expected in answers]
