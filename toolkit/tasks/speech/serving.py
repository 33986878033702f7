"""The signatures of an exported recogniser of speech."""

from typing import Any

import tensorflow as tf

from toolkit.audio.beam import beam_search
from toolkit.audio.ctc import Path
from toolkit.audio.inputs import decoded_wavs
from toolkit.export.signatures import checked, in_one_batch
from toolkit.models import SequenceModel

#: The largest ``beam_size``.
MOST_BEAMS = 100
#: What ``last`` of the signature ``step`` is after a blank, if there is text before.
AFTER_TEXT = -1


def signatures(model: SequenceModel) -> dict[str, Any]:
    """Return the signatures of an exported recogniser.

    ``serving_default`` takes ``wav`` string [B], the bytes of WAV files of 16 bits at the model's
    rate, whose channels are averaged; ``waveform`` takes ``audio`` float [B, N], samples from -1 to
    1, and ``length`` int32 [B], their numbers. Both return ``text`` string [B], by the likeliest
    path, and ``score`` float [B], the mean log probability of a step of that path.

    ``align`` takes the same as ``waveform``, and also returns ``symbol`` string [B, L], padded with
    '', and ``start`` and ``end`` float [B, L], in seconds, of each symbol in the path.

    ``beam`` takes the same and ``beam_size`` int32 [], K, and returns ``texts`` string [B, K] and
    ``scores`` float [B, K], the log probability of each text, the best first; where there are
    fewer, the last one is repeated. It also returns ``symbol``, ``start`` and ``end`` of the best
    text. A ``beam_size`` of more than 100 raises an ``InvalidArgumentError``.

    ``probabilities`` takes the same as ``waveform``, and returns ``log_probabilities`` float
    [B, T, C] of the classes at each step, the blank last; ``steps`` int32 [B], their number, at
    least one; and ``symbols`` string [C - 1], of which the first stands for unknown ones.
    ``encode`` takes ``text`` string [B], and returns ``ids`` int32 [B, L] of its symbols, padded
    with 0, each 1 more than the symbol's class.

    A network in one direction also has ``step``, which answers while a recording goes on. It takes
    ``audio`` float [B, N], the samples that have arrived; ``tail`` float [B, M], ``last`` int32 [B]
    and ``state_0``, ``state_1`` ... as the call before returned them, at first [B, 0] and zeros. It
    returns ``text`` string [B], what these samples add to the text, these, and ``logits`` float
    [B, S, C] of the steps that have arrived. All texts together are that of ``waveform``, but for a
    recording that is shorter than a step.

    Args:
        model: The preprocessing, the network and the layer of the symbols.
    """
    rate = model.preprocessing.rate
    network, symbols = model.network, model.target_preprocessing

    def inputs(audio: Any, length: Any) -> dict[str, Any]:
        audio, length = in_one_batch(audio=audio, length=length)
        steps = tf.shape(audio)[1]
        right = tf.reduce_all((length >= 0) & (length <= steps))
        complaint = "length must be 0 to the number of samples"
        length = checked(length, right, complaint, steps, ", and is", length)
        return dict(model.preprocessing({"audio": audio, "length": length}))

    def outputs(found: Path) -> dict[str, Any]:
        return {"text": symbols.detokenize(found.ids), "score": found.score}

    waves = [
        tf.TensorSpec([None, None], tf.float32, name="audio"),
        tf.TensorSpec([None], tf.int32, name="length"),
    ]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="wav")], autograph=False)
    def serving_default(wav: Any) -> dict[str, Any]:
        return outputs(network.answer(inputs(*decoded_wavs(wav, rate))))

    @tf.function(input_signature=waves, autograph=False)
    def waveform(audio: Any, length: Any) -> dict[str, Any]:
        return outputs(network.answer(inputs(audio, length)))

    @tf.function(input_signature=waves, autograph=False)
    def align(audio: Any, length: Any) -> dict[str, Any]:
        found = network.answer(inputs(audio, length))
        return outputs(found) | timed(*spikes(found))

    @tf.function(
        input_signature=[*waves, tf.TensorSpec([], tf.int32, name="beam_size")], autograph=False
    )
    def beam(audio: Any, length: Any, beam_size: Any) -> dict[str, Any]:
        complaint = f"beam_size must be 1 to {MOST_BEAMS}, and is"
        right = (beam_size >= 1) & (beam_size <= MOST_BEAMS)
        size = checked(tf.clip_by_value(beam_size, 1, MOST_BEAMS), right, complaint, beam_size)
        logits, mask = network.logits(inputs(audio, length))
        found = beam_search(logits, mask & (length > 0)[:, None], size)
        batch, _, steps = tf.unstack(tf.shape(found.ids))
        texts = symbols.detokenize(tf.reshape(found.ids, [-1, steps]))
        best = found.ids[:, 0]
        ids, start = (
            tf.ragged.boolean_mask(each, best > 0)
            for each in (best, tf.broadcast_to(tf.range(steps), tf.shape(best)))
        )
        return {
            "texts": tf.reshape(texts, [batch, size]),
            "scores": found.scores,
            **timed(ids, start, start + 1),
        }

    @tf.function(input_signature=waves, autograph=False)
    def probabilities(audio: Any, length: Any) -> dict[str, Any]:
        logits, mask = network.logits(inputs(audio, length))
        return {
            "log_probabilities": tf.nn.log_softmax(tf.cast(logits, tf.float32)),
            "steps": tf.math.count_nonzero(mask, 1, dtype=tf.int32),
            "symbols": symbols.tokens_of(tf.range(1, logits.shape[-1])),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def encode(text: Any) -> dict[str, Any]:
        return {"ids": symbols(text)}

    def timed(ids: Any, start: Any, end: Any) -> dict[str, Any]:
        step = network.front.framing.step_seconds
        return {
            "symbol": symbols.tokens_of(ids.to_tensor()),
            "start": tf.cast(start.to_tensor(), tf.float32) * step,
            "end": tf.cast(end.to_tensor(), tf.float32) * step,
        }

    functions = {
        "serving_default": serving_default,
        "waveform": waveform,
        "align": align,
        "beam": beam,
        "probabilities": probabilities,
        "encode": encode,
    }
    if network.config["bidirectional"]:
        return functions
    return functions | {"step": step_signature(network, symbols)}


def step_signature(network: Any, symbols: Any) -> Any:
    """Return the signature ``step`` of a network in one direction.

    Args:
        network: The network.
        symbols: The layer of the symbols.
    """
    specs = [
        tf.TensorSpec([None, size], tf.float32, name=f"state_{number}")
        for number, size in enumerate(network.step_sizes)
    ]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.float32, name="audio"),
            tf.TensorSpec([None, None], tf.float32, name="tail"),
            tf.TensorSpec([None], tf.int32, name="last"),
            *specs,
        ],
        autograph=False,
    )
    def step(audio: Any, tail: Any, last: Any, *states: Any) -> dict[str, Any]:
        named = {f"state_{number}": state for number, state in enumerate(states)}
        audio, tail, last, *before = in_one_batch(audio=audio, tail=tail, last=last, **named)
        logits, tail, after = network.step(audio, tail, before)
        classes = tf.argmax(logits, axis=-1, output_type=tf.int32)
        blank = logits.shape[-1] - 1
        by_id = tf.where(classes == blank, 0, classes + 1)
        line = tf.concat([last[:, None], by_id], axis=1)
        begins = (by_id > 0) & (by_id != line[:, :-1])
        text = symbols.detokenize(tf.where(begins, by_id, 0))
        if symbols.token_level != "characters":  # words, so a space from those before
            text = tf.where((text != "") & (last != 0), tf.strings.join([" ", text]), text)
        is_blank = (line[:, -1] == 0) & tf.reduce_any(line != 0, axis=1)
        outputs = {"text": text, "logits": logits, "tail": tail}
        outputs |= {"last": tf.where(is_blank, AFTER_TEXT, line[:, -1])}
        return outputs | dict(zip(named, after, strict=True))

    return step


def spikes(path: Path) -> tuple[Any, Any, Any]:
    """Return the symbols of a path and their first and last steps, exclusive.

    Returns:
        Ids, first steps and last steps, ragged int32 [B, None] each.
    """
    batch, steps = tf.unstack(tf.shape(path.classes))
    differs = path.classes[:, 1:] != path.classes[:, :-1]
    begins = tf.concat([tf.ones([batch, 1], tf.bool), differs], axis=1)  # runs of equal classes
    places = tf.broadcast_to(tf.range(steps), [batch, steps])
    starts = tf.ragged.boolean_mask(places, begins)
    ends = tf.concat([starts[:, 1:], tf.fill([batch, 1], steps)], axis=1)
    ids = tf.ragged.boolean_mask(path.ids, begins)
    is_symbol = ids > 0
    chosen = (tf.ragged.boolean_mask(each, is_symbol) for each in (ids, starts, ends))
    return tuple(chosen)
