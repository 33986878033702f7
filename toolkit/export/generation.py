"""Text generation in parts, by the signatures of a language model."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import SamplingOptions, choose, row_seeds
from toolkit.export.options import GenerationOptions
from toolkit.text import utf8

Ask = Callable[..., dict[str, Any]]

#: White space at the end of a prompt, after which no space is added.
SPACES = " \t\n\v\f\r"


def noise_key(prompt: Any, condition: Sequence[Any]) -> Any:
    """Return what the noise of sampling goes by: prompts string [B], with conditions if given."""
    if not condition:
        return prompt
    length = tf.strings.as_string(tf.strings.length(condition[0]))
    return tf.strings.join([length, ":", condition[0], prompt])


def stream_text(
    ask: Ask, prompt: str, options: GenerationOptions, words: bool, number: int = 0
) -> Iterator[str]:
    """Yield the prompt, and then the generated text in parts.

    All parts together are what the signature ``generate`` returns.

    Args:
        ask: Calls a signature of the language model, as ``Servable`` does.
        prompt: The beginning of the text.
        options: The options of generation, with a condition if the model has learnt some.
        words: Whether tokens are words, whose spacing depends on their neighbours.
        number: The number of the prompt among equal ones.
    """
    condition = [] if options.condition is None else [options.condition]
    outputs = ask("prefill", prompt=[prompt], **({"condition": condition} if condition else {}))
    beginning = tf.constant([utf8(prompt)])
    conditions = [tf.constant([utf8(name)]) for name in condition]
    sampling = SamplingOptions(
        tf.constant(float(options.temperature)),
        tf.constant(options.top_k),
        tf.constant(float(options.top_p)),
        tf.constant(float(options.repetition_penalty)),
        row_seeds(tf.constant([options.seed, number]), noise_key(beginning, conditions)),
    )
    yield prompt
    seen = np.zeros((1, outputs["logits"].shape[1]), bool)

    def text_of(tokens: Sequence[int]) -> str:
        return str(ask("detokenize", tokens=[tokens])["text"][0]) if tokens else ""

    # The spacing of a word depends on its neighbours, so the previous one is detokenized as well.
    known: list[int] = []
    pending: list[int] = []
    first = " " if words and prompt and not prompt.endswith(tuple(SPACES)) else ""
    for step in range(options.max_length):
        logits, before = tf.constant(outputs["logits"]), tf.constant(seen)
        token = int(_sample_token(logits, before, tf.constant(step), sampling)[0])
        if token == 0:
            break
        seen[0, token] = True
        pending.append(token)
        text = text_of(known + pending)[len(text_of(known)) :]
        if not text.endswith("\ufffd"):  # the bytes of a character come one by one
            yield first + text
            known, pending, first = pending if words else [], [], ""
        state = {name: value for name, value in outputs.items() if name != "logits"}
        outputs = ask("step", token=[token], **state)
    if pending:
        yield first + text_of(known + pending)[len(text_of(known)) :]


@tf.function(autograph=False, reduce_retracing=True)
def _sample_token(logits: Any, seen: Any, number: Any, options: SamplingOptions) -> Any:
    return choose(logits, seen, number, options)
