"""The core of a text classifier: from ids to scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.tasks.classification.card import KEPT, TASKS
from toolkit.tasks.classification.options import TextClassifierOptions

_CUTS = {
    "words": (
        "Cut the text into words. A run of letters, marks and digits is one; each punctuation "
        "mark, symbol and emoji is one of its own; contractions (`don't`; `it's` is `it` and "
        "`'s`), numbers (`3.50`), initials (`U.S.`), flags and joined emoji stay whole. In Han, "
        "Hiragana, Thai, Lao, Khmer and Myanmar a character is a word. White space and invisible "
        "control characters are left out. The pattern is in `toolkit/text/split.py`."
    ),
    "characters": (
        "Cut the text into user-perceived characters: a letter with its marks, a flag, a joined "
        "emoji is one. White space is kept; any line break is one character, the line `\\n` of "
        "the vocabulary. The pattern is in `toolkit/text/split.py`."
    ),
}


def text_core(
    model: SequenceModel,
    options: TextClassifierOptions,
    limit: int,
    classes: Sequence[str],
    texts: Sequence[str],
) -> Core:
    """Return the core: ``ids`` int32 [B, T] to ``probabilities`` [B, C] or ``value`` [B].

    Args:
        model: The tokenizer and the network.
        options: The classifier's options.
        limit: The largest number of tokens kept of a text.
        classes: The names of the classes; empty for a number.
        texts: The texts of the golden file.
    """
    tokenizer, network = model.preprocessing, in_float32(model.network)
    size = tokenizer.vocabulary_size
    name = "probabilities" if classes else "value"

    def answer(ids: Any) -> dict[str, Any]:
        scores = network.answer(ids)
        return {name: scores if classes else scores[:, 0]}

    return Core(
        title=TASKS[options.target],
        network=network,
        function=answer,
        inputs={"ids": tf.TensorSpec([None, None], tf.int32, name="ids")},
        notes={
            "ids": f"0 to {size - 1}; 0 is padding, 1 unknown",
            name: "the order of `classes.txt`" if classes else "the number",
        },
        preparation=f"""{_steps(options, limit)}

With this toolkit, from the run's folder:

```python
from toolkit.models import load_sequence_model

tokenizer = load_sequence_model("model.keras").preprocessing
ids = tokenizer(["There is nothing to like in this movie."])
```""",
        trials=[{"ids": ids} for ids in _batches(size)],
        rows=[{"ids": np.asarray(tokenizer.read([text], limit)[0][0])} for text in texts],
        raw=[{"text": text} for text in texts],
        scale=network.output_layer.scale,
        files={"classes.txt": "".join(f"{each}\n" for each in classes)} if classes else {},
        save_assets=tokenizer.save_assets,
    )


def _batches(vocabulary_size: int) -> list[NDArray[np.int32]]:
    """Return batches of ids: one step, one row, rows padded (one is all padding), long rows."""
    random = np.random.default_rng(0)
    batches = []
    for rows, steps in ((1, 1), (1, 50), (9, 50), (2, 400)):
        ids = random.integers(1, vocabulary_size, (rows, steps), np.int32)
        lengths = np.linspace(steps, 0 if rows > 2 else steps, rows)
        batches.append(np.where(np.arange(steps) < lengths[:, None], ids, 0).astype(np.int32))
    return batches


def _steps(options: TextClassifierOptions, max_length: int) -> str:
    level = options.token_level
    steps = []
    if options.html_breaks:
        instead = "white space" if level == "words" else "a line break"
        steps.append(f"`<br>`, `<br/>`, `<br />` and `</br>`, also in capitals, are {instead}.")
    steps.append(_CUTS[level])
    forms = ["lower case"] if options.lowercase else []
    if options.normalization != "none":
        forms.append(f"Unicode's {options.normalization}")
    if forms:
        steps.append(f"Convert each token to {' and '.join(forms)}, independently of its context.")
    steps.append(f"Of a text of more than {max_length} {level}, {KEPT[options.truncation]} kept.")
    if options.model == "one_to_one":
        steps.append(f"The network sees the first {options.window} of them.")
    steps.append(
        "The id is the number of the line in `vocabulary.txt`, counted from 0; what is not there "
        "is 1. Shorter texts of a batch are padded with 0 at the end."
    )
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
