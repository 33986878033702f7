"""The ``README.md`` beside ``model.onnx``: inputs, outputs and preprocessing."""

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


def onnx_readme(
    options: TextClassifierOptions, max_length: int, vocabulary_size: int, classes: int
) -> str:
    """Return the ``README.md`` of an ONNX version.

    Args:
        options: The classifier's options.
        max_length: The largest number of tokens kept of a text.
        vocabulary_size: The number of ids.
        classes: The number of classes; 0 for a number.
    """
    name, size, order = "value", "[batch]", "the number"
    if classes:
        name, size, order = "probabilities", f"[batch, {classes}]", "the order of `classes.txt`"
    return f"""# From ids to scores, in ONNX

{TASKS[options.target]}

`model.onnx` takes ids, not strings: ONNX has no operators that cut text as the tokenizer does. The
SavedModel takes strings.

| | name | type | shape | |
|---|---|---|---|---|
| takes | `ids` | int64 | [batch, time] | 0 to {vocabulary_size - 1}; 0 is padding, 1 unknown |
| gives | `{name}` | float32 | {size} | {order} |

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
ids = np.array([[2, 1, 2], [2, 0, 0]])  # two texts; the shorter one is padded
({name},) = session.run(["{name}"], {{"ids": ids}})
```

## From a text to ids

{_steps(options, max_length)}

`golden.jsonl` has texts with their ids and the network's answers: a tokenizer is right if it gives
the same ids. With this toolkit, from the run's folder:

```python
from toolkit.models import load_sequence_model

tokenizer = load_sequence_model("model.keras").preprocessing
ids = tokenizer(["There is nothing to like in this movie."])
```
"""


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
