"""A task without TensorFlow behind the real command line; also a script, as a pipeline is."""

import errno
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import yaml

from pipelines.command import Pipeline, main
from pipelines.labelled import LabelledTexts
from toolkit.data import ColumnOptions, TextExamples
from toolkit.errors import DivergedError
from toolkit.evaluation import classification_statistics


@dataclass(kw_only=True)
class SizeOptions:
    """How large it is.

    Args:
        hidden_size: The ``size`` of
            the state.
        clip: The largest norm, 100 % of it.
        lowercase: Whether case is lost.
        validation_split: The share that is held out.
        seed: The seed.
        tensorboard: A folder for logs.
    """

    WITHOUT_EFFECT: ClassVar[tuple[str, ...]] = ("tensorboard",)

    hidden_size: int | Literal["auto"] = "auto"
    clip: float | None = 1.0
    lowercase: bool = True
    validation_split: float = 0.0
    seed: int = 0
    tensorboard: str | None = None


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
    """Finds 'good' in texts; some texts make it fail."""

    made: ClassVar[list] = []
    classes: ClassVar[tuple] = ("neg", "pos")

    def __post_init__(self):
        self.facts = {}
        self.metrics = {"accuracy": 0.75 + self.seed / 100, "per_class": {}}
        FakeTask.made.append(self)

    def fit(self, data, validation_data=None, output=None):
        self.facts["hidden_size"] = 64 if self.hidden_size == "auto" else self.hidden_size
        self.fitted = data, validation_data, output
        if self.mood == "bad" and self.clip is None:
            raise DivergedError("the loss is not a number any more")
        return self

    def predict(self, texts):
        for text in texts:
            if text == "explode":
                raise RuntimeError("two\nlines")
            if text == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            if text == "interrupt":
                raise KeyboardInterrupt
        positive = [0.9 if "good" in text else 0.2 for text in texts]
        return [
            {
                "label": "pos" if p > 0.5 else "neg",
                "score": max(p, 1 - p),
                "probabilities": {"p": p},
            }
            for p in positive
        ]

    def evaluate(self, data, output=None):
        self.evaluated = data, output
        return self.metrics

    def statistics(self, data):
        """As it answers; in a bad mood the other way round."""
        examples = list(TextExamples(data, self))
        answers = [answer["label"] for answer in self.predict([one.text for one in examples])]
        given = np.eye(2)[[int((one == "pos") == (self.mood == "good")) for one in answers]]
        return classification_statistics([one.label == "pos" for one in examples], given)

    def save(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "config.yaml").write_text(self._config(), encoding="utf-8")

    def _config(self):
        made = {"options": asdict(self), "facts": self.facts, "metrics": self.metrics}
        return yaml.safe_dump({"task": "FakeTask", **made})

    @classmethod
    def load(cls, folder):
        config = Path(folder, "1", "assets", "config.yaml")
        options = yaml.safe_load(config.read_text())["options"] if config.exists() else {}
        task = cls(**options)
        task.folder = folder
        return task

    def export(self, folder, format="saved_model", golden=None):
        self.exported = folder, format, golden
        Path(folder, "1", "assets").mkdir(parents=True, exist_ok=True)
        Path(folder, "1", "assets", "config.yaml").write_text(self._config(), encoding="utf-8")
        Path(folder, "1", "saved_model.pb").touch()
        Path(folder, "README.md").touch()
        return Path(folder, "1")


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
