"""Tasks whose training was interrupted go on to the same end, bit for bit."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.samples.numbers import numbers
from toolkit.tasks import LanguageModel, Translator
from toolkit.training import checkpoint_place
from toolkit.training.callbacks import Progress

SMALL = {"embedding_size": 8, "hidden_size": 12, "epochs": 2, "batch_tokens": 300}
DROPOUTS = {"word_dropout": 0.1, "embedding_dropout": 0.1, "dropout": 0.1, "output_dropout": 0.1}
TEXT = "".join(f"{n} and {n + 1} are {2 * n + 1}.\n" for n in range(150))


def translator(folder: Path | None) -> Any:
    pairs = tuple(side[:80] for side in numbers("train"))
    task = Translator(max_tokens=300, validation_split=0, **SMALL, **DROPOUTS)
    return task.fit(pairs, output=folder)


def language_model(folder: Path | None) -> Any:
    # The second layer's dropout, the state that is carried from batch to batch, and what is drawn.
    options = {"window": 20, "layers": 2, "sampled_softmax": 5}
    return LanguageModel(**options, **SMALL, **DROPOUTS).fit([TEXT], output=folder)


@pytest.mark.parametrize("train", [translator, language_model])
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    train: Callable[[Path | None], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(None)
    update, ended = Progress.on_train_batch_end, []

    def press_and_update(self: Any, number: int, logs: Any = None) -> None:
        ended.append(number)
        if len(ended) == 4:
            signal.raise_signal(signal.SIGINT)
        update(self, number, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_train_batch_end", press_and_update)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert checkpoint_place(tmp_path) is not None
    again = train(tmp_path)
    for one, other in zip(
        *(each.text_model.network.get_weights() for each in (whole, again)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in each.history]
        for each in (whole, again)
    ]
    assert rows[0] == rows[1]
    assert whole.metrics == again.metrics
