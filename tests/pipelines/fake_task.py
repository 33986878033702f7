"""A task without TensorFlow behind the real command line; also a script, as a pipeline is."""

import errno
import json
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import yaml

from pipelines.command import Pipeline, main
from pipelines.sentiment import LabelledTexts
from toolkit.data import ColumnOptions, TextExamples, open_source
from toolkit.errors import DataError, DivergedError, ModelError, OptionError
from toolkit.evaluation import classification_statistics
from toolkit.export import ARCHIVE, is_exported, newest_version, read_description
from toolkit.files import atomic_write
from toolkit.report import REPORT_MARK
from toolkit.tasks.reporting import shows_texts
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class SizeOptions:
    """How large it is.

    Args:
        hidden_size: The ``size`` of
            the state.
        clip: The largest norm, 100 % of it.
        epochs: How long it is trained.
        lowercase: Whether case is lost.
        validation_split: The share that is held out.
        seed: The seed.
        tensorboard: A folder for logs.
    """

    WITHOUT_EFFECT: ClassVar[tuple[str, ...]] = ("tensorboard",)
    FIXED: ClassVar[tuple[str, ...]] = ("hidden_size",)

    hidden_size: int | Literal["auto"] = "auto"
    clip: float | None = 1.0
    epochs: int = 2
    lowercase: bool = True
    validation_split: float = 0.0
    seed: int = 0
    tensorboard: str | None = None

    check_packages = TrainingOptions.check_packages


@dataclass(kw_only=True)
class FakeOptions(ColumnOptions, SizeOptions):
    """The fake.

    Args:
        mood: What it is like.
        pretrained: The run that it starts from.
    """

    mood: Literal["good", "bad"] = "good"
    pretrained: str | None = None


@dataclass(kw_only=True)
class FakeTask(FakeOptions):
    """Finds 'good' in texts, or in a bad mood what is not; some texts make it fail."""

    made: ClassVar[list] = []

    def __post_init__(self):
        self.classes = ()
        self.history = []
        self.metrics = {}
        self.facts = {}
        self._learnt = self._archive = None
        FakeTask.made.append(self)

    def fit(
        self,
        data,
        validation_data=None,
        output=None,
        continue_training=False,
        callbacks=(),
        verbose="auto",
    ):
        if continue_training:
            self._needs("continue_training", ARCHIVE)
        for each in (data, data if validation_data is None else validation_data):
            examples = TextExamples(open_source(each), self, grouped=False)
            labels = {example.label for example in examples}
            if each is data and len(labels) == 1 and not continue_training:
                raise DataError("all examples have the same label")
        self.fitted, self.continued = (data, validation_data, output), continue_training
        self.trained_for = self.epochs
        self.facts["hidden_size"] = 64 if self.hidden_size == "auto" else self.hidden_size
        self.classes = ("neg", "pos")
        self.history = [{"loss": 1.0}]
        self.metrics = {"luck": self._luck()}
        self._learnt = "good"
        if self.mood == "bad" and self.clip is None:
            raise DivergedError("the loss is not a number any more")
        return self

    def predict(self, texts):
        good = self._needs("predict")
        if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
            examples = TextExamples(open_source(texts), self, labelled=False)
            texts = [example.text for example in examples]
        for text in texts:
            if text == "explode":
                raise RuntimeError("two\nlines")
            if text == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            if text == "interrupt":
                raise KeyboardInterrupt
        positive = [0.9 if (good in text) == (self.mood == "good") else 0.2 for text in texts]
        return [
            {
                "label": "pos" if p > 0.5 else "neg",
                "score": max(p, 1 - p),
                "probabilities": {"p": p},
            }
            for p in positive
        ]

    def evaluate(self, data, output=None, texts=None):
        self.evaluated = data, output
        found = self.statistics(data)
        metrics = {name: float(m.of(found.rows.sum(axis=0))) for name, m in found.metrics.items()}
        metrics |= {"luck": self._luck(), "per_class": {}}
        if output:
            atomic_write(Path(output, "metrics.json"), json.dumps(metrics))
        return metrics

    def report(self, output, data=None, texts=None, beside=None, gradients=False):
        self._needs("report")
        assert data is not None or not gradients
        if texts is None:
            texts = shows_texts(self)
        others = [] if beside is None else [beside]
        for task in [self, *others] if data is not None else []:
            task.statistics(data)
        atomic_write(output, f"{REPORT_MARK}<h1>{texts}</h1>")

    def _luck(self):
        return 0.75 + self.seed / 100

    def statistics(self, data):
        examples = list(TextExamples(open_source(data, "test"), self, grouped=False))
        answers = [answer["label"] for answer in self.predict([one.text for one in examples])]
        given = np.eye(2)[[int(one == "pos") for one in answers]]
        return classification_statistics([one.label == "pos" for one in examples], given)

    def inspect(self, data, validation_data=None):
        return {"rows": len(list(open_source(data, "train").records())), "warnings": []}

    def diagnose(self, data, fresh=False, steps=200, output=None):
        self._needs("diagnose", ARCHIVE)
        return {"followed": {"texts": len(list(open_source(data, "test").records()))}}

    def save(self, folder):
        learnt = self._needs("save", ARCHIVE)
        with zipfile.ZipFile(atomic_write(Path(folder, ARCHIVE), ""), "w") as archive:
            archive.writestr("learnt.txt", learnt)
            archive.writestr("task/config.yaml", self._config())
        atomic_write(Path(folder, "config.yaml"), self._config())
        atomic_write(Path(folder, "metrics.json"), json.dumps(self.metrics))

    def _config(self):
        made = {"options": asdict(self), "facts": self.facts, "metrics": self.metrics}
        return yaml.safe_dump({"task": "FakeTask", **made})

    @classmethod
    def load(cls, folder, archive=False):
        made = read_description(folder, "FakeTask", archive)
        task = cls(**made["options"])
        task.facts, task.metrics = made["facts"], made["metrics"]
        task.classes = ("neg", "pos")
        task._archive = Path(folder, ARCHIVE)
        if is_exported(folder) and not archive:
            task._learnt = "good"
        elif not zipfile.is_zipfile(task._archive):
            raise ModelError(f"{task._archive} is no .keras file")
        else:
            with zipfile.ZipFile(task._archive) as archive:
                task._learnt = archive.read("learnt.txt").decode()
        return task

    def _needs(self, verb, archive=None):
        if self._learnt is None:
            raise ModelError(f"{verb} needs what has been learnt; call fit, or load a run")
        if archive and self._archive and not self._archive.is_file():
            raise ModelError(f"{verb} needs {self._archive}, which is missing")
        return self._learnt

    def export(self, folder, format="saved_model", golden=None):
        if format not in ("saved_model", "onnx"):
            raise OptionError(f"format is {format}")
        self._needs("export", ARCHIVE)
        self.exported = folder, format, golden
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        version = folder / str((newest_version(folder) or 0) + 1)
        atomic_write(version / "assets" / "config.yaml", self._config())
        (version / "saved_model.pb").touch()
        (folder / "README.md").touch()
        return version


def sample(part):
    return [f"good {part} text", f"{part} text"], ["pos", "neg"]


PIPELINE = Pipeline(
    name="fake",
    description="Finds what is good.",
    options=FakeOptions,
    task="fake_task:FakeTask",
    labelled=LabelledTexts(),
    samples={"sample": sample},
    examples=["It is good.", "It is bad."],
)

if __name__ == "__main__":
    sys.exit(main(PIPELINE))
