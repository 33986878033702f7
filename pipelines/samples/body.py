"""A body of 20 joints: from the angles of its joints to their places, by forward kinematics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.series.joints import KINECT_20

#: The lengths of bones as shares of the body's height; left and right ones are equal.
BONES = {
    "spine": 0.06,
    "chest": 0.20,
    "neck": 0.12,
    "shoulder": 0.117,
    "upper_arm": 0.17,
    "forearm": 0.15,
    "hand": 0.05,
    "hip": 0.067,
    "thigh": 0.245,
    "shank": 0.245,
    "foot": 0.06,
}
#: The directions of a right shoulder and of a right hip from the middle of the body.
_ACROSS = {"shoulder": (0.96, -0.28, 0.0), "hip": (0.8, -0.6, 0.0)}
#: The angles at rest in degrees; at zero a body is upright, with hanging arms. An angle is that of
#: both sides, unless ``left_`` or ``right_`` stands before its name.
REST = {
    "lean": 2.0,  # of the torso, forwards
    "twist": 0.0,  # of the shoulders about the vertical, the right one forwards
    "shoulder": 3.0,  # of the upper arm, forwards and upwards
    "spread": 9.0,  # of the arm, to the side
    "elbow": 8.0,  # of the forearm, in the direction of the shoulder's angle
    "swing": 0.0,  # of the forearm, in the direction of the spread
    "hip": 1.0,  # of the thigh, forwards and upwards
    "knee": 2.0,  # of the shank, backwards
    "splay": 4.0,  # of the leg, to the side
}
#: Angles that are at least zero.
_BENDS = ("elbow", "knee")

Angles = Mapping[str, Any]  # degrees by name: a number, or [T]; ``lift`` and ``travel`` in metres


def skeleton(angles: Angles, lengths: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the places of the joints [T, 20, 3], of a body that faces the camera.

    Args:
        angles: Degrees by name, numbers or [T], as in ``REST``; further ``lift``, the height of
            the lowest foot above the floor, and ``travel``, how far the hips have moved forwards.
            Without it the ankles stay where they are.
        lengths: The lengths of the bones in metres.
    """
    frames = max(np.size(angle) for angle in angles.values())

    def angle(name: str, side: str = "") -> NDArray[Any]:
        degrees = angles.get(f"{side}_{name}", angles.get(name, 0.0))
        degrees = np.maximum(0, degrees) if name in _BENDS else degrees
        return np.broadcast_to(np.deg2rad(degrees), frames)

    place = {"hip_center": np.zeros((frames, 3))}

    def grow(parent: str, joint: str, bone: str, direction: Any) -> None:
        place[joint] = place[parent] + lengths[bone] * direction

    torso, twist = -_direction(-angle("lean")), angle("twist")
    grow("hip_center", "spine", "spine", torso)
    grow("spine", "shoulder_center", "chest", torso)
    grow("shoulder_center", "head", "neck", -_direction(-angle("lean") / 2))
    for side, sign in (("left", -1), ("right", 1)):
        shoulder, hip = ([sign * x, y, z] for x, y, z in _ACROSS.values())
        raised, spread = angle("shoulder", side), angle("spread", side)
        upper_arm = _direction(raised, sign * spread)
        forearm = _direction(raised + angle("elbow", side), sign * (spread + angle("swing", side)))
        grow("shoulder_center", f"{side}_shoulder", "shoulder", turned(shoulder, twist))
        grow(f"{side}_shoulder", f"{side}_elbow", "upper_arm", turned(upper_arm, twist))
        grow(f"{side}_elbow", f"{side}_wrist", "forearm", turned(forearm, twist))
        grow(f"{side}_wrist", f"{side}_hand", "hand", turned(forearm, twist))

        thigh, splay = angle("hip", side), sign * angle("splay", side)
        shank = thigh - angle("knee", side)
        foot = np.minimum(shank + np.deg2rad(85), np.deg2rad(72))  # flat, or the heel is up
        grow("hip_center", f"{side}_hip", "hip", np.array(hip))
        grow(f"{side}_hip", f"{side}_knee", "thigh", _direction(thigh, splay))
        grow(f"{side}_knee", f"{side}_ankle", "shank", _direction(shank, splay))
        grow(f"{side}_ankle", f"{side}_foot", "foot", _direction(foot, splay))

    joints = np.stack([place[name] for name in KINECT_20.names], axis=1)
    move = np.zeros((frames, 3))
    if "travel" in angles:
        move[:, 2] = -angles["travel"]
    else:
        move[:, ::2] = -(place["left_ankle"] + place["right_ankle"])[:, ::2] / 2
    move[:, 1] = angles.get("lift", 0.0) - joints[:, :, 1].min(axis=1)
    return joints + move[:, None]


def _direction(flexion: Any, spread: Any = 0.0) -> NDArray[Any]:
    """Return unit vectors [T, 3]: downwards, turned forwards (-z) and then towards x; radians."""
    flexion, spread = np.broadcast_arrays(flexion, spread)
    return np.stack(
        [np.cos(flexion) * np.sin(spread), -np.cos(flexion) * np.cos(spread), -np.sin(flexion)],
        axis=-1,
    )


def turned(vectors: Any, angle: Any) -> NDArray[Any]:
    """Return vectors [..., 3] turned about the vertical, from x towards -z; radians [...]."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.stack(np.broadcast_arrays(cosine * x + sine * z, y, cosine * z - sine * x), axis=-1)
