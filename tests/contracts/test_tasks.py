"""Every task keeps the contract of ``TaskProtocol``; see ``cases.py`` for what is held to it."""

import asyncio
import copy
import html
import inspect
import itertools
import json
import math
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, asdict, fields
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import httpx
import keras
import numpy as np
import pytest
import yaml
from cases import CASES, Data, TaskCase
from page_reader import Reader

from pipelines.command import main
from pipelines.parser import Parser
from pipelines.verbs import VERBS
from pipelines.verbs.train import _command
from toolkit.errors import DataError, ModelError, OptionError, ToolkitError
from toolkit.export import read_golden
from toolkit.export.runtimes import RUNTIMES
from toolkit.export.verify import compare_with_golden
from toolkit.serving import ServingOptions, served_runs
from toolkit.serving.app import create_app
from toolkit.tasks.explaining import errors
from toolkit.tasks.protocol import ExplainingTask, FrameTask, StreamingTask, TaskProtocol
from toolkit.training import cost


class Run:
    """A trained task and what becomes of it; each part is made once, for all tests.

    Args:
        case: The task.
        folder: Where to write.
    """

    def __init__(self, case: TaskCase, folder: Path) -> None:
        self.case = case
        self.folder = folder

    @cached_property
    def data(self) -> Data:
        """Its data."""
        return self.case.data(self.folder / "data")

    def kind(self, name: str) -> Any:
        """The training data of a kind."""
        found = self.data.kinds[name]
        return found() if callable(found) else found

    @property
    def first(self) -> Any:
        """The training data of the first kind."""
        return self.kind(next(iter(self.data.kinds)))

    def new(self, **options: Any) -> Any:
        """A task that has learnt nothing."""
        return self.case.task(**{**self.case.options, **options})

    def ask(self, task: Any, questions: Any = None) -> list[dict[str, Any]]:
        """Return a task's answers, by default to the questions of its data."""
        some = list(self.data.questions if questions is None else questions)
        answers: list[dict[str, Any]] = task.predict(some, **self.case.asking)
        return answers

    @cached_property
    def fitted(self) -> Any:
        """A task that has learnt."""
        return self.new().fit(self.first)

    @cached_property
    def answers(self) -> list[dict[str, Any]]:
        """Return its answers."""
        return self.ask(self.fitted)

    @cached_property
    def saved(self) -> Path:
        """A folder in which there is what ``save`` writes, and no more."""
        folder = self.folder / "saved"
        self.fitted.save(folder)
        return folder

    @cached_property
    def loaded(self) -> Any:
        """A task that was loaded from there."""
        return self.case.task.load(self.saved)

    @cached_property
    def before_export(self) -> tuple[list[dict[str, Any]], dict[str, Any], Any]:
        """Its answers, metrics and statistics; ``export`` may round its weights."""
        test = self.data.test
        return self.ask(self.loaded), self.loaded.evaluate(test), self.loaded.statistics(test)

    @cached_property
    def exported(self) -> Path:
        """A folder with what it exports, and no more."""
        assert self.before_export
        folder = self.folder / "exported"
        questions = [each[0] if isinstance(each, tuple) else each for each in self.data.questions]
        assert self.loaded.export(folder, golden=questions) == folder / "1"
        return folder

    @cached_property
    def served(self) -> Any:
        """A task that was loaded from there."""
        return self.case.task.load(self.exported)

    @cached_property
    def explanations(self) -> list[dict[str, Any]]:
        """Its explanations, of what was loaded."""
        return explained(self, self.loaded)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of each task."""
    return {case.name: Run(case, tmp_path_factory.mktemp("run") / "of it") for case in CASES}


#: Two processes share the tasks; each has a process with TensorFlow alone for all of its own.
SHARES = (CASES[::2], CASES[1::2])


#: The cases of daily tests, and of those that take long.
DAILY = tuple(case.name for case in CASES if case.name != "conditioned")
OF_LONG_TESTS = ("classifier", "waves", "fake")


def parameters(cases: Sequence[TaskCase], daily: Sequence[str] = DAILY) -> list[Any]:
    """Return the parameters of fixtures for cases; each process tests the cases of its share.

    Args:
        cases: The cases.
        daily: The names of those whose tests are not slow.
    """
    return [
        pytest.param(
            case,
            id=case.name.replace(" ", "_"),
            marks=[
                pytest.mark.xdist_group(f"contract_{int(case in SHARES[1])}"),
                *([] if case.name in daily else [pytest.mark.slow]),
            ],
        )
        for case in cases
    ]


def named(*names: str) -> list[TaskCase]:
    """Return the cases of these names."""
    return [case for case in CASES if case.name in names]


@pytest.fixture(params=parameters(CASES))
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return a run of a task."""
    return runs[request.param.name]


@pytest.fixture(params=parameters([case for case in CASES if case.has_network]))
def network_run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return a run of a task that has a network."""
    return runs[request.param.name]


#: Tasks whose training is, but for the front of their network, that of another task here.
TRAINED_ALIKE = ("waves", "strands", "marked strands", "videos")


@pytest.fixture(
    params=parameters(
        [case for case in CASES if case.has_network and case.name not in TRAINED_ALIKE]
    )
)
def trained_run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return a run of a task that has a training of its own."""
    return runs[request.param.name]


#: Tasks whose trainings have states of their own kinds: batches alone, and states that go from
#: window to window.
RESUMED = ("classifier", "language model")


@pytest.fixture(params=parameters([case for case in CASES if case.name in RESUMED]))
def resumed_run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return a run of a task whose training is resumed."""
    return runs[request.param.name]


#: Tasks that explain their answers; those whose explanations are tested daily.
EXPLAINED = [
    case
    for case in CASES
    if case.made_of.explanation_options is not None and case.name not in ("conditioned", "videos")
]
EXPLAINED_DAILY = ("classifier", "tagger", "activity")
#: Those of which parts are left out in the network; their answers have no path of the state.
IN_THE_NETWORK = ("tagger", "marked strands", "translator")


@pytest.fixture(params=parameters(EXPLAINED, EXPLAINED_DAILY))
def explained_run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """Return a run of a task that explains its answers."""
    return runs[request.param.name]


def same(one: Any, other: Any, tolerance: float = 1e-5) -> bool:
    """Return whether nested answers are the same, floats within a tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [*one] == [*other] and all(same(one[n], other[n], tolerance) for n in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other, [tolerance] * len(one)))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    return type(one) is type(other) and bool(one == other)


def files(folder: Path) -> dict[Path, bytes | None]:
    """Return the contents of a folder's files by path."""
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


# What it is


METHODS = ("fit", "predict", "evaluate", "statistics", "inspect", "diagnose", "save", "export")


def test_it_has_what_is_asked_of_a_task(run: Run) -> None:
    task = run.new()
    assert isinstance(task, TaskProtocol)
    assert isinstance(task, StreamingTask) or not run.case.made_of.streams
    assert isinstance(task, FrameTask) or not run.case.made_of.frames
    for name in (*METHODS, "load"):
        asked = inspect.signature(getattr(TaskProtocol, name)).parameters
        has = inspect.signature(getattr(type(task), name)).parameters
        for parameter in asked.values():
            assert has[parameter.name].kind == parameter.kind, name
            assert has[parameter.name].default == parameter.default, name
        assert [*has][: len(asked)] == [*asked], name
        for more in [*has.values()][len(asked) :]:
            assert more.kind == more.VAR_KEYWORD or more.default is not more.empty, name
    assert (task.classes, task.history, task.metrics, task.facts) == ((), [], {}, {})


def test_its_constructor_takes_the_options_of_its_pipeline(run: Run) -> None:
    options, task = run.case.made_of.options, run.case.task
    assert issubclass(task, options)
    assert [field.name for field in fields(task)] == [field.name for field in fields(options)]
    assert all(field.kw_only and field.default is not MISSING for field in fields(task))
    assert eval(repr(run.new()), {task.__name__: task}).__dict__ == run.new().__dict__
    assert repr(task()) == f"{task.__name__}()" or not run.case.has_network
    asking = run.case.made_of.predict_options
    if asking is not None:
        takes = inspect.signature(task.predict).parameters.values()
        assert {*run.case.asking} <= {field.name for field in fields(asking)}
        assert len([*takes]) > 2


# Learning


def test_it_learns(run: Run) -> None:
    task = run.fitted
    losses = [row["loss"] for row in task.history]
    assert losses[-1] < 0.9 * losses[0] or not run.case.has_network
    assert any(isinstance(v, float) for v in task.metrics.values()) or not task.validation_split
    for plain in (task.metrics, task.facts):
        assert yaml.safe_load(yaml.safe_dump(plain)) == plain


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The batches of an epoch that each training gets, instead of the training."""
    found: list[Any] = []

    def fit(_: Any, batches: Any, steps_per_epoch: int, **__: Any) -> None:
        found.append(list(itertools.islice(batches.as_numpy_iterator(), steps_per_epoch)))

    monkeypatch.setattr(keras.Model, "fit", fit)
    return found


def weights(task: Any) -> list[Any]:
    """The weights of a task, if it has any."""
    model = getattr(task, "sequence_model", None)
    return [] if model is None else model.get_weights()


#: The facts that tell the kind of data.
OF_A_KIND = ("data", "named_columns")


@pytest.mark.slow
def test_equal_data_of_any_kind_is_learnt_equally(run: Run, taught: list[Any], eager: None) -> None:
    """From the same weights by the same batches; packed files are left to the next test."""
    first: Any = None
    for name in (name for name in run.data.kinds if "packed" not in name):
        task = run.new(validation_split=0.0).fit(run.kind(name))
        assert len(taught) == run.case.has_network, name
        batches = taught.pop() if taught else []
        assert bool(batches) == run.case.has_network
        facts = {k: v for k, v in task.facts.items() if k not in OF_A_KIND}
        first = first or (batches, weights(task), facts)
        np.testing.assert_equal((batches, weights(task), facts), first, err_msg=name)


@pytest.mark.slow
def test_equal_data_of_any_kind_is_measured_equally(trained_run: Run) -> None:
    run = trained_run
    totals = {n: run.fitted.statistics(run.kind(n)).rows.sum(axis=0) for n in run.data.kinds}
    first = next(iter(totals.values()))
    for name, of_kind in totals.items():
        np.testing.assert_allclose(of_kind, first, rtol=1e-5, err_msg=name)


@pytest.mark.slow
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    resumed_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of data of another kind than the whole training."""
    run = resumed_run
    *_, name = run.data.kinds
    proceed, ended = keras.callbacks.CallbackList.on_train_batch_end, []

    def interrupt(self: Any, *arguments: Any) -> None:
        ended.append(arguments)
        if len(ended) == 3:
            signal.raise_signal(signal.SIGINT)
        proceed(self, *arguments)

    whole = run.fitted
    with monkeypatch.context() as patch:
        patch.setattr(keras.callbacks.CallbackList, "on_train_batch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run.new().fit(run.kind(name), output=tmp_path)
    assert len(ended) == 3
    again = run.new().fit(run.kind(name), output=tmp_path)
    assert len(weights(again)) > 3
    np.testing.assert_equal(weights(again), weights(whole))
    rows = [[{**row, "seconds": 0} for row in task.history] for task in (again, whole)]
    assert rows[0] == rows[1]
    assert again.metrics == whole.metrics


# Going on


@pytest.mark.slow
def test_without_epochs_and_new_data_it_stays_as_it_was(run: Run, eager: None) -> None:
    task = run.case.task.load(run.saved)
    task.epochs = 0
    task.fit(run.first, continue_training=True)
    np.testing.assert_equal(weights(task), weights(run.fitted))
    assert same(run.ask(task, run.data.questions[:1]), run.answers[:1])
    for name in {*task.facts} - {"epochs", "command", "epochs_before"}:
        assert task.facts[name] == run.fitted.facts[name], name
    assert task.classes == run.fitted.classes
    assert same(task.metrics, run.fitted.metrics, 1e-4)


@pytest.mark.parametrize("run", parameters(CASES, OF_LONG_TESTS), indirect=True)
def test_it_goes_on_with_what_is_new(run: Run, eager: None) -> None:
    task = run.case.task.load(run.saved)
    classes = task.classes
    task.epochs, task.learning_rate, task.validation_split = 1, 1e-9, 0.0
    task.fit(run.data.more, continue_training=True)
    assert task.classes[: len(classes)] == classes
    (answer,) = run.ask(task, run.data.questions[:1])
    assert {*answer} == {*run.answers[0]}
    if run.case.has_network:
        assert len(task.classes) == len(classes) + bool(classes)
        assert [row["epoch"] for row in task.history] == [4]
        assert (task.facts["epochs_before"], task.facts["trained_epochs"]) == (3, 4)
        old, new = (each.sequence_model.network.count_params() for each in (run.fitted, task))
        # subwords cover every text, and 88 keys all music
        assert new > old or run.case.name in ("translator", "music")


@pytest.mark.slow
def test_more_epochs_from_the_kept_state_are_those_of_a_longer_training(
    resumed_run: Run, tmp_path: Path
) -> None:
    run = resumed_run
    constant = {"schedule": "constant", "warmup": 0.0}
    run.new(**constant, epochs=2, keep_state=True).fit(run.first).save(tmp_path)
    task = run.case.task.load(tmp_path)
    task.epochs = 1
    task.fit(run.first, continue_training=True)
    whole = run.new(**constant).fit(run.first)
    np.testing.assert_equal(weights(task), weights(whole))
    rows = [[{**row, "seconds": 0} for row in each.history] for each in (task, whole)]
    assert rows[0] == rows[1]
    assert task.metrics == whole.metrics


# Answering


def test_one_by_one_it_answers_as_in_a_batch(run: Run) -> None:
    assert len(run.answers) == len(run.data.questions) > 2
    for question, answer in zip(run.data.questions, run.answers, strict=True):
        assert same(run.ask(run.fitted, [question]), [answer]), question
    assert run.ask(run.fitted, []) == []


def test_it_answers_as_before_after_save_and_load(run: Run) -> None:
    assert {path.name for path in run.saved.iterdir()} == SAVED
    answers, metrics, statistics = run.before_export
    assert answers == run.answers
    assert metrics == run.fitted.evaluate(run.data.test)
    fitted = run.fitted.statistics(run.data.test)
    np.testing.assert_array_equal(statistics.rows, fitted.rows)
    assert statistics.checksum == fitted.checksum
    for name in ("classes", "facts", "metrics"):
        assert getattr(run.loaded, name) == getattr(run.fitted, name)


SAVED = {"model.keras", "config.yaml", "metrics.json"}


def test_it_answers_as_before_after_export_and_load(run: Run) -> None:
    assert not SAVED & {path.name for path in run.exported.iterdir()}
    assert same(run.ask(run.served), run.ask(run.loaded))
    test = run.data.test
    assert same(run.served.evaluate(test), run.loaded.evaluate(test))
    for name in ("classes", "facts", "metrics"):
        assert getattr(run.served, name) == getattr(run.loaded, name)
    with pytest.raises(ModelError, match=r"save needs .*model\.keras, which is missing"):
        run.served.save(run.exported)


@pytest.mark.parametrize("run", parameters((CASES[0], CASES[-1])), indirect=True)
def test_where_both_stand_the_newest_saved_model_answers(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.exported, tmp_path / "both")
    for name in SAVED:
        shutil.copy(run.saved / name, tmp_path / "both")
    archive = tmp_path / "both" / "model.keras"
    archive.write_bytes(b"damaged")
    assert same(run.ask(run.case.task.load(tmp_path / "both")), run.ask(run.served))
    (tmp_path / "both" / "2").mkdir()
    with pytest.raises(ModelError, match=r"2: there is no saved_model\.pb in it"):
        run.case.task.load(tmp_path / "both")


BARE = """
import base64, json, sys
sys.modules.update(keras=None, toolkit=None)
import tensorflow as tf

def plain(value):
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value

def given(value):
    if isinstance(value, list):
        return [given(each) for each in value]
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return float("nan") if value is None else value

answers = []
for folder, questions in json.load(sys.stdin):
    model = tf.saved_model.load(folder)
    specs = model.signatures["serving_default"].structured_input_signature[1]
    def batch(values, dtype):
        if isinstance(values[0], list):  # what lies behind an end must not matter
            longest = max(map(len, values))
            values = [each + each[:1] * (longest - len(each)) for each in values]
        return tf.constant(given(values), dtype)
    def ask(some):
        inputs = {n: batch([each[n] for each in some], spec.dtype) for n, spec in specs.items()}
        found = model.signatures["serving_default"](**inputs)
        found = {name: plain(value.numpy().tolist()) for name, value in found.items()}
        return [{name: value[row] for name, value in found.items()} for row in range(len(some))]
    answers.append([ask(questions), [ask([each])[0] for each in questions]])
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="session")
def asked_alone() -> dict[str, Any]:
    """Return the answers of ``bare``, as far as they were computed."""
    return {}


@pytest.fixture
def bare(network_run: Run, runs: dict[str, Run], asked_alone: dict[str, Any]) -> dict[str, Any]:
    """Return the answers of a process with TensorFlow alone, in a batch and one by one, by task."""
    if network_run.case.name not in asked_alone:
        (share,) = (some for some in SHARES if network_run.case in some)
        asked_alone |= ask_alone([runs[case.name] for case in share if case.has_network])
    return asked_alone


def ask_alone(served: list[Run]) -> dict[str, Any]:
    """Ask such a process what the exported models of some tasks answer."""
    questions = [
        (str(run.exported / "1"), [row["inputs"] for row in read_golden(run.exported)])
        for run in served
    ]
    done = subprocess.run(
        [sys.executable, "-P", "-c", BARE],
        input=json.dumps(questions),
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    names = [run.case.name for run in served]
    return dict(zip(names, json.loads(done.stdout), strict=True))


def leaves(value: Any) -> Iterator[Any]:
    """The strings and numbers in nested values, but for padding and missing ones."""
    if isinstance(value, dict | list | tuple):
        is_bytes = isinstance(value, dict) and "b64" in value
        for each in () if is_bytes else value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    elif value not in ("", -1, None):
        yield value


def without(some: Any, others: Any) -> list[Any]:
    """The leaves that are not among others."""
    strings = Counter(each for each in leaves(others) if isinstance(each, str))
    numbers = [each for each in leaves(others) if not isinstance(each, str)]
    missing = Counter(each for each in leaves(some) if isinstance(each, str)) - strings
    return [
        *missing,
        *(
            each
            for each in leaves(some)
            if not isinstance(each, str)
            and not any(math.isclose(each, one, rel_tol=1e-5, abs_tol=1e-5) for one in numbers)
        ),
    ]


def test_predict_is_serving_default_of_a_bare_process(
    network_run: Run, bare: dict[str, Any]
) -> None:
    run = network_run
    golden = read_golden(run.exported)
    together, alone = bare[run.case.name]
    inputs = [tuple(row["inputs"].values()) for row in golden]
    strings = [each if len(each) > 1 else each[0] for each in inputs]
    of_strings = all(isinstance(value, str) for each in inputs for value in each)
    answers = run.ask(run.served, strings if of_strings else None)
    assert len(golden) == len(run.data.questions)
    assert any(without(answer, row) for answer, row in zip(answers, inputs, strict=True))
    for number, row in enumerate(golden):
        for found in (together[number], alone[number]):
            assert {*found} == {*row["outputs"]}
            assert not without(found, row["outputs"]), row["inputs"]
            assert not without(row["outputs"], found), row["inputs"]
            assert not without(answers[number], [found, row["inputs"]]), row["inputs"]
            of_floats = {k: v for k, v in found.items() if not isinstance(v, int)}
            assert not without(of_floats, answers[number]), row["inputs"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "network_run",
    parameters(named("classifier", "videos")),
    indirect=True,
)
def test_a_server_gives_the_golden_answers_alone_and_in_batches(network_run: Run) -> None:
    golden = read_golden(network_run.exported)
    app = create_app(served_runs([f"run={network_run.exported}"]), ServingOptions(queue=1000))

    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            def answer(row: dict[str, Any]) -> Any:
                return client.post("/v1/models/run:predict", json={"instances": [row["inputs"]]})

            def stream(row: dict[str, Any]) -> Any:
                frames = row["inputs"].get("series", row["inputs"].get("frames"))
                return client.post("/v2/models/run/step_stream", json={"frames": frames})

            alone = [await answer(row) for row in golden]
            together = await asyncio.gather(*map(answer, golden * 3))
            steps = network_run.case.name in ("activity", "videos")
            streamed = [await stream(row) for row in golden] if steps else []
            return [alone, together, streamed, await client.get("/v2/models/run")]

    alone, together, streamed, metadata = asyncio.run(ask())
    assert metadata.json()["parameters"]["classes"] == [*network_run.loaded.classes]
    assert metadata.json()["parameters"]["classes"]
    for row, response in zip(golden, streamed, strict=False):
        *events, end = response.text.strip().split("\n\n")
        assert end == "event: end\ndata: {}"
        assert len(events) == row["inputs"]["length"]
        if events:
            outputs = json.loads(events[-1].removeprefix("data: "))["outputs"]
            assert not without(outputs, row["outputs"])
    for row, response in zip(golden * 4, [*alone, *together], strict=True):
        assert response.status_code == 200, response.text
        (found,) = response.json()["predictions"]
        if len(row["outputs"]) == 1:  # whose name is left out
            found = dict.fromkeys(row["outputs"], found)
        assert {*found} == {*row["outputs"]}
        assert not without(found, row["outputs"]), row["inputs"]
        assert not without(row["outputs"], found), row["inputs"]


@pytest.mark.slow
@pytest.mark.parametrize("format", RUNTIMES)
@pytest.mark.parametrize(
    "network_run", parameters(named("classifier", "strands", "activity", "videos")), indirect=True
)
def test_runtimes_give_the_golden_answers(network_run: Run, format: str, tmp_path: Path) -> None:
    run, runtime = network_run, RUNTIMES[format]
    length = 40 if runtime.fixed else None
    golden = read_golden(run.exported)
    questions = [row["inputs"] for row in golden]
    version = run.loaded.export(tmp_path, format=format, golden=questions, length=length)
    answer = runtime.runner(version / runtime.file)
    compared = 0
    for row, own in zip(golden, read_golden(version), strict=True):
        given = {n: np.asarray([v]) for n, v in own["inputs"].items() if n != "text"}
        ((name, values),) = answer(given).items()
        size = max(len(row["inputs"].get("text", "")), row["inputs"].get("length", 0))
        if length is None or size <= length:
            compared += 1
            np.testing.assert_allclose(values[0], row["outputs"][name], atol=1e-4, err_msg=str(row))
    assert compared > 1
    assert (version / "classes.txt").read_text().split("\n")[:-1] == [*run.loaded.classes]


def test_statistics_add_up_to_what_evaluate_gives(run: Run) -> None:
    metrics = run.loaded.evaluate(run.data.test)
    found = run.loaded.statistics(run.data.test)
    assert found.metrics
    assert len(found.rows) > 1
    for name, metric in found.metrics.items():
        value = float(metric.of(found.rows.sum(axis=0)))
        assert value == pytest.approx(metrics[name], rel=1e-6), name
    assert any(abs(metrics[name]) > 0 for name in found.metrics)


def test_it_inspects_and_learns_nothing(
    run: Run, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_step = {**cost.try_steps.__kwdefaults__, "seconds": 0}
    monkeypatch.setattr(cost.try_steps, "__kwdefaults__", one_step)
    task = run.new()
    report = task.inspect(run.first)
    assert isinstance(report["warnings"], list)
    assert json.loads(json.dumps(report)) == report
    assert (task.classes, task.history, task.metrics, task.facts) == ((), [], {}, {})
    with pytest.raises(ModelError):
        run.ask(task)


@pytest.mark.slow
def test_what_was_saved_is_diagnosed_as_before(network_run: Run, eager: None) -> None:
    run = network_run
    loaded = run.case.task.load(run.saved)
    report = loaded.diagnose(run.data.test, steps=run.case.steps)
    assert {track["steps"] for track in report["followed"].values()} == {run.case.steps}
    assert report["gradient_at_distance"]
    assert report == run.fitted.diagnose(run.data.test, steps=run.case.steps)


# Keeping


def test_a_cell_that_only_the_run_names_is_refused(network_run: Run, tmp_path: Path) -> None:
    run = network_run
    with zipfile.ZipFile(run.saved / "model.keras") as archive:
        config = archive.read("config.json")
    other = config.replace(b'"cell": "gru"', b'"cell": "this:Cell"')
    assert other != config
    shutil.copytree(run.saved, tmp_path / "run")
    archive_path = tmp_path / "run" / "model.keras"
    rewrite(run.saved / "model.keras", archive_path, {"config.json": other})
    with pytest.raises(ModelError, match=r"model\.keras cannot be read: .*import this"):
        run.case.task.load(tmp_path / "run")
    assert "this" not in sys.modules


def test_a_folder_that_is_no_run_of_it_is_refused(run: Run, tmp_path: Path) -> None:
    def complaint(folder: Path) -> str:
        with pytest.raises(ModelError) as caught:
            run.case.task.load(folder)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "there is no such folder" in complaint(tmp_path / "none")
    assert "this is a file" in complaint(run.saved / "config.yaml")
    empty = tmp_path / "empty"
    empty.mkdir()
    neither = "no exported version (a numbered folder such as 1/) and no model.keras is in it"
    assert neither in complaint(empty)
    (empty / "checkpoint").mkdir()
    interrupted = "its training was interrupted, and the same train command goes on with it"
    assert complaint(empty).endswith(f"{neither}; {interrupted}")
    (empty / "checkpoint").rmdir()
    shutil.copy(run.saved / "config.yaml", empty)
    assert neither in complaint(empty)
    (empty / "config.yaml").unlink()
    config = (run.saved / "config.yaml").read_text(encoding="utf-8")
    name = run.case.task.__name__
    other = config.replace(name, "Other")
    rewrite(run.saved / "model.keras", empty / "model.keras", {"task/config.yaml": None})
    assert "no config.yaml is in it, so this toolkit did not write it" in complaint(empty)
    (empty / "config.yaml").write_text(other, encoding="utf-8")
    assert f"is of the task Other, not {name}" in complaint(empty)
    (empty / "config.yaml").write_text("[", encoding="utf-8")
    assert "cannot be used: it is none that this toolkit wrote" in complaint(empty)
    shutil.copy(run.saved / "config.yaml", empty)
    rewrite(run.saved / "model.keras", empty / "model.keras", {"task/config.yaml": other.encode()})
    assert f"is of the task Other, not {name}" in complaint(empty)
    (empty / "model.keras").write_bytes(b"damaged")
    assert "model.keras is no .keras file" in complaint(empty)


def rewrite(source: Path, target: Path, changes: dict[str, bytes | None]) -> None:
    """Copy a ZIP file with other contents of some files; None removes a file."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)


def test_model_keras_needs_no_other_file(run: Run, tmp_path: Path) -> None:
    shutil.copy(run.saved / "model.keras", tmp_path)
    loaded = run.case.task.load(tmp_path)
    assert (loaded.facts, loaded.metrics) == (run.fitted.facts, run.fitted.metrics)
    names = [field.name for field in fields(loaded)]
    assert [getattr(loaded, n) for n in names] == [getattr(run.fitted, n) for n in names]


def every_call(run: Run, task: Any, folder: Path) -> dict[str, Callable[[], Any]]:
    """By name each call that needs what has been learnt."""
    test = run.data.test
    return {
        "predict": lambda: run.ask(task),
        "evaluate": lambda: task.evaluate(test, output=folder / "report"),
        "statistics": lambda: task.statistics(test),
        "diagnose": lambda: task.diagnose(test, output=folder / "report"),
        "report": lambda: task.report(folder / "report.html", test),
        "save": lambda: task.save(folder / "run"),
        "export": lambda: task.export(folder / "run"),
    }


def test_before_fit_each_call_complains_in_a_line(run: Run, tmp_path: Path) -> None:
    for name, call in every_call(run, run.new(), tmp_path).items():
        with pytest.raises(ModelError) as caught:
            call()
        assert "learnt" in str(caught.value), name
        assert "\n" not in str(caught.value), name
    assert not files(tmp_path)


def test_nothing_is_written_on_bad_input(run: Run, tmp_path: Path, eager: None) -> None:
    path, new = tmp_path / "a file", tmp_path / "new"
    path.write_text("mine")
    shutil.copytree(run.saved, tmp_path / "run")
    task = run.case.task.load(tmp_path / "run")
    none = tmp_path / "none.csv"
    golden = [run.data.questions[0]]
    if isinstance(golden[0], tuple):
        golden = [golden[0][0]]
    before = files(tmp_path)
    if run.case.has_network:
        name = task.input_name
        for golden_inputs in ([{"no input": "of the task"}], [{name: ""}, {"other": ""}]):
            with pytest.raises((ModelError, OptionError), match=r"takes|same arguments"):
                task.export(tmp_path / "run", golden=golden_inputs)
            assert files(tmp_path) == before
    for kind, call in (
        (DataError, lambda: run.new().fit(run.data.bad, output=new)),
        (DataError, lambda: run.new().fit(none, output=new)),
        (DataError, lambda: run.new().fit(run.first, none, output=new)),
        (DataError, lambda: task.evaluate(none, output=new)),
        (OptionError, lambda: task.export(tmp_path / "run", format="tflite")),
        (OSError, lambda: task.export(path, golden=golden)),
        (OSError, lambda: task.save(path)),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert "\n" not in str(caught.value) or not isinstance(caught.value, ToolkitError)
        assert files(tmp_path) == before


def test_a_report_is_no_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MOST", int(run.case.name in EXPLAINED_DAILY))
    path = tmp_path / "a file"
    path.write_text("mine")
    with pytest.raises(OSError, match="a file"):
        run.loaded.evaluate(run.data.test, output=path)
    assert files(tmp_path) == {path: b"mine"}
    metrics = run.loaded.evaluate(run.data.test, output=tmp_path / "report")
    assert (tmp_path / "report" / "metrics.json").is_file()
    if run.case.has_network:
        page = (tmp_path / "report" / "report.html").read_text()
        check_report(page, metrics)
        if run.case.name in EXPLAINED_DAILY:
            assert ("explained, by integrated gradients" in page) == ("Errors: " in page)


def check_report(page: str, metrics: dict[str, Any]) -> None:
    """Check that a report is one accessible file with the metrics of ``evaluate``."""
    assert len(page.encode()) < 1_000_000
    reader = Reader(page)
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("h1") == 1
    assert tags.count("table") >= 4
    assert tags.count("caption") >= 4
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    leads = [a[n] or "" for _, a in reader.tags for n in ("src", "href") if n in a]
    assert all(each.startswith(("#", "data:")) for each in leads)
    assert not re.search(r"url\([^#]|@import|https?:", page)
    assert all(attributes.get("alt") is not None for tag, attributes in reader.tags if tag == "img")
    shown = {value for value in reader.attributes("td", "data-value") if value}
    numbers = [float(value) for value in shown if re.fullmatch(r"[-+.\de]+", value)]
    for name, value in metrics.items():  # which other batches may have given
        close = isinstance(value, float) and [math.isclose(value, n, rel_tol=1e-5) for n in numbers]
        assert not isinstance(value, float) or any(close), name


@pytest.mark.parametrize(
    "run",
    parameters(named("classifier", "tagger", "translator", "speech")),
    indirect=True,
)
def test_a_report_without_texts_has_none_of_the_data(run: Run, tmp_path: Path) -> None:
    run.loaded.report(tmp_path / "report.html", run.data.test, texts=False)
    if not run.case.has_network:
        return
    page = html.unescape((tmp_path / "report.html").read_text())
    assert "contains no texts of the data" in page
    written = {text for text in every_text(run.data.test) if len(text) > 8}
    assert not {text for text in written - {*run.loaded.classes} if text in page}
    assert not {"img", "audio"} & {tag for tag, _ in Reader(page).tags}


def every_text(value: Any) -> Iterator[str]:
    """Yield all strings in labelled data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from every_text(each)
    elif isinstance(value, dict):
        yield from every_text([*value.values()])


@pytest.mark.parametrize(
    "run",
    parameters(named(*OF_LONG_TESTS, "language model", "conditioned", "speech"), OF_LONG_TESTS),
    indirect=True,
)
def test_after_training_the_held_out_part_is_reported(run: Run, tmp_path: Path) -> None:
    if run.case.has_network and run.fitted.facts["validation"] != "none":
        run.fitted.report(tmp_path / "report.html")
        check_report((tmp_path / "report.html").read_text(), run.fitted.metrics)


# Options


def parser_of(case: TaskCase) -> Parser:
    """Return the parser of the command line of ``train``."""
    parser = Parser("train", "", "")
    VERBS["train"].add_arguments(parser, case.made_of)
    return parser


#: Options that some tasks have, and refuse to be given.
REFUSED = ("label_smoothing", "class_weights")
#: Options that go with one ``front`` alone.
OF_FRONTS = {
    **dict.fromkeys(("joints", "rotation", "mirror"), "skeleton"),
    **dict.fromkeys(("frame_rate", "frame_size", "color_mode", "shift"), "frames"),
}
#: Options that not every text of their type can be.
TEXTS = {
    "cell": ["lstm", "mine:Cell"],
    "monitor": ["auto", "log_loss"],
    "label_rule": ["neg:<=4,pos:>=7"],
}
ANY_TEXT = ["a b", "ü 好", "1", "yes", "-x", "--x", "a: b", "[a]", "'", '"']


def values_of(options: type, name: str) -> list[Any]:
    """Values that an option can have by itself, of each type that it can be of."""
    hint = get_type_hints(options)[name]
    limits: dict[str, Any] = {}
    for cls in options.__mro__:
        limits = vars(cls).get("LIMITS", {}) | limits
    least, below = limits.get(name, (0, None))
    kinds: dict[Any, list[Any]] = {
        bool: [False, True],
        int: [least, least + 1, least + 2, 1000 if below is None else below - 1],
        float: [float(least), least + 0.1, least + 1 / 3, 1e6 if below is None else below - 1e-9],
        str: TEXTS.get(name, ANY_TEXT),
        type(None): [None],
    }
    parts = (hint,) if get_origin(hint) is Literal or not get_args(hint) else get_args(hint)
    return [
        value
        for part in parts
        for value in (get_args(part) if get_origin(part) is Literal else kinds[part])
    ]


def test_options_go_to_the_line_to_the_file_and_back(run: Run, tmp_path: Path) -> None:
    options, parser = run.case.made_of.options, parser_of(run.case)
    names = [field.name for field in fields(options)]
    values = {name: values_of(options, name) for name in names}
    rest = {"data": "d", "validation_data": None, "output": "o", "golden": None}
    rest |= {"init_from": None, "more_epochs": None, "texts": True}

    def check(changed: dict[str, Any], of_file: bool) -> bool:
        """Return whether the options go together."""
        try:
            task = run.case.task(**changed)
        except OptionError:
            return False
        asked = asdict(task)
        assert {name: asked[name] for name in changed} == changed
        line = _command(run.case.made_of, SimpleNamespace(**rest, **asked))[4:]
        if of_file:
            path = tmp_path / "config.yaml"
            path.write_text(task._config(), encoding="utf-8")
            line = ["--config", str(path), "--data", "d", "--output", "o"]
        found = parser.parse(line)
        of_line = {name: getattr(found, name) for name in names}
        assert repr(of_line) == repr(asked), line
        return True

    assert check({}, of_file=False)
    assert check({}, of_file=True)
    for name, some in values.items():
        needed = {"front": OF_FRONTS[name]} if name in OF_FRONTS else {}
        changed = [
            check({**needed, name: value}, of_file=number == 1) for number, value in enumerate(some)
        ]
        assert sum(changed) > 1 or name in REFUSED, f"no changed value of {name} was tried"

    draw = random.Random(0)
    together = [
        {name: draw.choice(values[name]) for name in draw.sample(names, draw.randint(2, 6))}
        for _ in range(20)
    ]
    assert (
        sum(check(changed, of_file=number % 2 == 1) for number, changed in enumerate(together)) > 3
    )


def test_a_fitted_task_is_copied_and_not_pickled(network_run: Run) -> None:
    run = network_run
    task = run.case.task()
    assert repr(pickle.loads(pickle.dumps(task))) == repr(task)
    for refuse in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match=rf"use save\(\) and {run.case.task.__name__}.load"):
            refuse(run.fitted)
    copied = copy.copy(run.fitted)
    assert vars(copied) == vars(run.fitted)
    assert vars(copied) is not vars(run.fitted)


def test_options_are_saved_and_loaded(run: Run, tmp_path: Path) -> None:
    """All that say how data is read and how a training goes on, which change no network."""
    task = copy.copy(run.fitted)
    changed = {"seed": 7, "skip_bad_rows": True, "validation_split": 0.25, "tensorboard": "ü: b"}
    for name, value in changed.items():
        assert getattr(task, name, value) != value or not hasattr(task, name)
        setattr(task, name, value)
    task.save(tmp_path)
    again = run.case.task.load(tmp_path)
    names = [field.name for field in fields(again)]
    assert {*changed} <= {*names}
    assert {n: getattr(again, n) for n in names} == {n: getattr(task, n) for n in names}


# Explanations


def test_task_and_pipeline_agree_on_explanations(run: Run) -> None:
    options, task = run.case.made_of.explanation_options, run.new()
    assert isinstance(task, ExplainingTask) == (options is not None)
    assert getattr(task, "EXPLAINS", False) == (options is not None)
    if options is not None:
        _, *asked = inspect.signature(task.explain).parameters.values()
        has = {parameter.name: parameter.default for parameter in asked}
        assert has == {field.name: field.default for field in fields(options)}


def explained(run: Run, task: Any, **options: Any) -> list[dict[str, Any]]:
    """Explain the answers to the first questions of a run's data."""
    asked = [each[0] if isinstance(each, tuple) else each for each in run.data.questions[:3]]
    if run.case.name == "conditioned":
        options |= {"condition": "good"}
    found: list[dict[str, Any]] = task.explain(asked, **options)
    return found


def test_attributions_add_up_to_what_is_explained(explained_run: Run) -> None:
    run = explained_run
    assert isinstance(run.loaded, ExplainingTask)
    rows = run.explanations
    assert any("error" not in row for row in rows)
    for asked, row in zip(run.data.questions, rows, strict=False):
        question = asked[0] if isinstance(asked, tuple) else asked
        if "error" in row:
            assert not question
            continue
        missed = sum(row["attributions"])
        missed -= row["log_probability"] - row["baseline_log_probability"]
        assert row["complete"]
        assert abs(missed) < 1e-3
        assert math.isclose(abs(missed), row["completeness_error"], abs_tol=2e-5)
        parts = row.get("tokens", row.get("frames"))
        assert len(parts) == len(row["attributions"]) > 0
        if "starts" in row:
            places = zip(row["starts"], row["ends"], strict=True)
            assert [question[start:end] for start, end in places] == row["tokens"]
        if "channels" in row:
            total = sum(row["channels"].values())
            assert math.isclose(total, sum(row["attributions"]), abs_tol=1e-4)


def test_the_path_ends_with_the_answer(explained_run: Run) -> None:
    run = explained_run
    for answer, row in zip(run.answers, run.explanations, strict=False):
        if "error" in row or run.case.name in IN_THE_NETWORK:
            assert "path" not in row
            continue
        last = {name: path[-1] for name, path in row["path"].items()}
        assert math.isclose(last[row["target"]], math.exp(row["log_probability"]), rel_tol=1e-4)
        if "probabilities" in answer:
            assert same(last, answer["probabilities"], 1e-4)
            lengths = {len(path) for path in row["path"].values()}
            assert lengths == {len(row["attributions"])}


def test_without_gradients_parts_are_left_out(
    explained_run: Run, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    run = explained_run
    if run.case.name in IN_THE_NETWORK:
        with pytest.raises(ModelError, match=r"explain needs model\.keras, or a version that was"):
            explained(run, run.served)
        asked = ["explain", str(run.exported), str(run.data.questions[0]), "--class", "O"]
        assert main(run.case.made_of, asked) != 0
        assert "error: explain needs model.keras, or a version" in capsys.readouterr().err
        return
    rows = explained(run, run.served)
    assert "explained by leave-one-out" in caplog.text
    (row, *_) = (row for row in rows if "error" not in row)
    assert row["method"] == "leave-one-out"
    assert "completeness_error" not in row
    assert same(rows, explained(run, run.served, method="leave-one-out"))


@pytest.mark.slow
def test_a_report_explains_the_worst_answers(
    explained_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "MOST", 2)
    monkeypatch.setattr(errors, "SECONDS", math.inf)
    run = explained_run
    for name, task in (("gradients", run.loaded), ("none", run.served)):
        task.report(tmp_path / f"{name}.html", run.data.test)
        page = (tmp_path / f"{name}.html").read_text()
        check_report(page, run.loaded.evaluate(run.data.test))
        if not re.search("Errors: |Hardest texts: ", page):
            continue
        said = "explained, by integrated gradients"
        if name == "none":
            is_said = run.case.name in IN_THE_NETWORK
            said = "answers is explained: explain needs" if is_said else "leave-one-out"
        assert said in page
    task = run.loaded
    task.report(tmp_path / "none.html", run.data.test, texts=False)
    assert "explained, by" not in (tmp_path / "none.html").read_text()


@pytest.mark.parametrize("explained_run", parameters(EXPLAINED[:1]), indirect=True)
def test_leave_one_out_is_the_difference_of_two_answers(explained_run: Run) -> None:
    task, text = explained_run.loaded, "the  film was good, poor"

    def log_probability(text: str) -> float:
        return math.log(task.predict([text])[0]["probabilities"]["bad"])

    (row,) = task.explain([text], target="bad", method="leave-one-out")
    assert row["tokens"] == ["the", "film", "was", "good", ",", "poor"]
    for token, attribution in zip(row["tokens"], row["attributions"], strict=True):
        without = log_probability(text.replace(token, "", 1))
        assert math.isclose(attribution, log_probability(text) - without, abs_tol=1e-5)


@pytest.mark.parametrize(
    "explained_run",
    parameters(EXPLAINED[:1]),
    indirect=True,
)
def test_the_signature_explain_is_exported_and_verified(explained_run: Run, tmp_path: Path) -> None:
    run = explained_run
    task = run.case.task.load(run.saved)
    folder = tmp_path / "explained"
    asked = [each[0] if isinstance(each, tuple) else each for each in run.data.questions]
    version = task.export(folder, golden=asked, explain=True)
    assert "| `explain` |" in (folder / "README.md").read_text()
    assert {line["signature"] for line in read_golden(folder)} == {"serving_default", "explain"}
    assert compare_with_golden(str(folder))[0] == 0
    served = run.case.task.load(version.parent)
    rows = explained(run, served)
    assert same(rows, run.explanations, 1e-3)
    assert any(row.get("method") == "integrated-gradients" for row in rows)
    damaged = [
        line | {"outputs": {"attributions": [9.0]}} if line["signature"] == "explain" else line
        for line in read_golden(folder)
    ]
    (folder / "golden.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in damaged))
    assert "attributions[0]" in compare_with_golden(str(folder))[1]


@pytest.mark.parametrize("explained_run", parameters(EXPLAINED[:1]), indirect=True)
def test_the_verb_explain_writes_lines_and_a_page(
    explained_run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, page = explained_run, tmp_path / "a.html"
    kind, sizes = run.case.task, []
    explain = kind.explain

    def counted(self: Any, texts: Any, **values: Any) -> list[dict[str, Any]]:
        sizes.append(len(texts))
        return explain(self, texts, **values)

    monkeypatch.setattr(kind, "explain", counted)
    pipeline = run.case.made_of
    words = ["explain", str(run.exported), "the <b> good", "", "--class", "bad"]
    assert main(pipeline, [*words, "--method", "leave-one-out", "--html", str(page)]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["text"], first["target"], first["tokens"][:2]) == (
        "the <b> good",
        "bad",
        ["the", "<"],
    )
    assert second == {"text": "", "error": "the input is empty; there is nothing to explain"}
    assert sizes == [1, 1]  # each line is written when it is there
    assert "&lt;" in page.read_text()
    assert "http" not in page.read_text()
    for wrong, message in (
        (["--class", "odd"], "there is no class 'odd'; there are: bad, good"),
        (["--html", str(tmp_path / "no" / "a.html")], "is in a folder that does not exist"),
        (["--method", "guess"], "--method"),
    ):
        assert main(pipeline, ["explain", str(run.exported), "a", *wrong]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


@pytest.mark.parametrize("explained_run", parameters(named("tagger"), ()), indirect=True)
def test_the_tag_of_a_token_is_explained(explained_run: Run) -> None:
    task = explained_run.loaded
    text = explained_run.data.questions[0]
    (row,) = task.explain([text], unit="at", target="B-PER", method="leave-one-out")
    assert row["token"]["text"] == "at"
    assert text[row["token"]["start"] :].startswith("at")
    (other,) = task.explain(
        [text], token=row["token"]["number"], target="B-PER", method="leave-one-out"
    )
    assert other == row
    (entity,) = task.predict([text])[0]["entities"][:1] or [{"start": 0}]
    (usual,) = task.explain([text])
    assert usual["token"]["start"] in (0, entity["start"])
    assert task.explain([text], token=99) == [
        {"error": "the text has no token 99; they are counted from 0"}
    ]
    assert task.explain([text], unit="no") == [{"error": "the text has no token 'no'"}]
    with pytest.raises(OptionError, match="there is no tag 'PER'; there are: O, B-LOC"):
        task.explain([text], target="PER")
    with pytest.raises(OptionError, match="not both"):
        task.explain([text], token=1, unit="at")


@pytest.mark.parametrize("explained_run", parameters(named("language model"), ()), indirect=True)
def test_the_next_token_is_explained(explained_run: Run) -> None:
    task = explained_run.loaded
    (row,) = task.explain(["7 an"], target="d")
    without = {"texts": ["7 n"], "target": "d"}
    (left_out,) = task.explain(["7 an"], target="d", method="leave-one-out")
    (shorter,) = task.explain(**without)
    missing = left_out["log_probability"] - shorter["log_probability"]
    assert math.isclose(left_out["attributions"][2], missing, abs_tol=1e-4)
    assert math.isclose(row["log_probability"], left_out["log_probability"], abs_tol=1e-4)
    with pytest.raises(OptionError, match="there is no token 'no such' in the vocabulary"):
        task.explain(["7 an"], target="no such")
    with pytest.raises(OptionError, match="never follows a text"):
        task.explain(["7 an"], target="[UNK]")
