"""Skeletons that walk, jump and wave: 20 joints moved by rule, as a depth camera records them.

A movement is a series of joint angles over time, of which forward kinematics makes places::

    angles      "hip": 88, "knee": 88, "lean": 5 ...       in degrees, at each frame
    skeleton    place of a joint = place of its parent + length of the bone * its direction

Angles lead from one key pose to the next (at rest, leaning forwards, seated); those of a gait are
waves. The lowest foot is on the floor, unless the body is in the air.

Subjects differ in the lengths of their bones, tempo, amplitude, posture and the hand they use;
recordings of one subject in place, heading, duration and what is before and after. The subjects of
the test are not those of training, and are drawn from ranges that are wider by a half.

Where joints are on average, and how far they move, does not suffice: standing up is sitting down
backwards in time, putting down is picking up, and walking backwards is walking.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.samples.body import BONES, REST, Angles, skeleton, turned
from toolkit.series.joints import KINECT_20

#: The joints in the order of a frame, each with x (to the right), y (upwards) and z, in metres.
JOINTS = KINECT_20.names
FRAME_RATE = 30
#: The least and the largest number of frames of a movement.
FRAMES = (30, 90)
#: The deviation of a coordinate as the camera sees it, in metres.
NOISE = 0.01

#: Subjects, and the times that each does each activity.
SUBJECTS = {"train": 8, "test": 4}
TIMES = 4
#: How far subjects and headings differ, as a factor.
RANGE = {"train": 1.0, "test": 1.5}

_GRAVITY = 9.81


class Movement(NamedTuple):
    """One recording.

    Attributes:
        series: [T, 60], the coordinates x, y, z of each joint in metres.
        label: The activity.
        subject: Who moves.
    """

    series: NDArray[np.floating]
    label: str
    subject: str


class _Subject(NamedTuple):
    """A person and their manner of moving; factors of tempo and amplitude are about 1."""

    name: str
    lengths: dict[str, float]
    posture: dict[str, float]
    tempo: float
    amplitude: float
    hand: str


_SEATED: Angles = {"hip": 88, "knee": 88, "lean": 5, "shoulder": 30, "elbow": 35}
_RISING: Angles = {"hip": 62, "knee": 75, "lean": 42, "shoulder": 35}
_CROUCHED: Angles = {"hip": 70, "knee": 90, "lean": 35, "shoulder": -35}
_REACHING: Angles = {"hip": 72, "knee": 88, "lean": 68, "shoulder": 38}
_HOLDING: Angles = {"shoulder": 20, "elbow": 75}

#: The activities that go from pose to pose: at which share of the time is which pose reached?
_POSES: Mapping[str, Sequence[tuple[float, Angles]]] = {
    "jumping": (
        (0, {}),
        (0.40, _CROUCHED),
        (0.50, {"shoulder": 125, "hip": 0, "knee": 0}),
        (0.76, {"shoulder": 70, "hip": 20, "knee": 20}),
        (0.86, {"shoulder": 20, "hip": 50, "knee": 65, "lean": 25}),
        (1, {}),
    ),
    "throwing": (
        (0, {}),
        (
            0.40,
            {"right_spread": 75, "right_shoulder": -30, "right_swing": 60, "left_shoulder": 55}
            | {"twist": -35, "lean": -8, "left_hip": 25, "left_knee": 25},
        ),
        (0.55, {"right_shoulder": 125, "right_elbow": 20, "twist": 15, "lean": 10}),
        (0.70, {"right_shoulder": 25, "right_elbow": 15, "twist": 35, "lean": 30}),
        (1, {}),
    ),
    "sitting_down": ((0, {}), (0.55, _RISING), (1, _SEATED)),
    "picking_up": ((0, {}), (0.45, _REACHING), (0.55, _REACHING), (1, _HOLDING)),
}
#: Waving is a raised forearm, which then swings from side to side.
_UP: Angles = {"right_spread": 80, "right_swing": 92, "right_elbow": 0}
_RAISED: Sequence[tuple[float, Angles]] = ((0, {}), (0.2, _UP), (0.8, _UP), (1, {}))
#: When in a jump the feet leave the floor and reach it again.
_FLIGHT = (0.50, 0.76)
#: The activities that are others backwards in time.
_BACKWARDS = {
    "walking_backwards": "walking",
    "standing_up": "sitting_down",
    "putting_down": "picking_up",
}


class _Gait(NamedTuple):
    """The swing of legs and arms; pairs are the middle and amplitude of a wave, in degrees."""

    cadence: float  # steps of each leg a second
    speed: float  # metres a second
    hip: tuple[float, float]
    knee: tuple[float, float]  # while the leg is on the floor, and the further bend in the air
    shoulder: tuple[float, float]
    elbow: float
    twist: float
    lean: float
    lift: float  # metres


_GAITS = {
    "walking": _Gait(0.95, 0.9, (6, 26), (8, 52), (0, 22), 16, twist=7, lean=4, lift=0),
    "running": _Gait(1.4, 1.4, (22, 38), (22, 80), (-8, 38), 82, twist=10, lean=12, lift=0.06),
}

ACTIVITIES = (*_GAITS, "waving", *_POSES, *_BACKWARDS)


def movements(part: Literal["train", "test"]) -> list[Movement]:
    """Return the movements of a part, in random order.

    Args:
        part: ``train`` (320 of 8 subjects) or ``test`` (160 of 4 others), an equal number of each
            of the 10 activities.

    Returns:
        Movements of 30 to 90 frames [T, 60], float32, 30 frames a second.
    """
    rng = np.random.default_rng([1, part == "test"])
    made = []
    for number in range(SUBJECTS[part]):
        subject = _subject(f"{part}_{number + 1}", number, RANGE[part], rng)
        for activity in ACTIVITIES:
            for _ in range(TIMES):
                series = _record(activity, subject, RANGE[part], rng)
                made.append(Movement(series.astype(np.float32), activity, subject.name))
    return [made[place] for place in rng.permutation(len(made))]


def demo_movements() -> list[Movement]:
    """Return four short movements of a subject who is in neither part, in whole millimetres.

    They are float64, so that their lists have no more than three decimals.
    """
    rng = np.random.default_rng(2)
    subject = _subject("demo", 1, RANGE["train"], rng)
    return [
        Movement(_record(activity, subject, 1.0, rng, frames=34).round(3), activity, subject.name)
        for activity in ("running", "sitting_down", "standing_up", "waving")
    ]


def _subject(name: str, number: int, width: float, rng: np.random.Generator) -> _Subject:
    """Return somebody; every third is left-handed."""
    height = 1.70 + 0.15 * width * rng.uniform(-1, 1)
    return _Subject(
        name=name,
        lengths={
            bone: height * share * (1 + 0.06 * width * rng.uniform(-1, 1))
            for bone, share in BONES.items()
        },
        posture={angle: rest + 4 * rng.uniform(-1, 1) for angle, rest in REST.items()},
        tempo=1 + 0.15 * width * rng.uniform(-1, 1),
        amplitude=1 + 0.12 * width * rng.uniform(-1, 1),
        hand="left" if number % 3 == 2 else "right",
    )


def _record(
    activity: str,
    subject: _Subject,
    width: float,
    rng: np.random.Generator,
    frames: int | None = None,
) -> NDArray[np.float64]:
    """Return one recording [T, 60] with the camera's noise.

    Args:
        activity: What the subject does.
        subject: Who does it.
        width: How far the heading may differ from that towards the camera, as a factor.
        rng: The source of all chances.
        frames: The number of frames, of which the activity takes nearly all; by default both are
            drawn.
    """
    tempo = subject.tempo * rng.uniform(0.92, 1.08)
    duration = rng.uniform(1.15, 1.75) / tempo
    before, after = rng.uniform(0, 0.5, 2)
    if frames is None:
        frames = int(np.clip(round(FRAME_RATE * (before + duration + after)), *FRAMES))
    else:
        before, duration = 0.1, frames / FRAME_RATE - 0.2
    seconds = np.arange(frames) / FRAME_RATE - before
    angles = _angles(_BACKWARDS.get(activity, activity), seconds, duration, tempo, rng)

    scale = subject.amplitude * rng.uniform(0.92, 1.08)
    posture = {name: angle + rng.normal(0, 2) for name, angle in subject.posture.items()}
    if (subject.hand == "left") != (rng.random() < 0.2):  # now and then it is the other hand
        angles = _mirrored(angles)
    joints = skeleton(_scaled(angles, scale, posture), subject.lengths)
    if activity in _BACKWARDS:
        joints = joints[::-1]

    heading = np.deg2rad(40 * width * rng.uniform(-1, 1))
    place = [rng.uniform(-0.5, 0.5), 0, rng.uniform(2.2, 3.5)]
    centre = joints[:, JOINTS.index("hip_center")].mean(axis=0) * [1, 0, 1]
    placed = turned(joints - centre, heading) + place
    return (placed + rng.normal(0, NOISE, placed.shape)).reshape(frames, -1)


def _angles(
    activity: str,
    seconds: NDArray[Any],
    duration: float,
    tempo: float,
    rng: np.random.Generator,
) -> Angles:
    """Return the angles of an activity that begins at second 0, done with the right hand."""
    if activity in _GAITS:
        return _gait(_GAITS[activity], tempo * seconds, rng.random())
    if activity == "waving":
        angles = _between(_RAISED, seconds / duration)
        swings = np.sin(2 * np.pi * (1.5 * tempo * seconds + rng.random()))
        return {**angles, "right_swing": angles["right_swing"] * (1 + swings / 3)}
    angles = _between(_POSES[activity], seconds / duration)
    if activity == "jumping":
        start, end = (duration * share for share in _FLIGHT)
        flight = (seconds - start) * (end - seconds)  # a parabola, above 0 in the air
        return {**angles, "lift": _GRAVITY / 2 * np.maximum(0, flight)}
    return angles


def _gait(gait: _Gait, seconds: NDArray[Any], phase: float) -> Angles:
    """Return the angles of a gait: a knee bends while its thigh swings forwards."""
    turns = 2 * np.pi * (gait.cadence * seconds + phase)
    angles = {
        "lean": gait.lean,
        "elbow": gait.elbow,
        "twist": gait.twist * np.cos(turns),
        "lift": gait.lift * np.sin(turns) ** 2,
        "travel": gait.speed * seconds,
    }
    for side, wave in (("left", turns), ("right", turns + np.pi)):
        angles[f"{side}_hip"] = gait.hip[0] + gait.hip[1] * np.cos(wave)
        angles[f"{side}_knee"] = gait.knee[0] + gait.knee[1] * np.maximum(0, -np.sin(wave)) ** 2
        angles[f"{side}_shoulder"] = gait.shoulder[0] - gait.shoulder[1] * np.cos(wave)
    return angles


def _between(poses: Sequence[tuple[float, Angles]], share: NDArray[Any]) -> dict[str, Any]:
    """Return the angles [T] of a smooth way from pose to pose; what a pose leaves out is at rest.

    The way from one pose to the next is 3 u^2 - 2 u^3, which begins and ends at rest.
    """
    names = sorted({name for _, pose in poses for name in pose})
    times = [time for time, _ in poses]
    place = np.interp(share, times, range(len(times)))
    u = place % 1
    smooth = place - u + 3 * u**2 - 2 * u**3
    return {
        name: np.interp(
            smooth,
            range(len(times)),
            [pose.get(name, REST[_without_side(name)]) for _, pose in poses],
        )
        for name in names
    }


def _scaled(angles: Angles, scale: float, posture: Mapping[str, float]) -> dict[str, Any]:
    """Return all angles with another amplitude, around a posture instead of ``REST``."""
    scaled: dict[str, Any] = dict(posture)
    for name, angle in angles.items():
        plain = _without_side(name)
        if plain in posture:
            scaled[name] = posture[plain] + scale * (angle - REST[plain])
        else:
            scaled[name] = angle
    return scaled


def _without_side(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_")


def _mirrored(angles: Angles) -> dict[str, Any]:
    """Return angles with left and right exchanged."""
    other = {"left": "right", "right": "left"}
    mirrored = {}
    for name, angle in angles.items():
        side, _, plain = name.partition("_")
        mirrored[f"{other[side]}_{plain}" if plain else name] = angle
    return mirrored | {"twist": -np.asarray(angles.get("twist", 0))}
