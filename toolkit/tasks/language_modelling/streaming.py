"""Text generation in parts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import SamplingOptions, choose, row_seeds
from toolkit.tasks.language_modelling.options import GenerationOptions
from toolkit.tasks.language_modelling.prompts import Prompt
from toolkit.tasks.language_modelling.serving import SPACES, noise_key
from toolkit.text import utf8

Ask = Callable[..., dict[str, Any]]


def stream_text(ask: Ask, prompt: Prompt, options: GenerationOptions, words: bool) -> Iterator[str]:
    """Yield the prompt, and then the generated text in parts.

    Args:
        ask: Calls a signature of the language model.
        prompt: The beginning of the text.
        options: The options of generation.
        words: Whether tokens are words, whose spacing depends on their neighbours.
    """
    outputs = ask("prefill", prompt=[prompt.text], **prompt.conditions)
    beginning = tf.constant([utf8(prompt.text)])
    condition = [tf.constant([*map(utf8, names)]) for names in prompt.conditions.values()]
    sampling = SamplingOptions(
        tf.constant(float(options.temperature)),
        tf.constant(options.top_k),
        tf.constant(float(options.top_p)),
        tf.constant(float(options.repetition_penalty)),
        row_seeds(tf.constant([options.seed, prompt.number]), noise_key(beginning, condition)),
    )
    yield prompt.text
    seen = np.zeros((1, outputs["logits"].shape[1]), bool)

    def text_of(tokens: Sequence[int]) -> str:
        return str(ask("detokenize", tokens=[tokens])["text"][0]) if tokens else ""

    # The spacing of a word depends on its neighbours, so the previous one is detokenized as well.
    known: list[int] = []
    pending: list[int] = []
    first = " " if words and prompt.text and not prompt.text.endswith(tuple(SPACES)) else ""
    for number in range(options.max_length):
        logits, before = tf.constant(outputs["logits"]), tf.constant(seen)
        token = int(_sample_token(logits, before, tf.constant(number), sampling)[0])
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
