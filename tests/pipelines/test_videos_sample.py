"""Movements as videos: lines where the bones are, with soft edges."""

from math import hypot

import numpy as np
from numpy.typing import NDArray

from pipelines.samples.movements import JOINTS, demo_movements
from pipelines.samples.videos import BELOW, SIDE, WIDTH, render
from toolkit.series.joints import KINECT_20

BONES = KINECT_20.bones


def one_line(x: float, y: float, to_x: float, to_y: float) -> NDArray[np.float64]:
    """A frame whose hands are at the second place, and all other joints at the first."""
    joints = np.tile([x, y, 3.0], (1, len(JOINTS), 1))
    for side in "left", "right":
        joints[0, JOINTS.index(f"{side}_hand"), :2] = to_x, to_y
    return joints.reshape(1, -1)


def test_shape_and_values() -> None:
    for movement in demo_movements():
        for size in 32, 48:
            video = render(movement.series, size)
            assert video.shape == (len(movement.series), size, size)
            assert video.dtype == np.uint8
            assert (video.min(), video.max()) == (0, 255)
            # White, black and the soft edges between them.
            assert 0.004 < (video == 255).mean() < (video > 0).mean() < 0.2
            np.testing.assert_array_equal(video, render(movement.series.tolist(), size))


def test_frames_are_drawn_alone() -> None:
    series = demo_movements()[0].series
    video = render(series)
    for frame in range(len(series)):
        np.testing.assert_array_equal(render(series[frame : frame + 1])[0], video[frame])


def test_every_pixel_against_its_distance_from_the_bones() -> None:
    size = 20
    pixel = 2 * SIDE / size
    frame = demo_movements()[2].series[10]
    places = frame.reshape(-1, 3)[:, :2]
    shares = np.linspace(0, 1, 200)[:, None]
    # 200 points of each bone.
    points = np.concatenate([places[a] + shares * (places[b] - places[a]) for a, b in BONES])
    video = render(frame[None], size)[0]
    for row in range(size):
        for column in range(size):
            place = (-SIDE + (column + 0.5) * pixel, 2 * SIDE - BELOW - (row + 0.5) * pixel)
            nearest = np.linalg.norm(points - place, axis=1).min()
            covered = np.clip((WIDTH / 2 - nearest) / pixel + 0.5, 0, 1)
            assert abs(video[row, column] - 255 * covered) < 2


def test_the_sum_of_light_follows_length_and_place() -> None:
    """A line has the light of its area wherever it is: what is anti-aliased does not flicker."""
    radius = WIDTH / 2 * 32 / (2 * SIDE)

    def light(x: float, y: float, to_x: float, to_y: float) -> float:
        return float(render(one_line(x, y, to_x, to_y)).sum()) / 255

    for shift in np.linspace(0, 0.1, 7):
        for to_x, to_y in (0.6, 0.0), (0.0, 0.6), (0.4, 0.3):
            length = hypot(to_x, to_y) * 32 / (2 * SIDE)
            found = light(shift - 0.3, shift + 1, shift - 0.3 + to_x, shift + 1 + to_y)
            assert abs(found - 2 * radius * length) < 2.5


def test_up_is_up_and_right_is_right_and_the_rest_is_cut_off() -> None:
    video = render(one_line(0.65, 1.0, 0.65, 2.0))[0]
    rows, columns = np.nonzero(video > 128)
    assert set(columns) <= {23, 24}
    assert rows.min() < 8 < 15 < rows.max() < 19
    for x, y in (2.0, 1.0), (-2.0, 1.0), (0.0, -1.0), (0.0, 4.0):
        assert render(one_line(x, y, x, y)).max() == 0
    assert render(np.zeros((0, 60))).shape == (0, 32, 32)
