"""The core of a language model: one token more."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel

#: The number of golden steps.
STEPS = 6


def step_core(model: SequenceModel, conditions: Sequence[str], ends: bool) -> Core:
    """Return the core: a token and the states before it to the logits of the next, and the states.

    ``token`` int32 [B] and ``state_0`` ... float32 [B, H] become ``logits`` float32 [B, V] and
    ``next_state_0`` ..., the states after the token: in ONNX no output has the name of an input.

    Args:
        model: The tokenizer and the network.
        conditions: The names of the network's conditions.
        ends: Whether the network has learnt id 0, the end of a text.
    """
    tokenizer, network = model.preprocessing, in_float32(model.network)
    names = [f"state_{number}" for number in range(len(network.sizes))]

    def step(token: Any, *states: Any) -> dict[str, Any]:
        logits, after = network.step(token[:, None], [state[:, None] for state in states])
        return {"logits": logits[:, 0]} | {
            f"next_{name}": state[:, 0] for name, state in zip(names, after, strict=True)
        }

    starts = network.start(*((len(conditions), np.arange(len(conditions))) if conditions else (1,)))
    states = [np.asarray(state)[:1] for state in starts]
    random, rows = np.random.default_rng(0), []
    for token in [0, *random.integers(2, tokenizer.vocabulary_size, STEPS - 1, np.int32)]:
        row = {"token": np.array([token], np.int32), **dict(zip(names, states, strict=True))}
        after = step(tf.constant(row["token"]), *states)
        states = [after[f"next_{name}"].numpy() for name in names]
        rows.append({name: value[0] for name, value in row.items()})
    files = {}
    first = "The states before it are zeros"
    if conditions:
        first = "The states before it are those of the condition in `conditions.json`"
        by_name = {
            condition: {n: np.asarray(s)[i].tolist() for n, s in zip(names, starts, strict=True)}
            for i, condition in enumerate(conditions)
        }
        files["conditions.json"] = json.dumps(by_name, ensure_ascii=False) + "\n"
    end = "Token 0 after the first ends the text" if ends else "Tokens 0 and 1 are never written"
    return Core(
        title="Gives the logits of each next token of a text: their softmax is the probabilities.",
        network=network,
        function=step,
        inputs={
            "token": tf.TensorSpec([None], tf.int32, name="token"),
            **{
                name: tf.TensorSpec([None, size], tf.float32, name=name)
                for name, size in zip(names, network.sizes, strict=True)
            },
        },
        notes={
            "token": f"0 to {tokenizer.vocabulary_size - 1}; 0 begins a text, 1 is unknown",
            "logits": "of the next token",
        },
        preparation=f"A text begins with token 0. {first}. Each call reads one token and returns "
        "as `next_state_0` ... the states for the next call: read a prompt token by token, then "
        f"choose a token by the logits, write it, and read it in turn. {end}; 1 is never written. "
        "The id of a token is the number of its line in the vocabulary beside this file, counted "
        "from 0.",
        trials=[],
        rows=rows,
        raw=[{} for _ in rows],
        files=files,
        save_assets=tokenizer.save_assets,
    )
