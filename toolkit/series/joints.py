"""The joints of skeletons, by the names and in the order of the cameras and libraries."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolkit.errors import DataError, quoted

#: The words of a joint's name, in ``left_hand_tip``, ``HAND_TIP_LEFT``, ``HandTipLeft`` ...
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Joints:
    """The J joints of a skeleton; all other fields are indices into ``names``.

    Attributes:
        names: The joints in order.
        bones: The pairs of joints that a line joins in a picture.
        pairs: The pairs of a left joint and the right one, which change places in a mirror.
        hip: The joints whose mean is the centre of the hips.
        torso: The joints whose mean is the upper end of the torso, between the shoulders.
    """

    names: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    hip: tuple[int, ...]
    torso: tuple[int, ...]


def find_joints(joints: int | Sequence[str]) -> Joints:
    """Return the skeleton with a number of joints, or with joints of given names.

    ::

        20                                         ->   KINECT_20
        ["HipCenter", "ShoulderCenter", "Head"]    ->   three joints of KINECT_20, in this order

    Args:
        joints: A number of joints: 20, 25 or 33. Or names, in any order and spelling
            (``left_hip``, ``HipLeft``), of which some may be left out, but neither the centre of
            the hips nor the upper end of the torso.

    Returns:
        The joints with the names and in the order of the known skeleton; with names, in theirs.

    Raises:
        DataError: No known skeleton has this number, or these joints, or a joint comes twice.
    """
    if isinstance(joints, int):
        for known in KNOWN:
            if len(known.names) == joints:
                return known
        numbers = ", ".join(f"{len(known.names)} ({name})" for known, name in KNOWN.items())
        raise DataError(
            f"no known skeleton has {joints} joints; known are {numbers}; name the joints instead"
        )
    asked = [_words(name) for name in joints]
    for name, words in zip(joints, asked, strict=True):
        if asked.count(words) > 1:
            raise DataError(f"the joint {quoted(name)} comes twice")
        if not any(words in map(_words, known.names) for known in KNOWN):
            raise DataError(
                f"no known skeleton has a joint {quoted(name)}; known are the names of "
                f"{', '.join(KNOWN.values())}, such as left_elbow"
            )
    for known in KNOWN:
        words_of = [_words(name) for name in known.names]
        needed = {words_of[joint] for joint in (*known.hip, *known.torso)}
        if needed <= set(asked) <= set(words_of):
            return _selected(known, [words_of.index(words) for words in asked])
    raise DataError(
        "the named joints should be those of one skeleton, with the centre of its hips and the "
        "upper end of its torso: "
        + "; ".join(f"{name}: {', '.join(_needed(known))}" for known, name in KNOWN.items())
    )


def _needed(known: Joints) -> list[str]:
    return [known.names[joint] for joint in (*known.hip, *known.torso)]


def _selected(known: Joints, order: Sequence[int]) -> Joints:
    """Return some joints of a skeleton in another order, with the bones and pairs among them."""
    place = {joint: index for index, joint in enumerate(order)}

    def among(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        return tuple((place[a], place[b]) for a, b in pairs if a in place and b in place)

    return Joints(
        names=tuple(known.names[joint] for joint in order),
        bones=among(known.bones),
        pairs=among(known.pairs),
        hip=tuple(place[joint] for joint in known.hip),
        torso=tuple(place[joint] for joint in known.torso),
    )


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name))


def _joints(names: str, chains: Sequence[str], hip: str, torso: str) -> Joints:
    """Return a skeleton by names; each chain is a sequence of joints that bones join."""
    ordered = tuple(names.split())
    place = {name: index for index, name in enumerate(ordered)}
    paths = [[place[name] for name in chain.split()] for chain in chains]
    return Joints(
        names=ordered,
        bones=tuple(bone for path in paths for bone in pairwise(path)),
        pairs=tuple(
            (place[name], place[name.replace("left", "right")])
            for name in ordered
            if "left" in name
        ),
        hip=tuple(place[name] for name in hip.split()),
        torso=tuple(place[name] for name in torso.split()),
    )


def _sides(*chains: str) -> list[str]:
    """Return chains of the left side, and the same of the right side."""
    return [*chains, *(chain.replace("left", "right") for chain in chains)]


#: Kinect for Xbox 360, in the order of UTD-MHAD.
KINECT_20 = _joints(
    "head shoulder_center spine hip_center "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot",
    [
        "head shoulder_center spine hip_center",
        *_sides(
            "shoulder_center left_shoulder left_elbow left_wrist left_hand",
            "hip_center left_hip left_knee left_ankle left_foot",
        ),
    ],
    hip="hip_center",
    torso="shoulder_center",
)

#: Kinect 2 (Kinect for Xbox One), in the order of its SDK and of NTU RGB+D.
KINECT_25 = _joints(
    "spine_base spine_mid neck head "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot "
    "spine_shoulder left_hand_tip left_thumb right_hand_tip right_thumb",
    [
        "head neck spine_shoulder spine_mid spine_base",
        *_sides(
            "spine_shoulder left_shoulder left_elbow left_wrist left_hand left_hand_tip",
            "left_wrist left_thumb",
            "spine_base left_hip left_knee left_ankle left_foot",
        ),
    ],
    hip="spine_base",
    torso="spine_shoulder",
)

#: The pose landmarks of MediaPipe.
MEDIAPIPE_33 = _joints(
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear mouth_left mouth_right "
    "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_pinky right_pinky left_index right_index left_thumb right_thumb "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_foot_index right_foot_index",
    [
        *_sides(
            "nose left_eye_inner left_eye left_eye_outer left_ear",
            "left_shoulder left_elbow left_wrist left_pinky left_index left_wrist left_thumb",
            "left_shoulder left_hip left_knee left_ankle left_heel left_foot_index left_ankle",
        ),
        "mouth_left mouth_right",
        "left_shoulder right_shoulder",
        "left_hip right_hip",
    ],
    hip="left_hip right_hip",
    torso="left_shoulder right_shoulder",
)

#: The known skeletons, with the names that messages call them.
KNOWN = {KINECT_20: "Kinect", KINECT_25: "Kinect 2", MEDIAPIPE_33: "MediaPipe"}
