"""The texts of the model card of a model of music."""

from typing import Any

from toolkit.errors import count
from toolkit.tasks.music.options import MusicOptions

OUTPUTS = {
    "independent": "The keys of a frame are drawn independently of one another.",
    "autoregressive": "The keys of a frame are drawn from the lowest to the highest, each given "
    "those below it.",
}
LIMITS = (
    "The generated music resembles the training data, and may repeat parts of it.",
    "A frame says which keys sound, not which are struck: a repeated note and one that is held on "
    "are the same.",
)


def card_words(options: MusicOptions) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        options: The options of the training.
    """
    return {
        "task": (
            "Generates music for 88 keys, frame by frame, and computes its probability; "
            f"{count(options.steps_per_quarter, 'frame')} a quarter. "
            f"{OUTPUTS[options.output_layer]}"
        ),
        "rows_are": "pieces",
        "long_texts": (
            "A beginning of any length is read whole. In training, the gradient spanned "
            f"{options.window:,} frames."
        ),
        "limits": (f"`max_length` is at most {options.max_generated_length:,}.", *LIMITS),
    }
