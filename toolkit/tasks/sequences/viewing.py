"""A page of series with a classifier's answers: moving skeletons, line plots, or stills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from toolkit.errors import OptionError
from toolkit.evaluation import (
    MovingSkeleton,
    PlottedSeries,
    ShownVideo,
    channel_page,
    skeleton_page,
    skeleton_stills,
    video_page,
)
from toolkit.evaluation.pages.channels import CHANNEL_STYLE, channel_drawing
from toolkit.evaluation.pages.page import answer_words
from toolkit.evaluation.pages.skeleton import SKELETON_SCRIPT, SKELETON_STYLE, skeleton_drawing
from toolkit.evaluation.pages.videos import VIDEO_STYLE, video_drawing
from toolkit.models.series_front import AXES
from toolkit.options import option
from toolkit.report.blocks import Examples
from toolkit.series.joints import Joints
from toolkit.tasks.sequences.prepared import skeleton
from toolkit.tasks.sequences.task import BATCH, SequenceClassifier

#: The most frames of a series that is answered after each of them; of longer ones, which would take
#: many seconds, the answer to the whole is shown.
MOST_STEPS = 10_000


def answer_page(
    task: SequenceClassifier, answers: Iterable[tuple[Any, Mapping[str, Any]]], title: str
) -> Iterator[str]:
    """Yield an HTML page of series with their answers, piece by piece.

    Of a run whose front is ``skeleton`` they are skeletons that move, of one that reads videos
    stills, otherwise line plots of the channels. Where the network reads in one direction, the
    probabilities are those after each frame.

    Args:
        task: The classifier.
        answers: Series, as ``predict`` takes them, with its answers.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    shown = _shown(task, answers)
    if task.front == "frames":
        videos = (ShownVideo(*each) for each in shown)
        yield from video_page(videos, task.frame_rate, task.classes, title)
        return
    channels = task.facts["channels"]
    if task.front != "skeleton":
        plotted = (PlottedSeries(*each) for each in shown)
        yield from channel_page(plotted, channels, task.classes, title)
        return
    joints, dimensions = skeleton(len(channels), task.joints)
    moving = (
        MovingSkeleton(name, upright(series, joints, dimensions, task.vertical), probabilities)
        for name, series, probabilities in shown
    )
    yield from skeleton_page(moving, joints.bones, task.classes, title)


def answer_examples(
    task: SequenceClassifier, answers: Iterable[Any], right: Sequence[str]
) -> Examples:
    """Return series with their answers as drawings for a report.

    Args:
        task: The classifier.
        answers: Series, as ``predict`` takes them, with its answers.
        right: The right answer to each.
    """
    shown = (
        (f"{name}; right: {label}", series, answer)
        for label, (name, series, answer) in zip(right, _shown(task, answers), strict=True)
    )
    if task.front == "frames":
        drawn = (video_drawing(ShownVideo(*e), task.frame_rate, task.classes, 3) for e in shown)
        style, script = VIDEO_STYLE, ""
    elif task.front != "skeleton":
        names = task.facts["channels"]
        drawn = (channel_drawing(PlottedSeries(*e), names, task.classes, 3) for e in shown)
        style, script = CHANNEL_STYLE, ""
    else:
        joints, dimensions = skeleton(len(task.facts["channels"]), task.joints)
        drawn = (
            skeleton_drawing(
                MovingSkeleton(name, upright(series, joints, dimensions, task.vertical), answer),
                *(joints.bones, task.classes),
                level=3,
            )
            for name, series, answer in shown
        )
        style, script = SKELETON_STYLE, SKELETON_SCRIPT
    items = [Markup(each) for each in drawn]
    caption = "The worst answers first, with the probabilities of the classes."
    return Examples(caption, items, noun=task.EXAMPLE, style=style, script=script)


def draw_first(
    task: SequenceClassifier, answers: Iterable[tuple[Any, Mapping[str, Any]]], path: str
) -> None:
    """Draw the first skeleton in stills, with the probabilities of classes over time.

    Args:
        task: The classifier, whose front is ``skeleton``.
        answers: Series, as ``predict`` takes them, with its answers; nothing is drawn without any.
        path: The PNG file.

    Raises:
        OptionError: The front is another one.
    """
    if task.front != "skeleton":
        raise OptionError(f"{option('stills')} draws skeletons; the run's front is {task.front}")
    joints, dimensions = skeleton(len(task.facts["channels"]), task.joints)
    for name, series, probabilities in _shown(task, islice(answers, 1)):
        places = upright(series, joints, dimensions, task.vertical)
        moving = MovingSkeleton(name, places, probabilities)
        skeleton_stills(moving, joints.bones, task.classes, path)


def upright(
    series: NDArray[np.float32], joints: Joints, dimensions: int, vertical: str
) -> NDArray[np.float32]:
    """Return the places of joints [T, J, 3] with y upwards.

    Another vertical axis is turned to y. Where the torso is mostly below the hips, as in the
    coordinates of pictures, which count from the top, the skeleton is turned over about x.

    Args:
        series: The values of each joint in turn [T, J * dimensions]; NaN is missing.
        joints: The joints.
        dimensions: The number of values of each: x and y, also z, also a visibility.
        vertical: The vertical axis: x, y or z.
    """
    places = np.zeros((len(series), len(joints.names), 3), np.float32)
    axes = min(dimensions, 3)
    given = series[:, : len(joints.names) * dimensions].reshape(len(series), -1, dimensions)
    places[..., :axes] = given[..., :axes]
    first, *others = np.roll(range(3), -AXES[vertical]).tolist()  # a rotation keeps the order
    places = places[..., [others[1], first, others[0]]]
    torso, hips = (_mean(places[:, list(among), 1]) for among in (joints.torso, joints.hip))
    return places * np.array([1, -1, -1], np.float32) if torso < hips else places


def _mean(values: NDArray[np.float32]) -> float:
    """Return the mean of the values that are not missing; NaN if all are."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _shown(
    task: SequenceClassifier, answers: Iterable[tuple[Any, Mapping[str, Any]]]
) -> Iterator[tuple[str, NDArray[Any], NDArray[np.float32]]]:
    """Yield the name, the series [T, C] and the probabilities [T, K] or [K] of each answer."""
    remaining = enumerate(answers, 1)
    while batch := list(islice(remaining, BATCH)):
        values = [value for _, (value, _) in batch]
        series = [example.series for example in task._examples(values, labelled=False)]
        stepped = [
            number
            for number, each in enumerate(series)
            if task.classes and not task.bidirectional and len(each) <= MOST_STEPS
        ]
        over_time = task.answer_over_time([series[number] for number in stepped])
        curves = dict(zip(stepped, over_time, strict=True))
        for number, (place, (value, answer)) in enumerate(batch):
            whole = np.array([*answer.get("probabilities", {}).values()], np.float32)
            name = f"{place}: {value}" if isinstance(value, str) else str(place)
            yield f"{name}: {answer_words(answer)}", series[number], curves.get(number, whole)
