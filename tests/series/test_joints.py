"""Skeletons: their joints, bones and sides, found by number and by name."""

import pytest

from toolkit.errors import DataError
from toolkit.series.joints import KINECT_20, KINECT_25, MEDIAPIPE_33, Joints, find_joints


def reached(joints: Joints, start: int) -> set[int]:
    """The joints to which bones lead from one joint."""
    found, new = {start}, {start}
    while new:
        new = {b for a, b in [*joints.bones, *(bone[::-1] for bone in joints.bones)] if a in new}
        new -= found
        found |= new
    return found


@pytest.mark.parametrize(
    ("joints", "number"), [(KINECT_20, 20), (KINECT_25, 25), (MEDIAPIPE_33, 33)]
)
def test_a_number_of_joints_finds_the_skeleton(joints: Joints, number: int) -> None:
    assert len(joints.names) == len(set(joints.names)) == number
    assert find_joints(number) is joints


@pytest.mark.parametrize("joints", [KINECT_20, KINECT_25])
def test_the_bones_of_kinect_are_a_tree(joints: Joints) -> None:
    assert len(joints.bones) == len(joints.names) - 1
    assert len(reached(joints, 0)) == len(joints.names)


def test_the_bones_of_mediapipe_are_body_and_mouth() -> None:
    # 35 lines are drawn by MediaPipe; its head floats above the shoulders.
    assert len({frozenset(bone) for bone in MEDIAPIPE_33.bones}) == len(MEDIAPIPE_33.bones) == 35
    assert reached(MEDIAPIPE_33, 0) == set(range(9))
    assert reached(MEDIAPIPE_33, 9) == {9, 10}
    assert reached(MEDIAPIPE_33, 11) == set(range(11, 33))


@pytest.mark.parametrize("joints", [KINECT_20, KINECT_25, MEDIAPIPE_33])
def test_a_mirror_keeps_the_bones(joints: Joints) -> None:
    swap = {a: b for pair in joints.pairs for a, b in (pair, pair[::-1])}
    assert [joints.names[left].replace("left", "right") for left, _ in joints.pairs] == [
        joints.names[right] for _, right in joints.pairs
    ]
    assert len(swap) == sum("left" in name or "right" in name for name in joints.names)
    bones = {frozenset(bone) for bone in joints.bones}
    assert {frozenset(swap.get(joint, joint) for joint in bone) for bone in bones} == bones
    for centre in joints.hip, joints.torso:
        assert {swap.get(joint, joint) for joint in centre} == set(centre)


def test_the_order_is_that_of_the_makers() -> None:
    assert KINECT_20.names[3] == KINECT_20.names[KINECT_20.hip[0]] == "hip_center"
    assert (KINECT_20.names[7], KINECT_20.names[16]) == ("left_hand", "right_hip")
    assert (KINECT_25.names[20], KINECT_25.names[24]) == ("spine_shoulder", "right_thumb")
    assert [MEDIAPIPE_33.names[i] for i in (0, 11, 16, 24, 32)] == [
        *("nose", "left_shoulder", "right_wrist", "right_hip", "right_foot_index"),
    ]
    assert MEDIAPIPE_33.hip == (23, 24)


def test_names_find_the_skeleton_in_any_order_and_spelling() -> None:
    spelled = [name.title().replace("_", "") for name in KINECT_20.names]  # LeftElbow
    assert find_joints(spelled) == KINECT_20
    assert find_joints([name.upper() for name in MEDIAPIPE_33.names]) == MEDIAPIPE_33
    found = find_joints(["ShoulderLeft", "HIP_CENTER", "shoulder center", "RightShoulder"])
    assert found == Joints(
        names=("left_shoulder", "hip_center", "shoulder_center", "right_shoulder"),
        bones=((2, 0), (2, 3)),
        pairs=((0, 3),),
        hip=(1,),
        torso=(2,),
    )


def test_joints_that_several_skeletons_have_are_those_of_one_with_a_centre() -> None:
    found = find_joints(["left_hip", "right_hip", "left_shoulder", "right_shoulder"])
    assert (found.hip, found.torso) == ((0, 1), (2, 3))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (17, r"no known skeleton has 17 joints; known are 20 \(Kinect\), 25 \(Kinect 2\), 33"),
        (["hip_center", "tail"], "no known skeleton has a joint 'tail'"),
        (["hip_center", "HipCenter"], "'hip_center' comes twice"),
        (["head", "left_hip"], "MediaPipe: left_hip, right_hip, left_shoulder, right_shoulder"),
        ([], "should be those of one skeleton"),
    ],
)
def test_unknown_joints_are_named(asked: int | list[str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        find_joints(asked)
