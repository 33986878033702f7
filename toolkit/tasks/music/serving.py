"""The signatures of an exported model of music."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import row_seeds, uniform
from toolkit.export.signatures import checked, in_one_batch
from toolkit.layers.sequences import length_mask
from toolkit.models import MusicNetwork, SequenceModel
from toolkit.music.rolls import KEYS
from toolkit.tasks.music.options import MOST_GENERATED

Tensor = Any

#: The number of frames that ``serving_default`` generates.
DEFAULT_LENGTH = 64
#: The number of frames of a piece that are read at once.
PIECE = 1_024
#: The number of keys in each of the numbers by which a frame is told from others.
HALF = KEYS // 2


def read_before(
    network: MusicNetwork, steps: Tensor, length: Tensor, state: Sequence[Tensor]
) -> list[Tensor]:
    """Return the states of a network after the first steps of pieces.

    Args:
        network: The network.
        steps: What it reads, [B, T, 89].
        length: The number of steps that are read [B].
        state: The states before.
    """

    def piece(first: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        part = steps[:, first : first + PIECE]
        mask = length_mask(length - first, tf.shape(part)[1])
        return first + PIECE, *network.run(part, before, mask)[1]

    rows = [tf.TensorShape([None, each.shape[-1]]) for each in state]
    _, *after = tf.while_loop(
        lambda first, *_: first < tf.reduce_max(tf.pad(length, [[0, 1]])),
        piece,
        (tf.constant(0), *state),
        shape_invariants=(tf.TensorShape([]), *rows),
        parallel_iterations=1,
    )
    return after


def measured(network: MusicNetwork, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the loss of each frame and the frame that was predicted in its place.

    Pieces are read in parts that carry the states on, in the memory that one part takes.

    Args:
        network: The network.
        inputs: Its inputs, with ``values`` [B, T, 88] and ``length`` [B].

    Returns:
        Negative log probabilities in nats, float32 [B, T], 0 behind the end; and at each step the
        likeliest frame given the frames before it, float32 [B, T, 88].
    """
    steps, length = network.steps(inputs)[:, :-1], inputs["length"]
    frames = tf.cast(inputs["values"], tf.float32)
    rows, count = tf.shape(frames)[0], tf.shape(frames)[1]

    def piece(first: Tensor, losses: Tensor, likeliest: Tensor, *before: Tensor) -> Any:
        part, targets = (each[:, first : first + PIECE] for each in (steps, frames))
        mask = length_mask(length - first, tf.shape(part)[1])
        states, after = network.run(part, before, mask)
        nll = tf.where(mask, network.losses(states, targets), 0.0)
        flat = tf.reshape(states, [-1, states.shape[-1]])
        none = tf.zeros([tf.shape(flat)[0]])
        numbers = tf.zeros([tf.shape(flat)[0], KEYS], tf.float64)
        predicted = tf.reshape(network.head.sample(flat, numbers, none), tf.shape(targets))
        at = first // PIECE
        return (
            first + PIECE,
            losses.write(at, tf.transpose(nll)),
            likeliest.write(at, tf.transpose(predicted, [1, 0, 2])),
            *after,
        )

    state = network.start(rows)
    shapes = [tf.TensorShape([None, each.shape[-1]]) for each in state]
    arrays = [
        tf.TensorArray(tf.float32, 1, dynamic_size=True, infer_shape=False).write(
            0, tf.zeros([0, rows, *rest])
        )
        for rest in ((), (KEYS,))
    ]
    _, losses, likeliest, *_ = tf.while_loop(
        lambda first, *_: first < count,
        piece,
        (tf.constant(0), *arrays, *state),
        shape_invariants=(tf.TensorShape([]), *[tf.TensorShape(None)] * 2, *shapes),
        parallel_iterations=1,
    )
    nll = tf.ensure_shape(losses.concat(), [None, None])
    predicted = tf.ensure_shape(likeliest.concat(), [None, None, KEYS])
    return tf.transpose(nll), tf.transpose(predicted, [1, 0, 2])


def noise_key(frames: Tensor, length: Tensor) -> Tensor:
    """Return what the noise of sampling goes by: the frames of each beginning as a string [B]."""
    rows, steps = tf.unstack(tf.shape(frames)[:2])
    bits = tf.reshape(tf.cast(frames, tf.int64), [rows, steps, 2, HALF])
    numbers = tf.reduce_sum(bits * (2 ** np.arange(HALF, dtype=np.int64)), axis=-1)
    words = tf.strings.join([tf.strings.as_string(numbers), ","])
    mask = length_mask(length, steps)
    return tf.strings.reduce_join(tf.where(mask[:, :, None], words, ""), axis=[1, 2])


def frame_numbers(seeds: Tensor, number: Tensor) -> Tensor:
    """Return the random numbers of the frames of these numbers [B], float64 [B, 88]."""
    return uniform(seeds, number[:, None] * KEYS + tf.range(KEYS))


def joined(frames: Tensor, length: Tensor, new: Tensor) -> Tensor:
    """Return beginnings [B, T, 88] with frames [B, L, 88] after their ends, [B, T + L, 88]."""
    steps, count = tf.shape(frames)[1], tf.shape(new)[1]
    place = tf.range(steps + count) - length[:, None]
    after = tf.gather(
        tf.pad(new, [[0, 0], [0, 1], [0, 0]]),
        tf.where((place >= 0) & (place < count), place, count),
        batch_dims=1,
    )
    return tf.pad(frames, [[0, 0], [0, count], [0, 0]]) + after


def signatures(model: SequenceModel, max_generated_length: int = MOST_GENERATED) -> dict[str, Any]:
    """Return the signatures of a model of music.

    Rolls are ``frames`` float [B, T, 88] of 0 and 1, with ``length`` int32 [B]; a single frame is
    ``frame`` float [B, 88].

    - ``serving_default`` gives ``frames`` [B, T + 64, 88], the beginning and right after it 64
      frames more, the likeliest ones, and their ``length``.
    - ``generate`` also takes ``max_length`` int32 [], ``temperature`` float [] and ``seed`` int32
      [2], the seed and the number of the first of equal beginnings.
    - ``score`` gives ``nll`` float [B] in nats and ``units`` int32 [B], the number of frames.
    - ``read`` gives ``nll`` float [B, T], and ``likeliest`` float [B, T, 88], the frame that is
      predicted from those before.
    - ``prefill`` reads beginnings and gives what ``step`` gives.
    - ``step`` reads a ``frame`` more. It takes and gives ``state_0``, ``state_1`` ...; and gives of
      independent keys their ``probabilities`` [B, 88] in the next frame, of others a sampled
      ``frame`` [B, 88]. For these ``prefill`` also takes ``temperature`` and ``seed``, and the
      states carry them on, so that frames that are read again are those of ``generate``.

    Args:
        model: The preprocessing and the network.
        max_generated_length: The largest ``max_length``.
    """
    network: MusicNetwork = model.network
    is_independent = network.config["output_layer"] == "independent"

    def rolls(frames: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Return checked rolls, silent behind their ends."""
        frames, length = in_one_batch(frames=frames, length=length)
        count = tf.shape(frames)[1]
        right = tf.reduce_all((length >= 0) & (length <= count))
        length = checked(
            length, right, "length must be 0 to the number of frames", count, ", and is", length
        )
        frames = tf.where(length_mask(length, count)[:, :, None], frames, 0.0)
        right = tf.reduce_all((frames == 0) | (frames == 1))
        return checked(frames, right, "frames must be 0 or 1 for each key"), length

    def begin(frames: Tensor, length: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the state to predict from [B, H] and those of all layers after beginnings."""
        steps = network.steps({"values": frames, "length": length})
        before = read_before(network, steps, length, network.start(tf.shape(frames)[0]))
        return network.step(tf.gather(steps, length, batch_dims=1), before)

    def read_on(frame: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read a frame more."""
        return network.step(tf.pad(frame, [[0, 0], [0, 1]]), state)

    def write(
        frames: Tensor, length: Tensor, count: Tensor, temperature: Tensor, seed: Tensor
    ) -> dict[str, Tensor]:
        """Return beginnings with generated frames after them."""
        rows = tf.shape(frames)[0]
        seeds = row_seeds(seed, noise_key(frames, length))
        temperatures = tf.fill([rows], temperature)
        first, state = begin(frames, length)

        def body(number: Tensor, states: Tensor, new: Any, *before: Tensor) -> tuple[Any, ...]:
            numbers = frame_numbers(seeds, tf.fill([rows], number))
            frame = network.head.sample(states, numbers, temperatures)
            states, after = read_on(frame, before)
            return number + 1, states, new.write(number, frame), *after

        shapes = [tf.TensorShape([None, each.shape[-1]]) for each in (first, *state)]
        _, _, new, *_ = tf.while_loop(
            lambda number, *_: number < count,
            body,
            (
                tf.constant(0),
                first,
                tf.TensorArray(tf.float32, 1, dynamic_size=True, element_shape=[None, KEYS]).write(
                    0, tf.zeros([rows, KEYS])
                ),
                *state,
            ),
            shape_invariants=(tf.TensorShape([]), shapes[0], tf.TensorShape(None), *shapes[1:]),
            parallel_iterations=1,
        )
        new = tf.transpose(new.stack()[:count], [1, 0, 2])
        return {"frames": joined(frames, length, new), "length": length + count}

    def predicted(states: Tensor, numbers: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the outputs of ``step`` but for the states of the layers."""
        if is_independent:
            return {"probabilities": network.head.probabilities(states)}
        seeds, number, temperature = numbers
        frame = network.head.sample(states, frame_numbers(seeds, number), temperature)
        return {
            "frame": frame,
            "state_seed": seeds,
            "state_number": number + 1,
            "state_temperature": temperature,
        }

    rolls_in = [
        tf.TensorSpec([None, None, KEYS], tf.float32, name="frames"),
        tf.TensorSpec([None], tf.int32, name="length"),
    ]
    sampling_in = [
        tf.TensorSpec([], tf.float32, name="temperature"),
        tf.TensorSpec([2], tf.int32, name="seed"),
    ]
    states_in = [
        tf.TensorSpec([None, size], network.compute_dtype, name=f"state_{number}")
        for number, size in enumerate(network.sizes)
    ]
    numbers_in = [
        tf.TensorSpec([None], tf.int64, name="state_seed"),
        tf.TensorSpec([None], tf.int32, name="state_number"),
        tf.TensorSpec([None], tf.float32, name="state_temperature"),
    ]

    @tf.function(input_signature=rolls_in, autograph=False)
    def serving_default(frames: Tensor, length: Tensor) -> dict[str, Tensor]:
        likeliest = tf.constant(0.0), tf.constant([0, 0])
        return write(*rolls(frames, length), tf.constant(DEFAULT_LENGTH), *likeliest)

    @tf.function(
        input_signature=[
            *rolls_in,
            tf.TensorSpec([], tf.int32, name="max_length"),
            *sampling_in,
        ],
        autograph=False,
    )
    def generate(
        frames: Tensor, length: Tensor, max_length: Tensor, temperature: Tensor, seed: Tensor
    ) -> dict[str, Tensor]:
        right = (max_length >= 0) & (max_length <= max_generated_length)
        complaint = f"max_length must be 0 to {max_generated_length}, and is"
        count = checked(max_length, right, complaint, max_length)
        return write(*rolls(frames, length), count, temperature, seed)

    @tf.function(input_signature=rolls_in, autograph=False)
    def score(frames: Tensor, length: Tensor) -> dict[str, Tensor]:
        frames, length = rolls(frames, length)
        nll, _ = measured(network, {"values": frames, "length": length})
        return {"nll": tf.reduce_sum(nll, axis=1), "units": length}

    @tf.function(input_signature=rolls_in, autograph=False)
    def read(frames: Tensor, length: Tensor) -> dict[str, Tensor]:
        frames, length = rolls(frames, length)
        nll, likeliest = measured(network, {"values": frames, "length": length})
        return {"nll": nll, "likeliest": likeliest}

    @tf.function(
        input_signature=rolls_in if is_independent else [*rolls_in, *sampling_in],
        autograph=False,
    )
    def prefill(frames: Tensor, length: Tensor, *sampling: Tensor) -> dict[str, Tensor]:
        frames, length = rolls(frames, length)
        numbers: tuple[Tensor, ...] = ()
        if sampling:
            temperature, seed = sampling
            seeds = row_seeds(seed, noise_key(frames, length))
            numbers = seeds, tf.zeros_like(length), tf.fill([tf.shape(length)[0]], temperature)
        states, after = begin(frames, length)
        return predicted(states, numbers) | _named(after)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, KEYS], tf.float32, name="frame"),
            *states_in,
            *([] if is_independent else numbers_in),
        ],
        autograph=False,
    )
    def step(frame: Tensor, *state: Tensor) -> dict[str, Tensor]:
        specs = [*states_in, *([] if is_independent else numbers_in)]
        names = {spec.name: tensor for spec, tensor in zip(specs, state, strict=True)}
        frame, *given = in_one_batch(frame=frame, **names)
        right = tf.reduce_all((frame == 0) | (frame == 1))
        frame = checked(frame, right, "frame must be 0 or 1 for each key")
        states, after = read_on(frame, given[: len(states_in)])
        return predicted(states, given[len(states_in) :]) | _named(after)

    return {
        "serving_default": serving_default,
        "generate": generate,
        "score": score,
        "read": read,
        "prefill": prefill,
        "step": step,
    }


def _named(state: Sequence[Tensor]) -> dict[str, Tensor]:
    return {f"state_{number}": tensor for number, tensor in enumerate(state)}
