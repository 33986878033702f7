"""Music: the probability of pieces, and their generation."""

import logging
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    LengthBatches,
    MusicExample,
    MusicExamples,
    PackedSequences,
    RollBatches,
    RollCorpus,
    answer_readable,
    encode_music,
    open_music,
)
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.errors import DataError
from toolkit.export import Card
from toolkit.layers.sequences import length_mask
from toolkit.models import MusicNetwork, SequenceModel
from toolkit.music.midi import step_seconds
from toolkit.music.rolls import KEYS
from toolkit.tasks.music import defaults
from toolkit.tasks.music.card import card_words
from toolkit.tasks.music.golden import beginnings
from toolkit.tasks.music.inspection import inspect_music
from toolkit.tasks.music.options import MONITORS, MusicGenerationOptions, MusicOptions
from toolkit.tasks.music.outcomes import MusicOutcomes, music_metrics, piece_sums, shown_pieces
from toolkit.tasks.music.prepared import PreparedMusic, prepare_music
from toolkit.tasks.music.serving import measured, signatures
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.task import Task

logger = logging.getLogger("toolkit")

#: The options of the network that have the same name there.
NETWORK = (
    *("cell", "hidden_size", "layers", "output_layer", "output_size"),
    *("input_dropout", "dropout", "recurrent_dropout", "output_dropout", "seed"),
)
#: The most frames, padding included, of a batch that is measured, and the most pieces.
MEASURED_FRAMES, MEASURED_PIECES = 16_384, 64


@dataclass(kw_only=True, eq=False, repr=False)
class MusicModel(Task, MusicOptions):
    """An estimator that learns to predict the next frame of music, and generates music.

    A piece is a roll [T, 88]: which keys of a piano sound at each time step, or frame. The options
    are those of ``MusicOptions``; each has a default, and ``auto`` depends on the data.

    Example::

        model = MusicModel(steps_per_quarter=2)
        model.fit("chorales/")  # a folder of MIDI files
        roll = model.generate("beginning.mid", length=64, seed=1)
        model.evaluate("others/")["log_loss"]
        model.export("saved_models/chorales")

    ``data`` is what ``toolkit.data.open_music`` takes: a path (MIDI, a folder of MIDI files, JSON,
    JSON Lines, ``.npz``, a CSV or TSV file of notes), a pandas DataFrame of notes, or a list of
    pieces: paths of MIDI files, arrays [T, 88], or the MIDI pitches of each frame.

    ``evaluate`` returns ``log_loss`` in nats a frame; ``log_loss_after_first``, the same without
    the first frame of each piece, as some publications measure; ``frame_accuracy``, the keys that
    sound and were predicted among those that sound or were predicted; and ``frames``. Its
    ``output`` folder gets ``metrics.json``.

    Attributes are those of every task; ``classes`` is empty.
    """

    EXAMPLE = "piece"
    INPUT_NAME = "frames"
    INPUT_PADDING: ClassVar[Mapping[str, Any]] = {"frames": 0}
    PADDING: ClassVar[Mapping[str, Any]] = {"frames": 0}
    OWN_INPUTS = "chords"
    NO_FORMAT = (
        "a model of music cannot be exported as {format}, which has no operators for its sampling"
    )

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> PreparedMusic:
        return prepare_music(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size)

    def _network(self, prepared: Prepared) -> MusicNetwork:
        settings = prepared.settings
        arguments = {name: getattr(settings, name) for name in NETWORK}
        return MusicNetwork(dtype=settings.precision, **arguments)

    def _batches(self, prepared: Prepared) -> RollBatches:
        settings = prepared.settings
        parts = prepared.train.parts(settings.window)
        return RollBatches(parts, settings.batch_tokens, settings.seed, settings.transpose)

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d pieces of %d frames to train on, %d to validate; %d batches, %.1f %% of them "
            "padding; %d parameters",
            *(prepared.size.texts, prepared.size.tokens, len(prepared.held_out or ())),
            *(len(batches), 100 * batches.padding_share, network.count_params()),
        )

    def _monitors(self) -> Mapping[str, str]:
        return MONITORS

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        held_out: RollCorpus = prepared.held_out
        batches = LengthBatches(
            held_out, MEASURED_FRAMES, shuffle=False, max_batch_size=MEASURED_PIECES
        )

        @tf.function(input_signature=[held_out.input_signature], autograph=False)
        def measure_batch(inputs: Any) -> Any:
            return measured(network, inputs)

        def measure() -> dict[str, Any]:
            sums = []
            for (inputs,) in batches.dataset():
                nll, likeliest = (each.numpy() for each in measure_batch(inputs))
                frames, length = inputs["values"].numpy(), inputs["length"].numpy()
                sums.append(piece_sums(nll, likeliest, frames, length))
            return music_metrics(np.concatenate(sums))

        return measure

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        assert isinstance(prepared, PreparedMusic)
        return inspect_music(prepared, lambda: self._cost(prepared))

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        corpus = encode_music(self._pieces(data))

        def losses(inputs: Any, targets: Any) -> tuple[Any, Any]:
            values = network.losses(network(inputs, training=False), targets)
            mask = length_mask(inputs["length"], tf.shape(values)[1])
            return values * tf.cast(mask, values.dtype), tf.cast(mask, values.dtype)

        def window(pieces: int, steps: int) -> Window:
            chosen, length = longest(corpus.lengths, pieces, steps)
            inputs = shortened(corpus.inputs(chosen), length, values="length")
            names = [str(number) for number in range(1, length + 1)]
            return Window(inputs, inputs["values"], {self.INPUT_NAME: names})

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        pairs = ((inputs, inputs["values"]) for (inputs,) in batches)
        tracks = {self.INPUT_NAME: Track(network.recurrent, at_end=False)}
        return Subject(network, pairs, losses, window, tracks)

    # Generation and evaluation

    def generate(
        self, beginning: Any = None, length: int = 64, temperature: float = 1.0, seed: int = 0
    ) -> NDArray[np.uint8]:
        """Generate music; see ``MusicGenerationOptions``.

        Args:
            beginning: The beginning, as an element of the list that ``predict`` takes; None to
                begin from nothing.
            length: The number of generated frames.
            temperature: The divisor of the log odds of each key.
            seed: The seed of the sampling.

        Returns:
            The beginning and the generated frames, uint8 [T + length, 88].

        Raises:
            DataError: The beginning cannot be read.
            ModelError: The task is not fitted.
            OptionError: A value is out of its limits.
        """
        given: dict[str, Any] = {
            "length": length,
            "temperature": temperature,
            "seed": seed,
        }
        (answer,) = self.predict(["" if beginning is None else beginning], **given)
        if "error" in answer:
            raise DataError(answer["error"])
        return np.array(answer["frames"], np.uint8).reshape(-1, KEYS)

    def predict(
        self, texts: Any, earlier: Counter[Any] | None = None, **generation: Any
    ) -> list[dict[str, Any]]:
        """Generate music after each beginning, in order.

        Music is a function of the seed, of its beginning, and of its number among those of equal
        beginnings: other beginnings do not change it, and equal ones go on differently.

        Args:
            texts: Beginnings: a list of paths of MIDI files, of arrays [T, 88] or of the MIDI
                pitches of each frame, where ``""`` begins from nothing; or data of any kind that
                ``fit`` takes.
            earlier: How often each beginning was given in earlier calls that go on in this one; it
                is counted on.
            generation: The values of ``MusicGenerationOptions``.

        Returns:
            For each beginning ``frames``, a list of 88 numbers, 0 or 1, for each frame of the
            beginning and of the generated music; and ``length``, the number of frames. A beginning
            that cannot be read has only ``error``, its place and the reason.

        Raises:
            ModelError: The task is not fitted.
            OptionError: A value is out of its limits.
        """
        options = MusicGenerationOptions(**generation)
        self.check_generated_length(options.length)
        self._check_fitted()
        values = asdict(options)
        count, seed = values.pop("length"), values.pop("seed")

        numbers = Counter() if earlier is None else earlier

        def answer(examples: list[MusicExample]) -> Iterator[dict[str, Any]]:
            for example in examples:
                key = example.roll.tobytes()
                outputs = self._serve(
                    "generate",
                    frames=example.roll[None].astype(np.float32),
                    length=[len(example.roll)],
                    max_length=count,
                    seed=[seed, numbers[key]],
                    **values,
                )
                numbers[key] += 1
                frames = outputs["frames"][0].astype(np.uint8).tolist()
                yield {"frames": frames, "length": len(frames)}

        return answer_readable([*self._beginnings(texts)], answer)

    def score(self, pieces: Any) -> list[dict[str, Any]]:
        """Return the negative log probability of pieces, ``nll`` in nats, and ``units``, frames.

        Args:
            pieces: As for ``predict``.
        """
        self._check_fitted()

        def answer(examples: list[MusicExample]) -> Iterator[dict[str, Any]]:
            for example in examples:
                rolls = {"frames": example.roll[None].astype(np.float32)}
                row = self._serve("score", **rolls, length=[len(example.roll)])
                yield {"nll": float(row["nll"][0]), "units": int(row["units"][0])}

        return answer_readable([*self._beginnings(pieces)], answer)

    def _pieces(self, data: Any) -> MusicExamples:
        """Return labelled pieces."""
        return MusicExamples(open_music(data, "test", self), self)

    def _beginnings(self, data: Any) -> Iterable[MusicExample]:
        """Return beginnings, which may be empty."""
        return MusicExamples(open_music(data, "test", self), self, for_prediction=True)

    def _outcomes(self, data: Any, keep_errors: bool) -> MusicOutcomes:
        self._check_fitted()
        checksum = 0
        found: list[NDArray[np.float64]] = []
        for chunk in _chunks(self._pieces(data)):
            packed = PackedSequences.from_sequences(chunk, np.float32, (KEYS,))
            order = np.argsort(packed.lengths, kind="stable")
            batches = LengthBatches(
                RollCorpus(packed), MEASURED_FRAMES, shuffle=False, max_batch_size=MEASURED_PIECES
            )
            parts = []
            for rows in batches.order():
                frames, length = packed.batch(rows), packed.lengths[rows]
                outputs = self._serve("read", frames=frames, length=length)
                parts.append(piece_sums(outputs["nll"], outputs["likeliest"], frames, length))
            found.append(np.concatenate(parts)[np.argsort(order)])
            for roll in chunk:
                checksum = zlib.crc32(repr(roll.shape).encode() + roll.tobytes(), checksum)
        seconds = step_seconds(self.steps_per_quarter, self.facts.get("tempo"))
        pieces = shown_pieces(self._pieces(data), seconds) if keep_errors else None
        return MusicOutcomes(np.concatenate(found), checksum, pieces)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model, self.max_generated_length)

    def _own_inputs(self) -> Sequence[Any]:
        return beginnings()

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the beginnings; an empty one has a silent frame behind its end."""
        questions = []
        for example in self._beginnings(list(golden)):
            if example.problem is not None:
                raise DataError(f"golden, {example.problem}")
            frames = example.roll.tolist() or [[0] * KEYS]
            questions.append({"frames": frames, "length": len(example.roll)})
        return questions

    def _unpadded(self, name: str, value: Any) -> Any:
        """Return an output of one example, in which silence at the end is no padding."""
        return value

    def _card(self, *arguments: Any) -> Card:
        """Return the card, whose example begins from nothing."""
        nothing = {"frames": [[0] * KEYS], "length": 0}
        return replace(super()._card(*arguments), example=nothing)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self)


def _chunks(examples: Iterable[MusicExample]) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield the rolls of pieces in groups of limited size."""
    chunk: list[NDArray[np.uint8]] = []
    frames = 0
    for example in examples:
        chunk.append(example.roll)
        frames += len(example.roll)
        if frames > 16 * MEASURED_FRAMES:
            yield chunk
            chunk, frames = [], 0
    if chunk:
        yield chunk
