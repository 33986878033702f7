"""Mirrored copies of skeletons, as further training examples."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.data import LabelEncoder, PackedCorpus
from toolkit.data.corpora.packed import SequenceWriter
from toolkit.errors import OptionError, quoted, shorten
from toolkit.options import option
from toolkit.series.joints import Joints

#: The value of ``mirror`` where no classes exchange their names.
SAME = "same"


def exchanged_classes(mirror: str, classes: Sequence[str]) -> dict[str, str]:
    """Return the class of the mirrored examples of each class.

    Args:
        mirror: Pairs of classes that exchange their names, ``left=right`` separated by commas; or
            ``same``.
        classes: All classes.

    Raises:
        OptionError: It is no list of pairs, or names a class that is unknown or comes twice.
    """
    exchanged = {name: name for name in classes}
    if mirror == SAME:
        return exchanged
    named: set[str] = set()
    for pair in mirror.split(","):
        names = [name.strip() for name in pair.split("=")]
        if len(names) != 2 or names[0] == names[1]:
            raise OptionError(
                f"{option('mirror')} has {quoted(pair)}; it should be pairs of classes that "
                f"exchange their names, such as wave_left=wave_right, or {SAME}"
            )
        for name, other in (names, names[::-1]):
            if name not in exchanged:
                known = shorten(list(classes))
                raise OptionError(
                    f"{option('mirror')} names the class {quoted(name)}; the data has: {known}"
                )
            if name in named:
                raise OptionError(f"{option('mirror')} names the class {quoted(name)} twice")
            named.add(name)
            exchanged[name] = other
    return exchanged


def mirrored(
    frames: NDArray[np.float32], joints: Joints, dimensions: int, axis: int
) -> NDArray[np.float32]:
    """Return a skeleton as in a mirror: left and right joints exchanged, one axis turned over.

    Args:
        frames: [T, C], first the coordinates of each joint in turn.
        joints: The joints.
        dimensions: The number of values of each joint.
        axis: The axis that the mirror turns over, a horizontal one.
    """
    order = np.arange(len(joints.names))
    for left, right in joints.pairs:
        order[[left, right]] = right, left
    size = len(order) * dimensions
    places = frames[:, :size].reshape(len(frames), len(order), dimensions)[:, order]
    places[:, :, axis] *= -1
    return np.concatenate([places.reshape(len(frames), size), frames[:, size:]], axis=1)


def with_mirrored(
    corpus: PackedCorpus,
    encoder: LabelEncoder,
    exchanged: Mapping[str, str],
    joints: Joints,
    dimensions: int,
    axis: int,
) -> PackedCorpus:
    """Return a corpus with a mirrored copy of each example after all examples.

    Args:
        corpus: The examples.
        encoder: The encoder of their labels.
        exchanged: The class of the mirrored examples of each class.
        joints: The joints.
        dimensions: The number of values of each joint.
        axis: See ``mirrored``.
    """
    sequences = corpus.sequences
    with SequenceWriter(np.float32, sequences.values.shape[1:]) as writer:
        for index in range(len(corpus)):
            writer.write(sequences[index], [sequences.lengths[index]])
        for index in range(len(corpus)):
            frames = mirrored(sequences[index], joints, dimensions, axis)
            writer.write(frames, [len(frames)])
        both = writer.packed()
    labels = np.asarray(corpus.labels)
    numbers = {name: number for number, name in enumerate(encoder.classes)}
    order = np.array([numbers[exchanged[name]] for name in encoder.classes], np.int32)
    copies = labels
    if encoder.target == "classes":
        copies = order[labels]
    elif encoder.target == "labels":
        copies = labels[:, order]
    rows = np.concatenate([corpus.rows, corpus.rows])
    return PackedCorpus(both, np.concatenate([labels, copies]), rows, encoder)
