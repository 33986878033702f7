"""The preparation of labelled series for training."""

import logging
from dataclasses import asdict
from itertools import compress
from typing import Any

import numpy as np

from toolkit.data import (
    FrameFormat,
    LengthBatches,
    PackedCorpus,
    encode_series,
    scan,
)
from toolkit.data.corpora.mapped_files import chunks
from toolkit.data.splits import held_out_rows
from toolkit.errors import DataError, OptionError
from toolkit.models.series_front import SeriesFront, measure
from toolkit.options import option
from toolkit.series.inputs import SeriesInputs, VideoInputs
from toolkit.series.joints import KNOWN, Joints, find_joints
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.sequences.defaults import FRONTS
from toolkit.tasks.sequences.mirror import exchanged_classes, with_mirrored
from toolkit.tasks.sequences.reading import open_sequences, read_examples
from toolkit.tasks.settings import Settings

logger = logging.getLogger("toolkit")

#: The number of values of a joint that can be told from the number of channels: x, y, z and a
#: visibility, x, y, z, or x and y.
DIMENSIONS = (3, 4, 2)
#: The numbers of joints of known skeletons.
KNOWN_NUMBERS = frozenset(len(joints.names) for joints in KNOWN)
#: The fields of ``Augmentation`` with the options of their values.
CHANGES = {
    "stretch": "time_stretch",
    "crop": "crop",
    "jitter": "jitter",
    "rotation": "rotation",
    "shift": "shift",
}
#: The number of frames, padding included, of a batch that is measured.
MEASURED_FRAMES = 16_384


def prepare_series(settings: Settings, data: Any, validation_data: Any) -> Prepared:
    """Read data twice: for classes and split, and to write it to disk.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_series``.
        validation_data: The validation data, if any; else a share of the data is held out.

    Raises:
        DataError: A row cannot be used, or there are fewer than two classes.
        OptionError: The channels are those of no known skeleton, or the data and the front do not
            fit.
    """
    frames = FrameFormat.of(settings)
    splitting = validation_data is None and settings.validation_split > 0
    known = () if settings.previous is None else settings.previous.facts.get("channels", ())
    source = open_sequences(data, "train", settings.columns)
    examples = read_examples(source, settings.columns, grouped=splitting, channels=known, keep=True)
    settings = settings.reading_as(examples)
    scanned = scan(examples, settings.target, settings.known_classes)
    corpus = encode_series(examples, scanned.encoder, scanned)
    train, held_out, validation = corpus, None, None
    in_training = np.ones(scanned.count, bool)
    if splitting:
        train_rows, held_rows = scanned.split(settings.validation_split, settings.seed)
        train, held_out = corpus.subset(train_rows), corpus.subset(held_rows)
        in_training[held_rows] = False
    elif validation_data is not None:
        validation = read_examples(
            open_sequences(validation_data, "test", settings.columns),
            settings.columns,
            grouped=False,
            channels=examples.channel_names,
        )
        held_out = encode_series(validation, scanned.encoder)

    def held_out_series() -> list[Any]:
        held = compress(examples, ~in_training) if validation is None else validation
        return first_inputs(example.series.tolist() for example in held)

    originals = train
    if settings.mirror is not None:
        (channels,) = examples.frame_shape
        joints, dimensions = skeleton(channels, settings.joints)
        if dimensions * len(joints.names) < channels:
            raise OptionError(
                f"{option('mirror')} cannot mirror the channels that follow those of the joints"
            )
        exchanged = exchanged_classes(settings.mirror, scanned.encoder.classes)
        axis = 1 if settings.vertical == "x" else 0
        train = with_mirrored(train, scanned.encoder, exchanged, joints, dimensions, axis)
    settings = settings.resolve(velocities=FRONTS[settings.front]["velocities"])
    if settings.previous is not None:
        layer = settings.previous.model.preprocessing
    elif frames is not None:
        layer = VideoInputs(frames.shape)
    else:
        layer = SeriesInputs(examples.channel_names)
    classes = scanned.encoder.classes
    manner = "stratified" if settings.target == "classes" else "at random"
    if scanned.groups is not None:
        manner = f"by {examples.group_column}"
    return Prepared(
        settings=settings,
        preprocessing=layer,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_series,
        held_out_data=None
        if held_out is None
        else held_out_rows(examples, ~in_training, validation),
        size=DataSize(len(train), int(train.lengths.sum())),
        classes=classes,
        facts={
            "data": source.name,
            "rows": len(originals),
            **({"channels": list(layer.channels)} if frames is None else {}),
            "classes": dict(zip(classes, originals.class_counts.tolist(), strict=True)),
            "validation": validation_words(held_out, validation_data, manner, settings.seed),
        },
        named_columns=examples.named_columns,
        readers=(examples,) if validation is None else (examples, validation),
    )


def front_arguments(settings: Settings, train: PackedCorpus) -> dict[str, Any]:
    """Return the argument of ``ManyToOne`` for the front, with statistics of the training part.

    It is ``series``, the arguments of ``SeriesFront``, or ``video``, those of ``VideoFront``. The
    statistics of an earlier training are kept.

    Raises:
        OptionError: The channels are those of no known skeleton.
    """
    name = "video" if settings.front == "frames" else "series"
    changed = {field: getattr(settings, of) for field, of in CHANGES.items()}
    if settings.previous is not None:
        arguments = settings.previous.model.network.config[name]
    else:
        arguments = (_video if settings.front == "frames" else _series)(settings, train)
    return {name: {**arguments, "augmentation": changed}}


def _video(settings: Settings, train: PackedCorpus) -> dict[str, Any]:
    """Return the arguments of ``VideoFront``."""
    values = train.sequences.values.reshape(-1)
    count = np.zeros(256, np.int64)
    for part in chunks(values):
        count += np.bincount(part, minlength=256)
    shares, levels = count / count.sum(), np.arange(256)
    mean = float(shares @ levels)
    return {
        "shape": list(train.sequences.values.shape[1:]),
        "mean": mean,
        "deviation": float(np.sqrt(shares @ (levels - mean) ** 2)),
        "velocities": settings.velocities == "on",
        "stack": settings.stack,
        "stride": settings.stride,
    }


def _series(settings: Settings, train: PackedCorpus) -> dict[str, Any]:
    """Return the arguments of ``SeriesFront``."""
    means, missing = _channel_means(train)
    arguments: dict[str, Any] = {
        "means": means,
        "indicated": [channel for channel, share in enumerate(missing) if share],
        "skeleton": None,
        "velocities": settings.velocities == "on",
        "stack": settings.stack,
        "stride": settings.stride,
        "vertical": settings.vertical,
    }
    if settings.front == "skeleton":
        joints, dimensions = skeleton(len(means), settings.joints)
        if dimensions == 2 and settings.options.rotation not in ("auto", 0):
            raise OptionError(
                f"{option('rotation')} turns skeletons in space, but these joints have x and y only"
            )
        arguments["skeleton"] = {"joints": asdict(joints), "dimensions": dimensions}
    batches = LengthBatches(train, MEASURED_FRAMES, shuffle=False).dataset()
    standard = measure(SeriesFront(**arguments), (batch[0] for batch in batches))
    return {**arguments, "standard": [list(part) for part in standard]}


def skeleton(channels: int, names: str | None) -> tuple[Joints, int]:
    """Return the joints of a skeleton, and the number of values of each.

    Args:
        channels: The number of channels.
        names: The names of the joints, separated by commas, after whose channels others may follow
            (each joint then has x, y and z if there are so many channels); None for a known number
            of joints and no other channels.

    Raises:
        OptionError: No known skeleton has them.
    """
    if names is None:
        for dimensions in DIMENSIONS:
            joints, rest = divmod(channels, dimensions)
            if not rest and joints in KNOWN_NUMBERS:
                return find_joints(joints), dimensions
        raise OptionError(
            f"{option('front')} is skeleton, but {channels} channels are those of no known one "
            "(such as 20 joints of x, y and z); name the joints by "
            f"{option('joints')}, or set {option('front', 'standardize')}"
        )
    try:
        found = find_joints([name.strip() for name in names.split(",")])
    except DataError as error:
        raise OptionError(f"{option('joints')}: {error}") from None
    fitting = [each for each in DIMENSIONS if each * len(found.names) <= channels]
    if not fitting:
        raise OptionError(
            f"{option('joints')} names {len(found.names)} joints, but there are {channels} "
            "channels; each joint has x and y, maybe z, maybe a visibility"
        )
    exact = [each for each in fitting if each * len(found.names) == channels]
    dimensions = (exact or fitting)[0]
    if others := channels - dimensions * len(found.names):
        logger.info(
            "%d joints of %d values, and then %d channels of others",
            *(len(found.names), dimensions, others),
        )
    return found, dimensions


def _channel_means(train: PackedCorpus) -> tuple[list[float], list[float]]:
    """Return the means of the channels [C], 0 for unknown ones, and the shares of missing [C]."""
    channels = train.sequences.values.shape[1]
    count, total = np.zeros(channels, np.int64), np.zeros(channels)
    for index in range(len(train)):
        frames = train.sequences[index]
        observed = np.isfinite(frames)
        count += observed.sum(axis=0)
        total += np.where(observed, frames, 0).sum(axis=0, dtype=np.float64)
    means = np.divide(total, count, out=np.zeros(channels), where=count > 0)
    return means.tolist(), (1 - count / train.lengths.sum()).tolist()
